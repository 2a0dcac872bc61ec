/* tcp.c - see tcp.h. SPDX-License-Identifier: MIT */
#include "net/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/addr.h"

enum {
    SWEEP_MS = 1000,
    BACKLOG = 1024,
    OUT_KEPT_BYTES = 16 * 1024, /* of memory for the next replies of a connection to which all was sent */
};

static void settle(struct tcp_conn *conn);

/* ---- budget ------------------------------------------------------------------------------------------------------ */

static bool take_budget(struct tcp_conn *conn)
{
    struct tcp_server *server = conn->server;
    size_t want = conn->need > (server->tight ? TCP_READ_TIGHT_BYTES : TCP_IN_FREE_BYTES) ? conn->need : 0;

    if (want <= conn->budget)
        return true;
    size_t more = want - conn->budget;
    if (server->in_budget > 0 && server->tight)
        return false;
    if (server->in_budget > 0 && more > server->options.in_budget_bytes - min_u64(server->options.in_budget_bytes,
                                                                                    server->in_budget))
        return false;
    server->in_budget += more;
    conn->budget = want;
    return true;
}

static void give_budget(struct tcp_conn *conn)
{
    struct tcp_server *server = conn->server;

    if (conn->budget == 0)
        return;
    server->in_budget -= conn->budget;
    conn->budget = 0;
    struct list *next = list_pop(&server->line);
    if (next)
        settle(CONTAINER_OF(next, struct tcp_conn, in_line));
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

static void accept_waiting(struct tcp_server *server);

static void count_out(struct tcp_conn *conn)
{
    size_t bytes = conn->closing ? 0 : conn->out.size + conn->writing.size;

    conn->server->out_bytes += bytes - conn->out_counted;
    conn->out_counted = bytes;
}

static void count_in(struct tcp_conn *conn)
{
    size_t bytes = conn->closing ? 0 : conn->in.size;

    conn->server->in_bytes += bytes - conn->in_counted;
    conn->in_counted = bytes;
}

static void conn_closed(uv_handle_t *handle)
{
    struct tcp_conn *conn = (struct tcp_conn *)(void *)handle;
    struct tcp_server *server = conn->server;

    buf_free(&conn->in);
    buf_free(&conn->out);
    buf_free(&conn->writing);
    free(conn);
    server->count--;
    if (server->accept_pending)
        accept_waiting(server);
}

static void conn_close(struct tcp_conn *conn)
{
    if (conn->closing)
        return;
    conn->closing = true;
    list_remove(&conn->in_line);
    list_remove(&conn->in_dirty);
    list_remove(&conn->in_conns);
    give_budget(conn);
    count_out(conn);
    count_in(conn);
    conn->server->options.ops->closed(conn);
    uv_close((uv_handle_t *)&conn->handle, conn_closed);
}

void tcp_end(struct tcp_conn *conn)
{
    conn->ending = true;
    tcp_touch(conn);
}

void tcp_touch(struct tcp_conn *conn)
{
    count_out(conn);
    if (!conn->closing && list_empty(&conn->in_dirty))
        list_add_tail(&conn->server->dirty, &conn->in_dirty);
}

/* While others wait for budget, who holds some and sends nothing is closed. The timer runs only then. */
static void sweep(uv_timer_t *timer)
{
    struct tcp_server *server = CONTAINER_OF(timer, struct tcp_server, sweep);
    uint64_t now = uv_now(timer->loop);

    if (list_empty(&server->line)) {
        (void)uv_timer_stop(timer);
        return;
    }
    LIST_EACH(&server->conns, node, next) {
        struct tcp_conn *conn = CONTAINER_OF(node, struct tcp_conn, in_conns);
        if (conn->budget > 0 && conn->reading && now - conn->moved_ms > TCP_STUCK_MS) {
            conn_close(conn);
            return;
        }
    }
}

/* The connection waits for budget. */
static void join_line(struct tcp_conn *conn)
{
    struct tcp_server *server = conn->server;

    if (!list_empty(&conn->in_line))
        return;
    list_add_tail(&server->line, &conn->in_line);
    if (!uv_is_active((uv_handle_t *)&server->sweep))
        (void)uv_timer_start(&server->sweep, sweep, SWEEP_MS, SWEEP_MS);
}

/* ---- input ------------------------------------------------------------------------------------------------------- */

static bool is_waiting(const struct tcp_conn *conn)
{
    return conn->server->options.ops->waiting && conn->server->options.ops->waiting(conn);
}

static void alloc_shared(uv_handle_t *handle, size_t hint, uv_buf_t *ret)
{
    const struct tcp_conn *conn = (const struct tcp_conn *)(void *)handle;
    size_t kept = buf_len(&conn->in);

    (void)hint;
    size_t most = conn->server->tight ? TCP_READ_TIGHT_BYTES : TCP_READ_BYTES;
    if (kept < TCP_IN_FREE_BYTES && is_waiting(conn))
        most = min_u64(most, TCP_IN_FREE_BYTES - kept);
    *ret = uv_buf_init(conn->server->shared, (unsigned)most);
}

static bool can_take(const struct tcp_conn *conn)
{
    return !conn->ending && tcp_unsent(conn) < conn->server->options.out_pause_bytes &&
           conn->server->options.ops->ready(conn);
}

/* Offers the kept input; gives memory and budget back when all of it is taken. */
static void offer_kept(struct tcp_conn *conn)
{
    if (buf_len(&conn->in) == 0 || !can_take(conn))
        return;
    size_t taken = conn->server->options.ops->input(conn, buf_slice(&conn->in), conn->eof);
    if (taken == 0)
        return;
    conn->server->took = true;
    buf_consume(&conn->in, taken);
    if (buf_len(&conn->in) > 0)
        return;
    conn->need = 0;
    buf_free(&conn->in);
    give_budget(conn);
    if (conn->eof)
        tcp_end(conn);
}

static void got_bytes(struct tcp_conn *conn, const char *bytes, size_t len)
{
    size_t taken = 0;

    if (buf_len(&conn->in) == 0 && can_take(conn))
        taken = conn->server->options.ops->input(conn, slice_of(bytes, len), false);
    if (conn->ending || taken == len)
        return;
    if (!buf_append(&conn->in, bytes + taken, len - taken)) {
        conn_close(conn);
        return;
    }
    if (taken == 0)
        offer_kept(conn);
}

static void conn_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct tcp_conn *conn = (struct tcp_conn *)(void *)stream;

    conn->moved_ms = uv_now(stream->loop);
    if (n > 0) {
        got_bytes(conn, buf->base, (size_t)n);
    } else if (n == UV_EOF) {
        conn->eof = true;
        if (conn->server->options.ops->half_closed)
            conn->server->options.ops->half_closed(conn);
        if (buf_len(&conn->in) == 0)
            tcp_end(conn);
        offer_kept(conn);
    } else if (n < 0) {
        conn_close(conn);
        return;
    }
    if (!conn->closing)
        settle(conn);
}

/*
 * Reads, or does not, as things stand: input is wanted, the door takes it, the output is not too far behind, and the
 * budget allows what the request needs.
 */
static void settle(struct tcp_conn *conn)
{
    count_in(conn);
    bool want = !conn->eof && can_take(conn) &&
                buf_len(&conn->in) <= conn->server->options.in_bytes_max + TCP_READ_BYTES;

    if (!want && !conn->eof && !conn->ending && is_waiting(conn)) {
        want = buf_len(&conn->in) < TCP_IN_FREE_BYTES;
        conn->need = 0;
        give_budget(conn);
    }
    if (want && !take_budget(conn)) {
        want = false;
        join_line(conn);
    }
    if (want && !conn->reading)
        conn->reading = uv_read_start((uv_stream_t *)&conn->handle, alloc_shared, conn_read) == 0;
    if (!want && conn->reading) {
        (void)uv_read_stop((uv_stream_t *)&conn->handle);
        conn->reading = false;
    }
}

bool tcp_hung_up(const struct tcp_conn *conn)
{
    struct pollfd look = {.fd = -1, .events = POLLRDHUP};

    if (conn->closing || conn->eof || uv_fileno((const uv_handle_t *)&conn->handle, &look.fd) != 0)
        return true;
    return poll(&look, 1, 0) > 0;
}

size_t tcp_peer_host(const struct tcp_conn *conn, char *to, size_t bytes)
{
    int fd;

    return uv_fileno((const uv_handle_t *)&conn->handle, &fd) == 0 ? addr_peer_host(fd, to, bytes) : 0;
}

void tcp_retry_soon(struct tcp_conn *conn)
{
    conn->retry = true;
    tcp_touch(conn);
}

void tcp_retry(struct tcp_conn *conn)
{
    conn->retry = false;
    if (conn->closing)
        return;
    offer_kept(conn);
    if (!conn->closing)
        settle(conn);
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static void conn_written(uv_write_t *req, int status)
{
    struct tcp_conn *conn = CONTAINER_OF(req, struct tcp_conn, write);

    conn->write_busy = false;
    buf_free(&conn->writing);
    count_out(conn);
    conn->moved_ms = uv_now(conn->handle.loop);
    if (conn->closing)
        return;
    if (status < 0) {
        conn_close(conn);
        return;
    }
    conn->server->options.ops->drained(conn);
    tcp_retry(conn);
    tcp_touch(conn);
}

/* Hands what the socket did not take to libuv, which keeps it until it is written. */
static void write_rest(struct tcp_conn *conn)
{
    struct buf empty = conn->writing;

    conn->writing = conn->out;
    conn->out = empty;
    uv_buf_t piece = uv_buf_init(buf_data(&conn->writing), (unsigned)buf_len(&conn->writing));
    conn->write_busy = true;
    if (uv_write(&conn->write, (uv_stream_t *)&conn->handle, &piece, 1, conn_written) == 0)
        return;
    conn->write_busy = false;
    conn_close(conn);
}

static void flush(struct tcp_conn *conn)
{
    if (conn->write_busy)
        return;
    if (buf_len(&conn->out) > 0) {
        uv_buf_t piece = uv_buf_init(buf_data(&conn->out), (unsigned)buf_len(&conn->out));
        int n = uv_try_write((uv_stream_t *)&conn->handle, &piece, 1);
        if (n < 0 && n != UV_EAGAIN) {
            conn_close(conn);
            return;
        }
        if (n > 0)
            buf_consume(&conn->out, (size_t)n);
        if (buf_len(&conn->out) == 0 && conn->out.size > OUT_KEPT_BYTES)
            buf_free(&conn->out);
        count_out(conn);
        if (buf_len(&conn->out) > 0) {
            write_rest(conn);
            return;
        }
    }
    if (conn->ending && conn->server->options.ops->answered(conn))
        conn_close(conn);
    else if ((!conn->reading || conn->retry) && !conn->ending)
        tcp_retry(conn);
}

bool tcp_flush(struct tcp_server *server)
{
    struct list now;
    struct list *node;

    server->took = false;
    list_take(&now, &server->dirty);
    while ((node = list_pop(&now)))
        flush(CONTAINER_OF(node, struct tcp_conn, in_dirty));
    return server->took || !list_empty(&server->dirty);
}

/* ---- accepting --------------------------------------------------------------------------------------------------- */

static void accept_one(struct tcp_server *server)
{
    struct tcp_conn *conn = calloc(1, server->options.conn_bytes);

    if (!conn)
        return;
    conn->server = server;
    (void)uv_tcp_init(server->handle.loop, &conn->handle);
    list_init(&conn->in_conns);
    list_init(&conn->in_dirty);
    list_init(&conn->in_line);
    buf_init(&conn->in, server->options.in_bytes_max + 2 * TCP_READ_BYTES);
    buf_init(&conn->out, server->options.out_bytes_max);
    buf_init(&conn->writing, server->options.out_bytes_max);
    server->count++;
    server->options.ops->opened(conn);
    list_add_tail(&server->conns, &conn->in_conns);
    if (uv_accept((uv_stream_t *)&server->handle, (uv_stream_t *)&conn->handle) < 0) {
        conn_close(conn);
        return;
    }
    (void)uv_tcp_nodelay(&conn->handle, 1);
    conn->moved_ms = uv_now(server->handle.loop);
    settle(conn);
}

static void accept_waiting(struct tcp_server *server)
{
    if (server->stopped || server->count >= server->options.connections_max)
        return;
    server->accept_pending = false;
    accept_one(server);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct tcp_server *server = CONTAINER_OF(stream, struct tcp_server, handle);

    if (status < 0 || server->stopped)
        return;
    server->accept_pending = true;
    accept_waiting(server);
}

int tcp_open(struct tcp_server *server, uv_loop_t *loop, const struct tcp_options *options)
{
    *server = (struct tcp_server){.options = *options};
    list_init(&server->conns);
    list_init(&server->dirty);
    list_init(&server->line);
    server->shared = malloc(TCP_READ_BYTES);
    if (!server->shared) {
        (void)close(options->listen_fd);
        return -ENOMEM;
    }
    (void)uv_tcp_init(loop, &server->handle);
    (void)uv_timer_init(loop, &server->sweep);
    server->handles = 2;
    int rc = uv_tcp_open(&server->handle, options->listen_fd);
    if (rc < 0)
        (void)close(options->listen_fd);
    else
        rc = uv_listen((uv_stream_t *)&server->handle, BACKLOG, on_connection);
    if (rc < 0)
        tcp_close(server);
    return rc;
}

unsigned tcp_port(const struct tcp_server *server)
{
    struct sockaddr_storage addr;
    int len = sizeof(addr);

    if (uv_tcp_getsockname(&server->handle, (struct sockaddr *)&addr, &len) < 0)
        return 0;
    return ntohs(addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
                                             : ((struct sockaddr_in *)&addr)->sin_port);
}

static void server_handle_closed(uv_handle_t *handle)
{
    struct tcp_server *server = handle->data;

    if (--server->handles == 0) {
        free(server->shared);
        server->shared = NULL;
    }
}

void tcp_stop_accepting(struct tcp_server *server) { server->stopped = true; }

void tcp_close(struct tcp_server *server)
{
    if (server->closing)
        return;
    server->closing = server->stopped = true;
    LIST_EACH(&server->conns, node, next)
        conn_close(CONTAINER_OF(node, struct tcp_conn, in_conns));
    server->handle.data = server->sweep.data = server;
    uv_close((uv_handle_t *)&server->handle, server_handle_closed);
    uv_close((uv_handle_t *)&server->sweep, server_handle_closed);
}
