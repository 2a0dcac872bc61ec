/* pick.c - see pick.h. SPDX-License-Identifier: MIT */
#include "gweb/pick.h"

#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "wire/json_check.h"

enum { TEXT_BYTES_MAX = 64 << 10 };

bool pick_ok(struct slice json)
{
    char error[JSON_ERROR_BYTES];

    return json.len > 0 && json_check(json, error) == 0 && utf8_valid(json);
}

static bool member(struct slice object, struct slice name, struct json_value *ret)
{
    struct json_value value = json_walk_value(object);
    struct slice rest, key;

    if (value.kind != JSON_OBJECT)
        return false;
    for (rest = json_walk_inside(&value); json_walk_member(&rest, &key, ret);)
        if (slice_equal(key, name))
            return true;
    return false;
}

bool pick(struct slice object, const char *path, struct json_value *ret)
{
    for (;;) {
        size_t len = strcspn(path, ".");
        if (!member(object, slice_of(path, len), ret))
            return false;
        if (path[len] == '\0')
            return true;
        path += len + 1;
        object = ret->text;
        if (ret->kind != JSON_OBJECT)
            return false;
    }
}

bool pick_u64(struct slice object, const char *path, uint64_t *ret)
{
    struct json_value value;

    return pick(object, path, &value) && value.kind == JSON_NUMBER && num_parse_u64(value.text, ret);
}

bool milli_read(struct slice text, uint64_t *ret)
{
    const char *dot = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
    size_t whole_len = dot ? (size_t)(dot - text.ptr) : text.len;
    uint64_t whole, part = 0;

    if (!num_parse_u64(slice_of(text.ptr, whole_len), &whole) || whole > UINT64_MAX / 1000 - 1)
        return false;
    for (size_t i = 0; dot && whole_len + 1 + i < text.len; i++) {
        char c = text.ptr[whole_len + 1 + i];
        if (c < '0' || c > '9')
            return false;
        if (i < 3)
            part += (uint64_t)(c - '0') * (i == 0 ? 100 : i == 1 ? 10 : 1);
    }
    *ret = whole * 1000 + part;
    return true;
}

bool pick_milli(struct slice object, const char *path, uint64_t *ret)
{
    struct json_value value;

    return pick(object, path, &value) && value.kind == JSON_NUMBER && milli_read(value.text, ret);
}

bool pick_bool(struct slice object, const char *path, bool *ret)
{
    struct json_value value;

    if (!pick(object, path, &value) || value.kind != JSON_BOOL)
        return false;
    *ret = slice_is(value.text, "true");
    return true;
}

bool text_of(const struct json_value *value, char *to, size_t bytes)
{
    struct buf text;

    if (value->kind != JSON_STRING)
        return false;
    buf_init(&text, TEXT_BYTES_MAX);
    bool ok = json_unescape(value->text, &text);
    if (ok) {
        struct slice all = buf_slice(&text);
        size_t len = 0;
        uint32_t code;
        for (unsigned step; len < all.len && (step = utf8_next(all.ptr + len, all.len - len, &code)) > 0;) {
            if (len + step >= bytes || code == 0)
                break;
            len += step;
        }
        if (len > 0)
            memcpy(to, all.ptr, len);
        to[len] = '\0';
    }
    buf_free(&text);
    return ok;
}

bool pick_text(struct slice object, const char *path, char *to, size_t bytes)
{
    struct json_value value;

    return pick(object, path, &value) && text_of(&value, to, bytes);
}
