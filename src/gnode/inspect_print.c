/* inspect_print.c - what a check found, for people and as JSON; see inspect.h. SPDX-License-Identifier: MIT */
#include "gnode/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/payload.h"

static const char *const VERDICTS[] = {
    [CHECK_SOUND] = "sound", [CHECK_DAMAGED] = "damaged", [CHECK_IMPOSSIBLE] = "impossible"};

static const char *end_word(const struct survey_segment *seen, bool last)
{
    if (seen->name.generation > 0)
        return "compacted";
    if (seen->stopped)
        return "ends with an orderly stop";
    if (seen->sealed)
        return "full";
    if (seen->is_void)
        return "nothing in it was kept";
    return last ? "open" : "cut off by a start";
}

static const char *header_word(const struct survey_segment *seen)
{
    static const char *const words[] = {
        [SURVEY_HEADER_OK] = "", [SURVEY_HEADER_BAD] = ", header unreadable",
        [SURVEY_HEADER_OTHER] = ", header of another file", [SURVEY_HEADER_NEWER] = ", header of a newer format"};

    return words[seen->header_state];
}

/* Of records, and what stands between them. */
static uint64_t bytes_of(const struct survey_segment *seen)
{
    uint64_t file = seen->file_bytes > SEGMENT_HEADER_BYTES ? seen->file_bytes - SEGMENT_HEADER_BYTES : 0;

    return seen->name.generation > 0 ? file : seen->end - seen->base;
}

/* ---- for people ------------------------------------------------------------------------------------------------- */

/* Lines of `lines`, each behind `before`. */
static void print_lines(struct out *out, const char *title, const struct buf *lines)
{
    struct slice left = buf_slice(lines);

    if (left.len == 0)
        return;
    out_print(out, "\n%s\n", title);
    while (left.len > 0) {
        const char *end = memchr(left.ptr, '\n', left.len);
        size_t len = end ? (size_t)(end - left.ptr) : left.len;
        out_print(out, "  %.*s\n", (int)len, left.ptr);
        left = slice_of(left.ptr + len + (end ? 1 : 0), left.len - len - (end ? 1 : 0));
    }
}

static void print_files(const struct check *check, struct out *out)
{
    char made[INSPECT_TIME_BYTES];

    out_print(out, "\nsegments, by the address of their first byte: %zu\n", check->survey.count);
    for (size_t i = 0; i < check->survey.count; i++) {
        const struct survey_segment *seen = &check->survey.segments[i];
        const struct check_segment *seg = &check->segments[i];
        out_print(out, "  %016" PRIx64 "  %s, %" PRIu64 " bytes, %" PRIu64 " records, %" PRIu64 " messages needed, "
                       "%s%s\n",
                  seen->base, inspect_time(seen->header.created_ms, made), bytes_of(seen), seen->records,
                  seg->live_seen, end_word(seen, i + 1 == check->survey.count), header_word(seen));
    }
    out_print(out, "\ncheckpoints, the newest first: %zu\n", check->checkpoint_count);
    for (size_t i = 0; i < check->checkpoint_count; i++) {
        const struct check_checkpoint *ckpt = &check->checkpoints[i];
        const char *use = ckpt->cut == check->report.checkpoint_lsn ? ", a start begins with it" : "";
        out_print(out, "  %016" PRIx64 "  %s, %" PRIu64 " bytes, %s%s\n", ckpt->cut,
                  inspect_time(ckpt->header.created_ms, made), ckpt->header.image_bytes,
                  ckpt->fault ? ckpt->fault : "sound", use);
    }
}

/* Names may hold any byte but those that would break a line (wire/topic_name.h), or come from damage. */
static void print_name(struct out *out, const struct queue *queue)
{
    for (uint32_t i = 0; i < queue->name_len; i++) {
        unsigned char c = (unsigned char)queue->name[i];
        out_print(out, c < 0x20 || c == 0x7f || c == '\\' ? "\\x%02x" : "%c", c);
    }
    if (!queue->name)
        out_print(out, "(number %" PRIu32 ")", queue->number);
}

static void print_topics(const struct check *check, struct out *out)
{
    out_print(out, "\ntopics: %" PRIu32 ", messages: %" PRIu64 "\n", engine_topics(check->engine), check->messages);
    if (engine_queues(check->engine) > 0)
        out_print(out, "%12s %9s %9s %9s %10s %10s  %s\n", "ready", "delayed", "in flight", "dead", "pushes", "pops",
                  "topic");
    for (uint32_t i = 1; i <= engine_queues(check->engine); i++) {
        const struct queue *queue = engine_queue(check->engine, i);
        if (!queue)
            continue;
        out_print(out, "%12" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %10" PRIu64 " %10" PRIu64 "  ",
                  queue_ready(queue), queue->delayed, queue->in_flight, queue->dead.count, queue->push_num,
                  queue->pop_num);
        print_name(out, queue);
        const char *left = queue->deleted ? " (deleted)" : queue->exited ? " (exited)" : "";
        out_print(out, "%s%s\n", queue->auto_ack ? " (auto-ack)" : "", left);
    }
}

void inspect_print_check(const struct check *check, enum check_verdict verdict, struct out *out)
{
    if (verdict == CHECK_IMPOSSIBLE) {
        out_print(out, "cannot check %s: %s\n", check->dir, check->error);
        return;
    }
    out_print(out, "%s\n", check->dir);
    print_files(check, out);
    print_topics(check, out);
    print_lines(out, "damaged", &check->damage);
    print_lines(out, "to know", &check->notes);
    print_lines(out, "a start would", &check->plan);
    out_print(out, "\n%s", VERDICTS[verdict]);
    if (check->damaged > 0)
        out_print(out, ": %" PRIu64 " finding%s; gnode --repair says what can be done", check->damaged,
                  check->damaged == 1 ? "" : "s");
    out_print(out, "\n");
}

/* ---- as JSON ---------------------------------------------------------------------------------------------------- */

static void json_lines(struct out *out, const char *key, const struct buf *lines)
{
    struct slice left = buf_slice(lines);
    const char *comma = "";

    out_print(out, ",\"%s\":[", key);
    while (left.len > 0) {
        const char *end = memchr(left.ptr, '\n', left.len);
        size_t len = end ? (size_t)(end - left.ptr) : left.len;
        out_print(out, "%s", comma);
        out_json(out, slice_of(left.ptr, len));
        left = slice_of(left.ptr + len + (end ? 1 : 0), left.len - len - (end ? 1 : 0));
        comma = ",";
    }
    out_print(out, "]");
}

static void json_ranges(struct out *out, const struct survey_segment *seen)
{
    out_print(out, ",\"damage\":[");
    for (size_t i = 0; i < seen->damage_count; i++)
        out_print(out, "%s{\"begin\":%" PRIu64 ",\"end\":%" PRIu64 "}", i ? "," : "", seen->damage[i].begin,
                  seen->damage[i].end);
    out_print(out, "]");
}

static void json_files(const struct check *check, struct out *out)
{
    out_print(out, ",\"segments\":[");
    for (size_t i = 0; i < check->survey.count; i++) {
        const struct survey_segment *seen = &check->survey.segments[i];
        const struct check_segment *seg = &check->segments[i];
        out_print(out, "%s\n{\"base\":%" PRIu64 ",\"end\":%" PRIu64 ",\"generation\":%" PRIu32 ",\"made_ms\":%" PRIu64
                       ",\"header_ok\":%s",
                  i ? "," : "", seen->base, seen->end, seen->name.generation, seen->header.created_ms,
                  seen->header_state == SURVEY_HEADER_OK ? "true" : "false");
        out_print(out, ",\"kept\":%s,\"clean_end\":%s,\"records\":%" PRIu64 ",\"needed\":%" PRIu64 ",\"counted\":",
                  seg->kept ? "true" : "false", seen->stopped ? "true" : "false", seen->records, seg->live_seen);
        if (seg->uncounted)
            out_print(out, "null");
        else
            out_print(out, "%" PRIu64, seg->live);
        out_print(out, ",\"torn_bytes\":%" PRIu64 ",\"damaged_bytes\":%" PRIu64, seen->torn_bytes,
                  seen->damaged_bytes);
        json_ranges(out, seen);
        out_print(out, "}");
    }
    out_print(out, "],\"checkpoints\":[");
    for (size_t i = 0; i < check->checkpoint_count; i++) {
        const struct check_checkpoint *ckpt = &check->checkpoints[i];
        out_print(out, "%s\n{\"cut\":%" PRIu64 ",\"made_ms\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"used\":%s,\"fault\":",
                  i ? "," : "", ckpt->cut, ckpt->header.created_ms, ckpt->header.image_bytes,
                  ckpt->cut == check->report.checkpoint_lsn ? "true" : "false");
        if (ckpt->fault)
            out_json(out, slice_str(ckpt->fault));
        else
            out_print(out, "null");
        out_print(out, "}");
    }
    out_print(out, "]");
}

static void json_topics(const struct check *check, struct out *out)
{
    out_print(out, ",\"topics\":[");
    const char *comma = "";
    for (uint32_t i = 1; i <= engine_queues(check->engine); i++) {
        const struct queue *queue = engine_queue(check->engine, i);
        if (!queue)
            continue;
        out_print(out, "%s\n{\"number\":%" PRIu32 ",\"name\":", comma, i);
        comma = ",";
        out_json(out, slice_of(queue->name, queue->name_len));
        out_print(out, ",\"ready\":%" PRIu64 ",\"delayed\":%" PRIu64 ",\"in_flight\":%" PRIu64 ",\"dead\":%" PRIu64,
                  queue_ready(queue), queue->delayed, queue->in_flight, queue->dead.count);
        out_print(out, ",\"pushes\":%" PRIu64 ",\"pops\":%" PRIu64 ",\"auto_ack\":%s,\"exited\":%s}", queue->push_num,
                  queue->pop_num, queue->auto_ack ? "true" : "false", queue->exited ? "true" : "false");
    }
    out_print(out, "]");
}

void inspect_print_json(const struct check *check, enum check_verdict verdict, struct out *out)
{
    const struct log_report *report = &check->report;

    out_print(out, "{\"directory\":");
    out_json(out, slice_str(check->dir));
    out_print(out, ",\"verdict\":\"%s\"", VERDICTS[verdict]);
    if (verdict == CHECK_IMPOSSIBLE) {
        out_print(out, ",\"error\":");
        out_json(out, slice_str(check->error));
        out_print(out, "}\n");
        return;
    }
    out_print(out, ",\"clean\":%s,\"rebuilt\":%s,\"replayed\":%" PRIu64 ",\"messages\":%" PRIu64
                   ",\"unreadable\":%" PRIu64,
              report->clean ? "true" : "false", report->rebuilt ? "true" : "false", report->records, check->messages,
              check->unreadable);
    json_files(check, out);
    json_topics(check, out);
    json_lines(out, "damage", &check->damage);
    json_lines(out, "notes", &check->notes);
    json_lines(out, "a_start_would", &check->plan);
    out_print(out, "}\n");
}
