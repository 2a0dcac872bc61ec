/*
 * buf.h - owned bytes that grow up to a hard maximum given at the start
 *
 * What   A byte buffer with a read end and a write end: bytes are appended at the tail and consumed at the head.
 * Owns   The buffer owns its memory; pointers into it are good until the next call that appends.
 * Never  Fill it by hand beyond what buf_reserve() returned.
 * Fails  A buffer that would pass `bytes_max`, or that cannot get memory, answers false and is unchanged.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_BUF_H
#define GMQ_BASE_BUF_H

#include "base/base.h"
#include "base/slice.h"

struct buf {
    char *ptr;        /* allocated bytes, NULL while empty */
    size_t head;      /* first byte not yet consumed */
    size_t tail;      /* one past the last byte */
    size_t size;      /* allocated */
    size_t bytes_max; /* may never hold more than this */
};

void buf_init(struct buf *buf, size_t bytes_max);

/* Gives the memory back; the buffer is empty and usable again. */
void buf_free(struct buf *buf);

static inline size_t buf_len(const struct buf *buf) { return buf->tail - buf->head; }
/* NULL while nothing was ever appended. */
static inline char *buf_data(struct buf *buf) { return buf->ptr ? buf->ptr + buf->head : NULL; }
static inline struct slice buf_slice(const struct buf *buf)
{
    return slice_of(buf->ptr ? buf->ptr + buf->head : NULL, buf->tail - buf->head);
}

/* Room for `bytes` more at the tail; returns where to write them, or NULL. Then buf_commit() what was written. */
NODISCARD char *buf_reserve(struct buf *buf, size_t bytes);
void buf_commit(struct buf *buf, size_t bytes);

NODISCARD bool buf_append(struct buf *buf, const void *ptr, size_t bytes);
NODISCARD bool buf_append_str(struct buf *buf, const char *text);
NODISCARD bool buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Drops `bytes` from the head; the memory is kept for the next use. */
void buf_consume(struct buf *buf, size_t bytes);

/* Takes back what was appended since the buffer held `len` bytes. */
void buf_cut(struct buf *buf, size_t len);

/* Drops everything but keeps the memory. */
static inline void buf_clear(struct buf *buf) { buf->head = buf->tail = 0; }

#endif
