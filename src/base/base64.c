/* base64.c - see base64.h. SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <errno.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_write(char *to, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = min_u64(3, bytes.len - i);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < n ? (unsigned char)bytes.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= n ? ALPHABET[bits >> (18 - 6 * k) & 63] : '=';
    }
    return to;
}

/* 0..63, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long base64_read(struct slice text, char *to)
{
    const char *from = to;
    size_t pads = 0;

    if (text.len % 4 != 0)
        return -EINVAL;
    while (pads < 2 && pads < text.len && text.ptr[text.len - 1 - pads] == '=')
        pads++;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t n = i + 4 == text.len ? 4 - pads : 4;
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k < n ? value_of(text.ptr[i + k]) : 0;
            if (value < 0)
                return -EINVAL;
            bits = bits << 6 | (uint32_t)value;
        }
        for (size_t k = 0; k + 1 < n; k++)
            *to++ = (char)(bits >> (16 - 8 * k) & 255);
        if ((n == 3 && (bits & 0xff) != 0) || (n == 2 && (bits & 0xffff) != 0))
            return -EINVAL;
    }
    return (long)(to - from);
}
