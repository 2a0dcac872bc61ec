/*
 * call.h - one request to gweb's own API, from its arrival until it is answered
 *
 * What   web.c makes a call of each request below /api/ that is allowed to do what it asks for, and hands it to the
 *        function of its route, which answers it once, now or later, by one of web_call_json(), _reply(), _problem(),
 *        or begins a stream. What a call changes is in the audit log before its answer leaves.
 *
 *            route's function --answers--> [audit log] --> client
 *                  '-- returns without an answer: later, from the loop's thread
 *
 * Owns   The call lives until it was answered *and* its client is gone, so a function that has begun something always
 *        has a call to answer. `req`, its body and headers live only as long as `req` is not NULL: take a copy of what
 *        is needed later. `path` and the parts are the call's own.
 * Never  Answer a call twice; use a call after its answer (it may be gone before web_call_json() returns). A stream
 *        is no answer: the call lives until `gone`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_CALL_H
#define GMQ_GWEB_CALL_H

#include "base/base.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/slice.h"
#include "gweb/routes.h"
#include "gweb/users.h"
#include "net/http.h"

#define WEB_PROBLEM "application/problem+json"

enum { CALL_TARGET_BYTES = 300, CALL_DETAIL_BYTES = 300, CALL_ADDRESS_BYTES = 64 };

struct web;
struct session;

struct web_call {
    struct web *web;
    struct http_request *req;  /* NULL when the client is gone */
    const struct route *route;
    struct slice path;         /* decoded */
    struct slice parts[ROUTE_PARTS_MAX]; /* what stood for each {..}, in their order */
    size_t part_count;
    char user[USER_NAME_BYTES_MAX + 1];  /* who asks; "" before a login */
    enum role role;
    char address[CALL_ADDRESS_BYTES];    /* where from; "" = not known */
    bool over_tls;                       /* the browser's connection, as a proxy says */
    struct session *session;             /* borrowed; NULL without one, and when it has ended */

    /*
     * The route's function may set these: called once when the client went away, before or after the answer; `req` is
     * NULL then. A call that is not answered yet must still be.
     */
    void (*gone)(struct web_call *call);
    void *ctx;

    /* For the audit log; what the call is about is its target unless the function says something else. */
    bool unaudited;                      /* not to be in the audit log after all */
    bool counted;
    uint64_t count;                      /* how many messages, topics, ... were changed, when `counted` */
    char target[CALL_TARGET_BYTES];
    char detail[CALL_DETAIL_BYTES];

    /* For call.c alone. */
    bool answered, streams, failed;
    size_t answer_bytes;                 /* of web->answers_bytes */
    char *path_copy;
    struct list in_session;
};

/* The `index`th part, "" when there are fewer. */
struct slice web_call_part(const struct web_call *call, size_t index);

/* A value of the query, decoded into `scratch`; false when it is not given. Only while `req` is there. */
NODISCARD bool web_call_query(const struct web_call *call, const char *key, struct buf *scratch, struct slice *ret);

/* What the audit log shall say of it; cut where it is too long. */
void web_call_target(struct web_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
void web_call_detail(struct web_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
void web_call_count(struct web_call *call, uint64_t count);

/* Answers with JSON; takes the memory of `body` over. `ok` false = it could not be made: 500. */
void web_call_json(struct web_call *call, unsigned status, struct buf *body, bool ok);

/*
 * Answers with what somebody else said: any status, type (NULL = none; need not be a constant) and body, which is
 * copied. `result` is for the audit log: "ok", or the code of the error.
 */
void web_call_reply(struct web_call *call, unsigned status, const char *type, struct slice body, const char *result);

/* Answers 204. */
void web_call_done(struct web_call *call);

/* Answers with an error of base/err.h as a problem; `detail` NULL = the error's own text. */
void web_call_problem(struct web_call *call, int err, const char *detail);

/* Adds a header to the answer to come; no memory for it is no answer, either: the connection ends then. */
void web_call_header(struct web_call *call, const char *name, const char *value);

/*
 * Begins a stream, which goes on by http_stream_write(call->req, ...) until the client goes away or the session ends:
 * `gone` is called in both cases, and is the last of the call.
 */
void web_call_stream(struct web_call *call, const char *type, size_t bytes_max);

/* ---- for web.c and login.c --------------------------------------------------------------------------------------- */

/* A call of this request, which it answers from now on; NULL = no memory, and the connection has ended. */
struct web_call *web_call_new(struct web *web, struct http_request *req);

/* The call is of this session from now on. */
void web_call_set_session(struct web_call *call, struct session *session);

/* For the calls of a session that is over: streams end, others may finish. */
void web_call_end_session(struct list *calls);

#endif
