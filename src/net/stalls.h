/*
 * stalls.h - how long the loop was at work without looking at its sockets
 *
 * A turn of the loop is what lies between two waits for events: nobody is served meanwhile but by the turn itself.
 * Costs one reading of the clock a turn, and what libuv's own count of idle time costs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_STALLS_H
#define GMQ_NET_STALLS_H

#include <stdint.h>
#include <uv.h>

struct stalls {
    uint64_t turns, max_ns;
    uint64_t over_1ms, over_10ms; /* turns that were longer; the latter are among the former */
    uint64_t busy_ns;             /* of the loop's time at the end of the last turn */
};

/* Before anything else is done with the loop. */
void stalls_prepare(uv_loop_t *loop);

/* From now on turns are counted. */
void stalls_begin(struct stalls *stalls, uv_loop_t *loop);

/* The end of a turn, right before the loop waits. */
void stalls_turn(struct stalls *stalls, uv_loop_t *loop);

#endif
