/*
 * http_foreign.c - requests that a page of another origin made a browser send
 *
 * Such a page can send what a form can: GET and POST, with no header of its own. Browsers tell of it by Sec-Fetch-Site,
 * or where that is not sent (plain HTTP to another machine) by Origin with a POST; programs send neither.
 *
 * A page whose own name was made to point here (DNS rebinding) is of the same origin to its browser. Host has that name
 * then: it has a dot, and is none of the node's. Of a GET nothing else tells, so that only `http_hosts` refuses it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/http_call.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Whether an origin, "http://host:port", is at `host`. */
static bool is_at(struct slice origin, struct slice host)
{
    static const char *const SCHEMES[] = {"http://", "https://"};

    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        size_t len = strlen(SCHEMES[i]);
        if (origin.len == len + host.len && memcmp(origin.ptr, SCHEMES[i], len) == 0)
            return host.len > 0 && strncasecmp(origin.ptr + len, host.ptr, host.len) == 0;
    }
    return false;
}

bool http_is_foreign(const struct http_request *req)
{
    struct slice site = http_header(req, "Sec-Fetch-Site"), origin = http_header(req, "Origin");

    if (site.len > 0)
        return !slice_is(site, "same-origin") && !slice_is(site, "none");
    return origin.len > 0 && !is_at(origin, http_header(req, "Host"));
}

/* ---- names of the node ------------------------------------------------------------------------------------------- */

/* The host of a Host header, without port, brackets and the dot at its end. */
static struct slice host_of(struct slice text)
{
    bool bracket = text.len > 0 && text.ptr[0] == '[';
    const char *end = text.len > 0 ? memchr(text.ptr, bracket ? ']' : ':', text.len) : NULL;

    if (bracket)
        return end ? slice_of(text.ptr + 1, (size_t)(end - text.ptr - 1)) : slice_of("", 0);
    if (end)
        text.len = (size_t)(end - text.ptr);
    return text.len > 0 && text.ptr[text.len - 1] == '.' ? slice_of(text.ptr, text.len - 1) : text;
}

static bool is_same(struct slice name, const char *other)
{
    return name.len > 0 && name.len == strlen(other) && strncasecmp(name.ptr, other, name.len) == 0;
}

/* An IP address, or a name without a dot, as localhost: nobody can point one here. */
static bool is_local(struct slice name)
{
    char text[ADDR_HOST_BYTES];
    unsigned char bytes[sizeof(struct in6_addr)];

    if (name.len == 0 || name.len >= sizeof(text))
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return !memchr(text, '.', name.len) || inet_pton(AF_INET, text, bytes) == 1 ||
           inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_listed(struct slice name, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        if (len == name.len && strncasecmp(at, name.ptr, len) == 0)
            return true;
        at += len + (at[len] == ',');
    }
    return false;
}

bool http_is_own_host(const struct http_names *names, struct slice host)
{
    struct slice name = host_of(host);

    return is_local(name) || is_same(name, names->host) || is_same(name, names->listens) ||
           is_same(name, names->reported) || (name.len > 0 && is_listed(name, names->listed));
}

bool http_is_misnamed(const struct http_names *names, const struct http_request *req)
{
    struct slice host = http_header(req, "Host");
    bool browser = http_header(req, "Sec-Fetch-Site").len > 0 || http_header(req, "Origin").len > 0;

    if (!browser && (names->listed[0] == '\0' || !host.ptr))
        return false;
    return !http_is_own_host(names, host);
}
