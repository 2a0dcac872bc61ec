/*
 * side.h - gweb's side towards the nodes, opened and closed as one
 *
 * What   fleet.h (which nodes there are, and their topics), past.h, live.h, and the calls that are under way for
 *        browsers: to nodes (proxy.c) and registries (api_fleet.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_SIDE_H
#define GMQ_GWEB_SIDE_H

#include "gweb/fleet.h"
#include "gweb/live.h"
#include "gweb/past.h"

enum { SIDE_PENDING_MAX = 128 };

/* A call under way for a browser. */
struct side_pending {
    struct list in_pending;
    void (*abandon)(struct side_pending *pending); /* gweb stops: answer, cancel, free */
};

struct side {
    struct fleet fleet;
    struct past past;
    struct live live;
    struct list pending;
    unsigned pending_count;
};

struct web;
struct web_call;

/* Sets web->side, fleet and live. 0 or -errno. */
NODISCARD int side_open(struct web *web);

/* Ends all that is under way. The loop must run once more, then side_fini(). Both take a web without one. */
void side_close(struct web *web);
void side_fini(struct web *web);

/* False, and the call is answered: too many are under way, or gweb stops. */
NODISCARD bool side_add(struct side *side, struct web_call *call, struct side_pending *pending);
void side_remove(struct side *side, struct side_pending *pending);

/* Appends text to an URL, percent-encoded: all but letters, digits and -._~ */
NODISCARD bool url_append(struct buf *out, struct slice text);

#endif
