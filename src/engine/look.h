/*
 * look.h - the messages of one queue, a piece at a time, without taking them
 *
 * What   For pages that a client asks for. The waiting list is looked at by waiting_stretch_at() and waiting_copy(),
 *        dead letters by refset_from() and refset_before(); what stands among the messages of other queues, in flight
 *        and delayed, is here. Each call does a bounded piece of the work; between calls everything may change.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_LOOK_H
#define GMQ_ENGINE_LOOK_H

#include "engine/engine.h"
#include "engine/flight.h"

/*
 * Messages of the queue in flight, up to `max` copies and their places, from place `*at` on, which goes on; UINT32_MAX:
 * that was the last. Looks at up to `*looks` places, which is counted down. Returns how many.
 */
size_t look_flight(const struct engine *engine, uint32_t queue, uint32_t *at, uint32_t *looks, struct lease *ret,
                   uint32_t *ret_places, size_t max);

/* The same of all queues, to `each`. Returns the place to go on from, UINT32_MAX: those were the last. */
uint32_t look_leases(const struct engine *engine, uint32_t at, uint32_t looks,
                     void (*each)(void *ctx, const struct lease *lease), void *ctx);

/*
 * Delayed messages of the queue, ghosts not, in order of (due time, ref), from a given one on. They stand in slots of a
 * wheel and in buckets, in these in the order in which they came, and among those of all queues; so all that may hold
 * one of the next `max` is gone through, and the first `max` are kept. What comes meanwhile may be seen or not; what
 * stays delayed is seen, but where a slot moves again and again while it is gone through.
 *
 * Set queue, due_ms, ref, max and `best`, with room for `max`; all else zero. Then in each turn look_delays_begin(),
 * and look_delays() as long as it WANTS the entries of a chunk, which look_delays_feed() gives it.
 */
struct look_slot {
    uint64_t begin_ms, end_ms; /* all that is in it is due within; end_ms excluded */
    unsigned slot;             /* of the wheel, or behind those, of the buckets */
};

struct look_delays {
    uint32_t queue;
    uint64_t due_ms, ref; /* from here on */
    size_t max, count;
    struct delay_entry *best; /* the caller's */
    struct look_slot *slots;  /* in use, those that begin first first, of these the longest */
    size_t slot_count, slot_at;
    struct look_slot within;  /* where it was left in the last turn */
    bool began;
    uint64_t passed;          /* entries of it that were seen, ... */
    uint64_t chunks, chunked; /* ... and of its chunks: how many, with how many entries */
    unsigned restarts;
    struct delays_chunk wanted;
};

enum look_step {
    LOOK_DONE,  /* best[0..count) are the first */
    LOOK_WORKS, /* enough for this turn */
    LOOK_WANTS, /* feed it `wanted` */
};

/* `now_ms`: buckets whose time to move has come by then may be moving. */
void look_delays_begin(const struct engine *engine, struct look_delays *look, uint64_t now_ms);

/* Looks at up to about `*looks` entries, which is counted down. */
enum look_step look_delays(const struct engine *engine, struct look_delays *look, uint64_t *looks);

/* The entries of the chunk `wanted`, none when it cannot be read. */
void look_delays_feed(const struct engine *engine, struct look_delays *look, struct slice entries,
                      uint64_t *looks);

/* The LSNs of the up to `max` chunks behind `wanted` in its bucket; returns how many. */
size_t look_delays_ahead(const struct engine *engine, const struct look_delays *look, uint64_t *ret, size_t max);

/* Gives back what look_delays_begin() took; `best` is the caller's. */
void look_delays_end(struct look_delays *look);

#endif
