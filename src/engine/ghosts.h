/*
 * ghosts.h - messages that are gone, or stand elsewhere, while their ref still waits in a list
 *
 * What   To take a message out of the middle of a waiting list, or out of the delayed ones, would mean to look for it,
 *        perhaps on disk. So it becomes a ghost: gone at once for everybody, its record needed no more; its ref is
 *        passed over when it comes up: at the head of the waiting list, when its delay is over. Counts that users see
 *        have no ghosts in them.
 *        Delayed messages of a purged queue are not named one by one: those that were pushed before the PURGE are
 *        marked. Their records are needed until they come up. A message that was pushed before it, and is delayed anew
 *        after it, is spared.
 * Cost   2 bytes a ghost where they are many, up to 60 where they are few; add, look and remove O(log).
 * Owns   Its sets.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_GHOSTS_H
#define GMQ_ENGINE_GHOSTS_H

#include "base/lsnset.h"

struct ghost_region {
    uint64_t number; /* address / GHOST_REGION_BYTES */
    struct lsnset *lsns;
};

#define GHOST_REGION_BYTES (UINT64_C(1) << 38)

/* Addresses, however far apart: a set for each 256 GiB of log. */
struct ghost_set {
    struct ghost_region *regions; /* ascending, none empty */
    size_t count, size;
    uint64_t members, words, bytes; /* in all; in an image, but for what ghost_set_words() adds; of memory */
};

/* Of an engine. */
struct ghosts {
    struct ghost_set ready, delayed; /* ghosts in waiting lists, among the delayed messages */
    uint64_t queues;                 /* that have figures */
    uint64_t spared_words, spared_bytes; /* of all queues' spared ones, in an image and in memory */
};

/* Of a queue. */
struct queue_ghosts {
    uint64_t ready;     /* ghosts in its waiting list, in chunks too */
    uint64_t delayed;   /* entries among the delayed whose message is gone, marked ones too */
    uint64_t purge_lsn; /* what was pushed before it and is delayed is marked, but for: */
    struct ghost_set *spared; /* NULL = none */
    bool at_head;       /* the oldest entry in memory is a ghost */
};

/* False when it is there already / is not there. */
bool ghost_set_add(struct ghost_set *set, uint64_t lsn);
bool ghost_set_remove(struct ghost_set *set, uint64_t lsn);
bool ghost_set_has(const struct ghost_set *set, uint64_t lsn);
void ghost_set_free(struct ghost_set *set);

/* In an image: how many words, O(1); writes them; reads them. False: malformed, and the set is to be freed. */
uint64_t ghost_set_words(const struct ghost_set *set);
char *ghost_set_save(char *at, const struct ghost_set *set);
struct state_reader;
NODISCARD bool ghost_set_load(struct ghost_set *set, struct state_reader *in);

/* Equal sets have equal digests. */
uint64_t ghost_set_digest(const struct ghost_set *set);

static inline bool queue_has_ghosts(const struct queue_ghosts *of) { return of->ready || of->delayed || of->purge_lsn; }

#endif
