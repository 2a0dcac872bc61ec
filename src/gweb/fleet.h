/*
 * fleet.h - the nodes: which there are, where, and how they are
 *
 * What   Asks the registries every FLEET_ASK_MS which nodes there are, reads the events of each (feed.h), and asks each
 *        every FACTS_EVERY_MS for GET /api/v1/node. A registry that does not answer is shown so, and its last list goes
 *        on to hold. All calls are asynchronous and have deadlines: no node and no registry waits for another.
 *
 *            (unknown) -> CONNECTING  a registry lists it
 *            CONNECTING, DOWN -> UP   an event has come
 *            UP, CONNECTING -> DOWN   the stream has ended, or never came; tried again after 0.5 s .. 10 s
 *            any -> unlisted, DOWN    no registry lists it any more; not contacted. One that is UP stays so while its
 *                                     stream lasts: a node that drains leaves the registry first
 *            unlisted -> (gone)       after FLEET_UNLISTED_MS, with its topics
 *
 * Rules  Only nodes that a registry lists are ever contacted, at the address that it lists.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_FLEET_H
#define GMQ_GWEB_FLEET_H

#include "gweb/feed.h"
#include "gweb/model.h"
#include "net/httpc.h"

#include <uv.h>

enum {
    FLEET_REGISTRIES_MAX = 8,
    FLEET_ASK_MS = 2000,
    FLEET_ASK_TIMEOUT_MS = 4000,
    FLEET_MUTE_MS = 8000, /* a stream without an event, though bytes come: it ends */
    FACTS_EVERY_MS = 3000,
    FACTS_TIMEOUT_MS = 5000,
    FLEET_UNLISTED_MS = 10 * 60 * 1000,
    FLEET_ADDR_BYTES = 264,
    FLEET_DETAIL_BYTES = 256,
    FLEET_REASONS_BYTES = 4096,
};

enum node_state { NODE_CONNECTING, NODE_UP, NODE_DOWN };

/* A node as a registry lists it. */
struct fleet_listed {
    uint32_t id, weight;
    bool http_tls;
    char tcp_addr[FLEET_ADDR_BYTES], http_addr[FLEET_ADDR_BYTES];
    char joined[32]; /* as the registry says it */
};

struct fleet_registry {
    struct fleet *fleet;
    char *url;                       /* "http://127.0.0.1:9595" */
    bool ok;
    bool answered;                   /* ever */
    char detail[FLEET_DETAIL_BYTES]; /* "" = none */
    struct fleet_listed *listed;     /* of its last answer */
    size_t count;
    struct httpc_call *call;
};

struct fleet_node {
    struct fleet *fleet;
    struct fleet_listed at;
    bool listed;
    uint64_t unlisted_ms;            /* boot time */
    enum node_state state;
    char detail[FLEET_DETAIL_BYTES]; /* "" = none */
    uint64_t since_ms, seen_ms;      /* wall time; seen 0 = never */
    struct feed feed;
    struct feed_node told;
    unsigned failures;               /* of the stream, in a row */
    uint64_t told_ms;                /* boot time of the last event, or of the stream's begin */
    uint64_t retry_ms, ask_ms;       /* boot time: not before */
    struct httpc_call *facts_call;
    bool has_facts;
    char slow[FLEET_DETAIL_BYTES];   /* why there are no facts; "" = nothing wrong */
    char version[32];
    char *reasons;                   /* JSON array, or NULL */
    uint64_t sync_ns_last, sync_ns_max;
};

struct fleet {
    uv_loop_t *loop;
    struct httpc *client;
    uv_timer_t timer;
    bool timer_open;
    uint64_t ask_ms;                 /* boot time of the next question to the registries */
    struct fleet_registry registries[FLEET_REGISTRIES_MAX];
    size_t registry_count;
    struct fleet_node *nodes[MODEL_NODE_MAX + 1]; /* by id; NULL = none */
    struct model model;
};

/* Begins. `registries` are URLs without a slash at the end, copied. 0 or -errno. The fleet must not move. */
NODISCARD int fleet_open(struct fleet *fleet, uv_loop_t *loop, const char *const *registries, size_t count);

/* Ends all calls; the loop must run once more, then fleet_fini(). */
void fleet_close(struct fleet *fleet);
void fleet_fini(struct fleet *fleet);

/* The node, if it may be contacted; NULL else. */
const struct fleet_node *fleet_listed(const struct fleet *fleet, uint64_t id);

/* Asks the registries now rather than in two seconds: somebody has changed a list. */
void fleet_hurry(struct fleet *fleet);

/* Whether a node's figures count: it is up. */
static inline bool fleet_knows(const struct fleet *fleet, uint32_t id)
{
    return fleet->nodes[id] && fleet->nodes[id]->state == NODE_UP;
}

/* The sums over the topics of nodes that are up. */
void fleet_sums(const struct fleet *fleet, struct figures *ret);

/* fleet_json.c: "registries":[..],"nodes":[..], without the brackets around it. */
NODISCARD bool fleet_write(const struct fleet *fleet, struct buf *out);

/* Figures as members, "ready":1,"push_rate":0.500,..; null for what is not known. */
NODISCARD bool figures_write(const struct figures *figures, struct buf *out);

/* ---- between fleet.c and fleet_ask.c ----------------------------------------------------------------------------- */

/* A registry has answered: its list is new. */
void fleet_merge(struct fleet *fleet);

void fleet_ask_registries(struct fleet *fleet);
void fleet_ask_facts(struct fleet_node *node);

/* fleet_ask.c: the list in a registry's answer, for free(); false when it is none. */
NODISCARD bool fleet_read_list(struct slice json, struct fleet_listed **ret, size_t *ret_count);

#endif
