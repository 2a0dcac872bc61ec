/*
 * pick.h - values out of JSON that others have sent
 *
 * What   Members by their path, as C values. All take JSON that pick_ok() has passed, and false means: not there, or of
 *        another kind. A name counts only as it is written in its plainest form; the first of its name counts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_PICK_H
#define GMQ_GWEB_PICK_H

#include "base/base.h"
#include "wire/json_walk.h"

/* Whether it is one JSON value in UTF-8. */
NODISCARD bool pick_ok(struct slice json);

/* The member at a path of names with dots between, "log.disk_used_bytes". */
NODISCARD bool pick(struct slice object, const char *path, struct json_value *ret);

NODISCARD bool pick_u64(struct slice object, const char *path, uint64_t *ret);

/* Thousandths of a number that is not negative and has no exponent; more digits are cut. */
NODISCARD bool pick_milli(struct slice object, const char *path, uint64_t *ret);
NODISCARD bool milli_read(struct slice text, uint64_t *ret);

NODISCARD bool pick_bool(struct slice object, const char *path, bool *ret);

/* A string with its escapes resolved, cut to `bytes` with its NUL (never within a code point). */
NODISCARD bool pick_text(struct slice object, const char *path, char *to, size_t bytes);

/* The same of a value at hand. */
bool text_of(const struct json_value *value, char *to, size_t bytes);

#endif
