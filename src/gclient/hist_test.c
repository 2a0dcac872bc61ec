/* hist_test.c - buckets, quantiles, and the chart of them. SPDX-License-Identifier: MIT */
#include "gclient/hist.h"

#include "gclient/chart.h"
#include "gclient/out.h"
#include "unit/unit.h"

static struct hist hist;

static void empty(void) { memset(&hist, 0, sizeof(hist)); }

TEST(hist_a_bucket_ends_where_the_next_one_begins)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        uint64_t last = hist_bucket_max(i);
        assert_int_equal(hist_bucket(last), i);
        if (i + 1 < HIST_BUCKETS)
            assert_int_equal(hist_bucket(last + 1), i + 1);
        else
            assert_true(last == UINT64_MAX);
    }
}

TEST(hist_a_value_is_known_to_within_a_hundredth)
{
    for (unsigned shift = 0; shift < 64; shift++)
        for (int step = -1; step <= 1; step++) {
            uint64_t value = (UINT64_C(1) << shift) + (uint64_t)(int64_t)step;
            uint64_t said = hist_bucket_max(hist_bucket(value));
            assert_true(said >= value);
            assert_true(said - value <= value / 100);
        }
}

TEST(hist_quantiles_of_known_values)
{
    empty();
    assert_int_equal(hist_quantile(&hist, 50000), 0);
    assert_int_equal(hist_mean(&hist), 0);
    for (uint64_t i = 1; i <= 100; i++)
        hist_add(&hist, i);
    assert_int_equal(hist_quantile(&hist, 50000), 50);
    assert_int_equal(hist_quantile(&hist, 90000), 90);
    assert_int_equal(hist_quantile(&hist, 99000), 99);
    assert_int_equal(hist_quantile(&hist, 99900), 100);
    assert_int_equal(hist_quantile(&hist, 100000), 100);
    assert_int_equal(hist_quantile(&hist, 0), 1);
    assert_int_equal(hist_mean(&hist), 50);
    assert_int_equal(hist.min, 1);
    assert_int_equal(hist.max, 100);
    assert_int_equal(hist_count_to(&hist, 10), 10);
    assert_int_equal(hist_count_to(&hist, UINT64_MAX), 100);
}

TEST(hist_one_value_is_every_quantile)
{
    empty();
    hist_add(&hist, 1234567);
    for (unsigned i = 0; i <= 100000; i += 10000)
        assert_int_equal(hist_quantile(&hist, i), 1234567);
}

TEST(hist_extremes_neither_overflow_nor_get_lost)
{
    empty();
    hist_add(&hist, 0);
    hist_add(&hist, UINT64_MAX);
    hist_add(&hist, UINT64_MAX);
    assert_int_equal(hist.min, 0);
    assert_true(hist.max == UINT64_MAX && hist.sum == UINT64_MAX);
    assert_int_equal(hist_quantile(&hist, 10000), 0);
    assert_true(hist_quantile(&hist, 99000) == UINT64_MAX);
}

static void assert_chart(bool unicode, bool colour, const char *want)
{
    struct chart_style style = {.columns = 4, .unicode = unicode, .colour = colour};
    struct buf out;

    buf_init(&out, 65536);
    assert_true(chart_append(&out, &hist, &style));
    assert_true(buf_append(&out, "", 1));
    assert_string_equal(buf_data(&out), want);
    buf_free(&out);
}

TEST(chart_draws_rows_at_round_durations)
{
    empty();
    assert_chart(true, true, "");
    for (int i = 0; i < 8; i++)
        hist_add(&hist, 900);
    hist_add(&hist, 4000);
    assert_chart(false, false, "  <=    1us          8  88.889% ####\n"
                               "  <=    2us          0  88.889% \n"
                               "  <=    5us          1 100.000% #\n");
    assert_chart(true, false, "  <=    1us          8  88.889% \xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\n"
                              "  <=    2us          0  88.889% \n"
                              "  <=    5us          1 100.000% \xe2\x96\x8c\n");
    assert_chart(false, true, "  <=    1us          8  88.889% \x1b[36m####\x1b[0m\n"
                              "  <=    2us          0  88.889% \n"
                              "  <=    5us          1 100.000% \x1b[36m#\x1b[0m\n");
}

TEST(chart_spans_all_that_can_be_measured)
{
    struct chart_style style = {.columns = 40};
    struct buf out;

    empty();
    hist_add(&hist, 0);
    hist_add(&hist, UINT64_MAX);
    buf_init(&out, 65536);
    assert_true(chart_append(&out, &hist, &style));
    buf_free(&out);
    buf_init(&out, 10);
    assert_false(chart_append(&out, &hist, &style));
    buf_free(&out);
}

TEST(out_short_durations_have_three_digits)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {{0, "0ns"}, {999, "999ns"}, {1000, "1.00us"}, {12340, "12.3us"}, {999900, "1000us"},
                 {123456789, "123ms"}, {1234567890, "1.23s"}, {100000000000, "100s"}};
    char text[OUT_DURATION_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        out_short_duration(cases[i].ns, false, text);
        assert_string_equal(text, cases[i].text);
    }
    out_short_duration(1500, true, text);
    assert_string_equal(text, "1.50\xc2\xb5s");
}
