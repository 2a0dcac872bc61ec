/*
 * bench_lane.h - one connection of a bench run
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_BENCH_LANE_H
#define GMQ_GCLIENT_BENCH_LANE_H

#include "base/buf.h"
#include "gclient/bench.h"

/* A request without an answer. */
struct bench_wait {
    uint64_t start_ns; /* when it was, or should have been, sent */
    uint32_t messages;
    enum bench_op op;
};

struct bench_lane {
    int fd;
    struct buf out, in;
    struct bench_wait *waits; /* a ring of in_flight, `pending` used from `first` */
    unsigned first, pending;
    uint64_t slots;           /* open loop: how many times have come and were served */
    uint64_t next_ns;         /* open loop: when the next request is to be sent */
    uint64_t owed, owed_ns;   /* mixed: pops that belong to pushes already sent, and their time */
    bool closed;              /* begins nothing new */
    uint64_t heard_ns;        /* the last answer, or when something was sent after silence */
    struct bench_lane_figures *figures;
};

struct bench_run {
    const struct bench_setup *setup;
    struct bench_result *result;
    struct bench_lane *lanes;
    char *body;               /* setup->size bytes of it */
    struct cmd_item *items;   /* setup->batch times that body */
    uint64_t start_ns, end_ns; /* end_ns: UINT64_MAX without --duration */
    uint64_t left;            /* messages still to be sent, UINT64_MAX without --count */
    bool ending;              /* no lane begins anything new; what is owed is still done */
    bool broken;              /* nothing is sent any more */
};

/* Ends the run with an error; the first one counts. */
void bench_fail(struct bench_run *run, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Connects. False: the run has failed. */
NODISCARD bool bench_lane_open(struct bench_run *run, struct bench_lane *lane, unsigned number);
void bench_lane_close(struct bench_lane *lane);

/* Writes the requests whose time has come, and sends what it can. */
void bench_lane_fill(struct bench_run *run, struct bench_lane *lane, unsigned number);

/* Takes in answers. */
void bench_lane_read(struct bench_run *run, struct bench_lane *lane);

/* Whether nothing is on its way, and nothing more will be. */
bool bench_lane_is_done(const struct bench_run *run, const struct bench_lane *lane);

#endif
