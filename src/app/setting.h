/*
 * setting.h - one row of a settings table: its value from text and back
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_SETTING_H
#define GMQ_APP_SETTING_H

#include "app/settings.h"

enum { SETTING_RANGE_BYTES = 128 };

/*
 * Puts `text` into the row's field of `values`. `where` is for the message ("-node_id", "conf.ini:12: [node] id").
 * Returns 0, or negative with report->error written; then the field is unchanged.
 */
NODISCARD int setting_set(const struct setting *row, void *values, const char *where, const char *text,
                          struct settings_report *report);

/* Appends the row's value as setting_set() reads it. */
NODISCARD bool setting_format(const struct setting *row, const void *values, struct buf *out);

/* Writes what a value may be: "must be 1..300"; "" when any text will do. */
void setting_range(const struct setting *row, char to[SETTING_RANGE_BYTES]);

/* Gives the value back and leaves the field empty. */
void setting_free(const struct setting *row, void *values);

#endif
