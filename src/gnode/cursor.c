/* cursor.c - see cursor.h. SPDX-License-Identifier: MIT */
#include "gnode/cursor.h"

enum { NUMBERS = 6, NUMBERS_MIN = 4, HEX_DIGITS_MAX = 16 };

static const char DIGITS[] = "0123456789abcdef";

static char *put_hex(char *to, uint64_t value)
{
    unsigned shift = 60;

    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        *to++ = DIGITS[value >> shift & 15];
        if (shift == 0)
            return to;
    }
}

size_t cursor_write(char *to, const struct cursor *cursor)
{
    uint64_t numbers[NUMBERS] = {cursor->queue, cursor->life, cursor->a, cursor->b, cursor->c, cursor->d};
    unsigned count = (cursor->c | cursor->d) == 0 ? NUMBERS_MIN : NUMBERS;
    char *at = to;

    *at++ = cursor->list;
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            *at++ = '.';
        at = put_hex(at, numbers[i]);
    }
    return (size_t)(at - to);
}

/* Takes a number with up to 16 digits off the text. */
static bool take_hex(struct slice *text, uint64_t *ret)
{
    size_t n = 0;

    for (*ret = 0; n < text->len && n < HEX_DIGITS_MAX && text->ptr[n] != '.'; n++) {
        const char *digit = memchr(DIGITS, text->ptr[n], 16);
        if (!digit)
            return false;
        *ret = *ret << 4 | (uint64_t)(digit - DIGITS);
    }
    *text = slice_of(text->ptr + n, text->len - n);
    return n > 0;
}

bool cursor_read(struct slice text, struct cursor *ret)
{
    uint64_t numbers[NUMBERS] = {0};

    if (text.len < 2 || text.len > CURSOR_CHARS_MAX)
        return false;
    *ret = (struct cursor){.list = text.ptr[0]};
    text = slice_of(text.ptr + 1, text.len - 1);
    for (unsigned i = 0; i < NUMBERS && (i != NUMBERS_MIN || text.len > 0); i++) {
        if (i > 0 && (text.len == 0 || text.ptr[0] != '.'))
            return false;
        if (i > 0)
            text = slice_of(text.ptr + 1, text.len - 1);
        if (!take_hex(&text, &numbers[i]))
            return false;
    }
    if (text.len > 0 || numbers[0] > UINT32_MAX)
        return false;
    ret->queue = (uint32_t)numbers[0];
    ret->life = numbers[1];
    ret->a = numbers[2];
    ret->b = numbers[3];
    ret->c = numbers[4];
    ret->d = numbers[5];
    return true;
}
