/* num_test.c - see num.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/num.h"

static bool parse_u64(const char *text, uint64_t *ret) { return num_parse_u64(slice_str(text), ret); }
static bool parse_i64(const char *text, int64_t *ret) { return num_parse_i64(slice_str(text), ret); }
static bool parse_bytes(const char *text, uint64_t *ret) { return num_parse_bytes(slice_str(text), ret); }

TEST(num_u64_takes_digits_up_to_the_limit_and_nothing_else)
{
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616",
                                      "99999999999999999999", "184467440737095516150"};
    uint64_t value = 7;

    assert_true(parse_u64("0", &value) && value == 0);
    assert_true(parse_u64("007", &value) && value == 7);
    assert_true(parse_u64("18446744073709551615", &value) && value == UINT64_MAX);
    value = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_u64(bad[i], &value));
    assert_int_equal(value, 7);
}

TEST(num_i64_takes_a_sign_and_both_limits)
{
    static const char *const bad[] = {"", "-", "+", "--1", "+-1", "1-", "9223372036854775808", "-9223372036854775809"};
    int64_t value = 7;

    assert_true(parse_i64("-5", &value) && value == -5);
    assert_true(parse_i64("+5", &value) && value == 5);
    assert_true(parse_i64("9223372036854775807", &value) && value == INT64_MAX);
    assert_true(parse_i64("-9223372036854775808", &value) && value == INT64_MIN);
    value = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_i64(bad[i], &value));
    assert_int_equal(value, 7);
}

TEST(num_go_atoi_is_0_for_words_and_the_limit_beyond_it)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0}, {"12", 12}, {"-12", -12}, {"+3", 3}, {"", 0}, {"x", 0}, {"1x", 0}, {"-", 0}, {"+", 0}, {" 1", 0},
        {"1.5", 0}, {"99999999999999999999", INT64_MAX}, {"-99999999999999999999", INT64_MIN},
        {"9223372036854775808", INT64_MAX}, {"99999999999999999999x", 0}, {"0x10", 0}, {"1_000", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(num_go_atoi(slice_str(cases[i].text)) == cases[i].value);
}

TEST(num_bytes_know_their_units_and_their_overflow)
{
    static const char *const bad[] = {"", "k", "b", "kb", "1t", "1kk", "-1k", "16777216t", "18014398509481984k",
                                      "17179869184g", "1 k"};
    uint64_t value = 7;

    assert_true(parse_bytes("4096", &value) && value == 4096);
    assert_true(parse_bytes("64k", &value) && value == 65536);
    assert_true(parse_bytes("64KB", &value) && value == 65536);
    assert_true(parse_bytes("16m", &value) && value == UINT64_C(16) << 20);
    assert_true(parse_bytes("1G", &value) && value == UINT64_C(1) << 30);
    assert_true(parse_bytes("17179869183g", &value) && value == UINT64_C(17179869183) << 30);
    assert_true(parse_bytes("5b", &value) && value == 5);
    value = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_bytes(bad[i], &value));
    assert_int_equal(value, 7);
}

TEST(num_writes_what_it_reads)
{
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 12345678901, UINT64_MAX - 1, UINT64_MAX};
    char text[NUM_U64_MAX_CHARS];

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        uint64_t value;
        size_t len = num_write_u64(text, values[i]);
        assert_in_range(len, 1, NUM_U64_MAX_CHARS);
        assert_true(num_parse_u64(slice_of(text, len), &value) && value == values[i]);
    }
}
