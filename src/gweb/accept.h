/*
 * accept.h - what a browser says it can take, or has already
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_ACCEPT_H
#define GMQ_GWEB_ACCEPT_H

#include "base/base.h"
#include "base/slice.h"

/* Whether an Accept-Encoding header allows gzip. */
bool accept_gzip(struct slice header);

/* Whether an If-None-Match header names `etag` (with its quotes), weakly or not, or any. */
bool accept_etag(struct slice header, const char *etag);

#endif
