/* sock.c - see sock.h. SPDX-License-Identifier: MIT */
#include "client/sock.h"

#include "client/clock.h"

#include <errno.h>
#include <gmq.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 64 << 10 };

bool sock_split(const char *addr, char *ret_host, char *ret_port)
{
    const char *colon = strrchr(addr, ':');

    if (!colon || colon[1] == '\0')
        return false;
    size_t len = (size_t)(colon - addr);
    if (len >= 2 && addr[0] == '[' && addr[len - 1] == ']') {
        addr++;
        len -= 2;
    } else if (memchr(addr, ':', len)) {
        return false;
    }
    memcpy(ret_host, addr, len);
    ret_host[len] = '\0';
    memcpy(ret_port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

/* Waits for `events`; 0, GMQ_ERR_TIMEOUT or GMQ_ERR_CLOSED. Errors of the socket itself show at its next use. */
static int wait_for(int fd, short events, uint64_t deadline_ms, int *ret_errno)
{
    struct pollfd want = {.fd = fd, .events = events};

    for (;;) {
        int n = poll(&want, 1, clock_left_ms(deadline_ms));
        if (n > 0)
            return 0;
        if (n == 0) {
            *ret_errno = ETIMEDOUT;
            return GMQ_ERR_TIMEOUT;
        }
        if (errno != EINTR) {
            *ret_errno = errno;
            return GMQ_ERR_CLOSED;
        }
    }
}

/* Connects to one address: the socket, or -1 and the cause. */
static int connect_one(const struct addrinfo *to, uint64_t deadline_ms, int *ret_errno)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, cause = 0;
    socklen_t len = sizeof(cause);

    if (fd < 0) {
        *ret_errno = errno;
        return -1;
    }
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) {
            *ret_errno = errno;
            goto out_close;
        }
        if (wait_for(fd, POLLOUT, deadline_ms, ret_errno) != 0)
            goto out_close;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &len) != 0 || cause != 0) {
            *ret_errno = cause ? cause : errno;
            goto out_close;
        }
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
out_close:
    (void)close(fd);
    return -1;
}

int sock_connect(const char *addr, uint64_t deadline_ms, int *ret_fd, int *ret_errno)
{
    char host[SOCK_ADDR_BYTES_MAX + 1], port[SOCK_ADDR_BYTES_MAX + 1];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list;
    int fd = -1;

    *ret_errno = 0;
    if (strlen(addr) > SOCK_ADDR_BYTES_MAX || !sock_split(addr, host, port))
        return GMQ_ERR_ADDRESS;
    if (getaddrinfo(host[0] ? host : NULL, port, &hints, &list) != 0)
        return GMQ_ERR_ADDRESS;
    for (const struct addrinfo *to = list; to && fd < 0; to = to->ai_next)
        fd = connect_one(to, deadline_ms, ret_errno);
    freeaddrinfo(list);
    if (fd < 0)
        return GMQ_ERR_CONNECT;
    *ret_fd = fd;
    *ret_errno = 0;
    return 0;
}

bool sock_is_idle(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static bool must_wait(int cause) { return cause == EAGAIN || cause == EWOULDBLOCK || cause == EINTR; }

static int send_some(int fd, struct buf *out, uint64_t *sent, int *ret_errno)
{
    while (buf_len(out) > 0) {
        ssize_t n = send(fd, buf_data(out), buf_len(out), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && !must_wait(errno)) {
            *ret_errno = errno;
            return GMQ_ERR_CLOSED;
        }
        if (n < 0)
            return 0;
        buf_consume(out, (size_t)n);
        *sent += (uint64_t)n;
    }
    return 0;
}

/* A reset may overtake replies that had arrived before it; recv() gives those first, so it is always asked. */
static int receive_some(int fd, struct buf *in, int *ret_errno)
{
    size_t room = min_u64(READ_BYTES, in->bytes_max - buf_len(in));
    char *to = room > 0 ? buf_reserve(in, room) : NULL;

    if (!to) {
        *ret_errno = ENOMEM;
        return GMQ_ERR_MEMORY;
    }
    ssize_t n = recv(fd, to, room, MSG_DONTWAIT);
    if (n > 0) {
        buf_commit(in, (size_t)n);
        return 0;
    }
    if (n < 0 && must_wait(errno))
        return 0;
    *ret_errno = n < 0 ? errno : 0;
    return GMQ_ERR_CLOSED;
}

int sock_pump(int fd, struct buf *out, struct buf *in, uint64_t deadline_ms, uint64_t *sent, int *ret_errno)
{
    *ret_errno = 0;
    int send_err = send_some(fd, out, sent, ret_errno);
    if (send_err != 0) {
        int ignored;
        while (receive_some(fd, in, &ignored) == 0 && !sock_is_idle(fd))
            continue;
        return send_err;
    }
    short events = (short)(POLLIN | (buf_len(out) > 0 ? POLLOUT : 0));
    int err = wait_for(fd, events, deadline_ms, ret_errno);
    return err != 0 ? err : receive_some(fd, in, ret_errno);
}
