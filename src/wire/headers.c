/* headers.c - see headers.h. SPDX-License-Identifier: MIT */
#include "wire/headers.h"

#include "base/err.h"
#include "base/utf8.h"

bool text_is_plain(struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        unsigned n = utf8_next(text.ptr + at, text.len - at, &code);
        if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
        at += n;
    }
    return true;
}

int key_check(struct slice key)
{
    return key.len > 0 && key.len <= CMD_KEY_BYTES_MAX && text_is_plain(key) ? 0 : GMQ_E_KEY;
}

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = slice_of(text.ptr + 1, text.len - 1);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* The name, in lower case; returns its bytes, 0 when it is none, or longer than `room`. */
static size_t keep_name(struct slice line, char *to, size_t room)
{
    size_t n = 0;

    for (; n < line.len && line.ptr[n] != ':'; n++) {
        if (n == room)
            return 0;
        to[n] = line.ptr[n] >= 'A' && line.ptr[n] <= 'Z' ? (char)(line.ptr[n] + ('a' - 'A')) : line.ptr[n];
        if (!is_token(to[n]))
            return 0;
    }
    return n < line.len ? n : 0;
}

int headers_keep(struct slice headers, char to[CMD_HEADERS_BYTES_MAX], const char **ret_why)
{
    size_t kept = 0;

    for (size_t at = 0; at < headers.len;) {
        const char *end = memchr(headers.ptr + at, '\n', headers.len - at);
        *ret_why = "each ends with a line feed";
        if (!end)
            return GMQ_E_HEADERS;
        struct slice line = slice_of(headers.ptr + at, (size_t)(end - headers.ptr) - at);
        at += line.len + 1;
        *ret_why = "a name is a token";
        size_t name = keep_name(line, to + kept, CMD_HEADERS_BYTES_MAX - kept);
        if (name == 0)
            return GMQ_E_HEADERS;
        struct slice value = trim(slice_of(line.ptr + name + 1, line.len - name - 1));
        *ret_why = "more than 4096 bytes";
        if (name + 3 > CMD_HEADERS_BYTES_MAX - kept || value.len > CMD_HEADERS_BYTES_MAX - kept - name - 3)
            return GMQ_E_HEADERS;
        *ret_why = "a value is UTF-8 without control bytes";
        if (!text_is_plain(value))
            return GMQ_E_HEADERS;
        kept += name;
        to[kept++] = ':';
        to[kept++] = ' ';
        if (value.len > 0)
            memcpy(to + kept, value.ptr, value.len);
        kept += value.len;
        to[kept++] = '\n';
    }
    return (int)kept;
}

bool headers_next(struct slice kept, size_t *at, struct slice *ret_name, struct slice *ret_value)
{
    if (*at >= kept.len)
        return false;
    const char *line = kept.ptr + *at, *end = memchr(line, '\n', kept.len - *at);
    size_t len = end ? (size_t)(end - line) : kept.len - *at;
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return false;
    size_t name = (size_t)(colon - line);
    *ret_name = slice_of(line, name);
    *ret_value = trim(slice_of(colon + 1, len - name - 1));
    *at += len + 1;
    return true;
}
