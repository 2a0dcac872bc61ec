/* http.c - libmicrohttpd inside a libuv loop: connections, deadlines, start and end. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/addr.h"
#include "net/http_impl.h"

enum {
    CONNECTIONS_DEFAULT = 1000,
    HEAD_DEFAULT = 16 * 1024,
    BODY_DEFAULT = 64 * 1024,
    REQUEST_MS_DEFAULT = 20000,
    IDLE_MS_DEFAULT = 75000,
    SWEEP_MS = 1000,
    RUNS_MAX = 16, /* of libmicrohttpd in a row, then the other handles of the loop have their turn */
    VAIN_RUNS_MAX = 4, /* in which it called nobody and still wants to run */
    VAIN_MS = 10,
};

/* ---- deadlines --------------------------------------------------------------------------------------------------- */

static void sweep_list(struct list *conns, uint64_t now_ms, uint64_t ms_max)
{
    LIST_EACH(conns, node, after) {
        struct http_conn *conn = CONTAINER_OF(node, struct http_conn, node);

        if (conn->since_ms + ms_max > now_ms)
            return;
        list_remove(node);
        /* libmicrohttpd sees the end of the stream and closes; a suspended connection it does not look at. */
        (void)shutdown(conn->fd, SHUT_RDWR);
        if (conn->call)
            http_call_drop(conn->call);
    }
}

static void server_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uint64_t now_ms = uv_now(server->loop);

    http_accept_sweep(server, now_ms);
    sweep_list(&server->reading, now_ms, server->opt.request_ms_max);
    sweep_list(&server->idle, now_ms, server->opt.idle_ms_max);
    if (list_empty(&server->reading) && list_empty(&server->idle) && list_empty(&server->fresh))
        (void)uv_timer_stop(timer);
}

void http_sweep_begin(struct http_server *server)
{
    if (!uv_is_active((uv_handle_t *)&server->sweep))
        (void)uv_timer_start(&server->sweep, server_sweep, SWEEP_MS, SWEEP_MS);
}

static void conn_move(struct http_conn *conn, struct list *to)
{
    list_remove(&conn->node);
    conn->since_ms = uv_now(conn->server->loop);
    if (!to || conn->server->closing)
        return;
    list_add_tail(to, &conn->node);
    http_sweep_begin(conn->server);
}

void http_conn_reading(struct http_conn *conn) { conn_move(conn, &conn->server->reading); }
void http_conn_busy(struct http_conn *conn) { conn_move(conn, NULL); }
void http_conn_idle(struct http_conn *conn) { conn_move(conn, &conn->server->idle); }

/*
 * libmicrohttpd takes a short read for the last one, and so misses the end of a stream that came together with its
 * last bytes. A shutdown of the reading side makes a new event of it; bytes not yet read stay readable.
 */
static void conn_hangup(uv_poll_t *poll, int status, int events)
{
    struct http_conn *conn = CONTAINER_OF(poll, struct http_conn, hangup);

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    conn->hung_up = true;
    if (conn->call && conn->call->watched)
        http_call_drop(conn->call);
    else
        (void)shutdown(conn->fd, SHUT_RD);
}

static void conn_closed(uv_handle_t *handle) { free(CONTAINER_OF(handle, struct http_conn, hangup)); }

static struct http_conn *conn_new(struct http_server *server, int fd)
{
    struct http_conn *conn = calloc(1, sizeof(*conn));

    if (!conn)
        return NULL;
    conn->server = server;
    conn->fd = fd;
    list_init(&conn->node);
    server->conn_count++;
    if (uv_poll_init_socket(server->loop, &conn->hangup, fd) == 0) {
        conn->watching = true;
        (void)uv_poll_start(&conn->hangup, UV_DISCONNECT, conn_hangup);
    }
    http_conn_reading(conn);
    return conn;
}

static void conn_end(struct http_conn *conn)
{
    struct http_server *server = conn->server;

    if (conn->call)
        http_call_free(conn->call);
    list_remove(&conn->node);
    server->conn_count--;
    if (conn->watching)
        uv_close((uv_handle_t *)&conn->hangup, conn_closed);
    else
        free(conn);
    http_accept_resume(server);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_conn *conn = *socket_ctx;

    ((struct http_server *)ctx)->progress++;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

        /* Without one http_on_uri() refuses the connection's requests. */
        *socket_ctx = info ? conn_new(ctx, info->connect_fd) : NULL;
        return;
    }
    if (conn)
        conn_end(conn);
    *socket_ctx = NULL;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void server_run(struct http_server *server);

static void server_due(uv_timer_t *timer) { server_run(timer->data); }

static void server_more(uv_idle_t *idle)
{
    (void)uv_idle_stop(idle);
    server_run(idle->data);
}

/*
 * libmicrohttpd spins over a body by chunks whose next size line is longer than its memory: it neither reads on nor
 * gives up. Such a connection, in the midst of a body with bytes that nobody reads, ends here.
 */
static void drop_stuck(struct http_server *server)
{
    LIST_EACH(&server->reading, node, after) {
        struct http_conn *conn = CONTAINER_OF(node, struct http_conn, node);
        int unread = 0;

        if (!conn->call || !conn->call->chunked || conn->call->stage != STAGE_BODY || conn->call->suspended ||
            ioctl(conn->fd, FIONREAD, &unread) < 0 || unread == 0)
            continue;
        list_remove(node);
        (void)shutdown(conn->fd, SHUT_RDWR);
        http_call_drop(conn->call);
    }
}

static void server_event(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(poll->data);
}

/* The epoll set is edge-triggered: a timeout of 0 means that there is work which no further event will announce. */
static void server_run(struct http_server *server)
{
    if (server->running || server->closing)
        return;
    server->running = true;
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    (void)uv_timer_stop(&server->due);
    for (int i = 0, vain = 0; i < RUNS_MAX && vain < VAIN_RUNS_MAX; i++) {
        uint64_t before = server->progress;
        server->resumed = false;
        (void)MHD_run(server->mhd);
        if (server->resumed) /* by a handler, which libmicrohttpd does not count as work to do */
            timeout_ms = 0;
        else if (MHD_get_timeout(server->mhd, &timeout_ms) != MHD_YES)
            goto out;
        if (timeout_ms > 0)
            break;
        vain = server->progress == before ? vain + 1 : 0;
        if (vain == VAIN_RUNS_MAX) {
            drop_stuck(server);
            timeout_ms = VAIN_MS;
        }
    }
    /* A timer of 0 ms would be due again before any other handle. */
    if (timeout_ms > 0)
        (void)uv_timer_start(&server->due, server_due, timeout_ms, 0);
    else
        (void)uv_idle_start(&server->more, server_more);
out:
    server->running = false;
}

void http_server_run_soon(struct http_server *server)
{
    server->resumed = true;
    if (!server->running && !server->closing)
        (void)uv_timer_start(&server->due, server_due, 0, 0);
}

void http_server_wake(struct http_server *server)
{
    struct list woken;

    /* Calls that still find no room join the list again. */
    list_take(&woken, &server->waiting);
    for (struct list *node; (node = list_pop(&woken));)
        http_call_resume(CONTAINER_OF(node, struct http_call, waiting));
}

static void on_complaint(void *ctx, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void on_complaint(void *ctx, const char *fmt, va_list args)
{
    struct http_server *server = ctx;
    char text[512];

    if (!server->opt.complain)
        return;
    (void)vsnprintf(text, sizeof(text), fmt, args);
    server->opt.complain(server->opt.ctx, text);
}

/* ---- start and end ----------------------------------------------------------------------------------------------- */

static void set_defaults(struct http_options *opt)
{
    if (opt->connections_max == 0)
        opt->connections_max = CONNECTIONS_DEFAULT;
    if (opt->head_bytes_max == 0)
        opt->head_bytes_max = HEAD_DEFAULT;
    if (opt->body_bytes_max == 0)
        opt->body_bytes_max = BODY_DEFAULT;
    if (opt->request_ms_max == 0)
        opt->request_ms_max = REQUEST_MS_DEFAULT;
    if (opt->idle_ms_max == 0)
        opt->idle_ms_max = IDLE_MS_DEFAULT;
}

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
    const struct http_options *opt = &server->opt;

    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        http_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server, MHD_OPTION_URI_LOG_CALLBACK,
        http_on_uri, server, MHD_OPTION_CONNECTION_LIMIT, opt->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        opt->head_bytes_max, MHD_OPTION_CONNECTION_TIMEOUT, opt->idle_ms_max / 1000 + 1,
        MHD_OPTION_STRICT_FOR_CLIENT, -1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static void server_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;

    if (--server->handles_open == 0)
        free(server);
}

static void open_handle(struct http_server *server, uv_handle_t *handle)
{
    handle->data = server;
    server->handles_open++;
}

static int watch_daemon(struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    int err = info ? uv_poll_init(server->loop, &server->poll, info->epoll_fd) : -ENOTSUP;

    if (err != 0)
        return err;
    open_handle(server, (uv_handle_t *)&server->poll);
    ENSURE(uv_timer_init(server->loop, &server->due) == 0);
    open_handle(server, (uv_handle_t *)&server->due);
    ENSURE(uv_idle_init(server->loop, &server->more) == 0);
    open_handle(server, (uv_handle_t *)&server->more);
    ENSURE(uv_timer_init(server->loop, &server->sweep) == 0);
    open_handle(server, (uv_handle_t *)&server->sweep);
    err = uv_poll_start(&server->poll, UV_READABLE, server_event);
    return err == 0 ? http_accept_open(server) : err;
}

int http_server_open(struct http_server **ret, uv_loop_t *loop, const struct http_options *opt, http_handler *fn,
                     void *ctx)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int err = -ENOMEM;

    if (!server)
        goto out_fd;
    *server = (struct http_server){.loop = loop, .opt = *opt, .fn = fn, .ctx = ctx};
    set_defaults(&server->opt);
    list_init(&server->fresh);
    list_init(&server->reading);
    list_init(&server->idle);
    list_init(&server->calls);
    list_init(&server->waiting);
    err = server->port = addr_bound_port(opt->listen_fd);
    if (err < 0)
        goto out_free;
    server->mhd = start_daemon(server);
    err = -ENOMEM;
    if (!server->mhd)
        goto out_free;
    err = watch_daemon(server);
    if (err == 0) {
        *ret = server;
        return 0;
    }
    if (server->handles_open > 0) {
        http_server_close(server);
        return err;
    }
    MHD_stop_daemon(server->mhd);
out_free:
    free(server);
out_fd:
    (void)close(opt->listen_fd);
    return err;
}

void http_server_stop_accepting(struct http_server *server)
{
    if (server->quiet)
        return;
    server->quiet = true;
    if (server->listen.data)
        uv_close((uv_handle_t *)&server->listen, server_closed);
    (void)close(server->opt.listen_fd);
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    ENSURE(!server->running && !server->closing);
    server->closing = true;
    http_server_stop_accepting(server);
    http_accept_close(server);
    /* libmicrohttpd refuses to stop while it has suspended connections. */
    LIST_EACH(&server->calls, node, after)
        http_call_drop(CONTAINER_OF(node, struct http_call, node));
    http_server_wake(server);
    uv_close((uv_handle_t *)&server->poll, server_closed);
    uv_close((uv_handle_t *)&server->due, server_closed);
    uv_close((uv_handle_t *)&server->more, server_closed);
    uv_close((uv_handle_t *)&server->sweep, server_closed);
    MHD_stop_daemon(server->mhd);
}

unsigned http_server_port(const struct http_server *server) { return (unsigned)server->port; }
size_t http_server_requests(const struct http_server *server) { return server->call_count; }
size_t http_server_connections(const struct http_server *server)
{
    return server->conn_count + server->fresh_count;
}
