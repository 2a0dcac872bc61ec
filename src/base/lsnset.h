/*
 * lsnset.h - a set of addresses of records in the log: small, with cheap copies
 *
 * What   Which records of a segment are needed no more, which messages of a list are gone. One member a record; tracked
 *        records take at least 64 bytes of log, so an address counts by its 64-byte slot.
 *        The log is divided into pages of 4 MiB; of each the set has a sorted list of slots, 2 bytes a dead record, or,
 *        once that is longer, a bitmap of 8 KiB. So it takes at most 1/512 of the log it covers, and what is sparse,
 *        as in compacted segments, costs by the record. NULL is the empty set.
 * Copies A copy shares everything with its original; who changes one copies a page first, at most 8 KiB.
 * Cost   Adding: O(1) in order of addresses and in a bitmap, else a move within 4 KiB. Looking: O(log) within a page.
 * Thread Copies are made and freed by one thread, the loop; others may read them meanwhile.
 * Fails  Memory is there, or the process ends (base/mem.h).
 *
 * Image, in checkpoints, little-endian: for each page that has members, ascending
 *   OFFSET SIZE
 *        0    8  address of the page, a multiple of 4 MiB
 *        8    4  n, members, 1..65536
 *       12    4  0
 *       16       n up to 2048: n x 2, slots within the page, ascending, then zero up to a multiple of 8
 *                else 8192: bit i % 8 of byte i / 8 is slot i
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_LSNSET_H
#define GMQ_BASE_LSNSET_H

#include "base/base.h"

struct lsnset;

enum { LSNSET_SLOT_BYTES = 64, LSNSET_PAGE_SLOTS = 65536, LSNSET_LIST_MAX = 2048 };

/* False when it was there already. `*set` is created when NULL, and may move. */
bool lsnset_add(struct lsnset **set, uint64_t lsn);
bool lsnset_has(const struct lsnset *set, uint64_t lsn);
uint64_t lsnset_count(const struct lsnset *set);

/* False when it was not there. `*set` becomes NULL when it was the last. */
bool lsnset_remove(struct lsnset **set, uint64_t lsn);

/* The first member whose slot is that of `from` or later, as the address of its slot; false when there is none. */
bool lsnset_next(const struct lsnset *set, uint64_t from, uint64_t *ret);

/* The memory it takes, what it shares with copies too; O(1). */
uint64_t lsnset_memory(const struct lsnset *set);

/* A copy, for lsnset_free(). Both take NULL. */
struct lsnset *lsnset_copy(struct lsnset *set);
void lsnset_free(struct lsnset *set);

/* Adds all of `from` that are not in `but`. */
void lsnset_join(struct lsnset **set, const struct lsnset *from, const struct lsnset *but);

/* O(1). */
size_t lsnset_image_bytes(const struct lsnset *set);

/* Writes lsnset_image_bytes(). */
void lsnset_save(const struct lsnset *set, char *to);

/* False when the image is malformed or names a slot that does not touch [begin, end); then `ret` is NULL. */
NODISCARD bool lsnset_load(const char *from, size_t bytes, uint64_t begin, uint64_t end, struct lsnset **ret);

#endif
