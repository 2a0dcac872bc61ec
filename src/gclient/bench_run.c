/* bench_run.c - the loop of a bench run over its connections; see bench.h. SPDX-License-Identifier: MIT */
#include "gclient/bench_lane.h"
#include "gclient/out.h"
#include "gclient/stop.h"
#include "net/clock.h"
#include "wire/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { LOOK_EVERY_NS = 100000000, GRACE_NS = 1000000000 };

static const char MARK[] = "gmqbench";

void bench_body(char *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = MARK[i % (sizeof(MARK) - 1)];
}

bool bench_is_ours(struct slice body)
{
    for (size_t i = 0; i < body.len && i < sizeof(MARK) - 1; i++)
        if (body.ptr[i] != MARK[i])
            return false;
    return true;
}

static bool make_bodies(struct bench_run *run)
{
    const struct bench_setup *setup = run->setup;

    run->body = malloc(setup->size + 1);
    run->items = calloc(setup->batch, sizeof(*run->items));
    if (!run->body || !run->items)
        return false;
    bench_body(run->body, setup->size);
    for (unsigned i = 0; i < setup->batch; i++)
        run->items[i] = (struct cmd_item){.delay_s = setup->delay_s, .body = slice_of(run->body, setup->size)};
    return true;
}

/* How long the loop may sleep. */
static uint64_t sleep_ns(const struct bench_run *run)
{
    uint64_t now_ns = clock_boot_ns(), until_ns = now_ns + LOOK_EVERY_NS;

    for (unsigned i = 0; run->setup->rate > 0 && i < run->setup->clients; i++)
        if (!run->lanes[i].closed && run->lanes[i].pending < run->setup->in_flight &&
            buf_len(&run->lanes[i].out) == 0)
            until_ns = min_u64(until_ns, run->lanes[i].next_ns);
    for (unsigned i = 0; i < run->setup->clients; i++)
        if (!run->lanes[i].closed)
            until_ns = min_u64(until_ns, run->end_ns);
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void wait_for_any(struct bench_run *run, struct pollfd *polls)
{
    uint64_t ns = sleep_ns(run);
    struct timespec timeout = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

    for (unsigned i = 0; i < run->setup->clients; i++)
        polls[i] = (struct pollfd){.fd = run->lanes[i].fd,
                                   .events = (short)(POLLIN | (buf_len(&run->lanes[i].out) > 0 ? POLLOUT : 0))};
    int n = ppoll(polls, run->setup->clients, &timeout, NULL);
    if (n < 0 && errno != EINTR)
        bench_fail(run, EXIT_FAILED, "poll: %s", strerror(errno));
    for (unsigned i = 0; n > 0 && i < run->setup->clients; i++)
        if ((polls[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0)
            bench_lane_read(run, &run->lanes[i]);
}

static void draw(const struct bench_run *run, uint64_t now_ns)
{
    const struct bench_kind *kinds = run->result->kinds;
    const struct bench_kind *shown = &kinds[run->setup->mode == BENCH_POP ? OP_POP : OP_PUSH];
    char p99[OUT_DURATION_BYTES];
    uint64_t ns = max_u64(now_ns - run->start_ns, 1);

    out_short_duration(hist_quantile(&shown->latency, 99000), false, p99);
    (void)fprintf(stderr, "\r%s %" PRIu64, BENCH_MODES[run->setup->mode], shown->messages);
    if (run->setup->count > 0)
        (void)fprintf(stderr, "/%" PRIu64, run->setup->count);
    (void)fprintf(stderr, "  %.0f/s  p99 %s  %.0f s\x1b[K", (double)shown->messages * 1e9 / (double)ns, p99,
                  (double)ns / 1e9);
}

static bool all_done(const struct bench_run *run)
{
    for (unsigned i = 0; i < run->setup->clients; i++)
        if (!bench_lane_is_done(run, &run->lanes[i]))
            return false;
    return true;
}

/* Ten times a second: Ctrl-C, silence, and the line of progress. */
static void look_around(struct bench_run *run, uint64_t now_ns, bool progress)
{
    if (stop_asked() && !run->result->interrupted) {
        run->result->interrupted = run->ending = true;
        run->end_ns = now_ns;
        for (unsigned i = 0; i < run->setup->clients; i++)
            run->lanes[i].owed = 0;
    }
    for (unsigned i = 0; i < run->setup->clients; i++) {
        const struct bench_lane *lane = &run->lanes[i];
        if (lane->pending > 0 && now_ns - min_u64(lane->heard_ns, now_ns) > run->setup->timeout_ns)
            bench_fail(run, EXIT_FAILED, "no answer from %.200s", run->setup->addr);
    }
    if (progress)
        draw(run, now_ns);
}

static void loop(struct bench_run *run, struct pollfd *polls)
{
    bool progress = run->setup->progress && isatty(STDERR_FILENO);
    uint64_t looked_ns = run->start_ns;

    for (;;) {
        for (unsigned i = 0; i < run->setup->clients; i++)
            bench_lane_fill(run, &run->lanes[i], i);
        if (all_done(run))
            break;
        wait_for_any(run, polls);
        uint64_t now_ns = clock_boot_ns();
        if (now_ns - looked_ns >= LOOK_EVERY_NS || stop_asked()) {
            looked_ns = now_ns;
            look_around(run, now_ns, progress);
        }
        /* After Ctrl-C, answers on their way get a moment more. */
        if (run->broken || (run->result->interrupted && now_ns > run->end_ns + GRACE_NS))
            break;
    }
    run->result->elapsed_ns = max_u64(clock_boot_ns() - run->start_ns, 1);
    if (progress)
        (void)fprintf(stderr, "\r\x1b[K");
}

/* Times that had come and were not served. */
static void count_rest(struct bench_run *run)
{
    uint64_t until_ns = min_u64(run->end_ns, run->start_ns + run->result->elapsed_ns);
    uint64_t each_ns = run->setup->rate > 0 ? (uint64_t)run->setup->clients * run->setup->batch * 1000000000 /
                                                  run->setup->rate
                                            : 0;

    for (unsigned i = 0; i < run->setup->clients; i++) {
        const struct bench_lane *lane = &run->lanes[i];
        run->result->lost += lane->pending;
        if (run->setup->rate > 0 && run->left > 0 && lane->next_ns < until_ns)
            run->result->unsent += (until_ns - lane->next_ns) / max_u64(each_ns, 1) + 1;
    }
}

static void start(struct bench_run *run)
{
    const struct bench_setup *setup = run->setup;

    /* Requests of an open loop are to leave on time, not 50 us later. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    run->left = setup->count > 0 ? setup->count : UINT64_MAX;
    run->start_ns = clock_boot_ns();
    run->end_ns = setup->duration_ns > 0 ? run->start_ns + setup->duration_ns : UINT64_MAX;
    for (unsigned i = 0; i < setup->clients; i++) {
        run->lanes[i].heard_ns = run->start_ns;
        if (setup->rate > 0)
            run->lanes[i].next_ns = run->start_ns + (uint64_t)i * setup->batch * 1000000000 / setup->rate;
    }
}

void bench_go(const struct bench_setup *setup, struct bench_result *result)
{
    struct bench_run run = {.setup = setup, .result = result};
    struct pollfd *polls = calloc(setup->clients, sizeof(*polls));
    unsigned opened = 0;

    run.lanes = calloc(setup->clients, sizeof(*run.lanes));
    result->lanes = calloc(setup->clients, sizeof(*result->lanes));
    if (!polls || !run.lanes || !result->lanes || !make_bodies(&run)) {
        bench_fail(&run, EXIT_FAILED, "no memory");
        goto out;
    }
    while (opened < setup->clients && bench_lane_open(&run, &run.lanes[opened], opened))
        opened++;
    if (opened == setup->clients) {
        start(&run);
        loop(&run, polls);
        count_rest(&run);
    } else {
        opened++; /* the one that failed holds its buffers */
    }
out:
    for (unsigned i = 0; i < opened; i++)
        bench_lane_close(&run.lanes[i]);
    free(run.lanes);
    free(run.body);
    free(run.items);
    free(polls);
}

void bench_result_free(struct bench_result *result)
{
    free(result->lanes);
    result->lanes = NULL;
}
