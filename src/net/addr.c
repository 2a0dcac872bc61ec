/* addr.c - addresses as text, and the sockets that listen on them. SPDX-License-Identifier: MIT */
#include "net/addr.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_host_char(char c, bool bracketed)
{
    return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
}

static int refuse(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return -EINVAL;
}

/* Splits at the colon before the port; the host loses its brackets. */
static bool split(struct slice text, struct slice *ret_host, struct slice *ret_port, bool *ret_bracketed)
{
    const char *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;

    if (!colon)
        return false;
    struct slice host = slice_of(text.ptr, (size_t)(colon - text.ptr));
    bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';

    *ret_port = slice_of(colon + 1, text.len - host.len - 1);
    *ret_host = bracketed ? slice_of(host.ptr + 1, host.len - 2) : host;
    *ret_bracketed = bracketed;
    return true;
}

int addr_parse(struct slice text, struct addr *ret, const char **ret_why)
{
    struct slice host, port;
    uint64_t number;
    bool bracketed;

    if (!split(text, &host, &port, &bracketed))
        return refuse(ret_why, "must be HOST:PORT, [IPV6]:PORT or :PORT");
    if (host.len >= ADDR_HOST_BYTES)
        return refuse(ret_why, "the host is longer than 255 bytes");
    if (bracketed && host.len == 0)
        return refuse(ret_why, "there is no address between the brackets");
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_char(host.ptr[i], bracketed))
            return refuse(ret_why, "the host may hold letters, digits, '.', '-' and '_'; IPv6 stands in brackets");
    if (!num_parse_u64(port, &number) || number > UINT16_MAX)
        return refuse(ret_why, "the port must be 0..65535");
    *ret = (struct addr){.port = (uint16_t)number};
    if (host.len > 0)
        memcpy(ret->host, host.ptr, host.len);
    return 0;
}

bool addr_is_wildcard(const struct addr *addr)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (addr->host[0] == '\0')
        return true;
    if (inet_pton(AF_INET, addr->host, &v4) == 1)
        return v4.s_addr == htonl(INADDR_ANY);
    return inet_pton(AF_INET6, addr->host, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

void addr_format(const struct addr *addr, char to[ADDR_TEXT_BYTES])
{
    bool v6 = strchr(addr->host, ':') != NULL;

    (void)snprintf(to, ADDR_TEXT_BYTES, v6 ? "[%s]:%u" : "%s:%u", addr->host, addr->port);
}

void addr_format_sockaddr(const struct sockaddr *sa, char to[ADDR_TEXT_BYTES])
{
    struct addr addr = {.port = 0};

    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

        addr.port = ntohs(in->sin_port);
        (void)inet_ntop(AF_INET, &in->sin_addr, addr.host, sizeof(addr.host));
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

        addr.port = ntohs(in6->sin6_port);
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, addr.host, sizeof(addr.host));
    } else {
        (void)snprintf(to, ADDR_TEXT_BYTES, "?");
        return;
    }
    addr_format(&addr, to);
}

static int listen_on(const struct sockaddr *sa, socklen_t bytes, int backlog)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, off = 0;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        goto out_close;
    if (sa->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
        goto out_close;
    if (bind(fd, sa, bytes) != 0 || listen(fd, backlog) != 0)
        goto out_close;
    return fd;
out_close:;
    int err = -errno;
    (void)close(fd);
    return err;
}

int addr_listen(const struct addr *addr, int backlog)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    char port[NUM_U64_MAX_CHARS + 1];
    int fd = -EADDRNOTAVAIL;

    if (addr->host[0] == '\0') {
        struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};
        struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

        fd = listen_on((const struct sockaddr *)&any6, sizeof(any6), backlog);
        if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
            fd = listen_on((const struct sockaddr *)&any4, sizeof(any4), backlog);
        return fd;
    }
    (void)snprintf(port, sizeof(port), "%u", addr->port);
    if (getaddrinfo(addr->host, port, &hints, &list) != 0)
        return -EADDRNOTAVAIL;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        fd = listen_on(ai->ai_addr, ai->ai_addrlen, backlog);
        if (fd >= 0)
            break;
    }
    freeaddrinfo(list);
    return fd;
}

int addr_bound_port(int fd)
{
    struct sockaddr_storage sa;
    socklen_t bytes = sizeof(sa);

    if (getsockname(fd, (struct sockaddr *)&sa, &bytes) != 0)
        return -errno;
    if (sa.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)&sa)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)&sa)->sin_port);
}

size_t addr_peer_host(int fd, char *to, size_t bytes)
{
    struct sockaddr_storage sa;
    socklen_t sa_bytes = sizeof(sa);
    char text[INET6_ADDRSTRLEN];
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)&sa)->sin6_addr;
    const void *from = &((const struct sockaddr_in *)(const void *)&sa)->sin_addr;
    int family = AF_INET;

    if (getpeername(fd, (struct sockaddr *)&sa, &sa_bytes) != 0)
        return 0;
    if (sa.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(v6)) {
        from = v6;
        family = AF_INET6;
    } else if (sa.ss_family == AF_INET6) {
        from = &v6->s6_addr[12];
    } else if (sa.ss_family != AF_INET) {
        return 0;
    }
    if (!inet_ntop(family, from, text, sizeof(text)) || strlen(text) > bytes)
        return 0;
    memcpy(to, text, strlen(text));
    return strlen(text);
}

void addr_error_text(int err, char *to, size_t bytes)
{
    const char *text = strerrordesc_np(err);

    if (!text) {
        (void)snprintf(to, bytes, "errno %d", err);
        return;
    }
    (void)snprintf(to, bytes, "%c%s", tolower((unsigned char)text[0]), text + 1);
}
