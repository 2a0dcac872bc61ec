/*
 * when.h - times in text: RFC 3339 as the node writes it, and how long ago that is, for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_WHEN_H
#define GMQ_GCLIENT_WHEN_H

#include "base/base.h"
#include "base/slice.h"

enum { WHEN_BYTES = 32 };

/*
 * "2026-01-31T08:00:00Z", with a fraction of a second or not, with Z or an offset like +01:00; of the years 1970 to
 * 9999. A leap second is the second behind it.
 */
NODISCARD bool when_parse(struct slice text, uint64_t *ret_ms);

/* A stretch of time in at most two units: 0s, 850ms (below a second), 12s, 3m12s, 2h05m, 3d04h, 412d. */
void when_stretch(uint64_t ms, char to[WHEN_BYTES]);

/* "2026-01-31 08:00:00" in local time of a text that when_parse() takes; else the text itself, if it is printable. */
void when_local(struct slice text, char to[WHEN_BYTES]);

#endif
