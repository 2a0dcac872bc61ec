/*
 * num.h - numbers in text: checked parsing, Go's lenient Atoi, sizes and durations of settings
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_NUM_H
#define GMQ_BASE_NUM_H

#include "base/base.h"
#include "base/slice.h"

enum { NUM_U64_MAX_CHARS = 20 };

/* Decimal digits only, no sign, no blank, no overflow. */
NODISCARD bool num_parse_u64(struct slice text, uint64_t *ret_value);

/* An optional sign and decimal digits; no blank, no overflow. */
NODISCARD bool num_parse_i64(struct slice text, int64_t *ret_value);

/* As the original's `n, _ := strconv.Atoi(s)`: 0 where the text is no number, the nearest limit of int64 beyond it. */
int64_t num_go_atoi(struct slice text);

/* Bytes: "4096", "64k", "16m", "1g" (powers of 1024, either case, an optional final b). */
NODISCARD bool num_parse_bytes(struct slice text, uint64_t *ret_bytes);

/* Writes `value` in decimal at `to` (room for NUM_U64_MAX_CHARS, no NUL is added); returns the length. */
size_t num_write_u64(char *to, uint64_t value);

/* For qsort() and bsearch() of uint64_t: ascending. */
int num_compare_u64(const void *left, const void *right);

#endif
