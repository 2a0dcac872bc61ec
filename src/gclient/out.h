/*
 * out.h - what gclient prints: data on standard output, everything else on standard error
 *
 * What   Exit codes, error lines, messages and JSON lines, tables, the progress bar, Go's way to print a duration.
 * Never  A control byte of a message or a node on a terminal, or what turns the direction of its text: the readable
 *        form writes them as \xNN.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_OUT_H
#define GMQ_GCLIENT_OUT_H

#include "base/buf.h"

#include <gmq.h>

enum out_exit {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOTHING = 3, /* nothing to pop */
    EXIT_NO_CONNECTION = 4,
    EXIT_REFUSED = 5,
    EXIT_NOT_FOUND = 6,
    EXIT_INTERRUPTED = 130, /* bench was ended by Ctrl-C */
};

/* Those of check, as monitors know them. */
enum out_check { EXIT_CHECK_OK = 0, EXIT_CHECK_WARNING = 1, EXIT_CHECK_CRITICAL = 2, EXIT_CHECK_UNKNOWN = 3 };

enum { OUT_DURATION_BYTES = 32, OUT_TIME_BYTES = 20 };

/* The exit code for an enum gmq_error. */
int out_exit_code(int err);

/* `gclient: TEXT` on standard error, readable, in lines; returns `code`. */
int out_error(int code, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Writes out what is buffered for standard output; false when it cannot be written. */
NODISCARD bool out_flush(void);

/* A message: `ID  RETRIES  BODY` with odd bytes as \xNN, or as JSON, or its body and nothing else. */
enum out_form { OUT_LINE, OUT_JSON, OUT_RAW };
NODISCARD bool out_message(enum out_form form, const char *topic, const struct gmq_message *msg);

/* Prints a line of JSON or text made in a buffer, which is freed; false when making or printing it failed. */
NODISCARD bool out_line(struct buf *line, bool made);

/* Prints a text made in a buffer, which is freed; false when making or printing it failed. */
NODISCARD bool out_text(struct buf *text, bool made);

/* As Go's time.Duration prints: 1.5µs, 4.331307ms, 1m2.5s. */
void out_duration(uint64_t ns, char to[OUT_DURATION_BYTES]);

/* "2006/01/02 15:04:05", local time, now. */
void out_log_time(char to[OUT_TIME_BYTES]);

/*
 * Asks `what` on standard error when standard input, output and error are all a terminal; true for an answer that
 * begins with y or Y. Elsewhere true: a script has said what it wants.
 */
NODISCARD bool out_confirm(const char *what);

/*
 * Before what cannot be undone: on a terminal `what` is to be confirmed by typing `name`. Elsewhere only --yes will do.
 * Returns EXIT_OK, or the exit code with its line printed.
 */
NODISCARD int out_confirm_name(const char *what, const char *name, bool yes);

/* Whether somebody is there to be asked. */
bool out_can_ask(void);

/* Appends text with its control bytes, marks of direction, and what is not UTF-8, as \xNN. */
NODISCARD bool out_append_readable(struct buf *out, struct slice text);

/* Appends bytes in base64. */
NODISCARD bool out_append_base64(struct buf *out, struct slice bytes);

/* Appends JSON as it is, but with \uNNNN for what would be odd on a terminal; it stands in strings only. */
NODISCARD bool out_append_json(struct buf *out, struct slice json);

/* Appends `"key":"text"`. */
NODISCARD bool out_append_member(struct buf *out, const char *key, const char *text);

/* Whether the locale of the environment can show more than ASCII. */
bool out_is_unicode(void);

/* A duration in three digits, for people: 1.23ms, 45.6us, 12.0s; with a micro sign when `unicode`. */
void out_short_duration(uint64_t ns, bool unicode, char to[OUT_DURATION_BYTES]);

/* Bold text may be used on standard output: a terminal, and no NO_COLOR. */
bool out_is_fancy(void);

/* What switches bold on or off, or "". */
const char *out_bold(bool on);

/* A bar on standard error, drawn at most ten times a second, when that is a terminal and `want`. */
struct out_progress {
    bool shown;
    uint64_t start_ns, drawn_ns;
    uint64_t done, total;
};

void out_progress_begin(struct out_progress *bar, uint64_t total, bool want);
void out_progress_step(struct out_progress *bar, uint64_t done);
void out_progress_end(struct out_progress *bar);

#endif
