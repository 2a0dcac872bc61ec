/* topic.c - gclient topic: list, show, create, set, delete. SPDX-License-Identifier: MIT */
#include "gclient/figures.h"
#include "gclient/oldest.h"
#include "gclient/out.h"
#include "gclient/pages.h"
#include "gclient/topic.h"
#include "gclient/topic_words.h"
#include "gclient/when.h"
#include "net/clock.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_BYTES_MAX = 64 << 10 };

/* ---- list -------------------------------------------------------------------------------------------------------- */

struct listing {
    const struct values *values;
    const char *filter;
    struct gmq *mq;
    size_t count;
    struct table table;
    uint64_t now_ms;
};

static void fill(struct ask *ask, const void *ctx)
{
    const struct listing *listing = ctx;

    ask_text(ask, "filter", listing->filter);
}

static int take(struct json_object *topic, void *to)
{
    struct listing *listing = to;

    if (listing->values->json)
        return tree_print(topic) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
    if (listing->count++ < OLDEST_TOPICS_MAX)
        oldest_add(listing->mq, topic);
    figures_row(&listing->table, topic, listing->now_ms);
    return EXIT_OK;
}

static int list(const struct values *values, struct gmq *mq, const char *filter)
{
    struct listing listing = {.values = values, .filter = filter, .mq = mq, .now_ms = clock_wall_ms()};
    struct pages pages = {.op = "topic.list",
                          .items = "topics",
                          .limit = values->limit > 0 ? (uint64_t)values->limit : UINT64_MAX,
                          .cursor = values->cursor,
                          .fill = fill,
                          .each = take,
                          .ctx = &listing,
                          .to = &listing};

    table_begin(&listing.table, FIGURES, FIGURES_COLUMNS);
    int code = pages_run(&pages, mq);
    if (code == EXIT_OK && !values->json)
        code = table_print(&listing.table);
    table_free(&listing.table);
    if (code == EXIT_OK && out_flush())
        pages_say_next(&pages);
    return code;
}

/* ---- one --------------------------------------------------------------------------------------------------------- */

static bool add(struct buf *out, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
static bool add(struct buf *out, const char *name, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return buf_printf(out, "%-12s  ", name) && out_append_readable(out, slice_str(text)) && buf_append_str(out, "\n");
}

static bool add_time(struct buf *out, const char *name, struct json_object *topic, const char *key)
{
    char text[WHEN_BYTES];

    when_local(tree_text(topic, key), text);
    return add(out, name, "%s", text[0] ? text : "-");
}

static bool add_stretch(struct buf *out, const char *name, uint64_t ms, const char *otherwise)
{
    char text[WHEN_BYTES];

    when_stretch(ms, text);
    return add(out, name, "%s", ms > 0 ? text : otherwise);
}

/* "at once", or "exponential 10s, no longer than 1h00m, jitter 20 %" */
static bool add_retry(struct buf *out, struct json_object *retry)
{
    char text[WHEN_BYTES];
    struct slice kind = tree_text(retry, "kind");
    size_t count = tree_count(retry, "delays_ms");

    if (kind.len == 0 || slice_is(kind, "at_once"))
        return add(out, "retry", "at once");
    bool fits = buf_printf(out, "%-12s  ", "retry") && out_append_readable(out, kind);
    for (size_t i = 0; i < count && fits; i++) {
        when_stretch(json_object_get_uint64(tree_item(retry, "delays_ms", i)), text);
        fits = buf_printf(out, "%s%s", i > 0 ? ", " : " ", text);
    }
    if (tree_number(retry, "cap_ms") > 0) {
        when_stretch(tree_number(retry, "cap_ms"), text);
        fits = fits && buf_printf(out, ", no longer than %s", text);
    }
    if (tree_number(retry, "jitter_percent") > 0)
        fits = fits && buf_printf(out, ", jitter %u %%", (unsigned)tree_number(retry, "jitter_percent"));
    return fits && buf_append_str(out, "\n");
}

static bool add_limits(struct buf *out, struct json_object *limits)
{
    uint64_t messages = tree_number(limits, "messages"), bytes = tree_number(limits, "bytes");
    uint64_t age_ms = tree_number(limits, "age_ms");
    struct slice over = tree_text(limits, "over");
    char text[WHEN_BYTES];

    if (messages == 0 && bytes == 0 && age_ms == 0)
        return add(out, "limits", "none");
    bool fits = buf_printf(out, "%-12s ", "limits");
    if (messages > 0)
        fits = fits && buf_printf(out, " %llu messages,", (unsigned long long)messages);
    if (bytes > 0)
        fits = fits && buf_printf(out, " %llu bytes,", (unsigned long long)bytes);
    when_stretch(age_ms, text);
    if (age_ms > 0)
        fits = fits && buf_printf(out, " %s old,", text);
    return fits && buf_append_str(out, " over: ") && out_append_readable(out, over.len > 0 ? over : slice_str("-")) &&
           buf_append_str(out, "\n");
}

static bool append_settings(struct buf *out, struct json_object *topic)
{
    struct json_object *settings = tree_at(topic, "settings");

    return add_stretch(out, "ttr", tree_number(topic, "ttr_ms"), "-") &&
           add(out, "max retries", "%u", (unsigned)tree_number(topic, "max_retries")) &&
           add(out, "auto-ack", "%s", tree_is(topic, "auto_ack") ? "on" : "off") &&
           add_retry(out, tree_at(settings, "retry")) && add_limits(out, tree_at(settings, "limits")) &&
           add_stretch(out, "idle", tree_number(settings, "idle_ms"), "as the node has it");
}

bool topic_append(struct buf *out, struct json_object *topic)
{
    static const struct {
        const char *name, *key;
    } counts[] = {{"ready", "ready"},   {"delayed", "delayed"}, {"in flight", "in_flight"},
                  {"dead", "dead"},     {"bytes", "bytes"},     {"pushed", "pushed"},
                  {"popped", "popped"}, {"acked", "acked"},     {"redelivered", "redelivered"},
                  {"died", "died"},     {"expired", "expired"}, {"deleted", "deleted"}};
    struct slice name = tree_text(topic, "topic");
    const char *paused = figures_paused(topic);
    char push[16], pop[16], ack[16];
    bool fits = add(out, "topic", "%.*s", (int)min_u64(name.len, 255), name.ptr);

    for (size_t i = 0; i < ARRAY_LEN(counts) && fits; i++)
        fits = add(out, counts[i].name, "%llu", (unsigned long long)tree_number(topic, counts[i].key));
    figures_rate(tree_real(topic, "push_rate"), push);
    figures_rate(tree_real(topic, "pop_rate"), pop);
    figures_rate(tree_real(topic, "ack_rate"), ack);
    fits = fits && add(out, "a second", "%s pushed, %s popped, %s acked", push, pop, ack) &&
           add_time(out, "oldest ready", topic, "oldest_ready_at") &&
           add_time(out, "last push", topic, "last_push_at") &&
           add_time(out, "last pop", topic, "last_pop_at") &&
           add(out, "consumers", "%llu, %llu waiting", (unsigned long long)tree_number(topic, "consumers"),
               (unsigned long long)tree_number(topic, "waiting")) &&
           add_time(out, "created", topic, "created_at");
    if (fits && paused[0] != '\0')
        fits = add(out, "paused", "%s", paused) && add_time(out, "  pushes until", topic, "push_paused_until") &&
               add_time(out, "  pops until", topic, "pop_paused_until");
    return fits && append_settings(out, topic);
}

/* Prints it, or its JSON; returns the exit code. */
static int print_one(const struct values *values, struct json_object *topic)
{
    struct buf out;

    if (values->json)
        return tree_print(topic) ? EXIT_OK : EXIT_FAILED;
    buf_init(&out, TEXT_BYTES_MAX);
    bool made = topic_append(&out, topic);
    return out_text(&out, made) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

static int show(const struct values *values, struct gmq *mq, const char *name)
{
    struct json_object *topic;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "topic", name);
    int code = ask_node(&ask, mq, "topic.get", &topic);
    if (code != EXIT_OK)
        return code;
    code = print_one(values, topic);
    json_object_put(topic);
    return code;
}

/* create, or set. */
static int settle(const struct values *values, struct gmq *mq, const char *name, bool create)
{
    char error[TOPIC_WORDS_ERROR_BYTES];
    struct json_object *topic;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, create ? "name" : "topic", name);
    if (!topic_words_add(&ask, &values->settings, error)) {
        buf_free(&ask.json);
        return out_error(EXIT_USAGE, "%s", error);
    }
    int code = ask_node(&ask, mq, create ? "topic.create" : "topic.set", &topic);
    if (code != EXIT_OK)
        return code;
    code = print_one(values, topic);
    json_object_put(topic);
    return code;
}

static int delete(const struct values *values, struct gmq *mq, const char *name)
{
    struct json_object *answer;
    struct ask ask;
    int code = out_confirm_name("this deletes the topic with all its messages", name, values->yes);

    if (code != EXIT_OK)
        return code;
    ask_begin(&ask);
    ask_text(&ask, "topic", name);
    code = ask_node(&ask, mq, "topic.delete", &answer);
    if (code != EXIT_OK)
        return code;
    unsigned long long count = tree_number(answer, "done");
    bool made = values->json ? tree_print(answer)
                             : printf("deleted, with %llu message%s\n", count, count == 1 ? "" : "s") > 0;
    json_object_put(answer);
    return made ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int topic_run(const struct job *job)
{
    static const char *const verbs[] = {"list", "show", "create", "set", "delete"};
    const char *verb = job->words[0], *name = job->word_count > 1 ? job->words[1] : NULL;
    size_t known = 0;
    int code;

    while (known < ARRAY_LEN(verbs) && strcmp(verb, verbs[known]) != 0)
        known++;
    if (known == ARRAY_LEN(verbs))
        return out_error(EXIT_USAGE, "'%s' is none of list, show, create, set, delete", verb);
    if (known > 0 && !name)
        return out_error(EXIT_USAGE, "usage: gclient topic %s TOPIC", verb);
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    if (known == 0)
        code = list(&job->values, mq, name);
    else if (known == 1)
        code = show(&job->values, mq, name);
    else
        code = known == 4 ? delete(&job->values, mq, name) : settle(&job->values, mq, name, known == 2);
    gmq_free(mq);
    return code;
}
