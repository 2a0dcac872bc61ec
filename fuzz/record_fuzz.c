/*
 * record_fuzz.c - arbitrary bytes as a stretch of the log: record_read(), BATCH payloads, segment headers
 *
 * The first byte, times 8, is the LSN of the next one. What is read must lie within the input, and must be the same
 * when it is sealed again. Most inputs fail the CRC; so each record is also tried with its CRC put right.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "store/format.h"

static void look(const struct record *rec, struct slice input)
{
    struct batch batch;

    ENSURE(fuzz_within(rec->payload, input));
    (void)fuzz_touch(rec->payload);
    if (batch_decode(rec, &batch))
        ENSURE(rec->type == RECORD_BATCH);
    ENSURE(record_stride(rec->type, rec->payload.len) >= RECORD_HEADER_BYTES + rec->payload.len);
}

/* With the CRC and the address put right, only the length can be wrong. */
static void look_patched(struct slice input, size_t at, uint64_t lsn)
{
    struct slice copy = fuzz_copy(input.ptr + at, input.len - at);
    char *bytes = malloc(copy.len + 1);
    struct record rec;

    ENSURE(bytes);
    memcpy(bytes, copy.ptr, copy.len);
    if (copy.len >= RECORD_HEADER_BYTES) {
        uint32_t len = get_le32(bytes + 4);
        put_le64(bytes + 8, lsn);
        bool whole = len >= RECORD_HEADER_BYTES && len <= copy.len;
        if (whole)
            put_le32(bytes, crc32c(0, bytes + 4, len - 4));
        enum record_fault fault = record_read(bytes, copy.len, lsn, &rec);
        ENSURE((fault == RECORD_OK) == whole);
        if (whole)
            look(&rec, slice_of(bytes, copy.len));
    }
    free(bytes);
    fuzz_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_header header;
    struct record rec;

    if (size < 1)
        return 0;
    struct slice input = fuzz_copy(data + 1, size - 1);
    if (input.len > 0 && segment_header_decode(input.ptr, input.len, &header))
        ENSURE(header.compacted == (get_le16(input.ptr + 8) == 2));
    for (size_t at = 0; at < input.len && at < 4096; at += 8) {
        uint64_t lsn = (uint64_t)data[0] * 8 + at;
        if (record_read(input.ptr + at, input.len - at, lsn, &rec) == RECORD_OK)
            look(&rec, input);
        look_patched(input, at, lsn);
    }
    fuzz_free(input);
    return 0;
}
