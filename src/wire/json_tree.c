/* json_tree.c - see json_tree.h. SPDX-License-Identifier: MIT */
#include "wire/json_tree.h"

#include "wire/json_check.h"

#include <errno.h>
#include <json-c/json_visit.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE_BYTES = 6, HEX_DIGITS = 4 };

/* The unit of a \uxxxx at `at`, or 0 when there is none. */
static uint32_t unit_at(const char *at, size_t left)
{
    uint32_t unit = 0;

    if (left < ESCAPE_BYTES || at[0] != '\\' || at[1] != 'u')
        return 0;
    for (unsigned i = 2; i < 2 + HEX_DIGITS; i++) {
        uint32_t c = (unsigned char)at[i] | 0x20u;
        unit = unit << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return unit;
}

/* Writes the character of a surrogate pair at `from` as UTF-8; 0 when there is none, else 4. */
static size_t put_pair(char *to, const char *from, size_t left)
{
    uint32_t high = unit_at(from, left);
    uint32_t low = high >> 10 == 0xd800 >> 10 ? unit_at(from + ESCAPE_BYTES, left - ESCAPE_BYTES) : 0;
    uint32_t c = 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);

    if (low >> 10 != 0xdc00 >> 10)
        return 0;
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/*
 * The same JSON, which was checked, with raw characters for surrogate pairs: of two pairs one behind the other json-c
 * (0.16) loses the second. Malloc'ed; NULL = out of memory.
 */
static char *without_pairs(struct slice json, size_t *ret_bytes)
{
    char *text = malloc(json.len + 1), *to = text;
    size_t at = 0;

    while (text && at < json.len) {
        size_t pair = put_pair(to, json.ptr + at, json.len - at);
        size_t some = json.ptr[at] == '\\' && at + 1 < json.len ? 2 : 1;
        if (pair > 0)
            some = 2 * ESCAPE_BYTES;
        else
            memcpy(to, json.ptr + at, some);
        to += pair > 0 ? pair : some;
        at += some;
    }
    *ret_bytes = (size_t)(to - text);
    return text;
}

static struct json_object *read_tree(struct slice json, int depth_max, int *ret_err)
{
    struct json_tokener *tok = json_tokener_new_ex(depth_max);
    *ret_err = tok ? 0 : -ENOMEM;
    if (!tok)
        return NULL;
    json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tok, json.ptr, (int)json.len);
    /* A number at the very end waits for what follows it. */
    if (!root && json_tokener_get_error(tok) == json_tokener_continue)
        root = json_tokener_parse_ex(tok, " ", 1);
    if (!root)
        *ret_err = -EPROTO;
    json_tokener_free(tok);
    return root;
}

struct json_object *json_tree_read(struct slice json, int depth_max, int *ret_err)
{
    char error[JSON_ERROR_BYTES];

    *ret_err = -EPROTO;
    if (json.len > INT_MAX || json_check(json, error) < 0)
        return NULL;
    if (!memmem(json.ptr, json.len, "\\u", 2))
        return read_tree(json, depth_max, ret_err);
    size_t bytes;
    char *text = without_pairs(json, &bytes);
    *ret_err = -ENOMEM;
    if (!text)
        return NULL;
    struct json_object *root = read_tree(slice_of(text, bytes), depth_max, ret_err);
    free(text);
    return root;
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

static int count_member(json_object *value, int flags, json_object *parent, const char *key, size_t *index, void *ctx)
{
    (void)value;
    (void)parent;
    (void)index;
    if (key && !(flags & JSON_C_VISIT_SECOND))
        (*(size_t *)ctx)++;
    return JSON_C_VISIT_RETURN_CONTINUE;
}

/* The string whose opening quote is at `json.ptr`, quotes and all. */
static struct slice string_at(struct slice json)
{
    size_t at = 1;

    while (at < json.len && json.ptr[at] != '"')
        at += json.ptr[at] == '\\' ? 2 : 1;
    return slice_of(json.ptr, min_u64(at + 1, json.len));
}

struct json_size json_tree_size(struct slice json)
{
    struct json_size size = {.objects = 0};
    struct slice string = slice_of(NULL, 0);

    for (size_t at = 0; at < json.len; at++) {
        char c = json.ptr[at];
        if (c == '"') {
            string = string_at(slice_of(json.ptr + at, json.len - at));
            at += string.len - 1;
        } else if (c == ':') {
            size.members++;
            size.has_nul = size.has_nul || memmem(string.ptr, string.len, "\\u0000", ESCAPE_BYTES);
        } else if (c == ',' || c == '[' || c == '{') {
            size.values++;
            size.objects += c == '{';
        }
    }
    return size;
}

bool json_tree_has_members(struct json_object *tree, size_t members)
{
    size_t there = 0;

    return json_c_visit(tree, 0, count_member, &there) == 0 && there == members;
}
