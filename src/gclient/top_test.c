/* top_test.c - tables, the screen of top, and what tail knows. SPDX-License-Identifier: MIT */
#include "gclient/top.h"

#include "gclient/facts.h"
#include "gclient/figures.h"
#include "gclient/look.h"
#include "gclient/tail.h"
#include "gclient/topic.h"
#include "gclient/topic_words.h"
#include "unit/unit.h"

#include <stdlib.h>

static struct json_object *tree_of(const char *json)
{
    int err;
    struct json_object *tree = json_tree_read(slice_str(json), 16, &err);

    assert_non_null(tree);
    return tree;
}

static void assert_text(struct buf *out, const char *want)
{
    assert_true(buf_append(out, "", 1));
    assert_string_equal(buf_data(out), want);
    buf_free(out);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

TEST(table_is_as_wide_as_its_cells_on_a_terminal)
{
    static const struct table_column columns[] = {{"NAME", false}, {"N", true}, {"END", false}};
    struct table table;
    struct buf out;

    buf_init(&out, 4096);
    table_begin(&table, columns, ARRAY_LEN(columns));
    table_text(&table, slice_str("\xe4\xbd\xa0\xe5\xa5\xbd"));
    table_number(&table, 1000);
    table_text(&table, slice_str("x"));
    table_text(&table, slice_str("a\x1b[2J\xe2\x80\xae"));
    table_number(&table, 7);
    table_printf(&table, "%s", "y");
    assert_int_equal(table_rows(&table), 2);
    for (size_t row = 0; row <= 2; row++)
        assert_true(table_line(&table, row, 0, &out) && buf_append_str(&out, "|\n"));
    assert_true(table_line(&table, 1, 7, &out));
    table_free(&table);
    assert_text(&out, "NAME                     N  END|\n"
                      "\xe4\xbd\xa0\xe5\xa5\xbd                  1000  x|\n"
                      "a\\x1b[2J\\xe2\\x80\\xae     7  y|\n"
                      "\xe4\xbd\xa0\xe5\xa5\xbd");
}

TEST(table_fits_text_by_columns_and_cuts_no_letter)
{
    assert_int_equal(table_width(slice_str("e\xcc\x81")), 1);
    assert_int_equal(table_width(slice_str("\xff")), 1);
    assert_int_equal(table_fit(slice_str("\xe4\xbd\xa0\xe5\xa5\xbd"), 3), 3);
    assert_int_equal(table_fit(slice_str("abc"), 2), 2);
    assert_int_equal(table_fit(slice_str("abc"), 9), 3);
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

TEST(facts_of_a_message_are_readable)
{
    struct json_object *facts = tree_of("{\"id\":\"7\",\"state\":\"dead\",\"reason\":\"rejected\",\"ttr_ms\":90000,"
                                        "\"headers\":{\"a\\u001b\":\"b\"},\"key\":null,\"body_base64\":\"AAH/\"}");
    struct buf out;

    buf_init(&out, 4096);
    assert_true(facts_append(&out, facts));
    assert_text(&out, "id              7\n"
                      "state           dead\n"
                      "reason          rejected\n"
                      "ttr             1m30s\n"
                      "header          a\\x1b: b\n"
                      "\n\\x00\\x01\\xff\n");
    json_object_put(facts);
}

TEST(facts_show_the_beginning_of_a_body)
{
    struct json_object *facts = tree_of("{\"body\":\"0123456789\",\"truncated\":false}");
    struct buf out;

    buf_init(&out, 4096);
    assert_true(facts_append_body(&out, facts, 10));
    assert_true(buf_append_str(&out, "|") && facts_append_body(&out, facts, 9));
    assert_text(&out, "0123456789|012345678...");
    json_object_put(facts);
}

TEST(facts_of_another_type_than_expected_are_nothing)
{
    struct json_object *facts = tree_of("{\"id\":7,\"retry_count\":\"x\",\"pushed_at\":[],\"body\":{},\"since\":1}");
    struct table table;
    struct buf out;
    size_t count;

    buf_init(&out, 4096);
    table_begin(&table, facts_columns("dead", &count), 6);
    assert_int_equal(count, 6);
    facts_row(&table, "dead", facts, 5);
    assert_true(table_line(&table, 1, 0, &out));
    table_free(&table);
    assert_text(&out, "           -        0           0");
    json_object_put(facts);
}

TEST(events_say_what_happened_in_a_line)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"{\"event\":\"delivered\",\"client\":\"w:1\",\"retry_count\":2}", ".000  delivered to w:1, retry 2"},
        {"{\"event\":\"dead\",\"reason\":\"rejected\",\"text\":\"no\\u001b\"}", ".000  dead, rejected: no\\x1b"},
        {"{\"event\":\"redriven\",\"id\":\"9\",\"topic\":\"t\"}", ".000  redriven to t as 9"},
        {"{\"event\":\"pushed\",\"from_id\":\"7\",\"from_topic\":\"u\"}", ".000  pushed from u, 7"},
        {"{\"event\":\"pushed\",\"from_id\":\"7\"}", ".000  pushed from 7"},
        {"{\"event\":\"gone\",\"how\":\"acked\"}", ".000  gone, acked"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_object *event = tree_of(rows[i].json);
        struct buf out;
        buf_init(&out, 4096);
        assert_true(look_append_event(&out, event));
        assert_text(&out, rows[i].text);
        json_object_put(event);
    }
}

/* ---- top --------------------------------------------------------------------------------------------------------- */

static const char *const TOPICS[] = {
    "{\"topic\":\"b\",\"ready\":10,\"push_rate\":1.5,\"oldest_ready_at\":\"2026-01-31T08:00:00Z\",\"waiting\":2}",
    "{\"topic\":\"a\",\"ready\":10,\"dead\":3,\"pop_paused_until\":\"resumed\"}",
    "{\"topic\":\"c\\u001b\",\"ready\":99,\"push_rate\":1e999,\"consumers\":4,"
    "\"oldest_ready_at\":\"2026-01-31T07:00:00Z\"}"};

static void add_topics(struct top_topics *topics)
{
    for (size_t i = 0; i < ARRAY_LEN(TOPICS); i++) {
        struct json_object *topic = tree_of(TOPICS[i]);
        assert_true(top_add(topics, topic));
        json_object_put(topic);
    }
}

/* The first letters of the topics in order. */
static const char *order(enum top_sort sort, bool turned)
{
    static char letters[8];
    struct top_view view = {.sort = sort, .turned = turned};
    struct top_topics topics = {0};

    add_topics(&topics);
    top_sort(&topics, &view);
    for (size_t i = 0; i < topics.count; i++)
        letters[i] = tree_text(topics.list[i], "topic").ptr[0];
    letters[topics.count] = '\0';
    top_clear(&topics);
    return letters;
}

TEST(top_sorts_by_each_column_and_then_by_name)
{
    assert_string_equal(order(TOP_NAME, false), "abc");
    assert_string_equal(order(TOP_NAME, true), "cba");
    assert_string_equal(order(TOP_READY, false), "cab");
    assert_string_equal(order(TOP_READY, true), "abc");
    assert_string_equal(order(TOP_DEAD, false), "abc");
    assert_string_equal(order(TOP_OLDEST, false), "cba");
    assert_string_equal(order(TOP_CONSUMERS, false), "cab");
    assert_string_equal(order(TOP_DELAYED, false), "abc");
}

TEST(top_fits_its_screen)
{
    struct top_view view = {.sort = TOP_READY, .addr = "n:1", .lines = 7, .columns = 40, .now_ms = 1769846460000};
    struct top_topics topics = {0};
    struct buf out;

    add_topics(&topics);
    top_sort(&topics, &view);
    for (view.columns = 0; view.columns < 100; view.columns++) {
        size_t lines = 1, at = 0;
        buf_init(&out, 65536);
        assert_true(top_draw(&out, &topics, &view, "\n") && buf_append(&out, "", 1));
        for (char *line = buf_data(&out); view.columns > 0 && *line; line += at + (line[at] == '\n')) {
            at = strcspn(line, "\n");
            assert_true(table_width(slice_of(line, at)) <= max_u64(view.columns, 10));
            lines += line[at] == '\n';
        }
        assert_true(lines <= view.lines);
        assert_null(strchr(buf_data(&out), 0x1b));
        buf_free(&out);
    }
    top_clear(&topics);
}

TEST(top_shows_rates_ages_and_pauses)
{
    struct top_view view = {.sort = TOP_NAME, .addr = "n:1", .trouble = "away", .now_ms = 1769846460000};
    struct top_topics topics = {0};
    struct buf out;

    add_topics(&topics);
    top_sort(&topics, &view);
    buf_init(&out, 65536);
    assert_true(top_draw(&out, &topics, &view, "\n") && buf_append(&out, "", 1));
    assert_non_null(strstr(buf_data(&out), "3 topics: 119 ready, 0 delayed, 0 in flight, 3 dead"));
    assert_non_null(strstr(buf_data(&out), "sorted by name    away\n"));
    assert_non_null(strstr(buf_data(&out), "\na         10        0       0     3       0      0       -          0  "
                                           "pops paused\n"));
    assert_non_null(strstr(buf_data(&out), "   1.5      0   1m00s          0  2 waiting\n"));
    buf_free(&out);
    assert_true(top_json(&out, &topics, 5) && buf_append(&out, "", 1));
    json_object_put(tree_of(buf_data(&out)));
    buf_free(&out);
    top_clear(&topics);
}

TEST(figures_rates_are_short)
{
    static const struct {
        double rate;
        const char *text;
    } rows[] = {{0, "0"}, {-1, "0"}, {1e300, "0"}, {0.05, "0.05"}, {1, "1.0"}, {31.26, "31.3"}, {312, "312"},
                {99999, "99999"}, {120000, "120k"}, {2500000, "2.5M"}};
    char text[16];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        figures_rate(rows[i].rate, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* ---- tail -------------------------------------------------------------------------------------------------------- */

TEST(tail_knows_what_it_saw_and_forgets_the_oldest)
{
    struct tail_seen *seen = calloc(1, sizeof(*seen));

    assert_non_null(seen);
    for (uint64_t id = 1; id <= TAIL_SEEN + 1; id++)
        tail_saw(seen, (struct tail_key){.id = id});
    assert_false(tail_was_seen(seen, (struct tail_key){.id = 1}));
    assert_true(tail_was_seen(seen, (struct tail_key){.id = 2}));
    assert_false(tail_was_seen(seen, (struct tail_key){.id = 2, .retries = 1}));
    assert_true(tail_was_seen(seen, (struct tail_key){.id = TAIL_SEEN + 1}));
    free(seen);
}

TEST(tail_counts_what_it_missed_and_never_too_much)
{
    struct tail_count count = {.start = {.pushed = 100, .delayed = 5, .gone = 1}};

    assert_int_equal(tail_missed(&count, &(struct tail_figures){100, 5, 1}), 0);
    count.shown = 3;
    assert_int_equal(tail_missed(&count, &(struct tail_figures){105, 5, 1}), 2);
    assert_int_equal(tail_missed(&count, &(struct tail_figures){105, 5, 1}), 0);
    assert_int_equal(tail_missed(&count, &(struct tail_figures){106, 6, 1}), 0);
    assert_int_equal(tail_missed(&count, &(struct tail_figures){107, 6, 2}), 0);
    /* Shown before it was counted. */
    count.shown = 5;
    assert_int_equal(tail_missed(&count, &(struct tail_figures){107, 6, 2}), 0);
    /* What was delayed came. */
    count.shown = 6;
    assert_int_equal(tail_missed(&count, &(struct tail_figures){107, 5, 2}), 0);
    /* The node was started again. */
    assert_int_equal(tail_missed(&count, &(struct tail_figures){107, 5, 0}), 0);
    assert_int_equal(tail_missed(&count, &(struct tail_figures){108, 5, 0}), 1);
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

static const char *settings_of(const struct topic_words *words)
{
    static char text[1024];
    struct ask ask;

    ask_begin(&ask);
    if (!topic_words_add(&ask, words, text)) {
        buf_free(&ask.json);
    } else {
        assert_true(ask_close(&ask));
        assert_true(buf_len(&ask.json) <= sizeof(text));
        memcpy(text, buf_data(&ask.json), buf_len(&ask.json));
        buf_free(&ask.json);
    }
    return text;
}

TEST(topic_words_become_settings)
{
    assert_string_equal(settings_of(&(struct topic_words){.ttr = "2m", .max_retries = "default", .idle = "7d",
                                                          .auto_ack = "off"}),
                        "{\"ttr_ms\":120000,\"max_retries\":null,\"idle_ms\":604800000,\"auto_ack\":false}");
    assert_string_equal(settings_of(&(struct topic_words){.retry = "list", .delays = "1s,5m", .cap = "1h",
                                                          .jitter = "20"}),
                        "{\"retry\":{\"kind\":\"list\",\"delays_ms\":[1000,300000],\"cap_ms\":3600000,"
                        "\"jitter_percent\":20}}");
    assert_string_equal(settings_of(&(struct topic_words){.retry = "default"}), "{\"retry\":null}");
    assert_string_equal(settings_of(&(struct topic_words){.max_bytes = "1k"}), "{\"limits\":{\"bytes\":1024}}");
    assert_string_equal(settings_of(&(struct topic_words){.max_age = "1d", .over = "dead_letter"}),
                        "{\"limits\":{\"age_ms\":86400000,\"over\":\"dead_letter\"}}");
    assert_string_equal(settings_of(&(struct topic_words){0}), "{}");
}

TEST(topic_words_name_only_the_parts_that_are_given)
{
    assert_string_equal(settings_of(&(struct topic_words){.max_bytes = "default", .max_messages = "default"}),
                        "{\"limits\":{\"messages\":null,\"bytes\":null}}");
    assert_string_equal(settings_of(&(struct topic_words){.over = "drop"}), "{\"limits\":{\"over\":\"drop\"}}");
    assert_string_equal(settings_of(&(struct topic_words){.jitter = "20"}), "{\"retry\":{\"jitter_percent\":20}}");
    assert_string_equal(settings_of(&(struct topic_words){.delays = "1s"}), "{\"retry\":{\"delays_ms\":[1000]}}");
}

TEST(topic_words_that_mean_nothing_are_refused)
{
    static const struct topic_words bad[] = {
        {.ttr = "soon"},  {.max_retries = "-1"}, {.retry = "fixed"}, {.cap = "now"},
        {.retry = "list", .delays = "1s,,2s"},   {.retry = "list", .delays = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"},
        {.retry = "fixed", .delays = "1s", .jitter = "101"},         {.max_messages = "many"}};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(settings_of(&bad[i])[0] != '{');
    assert_string_equal(settings_of(&bad[0]), "--ttr: 'soon' is no time, nor default");
}

TEST(topic_is_shown_with_its_settings)
{
    struct json_object *topic = tree_of("{\"topic\":\"mail\",\"ready\":3,\"auto_ack\":true,\"ttr_ms\":60000,"
                                        "\"pop_paused_until\":\"resumed\",\"settings\":{\"retry\":{\"kind\":"
                                        "\"exponential\",\"delays_ms\":[10000],\"cap_ms\":3600000}}}");
    struct buf out;

    buf_init(&out, 65536);
    assert_true(topic_append(&out, topic) && buf_append(&out, "", 1));
    assert_non_null(strstr(buf_data(&out), "topic         mail\nready         3\n"));
    assert_non_null(strstr(buf_data(&out), "paused        pops paused\n  pushes until  -\n  pops until  resumed\n"));
    assert_non_null(strstr(buf_data(&out), "ttr           1m00s\n"));
    assert_non_null(strstr(buf_data(&out), "auto-ack      on\n"));
    assert_non_null(strstr(buf_data(&out), "retry         exponential 10s, no longer than 1h00m\n"));
    assert_non_null(strstr(buf_data(&out), "limits        none\n"));
    buf_free(&out);
    json_object_put(topic);
}
