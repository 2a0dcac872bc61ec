/*
 * deadset.h - which records of a segment are needed no more: a set of addresses, small, with cheap copies
 *
 * What   One member a record; tracked records take at least 64 bytes of log, so an address counts by its 64-byte slot.
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
 *       16       n up to 2048: n x 2, slots within the page, then zero up to a multiple of 8
 *                else 8192: bit i % 8 of byte i / 8 is slot i
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_DEADSET_H
#define GMQ_STORE_DEADSET_H

#include "base/base.h"

struct deadset;

enum { DEADSET_SLOT_BYTES = 64, DEADSET_PAGE_SLOTS = 65536, DEADSET_LIST_MAX = 2048 };

/* False when it was there already. `*set` is created when NULL, and may move. */
bool deadset_add(struct deadset **set, uint64_t lsn);
bool deadset_has(const struct deadset *set, uint64_t lsn);
uint64_t deadset_count(const struct deadset *set);

/* A copy, for deadset_free(). Both take NULL. */
struct deadset *deadset_copy(struct deadset *set);
void deadset_free(struct deadset *set);

/* Adds all of `from` that are not in `but`. */
void deadset_join(struct deadset **set, const struct deadset *from, const struct deadset *but);

size_t deadset_image_bytes(const struct deadset *set);

/* Writes deadset_image_bytes(). */
void deadset_save(const struct deadset *set, char *to);

/* False when the image is malformed or names a slot that does not touch [begin, end); then `ret` is NULL. */
NODISCARD bool deadset_load(const char *from, size_t bytes, uint64_t begin, uint64_t end, struct deadset **ret);

#endif
