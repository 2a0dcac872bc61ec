/*
 * guard.h - may this request be served at all?
 *
 * A page of another origin may make a browser send requests here, and one that has its own name point here (DNS
 * rebinding) may even read the answers. Browsers tell of it by Sec-Fetch-Site, Origin and Host; programs, which nobody
 * can make send a user's cookie, need none of the first two.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_GUARD_H
#define GMQ_GWEB_GUARD_H

#include "base/base.h"
#include "base/slice.h"

/* What a request says of itself; "" = nothing. */
struct guard_request {
    struct slice method;
    struct slice host;   /* Host */
    struct slice origin; /* Origin */
    struct slice site;   /* Sec-Fetch-Site */
};

/* Whether it is sent for a page that is not ours. A GET that a user typed or followed a link to is not. */
bool guard_is_foreign(const struct guard_request *request);

/*
 * Whether gweb may be called by this name when nobody has to log in: an IP address, localhost, a name without a dot,
 * or `own`, the host of web_addr. Other names can be anybody's who points them here.
 */
bool guard_host_ok(struct slice host, const char *own);

/* Whether the text of a comparison of secrets is the same, in a time that does not depend on where they differ. */
bool guard_same(const char *a, const char *b, size_t bytes);

#endif
