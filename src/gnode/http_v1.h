/*
 * http_v1.h - what a node tells about itself over HTTP, beside the original's routes
 *
 *   GET /livez          200 while the loop turns
 *   GET /readyz         200 or 503, {"status":...,"reasons":[...]}
 *   GET /api/v1/node    everything a person or a monitor wants to know about the node
 *
 * One row of the table in http_v1.c is one route; each writes its body. docs/protocol-http.md has the fields.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_HTTP_V1_H
#define GMQ_GNODE_HTTP_V1_H

#include "gnode/health.h"
#include "gnode/settings.h"
#include "net/clock.h"
#include "net/http.h"
#include "net/tcp.h"

/* What the routes look at. */
struct http_v1 {
    const struct gnode_settings *settings;
    const struct broker *broker;
    const struct health *health; /* as of the end of the last turn */
    const struct engine_clock *clock;
    const struct tcp_server *tcp;
    struct http_server *http;
    uint64_t started_ms; /* wall clock */
    uint64_t (*wall_ms)(void);
};

/* Answers the request when its path is one of these routes; false: it is not. */
bool http_v1_serve(const struct http_v1 *v1, struct http_request *req);

#endif
