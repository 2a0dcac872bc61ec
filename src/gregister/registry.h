/*
 * registry.h - which nodes exist, pure: no clock, no network, no file
 *
 * A node is known by three things, each of which only one listed node may have: its id, its TCP address and its HTTP
 * address. The same three together are the same node.
 *
 *   (unknown) -> LISTED  [registry_add]
 *   LISTED    -> HIDDEN  [registry_pinged]  three pings in a row went wrong
 *   HIDDEN    -> LISTED  [registry_pinged, registry_add]  the first good one, or a new registration
 *   HIDDEN    -> (gone)  [registry_forget]  after 24 hours; or when another node takes over its id or an address
 *   any       -> (gone)  [registry_remove]
 *
 * Times are wall clock milliseconds, given by the caller.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GREGISTER_REGISTRY_H
#define GMQ_GREGISTER_REGISTRY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    REGISTRY_NODES_MAX = 1024,     /* as many as there are ids */
    REGISTRY_ID_MAX = 1024,
    REGISTRY_WEIGHT_MAX = INT32_MAX,
    REGISTRY_ADDR_BYTES = 264,     /* an address and its NUL */
    REGISTRY_MISSES_MAX = 3,       /* pings that may go wrong in a row, the last hides the node */
    REGISTRY_TEXT_BYTES = 512,     /* room for a refusal */
    REGISTRY_FILE_BYTES = 1 << 20, /* more than the longest list takes */
};

#define REGISTRY_FORGET_MS (UINT64_C(24) * 3600 * 1000)

struct registry_node {
    uint32_t id;     /* 1..REGISTRY_ID_MAX */
    uint32_t weight;      /* 1..REGISTRY_WEIGHT_MAX, what clients are told */
    uint32_t told_weight; /* as the node itself said last; differs from `weight` after registry_edit_weight */
    char http_addr[REGISTRY_ADDR_BYTES];
    char tcp_addr[REGISTRY_ADDR_BYTES];
    bool http_tls, tcp_tls;
    uint64_t join_ms;
    bool hidden;
    uint64_t hidden_ms; /* since when */
    unsigned misses;    /* pings that went wrong in a row */
    uint64_t serial;    /* different for each registration, never reused: names the node while a ping is under way */
};

struct registry {
    struct registry_node **nodes; /* REGISTRY_NODES_MAX pointers, `count` used, in the order they joined */
    size_t count;
    uint64_t next_serial;
    bool had_nodes; /* since the program began: an empty list is then [] and not null, as the original's */
};

/* 0 or -ENOMEM. */
NODISCARD int registry_init(struct registry *registry);
void registry_fini(struct registry *registry);

/*
 * Whether a node with this id and these addresses may be listed: NULL, or at `text` why not, as the original says it
 * (`node.Id 1 has exist`). Hidden nodes do not stand in the way.
 */
const char *registry_conflict(const struct registry *registry, const struct registry_node *node,
                              char text[REGISTRY_TEXT_BYTES]);

/*
 * Lists a node: id, weight, addresses and the tls flags are read from `node`. A known node that says
 * another weight than the last time gets it; saying the same again leaves an edited weight alone. Hidden ones that
 * have its id or an address go. Returns NULL, or why not.
 */
const char *registry_add(struct registry *registry, const struct registry_node *node, uint64_t now_ms,
                         char text[REGISTRY_TEXT_BYTES]);

/* NULL or the original's refusal; valid for ever. */
const char *registry_remove(struct registry *registry, const char *tcp_addr);
const char *registry_edit_weight(struct registry *registry, const char *tcp_addr, int64_t weight);

/* NULL, or what a weight must be. */
const char *registry_bad_weight(int64_t weight);

/* The outcome of a ping. True when the node came or went by it. Of a node that is gone: nothing. */
bool registry_pinged(struct registry *registry, uint64_t serial, bool good, uint64_t now_ms);

/* The node of that serial, or NULL; good until the next change. */
const struct registry_node *registry_find(const struct registry *registry, uint64_t serial);

/* Lets go of nodes hidden for REGISTRY_FORGET_MS. Returns how many. */
size_t registry_forget(struct registry *registry, uint64_t now_ms);

/* ---- as bytes, for the file ----------------------------------------------------------------------------------------
 *
 *   offset  size  meaning (version 1, integers little-endian)
 *        0     8  "GMQNODES"
 *        8     4  version
 *       12     4  number of nodes
 *       16        nodes: u32 id, u32 weight, u32 flags (1 hidden, 2 HTTP speaks TLS, 4 TCP speaks TLS),
 *                 u16 length of the HTTP address, u16 of the TCP address, u64 join_ms, u64 hidden_ms,
 *                 u32 told weight, u32 0, addresses
 *      end     4  CRC32C of all before
 */
NODISCARD bool registry_encode(const struct registry *registry, struct buf *out);

/* Fills an empty registry. 0, -EBADMSG (damaged), -ENOTSUP (a newer version) or -ENOMEM; then it stays empty. */
NODISCARD int registry_decode(struct registry *registry, struct slice bytes);

/* The reply to getNodes: listed nodes as JSON, {"code":0,"data":{"nodes":...},"msg":"success"}. */
NODISCARD bool registry_write_nodes(const struct registry *registry, struct buf *out);

#endif
