/* time_text.c - see time_text.h. SPDX-License-Identifier: MIT */
#include "base/time_text.h"

enum { DAY_S = 86400, DAYS_400_YEARS = 146097, DAYS_TO_1970 = 719468, YEAR_MAX = 9999 };

/* Days since 1970-01-01, by years that begin in March: so the leap day is the last one. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    uint64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
    uint64_t of_year = (153 * m + 2) / 5 + day - 1;

    return (int64_t)(y / 400 * DAYS_400_YEARS + y % 400 * 365 + y % 400 / 4 - y % 400 / 100 + of_year) - DAYS_TO_1970;
}

static char *put(char *to, unsigned value, unsigned digits, char after)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    to[digits] = after;
    return to + digits + 1;
}

char *time_text_write(char *to, uint64_t ms)
{
    ms = min_u64(ms, TIME_TEXT_MS_MAX);
    uint64_t days = ms / 1000 / DAY_S + DAYS_TO_1970, s = ms / 1000 % DAY_S;
    uint64_t era = days / DAYS_400_YEARS, of_era = days % DAYS_400_YEARS;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;
    unsigned month = (unsigned)(m < 10 ? m + 3 : m - 9);

    to = put(to, (unsigned)(era * 400 + year) + (month <= 2), 4, '-');
    to = put(to, month, 2, '-');
    to = put(to, (unsigned)(of_year - (153 * m + 2) / 5 + 1), 2, 'T');
    to = put(to, (unsigned)(s / 3600), 2, ':');
    to = put(to, (unsigned)(s / 60 % 60), 2, ':');
    to = put(to, (unsigned)(s % 60), 2, '.');
    return put(to, (unsigned)(ms % 1000), 3, 'Z');
}

/* Takes `digits` digits off the text; false when they are not there, or not within the range. */
static bool take(struct slice *text, unsigned digits, unsigned min, unsigned max, unsigned *ret)
{
    unsigned value = 0;

    if (text->len < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        unsigned digit = (unsigned)(unsigned char)text->ptr[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *text = slice_of(text->ptr + digits, text->len - digits);
    *ret = value;
    return value >= min && value <= max;
}

static bool take_char(struct slice *text, char c, char other)
{
    if (text->len == 0 || (text->ptr[0] != c && text->ptr[0] != other))
        return false;
    *text = slice_of(text->ptr + 1, text->len - 1);
    return true;
}

static bool take_fraction(struct slice *text, unsigned *ret_ms)
{
    unsigned digit, scale = 100;

    *ret_ms = 0;
    if (!take_char(text, '.', '.'))
        return true;
    if (!take(text, 1, 0, 9, &digit))
        return false;
    do {
        *ret_ms += digit * scale;
        scale /= 10;
    } while (text->len > 0 && text->ptr[0] >= '0' && text->ptr[0] <= '9' && take(text, 1, 0, 9, &digit));
    return true;
}

/* Z, or the offset in seconds. */
static bool take_offset(struct slice *text, int64_t *ret_s)
{
    unsigned hours, minutes;
    bool minus = text->len > 0 && text->ptr[0] == '-';

    *ret_s = 0;
    if (take_char(text, 'Z', 'z'))
        return text->len == 0;
    if (!take_char(text, '+', '-') || !take(text, 2, 0, 23, &hours) || !take_char(text, ':', ':') ||
        !take(text, 2, 0, 59, &minutes))
        return false;
    *ret_s = (int64_t)(hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return text->len == 0;
}

static unsigned days_in(unsigned year, unsigned month)
{
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 ? 28u + leap : 30u + (month + (month > 7)) % 2;
}

bool time_text_read(struct slice text, uint64_t *ret_ms)
{
    unsigned year, month, day, hour, minute, second, ms;
    int64_t offset_s;

    if (!take(&text, 4, 1970, YEAR_MAX, &year) || !take_char(&text, '-', '-') || !take(&text, 2, 1, 12, &month) ||
        !take_char(&text, '-', '-') || !take(&text, 2, 1, days_in(year, month), &day) ||
        !take_char(&text, 'T', 't') || !take(&text, 2, 0, 23, &hour) || !take_char(&text, ':', ':') ||
        !take(&text, 2, 0, 59, &minute) || !take_char(&text, ':', ':') || !take(&text, 2, 0, 60, &second) ||
        !take_fraction(&text, &ms) || !take_offset(&text, &offset_s))
        return false;
    int64_t s = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + (second == 60 ? 59 : second) - offset_s;
    if (s < 0)
        return false;
    *ret_ms = (uint64_t)s * 1000 + ms;
    return *ret_ms <= TIME_TEXT_MS_MAX;
}
