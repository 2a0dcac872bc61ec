/*
 * proxy.h - calls of browsers to nodes, /api/nodes/{id}/v1/...
 *
 * What   Each operation that pages may use is a row of the table of routes, whose `of` is a struct proxy_op. The node
 *        is one that a registry lists, at the address that it lists; the path is the row's, with its parts encoded
 *        anew; so nothing that a browser sends names another host or another path. Redirects are not followed.
 * Answer The node's own, its problems too. 404 NODE_UNKNOWN, 502 NODE_DOWN, 504 NODE_SLOW after PROXY_MS (a pop: after
 *        its wait and PROXY_MS), 502 ANSWER_LIMIT beyond PROXY_ANSWER_BYTES,
 *        503 BUSY beyond SIDE_PENDING_MAX calls.
 * Gone   A browser that goes away ends what it reads and its pops: the node notices that and hands out nothing. (What
 *        it has handed out in that moment comes again when its time to run is over.) Any other change runs to its end,
 *        so that the audit log has its result.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_PROXY_H
#define GMQ_GWEB_PROXY_H

#include "gweb/routes.h"

enum { PROXY_MS = 10000, PROXY_ANSWER_BYTES = 16 << 20, PROXY_QUERY_BYTES = 4096 };

/* What the audit log says of an operation, and what is special about it. */
struct proxy_op {
    const char *thing;  /* what the path's second part is: "topic", "message", "job"; NULL = none */
    const char *named;  /* member of the request's body that names the topic, or NULL */
    const char *count;  /* member of the answer: a number, or an array that is counted; "1" = one; NULL = no count */
    bool told;          /* the request's body stands in the audit log: it holds no messages */
    bool pops;          /* it waits, and hands out messages */
};

extern const struct proxy_op PROXY_READ, PROXY_TOPIC_CREATE, PROXY_TOPIC, PROXY_COUNTED, PROXY_JOB_BEGIN, PROXY_JOB,
    PROXY_MESSAGE, PROXY_PUSH, PROXY_POP;

route_fn proxy_call;

#endif
