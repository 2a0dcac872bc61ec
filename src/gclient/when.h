/*
 * when.h - times and stretches of time for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_WHEN_H
#define GMQ_GCLIENT_WHEN_H

#include "base/base.h"
#include "base/slice.h"

enum { WHEN_BYTES = 32 };

/* A stretch of time in at most two units: 0s, 850ms (below a second), 12s, 3m12s, 2h05m, 3d04h, 412d. */
void when_stretch(uint64_t ms, char to[WHEN_BYTES]);

/*
 * "2026-01-31 08:00:00" in local time of a text that time_text_read() takes; else the text itself, with ? for what is
 * not printable ASCII.
 */
void when_local(struct slice text, char to[WHEN_BYTES]);

#endif
