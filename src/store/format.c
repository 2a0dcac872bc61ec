/* format.c - see format.h. SPDX-License-Identifier: MIT */
#include "store/format.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

enum { SEGMENT_HEADER_CRC_BYTES = 72, CRC_AT = 12 };

static_assert(BATCH_STRIDE == (RECORD_HEADER_BYTES + BATCH_PAYLOAD_BYTES + 7) / 8 * 8, "a BATCH takes 48 bytes");
static_assert(SEAL_STRIDE == RECORD_HEADER_BYTES + SEAL_PAYLOAD_BYTES, "a SEAL takes 32 bytes");
static_assert(LSN_FIRST % RECORD_ALIGN == 0 && SEGMENT_HEADER_BYTES % RECORD_ALIGN == 0, "records are aligned");
static_assert(CHECKPOINT_HEADER_BYTES >= 72 && CHECKPOINT_SEGMENT_BYTES == 64, "the tables of format.h");

static const char segment_magic[8] = "GMQSEG1";
static const char checkpoint_magic[8] = "GMQCKP1";

static uint32_t header_crc(const char *from, size_t bytes)
{
    static const char zero[4];
    uint32_t crc = crc32c(0, from, CRC_AT);

    crc = crc32c(crc, zero, sizeof(zero));
    return crc32c(crc, from + CRC_AT + 4, bytes - CRC_AT - 4);
}

static enum header_claim claim(const char *from, size_t bytes, const char *magic, size_t crc_bytes,
                               unsigned *ret_version)
{
    if (bytes < crc_bytes || memcmp(from, magic, sizeof(segment_magic)) != 0)
        return HEADER_CLAIM_NONE;
    *ret_version = get_le16(from + 8);
    if (*ret_version <= FORMAT_VERSION)
        return HEADER_CLAIM_NONE;
    return get_le32(from + CRC_AT) == header_crc(from, crc_bytes) ? HEADER_CLAIM_NEWER : HEADER_CLAIM_UNSURE;
}

enum header_claim segment_header_claim(const char *from, size_t bytes, unsigned *ret_version)
{
    return claim(from, bytes, segment_magic, SEGMENT_HEADER_CRC_BYTES, ret_version);
}

enum header_claim checkpoint_header_claim(const char *from, size_t bytes, unsigned *ret_version)
{
    return claim(from, bytes, checkpoint_magic, CHECKPOINT_HEADER_BYTES, ret_version);
}

void segment_header_encode(char *to, const struct segment_header *header)
{
    memset(to, 0, SEGMENT_HEADER_BYTES);
    memcpy(to, segment_magic, sizeof(segment_magic));
    put_le16(to + 8, FORMAT_VERSION);
    put_le16(to + 10, header->flags);
    put_le64(to + 16, header->base);
    put_le64(to + 24, header->end);
    memcpy(to + 32, header->uuid, UUID_BYTES);
    put_le64(to + 48, header->created_ms);
    put_le32(to + 56, header->epoch);
    put_le32(to + 60, header->generation);
    put_le64(to + 64, header->prev_end);
    put_le32(to + CRC_AT, header_crc(to, SEGMENT_HEADER_CRC_BYTES));
}

bool segment_header_decode(const char *from, size_t bytes, struct segment_header *ret)
{
    if (bytes < SEGMENT_HEADER_BYTES || memcmp(from, segment_magic, sizeof(segment_magic)) != 0)
        return false;
    if (get_le16(from + 8) != FORMAT_VERSION || get_le16(from + 10) != 0)
        return false;
    if (get_le32(from + CRC_AT) != header_crc(from, SEGMENT_HEADER_CRC_BYTES))
        return false;
    *ret = (struct segment_header){
        .base = get_le64(from + 16),
        .end = get_le64(from + 24),
        .created_ms = get_le64(from + 48),
        .epoch = get_le32(from + 56),
        .generation = get_le32(from + 60),
        .prev_end = get_le64(from + 64),
    };
    memcpy(ret->uuid, from + 32, UUID_BYTES);
    return true;
}

void batch_encode(char *to, const struct batch *batch)
{
    put_le64(to, batch->durable);
    put_le64(to + 8, batch->node_hash);
    put_le32(to + 16, batch->epoch);
}

bool batch_decode(const struct record *rec, struct batch *ret)
{
    if (rec->type != RECORD_BATCH || rec->payload.len != BATCH_PAYLOAD_BYTES)
        return false;
    *ret = (struct batch){
        .durable = get_le64(rec->payload.ptr),
        .node_hash = get_le64(rec->payload.ptr + 8),
        .epoch = get_le32(rec->payload.ptr + 16),
    };
    return true;
}

uint64_t uuid_hash(const uint8_t *uuid)
{
    return get_le64(uuid) * UINT64_C(0x9e3779b97f4a7c15) ^ get_le64(uuid + 8);
}

void checkpoint_header_encode(char *to, const struct checkpoint_header *header)
{
    memset(to, 0, CHECKPOINT_HEADER_BYTES);
    memcpy(to, checkpoint_magic, sizeof(checkpoint_magic));
    put_le16(to + 8, FORMAT_VERSION);
    put_le64(to + 16, header->cut);
    memcpy(to + 24, header->uuid, UUID_BYTES);
    put_le32(to + 40, header->epoch);
    put_le32(to + 44, header->segments);
    put_le64(to + 48, header->image_bytes);
    put_le32(to + 56, header->table_crc);
    put_le32(to + 60, header->image_crc);
    put_le64(to + 64, header->created_ms);
    put_le32(to + CRC_AT, header_crc(to, CHECKPOINT_HEADER_BYTES));
}

bool checkpoint_header_decode(const char *from, size_t bytes, struct checkpoint_header *ret)
{
    if (bytes < CHECKPOINT_HEADER_BYTES || memcmp(from, checkpoint_magic, sizeof(checkpoint_magic)) != 0)
        return false;
    if (get_le16(from + 8) != FORMAT_VERSION || get_le16(from + 10) != 0)
        return false;
    if (get_le32(from + CRC_AT) != header_crc(from, CHECKPOINT_HEADER_BYTES))
        return false;
    *ret = (struct checkpoint_header){
        .cut = get_le64(from + 16),
        .epoch = get_le32(from + 40),
        .segments = get_le32(from + 44),
        .image_bytes = get_le64(from + 48),
        .table_crc = get_le32(from + 56),
        .image_crc = get_le32(from + 60),
        .created_ms = get_le64(from + 64),
    };
    memcpy(ret->uuid, from + 24, UUID_BYTES);
    return ret->cut % RECORD_ALIGN == 0;
}

void checkpoint_segment_encode(char *to, const struct checkpoint_segment *seg)
{
    put_le64(to, seg->base);
    put_le64(to + 8, seg->end);
    put_le64(to + 16, seg->prev_end);
    put_le64(to + 24, seg->dead_at);
    put_le64(to + 32, seg->tracked);
    put_le64(to + 40, seg->live);
    put_le64(to + 48, seg->pins);
    put_le32(to + 56, seg->epoch);
    put_le32(to + 60, seg->generation);
}

void checkpoint_segment_decode(const char *from, struct checkpoint_segment *ret)
{
    *ret = (struct checkpoint_segment){
        .base = get_le64(from),
        .end = get_le64(from + 8),
        .prev_end = get_le64(from + 16),
        .dead_at = get_le64(from + 24),
        .tracked = get_le64(from + 32),
        .live = get_le64(from + 40),
        .pins = get_le64(from + 48),
        .epoch = get_le32(from + 56),
        .generation = get_le32(from + 60),
    };
}

bool checkpoint_view_read(const char *from, size_t bytes, struct checkpoint_view *ret)
{
    struct checkpoint_view view;

    if (!checkpoint_header_decode(from, bytes, &view.header))
        return false;
    size_t left = bytes - CHECKPOINT_HEADER_BYTES;
    if (view.header.segments > left / CHECKPOINT_SEGMENT_BYTES)
        return false;
    size_t table_bytes = (size_t)view.header.segments * CHECKPOINT_SEGMENT_BYTES;
    if (view.header.image_bytes > left - table_bytes) /* what follows is room that the file keeps */
        return false;
    view.table = from + CHECKPOINT_HEADER_BYTES;
    view.image = slice_of(view.table + table_bytes, view.header.image_bytes);
    if (crc32c(0, view.table, table_bytes) != view.header.table_crc)
        return false;
    if (crc32c(0, view.image.ptr, view.image.len) != view.header.image_crc)
        return false;
    *ret = view;
    return true;
}
