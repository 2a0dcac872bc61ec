/* scan.c - see scan.h. SPDX-License-Identifier: MIT */
#include "store/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/format.h"

/* What is read in order is read in blocks that grow, so that a look at one record somewhere costs a small one. */
enum { BLOCK_BYTES_MIN = 32 * 1024, BLOCK_BYTES_MAX = 1024 * 1024, PIECE_BYTES = 4096, SECTOR_BYTES = 512 };

int scan_open(struct scan *scan, struct disk *disk, const char *path, uint64_t base)
{
    int file = disk->open(disk->ctx, path, DISK_READ);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    char *bytes = size < 0 ? NULL : malloc(BLOCK_BYTES_MIN);
    if (!bytes) {
        disk->close(disk->ctx, file);
        return size < 0 ? (int)size : -ENOMEM;
    }
    *scan = (struct scan){.disk = disk, .file = file, .base = base, .end = base, .bytes = bytes,
                          .room = BLOCK_BYTES_MIN, .block = BLOCK_BYTES_MIN};
    if (size > SEGMENT_HEADER_BYTES)
        scan->end = base + (uint64_t)size - SEGMENT_HEADER_BYTES;
    return 0;
}

void scan_close(struct scan *scan)
{
    scan->disk->close(scan->disk->ctx, scan->file);
    free(scan->bytes);
    scan->bytes = NULL;
}

static void read_piece(struct scan *scan, char *to, size_t bytes, uint64_t at)
{
    int64_t n = scan->disk->pread(scan->disk->ctx, scan->file, to, bytes, at);

    if (n < 0)
        scan->unreadable_end = max_u64(scan->unreadable_end, at + bytes - SEGMENT_HEADER_BYTES + scan->base);
    n = n < 0 ? 0 : n;
    memset(to + n, 0, bytes - (size_t)n);
}

static void load(struct scan *scan, uint64_t lsn, size_t bytes)
{
    uint64_t at = SEGMENT_HEADER_BYTES + (lsn - scan->base);

    scan->from = lsn;
    scan->count = bytes;
    int64_t n = scan->disk->pread(scan->disk->ctx, scan->file, scan->bytes, bytes, at);
    if (n == (int64_t)bytes)
        return;
    for (size_t i = 0; i < bytes; i += PIECE_BYTES)
        read_piece(scan, scan->bytes + i, min_u64(PIECE_BYTES, bytes - i), at + i);
}

/* Is there room for `bytes`? What was there is gone when it had to be made. */
static bool make_room(struct scan *scan, size_t bytes)
{
    if (bytes <= scan->room)
        return true;
    char *larger = malloc(bytes);
    if (!larger)
        return false;
    free(scan->bytes);
    scan->bytes = larger;
    scan->room = bytes;
    scan->count = 0;
    return true;
}

const char *scan_bytes(struct scan *scan, uint64_t lsn, size_t bytes, size_t *ret_bytes)
{
    ENSURE(lsn >= scan->base && lsn <= scan->end);
    bytes = min_u64(bytes, scan->end - lsn);
    if (lsn < scan->from || lsn + bytes > scan->from + scan->count) {
        bool in_order = lsn >= scan->from && lsn <= scan->from + scan->count && scan->count > 0;
        scan->block = in_order ? min_u64(2 * scan->block, BLOCK_BYTES_MAX) : BLOCK_BYTES_MIN;
        size_t want = min_u64(max_u64(bytes, scan->block), scan->end - lsn);
        if (!make_room(scan, want)) {
            *ret_bytes = 0;
            return scan->bytes;
        }
        load(scan, lsn, want);
    }
    *ret_bytes = scan->from + scan->count - lsn;
    return scan->bytes + (lsn - scan->from);
}

bool scan_record_at(struct scan *scan, uint64_t place, uint64_t lsn, struct record *ret)
{
    size_t have;

    if (place >= scan->end)
        return false;
    const char *at = scan_bytes(scan, place, RECORD_HEADER_BYTES, &have);
    enum record_fault fault = record_read(at, have, lsn, ret);
    if (fault != RECORD_CUT || have < RECORD_HEADER_BYTES)
        return fault == RECORD_OK;
    at = scan_bytes(scan, place, get_le32(at + 4), &have);
    return record_read(at, have, lsn, ret) == RECORD_OK;
}

bool scan_record(struct scan *scan, uint64_t lsn, struct record *ret) { return scan_record_at(scan, lsn, lsn, ret); }

/* Is it a type that is written? */
static bool is_known(uint8_t type)
{
    return (type >= RECORD_BATCH && type <= RECORD_BURY) || (type >= RECORD_TICK && type <= RECORD_CLIENT) ||
           (type >= RECORD_CHUNK && type <= RECORD_SEAL);
}

uint64_t scan_resync(struct scan *scan, uint64_t lsn, uint64_t end)
{
    struct record rec;

    end = min_u64(end, scan->end);
    while (lsn < end) {
        size_t have;
        const char *at = scan_bytes(scan, lsn, RECORD_HEADER_BYTES, &have);
        if (have < RECORD_HEADER_BYTES)
            break;
        /* The LSN is the cheap half of the test; most of what is searched is zero or a body. */
        size_t step = 0;
        while (have - step >= RECORD_HEADER_BYTES && get_le64(at + step + 8) != lsn + step)
            step += RECORD_ALIGN;
        lsn += step;
        if (have - step < RECORD_HEADER_BYTES)
            continue;
        if (lsn < end && scan_record(scan, lsn, &rec) && is_known(rec.type))
            return lsn;
        lsn += RECORD_ALIGN;
    }
    return end;
}

uint64_t scan_promised(struct scan *scan, uint64_t lsn, uint64_t node_hash)
{
    uint64_t promised = 0;

    for (lsn = scan_resync(scan, lsn, scan->end); lsn < scan->end; lsn = scan_resync(scan, lsn, scan->end)) {
        struct record rec;
        struct batch batch;
        if (!scan_record(scan, lsn, &rec))
            return promised;
        if (batch_decode(&rec, &batch) && batch.node_hash == node_hash && batch.durable <= lsn)
            promised = max_u64(promised, batch.durable);
        if (rec.type == RECORD_SEAL && rec.aux == SEAL_STOP && lsn >= scan->base + BATCH_STRIDE)
            promised = max_u64(promised, lsn - BATCH_STRIDE); /* its BATCH was written with it, and may be torn */
        lsn += record_stride(rec.type, rec.payload.len);
    }
    return promised;
}

static bool is_zero(const char *bytes, size_t count)
{
    return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}

uint64_t scan_used(struct scan *scan, uint64_t lsn)
{
    uint64_t used = 0, begin = lsn;

    while (lsn < scan->end) {
        size_t have;
        const char *at = scan_bytes(scan, lsn, RECORD_ALIGN, &have);
        size_t i = is_zero(at, have) ? 0 : have;
        while (i > 0 && at[i - 1] == 0)
            i -= i > RECORD_ALIGN && get_le64(at + i - RECORD_ALIGN) == 0 ? RECORD_ALIGN : 1;
        if (i > 0)
            used = lsn + i - begin;
        lsn += have;
    }
    return used;
}

int64_t scan_header(struct disk *disk, int file, char *to)
{
    int64_t n = disk->pread(disk->ctx, file, to, SEGMENT_HEADER_BYTES, 0);

    for (size_t at = 0; n < 0 && at < SEGMENT_HEADER_BYTES; at += SECTOR_BYTES) {
        memset(to + at, 0, SECTOR_BYTES);
        (void)disk->pread(disk->ctx, file, to + at, SECTOR_BYTES, at); /* what fails stays zero */
    }
    return n;
}

bool scan_told(struct scan *scan, uint64_t node_hash, uint32_t epoch_before, uint64_t *ret_prev_end)
{
    struct record rec;
    struct batch batch;

    if (!scan_record(scan, scan->base, &rec) || !batch_decode(&rec, &batch) || batch.node_hash != node_hash ||
        batch.epoch <= epoch_before || batch.durable >= scan->base)
        return false;
    *ret_prev_end = batch.durable;
    return true;
}
