/*
 * time_text.h - moments as text, RFC 3339
 *
 * A moment is ms since 1970 UTC; the years 1970 to 9999 have a text.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_TIME_TEXT_H
#define GMQ_BASE_TIME_TEXT_H

#include "base/base.h"
#include "base/slice.h"

enum { TIME_TEXT_BYTES = 24 };

/* 9999-12-31T23:59:59.999Z */
#define TIME_TEXT_MS_MAX UINT64_C(253402300799999)

/* Writes "2026-11-22T18:08:56.123Z", TIME_TEXT_BYTES long, no NUL; what is later than the last moment is that. */
char *time_text_write(char *to, uint64_t ms);

/*
 * "2026-11-22T18:08:56Z", with a fraction of any length (cut after the ms), `t` and `z` in either case, an offset like
 * +02:00 instead of the Z. A leap second is the one before. False for anything else.
 */
NODISCARD bool time_text_read(struct slice text, uint64_t *ret_ms);

#endif
