/* accept.c - see accept.h. SPDX-License-Identifier: MIT */
#include "gweb/accept.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct slice trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = slice_of(text.ptr + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Takes the next element before `mark`; false at the end. */
static bool next_element(struct slice *list, char mark, struct slice *ret)
{
    if (list->len == 0)
        return false;
    const char *end = memchr(list->ptr, mark, list->len);
    size_t len = end ? (size_t)(end - list->ptr) : list->len;

    *ret = trim(slice_of(list->ptr, len));
    *list = end ? slice_of(end + 1, list->len - len - 1) : slice_of(NULL, 0);
    return true;
}

static bool is_word(struct slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

/* q=0, q=0.0, ... */
static bool is_zero(struct slice param)
{
    if (param.len < 3 || (param.ptr[0] != 'q' && param.ptr[0] != 'Q') || param.ptr[1] != '=')
        return false;
    for (size_t i = 2; i < param.len; i++)
        if (param.ptr[i] != '0' && param.ptr[i] != '.')
            return false;
    return true;
}

bool accept_gzip(struct slice header)
{
    bool any = false;

    for (struct slice element, word, param; next_element(&header, ',', &element);) {
        bool refused = false;
        if (!next_element(&element, ';', &word))
            continue;
        while (next_element(&element, ';', &param))
            refused = refused || is_zero(param);
        if (is_word(word, "gzip") || is_word(word, "x-gzip"))
            return !refused;
        any = any || (is_word(word, "*") && !refused);
    }
    return any;
}

bool accept_etag(struct slice header, const char *etag)
{
    for (struct slice element; next_element(&header, ',', &element);) {
        if (element.len > 2 && element.ptr[0] == 'W' && element.ptr[1] == '/')
            element = slice_of(element.ptr + 2, element.len - 2);
        if (slice_is(element, "*") || slice_is(element, etag))
            return true;
    }
    return false;
}
