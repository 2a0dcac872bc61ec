/* num.c - see num.h. SPDX-License-Identifier: MIT */
#include "base/num.h"

enum { SAFE_DIGITS = 19 }; /* of a number that is below 2^64, whatever they are */

bool num_parse_u64(struct slice text, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9)
            return false;
        if (i >= SAFE_DIGITS && value > (UINT64_MAX - digit) / 10)
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

/* "00" to "99", one after the other: half the divisions of a digit at a time. */
#define TENS(d) #d "0" #d "1" #d "2" #d "3" #d "4" #d "5" #d "6" #d "7" #d "8" #d "9"
static const char pairs[] = TENS(0) TENS(1) TENS(2) TENS(3) TENS(4) TENS(5) TENS(6) TENS(7) TENS(8) TENS(9);

size_t num_write_u64(char *to, uint64_t value)
{
    char digits[NUM_U64_MAX_CHARS];
    size_t at = NUM_U64_MAX_CHARS;

    for (; value >= 100; value /= 100)
        memcpy(digits + (at -= 2), pairs + 2 * (value % 100), 2);
    if (value >= 10)
        memcpy(digits + (at -= 2), pairs + 2 * value, 2);
    else
        digits[--at] = (char)('0' + value);
    memcpy(to, digits + at, NUM_U64_MAX_CHARS - at);
    return NUM_U64_MAX_CHARS - at;
}

int num_compare_u64(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}
