/*
 * slice.h - borrowed bytes
 *
 * A slice never owns what it points at; the function that hands one out says how long it stays good.
 * `ptr` may be NULL only when `len` is 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_SLICE_H
#define GMQ_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

static inline struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){.ptr = ptr, .len = len};
}

static inline struct slice slice_str(const char *text) { return slice_of(text, strlen(text)); }

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_str(text));
}

#endif
