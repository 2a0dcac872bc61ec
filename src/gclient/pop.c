/* pop.c - gclient pop, dead, ack and set. SPDX-License-Identifier: MIT */
#include "base/num.h"
#include "gclient/command.h"
#include "gclient/jobs.h"
#include "gclient/pop.h"
#include "gclient/out.h"
#include "wire/json.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

enum { DEPTH = 256, ACKS_MAX = 256 };

static enum out_form form_of(const struct values *values)
{
    return values->json ? OUT_JSON : values->raw ? OUT_RAW : OUT_LINE;
}

static int no_output(void) { return out_error(EXIT_FAILED, "standard output cannot be written"); }

/* One message after the other, each acked when it has left us. */
static int pop_and_ack(const struct job *job, struct gmq *mq, int64_t *ret_popped)
{
    const char *topic = job->words[0];
    struct gmq_message msg;

    while (*ret_popped < job->values.count) {
        int err = gmq_pop(mq, topic, &msg);
        if (err == GMQ_ERR_NO_MESSAGE)
            return EXIT_OK;
        if (err != GMQ_OK)
            return command_failed(mq, err);
        uint64_t id = msg.id;
        if (!out_message(form_of(&job->values), topic, &msg) || !out_flush())
            return no_output();
        ++*ret_popped;
        err = gmq_ack(mq, topic, id);
        if (err != GMQ_OK)
            return command_failed(mq, err);
    }
    return EXIT_OK;
}

/* Reads every reply that is pending. */
static int read_popped(const struct job *job, struct gmq *mq, int64_t *ret_popped, bool *ret_empty)
{
    struct gmq_reply reply;
    int code = EXIT_OK;

    while (gmq_read(mq, &reply) == GMQ_OK) {
        if (reply.err == GMQ_ERR_NO_MESSAGE) {
            *ret_empty = true;
        } else if (reply.err != GMQ_OK) {
            if (code == EXIT_OK)
                code = command_failed(mq, reply.err);
        } else if (!out_message(form_of(&job->values), job->words[0], reply.msgs)) {
            return no_output();
        } else {
            ++*ret_popped;
        }
    }
    return code;
}

static int pop_many(const struct job *job, struct gmq *mq, int64_t *ret_popped)
{
    bool empty = false;
    int code = EXIT_OK;

    while (code == EXIT_OK && !empty && *ret_popped < job->values.count) {
        int64_t left = job->values.count - *ret_popped;
        for (int64_t i = 0; i < left && i < DEPTH; i++) {
            int err = gmq_queue_pop(mq, job->words[0]);
            if (err != GMQ_OK)
                return command_failed(mq, err);
        }
        code = read_popped(job, mq, ret_popped, &empty);
    }
    return code;
}

/* ---- with --wait, or several topics ------------------------------------------------------------------------------ */

/* Prints what came, and acks it when that is wanted. */
static int take_popped(const struct job *job, struct gmq *mq, const struct gmq_message *msgs, size_t count)
{
    const char *topic = job->words[msgs[0].topic];
    uint64_t ids[ACKS_MAX];

    for (size_t i = 0; i < count; i++) {
        ids[i] = msgs[i].id;
        if (!out_message(form_of(&job->values), topic, &msgs[i]))
            return no_output();
    }
    if (!out_flush())
        return no_output();
    int missing = job->values.ack ? gmq_mack(mq, topic, ids, count, NULL) : 0;
    if (missing < 0)
        return command_failed(mq, missing);
    if (missing > 0)
        return out_error(EXIT_NOT_FOUND, "%d messages were acked too late and come again", missing);
    return EXIT_OK;
}

/*
 * An interrupt ends the program while it waits: the node sees that and keeps its messages. Messages that have come are
 * printed and acked first.
 */
static int pop_waiting(const struct job *job, struct gmq *mq, int64_t *ret_popped)
{
    uint32_t wait_ms = job->values.wait_ms == COMMAND_NO_WAIT ? 0 : (uint32_t)job->values.wait_ms;
    const struct gmq_message *msgs;
    int code = EXIT_OK, got = 0;
    sigset_t stops, before;

    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGINT);
    (void)sigaddset(&stops, SIGTERM);
    while (code == EXIT_OK && *ret_popped < job->values.count) {
        uint32_t want = (uint32_t)min_u64((uint64_t)(job->values.count - *ret_popped), ACKS_MAX);
        got = gmq_wpop(mq, job->words, job->word_count, wait_ms, want, &msgs);
        if (got == GMQ_ERR_NO_MESSAGE)
            return EXIT_OK;
        if (got < 0)
            return command_failed(mq, got);
        (void)sigprocmask(SIG_BLOCK, &stops, &before);
        code = take_popped(job, mq, msgs, (size_t)got);
        *ret_popped += got;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    return code;
}

static int run(const struct job *job, struct gmq *mq, int64_t *ret_popped)
{
    bool known = true;

    int named = job->values.client ? pop_name(job, mq) : EXIT_OK;
    if (named != EXIT_OK)
        return named;
    if (job->values.json && !job->values.original) {
        int code = pop_call(job, mq, ret_popped, &known);
        if (known)
            return code;
        gmq_close(mq); /* an older node, which does not know operations */
    }
    if (job->word_count > 1 || job->values.wait_ms != COMMAND_NO_WAIT)
        return pop_waiting(job, mq, ret_popped);
    return job->values.ack ? pop_and_ack(job, mq, ret_popped) : pop_many(job, mq, ret_popped);
}

int pop_run(const struct job *job)
{
    int64_t popped = 0;

    if (job->values.original && (job->word_count > 1 || job->values.wait_ms != COMMAND_NO_WAIT))
        return out_error(EXIT_USAGE, "an original node knows neither --wait nor several topics");
    if (job->values.original && job->values.client)
        return out_error(EXIT_USAGE, "an original node does not know --client");
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    int code = run(job, mq, &popped);
    gmq_free(mq);
    if (code == EXIT_OK && popped == 0)
        return out_error(EXIT_NOTHING, "no message");
    return code;
}

int dead_take(const struct values *values, const char *topic)
{
    struct gmq *mq = command_node(values);
    const struct gmq_message *msgs;
    int64_t taken = 0;
    int got = 0;

    if (!mq)
        return EXIT_FAILED;
    while (taken < values->count) {
        uint32_t want = (uint32_t)min_u64((uint64_t)(values->count - taken), DEPTH);
        got = gmq_dead(mq, topic, want, &msgs);
        if (got < 0)
            break;
        for (int i = 0; i < got; i++)
            if (!out_message(form_of(values), topic, &msgs[i])) {
                gmq_free(mq);
                return no_output();
            }
        taken += got;
        if ((uint32_t)got < want)
            break;
    }
    int code = EXIT_OK;
    if (got < 0 && !(got == GMQ_ERR_NO_MESSAGE && taken > 0))
        code = command_failed(mq, got);
    gmq_free(mq);
    return code;
}

static int ack_answer(const struct values *values, uint64_t id, struct gmq *mq, int err)
{
    struct buf line;

    if (err != GMQ_OK && !values->json)
        return command_failed(mq, err);
    if (!values->json)
        return EXIT_OK;
    buf_init(&line, 4096);
    bool made = buf_printf(&line, "{\"id\":\"%" PRIu64 "\",\"ok\":%s", id, err == GMQ_OK ? "true" : "false");
    if (err != GMQ_OK)
        made = made && buf_append_str(&line, ",\"error\":") &&
               json_append_string(&line, slice_str(gmq_error_text(mq)));
    return out_line(&line, made && buf_append_str(&line, "}")) ? out_exit_code(err) : no_output();
}

int ack_run(const struct job *job)
{
    int code = EXIT_OK;
    uint64_t id;

    for (size_t i = 1; i < job->word_count; i++)
        if (!num_parse_u64(slice_str(job->words[i]), &id))
            return out_error(EXIT_USAGE, "'%s' is no message id", job->words[i]);
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    for (size_t i = 1; i < job->word_count && (code == EXIT_OK || code == EXIT_NOT_FOUND); i++) {
        ENSURE(num_parse_u64(slice_str(job->words[i]), &id));
        int one = ack_answer(&job->values, id, mq, gmq_ack(mq, job->words[0], id));
        code = one != EXIT_OK ? one : code;
    }
    gmq_free(mq);
    return code;
}

int set_run(const struct job *job)
{
    bool on = strcmp(job->words[1], "on") == 0;
    struct buf line;

    if (!on && strcmp(job->words[1], "off") != 0)
        return out_error(EXIT_USAGE, "'%s' is neither on nor off", job->words[1]);
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    int err = gmq_set(mq, job->words[0], on);
    int code = err == GMQ_OK ? EXIT_OK : command_failed(mq, err);
    gmq_free(mq);
    if (code != EXIT_OK || !job->values.json)
        return code;
    buf_init(&line, 4096);
    bool made = buf_append_str(&line, "{\"topic\":") && json_append_string(&line, slice_str(job->words[0])) &&
                buf_printf(&line, ",\"auto_ack\":%s}", on ? "true" : "false");
    return out_line(&line, made) ? EXIT_OK : no_output();
}
