/* top_draw.c - the screen of gclient top; see top.h. SPDX-License-Identifier: MIT */
#include "base/time_text.h"
#include "gclient/figures.h"
#include "gclient/out.h"
#include "gclient/top.h"
#include "net/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD_LINES = 4, HEAD_BYTES_MAX = 4096 }; /* totals, keys, nothing, titles */

const char *const TOP_SORT_WORDS[TOP_SORTS] = {"name", "ready", "delayed", "flight",   "dead",
                                               "push", "pop",   "oldest",  "consumers"};

bool top_add(struct top_topics *topics, struct json_object *topic)
{
    if (topics->count == topics->size) {
        size_t size = topics->size > 0 ? topics->size * 2 : 64;
        struct json_object **list = realloc(topics->list, size * sizeof(struct json_object *));
        if (!list)
            return false;
        topics->list = list;
        topics->size = size;
    }
    topics->list[topics->count++] = json_object_get(topic);
    return true;
}

void top_clear(struct top_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        json_object_put(topics->list[i]);
    free(topics->list);
    *topics = (struct top_topics){0};
}

/* What is sorted from large to small. */
static double weight(struct json_object *topic, enum top_sort sort)
{
    static const char *const keys[TOP_SORTS] = {
        [TOP_READY] = "ready", [TOP_DELAYED] = "delayed", [TOP_FLIGHT] = "in_flight",   [TOP_DEAD] = "dead",
        [TOP_PUSH] = "push_rate", [TOP_POP] = "pop_rate", [TOP_CONSUMERS] = "consumers"};

    if (sort == TOP_OLDEST) {
        uint64_t ms = tree_ms(topic, "oldest_ready_at");
        return ms > 0 ? 1e15 - (double)ms : 0;
    }
    return keys[sort] ? tree_real(topic, keys[sort]) : 0;
}

static int compare_names(struct json_object *a, struct json_object *b)
{
    struct slice x = tree_text(a, "topic"), y = tree_text(b, "topic");
    int order = memcmp(x.ptr, y.ptr, min_u64(x.len, y.len));

    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static int compare(const void *a, const void *b, void *arg)
{
    struct json_object *const *x = a, *const *y = b;
    const struct top_view *view = arg;
    double dx = weight(*x, view->sort), dy = weight(*y, view->sort);
    int order = (dx < dy) - (dx > dy);

    if (order == 0 && view->sort != TOP_NAME)
        return compare_names(*x, *y);
    order = view->sort == TOP_NAME ? compare_names(*x, *y) : order;
    return view->turned ? -order : order;
}

void top_sort(const struct top_topics *topics, const struct top_view *view)
{
    struct top_view order = *view;

    if (topics->count > 1)
        qsort_r(topics->list, topics->count, sizeof(struct json_object *), compare, &order);
}

/* Appends one line, cut to the screen. */
static bool put_line(struct buf *out, const char *text, const struct top_view *view, const char *end)
{
    size_t len = strlen(text);

    if (view->columns > 0)
        len = table_fit(slice_of(text, len), view->columns);
    return buf_append(out, text, len) && buf_append_str(out, end);
}

static uint64_t sum(const struct top_topics *topics, const char *key)
{
    uint64_t total = 0;

    for (size_t i = 0; i < topics->count; i++)
        total += tree_number(topics->list[i], key);
    return total;
}

static bool put_head(struct buf *out, const struct top_topics *topics, const struct top_view *view, const char *end)
{
    char line[HEAD_BYTES_MAX], now[CLOCK_TEXT_BYTES], push_rate[16], pop_rate[16];
    double push = 0, pop = 0;

    for (size_t i = 0; i < topics->count; i++) {
        push += tree_real(topics->list[i], "push_rate");
        pop += tree_real(topics->list[i], "pop_rate");
    }
    figures_rate(push, push_rate);
    figures_rate(pop, pop_rate);
    clock_format_local(view->now_ms, now);
    (void)snprintf(line, sizeof(line),
                   "%s  %s  %zu topic%s: %" PRIu64 " ready, %" PRIu64 " delayed, %" PRIu64 " in flight, %" PRIu64
                   " dead; %s pushed/s, %s popped/s",
                   view->addr, now + strlen("2006-01-02 "), topics->count, topics->count == 1 ? "" : "s",
                   sum(topics, "ready"), sum(topics, "delayed"), sum(topics, "in_flight"), sum(topics, "dead"),
                   push_rate, pop_rate);
    if (!put_line(out, line, view, end))
        return false;
    (void)snprintf(line, sizeof(line), "sorted by %s%s%s%s%s", TOP_SORT_WORDS[view->sort],
                   view->turned ? ", turned" : "", view->keys ? "    s sort  r turn  q quit" : "",
                   view->trouble ? "    " : "", view->trouble ? view->trouble : "");
    return put_line(out, line, view, end) && buf_append_str(out, end);
}

static bool put_table(struct buf *out, const struct top_topics *topics, const struct top_view *view, const char *end)
{
    size_t room = view->lines > HEAD_LINES + 1 ? view->lines - HEAD_LINES - 1 : 1;
    size_t shown = view->lines == 0 ? topics->count : min_u64(topics->count, room);
    struct table table;
    bool fits = true;

    table_begin(&table, FIGURES, FIGURES_COLUMNS);
    for (size_t i = 0; i < shown; i++)
        figures_row(&table, topics->list[i], view->now_ms);
    for (size_t row = 0; row <= shown && fits; row++) {
        bool bold = row == 0 && view->fancy;
        fits = buf_append_str(out, bold ? "\x1b[1m" : "") && table_line(&table, row, view->columns, out) &&
               buf_append_str(out, bold ? "\x1b[0m" : "") && buf_append_str(out, end);
    }
    table_free(&table);
    return fits && (shown == topics->count || buf_printf(out, "and %zu more", topics->count - shown));
}

bool top_draw(struct buf *out, const struct top_topics *topics, const struct top_view *view, const char *end)
{
    return put_head(out, topics, view, end) && put_table(out, topics, view, end);
}

bool top_json(struct buf *out, const struct top_topics *topics, uint64_t now_ms)
{
    char at[TIME_TEXT_BYTES];

    (void)time_text_write(at, now_ms);
    bool fits = buf_printf(out, "{\"at\":\"%.*s\",\"topics\":[", TIME_TEXT_BYTES, at);

    for (size_t i = 0; i < topics->count && fits; i++) {
        const char *json = json_object_to_json_string_ext(topics->list[i],
                                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        fits = json && (i == 0 || buf_append_str(out, ",")) && out_append_json(out, slice_str(json));
    }
    return fits && buf_append_str(out, "]}");
}
