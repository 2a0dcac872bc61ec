/* form.c - see form.h. SPDX-License-Identifier: MIT */
#include "wire/form.h"

#include <strings.h>

/* Takes what stands before the first `mark` off `*rest`, the mark too; all of it when there is none. */
static struct slice cut(struct slice *rest, char mark)
{
    const char *at = rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
    struct slice first = slice_of(rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len);
    size_t taken = first.len + (at ? 1 : 0);

    *rest = slice_of(rest->len > 0 ? rest->ptr + taken : NULL, rest->len - taken);
    return first;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Takes one decoded byte off `*text`; false at a bad `%`. */
static bool take_byte(struct slice *text, char *ret_byte)
{
    size_t taken = 1;
    char c = text->ptr[0];

    if (c == '%') {
        if (text->len < 3 || hex_value(text->ptr[1]) < 0 || hex_value(text->ptr[2]) < 0)
            return false;
        c = (char)(hex_value(text->ptr[1]) * 16 + hex_value(text->ptr[2]));
        taken = 3;
    } else if (c == '+') {
        c = ' ';
    }
    *text = slice_of(text->ptr + taken, text->len - taken);
    *ret_byte = c;
    return true;
}

static bool is_good(struct slice text)
{
    char byte;

    while (text.len > 0)
        if (!take_byte(&text, &byte))
            return false;
    return true;
}

bool form_decode(struct slice text, struct arena *arena, struct slice *ret_text)
{
    char *to = arena_take(arena, text.len + 1);
    size_t len = 0;

    while (text.len > 0)
        if (!take_byte(&text, &to[len++]))
            return false;
    *ret_text = slice_of(to, len);
    return true;
}

/* A key must decode to `key` and nothing else; a bad one matches none. */
static bool key_is(struct slice text, const char *key)
{
    char byte;

    for (; text.len > 0 && *key; key++)
        if (!take_byte(&text, &byte) || byte != *key)
            return false;
    return text.len == 0 && *key == '\0';
}

static bool decode(struct slice text, struct buf *scratch, struct slice *ret_text)
{
    bool plain = text.len == 0 || (!memchr(text.ptr, '%', text.len) && !memchr(text.ptr, '+', text.len));
    char *to = NULL;

    if (plain) {
        *ret_text = text;
        return true;
    }
    to = buf_reserve(scratch, text.len);
    if (!to)
        return false;
    size_t len = 0;
    while (text.len > 0)
        if (!take_byte(&text, &to[len++]))
            return false;
    buf_commit(scratch, len);
    *ret_text = slice_of(to, len);
    return true;
}

bool form_get(struct slice query, const char *key, struct buf *scratch, struct slice *ret_value)
{
    while (query.len > 0) {
        struct slice value = cut(&query, '&');
        if (value.len == 0 || memchr(value.ptr, ';', value.len))
            continue;
        struct slice name = cut(&value, '=');
        if (key_is(name, key) && is_good(value))
            return decode(value, scratch, ret_value);
    }
    return false;
}

/* ---- header values -------------------------------------------------------------------------------------------- */
/* A header value may go on in the next line, so line ends count as blanks. */
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct slice trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = slice_of(text.ptr + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static bool is_word(struct slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

bool form_type_is(struct slice content_type, const char *type)
{
    struct slice first = cut(&content_type, ';');
    return is_word(trim(first), type);
}

/* The length of the quoted string at the front of `text`, quotes included; 0 when it does not end. */
static size_t quoted_bytes(struct slice text)
{
    for (size_t at = 1; at < text.len; at++) {
        if (text.ptr[at] == '"')
            return at + 1;
        if (text.ptr[at] == '\\')
            at++;
    }
    return 0;
}

/* As Go: a backslash before `"` or `\` is an escape, and else itself, since browsers send file paths as they are. */
static bool unquote(struct slice text, struct buf *scratch, struct slice *ret_text)
{
    char *to = NULL;
    size_t len = 0;

    if (text.len == 0 || !memchr(text.ptr, '\\', text.len)) {
        *ret_text = text;
        return true;
    }
    to = buf_reserve(scratch, text.len);
    if (!to)
        return false;
    for (size_t at = 0; at < text.len; at++) {
        bool escape = text.ptr[at] == '\\' && at + 1 < text.len &&
                      (text.ptr[at + 1] == '"' || text.ptr[at + 1] == '\\');
        at += escape ? 1 : 0;
        to[len++] = text.ptr[at];
    }
    buf_commit(scratch, len);
    *ret_text = slice_of(to, len);
    return true;
}

/* The next `; name=value` of a header; `*rest` begins at the `;`. The value keeps its escapes, not its quotes. */
static bool next_param(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
    if (rest->len == 0 || rest->ptr[0] != ';')
        return false;
    struct slice text = slice_of(rest->ptr + 1, rest->len - 1);
    const char *equals = text.len > 0 ? memchr(text.ptr, '=', text.len) : NULL;
    if (!equals)
        return false;
    *ret_name = trim(slice_of(text.ptr, (size_t)(equals - text.ptr)));
    text = slice_of(equals + 1, text.len - (size_t)(equals + 1 - text.ptr));
    text = trim(text);
    if (text.len > 0 && text.ptr[0] == '"') {
        size_t quoted = quoted_bytes(text);
        if (quoted == 0)
            return false;
        *ret_value = slice_of(text.ptr + 1, quoted - 2);
        *rest = trim(slice_of(text.ptr + quoted, text.len - quoted));
        return true;
    }
    const char *end = text.len > 0 ? memchr(text.ptr, ';', text.len) : NULL;
    size_t len = end ? (size_t)(end - text.ptr) : text.len;
    *ret_value = trim(slice_of(text.ptr, len));
    *rest = slice_of(text.len > 0 ? text.ptr + len : NULL, text.len - len);
    return true;
}

bool form_param(struct slice header, const char *name, struct buf *scratch, struct slice *ret_value)
{
    const char *first = header.len > 0 ? memchr(header.ptr, ';', header.len) : NULL;
    struct slice rest, param, value;

    if (!first)
        return false;
    rest = slice_of(first, header.len - (size_t)(first - header.ptr));
    while (next_param(&rest, &param, &value))
        if (is_word(param, name))
            return unquote(value, scratch, ret_value);
    return false;
}

bool form_post_get(struct slice content_type, struct slice body, const char *key, struct buf *scratch,
                   struct slice *ret_value)
{
    struct slice boundary;

    if (form_type_is(content_type, "application/x-www-form-urlencoded"))
        return form_get(body, key, scratch, ret_value);
    return form_type_is(content_type, "multipart/form-data") &&
           form_param(content_type, "boundary", scratch, &boundary) &&
           form_multipart_get(body, boundary, key, scratch, ret_value);
}
