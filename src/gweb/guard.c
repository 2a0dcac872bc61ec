/* guard.c - see guard.h. SPDX-License-Identifier: MIT */
#include "gweb/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "net/addr.h"

static bool same_text(struct slice a, struct slice b)
{
    return a.len == b.len && a.len > 0 && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Whether an origin, "http://host:port", is at `host`. */
static bool is_at(struct slice origin, struct slice host)
{
    static const char *const SCHEMES[] = {"http://", "https://"};

    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        size_t len = strlen(SCHEMES[i]);
        if (origin.len > len && memcmp(origin.ptr, SCHEMES[i], len) == 0)
            return same_text(slice_of(origin.ptr + len, origin.len - len), host);
    }
    return false;
}

static bool reads(struct slice method) { return slice_is(method, "GET") || slice_is(method, "HEAD"); }

bool guard_is_foreign(const struct guard_request *request)
{
    struct slice site = request->site;

    if (site.len > 0 && !slice_is(site, "same-origin") && !(slice_is(site, "none") && reads(request->method)))
        return true;
    return request->origin.len > 0 && !is_at(request->origin, request->host);
}

/* The host of a Host header, without port and brackets. */
static struct slice host_of(struct slice text)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        return end ? slice_of(text.ptr + 1, (size_t)(end - text.ptr - 1)) : slice_of(NULL, 0);
    }
    const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    return colon ? slice_of(text.ptr, (size_t)(colon - text.ptr)) : text;
}

bool guard_host_ok(struct slice host, const char *own)
{
    struct slice name = host_of(host);
    char text[ADDR_HOST_BYTES];
    unsigned char bytes[sizeof(struct in6_addr)];

    if (name.len == 0 || name.len >= sizeof(text))
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    if (strlen(text) != name.len)
        return false;
    if (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
        return true;
    return !strchr(text, '.') || strcasecmp(text, own) == 0;
}

bool guard_same(const char *a, const char *b, size_t bytes)
{
    volatile unsigned char differ = 0;

    for (size_t i = 0; i < bytes; i++)
        differ = (unsigned char)(differ | ((unsigned char)a[i] ^ (unsigned char)b[i]));
    return differ == 0;
}
