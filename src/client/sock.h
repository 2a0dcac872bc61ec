/*
 * sock.h - TCP sockets of libgmq: non-blocking below, with deadlines above
 *
 * Fails  GMQ_ERR_ADDRESS, GMQ_ERR_CONNECT, GMQ_ERR_TIMEOUT or GMQ_ERR_CLOSED, with the cause as an errno (0 when the
 *        peer just closed).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_SOCK_H
#define GMQ_CLIENT_SOCK_H

#include "base/buf.h"

enum { SOCK_ADDR_BYTES_MAX = 255 };

/* "host:port", "[v6]:port", ":port" (the local host) in two NUL-terminated texts, each as large as `addr`. */
NODISCARD bool sock_split(const char *addr, char *ret_host, char *ret_port);

/* Connects to the first address that accepts; TCP_NODELAY is on. The caller closes `*ret_fd`. */
NODISCARD int sock_connect(const char *addr, uint64_t deadline_ms, int *ret_fd, int *ret_errno);

/* True when nothing has happened on an idle connection: no end, no error, no byte that nobody asked for. */
bool sock_is_idle(int fd);

/*
 * Sends what it can of `out`, then, when that is not all or `in` has room, waits for the socket until `deadline_ms` and
 * takes in what has come. Returns 0 after any progress, adding the bytes that left to `*sent`.
 */
NODISCARD int sock_pump(int fd, struct buf *out, struct buf *in, uint64_t deadline_ms, uint64_t *sent,
                        int *ret_errno);

#endif
