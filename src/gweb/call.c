/* call.c - see call.h. SPDX-License-Identifier: MIT */
#include "gweb/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "wire/form.h"
#include "wire/report_json.h"

enum { PROBLEM_BYTES = 8192 };

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void call_free_if_over(struct web_call *call)
{
    if (call->req || !call->answered)
        return;
    call->web->call_count--;
    call->web->answers_bytes -= call->answer_bytes;
    list_remove(&call->in_session);
    free(call->path_copy);
    free(call);
}

static void client_gone(struct http_request *req)
{
    struct web_call *call = req->user;
    void (*gone)(struct web_call *call) = call->gone;

    call->req = NULL;
    call->gone = NULL;
    if (call->streams)
        call->answered = true;
    if (gone) {
        /* What it answers now may not take the call away under it. */
        bool answered = call->answered;
        gone(call);
        if (!answered)
            return;
    }
    call_free_if_over(call);
}

struct web_call *web_call_new(struct web *web, struct http_request *req)
{
    struct web_call *call = calloc(1, sizeof(*call));
    char *path = call ? malloc(req->path.len + 1) : NULL;

    if (!path) {
        free(call);
        http_drop(req);
        return NULL;
    }
    memcpy(path, req->path.ptr, req->path.len);
    path[req->path.len] = '\0';
    call->web = web;
    call->req = req;
    call->path_copy = path;
    call->path = slice_of(path, req->path.len);
    list_init(&call->in_session);
    req->user = call;
    req->on_gone = client_gone;
    web->call_count++;
    return call;
}

/* ---- what was asked ---------------------------------------------------------------------------------------------- */

struct slice web_call_part(const struct web_call *call, size_t index)
{
    return index < call->part_count ? call->parts[index] : slice_of(NULL, 0);
}

bool web_call_query(const struct web_call *call, const char *key, struct buf *scratch, struct slice *ret)
{
    return call->req && form_get(call->req->query, key, scratch, ret);
}

/* ---- for the audit log ------------------------------------------------------------------------------------------- */

void web_call_target(struct web_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(call->target, sizeof(call->target), fmt, args);
    va_end(args);
}

void web_call_detail(struct web_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(call->detail, sizeof(call->detail), fmt, args);
    va_end(args);
}

void web_call_count(struct web_call *call, uint64_t count)
{
    call->counted = true;
    call->count = count;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

void web_call_header(struct web_call *call, const char *name, const char *value)
{
    if (call->req && !http_add_header(call->req, name, value))
        call->failed = true;
}

/* Who is nobody leaves no trace but by a login: anybody could fill the log. */
static void write_audit(const struct web_call *call, const char *result)
{
    if (!call->route || !call->route->action || call->unaudited ||
        (call->role == ROLE_ANYBODY && call->route->role != ROLE_ANYBODY))
        return;
    const struct audit_entry entry = {
        .at_ms = clock_wall_ms(), .user = call->user, .address = call->address, .action = call->route->action,
        .target = call->target, .result = result, .detail = call->detail, .counted = call->counted,
        .count = call->count,
    };
    audit_write(&call->web->audit, &entry);
}

/* Everything that goes out goes through here. The memory of `body` is taken over. */
static void answer(struct web_call *call, unsigned status, const char *type, struct buf *body, const char *result)
{
    ENSURE(!call->answered && !call->streams);
    write_audit(call, result);
    web_call_header(call, "Cache-Control", "no-store");
    call->answered = true;
    if (!call->req)
        call_free_if_over(call);
    else if (call->failed)
        http_drop(call->req);
    else
        http_reply_buf(call->req, status, type, body);
    buf_free(body);
}

void web_call_json(struct web_call *call, unsigned status, struct buf *body, bool ok)
{
    if (ok) {
        answer(call, status, HTTP_JSON, body, "ok");
        return;
    }
    buf_free(body);
    web_call_problem(call, GMQ_E_MEMORY_LIMIT, NULL);
}

void web_call_reply(struct web_call *call, unsigned status, const char *type, struct slice bytes, const char *result)
{
    struct web *web = call->web;
    struct buf body;

    /* Browsers may be slow to take it, or never do. What was changed is told all the same. */
    if (call->route && !call->route->action && bytes.len > WEB_ANSWERS_BYTES_MAX - web->answers_bytes) {
        web_call_header(call, "Retry-After", "1");
        web_call_problem(call, GMQ_E_BUSY, NULL);
        return;
    }
    if (call->route && !call->route->action)
        web->answers_bytes += call->answer_bytes = bytes.len;
    buf_init(&body, bytes.len);
    if (bytes.len > 0 && !buf_append(&body, bytes.ptr, bytes.len))
        call->failed = true;
    answer(call, status, type, &body, result);
}

void web_call_done(struct web_call *call) { web_call_reply(call, 204, NULL, slice_of(NULL, 0), "ok"); }

void web_call_problem(struct web_call *call, int err, const char *detail)
{
    struct buf body;

    buf_init(&body, PROBLEM_BYTES);
    if (!report_json_problem(&body, err, slice_str(detail ? detail : err_text(err))))
        call->failed = true;
    answer(call, (unsigned)err_http_status(err), WEB_PROBLEM, &body, err_name(err));
}

void web_problem(struct http_request *req, int err, const char *detail)
{
    struct buf body;

    buf_init(&body, PROBLEM_BYTES);
    if (report_json_problem(&body, err, slice_str(detail ? detail : err_text(err))))
        http_reply_buf(req, (unsigned)err_http_status(err), WEB_PROBLEM, &body);
    else
        http_drop(req);
    buf_free(&body);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

void web_call_stream(struct web_call *call, const char *type, size_t bytes_max)
{
    ENSURE(call->req && !call->answered && !call->streams);
    call->streams = true;
    if (!call->session)
        list_add_tail(&call->web->streams, &call->in_session);
    web_call_header(call, "Cache-Control", "no-store");
    web_call_header(call, "X-Accel-Buffering", "no");
    http_stream_begin(call->req, 200, type, bytes_max);
}

/* The rest of what the client has got already. */
static void ended_stream_gone(struct http_request *req) { call_free_if_over(req->user); }

void web_call_set_session(struct web_call *call, struct session *session)
{
    list_remove(&call->in_session);
    call->session = session;
    list_add_tail(&session->calls, &call->in_session);
}

void web_call_end_session(struct list *calls)
{
    for (struct list *node; (node = list_pop(calls));) {
        struct web_call *call = CONTAINER_OF(node, struct web_call, in_session);
        struct http_request *req = call->req;
        void (*gone)(struct web_call *call) = call->gone;

        call->session = NULL;
        if (!call->streams || !req)
            continue;
        call->req = NULL;
        call->gone = NULL;
        call->answered = true;
        req->on_gone = ended_stream_gone;
        if (gone)
            gone(call);
        http_stream_end(req);
    }
}
