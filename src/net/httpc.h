/*
 * httpc.h - asynchronous HTTP client: GET an URL with a deadline
 *
 * What   libcurl's multi interface driven by the libuv loop. Names are resolved in libcurl's own thread, so nothing
 *        blocks the loop; IPv4 and IPv6 are both tried.
 * Rules  Only http:// (https:// answers an error text); redirects are not followed; a connection is not kept.
 * Cost   libcurl is initialised by the first httpc_get() of a client, not before.
 * Owns   A call lives from httpc_get() until its callback returns or httpc_cancel().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_HTTPC_H
#define GMQ_NET_HTTPC_H

#include "base/base.h"
#include "base/slice.h"

#include <uv.h>

struct httpc;
struct httpc_call;

struct httpc_result {
    const char *err;   /* NULL, or why no reply came, as Go's http.Get says it:
                          `Get "http://127.0.0.1:2/ping": dial tcp 127.0.0.1:2: connect: connection refused` */
    unsigned status;   /* 100..999 when err is NULL */
    struct slice body; /* good during the callback */
};

typedef void httpc_done(void *ctx, const struct httpc_result *result);

struct httpc_request {
    const char *url;       /* "http://127.0.0.1:9595/getNodes", at most 4096 bytes; copied */
    unsigned timeout_ms;   /* for everything together; > 0 */
    size_t body_bytes_max; /* a longer reply is an error */
    httpc_done *done;      /* called exactly once unless cancelled, never from inside httpc_get() */
    void *ctx;
};

/* Returns 0 or -ENOMEM. The loop must outlive the client. */
NODISCARD int httpc_open(struct httpc **ret, uv_loop_t *loop);

/* Cancels every call without a callback. The memory is given back when the loop has run once more. NULL is fine. */
void httpc_close(struct httpc *client);

/* Starts a call; `ret_call` may be NULL when it is never to be cancelled. Returns 0 or -errno. */
NODISCARD int httpc_get(struct httpc *client, const struct httpc_request *req, struct httpc_call **ret_call);

/* Ends a call; its callback does not come. Not after the callback. */
void httpc_cancel(struct httpc_call *call);

#endif
