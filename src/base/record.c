/* record.c - see record.h. SPDX-License-Identifier: MIT */
#include "base/record.h"

#include "base/bytes.h"
#include "base/crc32c.h"

size_t record_stride(uint8_t type, size_t payload_bytes)
{
    size_t stride = (RECORD_HEADER_BYTES + payload_bytes + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);

    return record_is_tracked(type) && stride < RECORD_TRACKED_BYTES_MIN ? RECORD_TRACKED_BYTES_MIN : stride;
}

void record_seal(char *at, const struct record *rec)
{
    size_t len = RECORD_HEADER_BYTES + rec->payload.len;
    size_t stride = record_stride(rec->type, rec->payload.len);

    ENSURE(rec->payload.ptr == at + RECORD_HEADER_BYTES && len <= RECORD_BYTES_MAX);
    ENSURE(rec->lsn % RECORD_ALIGN == 0);
    put_le32(at + 4, (uint32_t)len);
    put_le64(at + 8, rec->lsn);
    at[16] = (char)rec->type;
    at[17] = (char)rec->flags;
    put_le16(at + 18, rec->aux);
    put_le32(at + 20, rec->queue);
    put_le32(at, crc32c(0, at + 4, len - 4));
    if (stride > len)
        memset(at + len, 0, stride - len);
}

struct record record_decode(const char *at)
{
    return (struct record){
        .lsn = get_le64(at + 8),
        .type = (uint8_t)at[16],
        .flags = (uint8_t)at[17],
        .aux = get_le16(at + 18),
        .queue = get_le32(at + 20),
        .payload = slice_of(at + RECORD_HEADER_BYTES, get_le32(at + 4) - RECORD_HEADER_BYTES),
    };
}

enum record_fault record_read(const char *at, size_t bytes, uint64_t lsn, struct record *ret)
{
    if (bytes < RECORD_HEADER_BYTES)
        return RECORD_CUT;
    uint32_t len = get_le32(at + 4);
    if (get_le64(at + 8) != lsn)
        return RECORD_ALIEN;
    if (len < RECORD_HEADER_BYTES || len > RECORD_BYTES_MAX)
        return RECORD_BAD;
    if (len > bytes)
        return RECORD_CUT;
    if (crc32c(0, at + 4, len - 4) != get_le32(at))
        return RECORD_BAD;
    *ret = record_decode(at);
    return RECORD_OK;
}
