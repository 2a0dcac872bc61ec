/*
 * consumers.h - who pops from a topic
 *
 * What   A table of each topic of the clients that popped from it last, up to 64, the one that popped longest ago is
 *        forgotten first. What one popped is counted by runs: a pop costs one comparison as long as the same client
 *        pops; when another does, what was popped since is the former's.
 * Life   Since the node was started. Who holds messages from before is found among those in flight.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_CONSUMERS_H
#define GMQ_GNODE_CONSUMERS_H

#include "engine/engine.h"

enum { CONSUMERS_MAX = 64, CONSUMER_SEEN_MS = 60000 };

struct broker;
struct session;

struct consumer {
    uint32_t seat;   /* of the client, see holders.h */
    uint32_t number;
    uint64_t since_ms, last_ms; /* first and last pop; the last one to the second */
    uint64_t popped;
    uint64_t marks[2]; /* popped, at the two marks of the topic's usage */
};

/* Of a topic, in its usage. */
struct consumers {
    uint64_t run_from; /* pop_num of the queue when queue->popper began to pop */
    uint32_t count, room;
    struct consumer items[];
};

/* The session pops from the queue, which another did before it; called before the POP is applied. */
void consumers_switch(struct broker *broker, struct queue *queue, const struct session *session, uint64_t now_ms);

/* Of a topic that is gone for good. */
struct usage;
void consumers_forget(struct broker *broker, struct usage *usage);

/* What has been popped until now is counted. */
void consumers_settle(struct queue *queue, uint64_t now_ms);

/* The older mark is forgotten, and there is a newer one. */
void consumers_mark(struct queue *queue);

/* How many have popped in the last minute. */
uint32_t consumers_seen(const struct queue *queue, uint64_t now_ms);

#endif
