/*
 * http.h - libgmq's HTTP: one GET, by libcurl, which is initialised by the first one
 *
 * The environment's proxies and redirections are not followed; http and https only; certificates are verified.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_HTTP_H
#define GMQ_CLIENT_HTTP_H

#include "base/buf.h"

enum { HTTP_ERR_BYTES = 256, HTTP_URL_BYTES_MAX = 1024 };

/* The body of a 200 answer, into `body`, which also limits it; else false and the cause in HTTP_ERR_BYTES bytes. */
NODISCARD bool http_get(const char *url, unsigned timeout_ms, struct buf *body, char *ret_err_text);

/*
 * `addr` as a URL with `path` behind it: "http://" before it where no scheme is, slashes at its end taken off.
 * False when it is empty, too long or has another scheme.
 */
NODISCARD bool http_url(struct slice addr, const char *path, char ret_url[HTTP_URL_BYTES_MAX]);

#endif
