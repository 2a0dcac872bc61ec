/* form_multipart.c - multipart/form-data, as Go's mime/multipart reads it; see form.h. SPDX-License-Identifier: MIT */
#include "wire/form.h"

#include <strings.h>

struct multipart {
    struct slice rest, boundary;
    bool bare_lf; /* the first boundary line ended in \n alone, so all do */
    size_t parts;
};

/* The header lines of a part that matter. */
struct part_head {
    struct slice disposition, encoding;
};

static void skip(struct slice *text, size_t bytes)
{
    *text = slice_of(text->ptr + bytes, text->len - bytes);
}

static struct slice after(struct slice text, size_t bytes)
{
    skip(&text, bytes);
    return text;
}

/* The line at the front with its end, or all when it has none. */
static struct slice first_line(struct slice text)
{
    const char *end = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;
    return slice_of(text.ptr, end ? (size_t)(end - text.ptr) + 1 : text.len);
}

static bool starts_with(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

/* Whether `text` is `--boundary` and then a byte that may follow one. */
static bool at_boundary(const struct multipart *mp, struct slice text)
{
    size_t len = 2 + mp->boundary.len;

    if (!starts_with(text, slice_str("--")) || !starts_with(after(text, 2), mp->boundary))
        return false;
    return text.len == len || (text.ptr[len] != '\0' && strchr(" \t\r\n-", text.ptr[len]));
}

static bool is_line_end(struct multipart *mp, struct slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        skip(&text, 1);
    if (mp->parts == 0 && slice_is(text, "\n"))
        mp->bare_lf = true;
    return slice_is(text, mp->bare_lf ? "\n" : "\r\n");
}

enum line_kind { LINE_OTHER, LINE_PART, LINE_FINAL };

static enum line_kind line_kind(struct multipart *mp, struct slice line)
{
    if (!at_boundary(mp, line))
        return LINE_OTHER;
    struct slice tail = after(line, 2 + mp->boundary.len);
    if (is_line_end(mp, tail))
        return LINE_PART;
    if (!starts_with(tail, slice_str("--")))
        return LINE_OTHER;
    skip(&tail, 2);
    while (tail.len > 0 && (tail.ptr[0] == ' ' || tail.ptr[0] == '\t'))
        skip(&tail, 1);
    return tail.len == 0 || is_line_end(mp, tail) ? LINE_FINAL : LINE_OTHER;
}

/* Moves behind the next boundary line: 1 a part follows, 0 it was the final one, -1 neither comes in its place. */
static int next_part(struct multipart *mp)
{
    bool separated = false;

    while (mp->rest.len > 0) {
        struct slice line = first_line(mp->rest);
        enum line_kind kind = line_kind(mp, line);
        skip(&mp->rest, line.len);
        if (kind == LINE_FINAL)
            return 0;
        if (kind == LINE_PART)
            return ++mp->parts <= FORM_PARTS_MAX ? 1 : -1;
        if (mp->parts == 0)
            continue;
        if (separated || !slice_is(line, mp->bare_lf ? "\n" : "\r\n"))
            return -1;
        separated = true;
    }
    return -1;
}

static void note_header(struct slice line, struct part_head *head)
{
    static const char disposition[] = "content-disposition:", encoding[] = "content-transfer-encoding:";
    size_t d = sizeof(disposition) - 1, e = sizeof(encoding) - 1;

    if (line.len >= d && !head->disposition.ptr && strncasecmp(line.ptr, disposition, d) == 0)
        head->disposition = after(line, d);
    else if (line.len >= e && !head->encoding.ptr && strncasecmp(line.ptr, encoding, e) == 0)
        head->encoding = after(line, e);
}

/* Reads up to the blank line; a line that begins with a blank belongs to the one before it. */
static bool read_head(struct multipart *mp, struct part_head *ret)
{
    size_t left = FORM_PART_HEAD_MAX;

    *ret = (struct part_head){.disposition = slice_of(NULL, 0)};
    while (mp->rest.len > 0) {
        struct slice line = first_line(mp->rest);
        if (slice_is(line, "\n") || slice_is(line, "\r\n")) {
            skip(&mp->rest, line.len);
            return true;
        }
        while (line.len < mp->rest.len && (mp->rest.ptr[line.len] == ' ' || mp->rest.ptr[line.len] == '\t'))
            line.len += first_line(after(mp->rest, line.len)).len;
        if (line.len > left || !memchr(line.ptr, ':', line.len))
            return false;
        left -= line.len;
        note_header(line, ret);
        skip(&mp->rest, line.len);
    }
    return false;
}

/* Takes the part's data: all up to the line end that stands before the next boundary. */
static bool read_data(struct multipart *mp, struct slice *ret_data)
{
    struct slice text = mp->rest, mark = slice_str(mp->bare_lf ? "\n--" : "\r\n--");

    *ret_data = slice_of(text.ptr, 0);
    if (at_boundary(mp, text))
        return true;
    for (const char *at; text.len > 0 && (at = memmem(text.ptr, text.len, mark.ptr, mark.len));) {
        skip(&text, (size_t)(at - text.ptr));
        if (at_boundary(mp, after(text, mark.len - 2))) {
            ret_data->len = (size_t)(at - mp->rest.ptr);
            mp->rest = text;
            return true;
        }
        skip(&text, mark.len);
    }
    return false;
}

static bool is_field(const struct part_head *head, const char *key, struct buf *scratch)
{
    size_t len = buf_len(scratch);
    struct slice value, disposition = head->disposition;

    bool good = form_type_is(disposition, "form-data") &&
                !(form_param(disposition, "filename", scratch, &value) && value.len > 0) &&
                !(form_param(disposition, "filename*", scratch, &value) && value.len > 0) &&
                !form_type_is(head->encoding, "quoted-printable") &&
                form_param(disposition, "name", scratch, &value) && slice_is(value, key);
    buf_cut(scratch, len);
    return good;
}

bool form_multipart_get(struct slice body, struct slice boundary, const char *key, struct buf *scratch,
                        struct slice *ret_value)
{
    struct multipart mp = {.rest = body, .boundary = boundary};
    struct part_head head;
    struct slice data, found = {.ptr = NULL};
    bool is_found = false;
    int more;

    if (boundary.len == 0)
        return false;
    while ((more = next_part(&mp)) > 0) {
        if (!read_head(&mp, &head) || !read_data(&mp, &data))
            return false;
        if (!is_found && is_field(&head, key, scratch)) {
            is_found = true;
            found = data;
        }
    }
    if (more == 0 && is_found)
        *ret_value = found;
    return more == 0 && is_found;
}
