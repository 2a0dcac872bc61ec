/*
 * dedup.h - the dedup keys of the pushes of late: which push was the first with a key
 *
 * What   Entries in order of their push, found by the 128 bits that stand for (queue, key). The oldest go first: when
 *        there are more than keys_max, and when their push is older than the window, both by numbers that stand in
 *        records. A key that is used again, after its time, is that of its newest push.
 * Time   An entry's is that in the id of its push, which is never earlier than the push was. It is let go once a record
 *        tells of a time that is later by more than the window: late perhaps, early never. A push with a key that was
 *        used before tells that the window of the push before is over.
 * Cost   add, find O(1); 32 bytes an entry and 4 a bucket. Empty, it takes nothing.
 * Owns   Its pages.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_DEDUP_H
#define GMQ_ENGINE_DEDUP_H

#include "engine/chains.h"

enum { DEDUP_WINDOW_S_DEFAULT = 600, DEDUP_KEYS_DEFAULT = 100000, DEDUP_HASH_WORDS = 2 };
#define DEDUP_WINDOW_MS_MAX (UINT64_C(366) * 86400 * 1000)
#define DEDUP_KEYS_MAX UINT64_C(100000000)

struct dedup_entry {
    uint64_t hash[DEDUP_HASH_WORDS];
    uint64_t id;    /* of the first push; 0 = the place is not in use any more */
    uint32_t check; /* of its content */
    uint32_t next;
};

struct dedup {
    struct dedup_entry **pages; /* a ring of them */
    size_t page_slots;          /* a power of two, or 0 */
    uint64_t first, end;        /* places [first, end) are in use or have been */
    uint64_t count;             /* entries */
    struct chains chains;
    uint64_t window_ms, keys_max; /* 0 = there are none */
};

void dedup_init(struct dedup *dedup);
void dedup_free(struct dedup *dedup);

/* A window and a bound from now on; what is beyond the bound goes. */
void dedup_limit(struct dedup *dedup, uint64_t window_ms, uint64_t keys_max);

/*
 * The newest push with this key; `id` and `hash` are those of it. Lets some go that are too old at `now_ms`. Returns
 * the latest time that is known now: `now_ms`, or, when the key was used before, the end of its window, if later.
 */
uint64_t dedup_add(struct dedup *dedup, const struct dedup_entry *entry, uint64_t now_ms);

/* NULL when there is none. It may be older than the window. */
const struct dedup_entry *dedup_find(const struct dedup *dedup, const uint64_t hash[DEDUP_HASH_WORDS]);

/* Is its push so old that the key is free again? */
bool dedup_is_over(const struct dedup *dedup, const struct dedup_entry *entry, uint64_t now_ms);

/* The entries, oldest first: begin with `*at` = 0; NULL at the end. */
const struct dedup_entry *dedup_next(const struct dedup *dedup, uint64_t *at);

/* The memory it takes. */
uint64_t dedup_bytes(const struct dedup *dedup);

/* The first invariant that does not hold, in words, or NULL. */
const char *dedup_fault(const struct dedup *dedup);

#endif
