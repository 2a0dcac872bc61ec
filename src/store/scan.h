/*
 * scan.h - reading one segment file from front to back, as recovery does, and finding sound records behind damage
 *
 * Bytes that cannot be read count as zero, 4 KiB at a time: what stands there is lost, what stands behind is not. They
 * are no torn tail: `unreadable_end` tells.
 * Memory: 32 KiB, up to 1 MiB for what is read in order, more for a record that is larger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_SCAN_H
#define GMQ_STORE_SCAN_H

#include "base/record.h"
#include "store/disk.h"

struct scan {
    struct disk *disk;
    int file;
    uint64_t base, end; /* LSN range that the file has bytes for */
    char *bytes;        /* of [from, from + count) */
    size_t room, count;
    size_t block;       /* what the last read wanted */
    uint64_t from;
    uint64_t unreadable_end; /* of the last bytes that the disk failed to read so far, 0 = none */
};

/* 0 or -errno. `base` is the segment's base LSN. */
NODISCARD int scan_open(struct scan *scan, struct disk *disk, const char *path, uint64_t base);
void scan_close(struct scan *scan);

/* The bytes at `lsn`, at least `bytes` of them or what the file has; good until the next call. */
const char *scan_bytes(struct scan *scan, uint64_t lsn, size_t bytes, size_t *ret_bytes);

/* Is there a sound record at `lsn`? Its payload is good until the next call. */
bool scan_record(struct scan *scan, uint64_t lsn, struct record *ret);

/* The same, where the record at `lsn` stands elsewhere: where that of `place` would. */
bool scan_record_at(struct scan *scan, uint64_t place, uint64_t lsn, struct record *ret);

/* The first LSN in [lsn, end) where a sound record of a known type stands; `end` when there is none. */
uint64_t scan_resync(struct scan *scan, uint64_t lsn, uint64_t end);

/*
 * How far the log is known to have been durable by what stands at or above `lsn`: the greatest durable LSN of a
 * BATCH of this node, or where the BATCH of a SEAL begins that an orderly stop left; 0 = nothing says so.
 */
uint64_t scan_promised(struct scan *scan, uint64_t lsn, uint64_t node_hash);

/* How many bytes there are from `lsn` to the last one that is not zero, that one included. */
uint64_t scan_used(struct scan *scan, uint64_t lsn);

/*
 * Where the log before the segment under `scan` ended, for the case that its header cannot be read: the first BATCH of
 * a life calls durable what it found (log.c). False when the segment does not begin with one: `epoch_before` is that
 * of the segment before it.
 */
bool scan_told(struct scan *scan, uint64_t node_hash, uint32_t epoch_before, uint64_t *ret_prev_end);

/*
 * Reads the SEGMENT_HEADER_BYTES of a segment's header to `to`. The number of bytes, less when the file is shorter; or
 * -errno: then those sectors that can be read stand there, and zeros in the place of the others.
 */
int64_t scan_header(struct disk *disk, int file, char *to);

#endif
