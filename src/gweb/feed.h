/*
 * feed.h - one node's stream of events, read into the model
 *
 * What   GET /api/v1/events of a node, one stream as long as it lives, whoever looks at it. Each event goes into the
 *        model and to told(); the end of the stream, or an event that cannot be read, to lost(), after which the feed
 *        is shut and feed_begin() may be called again.
 *        Nodes that do not tell all of today's figures are understood: what is absent is not known.
 * Bound  An event of FEED_EVENT_BYTES_MAX; FEED_IDLE_MS without a byte is the end (a node says something each second).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_FEED_H
#define GMQ_GWEB_FEED_H

#include "gweb/model.h"
#include "gweb/sse.h"
#include "net/httpc.h"

enum { FEED_EVENT_BYTES_MAX = 4 << 20, FEED_IDLE_MS = 5000, FEED_STATUS_BYTES = 24 };

/* What an event says of the node itself; `has` false: it says nothing. */
struct feed_node {
    bool has;
    char status[FEED_STATUS_BYTES];
    uint64_t connections; /* of both doors */
    uint64_t memory_bytes, disk_used_bytes, disk_free_bytes;
};

struct feed {
    struct model *model;
    uint32_t node;
    void (*told)(void *ctx, const struct feed_node *node);
    void (*lost)(void *ctx, const char *why); /* `why` is for people, good during the call */
    void *ctx;
    struct httpc_call *call; /* NULL = shut */
    struct sse sse;
    bool bad;                /* an event that could not be read */
};

void feed_init(struct feed *feed, struct model *model, uint32_t node);

/* Opens the stream of the node at `addr` ("127.0.0.1:9504"). 0 or -errno. */
NODISCARD int feed_begin(struct feed *feed, struct httpc *client, const char *addr);

/* Shuts it without a word; fine when it is shut. */
void feed_end(struct feed *feed);

/* The data of one event into the model; false when it is none. Pure. */
NODISCARD bool feed_read(struct model *model, uint32_t node, struct slice data, struct feed_node *ret);

/* What went wrong without the URL that httpc begins with. */
const char *feed_why(const char *err);

#endif
