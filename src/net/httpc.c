/* httpc.c - libcurl's multi interface on a libuv loop. SPDX-License-Identifier: MIT */
#include "net/httpc.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/addr.h"

enum { URL_BYTES = 4096, ERR_BYTES = URL_BYTES + 512, CONNS_MAX = 64, STREAM_BYTES_MIN = 64 << 10, LONG_BYTES = 1 << 20,
       HELD_BYTES_MAX = 128 << 20 };

static const char SCHEME[] = "http://";

struct httpc {
    uv_loop_t *loop;
    uv_timer_t timer; /* libcurl's */
    uv_timer_t soon;  /* answers the calls that failed at once */
    unsigned handles_open;
    bool global, closing;
    bool in_timer;    /* timer_event() is running */
    CURLM *multi;
    struct list calls;  /* handed to libcurl */
    struct list failed; /* wait for `soon` */
    struct list ready;  /* by `in_ready`: have something for their callbacks */
};

struct httpc_call {
    struct list node, in_ready;
    struct httpc *client;
    struct httpc_request req;
    CURL *easy;
    struct curl_slist *headers;
    uv_timer_t idle;
    bool has_idle;
    struct buf body;
    bool began;      /* begun() was called */
    bool finished;   /* libcurl is done with it: `code` */
    bool idled;      /* nothing came for too long */
    bool halted;     /* libcurl waits until there is room in `body` */
    bool *ret_freed; /* of who looks whether a callback has ended the call, or NULL */
    CURLcode code;
    char dialed[ADDR_TEXT_BYTES]; /* the address tried last */
    char *url;
    char err[ERR_BYTES];
};

/* One socket of libcurl, watched. */
struct watch {
    uv_poll_t poll;
    struct httpc *client;
    curl_socket_t fd;
};

static void idle_closed(uv_handle_t *handle) { free(handle->data); }

static void call_free(struct httpc_call *call)
{
    list_remove(&call->node);
    list_remove(&call->in_ready);
    if (call->ret_freed)
        *call->ret_freed = true;
    if (call->easy) {
        (void)curl_multi_remove_handle(call->client->multi, call->easy);
        curl_easy_cleanup(call->easy);
    }
    curl_slist_free_all(call->headers);
    buf_free(&call->body);
    free(call->url);
    if (call->has_idle)
        uv_close((uv_handle_t *)&call->idle, idle_closed);
    else
        free(call);
}

/* As Go: the method as a word, `Get`. */
static void call_fail(struct httpc_call *call, const char *why)
{
    const char *method = call->req.method ? call->req.method : "GET";
    size_t at = (size_t)snprintf(call->err, sizeof(call->err), "%.16s", method);

    for (size_t i = 1; i < at; i++)
        call->err[i] = (char)tolower((unsigned char)call->err[i]);
    (void)snprintf(call->err + at, sizeof(call->err) - at, " \"%s\": %s", call->url, why);
}

static void call_finish(struct httpc_call *call, const struct httpc_result *result)
{
    call->req.done(call->req.ctx, result);
    call_free(call);
}

/* ---- what went wrong, in Go's words ------------------------------------------------------------------------------ */

static void explain_connect(struct httpc_call *call, char *why, size_t size)
{
    char text[128];
    long err = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &err);
    addr_error_text(err > 0 ? (int)err : ECONNREFUSED, text, sizeof(text));
    (void)snprintf(why, size, "dial tcp %s: connect: %s", call->dialed, text);
}

static void explain(struct httpc_call *call, CURLcode code)
{
    char why[URL_BYTES + 128];
    curl_off_t connected_us = 0;
    long connects = 0;

    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        (void)snprintf(why, sizeof(why), "dial tcp: lookup %.*s: no such host",
                       (int)strcspn(call->url + strlen(SCHEME), ":/"), call->url + strlen(SCHEME));
        break;
    case CURLE_COULDNT_CONNECT:
        explain_connect(call, why, sizeof(why));
        break;
    case CURLE_OPERATION_TIMEDOUT:
        (void)curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
        (void)curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
        if (call->idled)
            (void)snprintf(why, sizeof(why), "nothing came for %u ms", call->req.idle_ms);
        else if (connected_us > 0 || (call->req.keep && connects == 0))
            (void)snprintf(why, sizeof(why),
                           "context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        else
            (void)snprintf(why, sizeof(why), "dial tcp %s: i/o timeout", call->dialed);
        break;
    case CURLE_GOT_NOTHING:
        (void)snprintf(why, sizeof(why), "EOF");
        break;
    case CURLE_RECV_ERROR:
        (void)snprintf(why, sizeof(why), "read tcp %s: connection reset by peer", call->dialed);
        break;
    case CURLE_PARTIAL_FILE:
        (void)snprintf(why, sizeof(why), "unexpected EOF");
        break;
    case CURLE_URL_MALFORMAT:
        (void)snprintf(why, sizeof(why), "invalid URL");
        break;
    case CURLE_WRITE_ERROR:
        (void)snprintf(why, sizeof(why), "the reply is longer than %zu bytes", call->req.body_bytes_max);
        break;
    default:
        (void)snprintf(why, sizeof(why), "%s", curl_easy_strerror(code));
        break;
    }
    call_fail(call, why);
}

/* ---- libcurl's callbacks ----------------------------------------------------------------------------------------- */

/* The end of the call, once everything before it was taken. */
static void tell_end(struct httpc_call *call)
{
    struct httpc_result result = {.err = NULL};
    long status = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (call->code != CURLE_OK || status < 100) {
        explain(call, call->code);
        result.err = call->err;
        result.late = call->code == CURLE_OPERATION_TIMEDOUT;
    } else {
        result.status = (unsigned)status;
        result.body = buf_slice(&call->body);
    }
    call_finish(call, &result);
}

static void tell_begun(struct httpc_call *call)
{
    long status = 0;

    if (call->began)
        return;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    call->began = true;
    if (status >= 100 && call->req.begun)
        call->req.begun(call->req.ctx, (unsigned)status);
}

/* Tells the call's owner what has come. */
static void call_tell(struct httpc_call *call)
{
    bool freed = false;

    call->ret_freed = &freed;
    if (!call->finished || call->code == CURLE_OK || buf_len(&call->body) > 0)
        tell_begun(call);
    if (!freed && call->req.piece && buf_len(&call->body) > 0) {
        size_t taken = call->req.piece(call->req.ctx, buf_slice(&call->body));
        if (freed)
            return;
        ENSURE(taken <= buf_len(&call->body));
        buf_consume(&call->body, taken);
    }
    if (freed)
        return;
    call->ret_freed = NULL;
    if (buf_len(&call->body) == 0 && call->req.piece)
        buf_free(&call->body); /* a stream that rests keeps no memory */
    if (call->halted && buf_len(&call->body) < call->req.body_bytes_max / 2) {
        call->halted = false;
        (void)curl_easy_pause(call->easy, CURLPAUSE_CONT);
    }
    if (call->finished && (!call->req.piece || buf_len(&call->body) == 0))
        tell_end(call);
}

static void make_ready(struct httpc_call *call)
{
    if (list_empty(&call->in_ready))
        list_add_tail(&call->client->ready, &call->in_ready);
}

/* Takes out of libcurl what it has, then tells everybody: callbacks may call us again. */
static void take_results(struct httpc *client)
{
    CURLMsg *msg;
    int left;

    while (!client->closing && (msg = curl_multi_info_read(client->multi, &left))) {
        struct httpc_call *call;

        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result;
        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        call->finished = true;
        call->code = code;
        if (call->has_idle)
            (void)uv_timer_stop(&call->idle);
        make_ready(call);
    }
    for (struct list *node; !client->closing && (node = list_pop(&client->ready));)
        call_tell(CONTAINER_OF(node, struct httpc_call, in_ready));
}

static void watch_event(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct httpc *client = watch->client;
    int flags = 0, running;

    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(client->multi, watch->fd, flags, &running);
    take_results(client);
}

static void watch_closed(uv_handle_t *handle) { free(handle->data); }

static struct watch *watch_open(struct httpc *client, curl_socket_t fd)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    if (uv_poll_init_socket(client->loop, &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->client = client;
    watch->fd = fd;
    (void)curl_multi_assign(client->multi, fd, watch);
    return watch;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct httpc *client = ctx;
    struct watch *watch = socket_ctx;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            (void)curl_multi_assign(client->multi, fd, NULL);
            uv_close((uv_handle_t *)&watch->poll, watch_closed);
        }
        return 0;
    }
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    if (!watch)
        watch = watch_open(client, fd);
    return watch && uv_poll_start(&watch->poll, events, watch_event) == 0 ? 0 : -1;
}

static void timer_event(uv_timer_t *timer)
{
    struct httpc *client = timer->data;
    int running;

    client->in_timer = true;
    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_results(client);
    client->in_timer = false;
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct httpc *client = ctx;

    (void)multi;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        return uv_timer_stop(&client->timer);
    /* One of 0 ms that begins itself anew is due before any other handle, as long as somebody goes on sending. */
    if (client->in_timer && timeout_ms == 0)
        timeout_ms = 1;
    return uv_timer_start(&client->timer, timer_event, (uint64_t)timeout_ms, 0);
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *sa)
{
    struct httpc_call *call = ctx;

    (void)purpose;
    addr_format_sockaddr(&sa->addr, call->dialed);
    return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* What long answers hold together: each for itself may be within its bound. */
static bool holds_too_much(const struct httpc_call *call)
{
    size_t held = 0;

    if (buf_len(&call->body) <= LONG_BYTES)
        return false;
    LIST_EACH(&call->client->calls, node, after)
        held += buf_len(&CONTAINER_OF(node, struct httpc_call, node)->body);
    return held > HELD_BYTES_MAX;
}

static size_t on_body(char *ptr, size_t size, size_t count, void *ctx)
{
    struct httpc_call *call = ctx;

    if (call->has_idle)
        (void)uv_timer_again(&call->idle);
    if (call->req.begun || call->req.piece)
        make_ready(call);
    if (!holds_too_much(call) && buf_append(&call->body, ptr, size * count))
        return size * count;
    if (!call->req.piece || buf_len(&call->body) == 0)
        return 0;
    call->halted = true;
    if (call->has_idle)
        (void)uv_timer_stop(&call->idle);
    return CURL_WRITEFUNC_PAUSE;
}

static void idle_event(uv_timer_t *timer)
{
    struct httpc_call *call = timer->data;

    call->finished = call->idled = true;
    call->code = CURLE_OPERATION_TIMEDOUT;
    (void)uv_timer_stop(timer);
    (void)curl_multi_remove_handle(call->client->multi, call->easy);
    make_ready(call);
    take_results(call->client);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static void soon_event(uv_timer_t *timer)
{
    struct httpc *client = timer->data;

    if (!list_empty(&client->ready))
        take_results(client);
    while (!client->closing && !list_empty(&client->failed)) {
        struct httpc_call *call = CONTAINER_OF(client->failed.next, struct httpc_call, node);

        call_finish(call, &(struct httpc_result){.err = call->err});
    }
}

static int open_multi(struct httpc *client)
{
    if (client->multi)
        return 0;
    if (!client->global && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    client->global = true;
    client->multi = curl_multi_init();
    if (!client->multi)
        return -ENOMEM;
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNS_MAX);
    return 0;
}

static bool add_line(struct httpc_call *call, const char *line)
{
    struct curl_slist *list = curl_slist_append(call->headers, line);

    if (list)
        call->headers = list;
    return list != NULL;
}

/* Method, headers and body. Left to itself libcurl waits for a 100 before long bodies, and calls every body a form. */
static bool set_sent(struct httpc_call *call)
{
    static const char TYPE[] = "Content-Type:";
    const struct httpc_request *req = &call->req;
    bool typed = false, ok = true;

    for (const char *const *line = req->headers; line && *line; line++) {
        ok = ok && add_line(call, *line);
        typed = typed || strncasecmp(*line, TYPE, strlen(TYPE)) == 0;
    }
    if (req->method) {
        ok = ok && add_line(call, "Expect:") && (typed || add_line(call, TYPE));
        if (req->body.len > 0 || req->method[0] == 'P') /* POST, PUT and PATCH have a body, if an empty one */
            ok = ok &&
                 curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len) == CURLE_OK &&
                 curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, req->body.ptr ? req->body.ptr : "") == CURLE_OK;
        ok = ok && curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, req->method) == CURLE_OK;
    }
    return ok && (!call->headers || curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK);
}

static bool set_options(struct httpc_call *call)
{
    CURL *easy = call->easy;
    char url[URL_BYTES + 16];
    const char *rest = call->url + strlen(SCHEME);
    long fresh = call->req.keep ? 0 : 1, timeout_ms = (long)call->req.timeout_ms;

    /* As Go: no host before the port means this machine. */
    (void)snprintf(url, sizeof(url), "%s%s%s", SCHEME, rest[0] == ':' ? "127.0.0.1" : "", rest);
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, call) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "gmq/" GMQ_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms > 0 ? timeout_ms : (long)call->req.idle_ms) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK && set_sent(call);
}

/* Why the URL cannot be asked for, or NULL. */
static const char *bad_url(const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0)
        return "TLS is not available yet";
    if (strncasecmp(url, SCHEME, strlen(SCHEME)) != 0)
        return "unsupported protocol scheme";
    if (url[strlen(SCHEME)] == '/' || url[strlen(SCHEME)] == '\0')
        return "http: no Host in request URL";
    return NULL;
}

/* Makes a call; one that cannot be asked is put among the failed, to be answered soon. */
static struct httpc_call *call_new(struct httpc *client, const struct httpc_request *req)
{
    struct httpc_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->client = client;
    call->req = *req;
    list_init(&call->node);
    list_init(&call->in_ready);
    buf_init(&call->body, req->body_bytes_max);
    (void)snprintf(call->dialed, sizeof(call->dialed), "?");
    call->url = strdup(req->url);
    if (call->url)
        return call;
    free(call);
    return NULL;
}

static void idle_begin(struct httpc_call *call)
{
    if (call->req.idle_ms == 0)
        return;
    ENSURE(uv_timer_init(call->client->loop, &call->idle) == 0);
    call->idle.data = call;
    call->has_idle = true;
    ENSURE(uv_timer_start(&call->idle, idle_event, call->req.idle_ms, call->req.idle_ms) == 0);
}

int httpc_get(struct httpc *client, const struct httpc_request *req, struct httpc_call **ret_call)
{
    ENSURE(!client->closing && (req->timeout_ms > 0 || req->idle_ms > 0) && req->done);
    ENSURE(!req->piece || req->body_bytes_max >= STREAM_BYTES_MIN);
    if (strlen(req->url) >= URL_BYTES)
        return -ENAMETOOLONG;
    const char *why = bad_url(req->url);
    int err = why ? 0 : open_multi(client);
    if (err != 0)
        return err;
    struct httpc_call *call = call_new(client, req);
    if (!call)
        return -ENOMEM;
    if (why) {
        call_fail(call, why);
        list_add_tail(&client->failed, &call->node);
        (void)uv_timer_start(&client->soon, soon_event, 0, 0);
    } else {
        call->easy = curl_easy_init();
        list_add_tail(&client->calls, &call->node);
        if (!call->easy || !set_options(call) || curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
            call_free(call);
            return -ENOMEM;
        }
        idle_begin(call);
    }
    if (ret_call)
        *ret_call = call;
    return 0;
}

void httpc_cancel(struct httpc_call *call) { call_free(call); }

void httpc_resume(struct httpc_call *call)
{
    if (!call->easy)
        return;
    if (call->has_idle && !call->finished)
        (void)uv_timer_again(&call->idle);
    make_ready(call);
    (void)uv_timer_start(&call->client->soon, soon_event, 0, 0);
}

struct slice httpc_header(const struct httpc_call *call, const char *name)
{
    struct curl_header *header;

    if (!call->easy || curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return slice_of(NULL, 0);
    return slice_str(header->value);
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

int httpc_open(struct httpc **ret, uv_loop_t *loop)
{
    struct httpc *client = calloc(1, sizeof(*client));

    if (!client)
        return -ENOMEM;
    client->loop = loop;
    list_init(&client->calls);
    list_init(&client->failed);
    list_init(&client->ready);
    ENSURE(uv_timer_init(loop, &client->timer) == 0 && uv_timer_init(loop, &client->soon) == 0);
    client->timer.data = client->soon.data = client;
    client->handles_open = 2;
    *ret = client;
    return 0;
}

static void client_closed(uv_handle_t *handle)
{
    struct httpc *client = handle->data;

    if (--client->handles_open == 0)
        free(client);
}

void httpc_close(struct httpc *client)
{
    if (!client)
        return;
    client->closing = true;
    while (!list_empty(&client->calls))
        call_free(CONTAINER_OF(client->calls.next, struct httpc_call, node));
    while (!list_empty(&client->failed))
        call_free(CONTAINER_OF(client->failed.next, struct httpc_call, node));
    if (client->multi)
        (void)curl_multi_cleanup(client->multi);
    if (client->global)
        curl_global_cleanup();
    uv_close((uv_handle_t *)&client->timer, client_closed);
    uv_close((uv_handle_t *)&client->soon, client_closed);
}
