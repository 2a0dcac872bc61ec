/*
 * simdisk_impl.h - the insides of a simulated disk, for simdisk*.c
 *
 * A file has two images of `room` bytes each, zero from `touched` on. Images that are given back are kept for the next
 * file, so that a process that makes many disks seldom asks the system for memory.
 * A patch is what reads see instead of what is there: decay, and writes that went astray. The images below stay right,
 * so that patches can be taken off again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_SIMDISK_IMPL_H
#define GMQ_SIM_SIMDISK_IMPL_H

#include "sim/simdisk.h"

#include <pthread.h>

enum { SECTOR = 512, HANDLES_MAX = 256, NAMES_MAX = 4096, PENDING_MAX = 8192, PATCHES_MAX = 64,
       SINCE_WORDS = 8, BLOCK = 16384 };

struct range {
    uint64_t from, to; /* empty when from >= to */
};

/* Made by one name, kept while a name, a handle or a pending change leads to it. */
struct inode {
    char *cache, *media;
    uint64_t cache_bytes, media_bytes; /* sizes */
    uint64_t room;                     /* of both images */
    uint64_t touched;                  /* both are zero from here on */
    uint64_t claimed;                  /* counts against the disk's room */
    struct range dirty;                /* what the next sync writes */
    struct range differs;              /* outside the images are the same */
    uint64_t since[SINCE_WORDS];       /* a bit a block, taken modulo: what may not be as in `origin` */
    const struct inode *origin;        /* of the disk this one is a copy of; NULL = made since */
    struct inode *next;
    struct inode *copy;                /* while the disk is copied */
    bool no_media;                     /* as the disk's */
    bool used;                         /* while those in use are looked for */
};

struct name {
    char *path;
    struct inode *inode; /* NULL = a directory */
};

struct names {
    struct name at[NAMES_MAX];
    size_t count;
};

enum change_kind { CHANGE_LINK, CHANGE_RENAME, CHANGE_UNLINK };

/* A change of a directory that sync_dir() has not made durable yet. */
struct change {
    enum change_kind kind;
    char *path, *to;
    struct inode *inode;
};

struct fault {
    bool armed, forever;
    uint64_t skip;
    int error;
};

struct patch {
    struct inode *inode;
    uint64_t at;
    size_t bytes;
    char *seen; /* owned; NULL = nothing: reads fail */
};

struct simdisk {
    struct disk disk;
    pthread_mutex_t lock;
    uint64_t random;
    struct inode *inodes;
    struct names live, media;
    struct change pending[PENDING_MAX];
    size_t pending_count;
    struct inode *handles[HANDLES_MAX];
    bool locked;
    bool no_media; /* there is a cache only: the power is never cut */
    uint64_t ops, stop_at; /* stop_at 0 = never */
    uint64_t room;
    struct fault faults[SIMDISK_OPS];
    struct patch patches[PATCHES_MAX];
    size_t patch_count;
    struct {
        bool armed;
        uint64_t skip;
        struct inode *inode; /* where the pwrite goes instead */
        uint64_t at;
    } astray;
};

/* ---- simdisk_file.c ---------------------------------------------------------------------------------------------- */

struct inode *inode_new(struct simdisk *sim);
void inode_free(struct inode *inode);

/* Makes room for a file of so many bytes. */
void inode_grow(struct inode *inode, uint64_t bytes);

/* The bytes [from, to) of the cache were changed. */
void inode_touch(struct inode *inode, uint64_t from, uint64_t to);

void inode_sync(struct inode *inode);

/* The power is gone: of every sector that differs one of the two versions stays; of the size too. */
void inode_tear(struct inode *inode, uint64_t (*random)(struct simdisk *sim), struct simdisk *sim);

/* `to` is like `from`, whose copy it is. */
void inode_copy(struct inode *to, const struct inode *from);

/* `inode` is as its origin is. */
void inode_rewind(struct inode *inode);

/* Reads see `bytes` bytes of `seen` at `at`; NULL: they fail. */
void patch_add(struct simdisk *sim, struct inode *inode, uint64_t at, const void *seen, size_t bytes);

bool patch_forbids(const struct simdisk *sim, const struct inode *inode, uint64_t at, size_t bytes);

/* What a read of [at, at + bytes) sees; `to` holds what is there. */
void patch_read(const struct simdisk *sim, const struct inode *inode, char *to, uint64_t at, size_t bytes);

/* A sound write: what it covers is seen again. */
void patch_write(struct simdisk *sim, const struct inode *inode, const char *from, uint64_t at, size_t bytes);

void patch_drop(struct simdisk *sim, size_t index);

#endif
