/* utf8.c - see utf8.h. SPDX-License-Identifier: MIT */
#include "base/utf8.h"

static bool is_tail(unsigned char byte) { return (byte & 0xc0) == 0x80; }

unsigned utf8_next(const char *ptr, size_t len, uint32_t *ret_code_point)
{
    const unsigned char *p = (const unsigned char *)ptr;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (n == 0 || n > len)
        return 0;
    uint32_t cp = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if (!is_tail(p[i]))
            return 0;
        cp = cp << 6 | (p[i] & 0x3fu);
    }
    if (cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    *ret_code_point = cp;
    return n;
}

bool utf8_valid(struct slice text)
{
    uint32_t cp;

    for (size_t at = 0; at < text.len;) {
        unsigned n = utf8_next(text.ptr + at, text.len - at, &cp);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}
