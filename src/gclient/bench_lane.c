/* bench_lane.c - one connection: requests out, answers in, measured; see bench.h. SPDX-License-Identifier: MIT */
#include "gclient/bench_lane.h"

#include "base/err.h"
#include "client/clock.h"
#include "client/sock.h"
#include "gclient/out.h"
#include "net/clock.h"
#include "wire/answer.h"
#include "wire/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_BYTES = 256 << 10,
    REPLY_BYTES_MAX = 64 << 20,
    OUT_ENOUGH_BYTES = 256 << 10, /* unsent: nothing is added to it */
    SHOWN_BYTES = 200,            /* of a node's error text */
};

void bench_fail(struct bench_run *run, int code, const char *fmt, ...)
{
    va_list ap;

    run->ending = run->broken = true;
    if (run->result->code != EXIT_OK)
        return;
    run->result->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(run->result->error, sizeof(run->result->error), fmt, ap);
    va_end(ap);
}

/* When request `slot` of lane `number` is due: lanes take turns, evenly. No rounding adds up. */
static uint64_t due_ns(const struct bench_run *run, unsigned number, uint64_t slot)
{
    const struct bench_setup *setup = run->setup;
    unsigned __int128 message = ((unsigned __int128)slot * setup->clients + number) * setup->batch;

    return run->start_ns + (uint64_t)(message * 1000000000 / setup->rate);
}

bool bench_lane_open(struct bench_run *run, struct bench_lane *lane, unsigned number)
{
    int cause;

    lane->fd = -1;
    lane->figures = &run->result->lanes[number];
    buf_init(&lane->out, GMQ_REQUEST_BYTES_MAX);
    buf_init(&lane->in, REPLY_BYTES_MAX + READ_BYTES);
    lane->waits = calloc(run->setup->in_flight, sizeof(*lane->waits));
    if (!lane->waits) {
        bench_fail(run, EXIT_FAILED, "no memory");
        return false;
    }
    int err = sock_connect(run->setup->addr, clock_mono_ms() + run->setup->timeout_ns / 1000000, &lane->fd, &cause);
    if (err == 0)
        return true;
    lane->fd = -1;
    bench_fail(run, out_exit_code(err), "connect %.200s: %s", run->setup->addr,
               err == GMQ_ERR_ADDRESS ? "the address cannot be read or found" : strerror(cause));
    return false;
}

void bench_lane_close(struct bench_lane *lane)
{
    if (lane->fd >= 0)
        (void)close(lane->fd);
    buf_free(&lane->out);
    buf_free(&lane->in);
    free(lane->waits);
}

static void expect(const struct bench_run *run, struct bench_lane *lane, enum bench_op op, uint64_t start_ns,
                   uint32_t messages)
{
    lane->waits[(lane->first + lane->pending++) % run->setup->in_flight] =
        (struct bench_wait){.start_ns = start_ns, .messages = messages, .op = op};
}

static bool has_room(const struct bench_run *run, const struct bench_lane *lane)
{
    return !run->broken && lane->pending < run->setup->in_flight && buf_len(&lane->out) < OUT_ENOUGH_BYTES;
}

static void send_push(struct bench_run *run, struct bench_lane *lane, uint64_t start_ns)
{
    const struct bench_setup *setup = run->setup;
    struct slice topic = slice_str(setup->topic);
    uint32_t messages = (uint32_t)min_u64(setup->batch, run->left);
    int err = setup->batch == 1
                  ? request_pub(&lane->out, topic, setup->delay_s, slice_of(run->body, setup->size))
                  : request_mpub(&lane->out, topic, run->items, messages, false);

    if (err != 0) {
        bench_fail(run, EXIT_USAGE, "push: %s",
                   err == -ENOMEM ? "a request of more than 64 MiB" : err_text(GMQ_E_TOPIC_NAME));
        return;
    }
    run->left -= run->left == UINT64_MAX ? 0 : messages;
    if (setup->mode == BENCH_MIXED) {
        lane->owed += messages;
        lane->owed_ns = start_ns;
    }
    expect(run, lane, OP_PUSH, start_ns, messages);
}

static void send_pop(struct bench_run *run, struct bench_lane *lane, uint64_t start_ns)
{
    if (request_pop(&lane->out, slice_str(run->setup->topic), run->setup->binary) != 0)
        bench_fail(run, EXIT_USAGE, "pop: %s", err_text(GMQ_E_TOPIC_NAME));
    else
        expect(run, lane, OP_POP, start_ns, 1);
}

static void send_some(struct bench_run *run, struct bench_lane *lane)
{
    while (!run->broken && buf_len(&lane->out) > 0) {
        ssize_t n = send(lane->fd, buf_data(&lane->out), buf_len(&lane->out), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        /* Answers may have come before the end: reading gives those first, and then tells of it. */
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return;
        if (n < 0) {
            bench_fail(run, EXIT_FAILED, "connection to %.200s: %s", run->setup->addr, strerror(errno));
            return;
        }
        buf_consume(&lane->out, (size_t)n);
    }
}

void bench_lane_fill(struct bench_run *run, struct bench_lane *lane, unsigned number)
{
    bool open_loop = run->setup->rate > 0, was_silent = lane->pending == 0;
    uint64_t now_ns = clock_boot_ns();

    bool over = now_ns >= run->end_ns;

    run->ending = run->ending || run->left == 0;
    while (has_room(run, lane)) {
        if (lane->owed > 0) {
            send_pop(run, lane, open_loop ? lane->owed_ns : now_ns);
            lane->owed--;
            continue;
        }
        if (lane->closed || run->ending || run->left == 0 || (over && !open_loop))
            break;
        /* What was due just before the end of an open loop is still sent, where there is room for it at once. */
        if (open_loop && (lane->next_ns > now_ns || lane->next_ns >= run->end_ns))
            break;
        uint64_t start_ns = open_loop ? lane->next_ns : now_ns;
        if (run->setup->mode == BENCH_POP) {
            send_pop(run, lane, start_ns);
            run->left -= run->left == UINT64_MAX ? 0 : 1;
        } else {
            send_push(run, lane, start_ns);
        }
        if (open_loop)
            lane->next_ns = due_ns(run, number, ++lane->slots);
    }
    lane->closed = lane->closed || over || run->ending || run->left == 0;
    if (was_silent)
        lane->heard_ns = now_ns;
    send_some(run, lane);
}

static void measure(struct bench_run *run, struct bench_lane *lane, const struct bench_wait *wait, uint64_t now_ns)
{
    struct bench_kind *kind = &run->result->kinds[wait->op];
    struct bench_lane_figures *figures = lane->figures;
    uint64_t ns = now_ns > wait->start_ns ? now_ns - wait->start_ns : 0;

    kind->requests++;
    kind->messages += wait->messages;
    hist_add(&kind->latency, ns);
    figures->min_ns = figures->requests == 0 ? ns : min_u64(figures->min_ns, ns);
    figures->max_ns = max_u64(figures->max_ns, ns);
    figures->sum_ns += ns;
    figures->requests++;
    figures->messages += wait->op == OP_ACK ? 0 : wait->messages;
}

/* The message of a pop: ours is acked. */
static bool take_message(struct bench_run *run, struct bench_lane *lane, const struct answer *answer, uint64_t now_ns)
{
    struct answer_list list;

    if (answer_read_messages(answer, &list) != 0 || list.count != 1) {
        bench_fail(run, EXIT_FAILED, "%.200s does not speak the protocol", run->setup->addr);
        return false;
    }
    uint64_t id = list.msgs[0].id;
    bool ours = bench_is_ours(list.msgs[0].body);
    answer_list_free(&list);
    if (!ours && !run->setup->take_all) {
        bench_fail(run, EXIT_FAILED,
                   "%.150s has messages that bench has not pushed; %" PRIu64 " was popped and comes back when its "
                   "lease is over. --yes takes all",
                   run->setup->topic, id);
        return false;
    }
    if (run->setup->no_ack)
        return true;
    if (request_ack(&lane->out, id, slice_str(run->setup->topic)) != 0) {
        bench_fail(run, EXIT_FAILED, "no memory");
        return false;
    }
    expect(run, lane, OP_ACK, now_ns, 1);
    return true;
}

static void take_answer(struct bench_run *run, struct bench_lane *lane, const struct answer *answer, uint64_t now_ns)
{
    struct bench_wait wait = lane->waits[lane->first];

    lane->first = (lane->first + 1) % run->setup->in_flight;
    lane->pending--;
    if (answer->type == REPLY_ERROR && wait.op == OP_POP && slice_is(answer->data, "no message")) {
        run->result->kinds[OP_POP].empty++;
        run->ending = run->ending || (run->setup->mode == BENCH_POP && run->setup->duration_ns == 0);
    } else if (answer->type == REPLY_ERROR) {
        bench_fail(run, EXIT_REFUSED, "%s: %.*s", BENCH_OPS[wait.op], (int)min_u64(answer->data.len, SHOWN_BYTES),
                   answer->data.ptr);
    } else if (wait.op != OP_POP || take_message(run, lane, answer, now_ns)) {
        measure(run, lane, &wait, now_ns);
    }
}

void bench_lane_read(struct bench_run *run, struct bench_lane *lane)
{
    struct answer answer;
    char *to = buf_reserve(&lane->in, READ_BYTES);

    if (!to) {
        bench_fail(run, EXIT_FAILED, "no memory for an answer");
        return;
    }
    ssize_t n = recv(lane->fd, to, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0) {
        bench_fail(run, EXIT_FAILED, "connection to %.200s: %s", run->setup->addr,
                   n < 0 && errno != ECONNRESET ? strerror(errno) : "closed by the node");
        return;
    }
    buf_commit(&lane->in, (size_t)n);
    uint64_t now_ns = clock_boot_ns();
    lane->heard_ns = now_ns;
    for (;;) {
        ssize_t taken = answer_parse(buf_slice(&lane->in), REPLY_BYTES_MAX, &answer);
        if (taken == 0)
            return;
        if (taken < 0 || lane->pending == 0) {
            bench_fail(run, EXIT_FAILED, "%.200s does not speak the protocol", run->setup->addr);
            return;
        }
        take_answer(run, lane, &answer, now_ns);
        buf_consume(&lane->in, (size_t)taken);
    }
}

bool bench_lane_is_done(const struct bench_run *run, const struct bench_lane *lane)
{
    return lane->pending == 0 && (run->broken || (lane->closed && lane->owed == 0));
}
