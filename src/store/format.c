/* format.c - see format.h. SPDX-License-Identifier: MIT */
#include "store/format.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

enum {
    SEGMENT_HEADER_CRC_BYTES = 72,
    CRC_AT = 12,
    SEGMENT_RAW = 1,       /* versions */
    SEGMENT_COMPACTED = 2,
    SEGMENT_FLAG_COMPACTED = 1,
    CHECKPOINT_PLAIN = 1,
    CHECKPOINT_WITH_DEAD = 2,
    CHECKPOINT_FLAG_BLIND = 1,
    DIRECTORY_CRC_BYTES = 16,
};

static_assert(BATCH_STRIDE == (RECORD_HEADER_BYTES + BATCH_PAYLOAD_BYTES + 7) / 8 * 8, "a BATCH takes 48 bytes");
static_assert(SEAL_STRIDE == RECORD_HEADER_BYTES + SEAL_PAYLOAD_BYTES, "a SEAL takes 32 bytes");
static_assert(LSN_FIRST % RECORD_ALIGN == 0 && SEGMENT_HEADER_BYTES % RECORD_ALIGN == 0, "records are aligned");
static_assert(CHECKPOINT_HEADER_BYTES >= 84 && CHECKPOINT_SEGMENT_BYTES == 80, "the tables of format.h");

static const char segment_magic[8] = "GMQSEG1";
static const char checkpoint_magic[8] = "GMQCKP1";
static const char directory_magic[8] = "GMQDIR1";

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
    put_le16(to + 8, header->compacted ? SEGMENT_COMPACTED : SEGMENT_RAW);
    put_le16(to + 10, header->compacted ? SEGMENT_FLAG_COMPACTED : 0);
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
    unsigned version = get_le16(from + 8), flags = get_le16(from + 10);
    bool compacted = version == SEGMENT_COMPACTED;
    if ((!compacted && version != SEGMENT_RAW) || flags != (compacted ? SEGMENT_FLAG_COMPACTED : 0))
        return false;
    if (get_le32(from + CRC_AT) != header_crc(from, SEGMENT_HEADER_CRC_BYTES))
        return false;
    *ret = (struct segment_header){
        .compacted = compacted,
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

void directory_trailer_encode(char *to, const struct directory_trailer *trailer)
{
    put_le64(to, trailer->at);
    put_le32(to + 8, trailer->count);
    put_le32(to + 12, trailer->index_crc);
    put_le32(to + 16, crc32c(0, to, DIRECTORY_CRC_BYTES));
    put_le32(to + 20, 0);
    memcpy(to + 24, directory_magic, sizeof(directory_magic));
}

bool directory_trailer_decode(const char *from, uint64_t file_bytes, struct directory_trailer *ret)
{
    if (memcmp(from + 24, directory_magic, sizeof(directory_magic)) != 0 ||
        get_le32(from + 16) != crc32c(0, from, DIRECTORY_CRC_BYTES))
        return false;
    *ret = (struct directory_trailer){
        .at = get_le64(from), .count = get_le32(from + 8), .index_crc = get_le32(from + 12)};
    uint64_t bytes = (uint64_t)ret->count * DIRECTORY_ENTRY_BYTES +
                     (uint64_t)directory_blocks(ret->count) * DIRECTORY_INDEX_BYTES + DIRECTORY_TRAILER_BYTES;
    return ret->at >= SEGMENT_HEADER_BYTES && ret->at % RECORD_ALIGN == 0 && ret->at <= file_bytes &&
           bytes == file_bytes - ret->at;
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
    put_le16(to + 8, CHECKPOINT_WITH_DEAD);
    put_le64(to + 16, header->cut);
    memcpy(to + 24, header->uuid, UUID_BYTES);
    put_le32(to + 40, header->epoch);
    put_le32(to + 44, header->segments);
    put_le64(to + 48, header->image_bytes);
    put_le32(to + 56, header->table_crc);
    put_le32(to + 60, header->image_crc);
    put_le64(to + 64, header->created_ms);
    put_le64(to + 72, header->dead_bytes);
    put_le32(to + 80, header->dead_crc);
    put_le32(to + CRC_AT, header_crc(to, CHECKPOINT_HEADER_BYTES));
}

bool checkpoint_header_decode(const char *from, size_t bytes, struct checkpoint_header *ret)
{
    if (bytes < CHECKPOINT_HEADER_BYTES || memcmp(from, checkpoint_magic, sizeof(checkpoint_magic)) != 0)
        return false;
    unsigned version = get_le16(from + 8);
    if (version < CHECKPOINT_PLAIN || version > CHECKPOINT_WITH_DEAD || get_le16(from + 10) != 0)
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
        .version = version,
    };
    if (version >= CHECKPOINT_WITH_DEAD) {
        ret->dead_bytes = get_le64(from + 72);
        ret->dead_crc = get_le32(from + 80);
    }
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
    put_le64(to + 64, seg->tracked_bytes);
    put_le32(to + 72, seg->blind ? CHECKPOINT_FLAG_BLIND : 0);
    put_le32(to + 76, seg->dead_bytes);
}

static size_t entry_bytes(const struct checkpoint_view *view)
{
    return view->header.version >= CHECKPOINT_WITH_DEAD ? CHECKPOINT_SEGMENT_BYTES : CHECKPOINT_SEGMENT_BYTES_V1;
}

void checkpoint_view_segment(const struct checkpoint_view *view, uint32_t index, struct checkpoint_segment *ret)
{
    const char *from = view->table + index * entry_bytes(view);

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
    if (view->header.version >= CHECKPOINT_WITH_DEAD) {
        ret->tracked_bytes = get_le64(from + 64);
        ret->blind = get_le32(from + 72) & CHECKPOINT_FLAG_BLIND;
        ret->dead_bytes = get_le32(from + 76);
        return;
    }
    uint64_t end = ret->end != 0 ? ret->end : view->header.cut;
    ret->tracked_bytes = end > ret->base ? end - ret->base : 0;
    ret->blind = ret->live + ret->pins != ret->tracked;
}

/* The sets of the segments take what the header says, in all. */
static bool sets_fit(const struct checkpoint_view *view)
{
    struct checkpoint_segment seg;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < view->header.segments; i++) {
        checkpoint_view_segment(view, i, &seg);
        bytes += seg.dead_bytes;
    }
    return bytes == view->header.dead_bytes;
}

uint64_t checkpoint_bytes(const char *from, size_t bytes)
{
    struct checkpoint_view view;

    if (!checkpoint_header_decode(from, bytes, &view.header) || view.header.image_bytes >> 47 != 0 ||
        view.header.dead_bytes >> 46 != 0)
        return 0;
    return CHECKPOINT_HEADER_BYTES + view.header.segments * (uint64_t)entry_bytes(&view) + view.header.dead_bytes +
           view.header.image_bytes;
}

bool checkpoint_view_read(const char *from, size_t bytes, struct checkpoint_view *ret)
{
    struct checkpoint_view view;

    if (!checkpoint_header_decode(from, bytes, &view.header))
        return false;
    size_t left = bytes - CHECKPOINT_HEADER_BYTES;
    if (view.header.segments > left / entry_bytes(&view))
        return false;
    size_t table_bytes = view.header.segments * entry_bytes(&view);
    left -= table_bytes;
    if (view.header.dead_bytes > left || view.header.image_bytes > left - view.header.dead_bytes)
        return false; /* what follows is room that the file keeps */
    view.table = from + CHECKPOINT_HEADER_BYTES;
    view.dead = slice_of(view.table + table_bytes, view.header.dead_bytes);
    view.image = slice_of(view.dead.ptr + view.dead.len, view.header.image_bytes);
    if (crc32c(0, view.table, table_bytes) != view.header.table_crc ||
        crc32c(0, view.dead.ptr, view.dead.len) != view.header.dead_crc ||
        crc32c(0, view.image.ptr, view.image.len) != view.header.image_crc || !sets_fit(&view))
        return false;
    *ret = view;
    return true;
}
