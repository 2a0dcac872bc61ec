/*
 * wait.h - sessions that wait for a message
 *
 * What   A wpop that finds nothing joins the line of each of its topics. When one of them may have a message to deliver
 *        (the engine's hook `stir`), the first in its line is served, as if it had asked now; one message serves one
 *        waiter. Who waits takes no commands, so its later replies stay behind.
 * Order  A line is first in, first out. A waiter is served by the first topic of its list that has a message and in
 *        whose line it is the first. A pop or wpop that comes while a line is still to be served waits behind it.
 * States of a line:
 *
 *            stir                     the body must be fetched, the log has no room now
 *   idle ------------> fresh --------------------------------------------> blocked
 *     ^                  |  ^                                                 |
 *     '------------------'  '-------------------------------------------------'
 *       nothing (more) to deliver        something has changed: broker_turn()
 *
 *        So a line that is idle has nothing that could be delivered: no message, or its topic's limit of messages in
 *        flight is reached, or its pop side is paused, or was until now: who comes then looks at the line again.
 * Ends   A message; the time is over, or the client has closed its side, even half (`no message`, or
 *        `too many messages wait for their ack`); the node stops, or its log takes no more records.
 * Cost   A push to a topic nobody waits for: one test. A waiter: 40 bytes, 32 for each of its topics, and 48 for each
 *        topic somebody waits for; no timer of its own, but a place in one wheel. Join, serve and leave are O(topics
 *        of the list).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_WAIT_H
#define GMQ_GNODE_WAIT_H

#include "base/list.h"
#include "engine/wheel.h"

struct broker;
struct queue;
struct session;
struct turn;
struct waiter;

/* Of a broker. */
struct waits {
    struct wheel wheel;              /* when they end */
    struct list slots[WHEEL_ALL_SLOTS];
    struct list fresh, blocked;      /* lines */
    struct list late;                /* waiters whose time is over while one of their lines is to be served */
    uint64_t count;                  /* of waiters */
};

void wait_init(struct waits *waits);

/* Nobody waits any more. */
void wait_fini(struct waits *waits);

/* Does somebody wait, or is there a line left over? */
static inline bool wait_is_used(const struct waits *waits)
{
    return UNLIKELY(waits->count > 0 || !list_empty(&waits->fresh));
}

/* How many wait for the queue, those whose time is just over too. */
uint32_t wait_count(const struct queue *queue);

/* For the engine's hook, and when a pause ends: a queue may deliver; nothing when it has no line. */
void wait_stir(struct waits *waits, struct queue *queue);

/* The session of turn->cmd, a wpop that found nothing in these queues, waits from now on. */
void wait_begin(struct turn *turn, struct queue *const *queues, size_t count);

/*
 * A pop comes to the queue, which has a line: those who wait are served first. False: they could not all be, though
 * there may be messages, so it has to wait for the next change.
 */
NODISCARD bool wait_let_others_first(struct broker *broker, const struct queue *queue, uint64_t now_ms);

/* Serves whom it can. `changed`: also those of blocked lines. */
void wait_serve(struct broker *broker, uint64_t now_ms, bool changed);

/* Ends the waits whose time is over, or all when the node stops or is read-only. Returns when the next one is, ms. */
uint64_t wait_expire(struct broker *broker, uint64_t now_ms);

/* Those who wait for the topic get `no message`: it is being deleted. False: others wait for it already. */
NODISCARD bool wait_end_queue(struct broker *broker, struct queue *queue);

/* The queue is gone; nobody waits for it. */
void wait_forget_queue(struct queue *queue);

/* The session is going: it waits no more, and gets no answer. */
void wait_forget(struct session *session);

/* The client has closed its side: if it waits, it gets `no message`. */
void wait_give_up(struct session *session);

#endif
