/*
 * cache.h - records that have left the ring: what was asked for, what is being fetched, what is at hand
 *
 * What   The loop's side of reading. A fetch is one record: asked for by cache_read() (somebody waits for it) or
 *        cache_prefetch() (somebody will), read by the reader thread, kept as long as the budget allows.
 *
 *   wanted ─┐                      ┌─ waited for ─► pinned ─ first cache_read ─► used ─ evicted, oldest first
 *           ├─ cache_flush ► away ─┤                  └ 64 polls unread ────────► used
 *   ahead  ─┘                      └─ prefetched ─► fresh ─ first cache_read ──► used
 *
 * Why it never starves: a pinned record is not evicted before it was read once (or its asker has gone: 64 polls),
 *        new ones are sent for only while pinned ones take less than half of the budget, and a prefetched record is
 *        admitted only into room that used ones leave.
 * Owns   The cache owns all fetches but those away, which are the reader's until they come back.
 * Never  Keep a record beyond the next cache_poll(): memory is given back only there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_CACHE_H
#define GMQ_STORE_CACHE_H

#include <uthash.h>

#include "base/list.h"
#include "base/record.h"
#include "store/chan.h"
#include "store/paths.h"

enum fetch_state { FETCH_WANTED, FETCH_AHEAD, FETCH_AWAY, FETCH_PINNED, FETCH_FRESH, FETCH_USED };

/* Results of the reader by which a fetch is sent for again. */
enum {
    FETCH_DEFERRED = 1, /* it had no room for it */
    FETCH_GONE = 2,     /* the file is not there: the record may be in another one by now */
};

struct fetch {
    uint64_t lsn;
    struct segment_name name; /* of the file that it is in */

    /* filled in by the reader */
    uint64_t at;           /* offset in the file */
    int result;        /* 0, FETCH_DEFERRED or GMQ_E_UNREADABLE */
    char *bytes;       /* owned; NULL unless result is 0 */
    size_t byte_count;
    struct record rec; /* its payload points into `bytes` */

    /* the loop's */
    enum fetch_state state;
    bool waited; /* by cache_read, not prefetched */
    uint64_t polled;
    struct list node;
    UT_hash_handle hh;
};

struct cache {
    size_t budget;
    struct chan *requests, *replies; /* of struct fetch *; to and from the reader */
    bool (*locate)(void *ctx, uint64_t lsn, struct segment_name *ret); /* which file is it in now? */
    void *locate_ctx;
    struct fetch *by_lsn;
    struct list wanted, ahead, pinned, fresh, used;
    size_t ahead_count, away;
    size_t bytes, pinned_bytes, fresh_bytes; /* of those at hand */
    uint64_t polls;
};

/* `locate` and its context are to be set before records are asked for. */
void cache_init(struct cache *cache, size_t budget, struct chan *requests, struct chan *replies);
void cache_fini(struct cache *cache);

/* 1 = `ret` is filled; 0 = it will come; GMQ_E_UNREADABLE; -ENOMEM. */
NODISCARD int cache_read(struct cache *cache, uint64_t lsn, struct record *ret);
void cache_prefetch(struct cache *cache, uint64_t lsn);

/* Sends for what is wanted. True when something was sent: the reader is to be woken. */
bool cache_flush(struct cache *cache);

/*
 * Takes in what came back and makes room. `ret_stuck`: something is wanted, but only further polls will make room
 * for it. True when a record that somebody waits for came.
 */
bool cache_poll(struct cache *cache, bool *ret_stuck);

#endif
