/* tree.c - see tree.h. SPDX-License-Identifier: MIT */
#include "gclient/tree.h"

#include "gclient/out.h"
#include "gclient/when.h"

enum { TREE_BYTES_MAX = 1 << 30 };

struct json_object *tree_at(struct json_object *tree, const char *key)
{
    struct json_object *at = NULL;

    return json_object_is_type(tree, json_type_object) && json_object_object_get_ex(tree, key, &at) ? at : NULL;
}

struct slice tree_text(struct json_object *tree, const char *key)
{
    struct json_object *at = tree_at(tree, key);

    if (!json_object_is_type(at, json_type_string))
        return slice_of("", 0);
    return slice_of(json_object_get_string(at), (size_t)json_object_get_string_len(at));
}

uint64_t tree_number(struct json_object *tree, const char *key)
{
    struct json_object *at = tree_at(tree, key);

    return json_object_is_type(at, json_type_int) ? json_object_get_uint64(at) : 0;
}

double tree_real(struct json_object *tree, const char *key)
{
    struct json_object *at = tree_at(tree, key);

    return json_object_is_type(at, json_type_int) || json_object_is_type(at, json_type_double)
               ? json_object_get_double(at)
               : 0;
}

bool tree_is(struct json_object *tree, const char *key)
{
    struct json_object *at = tree_at(tree, key);

    return json_object_is_type(at, json_type_boolean) && json_object_get_boolean(at);
}

uint64_t tree_ms(struct json_object *tree, const char *key)
{
    uint64_t ms;

    return when_parse(tree_text(tree, key), &ms) ? ms : 0;
}

size_t tree_count(struct json_object *tree, const char *key)
{
    struct json_object *at = tree_at(tree, key);

    return json_object_is_type(at, json_type_array) ? json_object_array_length(at) : 0;
}

struct json_object *tree_item(struct json_object *tree, const char *key, size_t at)
{
    return json_object_array_get_idx(tree_at(tree, key), at);
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool append_decoded(struct buf *out, struct slice base64)
{
    size_t len = base64.len;

    if (len % 4 != 0)
        return false;
    for (size_t pads = 0; pads < 2 && len > 0 && base64.ptr[len - 1] == '='; pads++)
        len--;
    for (size_t i = 0; i < len; i += 4) {
        size_t digits = min_u64(len - i, 4);
        uint32_t three = 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k < digits ? digit_of(base64.ptr[i + k]) : 0;
            if (digit < 0)
                return false;
            three = three << 6 | (uint32_t)digit;
        }
        char bytes[3] = {(char)(three >> 16), (char)(three >> 8), (char)three};
        if (digits < 2 || !buf_append(out, bytes, digits - 1))
            return false;
    }
    return true;
}

bool tree_body(struct json_object *tree, struct buf *room, struct slice *ret)
{
    *ret = tree_text(tree, "body");
    if (!tree_at(tree, "body_base64"))
        return true;
    size_t before = buf_len(room);
    if (!append_decoded(room, tree_text(tree, "body_base64")))
        return false;
    *ret = slice_of(buf_len(room) > before ? buf_data(room) + before : "", buf_len(room) - before);
    return true;
}

bool tree_print(struct json_object *tree)
{
    const char *text = json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

    struct buf line;

    buf_init(&line, TREE_BYTES_MAX);
    return out_line(&line, text && out_append_json(&line, slice_str(text)));
}
