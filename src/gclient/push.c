/* push.c - gclient push: one message, or many in a pipeline. SPDX-License-Identifier: MIT */
#include "gclient/push.h"

#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
    DEPTH = 1024, /* the node answers what one sync of its disk made safe: few in flight, small syncs */
    STDIN_BYTES_MAX = GMQ_REQUEST_BYTES_MAX - 4096,
};

struct push {
    const struct job *job;
    struct gmq *mq;
    struct buf body;     /* with room for a suffix behind the first `body_bytes` */
    size_t body_bytes;
    uint64_t queued, done;
    struct out_progress bar;
};

static bool read_stdin(struct buf *body)
{
    for (;;) {
        char *to = buf_reserve(body, 64 << 10);
        if (!to)
            return false;
        ssize_t n = read(STDIN_FILENO, to, 64 << 10);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_commit(body, (size_t)n);
    }
}

static int queue_one(struct push *push)
{
    const struct values *values = &push->job->values;

    push->body.tail = push->body.head + push->body_bytes;
    if (values->suffix && !buf_printf(&push->body, "%s%" PRIu64, values->suffix, push->queued))
        return GMQ_ERR_MEMORY;
    int err = gmq_queue_push(push->mq, push->job->words[0], push->body.ptr, buf_len(&push->body),
                             (uint32_t)(values->delay_ms / 1000));
    push->queued += err == GMQ_OK;
    return err;
}

/* Keeps the pipeline filled; large bodies fill it before DEPTH. */
static int fill(struct push *push)
{
    uint64_t total = (uint64_t)push->job->values.count;

    while (push->queued < total && gmq_pending(push->mq) < DEPTH) {
        int err = queue_one(push);
        if (err == GMQ_ERR_FULL && gmq_pending(push->mq) > 0)
            return GMQ_OK;
        if (err != GMQ_OK)
            return err;
    }
    return GMQ_OK;
}

static bool print_id(const struct values *values, uint64_t id)
{
    char text[NUM_U64_MAX_CHARS];

    return push_print_id(values, slice_of(text, num_write_u64(text, id)), false);
}

static int push_all(struct push *push)
{
    struct gmq_reply reply;
    uint64_t total = (uint64_t)push->job->values.count;

    while (push->done < total) {
        int err = gmq_pending(push->mq) <= DEPTH / 2 ? fill(push) : GMQ_OK;
        if (err != GMQ_OK)
            return command_failed(push->mq, err);
        (void)gmq_read(push->mq, &reply);
        if (reply.err != GMQ_OK)
            return command_failed(push->mq, reply.err);
        if (!print_id(&push->job->values, reply.id))
            return out_error(EXIT_FAILED, "standard output cannot be written");
        out_progress_step(&push->bar, ++push->done);
    }
    return EXIT_OK;
}

/* After a failure: what became of the messages that were in the pipeline behind it. */
static void count_rest(struct push *push)
{
    struct gmq_reply reply;
    uint64_t unknown = 0;

    while (gmq_pending(push->mq) > 0 && gmq_read(push->mq, &reply) == GMQ_OK) {
        unknown += reply.err == GMQ_ERR_UNKNOWN_OUTCOME;
        if (reply.err == GMQ_OK && print_id(&push->job->values, reply.id))
            push->done++;
    }
    (void)out_error(0, "%" PRIu64 " of %" PRId64 " pushed, %" PRIu64 " more without an answer", push->done,
                    push->job->values.count, unknown);
}

int push_run(const struct job *job)
{
    struct push push = {.job = job};
    const struct values *values = &job->values;
    const char *text = job->words[1];
    int code;

    if (!(push.mq = command_node(values)))
        return EXIT_FAILED;
    buf_init(&push.body, STDIN_BYTES_MAX);
    if (strcmp(text, "-") == 0 ? !read_stdin(&push.body) : !buf_append_str(&push.body, text)) {
        code = out_error(EXIT_FAILED, "the body cannot be read, or is longer than %d bytes", STDIN_BYTES_MAX);
    } else {
        push.body_bytes = buf_len(&push.body);
        out_progress_begin(&push.bar, (uint64_t)values->count,
                           !values->no_progress && (values->quiet || !isatty(STDOUT_FILENO)));
        bool put = push_wants_put(values);
        code = put ? push_put(job, push.mq, buf_slice(&push.body), &push.bar) : push_all(&push);
        out_progress_end(&push.bar);
        if (code != EXIT_OK && values->count > 1 && !put)
            count_rest(&push);
    }
    buf_free(&push.body);
    gmq_free(push.mq);
    return code;
}
