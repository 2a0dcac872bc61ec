/*
 * live.h - GET /api/events: what changes on the nodes, told to every open page
 *
 * What   Once a second one event `live` to each browser:
 *
 *          data: {"at":ms,"anew":bool,"fleet":{"registries":[..],"nodes":[..]},"gone":[{"node":1,"topic":"x"}],
 *                 "totals":{..},"topics":[{"node":1,..}],"complete":bool}
 *
 *        A browser that comes is told all topics first, in pieces of up to LIVE_PIECE_BYTES as fast as it takes them;
 *        then those that have changed. `anew`: what was told before is to be forgotten. `complete`: by now all topics
 *        have been told. `gone` comes before `topics` in meaning, too. `fleet` is there when it has changed.
 * Cost   The second's event is written once, for all of them. Of changed topics it holds LIVE_TICK_BYTES; the others
 *        follow with the next, oldest change first. One that does not take what it is sent is passed over, and is told
 *        all anew when it does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_LIVE_H
#define GMQ_GWEB_LIVE_H

#include "gweb/past.h"

enum {
    LIVE_CLIENTS_MAX = 256,
    LIVE_PIECE_BYTES = 256 << 10,
    LIVE_TICK_BYTES = 512 << 10,
    LIVE_FLEET_BYTES = 1 << 20,
    LIVE_CLIENT_BYTES = 2 << 20, /* that a browser has not taken */
};

struct web_call;

struct live {
    struct fleet *fleet;
    struct past *past;
    uv_timer_t second, more; /* more: there are browsers that have not been told all */
    uv_timer_t batch;        /* there are some in `untold` */
    bool stopping;
    struct list clients;
    struct list untold;      /* of the clients: not told this second's event yet */
    struct buf event;        /* this second's, without its end; empty when all are told */
    unsigned count;
    struct buf fleet_text;   /* as told last */
    bool fleet_untold;       /* not to all */
    unsigned idle_turns;     /* of `more`, in a row */
};

/* Begins to tick: samples of the past are made from here. */
NODISCARD int live_open(struct live *live, uv_loop_t *loop, struct fleet *fleet, struct past *past);

/* Streams have ended, or are ended by others; the loop must run once more. */
void live_close(struct live *live);

/* The route's function. */
void api_events(struct web_call *call);

#endif
