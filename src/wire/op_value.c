/* op_value.c - one argument of an operation, from JSON or from text; see op_impl.h. SPDX-License-Identifier: MIT */
#include "wire/op_impl.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/num.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "wire/json_tree.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_BYTES_MAX = 64 };

/* ---- errors ------------------------------------------------------------------------------------------------------ */

int op_fail(struct op_error *error, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(error->text, sizeof(error->text), fmt, ap);
    va_end(ap);
    return err;
}

/* "PARAM: must be WHAT" as GMQ_E_VALUE. */
static int fail_must(struct op_error *error, const struct op_param *param, const char *what)
{
    return op_fail(error, GMQ_E_VALUE, "%s: must be %s", param->name, what);
}

struct slice op_shown(struct slice text)
{
    size_t at = 0;
    uint32_t cp;

    while (at < text.len) {
        unsigned n = utf8_next(text.ptr + at, text.len - at, &cp);
        if (n == 0 || cp < 0x20 || at + n > SHOWN_BYTES_MAX)
            break;
        at += n;
    }
    return slice_of(text.ptr, at);
}

static int fail_range(struct op_error *error, const struct op_param *param)
{
    if (param->type == OP_INT)
        return op_fail(error, GMQ_E_VALUE, "%s: must be an integer from %lld to %lld", param->name,
                       (long long)param->min, (long long)param->max);
    return op_fail(error, GMQ_E_VALUE, "%s: must be a string of %lld to %lld bytes", param->name,
                   (long long)param->min, (long long)param->max);
}

static int fail_words(struct op_error *error, const struct op_param *param)
{
    char list[128] = "";
    size_t at = 0;

    for (const char *const *word = param->words; *word && at < sizeof(list); word++)
        at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at > 0 ? ", " : "", *word);
    return op_fail(error, GMQ_E_VALUE, "%s: must be one of %s", param->name, list);
}

/* ---- storing ----------------------------------------------------------------------------------------------------- */

static void store(const struct op_param *param, void *base, uint64_t value)
{
    char *to = (char *)base + param->at;
    uint32_t value32 = (uint32_t)value;
    uint8_t value8 = (uint8_t)value;

    if (param->bytes == sizeof(value))
        memcpy(to, &value, sizeof(value));
    else if (param->bytes == sizeof(value32))
        memcpy(to, &value32, sizeof(value32));
    else
        memcpy(to, &value8, sizeof(value8));
}

static int store_bool(const struct op_param *param, void *base, bool value)
{
    store(param, base, param->type == OP_NOT ? !value : value);
    return 0;
}

static int store_string(const struct op_param *param, void *base, struct slice text, struct op_error *error)
{
    if (text.len < (uint64_t)param->min || text.len > (uint64_t)param->max)
        return fail_range(error, param);
    memcpy((char *)base + param->at, &text, sizeof(text));
    return 0;
}

static int fail_time(const struct op_param *param, struct op_error *error)
{
    return fail_must(error, param, "a time as in RFC 3339, or ms since 1970");
}

static int store_time(const struct op_param *param, void *base, struct slice text, struct op_error *error)
{
    uint64_t ms;

    if (!time_text_read(text, &ms) && !(num_parse_u64(text, &ms) && ms <= TIME_TEXT_MS_MAX))
        return fail_time(param, error);
    store(param, base, max_u64(ms, 1)); /* 0 would be none */
    return 0;
}

static int store_word(const struct op_param *param, void *base, struct slice text, struct op_error *error)
{
    int index = op_word_index(param->words, text);

    if (index < 0)
        return fail_words(error, param);
    store(param, base, (uint64_t)index);
    return 0;
}

static int store_id(const struct op_param *param, void *base, struct slice text, struct op_error *error)
{
    uint64_t id;

    if (text.len > NUM_U64_MAX_CHARS || !num_parse_u64(text, &id) || id == 0)
        return fail_must(error, param, "an id: a string of decimal digits");
    store(param, base, id);
    return 0;
}

static int store_base64(struct op_call *call, const struct op_param *param, void *base, struct slice text,
                        struct op_error *error)
{
    char *to = arena_take(&call->arena, text.len / 4 * 3 + 1);
    long bytes = base64_read(text, to);

    if (bytes < 0)
        return fail_must(error, param, "base64 with its padding");
    return store_string(param, base, slice_of(to, (size_t)bytes), error);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static int check_count(struct op_call *call, const struct op_param *param, size_t count, struct op_error *error)
{
    if (count == 0)
        return fail_must(error, param, "a list with at least one");
    error->number = call->limits.count_max;
    return count > call->limits.count_max ? GMQ_E_BATCH_LIMIT : 0;
}

/* The ids stand in the body of the command, in as many bytes as it says. */
static void store_ids(struct op_call *call, char *packed, size_t count)
{
    call->cmd.body = slice_of(packed, count * CMD_ID_BYTES);
    call->cmd.count = (uint32_t)count;
}

static int put_id(const struct op_param *param, char *to, struct slice text, struct op_error *error)
{
    uint64_t id;

    if (text.len > NUM_U64_MAX_CHARS || !num_parse_u64(text, &id))
        return fail_must(error, param, "a list of ids: strings of decimal digits");
    put_be64(to, id);
    return 0;
}

static int put_ids(struct op_call *call, const struct op_param *param, struct json_object *value,
                   struct op_error *error)
{
    size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
    int rc = check_count(call, param, count, error);

    if (rc < 0)
        return rc;
    char *packed = arena_take(&call->arena, count * CMD_ID_BYTES);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct json_object *id = json_object_array_get_idx(value, i);
        bool is_string = json_object_is_type(id, json_type_string);
        rc = put_id(param, packed + i * CMD_ID_BYTES, is_string ? op_string(id) : slice_str("-"), error);
    }
    store_ids(call, packed, count);
    return rc;
}

/* The next of a comma list; false after the last. Begin with `*at` = 0. */
static bool next_of(struct slice list, size_t *at, struct slice *ret)
{
    if (*at > list.len)
        return false;
    const char *from = list.ptr + *at, *comma = *at < list.len ? memchr(from, ',', list.len - *at) : NULL;
    *ret = slice_of(from, comma ? (size_t)(comma - from) : list.len - *at);
    *at += ret->len + 1;
    return true;
}

static int put_ids_text(struct op_call *call, const struct op_param *param, struct slice text, struct op_error *error)
{
    size_t at = 0, count = 1, n = 0;
    struct slice id;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ',';
    int rc = check_count(call, param, count, error);
    if (rc < 0)
        return rc;
    char *packed = arena_take(&call->arena, count * CMD_ID_BYTES);
    while (rc == 0 && next_of(text, &at, &id))
        rc = put_id(param, packed + n++ * CMD_ID_BYTES, id, error);
    store_ids(call, packed, count);
    return rc;
}

/* Names with / between them, as struct cmd has a list of topics. A name with a / would be two: it is refused. */
static int put_names(struct op_call *call, const struct op_param *param, struct json_object *value,
                     struct op_error *error)
{
    size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0, bytes = 0;

    if (count == 0 || count > CMD_TOPICS_MAX)
        return fail_must(error, param, "a list of 1 to 16 strings");
    for (size_t i = 0; i < count; i++) {
        struct json_object *name = json_object_array_get_idx(value, i);
        if (!json_object_is_type(name, json_type_string))
            return fail_must(error, param, "a list of 1 to 16 strings");
        if (op_string(name).len == 0)
            return GMQ_E_TOPIC_EMPTY;
        if (memchr(op_string(name).ptr, '/', op_string(name).len))
            return GMQ_E_TOPIC_NAME;
        bytes += op_string(name).len + 1;
    }
    char *to = arena_take(&call->arena, bytes), *end = to;
    for (size_t i = 0; i < count; i++) {
        struct slice name = op_string(json_object_array_get_idx(value, i));
        if (i > 0)
            *end++ = '/';
        memcpy(end, name.ptr, name.len);
        end += name.len;
    }
    call->names = slice_of(to, (size_t)(end - to));
    return 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

int op_word_index(const char *const *words, struct slice text)
{
    for (int i = 0; words[i]; i++)
        if (slice_is(text, words[i]))
            return i;
    return -1;
}

struct slice op_string(struct json_object *value)
{
    return slice_of(json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

bool op_integer(struct json_object *value, int64_t min, int64_t max, int64_t *ret)
{
    if (!json_object_is_type(value, json_type_int))
        return false;
    if (json_object_get_uint64(value) > INT64_MAX)
        return false;
    *ret = json_object_get_int64(value);
    return *ret >= min && *ret <= max;
}

static int put_string_json(struct op_call *call, const struct op_param *param, void *base, struct json_object *value,
                           struct op_error *error)
{
    if (!json_object_is_type(value, json_type_string))
        return fail_must(error, param, param->type == OP_ID ? "an id: a string of decimal digits" : "a string");
    return op_put_text(call, param, base, op_string(value), error);
}

int op_put_json(struct op_call *call, const struct op_param *param, void *base, struct json_object *value,
                struct op_error *error)
{
    char *to = (char *)base + param->at;
    int64_t number = 0;

    if (param->type != OP_RETRY && param->type != OP_LIMITS)
        call->args.settings_given |= param->given;
    switch ((enum op_type)param->type) {
    case OP_INT:
        if (!op_integer(value, param->min, param->max, &number))
            return fail_range(error, param);
        store(param, base, (uint64_t)number);
        return 0;
    case OP_BOOL:
    case OP_NOT:
        if (!json_object_is_type(value, json_type_boolean))
            return fail_must(error, param, "true or false");
        return store_bool(param, base, json_object_get_boolean(value));
    case OP_TIME:
        if (!op_integer(value, 0, (int64_t)TIME_TEXT_MS_MAX, &number))
            return json_object_is_type(value, json_type_string) ? put_string_json(call, param, base, value, error)
                                                                : fail_time(param, error);
        store(param, base, max_u64((uint64_t)number, 1));
        return 0;
    case OP_IDS:
        return put_ids(call, param, value, error);
    case OP_NAMES:
        return put_names(call, param, value, error);
    case OP_HEADERS:
        return op_put_headers(call, (struct slice *)(void *)to, value, error);
    case OP_MESSAGES:
        return op_put_messages(call, value, error);
    case OP_RETRY:
        return op_put_retry((struct retry_policy *)(void *)to, &call->args.settings_given, value, error);
    case OP_LIMITS:
        return op_put_limits((struct topic_limits *)(void *)to, &call->args.settings_given, value, error);
    case OP_STRING:
    case OP_ID:
    case OP_WORD:
    case OP_BASE64:
        break;
    }
    return put_string_json(call, param, base, value, error);
}

void op_put_null(struct op_call *call, const struct op_param *param, void *base)
{
    call->args.settings_given |= param->given;
    if (param->given == 0 || param->type == OP_RETRY || param->type == OP_LIMITS)
        return; /* nothing is what it is */
    store(param, base, (uint64_t)param->reset);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static int put_bool_text(const struct op_param *param, void *base, struct slice text, struct op_error *error)
{
    if (slice_is(text, "true") || slice_is(text, "1"))
        return store_bool(param, base, true);
    if (slice_is(text, "false") || slice_is(text, "0"))
        return store_bool(param, base, false);
    return fail_must(error, param, "true or false");
}

int op_put_text(struct op_call *call, const struct op_param *param, void *base, struct slice text,
                struct op_error *error)
{
    int64_t number;

    switch ((enum op_type)param->type) {
    case OP_STRING:
        return store_string(param, base, text, error);
    case OP_INT:
        if (!num_parse_i64(text, &number) || number < param->min || number > param->max)
            return fail_range(error, param);
        store(param, base, (uint64_t)number);
        return 0;
    case OP_BOOL:
    case OP_NOT:
        return put_bool_text(param, base, text, error);
    case OP_ID:
        return store_id(param, base, text, error);
    case OP_IDS:
        return put_ids_text(call, param, text, error);
    case OP_TIME:
        return store_time(param, base, text, error);
    case OP_WORD:
        return store_word(param, base, text, error);
    case OP_BASE64:
        return store_base64(call, param, base, text, error);
    default:
        return op_fail(error, GMQ_E_VALUE, "%s: stands in a JSON body only", param->name);
    }
}
