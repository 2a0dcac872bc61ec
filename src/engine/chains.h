/*
 * chains.h - the buckets of a hash table whose entries are somebody else's
 *
 * What   A bucket holds the name of the first entry of its chain, an entry that of the next; 0 is none. The owner finds
 *        an entry by its name, and links and unlinks it.
 * Why    The table grows by one bucket at a time (linear hashing): no insert waits for a whole table to be moved.
 * Cost   O(1); 4 bytes a bucket, and a bucket an entry. An empty table takes nothing.
 * Owns   Its buckets.
 * Source W. Litwin, "Linear hashing", VLDB 1980.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_CHAINS_H
#define GMQ_ENGINE_CHAINS_H

#include "base/base.h"

/* An entry as its table sees it: `next` is where it keeps the name of the one after it. */
struct chain_link {
    uint64_t hash; /* well mixed in its low 32 bits */
    uint32_t *next;
};

struct chains {
    uint32_t **pages;
    size_t page_slots;
    uint32_t count, base; /* buckets; base = power of two <= count < 2 * base; 0 = nothing was added yet */
};

/* The beginning of the chain in which entries of this hash stand; NULL before the first chains_add(). */
uint32_t *chains_head(const struct chains *chains, uint64_t hash);

/* Links an entry in, as the first of its chain. */
void chains_add(struct chains *chains, uint32_t name, struct chain_link link);

/*
 * To be called after chains_add() with the number of entries that the table has now: one bucket more when they are more
 * than the buckets. `look` tells of the entry `name` of `owner`.
 */
void chains_grow(struct chains *chains, uint64_t entries, const void *owner,
                 struct chain_link (*look)(const void *owner, uint32_t name));

/* The memory it takes. */
uint64_t chains_bytes(const struct chains *chains);

/* Back to an empty table, and as at first: all bytes 0. */
void chains_free(struct chains *chains);

/* The 64 bits mixed so that every one counts in each (murmur3's finaliser). */
static inline uint64_t chains_mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

#endif
