/*
 * keys.h - messages by the keys that clients gave them
 *
 * What   Where the PUSH records of living messages with a key stand, found by a hash of (queue, key), of those with
 *        equal hashes the newest first. A hash is not a key: who looks for one reads the record and compares.
 * Newest means the record that was written last: a message that was moved counts as new.
 * Cost   add, remove, find the newest O(1); the i-th newest O(i); 32 bytes an entry, 4 a bucket in each of two tables.
 *        Empty, it takes nothing; messages without a key cost nothing.
 * Owns   Its pages, which are given back when it is empty.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_KEYS_H
#define GMQ_ENGINE_KEYS_H

#include "base/slice.h"
#include "engine/chains.h"

/* Names are slab index + 1; 0 is none. */
struct key_entry {
    uint64_t hash; /* of queue and key */
    uint64_t lsn;  /* 0 = the place is free */
    uint32_t next; /* of the newest of a hash: in the chain of it; in the list of free places */
    uint32_t older, newer; /* of the same hash */
    uint32_t lsn_next;
};

struct keys {
    struct key_entry **pages;
    size_t page_slots;
    uint32_t places;    /* that the pages hold, used or free */
    uint32_t free_list;
    uint64_t count;
    uint64_t hashes;    /* different ones */
    struct chains by_hash, by_lsn;
};

/* What a key is found by. */
uint64_t keys_hash(uint32_t queue, struct slice key);

/* False, and nothing happens: there is one for this LSN. */
bool keys_add(struct keys *keys, uint64_t hash, uint64_t lsn);

/* False when there is none for this LSN. */
bool keys_remove(struct keys *keys, uint64_t lsn);

/* The LSN of the i-th newest (0 = the newest) with this hash; 0 when there are not so many. */
uint64_t keys_find(const struct keys *keys, uint64_t hash, uint32_t i);

/*
 * Calls `each` with every entry, in an order that keeps those of one hash oldest first; nothing else about it is said.
 */
void keys_each(const struct keys *keys, void (*each)(void *ctx, uint64_t hash, uint64_t lsn), void *ctx);

void keys_free(struct keys *keys);

/* The memory it takes. */
uint64_t keys_bytes(const struct keys *keys);

/* The first invariant that does not hold, in words, or NULL. */
const char *keys_fault(const struct keys *keys);

#endif
