/* buf.c - see buf.h. SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN = 256 };

void buf_init(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_free(struct buf *buf)
{
    free(buf->ptr);
    buf_init(buf, buf->bytes_max);
}

/* Moves the live bytes to the front, so that the room before them can be used again. */
static void buf_compact(struct buf *buf)
{
    if (buf->head > 0)
        memmove(buf->ptr, buf->ptr + buf->head, buf_len(buf));
    buf->tail -= buf->head;
    buf->head = 0;
}

static bool buf_grow(struct buf *buf, size_t need)
{
    size_t size = buf->size > BUF_MIN ? buf->size : BUF_MIN;

    while (size < need)
        size *= 2;
    if (size > buf->bytes_max)
        size = buf->bytes_max;
    char *ptr = realloc(buf->ptr, size);
    if (!ptr)
        return false;
    buf->ptr = ptr;
    buf->size = size;
    return true;
}

char *buf_reserve(struct buf *buf, size_t bytes)
{
    ENSURE(buf->head <= buf->tail && buf->tail <= buf->size);
    if (bytes <= buf->size - buf->tail && buf->ptr)
        return buf->ptr + buf->tail;
    size_t len = buf_len(buf);
    if (bytes > buf->bytes_max - len)
        return NULL;
    if (buf->ptr)
        buf_compact(buf);
    if ((bytes > buf->size - len || !buf->ptr) && !buf_grow(buf, len + bytes))
        return NULL;
    return buf->ptr + buf->tail;
}

void buf_commit(struct buf *buf, size_t bytes)
{
    ENSURE(bytes <= buf->size - buf->tail);
    buf->tail += bytes;
}

bool buf_append(struct buf *buf, const void *ptr, size_t bytes)
{
    if (bytes == 0)
        return true;
    char *to = buf_reserve(buf, bytes);
    if (!to)
        return false;
    memcpy(to, ptr, bytes);
    buf_commit(buf, bytes);
    return true;
}

bool buf_append_str(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

bool buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    ENSURE(need >= 0);
    char *to = buf_reserve(buf, (size_t)need + 1);
    if (!to)
        return false;
    va_start(ap, fmt);
    (void)vsnprintf(to, (size_t)need + 1, fmt, ap);
    va_end(ap);
    buf_commit(buf, (size_t)need);
    return true;
}

void buf_consume(struct buf *buf, size_t bytes)
{
    ENSURE(bytes <= buf_len(buf));
    buf->head += bytes;
    if (buf->head == buf->tail)
        buf_clear(buf);
}

void buf_cut(struct buf *buf, size_t len)
{
    ENSURE(len <= buf_len(buf));
    buf->tail = buf->head + len;
}
