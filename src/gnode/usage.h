/*
 * usage.h - what the broker knows of a topic beside the engine's queue: last use, and rates
 *
 * What   Once a second a pass over all topics compares their counters with those of the last one; nothing is noted
 *        while a command is executed. So times of use are late by up to a second. For an answer about a topic it is
 *        looked at anew. A pass looks at so many topics a turn, and there is none while the log stands still and all
 *        rates are 0.
 * Rates  Are of the last 5 to 10 seconds: since the older of two marks; the newer one becomes the older after five.
 * Life   Since the node was started: nothing of it is in the log.
 * Owns   struct usage, which a topic has when it has been used, or has something that comes with time (sweep.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_USAGE_H
#define GMQ_GNODE_USAGE_H

#include "base/list.h"
#include "engine/engine.h"
#include "wire/report.h"

struct broker;

/* The counters of a topic at a moment. */
struct usage_mark {
    uint64_t at_ms, pushed, popped, acked;
    uint32_t died, redelivered; /* their lowest bits */
};

/* Of a topic, as its queue's `usage`. */
struct usage {
    struct queue *queue;
    bool busy;                   /* a rate is not 0 */
    struct usage_mark marks[2];  /* the older one first */
    uint64_t last_push_ms, last_pop_ms; /* 0 = not in this life */
    struct consumers *consumers; /* NULL while there was none */
    uint64_t used_ms;            /* pushed to, popped from, acked or settled */
    uint32_t died_seen, redelivered_seen; /* the counters at the last look, their lowest bits */
    struct list in_slot;         /* sweep.slots[slot] when something comes with time */
    uint64_t due_ms;
    uint64_t age_ms;             /* when it is to be looked at for messages that are too old */
    unsigned slot;
};

/* Of a broker. */
struct usages {
    uint32_t busy;     /* topics that are */
    uint32_t next;     /* topic that the pass goes on with; 0 = none is under way */
    uint64_t pass_ms;  /* when the next one begins; UINT64_MAX = when the log has gone on */
    uint64_t last_ms;  /* when the last one began */
    uint64_t tail_lsn; /* of the log, then */
    uint64_t bytes;    /* of memory */
};

/* After the replay: what happened before does not count. */
void usage_begin(struct broker *broker, uint64_t now_ms);
void usage_end(struct broker *broker);

/* Those of the topic, made when there are none. */
struct usage *usage_of(struct broker *broker, struct queue *queue, uint64_t now_ms);

/* The topic is gone for good. */
void usage_forget(struct broker *broker, struct queue *queue);

/* Looks at one topic. */
void usage_look(struct broker *broker, struct queue *queue, uint64_t now_ms);

/* Goes on with a pass, or begins one when it is time. Returns when it must be called next, ms; UINT64_MAX = never. */
uint64_t usage_turn(struct broker *broker, uint64_t now_ms);

/* The counters, times and rates of the topic, as of the last look. */
void usage_report(const struct queue *queue, uint64_t now_ms, struct report_topic *ret);

#endif
