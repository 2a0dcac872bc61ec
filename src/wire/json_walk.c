/* json_walk.c - see json_walk.h. SPDX-License-Identifier: MIT */
#include "wire/json_walk.h"

#include "base/utf8.h"

enum { UTF8_BYTES_MAX = 4, REPLACEMENT = 0xfffd };

static bool is_mark(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':'; }

/* Blanks, and the commas and colons that the grammar has put in their places already. */
static void skip_marks(struct slice *rest)
{
    while (rest->len > 0 && is_mark(rest->ptr[0])) {
        rest->ptr++;
        rest->len--;
    }
}

/* The offset behind the string whose opening quote is at `at`. */
static size_t string_end(struct slice json, size_t at)
{
    for (at++; at < json.len; at++) {
        if (json.ptr[at] == '"')
            return at + 1;
        if (json.ptr[at] == '\\')
            at++;
    }
    return json.len;
}

static size_t container_end(struct slice json)
{
    size_t depth = 0, at = 0;

    while (at < json.len) {
        char c = json.ptr[at];
        if (c == '"') {
            at = string_end(json, at);
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return at;
}

static size_t word_end(struct slice json)
{
    size_t at = 0;

    while (at < json.len && !is_mark(json.ptr[at]) && json.ptr[at] != '}' && json.ptr[at] != ']')
        at++;
    return at;
}

static enum json_kind kind_of(char c)
{
    switch (c) {
    case '"': return JSON_STRING;
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case 'n': return JSON_NULL;
    case 't': case 'f': return JSON_BOOL;
    default: return JSON_NUMBER;
    }
}

/* Takes the value off the front of `*rest`, where one must stand. */
static struct json_value take_value(struct slice *rest)
{
    struct json_value value = {.kind = kind_of(rest->ptr[0])};
    size_t end;

    if (value.kind == JSON_STRING) {
        end = string_end(*rest, 0);
        value.text = slice_of(rest->ptr + 1, end >= 2 ? end - 2 : 0);
    } else {
        end = value.kind == JSON_OBJECT || value.kind == JSON_ARRAY ? container_end(*rest) : word_end(*rest);
        value.text = slice_of(rest->ptr, end);
    }
    rest->ptr += end;
    rest->len -= end;
    return value;
}

struct json_value json_walk_value(struct slice json)
{
    skip_marks(&json);
    if (json.len == 0)
        return (struct json_value){.kind = JSON_NULL};
    return take_value(&json);
}

struct slice json_walk_inside(const struct json_value *container)
{
    struct slice text = container->text;
    return text.len < 2 ? slice_of(text.ptr, 0) : slice_of(text.ptr + 1, text.len - 2);
}

bool json_walk_member(struct slice *rest, struct slice *ret_key, struct json_value *ret_value)
{
    skip_marks(rest);
    if (rest->len == 0)
        return false;
    struct json_value key = take_value(rest);
    skip_marks(rest);
    if (rest->len == 0)
        return false;
    *ret_key = key.text;
    *ret_value = take_value(rest);
    return true;
}

bool json_walk_element(struct slice *rest, struct json_value *ret_value)
{
    skip_marks(rest);
    if (rest->len == 0)
        return false;
    *ret_value = take_value(rest);
    return true;
}

/* The number of the four hex digits of the \uXXXX at the front, or -1 where none stands. */
static int32_t take_unit(struct slice text)
{
    int32_t unit = 0;

    if (text.len < 6 || text.ptr[0] != '\\' || text.ptr[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = text.ptr[i];
        unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static uint32_t named_escape(char c)
{
    switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return (unsigned char)c;
    }
}

/* The code point at the front of text.len > 0 bytes; sets `*ret_taken` to the bytes that it took. */
static uint32_t decode(struct slice text, size_t *ret_taken)
{
    uint32_t cp = REPLACEMENT;

    if (text.ptr[0] != '\\' || text.len < 2) {
        unsigned n = utf8_next(text.ptr, text.len, &cp);
        *ret_taken = n == 0 ? 1 : n;
        return cp;
    }
    int32_t unit = take_unit(text);
    *ret_taken = unit < 0 ? 2 : 6;
    if (unit < 0)
        return named_escape(text.ptr[1]);
    if (unit < 0xd800 || unit > 0xdfff)
        return (uint32_t)unit;
    int32_t low = take_unit(slice_of(text.ptr + 6, text.len - 6));
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *ret_taken = 12;
    return 0x10000 + ((uint32_t)(unit - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
}

static size_t encode(char *to, uint32_t cp)
{
    if (cp < 0x80) {
        to[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        to[0] = (char)(0xc0 | cp >> 6);
        to[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        to[0] = (char)(0xe0 | cp >> 12);
        to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        to[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | cp >> 18);
    to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    to[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

bool json_is_plain(struct slice text)
{
    return (text.len == 0 || !memchr(text.ptr, '\\', text.len)) && utf8_valid(text);
}

/* How many ASCII bytes without an escape stand at the front. */
static size_t plain_run(struct slice text)
{
    size_t n = 0;

    while (n < text.len && text.ptr[n] != '\\' && (unsigned char)text.ptr[n] < 0x80)
        n++;
    return n;
}

bool json_unescape(struct slice text, struct buf *out)
{
    size_t len = buf_len(out), taken;
    char one[UTF8_BYTES_MAX];

    while (text.len > 0) {
        size_t run = plain_run(text);
        bool good = buf_append(out, text.ptr, run);
        text = slice_of(text.ptr + run, text.len - run);
        if (good && text.len > 0) {
            good = buf_append(out, one, encode(one, decode(text, &taken)));
            text = slice_of(text.ptr + taken, text.len - taken);
        }
        if (!good) {
            buf_cut(out, len);
            return false;
        }
    }
    return true;
}

bool json_key_is(struct slice key, const char *name)
{
    size_t taken;

    for (; key.len > 0 && *name; name++) {
        uint32_t cp = decode(key, &taken);
        if (cp >= 0x80 || (cp | 0x20) != (unsigned char)*name)
            return false;
        key = slice_of(key.ptr + taken, key.len - taken);
    }
    return key.len == 0 && *name == '\0';
}
