/*
 * disk.h - the operating system as the store sees it: one table of operations on files
 *
 * What   All file work of the store goes through a struct disk. disk_linux.c is the real one; sim/simdisk.c keeps
 *        everything in memory, tears writes and loses what was not synced.
 * Thread Operations may be called from several threads at once, on different files; pread and pwrite on the same one.
 * Fails  Every operation answers 0 or a count, or -errno. Interrupted and short calls are finished inside: a pwrite
 *        wrote everything or failed. After a failure any part of it may have reached the file.
 *
 * Paths are NUL-terminated and begin with the data directory; names in a listing have no directory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_DISK_H
#define GMQ_STORE_DISK_H

#include <errno.h>

#include "base/base.h"

enum disk_open {
    DISK_READ,   /* an existing file, for pread and size */
    DISK_WRITE,  /* an existing file, for everything */
    DISK_CREATE, /* made when missing, kept when there */
};

struct disk_space {
    uint64_t free; /* of the file system, for those who are not root */
    uint64_t used; /* by the files in the directory, not by those in directories in it */
    uint64_t id;   /* another directory has another one */
};

struct disk {
    void *ctx;
    /* A handle >= 0. */
    int (*open)(void *ctx, const char *path, enum disk_open how);
    void (*close)(void *ctx, int file);
    int (*pwrite)(void *ctx, int file, const void *from, size_t bytes, uint64_t at);
    /* The count read; less than `bytes` only at the end of the file. */
    int64_t (*pread)(void *ctx, int file, void *to, size_t bytes, uint64_t at);
    /* Contents and size are durable when it returns 0. Never repeat one that failed: the pages count as clean then. */
    int (*sync)(void *ctx, int file);
    /* Claims room for the first `bytes` bytes, which read as zero where nothing was written; never shrinks. */
    int (*allocate)(void *ctx, int file, uint64_t bytes);
    int (*truncate)(void *ctx, int file, uint64_t bytes);
    int64_t (*size)(void *ctx, int file);
    /* Durable only after sync_dir() of their directory, as is the creation of a file. */
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
    int (*make_dir)(void *ctx, const char *path); /* 0 also when it is there */
    int (*sync_dir)(void *ctx, const char *path);
    /* How much is free around the directory, and how much its files take. -ENOENT when it is gone. */
    int (*space)(void *ctx, const char *path, struct disk_space *ret);
    /* The file will not be read again soon: what is kept of it in memory, and is on the disk, may go. */
    void (*forget)(void *ctx, int file);
    /* What the calling thread does with files goes after what others do, until `false`; it still goes on. */
    void (*go_last)(void *ctx, bool last);
    int (*list)(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg);
    /*
     * Takes the lock file, made when missing, for this process, and writes its pid there. A handle >= 0, or
     * -EWOULDBLOCK when another holds it; then `ret_pid` is the holder's pid, 0 where it is unknown.
     */
    int (*lock)(void *ctx, const char *path, uint64_t *ret_pid);
    /*
     * Holds the lock file that is there against a node that would start, without changing it; several may. A handle
     * for unlock(), or -EWOULDBLOCK as above, or -ENOENT when there is none.
     */
    int (*hold)(void *ctx, const char *path, uint64_t *ret_pid);
    void (*unlock)(void *ctx, int lock);
};

/* Is this the error of a disk without room, or of a file that may not grow (a quota, RLIMIT_FSIZE)? */
static inline bool disk_is_full(int rc) { return rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG; }

/* Fills in the operations of the real file system. */
void disk_linux_init(struct disk *disk);

#endif
