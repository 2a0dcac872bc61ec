/*
 * record.h - the frame of a record: what the log, the engine and the simulator agree on
 *
 * What   A record is one change that must survive. The log knows its frame and address, the engine its payload.
 * LSN    The address of a record: its byte offset in the endless log, a multiple of 8.
 *
 *   OFFSET SIZE  since format 1; little-endian
 *        0    4  crc32c over bytes [4, len)
 *        4    4  len, the whole record without padding, 24..RECORD_BYTES_MAX
 *        8    8  lsn, the record's own address: tells stale and misdirected bytes
 *       16    1  type, enum record_type
 *       17    1  flags, enum record_flags
 *       18    2  aux, by type
 *       20    4  queue number, 0 = none
 *       24       payload (engine/payload.h; BATCH and SEAL: store/format.h)
 *
 * A record takes round8(len) bytes of the log, at least 64 for the types that can die one by one
 * (record_is_tracked); the padding is zero and outside the CRC.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_RECORD_H
#define GMQ_BASE_RECORD_H

#include "base/base.h"
#include "base/slice.h"

enum record_type {
    RECORD_BATCH = 1,
    RECORD_PUSH = 2,
    RECORD_POP = 3,
    RECORD_ACK = 4,
    RECORD_RELEASE = 5,
    RECORD_BURY = 6,
    RECORD_TICK = 8,
    RECORD_QUEUE = 9,
    RECORD_PURGE = 10,
    RECORD_LINK = 11,
    RECORD_LOAD = 12,
    RECORD_TOUCH = 13,
    RECORD_CLIENT = 14,
    RECORD_CHUNK = 16,
    RECORD_DCHUNK = 17,
    RECORD_SEAL = 18,
};

enum record_flags {
    RECORD_F_MORE = 1,      /* the group goes on in the next record */
    RECORD_F_AUTOACK = 2,   /* POP: what it delivers needs no ack */
    RECORD_F_BODY_ONLY = 4, /* PUSH: a body for LINKs, in no list itself */
    RECORD_F_NO_RETRY = 8,  /* RELEASE: does not count as a retry */
    RECORD_F_AGAIN = 16,    /* PUSH: of a message that was pushed at another place before; not counted */
};

enum {
    RECORD_HEADER_BYTES = 24,
    RECORD_TRACKED_BYTES_MIN = 64,
    RECORD_ALIGN = 8,
    RECORD_BYTES_MAX = 80 * 1024 * 1024, /* above the largest max_message setting; bounds every reader */
};

/* A record as it lies in the ring, the read cache or a recovery buffer; `payload` is borrowed from there. */
struct record {
    uint64_t lsn;
    uint32_t queue;
    uint16_t aux;
    uint8_t type;
    uint8_t flags;
    struct slice payload;
};

/* Types whose records stay needed until they are acked, replaced or consumed, each on its own. */
static inline bool record_is_tracked(uint8_t type)
{
    return type == RECORD_PUSH || type == RECORD_LINK || type == RECORD_QUEUE ||
           type == RECORD_CHUNK || type == RECORD_DCHUNK;
}

/* Bytes that a record with this payload takes in the log. */
size_t record_stride(uint8_t type, size_t payload_bytes);

/* Completes the record at `at`, whose payload stands at at + 24: header, CRC, zero padding up to its stride. */
void record_seal(char *at, const struct record *rec);

/* The record whose whole bytes stand at `at`; its length is believed, nothing is checked. */
struct record record_decode(const char *at);

enum record_fault {
    RECORD_OK = 0,
    RECORD_CUT = -1,   /* the bytes end before the record does */
    RECORD_BAD = -2,   /* length, CRC or type out of range */
    RECORD_ALIEN = -3, /* another address: stale or misdirected bytes */
};

/* Reads the record that should stand at `lsn` in the `bytes` bytes at `at`. RECORD_OK fills `ret`. */
enum record_fault record_read(const char *at, size_t bytes, uint64_t lsn, struct record *ret);

#endif
