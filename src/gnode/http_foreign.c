/*
 * http_foreign.c - requests that a page of another origin made a browser send
 *
 * Such a page can send what a form can: GET and POST, with no header of its own. Browsers tell of it by Sec-Fetch-Site,
 * or where that is not sent (plain HTTP to another machine) by Origin with a POST; programs send neither.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/http_call.h"

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
