/* steer.c - gclient cancel, reschedule, promote, nack, reject and touch. SPDX-License-Identifier: MIT */
#include "base/time_text.h"
#include "gclient/ask.h"
#include "gclient/out.h"
#include "gclient/when.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 64 << 10 };

static int no_output(void) { return out_error(EXIT_FAILED, "standard output cannot be written"); }

/* ---- one by one: cancel, reschedule, promote --------------------------------------------------------------------- */

/* "1309082545060581376  was ready in mail, due 2026-01-31 08:00:00" */
static bool moved_line(struct buf *out, struct json_object *answer, const char *done)
{
    char due[WHEN_BYTES];
    bool fits = out_append_readable(out, tree_text(answer, "id")) && buf_printf(out, "  %s, was ", done) &&
                out_append_readable(out, tree_text(answer, "was")) && buf_append_str(out, " in ") &&
                out_append_readable(out, tree_text(answer, "topic"));

    if (tree_text(answer, "due_at").len == 0)
        return fits;
    when_local(tree_text(answer, "due_at"), due);
    return fits && buf_printf(out, ", due %s", due);
}

static int move_one(const struct job *job, struct gmq *mq, const char *id, const char *op, const char *done)
{
    struct json_object *answer;
    struct buf line;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "id", id);
    if (job->values.delay_ms != COMMAND_NOT_GIVEN)
        ask_number(&ask, "delay_ms", job->values.delay_ms);
    ask_text(&ask, "due_at", job->values.at);
    int code = ask_node(&ask, mq, op, &answer);
    if (code != EXIT_OK)
        return code;
    buf_init(&line, TEXT_BYTES_MAX);
    bool made = job->values.json ? tree_print(answer) : moved_line(&line, answer, done);
    made = job->values.json ? made : out_line(&line, made);
    json_object_put(answer);
    return made ? EXIT_OK : no_output();
}

/* All of them, though one may be unknown or in a state that does not allow it; the last failure is the exit code. */
static int move_all(const struct job *job, const char *op, const char *done)
{
    int code = EXIT_OK;

    if (!ask_ids_ok(job->words, job->word_count))
        return EXIT_USAGE;
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    for (size_t i = 0; i < job->word_count; i++) {
        int one = move_one(job, mq, job->words[i], op, done);
        code = one != EXIT_OK ? one : code;
        if (one != EXIT_OK && one != EXIT_NOT_FOUND && one != EXIT_REFUSED)
            break;
    }
    gmq_free(mq);
    return code;
}

int cancel_run(const struct job *job) { return move_all(job, "message.cancel", "cancelled"); }

int promote_run(const struct job *job) { return move_all(job, "message.promote", "promoted"); }

int reschedule_run(const struct job *job)
{
    uint64_t at_ms;

    if ((job->values.delay_ms != COMMAND_NOT_GIVEN) == (job->values.at != NULL))
        return out_error(EXIT_USAGE, "say when: --delay TIME or --at TIME");
    if (job->values.at && !time_text_read(slice_str(job->values.at), &at_ms))
        return out_error(EXIT_USAGE, "--at: '%s' is no time like 2026-01-31T08:00:00Z", job->values.at);
    return move_all(job, "message.reschedule", "rescheduled");
}

/* ---- many at once: nack, reject, touch --------------------------------------------------------------------------- */

static int hold(const struct job *job, struct ask *ask, const char *op, const char *done)
{
    struct json_object *answer;
    struct gmq *mq = command_node(&job->values);
    int code = mq ? ask_node(ask, mq, op, &answer) : EXIT_FAILED;

    gmq_free(mq);
    if (code != EXIT_OK)
        return code;
    size_t unknown = tree_count(answer, "unknown");
    bool made = job->values.json ? tree_print(answer) : true;
    if (!job->values.json)
        made = printf("%llu %s\n", (unsigned long long)tree_number(answer, "done"), done) > 0;
    for (size_t i = 0; i < unknown && !job->values.json; i++) {
        struct json_object *id = tree_item(answer, "unknown", i);
        (void)out_error(0, "%s is not in flight", id ? json_object_get_string(id) : "?");
    }
    json_object_put(answer);
    if (!made)
        return no_output();
    return unknown > 0 ? EXIT_NOT_FOUND : EXIT_OK;
}

static bool begin(const struct job *job, struct ask *ask)
{
    if (!ask_ids_ok(job->words + 1, job->word_count - 1))
        return false;
    ask_begin(ask);
    ask_text(ask, "topic", job->words[0]);
    ask_ids(ask, job->words + 1, job->word_count - 1);
    return true;
}

int nack_run(const struct job *job)
{
    struct ask ask;

    if (!begin(job, &ask))
        return EXIT_USAGE;
    if (job->values.delay_ms != COMMAND_NOT_GIVEN)
        ask_number(&ask, "delay_ms", job->values.delay_ms);
    if (job->values.no_retry)
        ask_is(&ask, "count_retry", false);
    return hold(job, &ask, "message.nack", "given back");
}

int reject_run(const struct job *job)
{
    struct ask ask;

    if (!begin(job, &ask))
        return EXIT_USAGE;
    ask_is(&ask, "reject", true);
    ask_text(&ask, "reason", job->values.reason);
    return hold(job, &ask, "message.nack", "rejected");
}

int touch_run(const struct job *job)
{
    struct ask ask;

    if (!begin(job, &ask))
        return EXIT_USAGE;
    if (job->values.ttr_ms != COMMAND_NOT_GIVEN)
        ask_number(&ask, "ttr_ms", job->values.ttr_ms);
    return hold(job, &ask, "message.touch", "touched");
}
