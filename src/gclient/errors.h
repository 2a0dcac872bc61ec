/*
 * errors.h - what to do about each error of base/err.h and of libgmq
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_ERRORS_H
#define GMQ_GCLIENT_ERRORS_H

#include "base/buf.h"

enum { ERROR_TEXT_BYTES_MAX = 1024 };

struct error_row {
    const char *name; /* "TOPIC_LIMIT", "ERR_CONNECT" */
    int code;
    int http_status; /* 0 where the error never leaves a client */
    const char *text; /* as base/err.h has it, NULL for libgmq's own: error_text() */
};

/* All errors: those of a node first, then those of libgmq. */
extern const struct error_row ERROR_ROWS[];
extern const size_t ERROR_ROWS_COUNT;

/* Appends its text, with N and ... for what is filled in. */
NODISCARD bool error_text(const struct error_row *row, struct buf *out);

/* What to do about the error of that name, or NULL. */
const char *error_hint(const char *name);

/*
 * Whether `word` means this row: its name in any case, with or without GMQ_ or GMQ_E_ before it, its code with or
 * without its sign.
 */
bool error_is(const struct error_row *row, const char *word);

/* Whether its text holds `word`, in any case. */
bool error_says(const struct error_row *row, const char *word);

#endif
