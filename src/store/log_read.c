/* log_read.c - finding a record: in the ring, in the cache, on disk. SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/err.h"
#include "store/log_impl.h"

static bool in_ring(const struct log *log, uint64_t lsn)
{
    uint64_t oldest = log->tail > log->ring.bytes ? log->tail - log->ring.bytes : 0;

    return lsn >= max_u64(oldest, log->ring_first);
}

/* No CRC here: the bytes were never out of memory. What is asked is whether a record begins at `lsn`. */
static int read_ring(const struct log *log, uint64_t lsn, struct record *ret)
{
    const char *at = ring_at(&log->ring, lsn);

    if (lsn % RECORD_ALIGN != 0 || lsn + RECORD_HEADER_BYTES > log->tail || get_le64(at + 8) != lsn)
        return GMQ_E_UNREADABLE;
    uint32_t len = get_le32(at + 4);
    if (len < RECORD_HEADER_BYTES || len > log->tail - lsn || !record_is_tracked((uint8_t)at[16]))
        return GMQ_E_UNREADABLE;
    *ret = record_decode(at);
    return 1;
}

bool log_locate(void *ctx, uint64_t lsn, struct segment_name *ret)
{
    struct log *log = ctx;
    const struct segment *seg = segments_find(&log->segments, lsn);

    if (!seg || lsn % RECORD_ALIGN != 0)
        return false;
    *ret = segment_name(seg);
    return true;
}

int log_read(struct log *log, uint64_t lsn, struct record *ret)
{
    struct segment_name name;

    if (LIKELY(in_ring(log, lsn)))
        return read_ring(log, lsn, ret);
    return log_locate(log, lsn, &name) ? cache_read(&log->cache, lsn, ret) : GMQ_E_UNREADABLE;
}

int log_read_kept(struct log *log, uint64_t lsn, struct record *ret)
{
    struct segment_name name;

    if (!log_locate(log, lsn, &name) || name.generation == 0)
        return log_read(log, lsn, ret);
    return cache_read_from(&log->cache, lsn, &name, ret);
}

void log_prefetch(struct log *log, const uint64_t *lsns, size_t count)
{
    struct segment_name name;

    for (size_t i = 0; i < count; i++)
        if (!in_ring(log, lsns[i]) && log_locate(log, lsns[i], &name))
            cache_prefetch(&log->cache, lsns[i]);
}
