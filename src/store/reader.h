/*
 * reader.h - the thread that reads records back from segments
 *
 * What   Takes up to READER_BATCH fetches, orders them by LSN, reads neighbours with one pread of at most 256 KiB,
 *        checks each record (CRC, own address, a tracked type), copies it into memory of its own and gives it back.
 *        Where a record stands in a compacted segment its directory says, of which lookup.h keeps what was read.
 * Limit  It holds at most `budget` bytes (and one record) that the loop has not taken yet; beyond that fetches go
 *        back as FETCH_DEFERRED.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_READER_H
#define GMQ_STORE_READER_H

#include "store/bell.h"
#include "store/cache.h"
#include "store/disk.h"
#include "store/lookup.h"

enum { READER_BATCH = 64, READER_BLOCK_BYTES = 256 * 1024 };

struct reader {
    struct disk *disk;
    const char *dir;
    size_t budget;
    void (*wake)(void *ctx);
    void *wake_ctx;

    struct chan requests, replies; /* of struct fetch * */
    struct bell bell;
    _Atomic bool end;
    _Atomic uint64_t reads, read_bytes, faults;
    char *block;
    struct lookups lookups;
};

/* Takes the memory it needs; the configuration above the first blank line is filled in already. False: no memory. */
NODISCARD bool reader_init(struct reader *reader);
void reader_fini(struct reader *reader);
bool reader_step(struct reader *reader);

/* The thread; `arg` is the reader. */
void *reader_main(void *arg);

#endif
