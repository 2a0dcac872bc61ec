/*
 * scout.h - the thread that looks for records of which only the key is known, and walks over stretches of the log
 *
 * What   Takes one job at a time, each about one segment; which segment that is the loop knows (log_find.c):
 *          FIRST  the first key in it
 *          LOOK   where the record with `key` stands in it
 *          WALK   shows the records of [from, end) to `visit`, SCOUT_PIECE_BYTES of them at most
 *        A record has a key when `key_of` says so; keys ascend with the LSN. Of a raw segment that was looked into the
 *        key of one record in 64 KiB is kept, for the SCOUT_INDEXES segments used last; compacted ones are searched by
 *        their directory.
 * Why    Neither the loop nor the reads of messages that are delivered may wait for it.
 * Limit  A LOOK may have to read its whole segment, once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_SCOUT_H
#define GMQ_STORE_SCOUT_H

#include "base/list.h"
#include "base/record.h"
#include "store/bell.h"
#include "store/chan.h"
#include "store/disk.h"
#include "store/paths.h"

enum { SCOUT_JOBS = 64, SCOUT_INDEXES = 64, SCOUT_PIECE_BYTES = 8 * 1024 * 1024 };

enum scout_kind { SCOUT_FIRST, SCOUT_LOOK, SCOUT_WALK };

/* A result besides 0, 1 and errors: the file is not there, the record may be in another one by now. */
enum { SCOUT_GONE = 2 };

struct scout_job {
    enum scout_kind kind;
    struct segment_name name;
    uint64_t base, end; /* of what is written of the segment */
    uint64_t key;       /* LOOK */
    uint64_t from;      /* WALK */
    bool (*visit)(void *ctx, const struct record *rec); /* WALK: false = no further */
    void *ctx;

    /* The answer: 1 = found; 0 = there is none, or WALK: done; SCOUT_GONE; GMQ_E_UNREADABLE. */
    int result;
    uint64_t found_lsn; /* LOOK */
    uint64_t found_key; /* FIRST */
    uint64_t at;        /* WALK: how far it came */
    bool damaged;       /* FIRST: something before it was unreadable; LOOK: behind what is below `key`; WALK: between */
    bool past;          /* LOOK, not found: all keys of the segment are below */
    bool stopped;       /* WALK: by `visit` */

    /* the loop's */
    struct list node;
    bool away;
};

struct scout_index;

struct scout {
    struct disk *disk;
    const char *dir;
    void (*wake)(void *ctx);
    void *wake_ctx;
    bool (*key_of)(const struct record *rec, uint64_t *ret_key); /* pure; set before the first job */

    struct chan requests, replies; /* of struct scout_job * */
    struct bell bell;
    _Atomic bool end;
    _Atomic uint64_t index_bytes; /* memory of the indexes */

    /* the scout's own */
    struct scout_index *indexes[SCOUT_INDEXES];
    uint64_t uses;
};

/* Takes the memory it needs; the configuration above the first blank line is filled in already. False: no memory. */
NODISCARD bool scout_init(struct scout *scout);
void scout_fini(struct scout *scout);

/* Does one job; false when there is none. */
bool scout_step(struct scout *scout);

/* The thread; `arg` is the scout. */
void *scout_main(void *arg);

#endif
