/*
 * events.h - GET /api/v1/events: what changes on the node, as server-sent events
 *
 * What   A client that asks gets an event `stats` each second: figures of the node, and the depths and rates of the
 *        topics that have changed since the one before; at first, in pieces, of all topics.
 *
 *          data: {"at":ms,"node":{...},"topics":[...],"gone":[...],"complete":bool,"anew":bool}
 *
 *        complete: by now all topics have been told. anew: what was told before is to be forgotten. A client that does
 *        not take what it is sent is passed over, and is told all topics anew when it does; no other waits for it.
 * Cost   While there are clients, a look at up to TOPICS_A_TICK topics a second, and 8 bytes for each topic; none else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_EVENTS_H
#define GMQ_GNODE_EVENTS_H

#include "base/list.h"
#include "gnode/http_v1.h"

#include <uv.h>

enum { EVENTS_CLIENTS_MAX = 32 };

struct events {
    const struct http_v1 *v1;
    struct broker *broker;
    uint64_t (*now_ms)(void *ctx); /* engine time */
    void *now_ctx;
    uv_timer_t timer;     /* runs while there are clients */
    struct list clients;
    unsigned count;
    uint64_t *told;       /* by number - 1: what was told of the topic, as one number; 0 = that it is not there */
    uint32_t slots;
    uint32_t next;        /* topic that the next look begins with */
    struct buf changed, gone; /* of the tick: JSON of topics, without brackets */
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
