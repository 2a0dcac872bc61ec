/*
 * simdisk.h - a disk in memory that forgets what was not synced, tears writes and fails when it is told to
 *
 * What   A struct disk whose files have two images: what the page cache holds and what the medium holds. A sync
 *        copies the one to the other; creations, renames and removals reach the medium at sync_dir().
 *        simdisk_kill() is the end of the process: the cache stays. simdisk_power_cut() is the end of the machine:
 *        of what was not synced, a random subset of sectors (512 bytes) and of directory operations is kept.
 * Replay All chance comes from the seed and the order of calls.
 * Thread A lock makes every operation one step; so it can also serve a log with threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_SIMDISK_H
#define GMQ_SIM_SIMDISK_H

#include "store/disk.h"

struct simdisk;

enum simdisk_op {
    SIMDISK_OPEN,
    SIMDISK_PWRITE,
    SIMDISK_PREAD,
    SIMDISK_SYNC,
    SIMDISK_ALLOCATE,
    SIMDISK_TRUNCATE,
    SIMDISK_RENAME,
    SIMDISK_UNLINK,
    SIMDISK_SYNC_DIR,
    SIMDISK_OPS,
};

/* NULL when memory is short. */
NODISCARD struct simdisk *simdisk_new(uint64_t seed);
void simdisk_free(struct simdisk *sim);
struct disk *simdisk_disk(struct simdisk *sim);

/* A number from the disk's own chance, 0..limit-1. */
uint64_t simdisk_random(struct simdisk *sim, uint64_t limit);

/* Ends the process / the machine: handles and locks are gone, injected faults too. Close nothing from before. */
void simdisk_kill(struct simdisk *sim);
void simdisk_power_cut(struct simdisk *sim);

/* Operations so far, reads included. */
uint64_t simdisk_ops(const struct simdisk *sim);

/*
 * After `ops` more operations the process is as good as dead: that one may be done in part, it and all later ones
 * fail with -EIO and change nothing, until simdisk_kill() or simdisk_power_cut().
 */
void simdisk_stop_after(struct simdisk *sim, uint64_t ops);

/*
 * The operation `op` that comes after `skip` others of its kind fails with -error, a pwrite after a part of it was
 * done; with `forever` all that follow too. A failed sync
 * leaves what it should have written marked as clean: later ones write only what is written after it.
 */
void simdisk_fail(struct simdisk *sim, enum simdisk_op op, uint64_t skip, int error, bool forever);

/* Room for `bytes` in all files; beyond it -ENOSPC. 0 = no limit. */
void simdisk_set_room(struct simdisk *sim, uint64_t bytes);
uint64_t simdisk_used(const struct simdisk *sim);

/* A look from outside at a file, NULL when it is not there; `ret_bytes` is its size. Changes by it are durable. */
char *simdisk_file(struct simdisk *sim, const char *path, uint64_t *ret_bytes);
/* To change the bytes [at, at + bytes) of a file from outside; NULL when it has none there. Not durable by itself. */
char *simdisk_change(struct simdisk *sim, const char *path, uint64_t at, uint64_t bytes);
NODISCARD bool simdisk_cut_file(struct simdisk *sim, const char *path, uint64_t bytes);
NODISCARD bool simdisk_remove_file(struct simdisk *sim, const char *path);

/* Calls `each` with the path of every file. */
void simdisk_each(struct simdisk *sim, void (*each)(void *arg, const char *path, uint64_t bytes), void *arg);

/* A copy of everything, with the same chance to come: for trying many ends of one life. */
NODISCARD struct simdisk *simdisk_copy(const struct simdisk *sim);
/* The same at half of the cost, and never with a power cut. */
NODISCARD struct simdisk *simdisk_copy_cache(const struct simdisk *sim);

/*
 * Kills `sim`, a copy of `to`, and makes it like it again, at the cost of what was changed only. `to` was not changed
 * since it was copied.
 */
void simdisk_rewind(struct simdisk *sim, const struct simdisk *to);

/* ---- decay: what reads see, while what is there stays right ------------------------------------------------------ */

struct simdisk_range {
    const char *path; /* NULL when the file has no name any more */
    uint64_t from, to;
    bool unreadable; /* reads of it fail */
};

/* From now on reads see the byte at `at` with one bit flipped, until it is written. False when it is not there. */
NODISCARD bool simdisk_flip(struct simdisk *sim, const char *path, uint64_t at, unsigned bit);

/* The same for `count` bytes that are not those that are there. */
NODISCARD bool simdisk_show(struct simdisk *sim, const char *path, uint64_t at, const void *bytes, size_t count);

/* Reads of any of these bytes fail with -EIO, until they are written. */
NODISCARD bool simdisk_spoil(struct simdisk *sim, const char *path, uint64_t at, uint64_t bytes);

/*
 * The pwrite that comes after `skip` others lands at `at` of the file `path` instead, as far as that file goes, and
 * reports success. False when the file is not there.
 */
NODISCARD bool simdisk_misdirect(struct simdisk *sim, uint64_t skip, const char *path, uint64_t at);

/* The damage number `index`, 0 being the first: what is read there is not what should be. False when there is none. */
bool simdisk_damage(const struct simdisk *sim, size_t index, struct simdisk_range *ret);

/* All damage is gone: reads see what was written. */
void simdisk_heal(struct simdisk *sim);

#endif
