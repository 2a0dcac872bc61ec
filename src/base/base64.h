/*
 * base64.h - bytes as text, RFC 4648 section 4
 *
 * Strict: the usual alphabet with `+` and `/`, padding to a multiple of four, no blanks, the bits that are left over 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_BASE64_H
#define GMQ_BASE_BASE64_H

#include "base/base.h"
#include "base/slice.h"

static inline size_t base64_text_bytes(size_t bytes) { return (bytes + 2) / 3 * 4; }

/* Writes base64_text_bytes(bytes.len) characters at `to`; returns one past the last. */
char *base64_write(char *to, struct slice bytes);

/* Writes what `text` stands for at `to` (room for text.len / 4 * 3). The number of bytes, or -EINVAL. */
NODISCARD long base64_read(struct slice text, char *to);

#endif
