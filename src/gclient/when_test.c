/* when_test.c - times for people. SPDX-License-Identifier: MIT */
#include "gclient/when.h"

#include "unit/unit.h"

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
