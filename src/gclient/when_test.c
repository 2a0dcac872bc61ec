/* when_test.c - times in text. SPDX-License-Identifier: MIT */
#include "gclient/when.h"

#include "unit/unit.h"

#include <string.h>

static uint64_t ms_of(const char *text)
{
    uint64_t ms = 0;
    char *copy = guarded(text, strlen(text));
    bool good = when_parse(slice_of(copy, strlen(text)), &ms);

    guarded_free(copy, strlen(text));
    return good ? ms : UINT64_MAX;
}

TEST(when_reads_what_rfc_3339_writes)
{
    assert_int_equal(ms_of("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(ms_of("2026-01-31T08:00:00Z"), UINT64_C(1769846400000));
    assert_int_equal(ms_of("2026-01-31T08:00:00.123Z"), UINT64_C(1769846400123));
    assert_int_equal(ms_of("2026-01-31T08:00:00.1239999999999Z"), UINT64_C(1769846400123));
    assert_int_equal(ms_of("2026-01-31t09:30:00+01:30"), UINT64_C(1769846400000));
    assert_int_equal(ms_of("2026-01-31 03:00:00-05:00"), UINT64_C(1769846400000));
    assert_int_equal(ms_of("2024-02-29T00:00:00Z"), UINT64_C(1709164800000));
    assert_int_equal(ms_of("2000-03-01T00:00:00Z"), UINT64_C(951868800000));
    assert_int_equal(ms_of("9999-12-31T23:59:60Z"), UINT64_C(253402300800000));
}

TEST(when_refuses_what_is_no_time)
{
    static const char good[] = "2026-01-31T08:00:00.5+01:00";
    static const char *const bad[] = {"2026-02-29T00:00:00Z", "1900-01-01T00:00:00Z",  "2026-13-01T00:00:00Z",
                                      "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",  "2026-01-01T00:00:61Z",
                                      "2026-01-01T00:00:00",  "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Z ",
                                      "2026-01-01",           "1970-01-01T00:00:00+00:01", "tomorrow",
                                      "2026-01-01T00:00:00+1:00", "2026-1-01T00:00:00Z"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(ms_of(bad[i]) == UINT64_MAX);
    for (size_t len = 0; len < strlen(good); len++) {
        char *copy = guarded(good, len);
        uint64_t ms;
        assert_false(when_parse(slice_of(copy, len), &ms));
        guarded_free(copy, len);
    }
}

TEST(when_says_how_long_in_two_units)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {{0, "0s"},           {850, "850ms"},     {1999, "1s"},        {59999, "59s"},
                {60000, "1m00s"},    {192000, "3m12s"},  {7500000, "2h05m"},  {273600000, "3d04h"},
                {86400000, "1d00h"}, {UINT64_MAX, "213503982334d"}};
    char text[WHEN_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        when_stretch(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
    when_local(slice_str("no \x1btime"), text);
    assert_string_equal(text, "no ?time");
}
