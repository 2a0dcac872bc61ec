/* httpc.c - libcurl's multi interface on a libuv loop. SPDX-License-Identifier: MIT */
#include "net/httpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/addr.h"

enum { URL_BYTES = 4096, ERR_BYTES = URL_BYTES + 512, CONNS_MAX = 64 };

static const char SCHEME[] = "http://";

struct httpc {
    uv_loop_t *loop;
    uv_timer_t timer; /* libcurl's */
    uv_timer_t soon;  /* answers the calls that failed at once */
    unsigned handles_open;
    bool global, closing;
    CURLM *multi;
    struct list calls;  /* handed to libcurl */
    struct list failed; /* wait for `soon` */
};

struct httpc_call {
    struct list node;
    struct httpc *client;
    struct httpc_request req;
    CURL *easy;
    struct buf body;
    bool too_long;
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

static void call_free(struct httpc_call *call)
{
    list_remove(&call->node);
    if (call->easy) {
        (void)curl_multi_remove_handle(call->client->multi, call->easy);
        curl_easy_cleanup(call->easy);
    }
    buf_free(&call->body);
    free(call->url);
    free(call);
}

static void call_fail(struct httpc_call *call, const char *why)
{
    (void)snprintf(call->err, sizeof(call->err), "Get \"%s\": %s", call->url, why);
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
        if (connected_us > 0)
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

static void take_results(struct httpc *client)
{
    CURLMsg *msg;
    int left;

    while (!client->closing && (msg = curl_multi_info_read(client->multi, &left))) {
        struct httpc_result result = {.err = NULL};
        struct httpc_call *call;
        long status = 0;

        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result;
        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK || status < 100) {
            explain(call, code);
            result.err = call->err;
        } else {
            result.status = (unsigned)status;
            result.body = buf_slice(&call->body);
        }
        call_finish(call, &result);
    }
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

    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_results(client);
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct httpc *client = ctx;

    (void)multi;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        return uv_timer_stop(&client->timer);
    return uv_timer_start(&client->timer, timer_event, (uint64_t)timeout_ms, 0);
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *sa)
{
    struct httpc_call *call = ctx;

    (void)purpose;
    addr_format_sockaddr(&sa->addr, call->dialed);
    return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

static size_t on_body(char *ptr, size_t size, size_t count, void *ctx)
{
    struct httpc_call *call = ctx;

    return buf_append(&call->body, ptr, size * count) ? size * count : 0;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static void soon_event(uv_timer_t *timer)
{
    struct httpc *client = timer->data;

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

static bool set_options(struct httpc_call *call)
{
    CURL *easy = call->easy;
    char url[URL_BYTES + 16];
    const char *rest = call->url + strlen(SCHEME);

    /* As Go: no host before the port means this machine. */
    (void)snprintf(url, sizeof(url), "%s%s%s", SCHEME, rest[0] == ':' ? "127.0.0.1" : "", rest);
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, call) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "gmq/" GMQ_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->req.timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->req.timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK;
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
    buf_init(&call->body, req->body_bytes_max);
    (void)snprintf(call->dialed, sizeof(call->dialed), "?");
    call->url = strdup(req->url);
    if (call->url)
        return call;
    free(call);
    return NULL;
}

int httpc_get(struct httpc *client, const struct httpc_request *req, struct httpc_call **ret_call)
{
    ENSURE(!client->closing && req->timeout_ms > 0 && req->done);
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
    }
    if (ret_call)
        *ret_call = call;
    return 0;
}

void httpc_cancel(struct httpc_call *call) { call_free(call); }

/* ---- the client -------------------------------------------------------------------------------------------------- */

int httpc_open(struct httpc **ret, uv_loop_t *loop)
{
    struct httpc *client = calloc(1, sizeof(*client));

    if (!client)
        return -ENOMEM;
    client->loop = loop;
    list_init(&client->calls);
    list_init(&client->failed);
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
