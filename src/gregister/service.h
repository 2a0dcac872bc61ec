/*
 * service.h - the running registry: the list, its file, the pings, the HTTP door
 *
 * One loop thread owns everything here; only the file is written on a thread of libuv's pool, one write at a time. A
 * change is answered when the file holds it. Should the file not take it, that is logged and the answer goes out all
 * the same: clients need a registry more than a file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GREGISTER_SERVICE_H
#define GMQ_GREGISTER_SERVICE_H

#include <uv.h>

#include "app/log.h"
#include "base/list.h"
#include "gregister/registry.h"
#include "net/http.h"
#include "net/httpc.h"
#include "net/probe.h"

enum {
    PING_EVERY_MS = 2000,
    PING_TIMEOUT_MS = 1000,
    PROBE_TIMEOUT_MS = 2000, /* of each door of a node that registers */
    JOINS_MAX = 256,         /* registrations under way at a time */
    STOP_MS_MAX = 2000,      /* for replies still on their way when stopping */
};

struct service {
    uv_loop_t *loop;
    struct registry registry;
    struct http_server *http;
    struct httpc *client;
    const char *directory; /* of the file, borrowed */

    uv_timer_t ping_timer;
    uv_timer_t stop_timer;
    bool timers_open;
    unsigned stop_turns;

    struct list joins; /* struct join, see join.c: registrations under way */
    size_t join_count;
    struct list pings; /* struct ping, see ping.c: under way */

    uv_work_t save;
    bool saving, dirty;
    bool stopping;
    struct buf saved_bytes;   /* what is being written */
    int save_err;
    struct list answers_next; /* struct answer_wait, see save.c: wait for a write not yet begun */
    struct list answers_now;  /* wait for the one under way */
    struct log_limit save_limit;
};

struct service_options {
    int listen_fd; /* the service owns it from here on */
    unsigned connections_max;
    const char *directory; /* exists; must outlive the service */
};

/* Loads the list and opens the door. 0 or -errno, already logged. The service must not move in memory. */
NODISCARD int service_open(struct service *service, uv_loop_t *loop, const struct service_options *opt);

/* Begins to end: no more connections, registrations under way are refused, the file is written; then the loop ends. */
void service_stop(struct service *service);

/* Gives everything back once the loop has ended; runs it for the last callbacks. */
void service_close(struct service *service);

/* ---- between the files of this program --------------------------------------------------------------------------- */

/* http_api.c: the handler of all requests; `ctx` is the service. */
void http_api_handle(void *ctx, struct http_request *req);

/* join.c: probes both doors of `node` and lists it; answers `req`. Ends all registrations under way. */
void join_begin(struct service *service, const struct registry_node *node, struct http_request *req);
void join_cancel_all(struct service *service);

/* ping.c: asks every node whether it is there. Pings under way are forgotten once the HTTP client is closed. */
void ping_all(uv_timer_t *timer);
void ping_forget_all(struct service *service);

/* save.c */
void save_soon(struct service *service);                                        /* the list has changed */
void save_then_answer(struct service *service, struct http_request *req);       /* and `req` may have its success */
void save_at_end(struct service *service);                                      /* blocks */
void answer_error(struct http_request *req, const char *text);

#endif
