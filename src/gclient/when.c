/* when.c - see when.h. SPDX-License-Identifier: MIT */
#include "gclient/when.h"

#include "base/num.h"
#include "net/clock.h"

#include <inttypes.h>
#include <stdio.h>

/* Takes `digits` decimal digits and, when it is not NUL, the mark behind them. */
static bool take(struct slice *text, size_t digits, char mark, unsigned min, unsigned max, unsigned *ret)
{
    size_t len = digits + (mark != '\0');
    uint64_t number;

    if (text->len < len || (mark != '\0' && text->ptr[digits] != mark) ||
        !num_parse_u64(slice_of(text->ptr, digits), &number) || number < min || number > max)
        return false;
    *ret = (unsigned)number;
    *text = slice_of(text->ptr + len, text->len - len);
    return true;
}

/* Days from 1970-01-01 to the first of a month, by years that begin in March. */
static int64_t days_before(unsigned year, unsigned month)
{
    int64_t y = (int64_t)year - (month < 3), m = (month + 9) % 12;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 - 719468;
}

static unsigned days_in(unsigned year, unsigned month)
{
    unsigned next_year = month == 12 ? year + 1 : year, next = month == 12 ? 1 : month + 1;

    return (unsigned)(days_before(next_year, next) - days_before(year, month));
}

static bool take_fraction(struct slice *text, unsigned *ret_ms)
{
    unsigned scale = 100, ms = 0;
    size_t digits = 0;

    *ret_ms = 0;
    if (text->len == 0 || text->ptr[0] != '.')
        return true;
    for (size_t i = 1; i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9'; i++, digits++, scale /= 10)
        ms += scale * (unsigned)(text->ptr[i] - '0');
    *text = slice_of(text->ptr + 1 + digits, text->len - 1 - digits);
    *ret_ms = ms;
    return digits > 0;
}

/* Z, or +hh:mm: minutes that the time is ahead of UTC. */
static bool take_offset(struct slice text, int *ret_minutes)
{
    unsigned hours, minutes;

    *ret_minutes = 0;
    if (slice_is(text, "Z") || slice_is(text, "z"))
        return true;
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return false;
    bool behind = text.ptr[0] == '-';
    text = slice_of(text.ptr + 1, text.len - 1);
    if (!take(&text, 2, ':', 0, 23, &hours) || !take(&text, 2, '\0', 0, 59, &minutes))
        return false;
    *ret_minutes = (int)(hours * 60 + minutes) * (behind ? -1 : 1);
    return true;
}

bool when_parse(struct slice text, uint64_t *ret_ms)
{
    unsigned year, month, day, hour, minute, second, ms;
    int ahead;

    if (!take(&text, 4, '-', 1970, 9999, &year) || !take(&text, 2, '-', 1, 12, &month) ||
        !take(&text, 2, '\0', 1, days_in(year, month), &day) || text.len == 0 ||
        (text.ptr[0] != 'T' && text.ptr[0] != 't' && text.ptr[0] != ' '))
        return false;
    text = slice_of(text.ptr + 1, text.len - 1);
    if (!take(&text, 2, ':', 0, 23, &hour) || !take(&text, 2, ':', 0, 59, &minute) ||
        !take(&text, 2, '\0', 0, 60, &second) || !take_fraction(&text, &ms) || !take_offset(text, &ahead))
        return false;
    int64_t minutes = (days_before(year, month) + day - 1) * 1440 + hour * 60 + minute - ahead;
    if (minutes < 0)
        return false;
    *ret_ms = (uint64_t)minutes * 60000 + second * 1000 + ms;
    return true;
}

void when_stretch(uint64_t ms, char to[WHEN_BYTES])
{
    uint64_t s = ms / 1000;

    if (ms == 0)
        (void)snprintf(to, WHEN_BYTES, "0s");
    else if (s < 1)
        (void)snprintf(to, WHEN_BYTES, "%ums", (unsigned)ms);
    else if (s < 60)
        (void)snprintf(to, WHEN_BYTES, "%us", (unsigned)s);
    else if (s < 3600)
        (void)snprintf(to, WHEN_BYTES, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    else if (s < 86400)
        (void)snprintf(to, WHEN_BYTES, "%uh%02um", (unsigned)(s / 3600), (unsigned)(s % 3600 / 60));
    else if (s < 100 * 86400)
        (void)snprintf(to, WHEN_BYTES, "%ud%02uh", (unsigned)(s / 86400), (unsigned)(s % 86400 / 3600));
    else
        (void)snprintf(to, WHEN_BYTES, "%" PRIu64 "d", s / 86400);
}

void when_local(struct slice text, char to[WHEN_BYTES])
{
    char local[CLOCK_TEXT_BYTES];
    uint64_t ms;

    to[0] = '\0';
    if (when_parse(text, &ms)) {
        clock_format_local(ms, local);
        (void)snprintf(to, WHEN_BYTES, "%s", local);
        return;
    }
    for (size_t i = 0; i < text.len && i < WHEN_BYTES - 1; i++) {
        to[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
        to[i + 1] = '\0';
    }
}
