/*
 * addr.h - network addresses as people write them
 *
 * Understood: "host:port", "1.2.3.4:port", "[::1]:port", and ":port" for all interfaces. The port is 0..65535;
 * 0 asks the system for a free one and is meant for tests. A host is at most 255 bytes of letters, digits, `.`, `-`,
 * `_` (and `:` `%` inside brackets).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_ADDR_H
#define GMQ_NET_ADDR_H

#include "base/base.h"
#include "base/slice.h"

#include <sys/socket.h>

enum {
    ADDR_HOST_BYTES = 256, /* a host and its NUL */
    ADDR_TEXT_BYTES = 264, /* "[host]:65535" and its NUL */
};

struct addr {
    char host[ADDR_HOST_BYTES]; /* without brackets; "" = all interfaces */
    uint16_t port;
};

/*
 * Reads an address. Returns 0, or -EINVAL and at `*ret_why` what is wrong in words ("port must be 0..65535"), valid
 * for ever. `ret_why` may be NULL.
 */
NODISCARD int addr_parse(struct slice text, struct addr *ret, const char **ret_why);

/* True when the address names all interfaces ("", 0.0.0.0, ::): good to listen on, useless to connect to. */
bool addr_is_wildcard(const struct addr *addr);

/* Writes "host:port" or "[v6]:port" with its NUL. */
void addr_format(const struct addr *addr, char to[ADDR_TEXT_BYTES]);

/* The same for a socket's address; "?" for a family that is not IP. */
void addr_format_sockaddr(const struct sockaddr *sa, char to[ADDR_TEXT_BYTES]);

/*
 * Opens a listening TCP socket on `addr`: non-blocking, close-on-exec, SO_REUSEADDR. Resolves names and may block
 * doing so: only for the start of a program. ":port" listens on IPv6 and IPv4 together where the machine has IPv6.
 * Returns the descriptor, which the caller owns, or -errno (-EADDRNOTAVAIL when the name has no address).
 */
NODISCARD int addr_listen(const struct addr *addr, int backlog);

/* The port that the socket `fd` is bound to, or -errno. */
NODISCARD int addr_bound_port(int fd);

/* Writes the host at the other end of the connected socket `fd`, without a NUL; returns its length, 0 = not known. */
size_t addr_peer_host(int fd, char *to, size_t bytes);

/* The text of an errno value as Go prints it: strerror() with a small first letter; writes at most `bytes`. */
void addr_error_text(int err, char *to, size_t bytes);

#endif
