/*
 * doors.h - the doors of a node: how commands come in and answers go out
 *
 * Both translate to struct cmd and struct answer; neither knows what a command does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_DOORS_H
#define GMQ_GNODE_DOORS_H

#include "gnode/events.h"
#include "gnode/http_v1.h"
#include "gnode/settings.h"
#include "net/addr.h"
#include "net/http.h"
#include "net/tcp.h"
#include "wire/frame.h"

/* What a door needs of its node. */
struct door {
    struct broker *broker;
    const struct gnode_settings *settings;
    struct frame_limits limits;
    uint64_t out_bytes_max;        /* of answers that clients have not taken, of each door */
    uint64_t (*now_ms)(void *ctx); /* engine time */
    void *ctx;
};

/* ---- TCP (tcp_door.c) -------------------------------------------------------------------------------------------- */

struct tcp_door {
    struct door base;
    struct tcp_server server;
    bool out_blocked; /* an answer waits because all connections together have too much unsent */
};

/* Listens on `listen_fd`, which it owns from now on. 0 or -errno. */
NODISCARD int tcp_door_open(struct tcp_door *door, uv_loop_t *loop, const struct door *base, int listen_fd);

/* Writes what became ready; end of each turn. True when that brought new commands, so that it is to be called again. */
bool tcp_door_flush(struct tcp_door *door);

/* ---- HTTP (http_door.c) ------------------------------------------------------------------------------------------ */

/* What the node may be called in Host, without ports; "" = none. */
struct http_names {
    char host[ADDR_HOST_BYTES];     /* of the machine */
    char reported[ADDR_HOST_BYTES]; /* to the registry */
    const char *listens, *listed;   /* http_addr's; http_hosts, commas between them */
};

struct http_door {
    struct door base;
    struct http_names names;
    struct http_server *server;
    struct http_v1 v1;
    struct events events;
    struct list answered; /* calls whose reply is ready */
    struct list calls;    /* all calls */
    uint64_t in_bytes;    /* of the budget, of this door */
    uint64_t *budget;     /* bytes of large requests held by all doors */
    bool starved;         /* a connection waits for the budget */
    uint64_t out_bytes;   /* of replies that were handed over and are not sent */
    bool out_blocked;     /* an answer waits because of them */
};

NODISCARD int http_door_open(struct http_door *door, uv_loop_t *loop, const struct door *base, int listen_fd,
                             uint64_t *budget, const struct http_v1 *v1);

/* Sends the replies that became ready; end of each turn. */
void http_door_flush(struct http_door *door);

/* What it holds for its clients, the budget aside. */
uint64_t http_door_memory(const struct http_door *door);

void http_door_close(struct http_door *door);

#endif
