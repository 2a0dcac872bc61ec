/* op_parse.c - the arguments of an operation to its command; see op.h. SPDX-License-Identifier: MIT */
#include "wire/op_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "wire/form.h"
#include "wire/json_check.h"
#include "wire/json_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUERY_PAIRS_MAX = 64 };

/* Where an argument goes. */
struct place {
    const struct op_param *param;
    void *base;
    uint64_t *given;
    uint64_t bit;
};

static bool find_in(const struct op_params *params, struct slice name, void *base, uint64_t *given, struct place *ret)
{
    for (size_t i = 0; i < params->count; i++) {
        if (!slice_is(name, params->list[i].name))
            continue;
        *ret = (struct place){.param = &params->list[i], .base = base, .given = given, .bit = UINT64_C(1) << i};
        return true;
    }
    return false;
}

static bool find(struct op_call *call, struct slice name, struct place *ret)
{
    return find_in(&call->op->params, name, call, &call->given, ret) ||
           (call->op->kind == CMD_PUT && find_in(&OP_PUT, name, &call->put, &call->put_given, ret));
}

static int fail_unknown(struct op_error *error, struct slice name)
{
    struct slice shown = op_shown(name);

    return op_fail(error, GMQ_E_VALUE, "unknown field '%.*s'", (int)shown.len, shown.ptr);
}

/* Notes that the argument is given; refuses it when it was before. */
static int note_given(const struct place *place, struct op_error *error)
{
    if (*place->given & place->bit)
        return op_fail(error, GMQ_E_VALUE, "%s: is given twice", place->param->name);
    *place->given |= place->bit;
    return 0;
}

static bool is_given(const struct op_call *call, const char *name)
{
    struct op_call *any = (struct op_call *)(uintptr_t)call;
    struct place place;

    return find(any, slice_str(name), &place) && (*place.given & place.bit) != 0;
}

static void put_init(struct cmd_put *put)
{
    *put = (struct cmd_put){.delay_ms = CMD_NOT_GIVEN, .max_retries = CMD_NOT_GIVEN};
}

struct op_call *op_call_new(const struct op *op, const struct op_limits *limits)
{
    struct op_call *call = mem_new(sizeof(*call));

    call->op = op;
    call->limits = *limits;
    call->cmd.kind = op->kind;
    call->args.delay_ms = CMD_NOT_GIVEN;
    call->args.settings = TOPIC_SETTINGS_NONE;
    put_init(&call->put);
    if (op->kind == CMD_GET)
        call->args.body = CMD_BODY_WHOLE;
    if (op->kind == CMD_WPOP)
        call->cmd.number = 1;
    return call;
}

void op_call_free(struct op_call *call)
{
    if (!call)
        return;
    arena_free(&call->arena);
    (void)json_object_put(call->tree);
    free(call);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static int take_text(struct op_call *call, const struct place *place, struct slice text, struct op_error *error)
{
    int rc = note_given(place, error);

    return rc < 0 ? rc : op_put_text(call, place->param, place->base, arena_keep(&call->arena, text), error);
}

int op_take_text(struct op_call *call, const char *name, struct slice text, struct op_error *error)
{
    struct place place;

    if (!find(call, slice_str(name), &place))
        return fail_unknown(error, slice_str(name));
    return take_text(call, &place, text, error);
}

/* One `name=value`, still encoded. */
static int take_pair(struct op_call *call, struct slice pair, bool octets, struct op_error *error)
{
    const char *equals = memchr(pair.ptr, '=', pair.len);
    size_t name_len = equals ? (size_t)(equals - pair.ptr) : pair.len;
    struct slice name, value;
    struct place place;

    if (!form_decode(slice_of(pair.ptr, name_len), &call->arena, &name) ||
        !form_decode(slice_of(pair.ptr + min_u64(name_len + 1, pair.len), pair.len - min_u64(name_len + 1, pair.len)),
                     &call->arena, &value))
        return op_fail(error, GMQ_E_VALUE, "the query has a bad %%XX");
    if (!find(call, name, &place) || !(place.param->where & (OP_QUERY | (octets ? OP_BODY : 0))))
        return fail_unknown(error, name);
    return take_text(call, &place, value, error);
}

int op_take_query(struct op_call *call, struct slice query, bool octets, struct op_error *error)
{
    unsigned pairs = 0;
    int rc = 0;

    while (rc == 0 && query.len > 0) {
        const char *and = memchr(query.ptr, '&', query.len);
        struct slice pair = slice_of(query.ptr, and ? (size_t)(and - query.ptr) : query.len);
        size_t used = min_u64(pair.len + 1, query.len);
        query = slice_of(query.ptr + used, query.len - used);
        if (pair.len == 0)
            continue;
        if (++pairs > QUERY_PAIRS_MAX)
            return op_fail(error, GMQ_E_VALUE, "the query has more than %d parameters", QUERY_PAIRS_MAX);
        rc = take_pair(call, pair, octets, error);
    }
    return rc;
}

int op_take_header(struct op_call *call, struct slice name, struct slice value, struct op_error *error)
{
    return op_put_header(call, &call->put.headers, arena_keep(&call->arena, name), arena_keep(&call->arena, value),
                         error);
}

void op_take_octets(struct op_call *call, struct slice bytes)
{
    struct place place;

    ENSURE(find(call, slice_str("body"), &place));
    *place.given |= place.bit;
    call->put.body = arena_keep(&call->arena, bytes);
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/*
 * Takes the next parameter off a template and its value off a path, with all that is equal before them. 1, 0 when both
 * are at their end, -1 when they do not fit.
 */
static int path_next(const char **template, struct slice *path, struct slice *ret_name, struct slice *ret_value)
{
    const char *open = strchr(*template, '{');
    size_t same = open ? (size_t)(open - *template) : strlen(*template);

    if (path->len < same || memcmp(path->ptr, *template, same) != 0)
        return -1;
    *path = slice_of(path->ptr + same, path->len - same);
    *template += same;
    if (!open)
        return path->len == 0 ? 0 : -1;
    const char *close = strchr(open, '}');
    *ret_name = slice_of(open + 1, (size_t)(close - open) - 1);
    *template = close + 1;
    const char *slash = path->len > 0 ? memchr(path->ptr, '/', path->len) : NULL;
    bool rest = slice_is(*ret_name, "key");
    *ret_value = slice_of(path->ptr, slash && !rest ? (size_t)(slash - path->ptr) : path->len);
    *path = slice_of(path->ptr + ret_value->len, path->len - ret_value->len);
    return ret_value->len > 0 ? 1 : -1;
}

bool op_fits(const struct op *op, struct slice path)
{
    const char *template = op->path;
    struct slice name, value;
    int rc = template ? 1 : -1;

    while (rc > 0)
        rc = path_next(&template, &path, &name, &value);
    return rc == 0;
}

int op_take_path(struct op_call *call, struct slice path, struct op_error *error)
{
    const char *template = call->op->path;
    struct slice name, value;
    struct place place;

    while (path_next(&template, &path, &name, &value) > 0) {
        ENSURE(find(call, name, &place));
        int rc = take_text(call, &place, value, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static int take_value(struct op_call *call, const struct place *place, struct json_object *value,
                      struct op_error *error)
{
    if (!value && place->param->given == 0)
        return 0; /* null is as if it were not there */
    int rc = note_given(place, error);
    if (rc < 0 || value)
        return rc < 0 ? rc : op_put_json(call, place->param, place->base, value, error);
    op_put_null(call, place->param, place->base);
    return 0;
}

static bool put_has(uint64_t given, const char *name)
{
    uint64_t seen = given;
    struct place place;

    return find_in(&OP_PUT, slice_str(name), NULL, &seen, &place) && (given & place.bit) != 0;
}

/* A TTR of 0 is another word for auto_ack; they may not say different things. */
static int settle_ttr(struct cmd_put *put, uint64_t given, struct op_error *error)
{
    if (!put_has(given, "ttr_ms"))
        return 0;
    if (put_has(given, "auto_ack") && put->auto_ack != (put->ttr_ms == 0))
        return op_fail(error, GMQ_E_VALUE, "ttr_ms and auto_ack contradict each other: a ttr_ms of 0 is auto_ack");
    put->auto_ack = put->ttr_ms == 0;
    return 0;
}

/* The members of one message of several. */
static int take_message(struct op_call *call, struct cmd_put *put, struct json_object *object, struct op_error *error)
{
    uint64_t given = 0;
    struct place place;
    int rc = 0;

    put_init(put);
    if (!json_object_is_type(object, json_type_object))
        return op_fail(error, GMQ_E_VALUE, "messages: must be a list of objects");
    struct json_object_iterator it = json_object_iter_begin(object), end = json_object_iter_end(object);
    for (; rc == 0 && !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        struct slice name = slice_str(json_object_iter_peek_name(&it));
        if (!find_in(&OP_PUT, name, put, &given, &place))
            return fail_unknown(error, name);
        rc = take_value(call, &place, json_object_iter_peek_value(&it), error);
    }
    if (rc == 0 && ((given & 3) == 0 || (given & 3) == 3))
        return op_fail(error, GMQ_E_VALUE, "a message has either body or body_base64");
    if (rc == 0 && put->delay_ms != CMD_NOT_GIVEN && put->due_ms != 0)
        return op_fail(error, GMQ_E_VALUE, "delay_ms and due_at exclude each other");
    return rc == 0 ? settle_ttr(put, given, error) : rc;
}

int op_put_messages(struct op_call *call, struct json_object *list, struct op_error *error)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    int rc = 0;

    if (count == 0)
        return op_fail(error, GMQ_E_VALUE, "messages: must be a list with at least one");
    error->number = call->limits.count_max;
    if (count > call->limits.count_max)
        return GMQ_E_BATCH_LIMIT;
    call->puts = arena_take(&call->arena, count * sizeof(*call->puts));
    call->put_count = (uint32_t)count;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = take_message(call, &call->puts[i], json_object_array_get_idx(list, i), error);
    return rc;
}

static int take_members(struct op_call *call, unsigned where, struct op_error *error)
{
    bool http = where != (OP_PATH | OP_QUERY | OP_BODY);
    struct place place;
    int rc = 0;

    struct json_object_iterator it = json_object_iter_begin(call->tree), end = json_object_iter_end(call->tree);
    for (; rc == 0 && !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        struct slice name = slice_str(json_object_iter_peek_name(&it));
        if (!find(call, name, &place) || !(place.param->where & where) || (place.param->http_only && !http))
            return fail_unknown(error, name);
        rc = take_value(call, &place, json_object_iter_peek_value(&it), error);
    }
    return rc;
}

/* What would make a tree out of all proportion to its text, or lose some of it, is refused before it is one. */
static int check_size(const struct op_call *call, const struct json_size *size, struct op_error *error)
{
    uint64_t count = call->limits.count_max;
    uint64_t values_max = OP_VALUES_MAX + OP_VALUES_EACH * count;
    uint64_t objects_max = OP_OBJECTS_MAX + OP_OBJECTS_EACH * count;

    if (size->has_nul)
        return op_fail(error, GMQ_E_JSON, "a name holds a NUL");
    if (size->values > values_max || size->objects > objects_max)
        return op_fail(error, GMQ_E_JSON, "too many values");
    return 0;
}

int op_take_json(struct op_call *call, struct slice json, unsigned where, struct op_error *error)
{
    char text[JSON_ERROR_BYTES];
    int err = json_check(json, text);

    if (err < 0)
        return op_fail(error, err, "%s", text);
    if (call->tree)
        return op_fail(error, GMQ_E_VALUE, "arguments stand in one JSON object");
    struct json_size size = json_tree_size(json);
    err = check_size(call, &size, error);
    if (err < 0)
        return err;
    call->tree = json_tree_read(json, OP_DEPTH_MAX, &err);
    if (!call->tree && err == -ENOMEM)
        return err;
    if (!call->tree && !(json.len > 0 && memchr("{[", json.ptr[0], 2)))
        return op_fail(error, GMQ_E_JSON, "arguments stand in a JSON object");
    if (!call->tree)
        return op_fail(error, GMQ_E_JSON, "the JSON is not UTF-8, or nested more than %d deep", OP_DEPTH_MAX);
    if (!json_object_is_type(call->tree, json_type_object))
        return op_fail(error, GMQ_E_JSON, "arguments stand in a JSON object");
    if (!json_tree_has_members(call->tree, size.members))
        return op_fail(error, GMQ_E_JSON, "a name stands twice in the same object");
    return take_members(call, where, error);
}

/* ---- what belongs together --------------------------------------------------------------------------------------- */

static int check_required(const struct op_call *call, struct op_error *error)
{
    const struct op_params *params = &call->op->params;

    for (size_t i = 0; i < params->count; i++)
        if (params->list[i].required && !(call->given >> i & 1))
            return op_fail(error, GMQ_E_VALUE, "%s: is missing", params->list[i].name);
    return 0;
}

static int exclude(const struct op_call *call, const char *one, const char *other, struct op_error *error)
{
    if (is_given(call, one) && is_given(call, other))
        return op_fail(error, GMQ_E_VALUE, "%s and %s exclude each other", one, other);
    return 0;
}

/* One key for several messages: each has its own, made of it. */
static void spread_dedup(struct op_call *call)
{
    for (uint32_t i = 0; i < call->put_count; i++) {
        char *text = arena_take(&call->arena, call->put.dedup.len + 16);
        int len = snprintf(text, call->put.dedup.len + 16, "%.*s/%u", (int)call->put.dedup.len, call->put.dedup.ptr,
                           (unsigned)i);
        if (call->puts[i].dedup.len > 0)
            continue;
        call->puts[i].dedup = slice_of(text, (size_t)len);
        call->puts[i].dedup_of = call->put_count;
    }
}

static int finish_put(struct op_call *call, struct op_error *error)
{
    struct place place;
    bool body = is_given(call, "body"), base64 = is_given(call, "body_base64");

    ENSURE(find(call, slice_str("dedup_key"), &place));
    if (call->puts) {
        if (call->put_given & ~place.bit)
            return op_fail(error, GMQ_E_VALUE, "messages: nothing but dedup_key may stand beside them");
        if (call->put.dedup.len > 0)
            spread_dedup(call);
        call->args.puts = call->puts;
        call->args.put_count = call->put_count;
        return 0;
    }
    if (body == base64)
        return op_fail(error, GMQ_E_VALUE, "a message has either body or body_base64");
    call->args.puts = &call->put;
    call->args.put_count = 1;
    int rc = exclude(call, "delay_ms", "due_at", error);
    return rc == 0 ? settle_ttr(&call->put, call->put_given, error) : rc;
}

static int finish_pop(struct op_call *call, struct op_error *error)
{
    if (is_given(call, "topics") == is_given(call, "topic"))
        return op_fail(error, GMQ_E_VALUE, "either topics or topic says what to pop from");
    if (is_given(call, "topics")) {
        call->cmd.topic = call->names;
        call->cmd.flags |= CMD_F_LIST;
    }
    call->cmd.flags |= CMD_F_BINARY;
    return 0;
}

static int finish_sides(struct op_call *call, struct op_error *error)
{
    bool named = is_given(call, "push") || is_given(call, "pop");

    call->args.sides = (call->push_side ? CMD_SIDE_PUSH : 0u) | (call->pop_side ? CMD_SIDE_POP : 0u);
    if (!named)
        call->args.sides = CMD_SIDE_PUSH | CMD_SIDE_POP;
    if (call->args.sides == 0)
        return op_fail(error, GMQ_E_VALUE, "push and pop: one of them must be true");
    return call->op->kind == CMD_PAUSE ? exclude(call, "for_ms", "until", error) : 0;
}

static int finish_dead(struct op_call *call, struct op_error *error)
{
    bool ids = is_given(call, "ids"), all = call->args.all;
    bool match = is_given(call, "older_than_ms") || is_given(call, "text");

    if ((int)ids + (int)all + (int)match != 1)
        return op_fail(error, GMQ_E_VALUE, "which messages: ids, or all, or older_than_ms and text");
    return 0;
}

int op_finish(struct op_call *call, struct op_error *error)
{
    int rc = check_required(call, error);

    call->cmd.args = &call->args;
    if (rc < 0)
        return rc;
    switch (call->op->kind) {
    case CMD_PUT:
        return finish_put(call, error);
    case CMD_WPOP:
        return finish_pop(call, error);
    case CMD_PAUSE:
    case CMD_RESUME:
        return finish_sides(call, error);
    case CMD_DEAD_REDRIVE:
    case CMD_DEAD_DELETE:
        return finish_dead(call, error);
    case CMD_RESCHEDULE:
        return exclude(call, "delay_ms", "due_at", error);
    default:
        return 0;
    }
}

int op_parse(const struct op *op, const struct op_limits *limits, struct slice json, struct op_call **ret_call,
             struct op_error *error)
{
    struct op_call *call = op_call_new(op, limits);
    int rc = op_take_json(call, json, OP_PATH | OP_QUERY | OP_BODY, error);

    if (rc == 0)
        rc = op_finish(call, error);
    if (rc < 0)
        op_call_free(call);
    else
        *ret_call = call;
    return rc;
}
