/* http_request.c - one request: its head checked, its body collected, its reply sent. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "net/addr.h"
#include "net/http_impl.h"

enum {
    REFUSAL_BYTES_MAX = 4096,
    BODY_FIRST = 4096,               /* of a body of unknown length */
    DRAIN_BYTES_MAX = 64 * 1024 * 1024, /* of a body over its limit, so that the client sees the reply */
};

static const char BAD_REQUEST[] = "400 Bad Request", TOO_LARGE[] = "413 Request Entity Too Large",
                  BODY_TOO_LARGE[] = "the request is longer than any of its kind may be";

static void wake_server(struct http_server *server)
{
    if (!list_empty(&server->waiting))
        http_server_wake(server);
}

/* ---- the end of a call ------------------------------------------------------------------------------------------- */

static void free_body(struct http_call *call)
{
    if (call->body_size > 0 && call->server->opt.give)
        call->server->opt.give(call->server->opt.ctx, call->body_size);
    free(call->body);
    call->body = NULL;
    call->body_size = call->body_len = 0;
}

void http_call_free(struct http_call *call)
{
    struct http_server *server = call->server;

    if (call->handed) {
        call->handed = false;
        server->call_count--;
        if (call->req.on_gone)
            call->req.on_gone(&call->req);
    }
    list_remove(&call->node);
    list_remove(&call->waiting);
    if (call->conn)
        call->conn->call = NULL;
    if (call->response)
        MHD_destroy_response(call->response);
    for (struct http_header_line *line = call->extra, *next; line; line = next) {
        next = line->next;
        free(line->name);
        free(line);
    }
    free_body(call);
    buf_free(&call->stream);
    free(call->uri);
    free(call);
    wake_server(server);
}

void http_call_resume(struct http_call *call)
{
    if (!call->suspended)
        return;
    call->suspended = false;
    MHD_resume_connection(call->mhd);
    http_server_run_soon(call->server);
}

static void suspend(struct http_call *call)
{
    call->suspended = true;
    MHD_suspend_connection(call->mhd);
}

void http_call_drop(struct http_call *call)
{
    if (call->stage == STAGE_SENDING) {
        call->stream_cut = call->streams;
        http_call_resume(call);
        return;
    }
    call->stage = STAGE_DROPPED;
    list_remove(&call->waiting);
    http_call_resume(call);
}

void http_on_completed(void *ctx, struct MHD_Connection *mhd, void **call_ptr, enum MHD_RequestTerminationCode why)
{
    struct http_call *call = *call_ptr;

    ((struct http_server *)ctx)->progress++;
    (void)mhd;
    (void)why;
    if (!call)
        return;
    *call_ptr = NULL;
    http_conn_idle(call->conn);
    http_call_free(call);
}

/* ---- the head ---------------------------------------------------------------------------------------------------- */

/* How much of a request target stands before its path: "http://host/path?query" is the same as "/path?query". */
static size_t before_path(struct slice target)
{
    size_t at = sizeof("http://") - 1;

    if (target.len < at || strncasecmp(target.ptr, "http://", at) != 0)
        return 0;
    while (at < target.len && target.ptr[at] != '/' && target.ptr[at] != '?')
        at++;
    return at;
}

/* Splits the request target. False when it is no target. */
static bool split_uri(struct http_call *call)
{
    char *path = call->uri + before_path(slice_str(call->uri));
    char *mark = strchr(path, '?');
    struct slice raw = slice_of(path, mark ? (size_t)(mark - path) : strlen(path));

    if (mark)
        call->req.query = slice_str(mark + 1);
    /* Decoding never makes it longer: in place. */
    char *to = path;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned byte;
        char hex[3] = "";

        if (raw.ptr[i] != '%') {
            *to++ = raw.ptr[i];
            continue;
        }
        if (raw.len - i < 3)
            return false;
        memcpy(hex, raw.ptr + i + 1, 2);
        if (strspn(hex, "0123456789abcdefABCDEF") != 2 || sscanf(hex, "%2x", &byte) != 1)
            return false;
        *to++ = (char)byte;
        i += 2;
    }
    call->req.path = slice_of(path, (size_t)(to - path));
    return call->req.path.len == 0 ? path != call->uri : path != call->uri || *path == '/' || *path == '*';
}

void *http_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_conn *conn = info ? info->socket_context : NULL;
    struct http_call *call = conn ? calloc(1, sizeof(*call)) : NULL;

    ((struct http_server *)ctx)->progress++;
    if (!call)
        return NULL;
    call->uri = strdup(uri);
    if (!call->uri) {
        free(call);
        return NULL;
    }
    if (conn->call)
        http_call_free(conn->call);
    call->line_at = (uintptr_t)uri;
    call->server = ctx;
    call->conn = conn;
    call->mhd = mhd;
    conn->call = call;
    list_init(&call->node);
    list_init(&call->waiting);
    http_conn_reading(conn);
    return call;
}

struct head {
    const char *length; /* the first Content-Length */
    const char *encoding; /* the first Transfer-Encoding */
    bool two_lengths, two_hosts, host;
};

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct head *head = ctx;

    (void)kind;
    if (!value)
        value = "";
    if (strcasecmp(name, "content-length") == 0) {
        head->two_lengths = head->two_lengths || (head->length && strcmp(head->length, value) != 0);
        head->length = value;
    }
    if (strcasecmp(name, "transfer-encoding") == 0)
        head->encoding = head->encoding ? "" : value;
    if (strcasecmp(name, "host") == 0) {
        head->two_hosts = head->host;
        head->host = true;
    }
    return MHD_YES;
}

static enum MHD_Result send_now(struct http_call *call)
{
    call->stage = STAGE_SENDING;
    http_conn_busy(call->conn);
    return MHD_queue_response(call->mhd, call->status, call->response);
}

const char *http_explain(const struct http_server *server, struct slice target, unsigned status, const char *detail,
                         struct buf *out)
{
    const struct http_options *opt = &server->opt;
    size_t before = before_path(target);

    if (!opt->explain)
        return NULL;
    return opt->explain(opt->ctx, slice_of(target.ptr + before, target.len - before), status, detail, out);
}

/* Answers in the server's own name, as Go's does: the status as text, and the connection ends. */
static enum MHD_Result refuse(struct http_call *call, unsigned status, const char *text, const char *detail)
{
    struct buf body;

    buf_init(&body, REFUSAL_BYTES_MAX);
    const char *type = http_explain(call->server, slice_str(call->uri), status, detail, &body);
    call->stage = STAGE_HANDLED;
    http_reply(&call->req, status, type ? type : HTTP_TEXT, type ? buf_slice(&body) : slice_str(text));
    buf_free(&body);
    if (call->stage == STAGE_DROPPED)
        return MHD_NO;
    (void)MHD_add_response_header(call->response, MHD_HTTP_HEADER_CONNECTION, "close");
    return send_now(call);
}

/*
 * Whether a NUL ended the target before its blank: libmicrohttpd hands over what stands before it. The version stands
 * where the first line goes on, in the same memory.
 */
static bool is_cut(const struct http_call *call, const char *version)
{
    uintptr_t end = call->line_at + strlen(call->uri) + 1, next = (uintptr_t)version;

    return next > end && next - end < call->server->opt.head_bytes_max;
}

static enum MHD_Result take_head(struct http_call *call, const char *method, const char *version)
{
    const struct http_options *opt = &call->server->opt;
    struct head head = {.length = NULL};
    uint64_t length = 0;

    call->http10 = strcmp(version, "HTTP/1.0") == 0;
    call->cut = is_cut(call, version);
    call->req.method = slice_str(method);
    (void)MHD_get_connection_values(call->mhd, MHD_HEADER_KIND, on_header, &head);
    if (!call->http10 && strcmp(version, "HTTP/1.1") != 0)
        return refuse(call, 400, BAD_REQUEST, "HTTP is 1.0 or 1.1");
    if (!call->http10 && !head.host)
        return refuse(call, 400, "400 Bad Request: missing required Host header", "HTTP/1.1 needs a Host");
    if (head.two_hosts)
        return refuse(call, 400, "400 Bad Request: too many Host headers", "there is more than one Host");
    if (call->cut || !split_uri(call))
        return refuse(call, 400, BAD_REQUEST, "the path has a bad %XX or a NUL, or does not begin with a slash");
    if (head.two_lengths || (head.encoding && (head.length || strcasecmp(head.encoding, "chunked") != 0)) ||
        (head.length && !num_parse_u64(slice_str(head.length), &length)))
        return refuse(call, 400, BAD_REQUEST, "how long the body is must be said once, as a number or by chunks");
    call->req.content_type = http_header(&call->req, MHD_HTTP_HEADER_CONTENT_TYPE);
    call->chunked = head.encoding != NULL;
    call->body_due = length;
    call->stage = STAGE_BODY;
    call->body_max = opt->body_bytes_max;
    if (opt->body_max && (head.encoding || length > 0))
        call->body_max = min_u64(call->body_max, opt->body_max(opt->ctx, &call->req));
    if (length <= call->body_max)
        return MHD_YES;
    if (length > DRAIN_BYTES_MAX || http_header(&call->req, MHD_HTTP_HEADER_EXPECT).len > 0)
        return refuse(call, 413, TOO_LARGE, BODY_TOO_LARGE);
    call->refuse_status = 413;
    return MHD_YES;
}

/* ---- the body ---------------------------------------------------------------------------------------------------- */

/* Makes the body's memory `size` bytes; false when the budget or the machine has none now. */
static bool grow_body(struct http_call *call, size_t size)
{
    const struct http_options *opt = &call->server->opt;

    if (opt->take && !opt->take(opt->ctx, size - call->body_size))
        return false;
    char *body = realloc(call->body, size);
    if (!body) {
        if (opt->give)
            opt->give(opt->ctx, size - call->body_size);
        return false;
    }
    call->body = body;
    call->body_size = size;
    return true;
}

static enum MHD_Result take_body(struct http_call *call, const char *bytes, size_t *len)
{
    size_t need = call->body_len + *len, max = call->body_max;

    if (need > max && call->refuse_status == 0) {
        call->refuse_status = 413;
        call->body_due = 0;
        free_body(call);
        need = *len;
    }
    if (call->refuse_status != 0) {
        call->body_due += *len;
        *len = 0;
        return call->body_due > 2 * (uint64_t)DRAIN_BYTES_MAX ? MHD_NO : MHD_YES;
    }
    if (need > call->body_size) {
        /* A known length is asked for at once: two uploads that each hold a part would wait for each other. */
        size_t size = call->chunked ? max_u64(need, 2 * call->body_size) : max_u64(need, call->body_due);

        size = min_u64(max_u64(size, call->chunked ? BODY_FIRST : 0), max);
        if (!grow_body(call, size)) {
            list_remove(&call->waiting);
            list_add_tail(&call->server->waiting, &call->waiting);
            suspend(call);
            return MHD_YES;
        }
    }
    memcpy(call->body + call->body_len, bytes, *len);
    call->body_len += *len;
    *len = 0;
    return MHD_YES;
}

/* ---- the handler and its reply ----------------------------------------------------------------------------------- */

static enum MHD_Result hand_over(struct http_call *call)
{
    struct http_server *server = call->server;

    if (call->refuse_status != 0)
        return refuse(call, call->refuse_status, TOO_LARGE, BODY_TOO_LARGE);
    call->req.body = slice_of(call->body, call->body_len);
    call->stage = STAGE_HANDLED;
    call->handed = true;
    server->call_count++;
    list_add_tail(&server->calls, &call->node);
    http_conn_busy(call->conn);
    server->fn(server->ctx, &call->req);
    if (call->stage == STAGE_DROPPED)
        return MHD_NO;
    if (call->response)
        return send_now(call);
    call->stage = STAGE_PARKED;
    suspend(call);
    return MHD_YES;
}

enum MHD_Result http_on_request(void *ctx, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_bytes, void **call_ptr)
{
    struct http_call *call = *call_ptr;

    ((struct http_server *)ctx)->progress++;
    (void)mhd;
    (void)url;
    if (!call)
        return MHD_NO;
    switch (call->stage) {
    case STAGE_HEAD:
        return take_head(call, method, version);
    case STAGE_BODY:
        return *upload_bytes > 0 ? take_body(call, upload, upload_bytes) : hand_over(call);
    case STAGE_RESUMED:
        return send_now(call);
    case STAGE_PARKED:
    case STAGE_SENDING:
        *upload_bytes = 0;
        return MHD_YES;
    case STAGE_HANDLED:
    case STAGE_DROPPED:
        break;
    }
    return MHD_NO;
}

/* Gives the answer its headers and the call its answer. Takes `response` over; NULL = out of memory. */
void http_call_reply(struct http_call *call, unsigned status, const char *content_type, struct MHD_Response *response)
{
    bool good = response != NULL;

    if (good && content_type)
        good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES;
    for (const struct http_fixed_header *one = call->server->opt.headers; good && one && one->name; one++)
        good = MHD_add_response_header(response, one->name, one->value) == MHD_YES;
    for (const struct http_header_line *line = call->extra; good && line; line = line->next)
        good = MHD_add_response_header(response, line->name, line->value) == MHD_YES;
    if (good && call->http10)
        good = MHD_set_response_options(response, MHD_RF_HTTP_1_0_SERVER, MHD_RO_END) == MHD_YES;
    if (!good || call->stage == STAGE_DROPPED) {
        if (response)
            MHD_destroy_response(response);
        http_call_drop(call);
        return;
    }
    ENSURE(!call->response && (call->stage == STAGE_HANDLED || call->stage == STAGE_PARKED));
    call->response = response;
    call->status = status;
    if (call->stage == STAGE_PARKED) {
        call->stage = STAGE_RESUMED;
        http_call_resume(call);
    }
}

static struct http_call *call_of(struct http_request *req) { return CONTAINER_OF(req, struct http_call, req); }

void http_reply(struct http_request *req, unsigned status, const char *content_type, struct slice body)
{
    /* The library copies and does not write; its prototype is older than const. */
    void *from = body.len > 0 ? (void *)(uintptr_t)body.ptr : (void *)(uintptr_t) "";

    http_call_reply(call_of(req), status, content_type,
               MHD_create_response_from_buffer(body.len, from, MHD_RESPMEM_MUST_COPY));
}

void http_reply_buf(struct http_request *req, unsigned status, const char *content_type, struct buf *body)
{
    if (body->head > 0 || !body->ptr) {
        http_reply(req, status, content_type, buf_slice(body));
        buf_free(body);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(body->tail, body->ptr, MHD_RESPMEM_MUST_FREE);

    if (response)
        *body = (struct buf){.bytes_max = body->bytes_max};
    else
        buf_free(body);
    http_call_reply(call_of(req), status, content_type, response);
}

void http_drop(struct http_request *req) { http_call_drop(call_of(req)); }

bool http_add_header(struct http_request *req, const char *name, const char *value)
{
    struct http_call *call = call_of(req);
    struct http_header_line *line;
    size_t name_len = strlen(name), value_len = strlen(value);

    if (name_len == 0 || strpbrk(name, " :\t\r\n") || strpbrk(value, "\r\n"))
        return false;
    line = calloc(1, sizeof(*line));
    char *text = malloc(name_len + value_len + 2);
    if (!line || !text) {
        free(line);
        free(text);
        return false;
    }
    memcpy(text, name, name_len + 1);
    memcpy(text + name_len + 1, value, value_len + 1);
    *line = (struct http_header_line){.next = call->extra, .name = text, .value = text + name_len + 1};
    call->extra = line;
    return true;
}

struct slice http_header(const struct http_request *req, const char *name)
{
    const struct http_call *call = CONTAINER_OF((uintptr_t)req, const struct http_call, req);
    const char *value = MHD_lookup_connection_value(call->mhd, MHD_HEADER_KIND, name);

    return value ? slice_str(value) : slice_of(NULL, 0);
}

size_t http_peer_host(const struct http_request *req, char *to, size_t bytes)
{
    return addr_peer_host(CONTAINER_OF((uintptr_t)req, const struct http_call, req)->conn->fd, to, bytes);
}

struct each {
    void (*fn)(void *ctx, struct slice name, struct slice value);
    void *ctx;
};

static enum MHD_Result each_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const struct each *each = ctx;

    (void)kind;
    each->fn(each->ctx, slice_str(name), slice_str(value ? value : ""));
    return MHD_YES;
}

void http_each_header(const struct http_request *req, void (*fn)(void *ctx, struct slice name, struct slice value),
                      void *ctx)
{
    const struct http_call *call = CONTAINER_OF((uintptr_t)req, const struct http_call, req);
    struct each each = {.fn = fn, .ctx = ctx};

    (void)MHD_get_connection_values(call->mhd, MHD_HEADER_KIND, each_header, &each);
}

bool http_hung_up(const struct http_request *req)
{
    const struct http_conn *conn = CONTAINER_OF((uintptr_t)req, const struct http_call, req)->conn;
    struct pollfd look = {.fd = conn->fd, .events = POLLRDHUP};

    return conn->hung_up || poll(&look, 1, 0) > 0;
}

int http_watch(struct http_request *req)
{
    struct http_call *call = call_of(req);

    if (!call->conn->watching)
        return -ENOMEM;
    call->watched = true;
    if (call->conn->hung_up)
        http_call_drop(call);
    return 0;
}
