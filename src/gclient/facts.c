/* facts.c - see facts.h. SPDX-License-Identifier: MIT */
#include "gclient/facts.h"

#include "gclient/out.h"
#include "gclient/when.h"

#include <inttypes.h>

enum { BODY_BYTES_MAX = 256 << 20 };

enum fact { FACT_ID, FACT_AGE, FACT_IN, FACT_LEFT, FACT_SINCE, FACT_HOLDER, FACT_RETRIES, FACT_BYTES, FACT_WHY,
            FACT_BODY };

static const struct table_column READY[] = {
    {"ID", false}, {"AGE", true}, {"RETRIES", true}, {"BYTES", true}, {"BODY", false}};
static const enum fact READY_FACTS[] = {FACT_ID, FACT_AGE, FACT_RETRIES, FACT_BYTES, FACT_BODY};

static const struct table_column DELAYED[] = {
    {"ID", false}, {"DUE IN", true}, {"AGE", true}, {"RETRIES", true}, {"BYTES", true}, {"BODY", false}};
static const enum fact DELAYED_FACTS[] = {FACT_ID, FACT_IN, FACT_AGE, FACT_RETRIES, FACT_BYTES, FACT_BODY};

static const struct table_column FLYING[] = {{"ID", false}, {"SINCE", true}, {"TTR LEFT", true}, {"HOLDER", false},
                                             {"RETRIES", true}, {"BYTES", true}, {"BODY", false}};
static const enum fact FLYING_FACTS[] = {FACT_ID, FACT_SINCE, FACT_LEFT, FACT_HOLDER, FACT_RETRIES, FACT_BYTES,
                                         FACT_BODY};

static const struct table_column DEAD[] = {{"ID", false}, {"DEAD FOR", true}, {"RETRIES", true}, {"WHY", false},
                                           {"BYTES", true}, {"BODY", false}};
static const enum fact DEAD_FACTS[] = {FACT_ID, FACT_SINCE, FACT_RETRIES, FACT_WHY, FACT_BYTES, FACT_BODY};

static const struct {
    const char *state;
    const struct table_column *columns;
    const enum fact *facts;
    size_t count;
} SHAPES[] = {{"ready", READY, READY_FACTS, ARRAY_LEN(READY)},
              {"delayed", DELAYED, DELAYED_FACTS, ARRAY_LEN(DELAYED)},
              {"in_flight", FLYING, FLYING_FACTS, ARRAY_LEN(FLYING)},
              {"dead", DEAD, DEAD_FACTS, ARRAY_LEN(DEAD)}};

static size_t shape_of(const char *state)
{
    for (size_t i = 0; i < ARRAY_LEN(SHAPES); i++)
        if (strcmp(SHAPES[i].state, state) == 0)
            return i;
    return 0;
}

const struct table_column *facts_columns(const char *state, size_t *ret_count)
{
    size_t shape = shape_of(state);

    *ret_count = SHAPES[shape].count;
    return SHAPES[shape].columns;
}

static void stretch_cell(struct table *table, uint64_t from_ms, uint64_t to_ms)
{
    char text[WHEN_BYTES];

    when_stretch(to_ms > from_ms ? to_ms - from_ms : 0, text);
    table_text(table, slice_str(from_ms == 0 || to_ms == 0 ? "-" : text));
}

/* The reason, and what the client said. */
static void why_cell(struct table *table, struct json_object *facts)
{
    struct slice reason = tree_text(facts, "reason"), text = tree_text(facts, "text");

    if (text.len == 0)
        table_text(table, reason);
    else
        table_printf(table, "%.*s: %.*s", (int)min_u64(reason.len, 32), reason.ptr, (int)min_u64(text.len, 80),
                     text.ptr);
}

static void body_cell(struct table *table, struct json_object *facts)
{
    struct buf text;

    buf_init(&text, BODY_BYTES_MAX);
    if (tree_is(facts, "unreadable"))
        table_text(table, slice_str("(unreadable)"));
    else if (facts_append_body(&text, facts, FACTS_BODY_COLUMNS))
        table_text(table, buf_slice(&text));
    else
        table->good = false;
    buf_free(&text);
}

static void fact_cell(struct table *table, enum fact fact, struct json_object *facts, uint64_t now_ms)
{
    switch (fact) {
    case FACT_ID:
        table_text(table, tree_text(facts, "id"));
        break;
    case FACT_AGE:
        stretch_cell(table, tree_ms(facts, "pushed_at"), now_ms);
        break;
    case FACT_IN:
        stretch_cell(table, now_ms, tree_ms(facts, "due_at"));
        break;
    case FACT_LEFT:
        stretch_cell(table, now_ms, tree_ms(facts, "deadline_at"));
        break;
    case FACT_SINCE:
        stretch_cell(table, tree_ms(facts, "since"), now_ms);
        break;
    case FACT_HOLDER:
        table_text(table, tree_text(facts, "holder"));
        break;
    case FACT_RETRIES:
        table_number(table, tree_number(facts, "retry_count"));
        break;
    case FACT_BYTES:
        table_number(table, tree_number(facts, "body_bytes"));
        break;
    case FACT_WHY:
        why_cell(table, facts);
        break;
    case FACT_BODY:
    default:
        body_cell(table, facts);
    }
}

void facts_row(struct table *table, const char *state, struct json_object *facts, uint64_t now_ms)
{
    size_t shape = shape_of(state);

    for (size_t i = 0; i < SHAPES[shape].count; i++)
        fact_cell(table, SHAPES[shape].facts[i], facts, now_ms);
}

bool facts_append_body(struct buf *out, struct json_object *facts, size_t columns)
{
    bool cut = tree_is(facts, "truncated");
    struct buf room, text;
    struct slice body;

    buf_init(&room, BODY_BYTES_MAX);
    buf_init(&text, BODY_BYTES_MAX);
    if (!tree_body(facts, &room, &body))
        body = slice_str("(no base64)");
    bool fits = out_append_readable(&text, body);
    if (fits && table_width(buf_slice(&text)) > columns) {
        buf_cut(&text, table_fit(buf_slice(&text), columns));
        cut = true;
    }
    struct slice shown = buf_slice(&text);
    fits = fits && buf_append(out, shown.len > 0 ? shown.ptr : "", shown.len) && (!cut || buf_append_str(out, "..."));
    buf_free(&text);
    buf_free(&room);
    return fits;
}

/* ---- one message ------------------------------------------------------------------------------------------------- */

static bool is_time(const char *key)
{
    size_t len = strlen(key);

    return (len > 3 && strcmp(key + len - 3, "_at") == 0) || strcmp(key, "since") == 0;
}

/* A value on its line: times as they are here, durations in words, the rest as it is. */
static bool append_value(struct buf *out, const char *key, struct json_object *value)
{
    char text[WHEN_BYTES];
    size_t len = strlen(key);

    if (json_object_is_type(value, json_type_string)) {
        struct slice said = slice_of(json_object_get_string(value), (size_t)json_object_get_string_len(value));
        if (!is_time(key))
            return out_append_readable(out, said);
        when_local(said, text);
        return buf_append_str(out, text);
    }
    if (json_object_is_type(value, json_type_int) && len > 3 && strcmp(key + len - 3, "_ms") == 0) {
        when_stretch(json_object_get_uint64(value), text);
        return buf_append_str(out, text);
    }
    const char *json = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "-";
    return json && out_append_readable(out, slice_str(json));
}

static bool append_name(struct buf *out, const char *key)
{
    static const char *const plain[] = {"_at", "_ms"};
    size_t len = strlen(key);

    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (len > 3 && strcmp(key + len - 3, plain[i]) == 0)
            len -= 3;
    size_t start = buf_len(out);
    if (!out_append_readable(out, slice_of(key, len)))
        return false;
    for (size_t i = start; i < buf_len(out); i++)
        buf_data(out)[i] = buf_data(out)[i] == '_' ? ' ' : buf_data(out)[i];
    return buf_printf(out, "%*s  ", (int)(len < 14 ? 14 - len : 0), "");
}

static bool append_headers(struct buf *out, struct json_object *headers)
{
    json_object_object_foreach(headers, name, value) {
        if (!buf_printf(out, "%-14s  ", "header") || !out_append_readable(out, slice_str(name)) ||
            !buf_append_str(out, ": ") || !append_value(out, "", value) || !buf_append_str(out, "\n"))
            return false;
    }
    return true;
}

bool facts_append(struct buf *out, struct json_object *facts)
{
    bool fits = true, has_body = tree_at(facts, "body") || tree_at(facts, "body_base64");

    if (!json_object_is_type(facts, json_type_object))
        return true;
    json_object_object_foreach(facts, key, value) {
        bool is_body = strcmp(key, "body") == 0 || strcmp(key, "body_base64") == 0;
        if (!fits || is_body || !value)
            continue;
        if (json_object_is_type(value, json_type_object))
            fits = strcmp(key, "headers") == 0 ? append_headers(out, value)
                                               : append_name(out, key) && append_value(out, key, value) &&
                                                     buf_append_str(out, "\n");
        else
            fits = append_name(out, key) && append_value(out, key, value) && buf_append_str(out, "\n");
    }
    return fits && (!has_body || (buf_append_str(out, "\n") && facts_append_body(out, facts, SIZE_MAX) &&
                                  buf_append_str(out, "\n")));
}
