/*
 * segment.h - for fuzzers: bytes made into a segment whose records are sound, with any contents
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_FUZZ_SEGMENT_H
#define GMQ_FUZZ_SEGMENT_H

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/record.h"
#include "store/format.h"

enum { SEGMENT_FUZZ_RECORD_BYTES_MAX = 60000, SEGMENT_FUZZ_QUEUES_MAX = 3000 };

/* Lengths, addresses and CRCs of the records behind the header of a file, one behind the other from `base` on. */
static inline void segment_fix_records(char *bytes, size_t count, uint64_t base)
{
    for (size_t at = SEGMENT_HEADER_BYTES; at + RECORD_HEADER_BYTES <= count;) {
        char *rec = bytes + at;
        uint32_t len = RECORD_HEADER_BYTES + get_le32(rec + 4) % SEGMENT_FUZZ_RECORD_BYTES_MAX;
        len = (uint32_t)min_u64(len, count - at);
        put_le32(rec + 4, len);
        put_le32(rec + 20, get_le32(rec + 20) % SEGMENT_FUZZ_QUEUES_MAX); /* a far one costs a table up to there */
        put_le64(rec + 8, base + at - SEGMENT_HEADER_BYTES);
        put_le32(rec, crc32c(0, rec + 4, len - 4));
        at += record_stride((uint8_t)rec[16], len - RECORD_HEADER_BYTES);
    }
}

#endif
