/* tail.c - gclient tail: messages of a topic as they come. SPDX-License-Identifier: MIT */
#include "gclient/tail.h"

#include "gclient/facts.h"
#include "gclient/look.h"
#include "gclient/out.h"
#include "gclient/pages.h"
#include "gclient/stop.h"
#include "net/clock.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES_MAX = 1 << 30, SLEEP_MS_MAX = 200 };

struct tail {
    const struct values *values;
    const char *topic;
    struct gmq *mq;
    struct tail_seen seen;
    struct tail_count count;
    struct json_object *fresh[TAIL_LOOK_MAX]; /* of this look, the youngest first; owned */
    size_t fresh_count;
    size_t marks; /* seen ones in a row */
    bool started, away; /* figures are there; the node or the topic was not there at the last look */
};

static void fill(struct ask *ask, const void *ctx)
{
    const struct tail *tail = ctx;

    ask_text(ask, "topic", tail->topic);
    ask_text(ask, "state", "ready");
    ask_text(ask, "from", "tail");
    look_body_args(ask, tail->values, "first");
}

static int take(struct json_object *facts, struct tail *tail)
{
    uint64_t id = strtoull(tree_text(facts, "id").ptr, NULL, 10);
    struct tail_key key = {.id = id, .retries = tree_number(facts, "retry_count")};

    if (tail_was_seen(&tail->seen, key)) {
        tail->marks++;
    } else {
        tail->marks = 0;
        if (tail->fresh_count < TAIL_LOOK_MAX)
            tail->fresh[tail->fresh_count++] = json_object_get(facts);
    }
    return EXIT_OK;
}

/* One page; sets `cursor` to where the next one begins, or "". */
static int take_page(struct tail *tail, char cursor[PAGES_CURSOR_BYTES])
{
    struct json_object *answer;
    struct ask ask;

    ask_begin(&ask);
    fill(&ask, tail);
    ask_number(&ask, "limit", TAIL_PAGE);
    ask_text(&ask, "cursor", cursor[0] ? cursor : NULL);
    int err = ask_quietly(&ask, tail->mq, "message.list", &answer);
    if (err != GMQ_OK)
        return err;
    size_t count = tree_count(answer, "messages");
    for (size_t i = 0; i < count && tail->marks < TAIL_MARKS; i++)
        (void)take(tree_item(answer, "messages", i), tail);
    struct slice next = tree_text(answer, "next");
    (void)snprintf(cursor, PAGES_CURSOR_BYTES, "%.*s", next.len < PAGES_CURSOR_BYTES ? (int)next.len : 0, next.ptr);
    json_object_put(answer);
    return GMQ_OK;
}

static int read_figures(struct tail *tail, struct tail_figures *ret)
{
    struct json_object *topic;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "topic", tail->topic);
    int err = ask_quietly(&ask, tail->mq, "topic.get", &topic);
    if (err != GMQ_OK)
        return err;
    *ret = (struct tail_figures){.pushed = tree_number(topic, "pushed"),
                                 .delayed = tree_number(topic, "delayed"),
                                 .gone = tree_number(topic, "expired") + tree_number(topic, "deleted")};
    json_object_put(topic);
    return GMQ_OK;
}

/* What stands in the topic from the youngest on, up to what is known. */
static int collect(struct tail *tail)
{
    char cursor[PAGES_CURSOR_BYTES] = "";
    size_t pages = tail->started ? TAIL_LOOK_MAX / TAIL_PAGE : 1;

    tail->marks = tail->fresh_count = 0;
    for (size_t i = 0; i < pages; i++) {
        int err = take_page(tail, cursor);
        if (err != GMQ_OK)
            return err;
        if (cursor[0] == '\0' || tail->marks >= TAIL_MARKS)
            break;
    }
    return GMQ_OK;
}

static bool print(const struct tail *tail, struct json_object *facts)
{
    struct buf line;

    if (tail->values->json)
        return tree_print(facts);
    buf_init(&line, LINE_BYTES_MAX);
    bool made = out_append_readable(&line, tree_text(facts, "id")) && buf_append_str(&line, "  ") &&
                facts_append_body(&line, facts, SIZE_MAX);
    return out_line(&line, made);
}

/* Prints what is new, the oldest first, and gives it back. */
static bool print_fresh(struct tail *tail)
{
    bool good = true;

    while (tail->fresh_count > 0) {
        struct json_object *facts = tail->fresh[--tail->fresh_count];
        struct tail_key key = {.id = strtoull(tree_text(facts, "id").ptr, NULL, 10),
                               .retries = tree_number(facts, "retry_count")};
        tail_saw(&tail->seen, key);
        /* What comes again is not new. */
        if (tail->started && key.retries == 0) {
            good = good && print(tail, facts);
            tail->count.shown++;
        }
        json_object_put(facts);
    }
    return out_flush() && good;
}

/* The node did not answer, or has no such topic; said once. Figures begin anew with what is there afterwards. */
static int gone(struct tail *tail, int err)
{
    bool unknown = err == GMQ_ERR_NOT_FOUND || ask_exit_code(err, gmq_error_text(tail->mq)) == EXIT_NOT_FOUND;

    while (tail->fresh_count > 0)
        json_object_put(tail->fresh[--tail->fresh_count]);
    if (unknown && !tail->started) {
        tail->started = true; /* an empty topic: all that comes is new */
        tail->count = (struct tail_count){0};
    }
    if (!tail->started)
        return command_failed(tail->mq, err);
    if (!tail->away && !stop_asked())
        (void)out_error(0, unknown ? "%s: waiting for it" : "%s: trying again", gmq_error_text(tail->mq));
    tail->away = true;
    return EXIT_OK;
}

static int look(struct tail *tail)
{
    struct tail_figures figures = {0};
    int err = tail->started ? read_figures(tail, &figures) : GMQ_OK;

    if (err == GMQ_OK)
        err = collect(tail);
    /* So that what comes between the two never counts as missed: at first they are asked for behind the list. */
    if (err == GMQ_OK && !tail->started)
        err = read_figures(tail, &figures);
    if (stop_asked() && err != GMQ_OK) {
        (void)gone(tail, err);
        return EXIT_OK;
    }
    if (err != GMQ_OK)
        return gone(tail, err);
    if (!print_fresh(tail))
        return out_error(EXIT_FAILED, "standard output cannot be written");
    if (!tail->started)
        tail->count = (struct tail_count){.start = figures};
    tail->started = true;
    tail->away = false;
    uint64_t missed = tail_missed(&tail->count, &figures);
    if (missed > 0)
        (void)out_error(0, "%" PRIu64 " more came and went unseen", missed);
    return EXIT_OK;
}

static void sleep_until(uint64_t until_ns)
{
    for (uint64_t now_ns; !stop_asked() && (now_ns = clock_boot_ns()) < until_ns;)
        (void)poll(NULL, 0, (int)min_u64((until_ns - now_ns) / 1000000 + 1, SLEEP_MS_MAX));
}

int tail_run(const struct job *job)
{
    struct tail *tail = calloc(1, sizeof(*tail));
    int code = EXIT_OK;

    if (!tail)
        return out_error(EXIT_FAILED, "no memory");
    tail->values = &job->values;
    tail->topic = job->words[0];
    tail->mq = command_node(&job->values);
    if (!tail->mq) {
        free(tail);
        return EXIT_FAILED;
    }
    stop_catch();
    while (code == EXIT_OK && !stop_asked()) {
        uint64_t due_ns = clock_boot_ns() + job->values.interval_ms * 1000000;
        code = look(tail);
        if (code == EXIT_OK)
            sleep_until(due_ns);
    }
    gmq_free(tail->mq);
    free(tail);
    return code;
}
