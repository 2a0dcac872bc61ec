/*
 * http_call.h - one request to the node's HTTP API, from its arrival until its reply is handed over
 *
 * What   A call is a session of one command. http_original.c and http_ops.c make the command of a request and the reply
 *        of its answer, each in its own words; between the two a call lives here.
 * Owns   A call lives until its reply is sent off at the end of a turn, or its client goes away.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_HTTP_CALL_H
#define GMQ_GNODE_HTTP_CALL_H

#include "gnode/doors.h"
#include "wire/op.h"

#define HTTP_PROBLEM "application/problem+json"

struct call;

/* How answers are said. False: there is no memory for it, and the connection ends. */
typedef bool call_writer(struct call *call, const struct answer *answer);

struct call {
    struct http_door *door;
    struct http_request *req;
    struct session session;
    const struct cmd *executed;
    struct cmd cmd;         /* of the original's */
    struct op_call *op;     /* of an operation, owned */
    bool raw;               /* wants the body of the message as it is */
    bool failed;            /* no memory for the reply */
    struct buf scratch;     /* what cmd's slices point into, beside the request */
    struct buf reply;
    unsigned status;        /* 200 unless the writer says otherwise */
    const char *type;       /* HTTP_JSON unless ... */
    call_writer *write;
    struct list in_calls, in_answered;
};

/* A call of this request, which it answers from now on. `scratch_bytes` are there at once. */
struct call *call_new(struct http_door *door, struct http_request *req, call_writer *write, size_t scratch_bytes);

/* Gives the command to the broker; it must stay good until the call ends. */
void call_execute(struct call *call, const struct cmd *cmd);

/* http_original.c, http_ops.c: serve the request when it is one of theirs. */
NODISCARD bool http_original_serve(struct http_door *door, struct http_request *req);
NODISCARD bool http_ops_serve(struct http_door *door, struct http_request *req);

/* http_foreign.c: whether a page of another origin made the browser send it. */
NODISCARD bool http_is_foreign(const struct http_request *req);

/* http_foreign.c: whether `host`, as in a Host header, is an address, a name without a dot, or one of the node. */
NODISCARD bool http_is_own_host(const struct http_names *names, struct slice host);

/* http_foreign.c: whether it is for another name, and comes from a browser, or other names are refused to all. */
NODISCARD bool http_is_misnamed(const struct http_names *names, const struct http_request *req);

/* 405 as a problem, with Allow. */
void http_no_method(struct http_request *req, const char *allow);

/* Answers with the error as a problem; `detail` NULL = the error's own text. */
void http_problem(struct http_request *req, int err, const char *detail);

#endif
