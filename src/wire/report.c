/* report.c - see report.h. SPDX-License-Identifier: MIT */
#include "wire/report.h"

#include "base/mem.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 4096 };

/* Copies stand one after the other in blocks. */
struct report_texts {
    struct report_texts *next;
    size_t used, size;
    char bytes[];
};

static size_t item_bytes(enum report_kind kind)
{
    switch (kind) {
    case REPORT_MESSAGE:
    case REPORT_MESSAGES:
    case REPORT_DELIVERY:
        return sizeof(struct report_message);
    case REPORT_HISTORY:
        return sizeof(struct report_event);
    case REPORT_TOPIC:
    case REPORT_TOPICS:
        return sizeof(struct report_topic);
    case REPORT_CONSUMERS:
        return sizeof(struct report_consumer);
    case REPORT_JOB:
    case REPORT_JOBS:
        return sizeof(struct report_job);
    default:
        return sizeof(uint64_t);
    }
}

struct report *report_new(enum report_kind kind, size_t count)
{
    struct report *report = mem_new(sizeof(*report));

    report->kind = kind;
    report->room = count + 1;
    report->items = mem_new(report->room * item_bytes(kind));
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    while (report->texts) {
        struct report_texts *next = report->texts->next;
        free(report->texts);
        report->texts = next;
    }
    free(report->items);
    free(report);
}

struct slice report_keep(struct report *report, struct slice bytes)
{
    struct report_texts *block = report->texts;

    if (bytes.len == 0)
        return slice_of("", 0);
    if (!block || block->size - block->used < bytes.len) {
        size_t size = bytes.len > BLOCK_BYTES ? bytes.len : BLOCK_BYTES;
        block = mem_new(sizeof(*block) + size);
        block->size = size;
        block->next = report->texts;
        report->texts = block;
    }
    char *to = block->bytes + block->used;
    memcpy(to, bytes.ptr, bytes.len);
    block->used += bytes.len;
    return slice_of(to, bytes.len);
}

size_t report_bytes(const struct report *report)
{
    size_t bytes = sizeof(*report) + report->room * item_bytes(report->kind);

    for (const struct report_texts *block = report->texts; block; block = block->next)
        bytes += sizeof(*block) + block->size;
    return bytes;
}

const char *place_word(enum message_place place)
{
    static const char *const WORDS[] = {"ready", "delayed", "in_flight", "dead", "gone"};

    return WORDS[place];
}

const char *gone_word(enum gone_how how)
{
    static const char *const WORDS[] = {"acked", "auto_acked", "deleted", "expired"};

    return WORDS[how];
}

const char *dead_word(enum dead_why why)
{
    static const char *const WORDS[] = {"retries", "unreadable", "rejected", "limit"};

    return WORDS[why];
}

const char *event_word(enum event_kind kind)
{
    static const char *const WORDS[] = {"pushed", "due", "delivered", "touched", "expired",
                                        "released", "dead", "redriven", "rescheduled", "gone"};

    return WORDS[kind];
}

const char *job_word(enum job_kind kind) { return kind == JOB_REDRIVE ? "redrive" : "delete"; }

const char *job_state_word(enum job_state state)
{
    static const char *const WORDS[] = {"running", "done", "cancelled", "failed"};

    return WORDS[state];
}
