/*
 * http_accept.c - new connections, before libmicrohttpd gets them
 *
 * A connection is handed over when its first bytes are there, so that a first line which is no request line can be
 * answered with 400 as Go's server does; libmicrohttpd would close without a word. The bytes are looked at, not taken.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_impl.h"

enum {
    PEEK_BYTES = 4096,
    HEAD_BYTES = 256,
    DRAIN_READS = 16,
    ACCEPTS_MAX = 64, /* in one turn of the loop */
};

static const char BAD_REQUEST[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                  "Connection: close\r\n\r\n400 Bad Request";

#define NO_MEMORY_TEXT "memory limit reached"
static const char NO_MEMORY[] = "{\"code\":1,\"data\":null,\"msg\":\"" NO_MEMORY_TEXT "\"}";

/* A connection that has not said anything yet. */
struct fresh {
    struct list node;
    struct http_server *server;
    uv_poll_t poll;
    int fd;
    uint64_t since_ms;
};

static bool is_full(const struct http_server *server)
{
    return server->conn_count + server->fresh_count >= server->opt.connections_max;
}

static void fresh_closed(uv_handle_t *handle) { free(handle->data); }

/* Lets go of the struct; the descriptor is somebody else's by now. */
static void fresh_end(struct fresh *fresh)
{
    list_remove(&fresh->node);
    fresh->server->fresh_count--;
    uv_close((uv_handle_t *)&fresh->poll, fresh_closed);
}

static void fresh_drop(struct fresh *fresh)
{
    int fd = fresh->fd;

    fresh_end(fresh);
    (void)close(fd);
    http_accept_resume(fresh->server);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* METHOD SP TARGET SP HTTP/x.y, as Go splits it. */
static bool is_request_line(struct slice line)
{
    static const char VERSION[] = "HTTP/";
    const char *first = memchr(line.ptr, ' ', line.len);

    if (!first || first == line.ptr)
        return false;
    struct slice rest = slice_of(first + 1, line.len - (size_t)(first + 1 - line.ptr));
    const char *second = rest.len > 0 ? memchr(rest.ptr, ' ', rest.len) : NULL;
    if (!second || second == rest.ptr)
        return false;
    struct slice version = slice_of(second + 1, rest.len - (size_t)(second + 1 - rest.ptr));
    return version.len == 8 && memcmp(version.ptr, VERSION, 5) == 0 && is_digit(version.ptr[5]) &&
           version.ptr[6] == '.' && is_digit(version.ptr[7]);
}

static void refuse(int fd, const char *reply, size_t reply_bytes)
{
    char sink[PEEK_BYTES];

    /* What stays unread would turn our close into a reset, and the client would lose the reply. */
    for (int i = 0; i < DRAIN_READS && recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0; i++)
        ;
    (void)!send(fd, reply, reply_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
}

/* There is no memory for one more. `line` is the first line, or empty. */
static void refuse_for_now(struct fresh *fresh, struct slice line)
{
    const char *space = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL, *type = NULL;
    char head[HEAD_BYTES];
    struct buf reply, body;

    buf_init(&reply, PEEK_BYTES);
    buf_init(&body, PEEK_BYTES);
    if (space)
        type = http_explain(fresh->server, slice_of(space + 1, line.len - (size_t)(space + 1 - line.ptr)), 503,
                            NO_MEMORY_TEXT, &body);
    int len = snprintf(head, sizeof(head), "HTTP/1.1 503 Service Unavailable\r\nContent-Type: %s\r\n"
                       "Retry-After: 1\r\nConnection: close\r\n\r\n", type ? type : HTTP_JSON);
    if (buf_append(&reply, head, (size_t)len) &&
        (type ? buf_append(&reply, buf_data(&body), buf_len(&body)) : buf_append_str(&reply, NO_MEMORY)))
        refuse(fresh->fd, buf_data(&reply), buf_len(&reply));
    buf_free(&body);
    buf_free(&reply);
}

static void fresh_event(uv_poll_t *poll, int status, int events)
{
    struct fresh *fresh = poll->data;
    struct http_server *server = fresh->server;
    char bytes[PEEK_BYTES];
    ssize_t n = recv(fresh->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR) && status >= 0)
        return;
    if (n <= 0) {
        fresh_drop(fresh);
        return;
    }
    const char *end = memchr(bytes, '\n', (size_t)n);
    size_t len = end ? (size_t)(end - bytes) : 0;
    if (end && !is_request_line(slice_of(bytes, len > 0 && bytes[len - 1] == '\r' ? len - 1 : len))) {
        refuse(fresh->fd, BAD_REQUEST, sizeof(BAD_REQUEST) - 1);
        fresh_drop(fresh);
        return;
    }
    if (server->opt.admit && !server->opt.admit(server->opt.ctx)) {
        refuse_for_now(fresh, slice_of(bytes, len));
        fresh_drop(fresh);
        return;
    }
    int fd = fresh->fd;
    struct sockaddr_storage sa;
    socklen_t sa_bytes = sizeof(sa);

    fresh_end(fresh);
    /* From here on the descriptor is the library's, which also closes it when it fails. */
    if (getpeername(fd, (struct sockaddr *)&sa, &sa_bytes) != 0)
        (void)close(fd);
    else if (MHD_add_connection(server->mhd, fd, (struct sockaddr *)&sa, sa_bytes) == MHD_YES)
        http_server_run_soon(server);
    http_accept_resume(server);
}

static bool add_fresh(struct http_server *server, int fd)
{
    struct fresh *fresh = calloc(1, sizeof(*fresh));

    if (!fresh)
        return false;
    if (uv_poll_init_socket(server->loop, &fresh->poll, fd) != 0) {
        free(fresh);
        return false;
    }
    fresh->poll.data = fresh;
    fresh->server = server;
    fresh->fd = fd;
    fresh->since_ms = uv_now(server->loop);
    list_add_tail(&server->fresh, &fresh->node);
    server->fresh_count++;
    http_sweep_begin(server);
    if (uv_poll_start(&fresh->poll, UV_READABLE, fresh_event) != 0)
        fresh_drop(fresh);
    return true;
}

static void accept_event(uv_poll_t *poll, int status, int events)
{
    struct http_server *server = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_MAX && !is_full(server); i++) {
        int fd = accept4(server->opt.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            if (!add_fresh(server, fd))
                (void)close(fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            /* Nothing to be had now: the sweep tries again, not the loop at full speed. */
            (void)uv_poll_stop(poll);
            http_sweep_begin(server);
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
    if (is_full(server))
        (void)uv_poll_stop(poll);
}

int http_accept_open(struct http_server *server)
{
    int err = uv_poll_init_socket(server->loop, &server->listen, server->opt.listen_fd);

    if (err != 0)
        return err;
    server->listen.data = server;
    server->handles_open++;
    return uv_poll_start(&server->listen, UV_READABLE, accept_event);
}

void http_accept_resume(struct http_server *server)
{
    if (!server->quiet && !server->closing && !is_full(server) && !uv_is_active((uv_handle_t *)&server->listen))
        (void)uv_poll_start(&server->listen, UV_READABLE, accept_event);
}

void http_accept_sweep(struct http_server *server, uint64_t now_ms)
{
    LIST_EACH(&server->fresh, node, after) {
        struct fresh *fresh = CONTAINER_OF(node, struct fresh, node);

        if (fresh->since_ms + server->opt.request_ms_max > now_ms)
            break;
        fresh_drop(fresh);
    }
    http_accept_resume(server);
}

void http_accept_close(struct http_server *server)
{
    LIST_EACH(&server->fresh, node, after)
        fresh_drop(CONTAINER_OF(node, struct fresh, node));
}
