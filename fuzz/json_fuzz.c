/*
 * json_fuzz.c - our JSON against json-c
 *
 * The input as text: what json_write_string() writes must be read back by json-c, and by json_unescape(), as the
 * text with its bad bytes replaced. The input as JSON: what json_check() accepts json-c accepts too and the other
 * way round, but for what the two are known to disagree about.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/utf8.h"
#include "wire/json.h"
#include "wire/json_check.h"
#include "wire/json_walk.h"

#include <json-c/json.h>

enum { BYTES_MAX = 1 << 20 };

/* `text` with each byte that begins no sequence replaced by U+FFFD. */
static void mend(struct slice text, struct buf *out)
{
    uint32_t cp;

    for (size_t at = 0; at < text.len;) {
        unsigned n = utf8_next(text.ptr + at, text.len - at, &cp);
        ENSURE(n > 0 ? buf_append(out, text.ptr + at, n) : buf_append(out, "\xef\xbf\xbd", 3));
        at += n > 0 ? n : 1;
    }
}

/* json-c takes a number at the very end of its input for the beginning of one, so a zero byte ends it. */
static struct json_object *read_by_json_c(struct slice json, int depth, int flags)
{
    struct json_tokener *tok = json_tokener_new_ex(depth);
    char *text = calloc(1, json.len + 1);

    ENSURE(tok && text);
    memcpy(text, json.ptr, json.len);
    json_tokener_set_flags(tok, flags | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tok, text, (int)json.len + 1);
    bool whole = json_tokener_get_error(tok) == json_tokener_success && json_tokener_get_parse_end(tok) >= json.len;
    json_tokener_free(tok);
    free(text);
    if (!whole) {
        (void)json_object_put(root);
        return NULL;
    }
    return root;
}

static void fuzz_write(struct slice text)
{
    size_t bytes = json_string_bytes(text);
    char *json = malloc(bytes);
    struct buf mended, again;

    ENSURE(json && json_write_string(json, text) == json + bytes);
    buf_init(&mended, BYTES_MAX * 3);
    buf_init(&again, BYTES_MAX * 3);
    mend(text, &mended);
    ENSURE(json_unescape(slice_of(json + 1, bytes - 2), &again));
    ENSURE(slice_equal(buf_slice(&mended), buf_slice(&again)));
    struct json_object *string = read_by_json_c(slice_of(json, bytes), 2, 0);
    ENSURE(string && json_object_is_type(string, json_type_string));
    struct slice read = slice_of(json_object_get_string(string), (size_t)json_object_get_string_len(string));
    ENSURE(slice_equal(buf_slice(&mended), read));
    (void)json_object_put(string);
    buf_free(&mended);
    buf_free(&again);
    free(json);
}

/* A string that json-c and we have both read says the same, but for lone surrogates. */
static void compare_string(struct slice text, struct json_object *string)
{
    struct buf ours;
    struct slice read = slice_of(json_object_get_string(string), (size_t)json_object_get_string_len(string));

    buf_init(&ours, BYTES_MAX * 3);
    ENSURE(json_unescape(text, &ours));
    bool surrogates = memmem(text.ptr, text.len, "\\ud", 3) || memmem(text.ptr, text.len, "\\uD", 3);
    ENSURE(surrogates || slice_equal(buf_slice(&ours), read));
    buf_free(&ours);
}

static void compare(struct slice json, struct json_object *root)
{
    struct json_value top = json_walk_value(json), value;
    struct slice rest = json_walk_inside(&top);
    size_t count = 0;

    switch (top.kind) {
    case JSON_STRING:
        ENSURE(json_object_is_type(root, json_type_string));
        compare_string(top.text, root);
        break;
    case JSON_ARRAY:
        ENSURE(json_object_is_type(root, json_type_array));
        for (; json_walk_element(&rest, &value); count++) {
            struct json_object *theirs = json_object_array_get_idx(root, count);
            ENSURE((value.kind == JSON_STRING) == (json_object_get_type(theirs) == json_type_string));
            if (value.kind == JSON_STRING)
                compare_string(value.text, theirs);
        }
        ENSURE(count == json_object_array_length(root));
        break;
    case JSON_OBJECT:
        ENSURE(json_object_is_type(root, json_type_object));
        for (struct slice key; json_walk_member(&rest, &key, &value); count++)
            (void)fuzz_touch(value.text);
        ENSURE(count >= (size_t)json_object_object_length(root));
        break;
    default:
        ENSURE(!json_object_is_type(root, json_type_array));
    }
}

static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool holds(struct slice json, const char *word) { return memmem(json.ptr, json.len, word, strlen(word)); }

/* json-c takes what JSON does not: the numbers 010, -01, NaN, Infinity, and raw control bytes in strings. */
static bool json_c_may_be_lenient(struct slice json)
{
    for (size_t i = 0; i < json.len; i++) {
        unsigned char c = (unsigned char)json.ptr[i];
        if (c < 0x20 || (c >= '0' && c <= '9') || c == 'N' || c == 'I')
            return true;
    }
    return false;
}

static void fuzz_check(struct slice json)
{
    char error[JSON_ERROR_BYTES];
    bool accepted = json_check(json, error) == 0;

    /* json-c is given no empty input, stops at a zero byte, takes null for no object, and 0.18 knows ASCII only. */
    if (json.len == 0 || memchr(json.ptr, '\0', json.len) || !is_ascii(json) || holds(json, "null"))
        return;
    struct json_object *root = read_by_json_c(json, JSON_DEPTH_MAX + 1, JSON_TOKENER_STRICT);
    ENSURE(root || !accepted);
    ENSURE(accepted || !root || json_c_may_be_lenient(json));
    if (root)
        compare(json, root);
    (void)json_object_put(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);

    if (size <= BYTES_MAX) {
        fuzz_write(in);
        fuzz_check(in);
    }
    fuzz_free(in);
    return 0;
}
