/*
 * bench.h - load on a node: connections that send, count and measure, all in one thread
 *
 * What   A run has `clients` connections (lanes). A lane keeps up to `in_flight` requests without an answer. Without a
 *        rate it sends as soon as an answer makes room (closed loop). With a rate every request has its time, on which
 *        the answers have no influence (open loop): latency is counted from that time, so a stall of the node shows in
 *        all requests that should have been sent meanwhile, and those that never were are counted.
 * mixed  Every push owes a pop, on the same connection and behind it, so there is always a message to pop.
 * Units  Nanoseconds by net/clock.h's boot clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_BENCH_H
#define GMQ_GCLIENT_BENCH_H

#include "gclient/command.h"
#include "gclient/hist.h"

enum bench_mode { BENCH_PUSH, BENCH_POP, BENCH_MIXED };
enum bench_op { OP_PUSH, OP_POP, OP_ACK, OP_COUNT };

enum { BENCH_ERROR_BYTES = 512 };

struct bench_setup {
    enum bench_mode mode;
    const char *addr, *topic;
    unsigned clients, in_flight, batch;
    uint64_t size;        /* bytes of a body */
    uint32_t delay_s;
    uint64_t rate;        /* messages a second in all; 0 = closed loop */
    uint64_t count;       /* messages in all; 0 = no end */
    uint64_t duration_ns; /* 0 = no end */
    uint64_t timeout_ns;  /* without an answer the run ends */
    bool binary;          /* the node knows binary replies */
    bool no_ack;          /* the topic acks by itself */
    bool take_all;        /* messages that bench did not push may be acked, too */
    bool progress;
};

/* One kind of request. Latencies are those of answers that said ok. */
struct bench_kind {
    uint64_t requests, messages, empty; /* answered ok; "no message" */
    struct hist latency;
};

/* What one connection did. */
struct bench_lane_figures {
    uint64_t requests, messages, sum_ns, min_ns, max_ns;
};

struct bench_result {
    struct bench_kind kinds[OP_COUNT];
    struct bench_lane_figures *lanes; /* `clients` of them */
    uint64_t elapsed_ns;              /* from the first request to the last answer */
    uint64_t unsent;                  /* open loop: requests whose time had come and that were never sent */
    uint64_t lost;                    /* requests without an answer */
    bool interrupted;
    int code;                      /* EXIT_OK, or why the run ended before its end */
    char error[BENCH_ERROR_BYTES]; /* with it */
};

/* Makes the run. `result` is zeroed by the caller and given back by bench_result_free(). */
void bench_go(const struct bench_setup *setup, struct bench_result *result);
void bench_result_free(struct bench_result *result);

/* Bodies: the mark, again and again. What was pushed with another size is known, too. */
void bench_body(char *to, size_t bytes);
bool bench_is_ours(struct slice body);

/* Prints the result as text or JSON. False when it cannot be written. */
NODISCARD bool bench_report(const struct bench_setup *setup, const struct bench_result *result, bool json);

/* Appends it to a CSV file, with a header when the file is new. 0 or -errno. */
NODISCARD int bench_write_csv(const struct bench_setup *setup, const struct bench_result *result, const char *path);

extern const char *const BENCH_MODES[];
extern const char *const BENCH_OPS[];

#endif
