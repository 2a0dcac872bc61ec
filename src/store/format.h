/*
 * format.h - what stands on disk besides the records of the engine: segment headers, BATCH, SEAL, checkpoint headers
 *
 * All integers little-endian. A released format changes only with its version number, and its reader stays.
 * The byte of an LSN stands in its raw segment at SEGMENT_HEADER_BYTES + (lsn - base); in a compacted one the directory
 * says where.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_FORMAT_H
#define GMQ_STORE_FORMAT_H

#include "base/record.h"

enum {
    UUID_BYTES = 16,
    FORMAT_VERSION = 2,            /* the newest of segments and of checkpoints that is read here */
    SEGMENT_HEADER_BYTES = 4096,
    LSN_FIRST = 4096,              /* where the log of a new directory begins; no record has LSN 0 */
    BATCH_PAYLOAD_BYTES = 20,
    BATCH_STRIDE = 48,
    SEAL_PAYLOAD_BYTES = 8,
    SEAL_STRIDE = 32,
    CHECKPOINT_HEADER_BYTES = 128,
    CHECKPOINT_SEGMENT_BYTES = 80,
    CHECKPOINT_SEGMENT_BYTES_V1 = 64,
    DIRECTORY_ENTRY_BYTES = 8,
    DIRECTORY_BLOCK_ENTRIES = 512,
    DIRECTORY_INDEX_BYTES = 8,     /* a block */
    DIRECTORY_TRAILER_BYTES = 32,
};

/* No LSN is that large: a ref has 56 bits for LSN / 8, and sums of addresses and sizes never pass 64 bits. */
#define LSN_LIMIT (UINT64_C(1) << 58)

/* After an unclean stop the log goes on at the next multiple of this: no lost address is ever used again. */
#define LSN_JUMP (UINT64_C(1) << 32)

/* What a compacted segment may span: its directory has 32 bits for (lsn - base) / 8. */
#define COMPACTED_SPAN_MAX (UINT64_C(1) << 35)

/*
 * Segment header, version 1: raw; version 2: compacted
 *   OFFSET SIZE
 *        0    8  "GMQSEG1\0"
 *        8    2  version
 *       10    2  flags: 1 = compacted, in version 2 only
 *       12    4  crc32c of [0, 72) with this field 0
 *       16    8  base LSN
 *       24    8  end LSN of the range in it; 0 in a raw segment, which ends where its successor's "prev end" says
 *       32   16  uuid of the node
 *       48    8  made at, ms since 1970
 *       56    4  epoch: counts the lives of the directory
 *       60    4  generation: counts compactions
 *       64    8  prev end: where the log before this segment ended; 0 = this is the first one
 *       72       zero up to 4096
 */
struct segment_header {
    uint64_t base, end, created_ms, prev_end;
    uint32_t epoch, generation;
    bool compacted;
    uint8_t uuid[UUID_BYTES];
};

/*
 * What a later format may not change: magic, version and CRC stand where they do, and the CRC covers what it does.
 * So every version can tell a file of a newer one from damage, and leave it alone.
 */
enum header_claim {
    HEADER_CLAIM_NONE,    /* of a format known here, or no header at all */
    HEADER_CLAIM_NEWER,   /* sound, of a newer format */
    HEADER_CLAIM_UNSURE,  /* says it is of a newer format, but its CRC does not hold: newer, or damaged */
};

/* Does the header at `from`, of a segment or a checkpoint, claim a newer format? Then `ret_version` is that one. */
enum header_claim segment_header_claim(const char *from, size_t bytes, unsigned *ret_version);
enum header_claim checkpoint_header_claim(const char *from, size_t bytes, unsigned *ret_version);

/* Writes SEGMENT_HEADER_BYTES at `to`. */
void segment_header_encode(char *to, const struct segment_header *header);

/* False when the `bytes` bytes at `from` are not a sound header of a version known here. */
NODISCARD bool segment_header_decode(const char *from, size_t bytes, struct segment_header *ret);

/*
 * Compacted segment: header, records, directory, index, trailer. The records are what was still needed of the segments
 * in whose place it is, byte for byte as they stood there, padding included, ascending by LSN; only tracked ones.
 *   directory  n x 8   u32 (lsn - base) / 8, u32 offset in the file / 8, of each record
 *   index      one for each 512 of these, the last may be of fewer: u32 the first (lsn - base) / 8 of them, u32 crc32c
 *              of them; zero bytes up to a multiple of 8 follow nowhere: all parts are multiples of 8
 *   trailer, the last 32 bytes
 *        0    8  offset of the directory
 *        8    4  n
 *       12    4  crc32c of the index
 *       16    4  crc32c of [0, 16)
 *       20    4  0
 *       24    8  "GMQDIR1\0"
 */
struct directory_trailer {
    uint64_t at;
    uint32_t count, index_crc;
};

/* Blocks of a directory of `count` records. */
static inline uint32_t directory_blocks(uint32_t count)
{
    return count / DIRECTORY_BLOCK_ENTRIES + (count % DIRECTORY_BLOCK_ENTRIES != 0);
}

void directory_trailer_encode(char *to, const struct directory_trailer *trailer);

/* False when it is not sound or does not fit into a file of `file_bytes`. */
NODISCARD bool directory_trailer_decode(const char *from, uint64_t file_bytes, struct directory_trailer *ret);

/*
 * BATCH payload, the first record of every write
 *   OFFSET SIZE
 *        0    8  durable LSN: everything below was durable when this batch was begun
 *        8    8  hash of the node's uuid; recovery believes only its own node's
 *       16    4  epoch
 */
struct batch {
    uint64_t durable, node_hash;
    uint32_t epoch;
};

void batch_encode(char *to, const struct batch *batch);
NODISCARD bool batch_decode(const struct record *rec, struct batch *ret);

/*
 * SEAL payload, the last record of a segment that is full or was closed by an orderly stop; aux = enum seal_reason
 *   OFFSET SIZE
 *        0    8  next base: where the log goes on
 * A SEAL_STOP is written only when everything before it is durable.
 */
enum seal_reason { SEAL_FULL = 0, SEAL_STOP = 1 };

uint64_t uuid_hash(const uint8_t *uuid);

/*
 * Checkpoint file, version 2: header, segment table, dead records, image; what follows is room that the file keeps
 *   OFFSET SIZE
 *        0    8  "GMQCKP1\0"
 *        8    2  version
 *       10    2  flags, 0
 *       12    4  crc32c of [0, 128) with this field 0
 *       16    8  cut: the LSN at which the state was taken; replay goes on there
 *       24   16  uuid of the node
 *       40    4  epoch
 *       44    4  n, segments in the table
 *       48    8  image bytes
 *       56    4  crc32c of the segment table
 *       60    4  crc32c of the image
 *       64    8  made at, ms since 1970
 *       72    8  d, bytes of all dead records' sets
 *       80    4  crc32c of these
 *       84       zero up to 128
 *      128 80*n  the segments of the log at the cut, ascending:
 *        +0    8  base
 *        +8    8  end; 0 = still open
 *       +16    8  prev end
 *       +24    8  dead at: the LSN at which the last of live and pins went, 0 = not yet
 *       +32    8  tracked: records in it that can die one by one
 *       +40    8  live: of these the messages still needed
 *       +48    8  pins: of these the queue and client records still needed
 *       +56    4  epoch
 *       +60    4  generation
 *       +64    8  tracked bytes: what the tracked records take
 *       +72    4  flags: 1 = blind, which of them are dead is not known
 *       +76    4  bytes of its set of dead records
 * 128+80*n    d  these sets, one behind the other: lsnset.h
 * 128+80*n+d     image, as its owner wrote it
 *
 * Version 1 has no dead records, 64 bytes a segment up to the generation, and zero from 72 to 128.
 */
struct checkpoint_header {
    uint64_t cut, image_bytes, dead_bytes, created_ms;
    uint32_t epoch, segments, table_crc, dead_crc, image_crc;
    unsigned version; /* as it was read; what is written is of the newest */
    uint8_t uuid[UUID_BYTES];
};

struct checkpoint_segment {
    uint64_t base, end, prev_end, dead_at, tracked, live, pins, tracked_bytes;
    uint32_t epoch, generation, dead_bytes;
    bool blind;
};

void checkpoint_header_encode(char *to, const struct checkpoint_header *header);
NODISCARD bool checkpoint_header_decode(const char *from, size_t bytes, struct checkpoint_header *ret);
void checkpoint_segment_encode(char *to, const struct checkpoint_segment *seg);

/* A whole checkpoint file, checked; its parts are borrowed from the bytes it was read from. */
struct checkpoint_view {
    struct checkpoint_header header;
    const char *table;
    struct slice dead, image;
};

/* What the checkpoint with this header takes, at most 2^48; 0 = the `bytes` bytes at `from` are no sound header. */
uint64_t checkpoint_bytes(const char *from, size_t bytes);

/* False when anything is out of range or a CRC does not match. */
NODISCARD bool checkpoint_view_read(const char *from, size_t bytes, struct checkpoint_view *ret);

/*
 * Segment `index` of the table. What version 1 does not tell is filled in: a segment of which a part is dead is blind,
 * and all of its bytes count as tracked.
 */
void checkpoint_view_segment(const struct checkpoint_view *view, uint32_t index, struct checkpoint_segment *ret);

#endif
