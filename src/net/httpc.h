/*
 * httpc.h - asynchronous HTTP client: calls an URL with a deadline, whole replies and streams
 *
 * What   libcurl's multi interface driven by the libuv loop. Names are resolved in libcurl's own thread, so nothing
 *        blocks the loop; IPv4 and IPv6 are both tried.
 *
 *            httpc_get() --> [begun(): status and headers are there] --> [piece(), again and again] --> done()
 *
 * Rules  Only http:// (https:// answers an error text); redirects are not followed; no proxy of the environment is
 *        asked. A connection is kept for the next call only with `keep`.
 * Bound  What came and was not taken is at most body_bytes_max; a stream that has so much waits, unread.
 * Cost   libcurl is initialised by the first httpc_get() of a client, not before.
 * Owns   A call lives from httpc_get() until done() returns or httpc_cancel(). Callbacks come from the loop, never from
 *        inside libcurl: they may begin and cancel any call, their own, too.
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
    bool late;         /* with err: the time was over */
    unsigned status;   /* 100..999 when err is NULL */
    struct slice body; /* good during the callback */
};

typedef void httpc_done(void *ctx, const struct httpc_result *result);

/* The head of the reply is there. */
typedef void httpc_begun(void *ctx, unsigned status);

/*
 * Some of the body, at least one byte. Answers how many bytes it has taken; the rest is offered again, together with
 * what comes next or by httpc_resume().
 */
typedef size_t httpc_piece(void *ctx, struct slice bytes);

struct httpc_request {
    const char *url;       /* "http://127.0.0.1:9595/getNodes", at most 4096 bytes; copied */
    unsigned timeout_ms;   /* for everything together; 0 = none, then idle_ms > 0 */
    size_t body_bytes_max; /* a longer reply is an error; of a stream: what is kept */
    httpc_done *done;      /* called exactly once unless cancelled, never from inside httpc_get() */
    void *ctx;

    /* All of these may be left out. */
    const char *method;          /* NULL = GET; a constant */
    struct slice body;           /* sent with it; borrowed until the call ends */
    const char *const *headers;  /* lines "Name: value", copied, NULL after the last; NULL = none */
    unsigned idle_ms;            /* fails once so long nothing came of the reply; 0 = never */
    bool keep;                   /* a kept connection may be taken, and is kept afterwards. Only for what may be done
                                    twice: a kept connection that dies is replaced by another */
    httpc_begun *begun;
    httpc_piece *piece;          /* the reply is a stream, and result.body empty */
};

/* Returns 0 or -ENOMEM. The loop must outlive the client. */
NODISCARD int httpc_open(struct httpc **ret, uv_loop_t *loop);

/* Cancels every call without a callback. The memory is given back when the loop has run once more. NULL is fine. */
void httpc_close(struct httpc *client);

/* Starts a call; `ret_call` may be NULL when it is never to be cancelled. Returns 0 or -errno. */
NODISCARD int httpc_get(struct httpc *client, const struct httpc_request *req, struct httpc_call **ret_call);

/* Ends a call; no callback comes any more. Not after done(). */
void httpc_cancel(struct httpc_call *call);

/* Offers a stream's bytes again that piece() has not taken: piece() is called soon, and what was unread is read. */
void httpc_resume(struct httpc_call *call);

/* A header of the reply, its first value; empty when there is none. From begun() on; good until the call ends. */
struct slice httpc_header(const struct httpc_call *call, const char *name);

#endif
