/*
 * events.h - GET /api/v1/events: what changes on the node, as server-sent events
 *
 * What   A client that asks gets an event `stats` each second: figures of the node, and the depths, rates and times of
 *        the topics that have changed since the one before; at first, in pieces that come one after the other, of all
 *        topics.
 *
 *          data: {"at":ms,"node":{...},"topics":[...],"gone":[...],"complete":bool,"anew":bool}
 *
 *        complete: by now all topics have been told. anew: what was told before is to be forgotten. A client that does
 *        not take what it is sent is passed over, and is told all topics anew when it does; no other waits for it.
 * How    Each second a pass looks at the leases, for the oldest of each topic, and then at up to TOPICS_A_TICK topics,
 *        each turn of the loop at some. Changes beyond one event come with others soon after it; a pass that has filled
 *        its share of events ends, and the next one goes on from there.
 * Cost   While there are clients, those looks, and 40 bytes for each topic; none else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_EVENTS_H
#define GMQ_GNODE_EVENTS_H

#include "base/list.h"
#include "gnode/http_v1.h"
#include "gnode/topic_stats.h"

#include <uv.h>

enum { EVENTS_CLIENTS_MAX = 32 };

struct events {
    const struct http_v1 *v1;
    struct broker *broker;
    uint64_t (*now_ms)(void *ctx); /* engine time */
    void *now_ctx;
    uv_timer_t tick;      /* runs while there are clients: a pass begins */
    uv_timer_t turn;      /* runs while there is a pass, or a piece to be told */
    struct list clients;
    unsigned count;
    struct topic_told *told; /* by number - 1 */
    uint32_t slots;
    unsigned pass;        /* enum pass, in events.c */
    uint32_t lease_at;    /* place that it goes on from */
    uint32_t next, end;   /* topics that it looks at; the next pass goes on */
    unsigned fetches;     /* records that it may still ask for */
    unsigned left;        /* events that it may still fill */
    struct buf changed, gone; /* of the next event: JSON, without brackets */
    bool lost;            /* a topic went whose name is not known any more: all are told anew */
    bool stopping;
};

void events_init(struct events *events, uv_loop_t *loop, struct broker *broker, const struct http_v1 *v1,
                 uint64_t (*now_ms)(void *ctx), void *now_ctx);

/* Answers the request by a stream; false: there are too many of them, or the node stops. */
NODISCARD bool events_serve(struct events *events, struct http_request *req);

/* Bytes that it may come to hold for its clients, and its own. */
uint64_t events_memory(const struct events *events);

/* The streams end. */
void events_stop(struct events *events);

/* After the last request is gone, while the loop still runs. */
void events_fini(struct events *events);

#endif
