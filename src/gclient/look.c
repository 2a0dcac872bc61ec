/* look.c - gclient peek, get and history. SPDX-License-Identifier: MIT */
#include "base/num.h"
#include "gclient/command.h"
#include "gclient/facts.h"
#include "gclient/look.h"
#include "gclient/out.h"
#include "gclient/pages.h"
#include "gclient/when.h"
#include "net/clock.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 1 << 30, LIMIT_DEFAULT = 100 };

struct listing {
    const struct look *look;
    struct table table;
    uint64_t now_ms;
};

void look_body_args(struct ask *ask, const struct values *values, const char *otherwise)
{
    ask_text(ask, "body", values->body ? values->body : otherwise);
    if (values->body_bytes > 0)
        ask_number(ask, "body_bytes", (uint64_t)values->body_bytes);
}

static void fill(struct ask *ask, const void *ctx)
{
    const struct look *look = ctx;

    ask_text(ask, "topic", look->topic);
    ask_text(ask, "state", look->state);
    ask_text(ask, "from", look->values->from);
    ask_text(ask, "text", look->values->text);
    if (look->values->older_ms > 0)
        ask_number(ask, "older_than_ms", look->values->older_ms);
    look_body_args(ask, look->values, look->body);
}

static int take(struct json_object *facts, void *to)
{
    struct listing *listing = to;

    if (!listing->look->json) {
        facts_row(&listing->table, listing->look->state, facts, listing->now_ms);
        return EXIT_OK;
    }
    return tree_print(facts) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int look_list(const struct look *look)
{
    struct listing listing = {.look = look, .now_ms = clock_wall_ms()};
    struct pages pages = {.op = "message.list",
                          .items = "messages",
                          .limit = look->limit,
                          .cursor = look->values->cursor,
                          .fill = fill,
                          .each = take,
                          .ctx = look,
                          .to = &listing};
    struct gmq *mq = command_node(look->values);
    size_t count;

    if (!mq)
        return EXIT_FAILED;
    const struct table_column *columns = facts_columns(look->state, &count);
    table_begin(&listing.table, columns, count);
    int code = pages_run(&pages, mq);
    if (code == EXIT_OK && !look->json)
        code = table_print(&listing.table);
    table_free(&listing.table);
    if (code == EXIT_OK && out_flush())
        pages_say_next(&pages);
    gmq_free(mq);
    return code;
}

int peek_run(const struct job *job)
{
    const struct values *values = &job->values;
    struct look look = {.values = values,
                        .topic = job->words[0],
                        .state = values->state ? values->state : "ready",
                        .body = "first",
                        .limit = values->limit > 0 ? (uint64_t)values->limit : LIMIT_DEFAULT,
                        .json = values->json};

    return look_list(&look);
}

/* ---- one message ------------------------------------------------------------------------------------------------- */

static int print_facts(const struct values *values, struct json_object *facts)
{
    struct slice body;
    struct buf out;

    if (values->json)
        return tree_print(facts) ? EXIT_OK : EXIT_FAILED;
    buf_init(&out, TEXT_BYTES_MAX);
    bool made = values->raw ? tree_body(facts, &out, &body) : facts_append(&out, facts);
    if (made && values->raw && !tree_at(facts, "body_base64"))
        made = buf_append(&out, body.ptr, body.len);
    return out_text(&out, made) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int look_get(const struct values *values, const char *topic, const char *id)
{
    struct json_object *facts;
    struct ask ask;

    if (id && !ask_ids_ok(&id, 1))
        return EXIT_USAGE;
    struct gmq *mq = command_node(values);
    if (!mq)
        return EXIT_FAILED;
    ask_begin(&ask);
    ask_text(&ask, "id", id);
    ask_text(&ask, "topic", topic);
    ask_text(&ask, "key", topic ? values->key : NULL);
    look_body_args(&ask, values, "whole");
    int code = ask_node(&ask, mq, id ? "message.get" : "message.find", &facts);
    gmq_free(mq);
    if (code != EXIT_OK)
        return code;
    if (values->raw && !tree_at(facts, "body") && !tree_at(facts, "body_base64"))
        code = out_error(EXIT_NOT_FOUND, "its body is not there any more");
    else
        code = print_facts(values, facts);
    json_object_put(facts);
    return code;
}

int get_run(const struct job *job)
{
    const char *word = job->words[0];

    return job->values.key ? look_get(&job->values, word, NULL) : look_get(&job->values, NULL, word);
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

static void add_until(struct buf *out, struct json_object *event, const char *what, const char *key, bool *fits)
{
    char text[WHEN_BYTES];

    if (tree_text(event, key).len == 0)
        return;
    when_local(tree_text(event, key), text);
    *fits = *fits && buf_printf(out, ", %s %s", what, text);
}

static void add_text(struct buf *out, struct json_object *event, const char *what, const char *key, bool *fits)
{
    if (tree_text(event, key).len == 0)
        return;
    *fits = *fits && buf_append_str(out, what) && out_append_readable(out, tree_text(event, key));
}

/* "2026-01-31 08:00:00.123  delivered to 10.0.0.7:4711, until 2026-01-31 08:01:00, retry 2" */
bool look_append_event(struct buf *out, struct json_object *event)
{
    char text[WHEN_BYTES];
    uint64_t at_ms = tree_ms(event, "at"), retries = tree_number(event, "retry_count");

    when_local(tree_text(event, "at"), text);
    bool fits = buf_printf(out, "%s.%03u  ", text, (unsigned)(at_ms % 1000)) &&
                out_append_readable(out, tree_text(event, "event"));
    add_text(out, event, ", ", "how", &fits);
    add_text(out, event, ", ", "reason", &fits);
    add_text(out, event, ": ", "text", &fits);
    add_text(out, event, " to ", "client", &fits);
    add_text(out, event, " to ", "topic", &fits);
    add_text(out, event, " as ", "id", &fits);
    add_text(out, event, " from ", "from_topic", &fits);
    add_text(out, event, tree_text(event, "from_topic").len > 0 ? ", " : " from ", "from_id", &fits);
    add_until(out, event, "due", "due_at", &fits);
    add_until(out, event, "until", "deadline_at", &fits);
    if (retries > 0)
        fits = fits && buf_printf(out, ", retry %u", (unsigned)retries);
    return fits;
}

struct story {
    const struct values *values;
    const char *id;
};

static void fill_story(struct ask *ask, const void *ctx)
{
    const struct story *story = ctx;

    ask_text(ask, "id", story->id);
}

static int take_event(struct json_object *event, void *to)
{
    const struct story *story = to;
    struct buf line;

    if (story->values->json)
        return tree_print(event) ? EXIT_OK : EXIT_FAILED;
    buf_init(&line, TEXT_BYTES_MAX);
    bool made = look_append_event(&line, event);
    return out_line(&line, made) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int history_run(const struct job *job)
{
    struct story story = {.values = &job->values, .id = job->words[0]};
    struct pages pages = {.op = "message.history",
                          .items = "events",
                          .limit = job->values.limit > 0 ? (uint64_t)job->values.limit : LIMIT_DEFAULT,
                          .cursor = job->values.cursor,
                          .fill = fill_story,
                          .each = take_event,
                          .ctx = &story,
                          .to = &story};

    if (!ask_ids_ok(job->words, 1))
        return EXIT_USAGE;
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    int code = pages_run(&pages, mq);
    gmq_free(mq);
    if (code == EXIT_OK && out_flush()) {
        pages_say_next(&pages);
        if (pages.next[0] == '\0' && pages.incomplete)
            (void)out_error(0, "a part of its history is not in the log any more");
    }
    return code;
}
