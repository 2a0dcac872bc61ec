/* json.c - see json.h. SPDX-License-Identifier: MIT */
#include "wire/json.h"

#include "base/bytes.h"
#include "base/utf8.h"

enum {
    /* Up to this length the worst case is reserved instead of counting first. */
    COUNT_FIRST_BYTES = 1024,
    STEP = 16,
};

typedef signed char lanes __attribute__((vector_size(STEP)));

/*
 * How many of the STEP bytes at `ptr` stand before the first one that is not copied as it is: as signed numbers all
 * below 0x20 are controls or above 0x7f; and `\`; and by pairs that differ in one bit `"` 0x22 with `&` 0x26,
 * and `<` 0x3c with `>` 0x3e.
 */
static inline unsigned plain_bytes(const char *ptr)
{
    lanes v;
    uint64_t half[2];

    memcpy(&v, ptr, STEP);
    lanes special = (lanes)((v < 0x20) | (v == '\\') | ((v & ~4) == '"') | ((v & ~2) == '<'));
    memcpy(half, &special, STEP);
    if (LIKELY((half[0] | half[1]) == 0))
        return STEP;
    uint64_t first = get_le64(&half[half[0] == 0]);
    return (half[0] == 0 ? 8u : 0u) + (unsigned)__builtin_ctzll(first) / 8;
}

/* How many bytes an ASCII byte takes; those above are decided by what they decode to. */
static inline unsigned ascii_bytes(unsigned char c)
{
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
        return 2;
    return c < 0x20 || c == '<' || c == '>' || c == '&' ? 6 : 1;
}

static bool is_line_separator(uint32_t code_point) { return code_point == 0x2028 || code_point == 0x2029; }

size_t json_string_bytes(struct slice text)
{
    size_t bytes = JSON_QUOTES_BYTES, at = 0;
    uint32_t cp;

    while (at < text.len) {
        if (text.len - at >= STEP) {
            unsigned plain = plain_bytes(text.ptr + at);
            bytes += plain;
            at += plain;
            if (plain == STEP)
                continue;
        }
        if ((unsigned char)text.ptr[at] < 0x80)
            bytes += ascii_bytes((unsigned char)text.ptr[at++]);
        for (; at < text.len && (unsigned char)text.ptr[at] >= 0x80;) {
            unsigned n = utf8_next(text.ptr + at, text.len - at, &cp);
            bytes += n == 0 || is_line_separator(cp) ? 6 : n;
            at += n == 0 ? 1 : n;
        }
    }
    return bytes;
}

static char *write_u(char *to, unsigned unit)
{
    static const char hex[] = "0123456789abcdef";

    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *to++ = hex[unit >> shift & 15];
    return to;
}

static char *write_ascii(char *to, unsigned char c)
{
    unsigned n = ascii_bytes(c);

    if (n == 6)
        return write_u(to, c);
    if (n == 2)
        *to++ = '\\';
    *to++ = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c;
    return to;
}

/* Writes the sequence at `ptr`, or what stands for it; sets `*ret_taken` to how many bytes it was. */
static char *write_high(char *to, const char *ptr, size_t len, size_t *ret_taken)
{
    uint32_t cp = 0xfffd;
    unsigned n = utf8_next(ptr, len, &cp);

    *ret_taken = n == 0 ? 1 : n;
    if (n == 0 || is_line_separator(cp))
        return write_u(to, cp);
    memcpy(to, ptr, n);
    return to + n;
}

char *json_write_string(char *to, struct slice text)
{
    size_t at = 0, taken;

    *to++ = '"';
    while (at < text.len) {
        if (text.len - at >= STEP) {
            /* STEP bytes left to read take at least as many to write, so all of them may be stored. */
            unsigned plain = plain_bytes(text.ptr + at);
            memcpy(to, text.ptr + at, STEP);
            to += plain;
            at += plain;
            if (plain == STEP)
                continue;
        }
        if ((unsigned char)text.ptr[at] < 0x80)
            to = write_ascii(to, (unsigned char)text.ptr[at++]);
        for (; at < text.len && (unsigned char)text.ptr[at] >= 0x80; at += taken)
            to = write_high(to, text.ptr + at, text.len - at, &taken);
    }
    *to++ = '"';
    return to;
}

bool json_append_string(struct buf *out, struct slice text)
{
    char *to = NULL;

    if (text.len <= COUNT_FIRST_BYTES)
        to = buf_reserve(out, text.len * JSON_BYTES_PER_BYTE_MAX + JSON_QUOTES_BYTES);
    if (!to && !(to = buf_reserve(out, json_string_bytes(text))))
        return false;
    buf_commit(out, (size_t)(json_write_string(to, text) - to));
    return true;
}
