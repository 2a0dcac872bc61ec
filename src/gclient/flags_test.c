/* flags_test.c - the command line by its table, and durations as Go prints them. SPDX-License-Identifier: MIT */
#include "gclient/flags.h"

#include "gclient/out.h"
#include "unit/unit.h"

struct values {
    const char *text;
    int64_t number;
    uint64_t time_ms;
    bool on;
    uint64_t bytes;
    const char *choice;
};

static const struct flag table[] = {
    {"text", "TEXT", "a text", FLAG_TEXT, offsetof(struct values, text), 0, 0, 1},
    {"num", "N", "a number", FLAG_NUMBER, offsetof(struct values, number), -5, 100, 1},
    {"time", "TIME", "a time", FLAG_TIME, offsetof(struct values, time_ms), 0, 1000000000, 1},
    {"on", NULL, "a switch", FLAG_SWITCH, offsetof(struct values, on), 0, 0, 1},
    {"bytes", "BYTES", "a size", FLAG_BYTES, offsetof(struct values, bytes), 1, 4096, 1},
    {"choice", "a|bc", "one of two", FLAG_CHOICE, offsetof(struct values, choice), 0, 0, 1},
    {"other", NULL, "of another command", FLAG_SWITCH, offsetof(struct values, on), 0, 0, 2},
};

static const char *words[16];
static struct flags_result result;

static bool read_line(char **argv, int argc, bool stop_at_word, struct values *values)
{
    struct flags flags = {.table = table, .count = ARRAY_LEN(table), .commands = 1, .stop_at_word = stop_at_word};

    *values = (struct values){0};
    result = (struct flags_result){.words = words};
    return flags_read(&flags, argc, argv, values, &result);
}

#define READ(stop, values, ...)                                                                    \
    read_line((char *[]){(char[]){"x"}, __VA_ARGS__}, (int)ARRAY_LEN(((char *[]){(char[]){"x"}, __VA_ARGS__})), stop, \
              values)
#define S(text) ((char[]){text})

TEST(flags_are_read_in_all_of_gos_ways)
{
    struct values values;

    assert_true(READ(false, &values, S("-text=a=b"), S("--num"), S("-5"), S("-time"), S("1h30m"), S("--on")));
    assert_string_equal(values.text, "a=b");
    assert_int_equal(values.number, -5);
    assert_int_equal(values.time_ms, 5400000);
    assert_true(values.on);
    for (size_t i = 0; i < 4; i++)
        assert_true(result.given[i]);
    assert_false(result.given[4]);
    assert_true(READ(false, &values, S("--on=false"), S("-text=")));
    assert_false(values.on);
    assert_string_equal(values.text, "");
}

TEST(flags_stand_between_words_or_end_at_the_first_one)
{
    struct values values;

    assert_true(READ(false, &values, S("a"), S("-on"), S("-"), S("--"), S("-text")));
    assert_int_equal(result.word_count, 3);
    assert_string_equal(result.words[1], "-");
    assert_string_equal(result.words[2], "-text");
    assert_true(READ(true, &values, S("a"), S("-on")));
    assert_int_equal(result.word_count, 2);
    assert_false(values.on);
}

TEST(flags_refuse_what_is_not_in_the_table_or_out_of_range)
{
    struct values values;

    assert_false(READ(false, &values, S("-nosuch=1")));
    assert_string_equal(result.error, "flag provided but not defined: -nosuch=1");
    assert_false(READ(false, &values, S("-other")));
    assert_false(READ(false, &values, S("-num")));
    assert_string_equal(result.error, "flag needs an argument: -num");
    assert_false(READ(false, &values, S("-num=101")));
    assert_false(READ(false, &values, S("-num=x")));
    assert_false(READ(false, &values, S("-num=")));
    assert_false(READ(false, &values, S("-on=maybe")));
    assert_false(READ(false, &values, S("-time=20d")));
    assert_false(READ(false, &values, S("-te=x")));
    assert_true(READ(false, &values, S("--help")));
    assert_true(result.help);
}

TEST(flags_take_sizes_choices_and_negative_words)
{
    struct values values;

    assert_true(READ(false, &values, S("--bytes=4k"), S("-choice"), S("bc"), S("-5000"), S("-0")));
    assert_int_equal(values.bytes, 4096);
    assert_string_equal(values.choice, "bc");
    assert_int_equal(result.word_count, 2);
    assert_string_equal(result.words[0], "-5000");
    assert_false(READ(false, &values, S("--bytes=4097")));
    assert_false(READ(false, &values, S("--bytes=0")));
    assert_false(READ(false, &values, S("--choice=b")));
    assert_false(READ(false, &values, S("--choice=")));
    assert_false(READ(false, &values, S("--choice=a|bc")));
    assert_string_equal(result.error, "invalid value \"a|bc\" for flag -choice: one of two");
    assert_false(READ(true, &values, S("-5000")));
}

TEST(flags_lists_of_choices_are_taken_apart)
{
    struct slice list = slice_str("on|off"), word;

    assert_true(flags_next_choice(&list, &word));
    assert_true(slice_is(word, "on"));
    assert_true(flags_next_choice(&list, &word));
    assert_true(slice_is(word, "off"));
    assert_false(flags_next_choice(&list, &word));
}

TEST(flags_times_are_seconds_or_units)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"20", 20000}, {"0", 0}, {"500ms", 500}, {"1m", 60000}, {"1d2h3m4s5ms", 93784005}, {"0s", 0}};
    static const char *const bad[] = {"", "s", "1x", "-1", "1.5s", "1h30", " 1", "18446744073709551615",
                                      "18446744073709551615h", "18446744073709551615ms1ms"};
    uint64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(flags_parse_time(slice_str(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(flags_parse_time(slice_str(bad[i]), &ms));
}

TEST(out_prints_durations_as_go_does)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {{0, "0s"}, {999, "999ns"}, {1000, "1\xc2\xb5s"}, {291434, "291.434\xc2\xb5s"},
                 {4331307, "4.331307ms"}, {3018590, "3.01859ms"}, {1000000000, "1s"}, {1500000000, "1.5s"},
                 {62500000000, "1m2.5s"}, {3600000000000, "1h0m0s"}, {UINT64_MAX, "5124095h34m33.709551615s"}};
    char text[OUT_DURATION_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        out_duration(cases[i].ns, text);
        assert_string_equal(text, cases[i].text);
    }
}
