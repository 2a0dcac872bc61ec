/* complete_test.c - what a shell is offered, the tables behind it, and help. SPDX-License-Identifier: MIT */
#include "gclient/complete.h"

#include "gclient/errors.h"
#include "gclient/help.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>

static void topics(void *ctx, int count, char **words, void (*each)(void *to, const char *name), void *to)
{
    (void)ctx, (void)count, (void)words;
    each(to, "mail");
    each(to, "$(x)");
}

static void contexts(void *ctx, void (*each)(void *to, const char *name), void *to)
{
    (void)ctx;
    each(to, "live");
    each(to, "test");
}

static const struct complete_source source = {.topics = topics, .contexts = contexts};

/* The candidates for "push TOP", a word after the other, without their remarks; _ stands for an empty word. */
static const char *offered(const char *line)
{
    static char all[1 << 16];
    char text[256], *words[16], *at = text;
    struct buf out;
    int count = 0;

    (void)snprintf(text, sizeof(text), "%s", line);
    for (char *word; (word = strsep(&at, " "));)
        words[count++] = strcmp(word, "_") == 0 ? word + 1 : word;
    buf_init(&out, COMPLETE_BYTES_MAX);
    assert_true(complete_words(&source, line[0] ? count : 0, words, &out));
    all[0] = '\0';
    size_t len = 0;
    for (size_t i = 0; i < buf_len(&out); i++) {
        const char *row = buf_data(&out) + i;
        size_t bytes = buf_len(&out) - i, word = 0;
        while (word < bytes && row[word] != '\t' && row[word] != '\n')
            word++;
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%.*s", len > 0 ? " " : "", (int)word, row);
        while (i < buf_len(&out) && buf_data(&out)[i] != '\n')
            i++;
    }
    buf_free(&out);
    return all;
}

TEST(complete_offers_commands_words_and_flags)
{
    assert_string_equal(offered("p"), "push pop peek promote purge pause");
    assert_non_null(strstr(offered(""), "push pop ack"));
    assert_string_equal(offered("push _"), "mail $(x)");
    assert_string_equal(offered("push m"), "mail");
    assert_string_equal(offered("push mail _"), "");
    assert_string_equal(offered("pop mail m"), "mail");
    assert_string_equal(offered("set mail _"), "on off");
    assert_string_equal(offered("set mail on _"), "");
    assert_string_equal(offered("stat _"), "mail $(x)");
    assert_string_equal(offered("bench m"), "mixed");
    assert_string_equal(offered("topic sh"), "show");
    assert_string_equal(offered("topic show _"), "mail $(x)");
    assert_string_equal(offered("dead _"), "list show redrive delete export take mail $(x)");
    assert_string_equal(offered("dead list m"), "mail");
    assert_string_equal(offered("get m"), "mail");
    assert_string_equal(offered("purge mail --state d"), "delayed dead");
    assert_string_equal(offered("bench --rate 5 push _"), "mail $(x)");
    assert_string_equal(offered("bench --keep push m"), "mail");
    assert_string_equal(offered("context select _"), "live test");
    assert_string_equal(offered("help comp"), "completion");
    assert_string_equal(offered("errors TOPIC_U"), "TOPIC_UNKNOWN");
    assert_string_equal(offered("nosuch _"), "");
    assert_string_equal(offered("push --del"), "--delay");
    assert_string_equal(offered("ack --del"), "");
    assert_string_equal(offered("push --he"), "--header --help");
    assert_string_equal(offered("push -- --del"), "");
}

TEST(complete_knows_what_each_word_is)
{
    static const struct {
        const char *words;
        size_t at;
        const char *kind;
    } cases[] = {{"", 0, ""}, {"", 3, ""}, {"TOPIC on|off", 0, "TOPIC"}, {"TOPIC on|off", 1, "on|off"},
                 {"TOPIC on|off", 2, ""}, {"TOPIC...", 0, "TOPIC"}, {"TOPIC...", 9, "TOPIC"},
                 {"TOPIC ID...", 0, "TOPIC"},
                 {"TOPIC ID...", 1, "ID"}, {"TOPIC ID...", 2, "ID"}, {"...", 0, "..."}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(slice_is(complete_kind(cases[i].words, cases[i].at), cases[i].kind));
}

TEST(complete_offers_values_of_flags)
{
    assert_string_equal(offered("check --format _"), "nagios text json prometheus");
    assert_string_equal(offered("check --format=j"), "--format=json");
    assert_string_equal(offered("topics --context l"), "live");
    assert_string_equal(offered("topics -context=t"), "-context=test");
    assert_string_equal(offered("bench push --csv _"), ":files");
    assert_string_equal(offered("push --node _"), "");
    assert_string_equal(offered("push --nosuch=_"), "");
    assert_string_equal(offered("push --quiet=t"), "");
    assert_string_equal(offered("push --node x _"), "mail $(x)");
    assert_string_equal(offered("push --node=x m"), "mail");
}

TEST(errors_have_a_hint_each)
{
    for (size_t i = 0; i < ERROR_ROWS_COUNT; i++) {
        if (!error_hint(ERROR_ROWS[i].name))
            print_error("no hint for %s in gclient/errors.c\n", ERROR_ROWS[i].name);
        assert_non_null(error_hint(ERROR_ROWS[i].name));
    }
    assert_null(error_hint("NOSUCH"));
}

TEST(errors_are_found_by_name_code_and_text)
{
    const struct error_row *row = &ERROR_ROWS[0];
    struct error_row unknown = {"ID_UNKNOWN", -5005, 404, "msgId:%" PRIu64 " of %s"};
    struct buf text;

    assert_true(error_is(row, "NO_MESSAGE"));
    assert_true(error_is(row, "gmq_e_no_message"));
    assert_true(error_is(row, "-5000"));
    assert_true(error_is(row, "5000"));
    assert_false(error_is(row, "NO"));
    assert_false(error_is(row, ""));
    assert_true(error_says(row, "Message"));
    assert_false(error_says(row, ""));
    buf_init(&text, 100);
    assert_true(error_text(&unknown, &text) && buf_append(&text, "", 1));
    assert_string_equal(buf_data(&text), "msgId:N of ...");
    buf_free(&text);
}

TEST(command_tables_hold_together)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        assert_ptr_equal(command_find(COMMANDS[i].name), &COMMANDS[i]);
        assert_true(COMMANDS[i].examples[0] == ' ' && COMMANDS[i].words_min <= COMMANDS[i].words_max);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(COMMANDS[i].bit & COMMANDS[j].bit, 0);
    }
    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(COMMAND_FLAGS[i].name, COMMAND_FLAGS[j].name) == 0 &&
                         (COMMAND_FLAGS[i].commands & COMMAND_FLAGS[j].commands) != 0);
}

TEST(help_names_every_command_flag_and_exit_code)
{
    bool (*const make[])(struct buf *out) = {help_man, help_json};
    struct buf out;

    for (size_t k = 0; k < ARRAY_LEN(make); k++) {
        buf_init(&out, 1 << 20);
        assert_true(make[k](&out) && buf_append(&out, "", 1));
        for (size_t i = 0; i < COMMANDS_COUNT; i++)
            assert_non_null(strstr(buf_data(&out), COMMANDS[i].name));
        buf_free(&out);
    }
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        buf_init(&out, 1 << 20);
        assert_true(help_text(&out, &COMMANDS[i]) && buf_append(&out, "", 1));
        for (size_t j = 0; j < COMMAND_FLAGS_COUNT; j++)
            if ((COMMAND_FLAGS[j].commands & COMMANDS[i].bit) != 0)
                assert_non_null(strstr(buf_data(&out), COMMAND_FLAGS[j].name));
        buf_free(&out);
    }
}
