/* num.c - see num.h. SPDX-License-Identifier: MIT */
#include "base/num.h"

bool num_parse_u64(struct slice text, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool num_parse_i64(struct slice text, int64_t *ret_value)
{
    bool minus = text.len > 0 && text.ptr[0] == '-';
    uint64_t value;

    if (text.len > 0 && (minus || text.ptr[0] == '+'))
        text = slice_of(text.ptr + 1, text.len - 1);
    if (!num_parse_u64(text, &value) || value > (uint64_t)INT64_MAX + minus)
        return false;
    *ret_value = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

int64_t num_go_atoi(struct slice text)
{
    int64_t value;

    if (num_parse_i64(text, &value))
        return value;
    bool minus = text.len > 0 && text.ptr[0] == '-';
    size_t first = text.len > 0 && (minus || text.ptr[0] == '+');
    if (first == text.len)
        return 0;
    for (size_t i = first; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
    return minus ? INT64_MIN : INT64_MAX;
}

static unsigned unit_shift(char c)
{
    switch (c) {
    case 'k': case 'K': return 10;
    case 'm': case 'M': return 20;
    case 'g': case 'G': return 30;
    default: return 0;
    }
}

bool num_parse_bytes(struct slice text, uint64_t *ret_bytes)
{
    uint64_t value;
    unsigned shift = 0;

    if (text.len > 1 && (text.ptr[text.len - 1] == 'b' || text.ptr[text.len - 1] == 'B'))
        text.len--;
    if (text.len > 1 && (shift = unit_shift(text.ptr[text.len - 1])) > 0)
        text.len--;
    if (!num_parse_u64(text, &value) || value > UINT64_MAX >> shift)
        return false;
    *ret_bytes = value << shift;
    return true;
}

size_t num_write_u64(char *to, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[NUM_U64_MAX_CHARS];
    size_t at = sizeof(digits);

    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(digits + at, pairs + value % 100 * 2, 2);
    }
    if (value >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + value * 2, 2);
    } else {
        digits[--at] = (char)('0' + value);
    }
    memcpy(to, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}
