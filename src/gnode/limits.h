/*
 * limits.h - the limits that a topic has been given: messages, bytes, age
 *
 * What   A push that would bring its topic above a limit is refused, or the oldest ready messages make room: they are
 *        gone or become dead letters in one group with the push. Ready messages that were pushed too long ago go when
 *        they would be delivered, and by and by from sweep.c.
 * Cost   Topics without limits: one test of a byte for a push, and one for a pop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_LIMITS_H
#define GMQ_GNODE_LIMITS_H

#include "engine/engine.h"
#include "engine/payload.h"

struct broker;
struct turn;

enum {
    LIMITS_PAIRS_MAX = 1024,
    LIMITS_PAIRS_A_MESSAGE = 16, /* so many may go for each that is pushed */
};

/*
 * Of a broker: what goes to make room for the push that is being executed. The records of all of that may be more than
 * the read cache holds, so what was read for a push that waits for the others is kept, of one queue at a time.
 */
struct limits_over {
    struct payload_pair pairs[LIMITS_PAIRS_MAX];
    const char *word; /* of GMQ_E_TOPIC_FULL */
    struct payload_pair kept[LIMITS_PAIRS_MAX];
    size_t kept_count;
    uint32_t kept_of;  /* the number of the queue */
    uint64_t kept_ms;  /* when a push to it was tried last */
};

/* Bytes of a body as limits count them. */
static inline uint64_t limits_bytes(size_t body_bytes) { return (body_bytes + 63) & ~(size_t)63; }

/*
 * May `count` messages of `bytes` in all be pushed to turn->queue, which has limits? 0: turn->over of the oldest ready
 * messages must go, for which turn->over_bytes of records are to be appended by limits_make_room(), in one group with
 * the pushes; GMQ_E_TOPIC_FULL; -EAGAIN = after a later change; or as lists_load().
 */
NODISCARD int limits_check(struct turn *turn, uint32_t count, uint64_t bytes);

/* Appends that record; the group goes on. */
void limits_make_room(struct turn *turn);

/* Is a message of the queue too old that was pushed then? Not when `pushed_ms` is 0: that is not known. */
bool limits_is_old(const struct queue *queue, uint64_t pushed_ms, uint64_t now_ms);

/* The oldest ready message is too old and goes. 0, or as broker_room(). */
NODISCARD int limits_drop(struct broker *broker, const struct queue *queue, uint64_t ref, uint64_t id, uint64_t now_ms);

/* Drops those of the oldest ready messages that are too old, some of them. Returns when it is to be called next, ms. */
uint64_t limits_sweep(struct broker *broker, struct queue *queue, uint64_t now_ms);

#endif
