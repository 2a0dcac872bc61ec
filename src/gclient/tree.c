/* tree.c - see tree.h. SPDX-License-Identifier: MIT */
#include "gclient/tree.h"

#include "base/base64.h"
#include "base/time_text.h"
#include "gclient/out.h"

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

    return time_text_read(tree_text(tree, key), &ms) ? ms : 0;
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

static bool append_decoded(struct buf *out, struct slice base64)
{
    char *to = base64.len > 0 ? buf_reserve(out, base64.len) : NULL;
    long len = to ? base64_read(base64, to) : -1;

    if (base64.len == 0)
        return true;
    if (len < 0)
        return false;
    buf_commit(out, (size_t)len);
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
