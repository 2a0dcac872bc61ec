/*
 * shown_fuzz.c - what gclient makes of a node's answers for a terminal
 *
 * The input is JSON; it is shown as a message, an event, a topic, a row of each table, and the screen of top. Nothing
 * of it steers a terminal, whatever the node says, and JSON that is written anew means the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/utf8.h"
#include "gclient/facts.h"
#include "gclient/figures.h"
#include "gclient/look.h"
#include "gclient/out.h"
#include "gclient/top.h"
#include "gclient/topic.h"

enum { JSON_BYTES_MAX = 64 << 10, SHOWN_BYTES_MAX = 64 << 20, DEPTH_MAX = 16, NOW_MS = 1 };

static void check_shown(struct buf *out)
{
    struct slice shown = buf_slice(out);
    uint32_t code_point = 0;

    for (size_t i = 0; i < shown.len;) {
        unsigned len = utf8_next(shown.ptr + i, shown.len - i, &code_point);
        ENSURE(len > 0 && (code_point >= ' ' || code_point == '\n'));
        ENSURE(!(code_point >= 0x7f && code_point < 0xa0) && !(code_point >= 0x202a && code_point <= 0x202e));
        i += len;
    }
    buf_free(out);
}

static void show_as_rows(struct json_object *tree)
{
    static const char *const states[] = {"ready", "delayed", "in_flight", "dead"};
    struct table table;
    struct buf out;
    size_t count;

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        buf_init(&out, SHOWN_BYTES_MAX);
        const struct table_column *columns = facts_columns(states[i], &count);
        table_begin(&table, columns, count);
        facts_row(&table, states[i], tree, NOW_MS);
        ENSURE(!table.good || (table_rows(&table) == 1 && table_line(&table, 1, 40, &out)));
        ENSURE(table_width(buf_slice(&out)) <= 40);
        ENSURE(!table.good || table_line(&table, 1, 0, &out));
        table_free(&table);
        check_shown(&out);
    }
}

static void show_as_screen(struct json_object *tree)
{
    struct top_view view = {.addr = "n:1", .lines = 8, .columns = 50, .now_ms = NOW_MS};
    struct top_topics topics = {0};
    struct buf out;

    ENSURE(top_add(&topics, tree) && top_add(&topics, tree));
    for (size_t i = 0; i < tree_count(tree, "topics"); i++)
        ENSURE(top_add(&topics, tree_item(tree, "topics", i)));
    for (int sort = 0; sort < TOP_SORTS; sort++) {
        view.sort = (enum top_sort)sort;
        top_sort(&topics, &view);
        buf_init(&out, SHOWN_BYTES_MAX);
        ENSURE(top_draw(&out, &topics, &view, "\n"));
        check_shown(&out);
    }
    top_clear(&topics);
}

static void show_as_json(struct json_object *tree)
{
    const char *json = json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    struct json_object *again;
    struct buf out;
    int err;

    ENSURE(json);
    buf_init(&out, SHOWN_BYTES_MAX);
    ENSURE(out_append_json(&out, slice_str(json)));
    again = json_tree_read(buf_slice(&out), DEPTH_MAX + 1, &err);
    ENSURE(again && json_object_equal(tree, again));
    json_object_put(again);
    check_shown(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    struct buf out;
    int err;

    if (size <= JSON_BYTES_MAX) {
        struct json_object *tree = json_tree_read(in, DEPTH_MAX, &err);
        if (json_object_is_type(tree, json_type_object)) {
            buf_init(&out, SHOWN_BYTES_MAX);
            ENSURE(facts_append(&out, tree) && look_append_event(&out, tree) && topic_append(&out, tree));
            check_shown(&out);
            show_as_rows(tree);
            show_as_screen(tree);
            show_as_json(tree);
        }
        json_object_put(tree);
    }
    fuzz_free(in);
    return 0;
}
