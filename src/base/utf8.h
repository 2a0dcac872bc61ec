/*
 * utf8.h - one code point at a time, as Go's unicode/utf8 decodes it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_UTF8_H
#define GMQ_BASE_UTF8_H

#include "base/base.h"
#include "base/slice.h"

/*
 * The length (1..4) of the well-formed sequence at the start of the `len` > 0 bytes at `ptr`, with its code point;
 * 0 when the first byte begins none (overlong, surrogate, beyond U+10FFFF, cut off: RFC 3629).
 */
unsigned utf8_next(const char *ptr, size_t len, uint32_t *ret_code_point);

bool utf8_valid(struct slice text);

#endif
