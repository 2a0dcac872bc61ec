/*
 * cursor.h - where the next page of a list begins, as text for a client
 *
 * What   A few numbers, and what they are numbers of, in letters, digits and dots. A client gives it back as it got it;
 *        nothing in it is believed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_CURSOR_H
#define GMQ_GNODE_CURSOR_H

#include "base/base.h"
#include "base/slice.h"

enum { CURSOR_CHARS_MAX = 2 + 6 * 17 };

struct cursor {
    char list;      /* a letter: of which list, and in which direction */
    uint32_t queue; /* 0 = of none */
    uint64_t life;  /* of the node; 0 = good in any */
    uint64_t a, b;
    uint64_t c, d;  /* not written when both are 0 */
};

/* Writes it without a NUL; returns the length, at most CURSOR_CHARS_MAX. */
size_t cursor_write(char *to, const struct cursor *cursor);

NODISCARD bool cursor_read(struct slice text, struct cursor *ret);

#endif
