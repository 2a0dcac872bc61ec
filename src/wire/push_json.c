/* push_json.c - see push_json.h. SPDX-License-Identifier: MIT */
#include "wire/push_json.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/num.h"
#include "wire/json_walk.h"

#include <errno.h>
#include <stdio.h>

enum { NUMBER_SHOWN_MAX = 64 };

/* The members of a message, as they stand in the JSON. */
struct members {
    struct slice body, topic;
    int64_t delay_s;
};

static const char *kind_word(enum json_kind kind)
{
    switch (kind) {
    case JSON_BOOL: return "bool";
    case JSON_NUMBER: return "number";
    case JSON_STRING: return "string";
    case JSON_ARRAY: return "array";
    case JSON_OBJECT: return "object";
    default: return "null";
    }
}

static int fail(struct push_json_error *error, const char *text)
{
    (void)snprintf(error->text, sizeof(error->text), "%s", text);
    return GMQ_E_JSON;
}

static int fail_limit(struct push_json_error *error, int err, uint64_t limit)
{
    error->number = limit;
    return err;
}

/* The words of Go's UnmarshalTypeError; a number that fits no int is shown. */
static int fail_type(struct push_json_error *error, const struct json_value *value, const char *field)
{
    bool to_int = strcmp(field, "delay") == 0;
    struct slice shown = to_int && value->kind == JSON_NUMBER ? value->text : slice_of("", 0);

    (void)snprintf(error->text, sizeof(error->text),
                   "json: cannot unmarshal %s%s%.*s into Go struct field RecvMsgData.%s of type %s",
                   kind_word(value->kind), shown.len > 0 ? " " : "", (int)min_u64(shown.len, NUMBER_SHOWN_MAX),
                   shown.ptr, field, to_int ? "int" : "string");
    return GMQ_E_JSON;
}

static int read_string(const struct json_value *value, const char *field, struct slice *ret,
                       struct push_json_error *error)
{
    if (value->kind == JSON_STRING)
        *ret = value->text;
    else if (value->kind != JSON_NULL)
        return fail_type(error, value, field);
    return 0;
}

static int read_member(struct slice key, const struct json_value *value, struct members *ret,
                       struct push_json_error *error)
{
    if (json_key_is(key, "body"))
        return read_string(value, "body", &ret->body, error);
    if (json_key_is(key, "topic"))
        return read_string(value, "topic", &ret->topic, error);
    if (!json_key_is(key, "delay") || value->kind == JSON_NULL)
        return 0;
    if (value->kind != JSON_NUMBER || !num_parse_i64(value->text, &ret->delay_s))
        return fail_type(error, value, "delay");
    return 0;
}

static int read_members(const struct json_value *object, struct members *ret, struct push_json_error *error)
{
    struct slice rest = json_walk_inside(object), key;
    struct json_value value;
    int err = 0;

    *ret = (struct members){.delay_s = 0};
    while (err == 0 && json_walk_member(&rest, &key, &value))
        err = read_member(key, &value, ret, error);
    return err;
}

static int check(struct slice json, struct push_json_error *error)
{
    error->text[0] = '\0';
    error->number = 0;
    return json_check(json, error->text);
}

/* ---- one message ---------------------------------------------------------------------------------------------- */
int push_json_read(struct slice json, struct buf *scratch, struct push_json *ret, struct push_json_error *error)
{
    struct members members = {.delay_s = 0};
    size_t topic_at = buf_len(scratch);
    int err = check(json, error);

    if (err != 0)
        return err;
    struct json_value value = json_walk_value(json);
    if (value.kind == JSON_OBJECT) {
        err = read_members(&value, &members, error);
    } else if (value.kind != JSON_NULL) {
        (void)snprintf(error->text, sizeof(error->text),
                       "json: cannot unmarshal %s into Go value of type gnode.RecvMsgData", kind_word(value.kind));
        err = GMQ_E_JSON;
    }
    if (err != 0)
        return err;
    bool topic_plain = json_is_plain(members.topic), body_plain = json_is_plain(members.body);
    if (!topic_plain && !json_unescape(members.topic, scratch))
        return -ENOMEM;
    size_t body_at = buf_len(scratch);
    if (!body_plain && !json_unescape(members.body, scratch))
        return -ENOMEM;
    *ret = (struct push_json){.topic = members.topic, .body = members.body, .delay_s = members.delay_s};
    if (!topic_plain)
        ret->topic = slice_of(buf_data(scratch) + topic_at, body_at - topic_at);
    if (!body_plain)
        ret->body = slice_of(buf_data(scratch) + body_at, buf_len(scratch) - body_at);
    return 0;
}

/* ---- a batch -------------------------------------------------------------------------------------------------- */
struct batch {
    const struct frame_limits *limits;
    struct buf *scratch;
    uint32_t count;
    size_t bodies; /* bytes */
};

static int check_delay(const struct frame_limits *limits, int64_t delay_s)
{
    if (delay_s < 0)
        return GMQ_E_DELAY_NEGATIVE;
    return (uint64_t)delay_s > min_u64(limits->delay_s_max, UINT32_MAX) ? GMQ_E_DELAY : 0;
}

static int pack(struct batch *batch, const struct members *members, struct push_json_error *error)
{
    size_t at = buf_len(batch->scratch), body_max = batch->limits->body_bytes_max;
    char head[CMD_ITEM_HEADER_BYTES] = {0};
    int err = check_delay(batch->limits, members->delay_s);

    if (err != 0)
        return err;
    if (batch->count == batch->limits->batch_count_max)
        return fail_limit(error, GMQ_E_BATCH_LIMIT, batch->limits->batch_count_max);
    if (!buf_append(batch->scratch, head, sizeof(head)) || !json_unescape(members->body, batch->scratch))
        return -ENOMEM;
    size_t len = buf_len(batch->scratch) - at - sizeof(head);
    if (len > body_max - batch->bodies || len > UINT32_MAX)
        return fail_limit(error, GMQ_E_BODY_LIMIT, body_max);
    put_be32(buf_data(batch->scratch) + at, (uint32_t)members->delay_s);
    put_be32(buf_data(batch->scratch) + at + 4, (uint32_t)len);
    batch->count++;
    batch->bodies += len;
    return 0;
}

static int pack_all(struct batch *batch, const struct json_value *messages, struct push_json_error *error)
{
    struct slice rest = json_walk_inside(messages);
    struct json_value value;
    struct members members;
    int err = 0;

    while (err == 0 && json_walk_element(&rest, &value)) {
        if (value.kind != JSON_OBJECT)
            return fail(error, "messages must be an array of objects");
        err = read_members(&value, &members, error);
        if (err == 0)
            err = pack(batch, &members, error);
    }
    return err != 0 ? err : batch->count == 0 ? GMQ_E_BATCH_COUNT : 0;
}

/* The array of messages in either form; in the object's also the topic, as it stands. */
static int find_messages(struct slice json, struct json_value *ret_messages, struct slice *ret_topic,
                         struct push_json_error *error)
{
    struct json_value top = json_walk_value(json), value;
    struct slice rest, key;
    int err = 0;

    *ret_messages = top;
    *ret_topic = slice_of(NULL, 0);
    if (top.kind == JSON_OBJECT) {
        ret_messages->kind = JSON_NULL;
        rest = json_walk_inside(&top);
        while (err == 0 && json_walk_member(&rest, &key, &value)) {
            if (json_key_is(key, "topic"))
                err = read_string(&value, "topic", ret_topic, error);
            else if (json_key_is(key, "messages"))
                *ret_messages = value;
        }
    }
    if (err == 0 && ret_messages->kind != JSON_ARRAY)
        err = fail(error, "messages must be an array of objects");
    return err;
}

int mpush_json_read(const struct frame_limits *limits, struct slice json, struct buf *scratch,
                    struct mpush_json *ret, struct push_json_error *error)
{
    struct batch batch = {.limits = limits, .scratch = scratch};
    struct json_value messages;
    struct slice topic;
    size_t topic_at = buf_len(scratch);
    int err = check(json, error);

    if (err == 0)
        err = find_messages(json, &messages, &topic, error);
    if (err == 0 && !json_unescape(topic, scratch))
        err = -ENOMEM;
    if (err != 0)
        return err;
    size_t items_at = buf_len(scratch);
    err = pack_all(&batch, &messages, error);
    if (err != 0)
        return err;
    *ret = (struct mpush_json){
        .topic = slice_of(buf_data(scratch) + topic_at, items_at - topic_at),
        .items = slice_of(buf_data(scratch) + items_at, buf_len(scratch) - items_at),
        .count = batch.count,
    };
    return 0;
}
