/* sse.c - see sse.h. SPDX-License-Identifier: MIT */
#include "gweb/sse.h"

#include <stdio.h>
#include <string.h>

enum { KEEP_BYTES = 16 << 10 }; /* a buffer that was larger is given back */

void sse_init(struct sse *sse, size_t bytes_max)
{
    *sse = (struct sse){.has_data = false};
    buf_init(&sse->line, bytes_max);
    buf_init(&sse->data, bytes_max);
}

void sse_reset(struct sse *sse)
{
    buf_free(&sse->line);
    buf_free(&sse->data);
    sse->name[0] = '\0';
    sse->has_data = sse->after_cr = false;
}

static void empty(struct buf *buf)
{
    if (buf->size > KEEP_BYTES)
        buf_free(buf);
    else
        buf_clear(buf);
}

/* What stands behind `field:`, without the one blank that may be there. */
static bool field_is(struct slice line, const char *field, struct slice *ret_value)
{
    size_t len = strlen(field);

    if (line.len < len || memcmp(line.ptr, field, len) != 0)
        return false;
    if (line.len == len) {
        *ret_value = slice_of(line.ptr + len, 0);
        return true;
    }
    if (line.ptr[len] != ':')
        return false;
    len += line.len > len + 1 && line.ptr[len + 1] == ' ' ? 2 : 1;
    *ret_value = slice_of(line.ptr + len, line.len - len);
    return true;
}

static bool take_line(struct sse *sse, sse_event *fn, void *ctx)
{
    struct slice line = buf_slice(&sse->line), value;

    if (line.len == 0) {
        if (sse->has_data)
            fn(ctx, sse->name, buf_slice(&sse->data));
        sse->has_data = false;
        sse->name[0] = '\0';
        empty(&sse->data);
    } else if (field_is(line, "data", &value)) {
        if ((sse->has_data && !buf_append(&sse->data, "\n", 1)) || !buf_append(&sse->data, value.ptr, value.len))
            return false;
        sse->has_data = true;
    } else if (field_is(line, "event", &value)) {
        (void)snprintf(sse->name, sizeof(sse->name), "%.*s", (int)min_u64(value.len, SSE_NAME_BYTES), value.ptr);
    }
    empty(&sse->line);
    return true;
}

bool sse_feed(struct sse *sse, struct slice bytes, sse_event *fn, void *ctx)
{
    while (bytes.len > 0) {
        size_t len = 0;
        if (sse->after_cr && bytes.ptr[0] == '\n')
            bytes = slice_of(bytes.ptr + 1, bytes.len - 1);
        sse->after_cr = false;
        while (len < bytes.len && bytes.ptr[len] != '\n' && bytes.ptr[len] != '\r')
            len++;
        if (!buf_append(&sse->line, bytes.ptr, len))
            return false;
        if (len < bytes.len) {
            sse->after_cr = bytes.ptr[len] == '\r';
            if (!take_line(sse, fn, ctx))
                return false;
            len++;
        }
        bytes = slice_of(bytes.ptr + len, bytes.len - len);
    }
    return true;
}
