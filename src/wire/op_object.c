/* op_object.c - arguments that are JSON objects: headers, retry, limits; see op_impl.h. SPDX-License-Identifier: MIT */
#include "wire/op_impl.h"

#include "base/err.h"
#include "wire/json_tree.h"

#include <stdio.h>

#define COUNT_MAX (INT64_C(1) << 53) /* as far as every reader of JSON counts */

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

int op_put_header(struct op_call *call, struct slice *lines, struct slice name, struct slice text,
                  struct op_error *error)
{
    size_t bytes = name.len + text.len + sizeof(": \n") - 1;

    if (name.len == 0 || has_control(name) || memchr(name.ptr, ':', name.len) || memchr(name.ptr, ' ', name.len))
        return op_fail(error, GMQ_E_HEADERS, "a name has no blanks, colons or control bytes");
    if (has_control(text))
        return op_fail(error, GMQ_E_HEADERS, "a value has no control bytes");
    if (bytes > CMD_HEADERS_BYTES_MAX - min_u64(lines->len, CMD_HEADERS_BYTES_MAX))
        return op_fail(error, GMQ_E_HEADERS, "more than %d bytes", CMD_HEADERS_BYTES_MAX);
    char *all = arena_take(&call->arena, lines->len + bytes + 1);
    if (lines->len > 0)
        memcpy(all, lines->ptr, lines->len);
    char *to = all + lines->len;
    memcpy(to, name.ptr, name.len);
    memcpy(to + name.len, ": ", 2);
    if (text.len > 0)
        memcpy(to + name.len + 2, text.ptr, text.len);
    all[lines->len + bytes - 1] = '\n';
    *lines = slice_of(all, lines->len + bytes);
    return 0;
}

int op_put_headers(struct op_call *call, struct slice *ret, struct json_object *value, struct op_error *error)
{
    int rc = 0;

    if (!json_object_is_type(value, json_type_object))
        return op_fail(error, GMQ_E_VALUE, "headers: must be an object of strings");
    struct json_object_iterator it = json_object_iter_begin(value), end = json_object_iter_end(value);
    for (; rc == 0 && !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        struct json_object *text = json_object_iter_peek_value(&it);
        if (!json_object_is_type(text, json_type_string))
            return op_fail(error, GMQ_E_VALUE, "headers: must be an object of strings");
        rc = op_put_header(call, ret, slice_str(json_object_iter_peek_name(&it)), op_string(text), error);
    }
    return rc;
}

/* ---- retry, limits ----------------------------------------------------------------------------------------------- */

/* Is there a member of that name? Then it is `*ret_value`, NULL for null, and `bit` is added to `*given`. */
static bool is_named(struct json_object *object, const char *name, unsigned bit, unsigned *given,
                     struct json_object **ret_value)
{
    bool named = json_object_object_get_ex(object, name, ret_value);

    *given |= named ? bit : 0;
    return named;
}

/* A member that must be an integer; null is 0. */
static int take_number(struct json_object *value, const char *name, int64_t max, int64_t *ret, struct op_error *error)
{
    *ret = 0;
    if (!value || op_integer(value, 0, max, ret))
        return 0;
    return op_fail(error, GMQ_E_VALUE, "%s: must be an integer from 0 to %lld", name, (long long)max);
}

/* A member that must be one of the words; null is the first. */
static int take_word(struct json_object *value, const char *name, const char *const *words, uint8_t *ret,
                     struct op_error *error)
{
    int index = 0;

    if (value)
        index = json_object_is_type(value, json_type_string) ? op_word_index(words, op_string(value)) : -1;
    if (index < 0)
        return op_fail(error, GMQ_E_VALUE, "%s: must be one of the words that it has", name);
    *ret = (uint8_t)index;
    return 0;
}

static int check_names(struct json_object *object, const char *prefix, const char *const *names, struct op_error *error)
{
    if (!json_object_is_type(object, json_type_object))
        return op_fail(error, GMQ_E_VALUE, "%s: must be an object", prefix);
    struct json_object_iterator it = json_object_iter_begin(object), end = json_object_iter_end(object);
    for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        struct slice name = slice_str(json_object_iter_peek_name(&it)), shown = op_shown(name);
        if (op_word_index(names, name) < 0)
            return op_fail(error, GMQ_E_VALUE, "%s: unknown field '%.*s'", prefix, (int)shown.len, shown.ptr);
    }
    return 0;
}

/* How many there must be depends on the kind, which, when it is not `whole`, only the topic knows. */
static int take_delays(struct retry_policy *policy, bool whole, struct json_object *list, struct op_error *error)
{
    int64_t ms = 0;

    if (list && !json_object_is_type(list, json_type_array))
        return op_fail(error, GMQ_E_VALUE, "retry.delays_ms: must be a list of integers");
    size_t count = list ? json_object_array_length(list) : 0;
    bool one = whole && (policy->kind == RETRY_FIXED || policy->kind == RETRY_EXPONENTIAL);
    bool none = whole && policy->kind == RETRY_AT_ONCE;
    if (none ? count > 0 : one ? count != 1 : count < 1 || count > RETRY_DELAYS_MAX)
        return op_fail(error, GMQ_E_VALUE, "retry.delays_ms: must be %s",
                       none ? "missing for at_once" : one ? "one" : "1 to 16");
    for (size_t i = 0; i < count; i++) {
        if (!op_integer(json_object_array_get_idx(list, i), 0, RETRY_DELAY_MS_MAX, &ms))
            return op_fail(error, GMQ_E_VALUE, "retry.delays_ms: must be integers from 0 to %d", RETRY_DELAY_MS_MAX);
        policy->delays_ms[i] = (uint32_t)ms;
    }
    policy->count = (uint16_t)count;
    return 0;
}

int op_put_retry(struct retry_policy *ret, unsigned *given, struct json_object *value, struct op_error *error)
{
    static const char *const NAMES[] = {"kind", "delays_ms", "cap_ms", "jitter_percent", NULL};
    static const char *const KINDS[] = {"at_once", "fixed", "list", "exponential", NULL};
    struct json_object *kind = NULL, *delays = NULL, *cap = NULL, *jitter = NULL;
    int64_t cap_ms = 0, percent = 0;
    int rc = check_names(value, "retry", NAMES, error);

    *ret = (struct retry_policy){.kind = RETRY_AT_ONCE};
    if (rc < 0)
        return rc;
    bool whole = is_named(value, "kind", CMD_GIVEN_RETRY_POLICY, given, &kind);
    bool listed = is_named(value, "delays_ms", CMD_GIVEN_DELAYS, given, &delays);
    (void)is_named(value, "cap_ms", CMD_GIVEN_CAP, given, &cap);
    (void)is_named(value, "jitter_percent", CMD_GIVEN_JITTER, given, &jitter);
    rc = take_word(kind, "retry.kind", KINDS, &ret->kind, error);
    if (rc == 0)
        rc = take_number(cap, "retry.cap_ms", RETRY_DELAY_MS_MAX, &cap_ms, error);
    if (rc == 0)
        rc = take_number(jitter, "retry.jitter_percent", 100, &percent, error);
    ret->cap_ms = (uint32_t)cap_ms;
    ret->jitter_percent = (uint8_t)percent;
    return rc < 0 || !(whole || listed) ? rc : take_delays(ret, whole, delays, error);
}

int op_put_limits(struct topic_limits *ret, unsigned *given, struct json_object *value, struct op_error *error)
{
    static const char *const NAMES[] = {"messages", "bytes", "age_ms", "over", NULL};
    static const char *const OVERS[] = {"reject", "drop", "dead_letter", NULL};
    struct json_object *messages = NULL, *bytes = NULL, *age = NULL, *over = NULL;
    int64_t count = 0, size = 0, age_ms = 0;
    int rc = check_names(value, "limits", NAMES, error);

    *ret = (struct topic_limits){.over = OVER_REJECT};
    if (rc < 0)
        return rc;
    (void)is_named(value, "messages", CMD_GIVEN_MESSAGES, given, &messages);
    (void)is_named(value, "bytes", CMD_GIVEN_BYTES, given, &bytes);
    (void)is_named(value, "age_ms", CMD_GIVEN_AGE, given, &age);
    (void)is_named(value, "over", CMD_GIVEN_OVER, given, &over);
    rc = take_number(messages, "limits.messages", COUNT_MAX, &count, error);
    if (rc == 0)
        rc = take_number(bytes, "limits.bytes", COUNT_MAX, &size, error);
    if (rc == 0)
        rc = take_number(age, "limits.age_ms", COUNT_MAX, &age_ms, error);
    if (rc == 0)
        rc = take_word(over, "limits.over", OVERS, &ret->over, error);
    ret->messages = (uint64_t)count;
    ret->bytes = (uint64_t)size;
    ret->age_ms = (uint64_t)age_ms;
    return rc;
}
