/*
 * sse.h - server-sent events, read as they come
 *
 * What   Bytes in, in pieces cut anywhere; whole events out: https://html.spec.whatwg.org/#event-stream-interpretation
 *        but for ids and retry times, which gmq's streams do not have. Lines end with \n, \r\n or \r. Pure.
 * Bound  An event, names and all, is at most `bytes_max` long.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_SSE_H
#define GMQ_GWEB_SSE_H

#include "base/base.h"
#include "base/buf.h"

enum { SSE_NAME_BYTES = 32 };

struct sse {
    struct buf line;           /* begun, its end has not come */
    struct buf data;           /* of the event that is coming, lines joined by \n */
    char name[SSE_NAME_BYTES]; /* of its `event:`; "" = message */
    bool has_data, after_cr;
};

/* An event; `data` is good during the call. */
typedef void sse_event(void *ctx, const char *name, struct slice data);

void sse_init(struct sse *sse, size_t bytes_max);

/* Forgets what has come and gives the memory back. */
void sse_reset(struct sse *sse);

/* False: an event is too long; the stream cannot be read any further. */
NODISCARD bool sse_feed(struct sse *sse, struct slice bytes, sse_event *fn, void *ctx);

#endif
