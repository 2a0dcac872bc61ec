/* time_text_test.c - see time_text.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/time_text.h"

static const struct {
    uint64_t ms;
    const char *text;
} moments[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {951782399999, "2000-02-28T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {1483228799999, "2016-12-31T23:59:59.999Z"},
    {1763834936123, "2025-11-22T18:08:56.123Z"},
    {4107542399000, "2100-02-28T23:59:59.000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {TIME_TEXT_MS_MAX, "9999-12-31T23:59:59.999Z"},
};

TEST(time_text_is_written_and_read_back)
{
    char to[TIME_TEXT_BYTES];
    uint64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        assert_ptr_equal(time_text_write(to, moments[i].ms), to + TIME_TEXT_BYTES);
        assert_memory_equal(to, moments[i].text, TIME_TEXT_BYTES);
        assert_true(time_text_read(slice_str(moments[i].text), &ms));
        assert_int_equal(ms, moments[i].ms);
    }
    (void)time_text_write(to, UINT64_MAX);
    assert_memory_equal(to, "9999-12-31T23:59:59.999Z", TIME_TEXT_BYTES);
}

TEST(time_text_every_day_follows_the_one_before)
{
    char to[TIME_TEXT_BYTES];
    uint64_t back;

    for (uint64_t ms = 0; ms < TIME_TEXT_MS_MAX; ms += UINT64_C(86400000) * 13 + 1) {
        (void)time_text_write(to, ms);
        assert_true(time_text_read(slice_of(to, TIME_TEXT_BYTES), &back));
        assert_int_equal(back, ms);
    }
}

TEST(time_text_takes_offsets_and_fractions)
{
    static const char *const same[] = {"2016-12-31T23:59:59Z", "2016-12-31t23:59:59z", "2016-12-31T23:59:60Z",
                                       "2017-01-01T01:59:59+02:00", "2016-12-31T18:29:59-05:30",
                                       "2016-12-31T23:59:59.0Z", "2016-12-31T23:59:59.0009999Z"};
    uint64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        assert_true(time_text_read(slice_str(same[i]), &ms));
        assert_int_equal(ms, UINT64_C(1483228799000));
    }
}

TEST(time_text_refuses_every_prefix_and_what_is_no_time)
{
    static const char *const bad[] = {
        "2016-13-01T00:00:00Z", "2016-00-01T00:00:00Z", "2015-02-29T00:00:00Z", "2016-04-31T00:00:00Z",
        "2016-01-00T00:00:00Z", "2016-01-01T24:00:00Z", "2016-01-01T00:60:00Z", "2016-01-01T00:00:61Z",
        "2016-01-01 00:00:00Z", "2016-01-01T00:00:00", "2016-01-01T00:00:00.Z", "2016-01-01T00:00:00+24:00",
        "2016-01-01T00:00:00+0200", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2016-1-1T00:00:00Z",
        "9999-12-31T23:59:59-00:01", "2016-01-01T00:00:00ZZ", "20160101T000000Z"};
    struct slice good = slice_str("2016-12-31T23:59:59.123+02:00");
    uint64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(time_text_read(slice_str(bad[i]), &ms));
    for (size_t len = 0; len < good.len; len++) {
        char *copy = guarded(good.ptr, len);
        assert_false(time_text_read(slice_of(copy, len), &ms));
        guarded_free(copy, len);
    }
}
