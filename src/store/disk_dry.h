/*
 * disk_dry.h - a disk that reads from another and changes nothing: what a start would do, without doing it
 *
 * What   Reads go through. Whatever would change something succeeds and is forgotten; a file that would be made is
 *        empty, and as long as it was claimed to be. The lock is always free: the caller has looked after it.
 * Use    log_recover() on it reads a directory as a start would. Nothing that was written can be read back, so it is
 *        not for log_start().
 * Thread Of one thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_DISK_DRY_H
#define GMQ_STORE_DISK_DRY_H

#include "store/disk.h"

enum { DRY_FILES_MAX = 16 }; /* new files open at a time */

struct disk_dry {
    struct disk disk; /* what is handed on */
    struct disk *inner;
    struct {
        bool used;
        uint64_t bytes;
    } files[DRY_FILES_MAX];
    /* Told what would be removed; may be NULL. */
    void (*unlinked)(void *ctx, const char *path);
    void *ctx;
};

/* `inner` is borrowed. */
void disk_dry_init(struct disk_dry *dry, struct disk *inner);

#endif
