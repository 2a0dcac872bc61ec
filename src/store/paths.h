/*
 * paths.h - the names of the files below the data directory
 *
 *   LOCK                    held while a node runs; holds its pid
 *   log/%016x.seg           a raw segment, named by its base LSN
 *   log/%016x-%016x.%u.seg  a compacted one: the range of LSNs in it, its generation, 1 and up
 *   log/compact.tmp         one that is being written
 *   log/next.tmp            preallocated spare: becomes the next segment by a rename
 *   log/heal.tmp            a segment that takes the place of one that failed, until it is whole
 *   log/reserve.tmp         preallocated reserves: they become segments
 *   log/reserve2.tmp        when the disk is full
 *   ckpt/%016x.ckpt         a checkpoint, named by its cut; the newest two are kept
 *   ckpt/%016x.tmp          a checkpoint being written
 *   ckpt/reserve.tmp, reserve2.tmp  room for two more checkpoints when the disk is full
 *   quarantine/             damaged bytes cut out by recovery: %016x-%016x.bin and .txt
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_PATHS_H
#define GMQ_STORE_PATHS_H

#include "base/base.h"

enum {
    PATH_BYTES = 1024,
    PATH_DIR_BYTES_MAX = 900, /* of the data directory: leaves room for every name above */
};

struct path {
    char text[PATH_BYTES];
};

/* `dir`/`name`. */
struct path path_of(const char *dir, const char *name);
struct path path_segment(const char *dir, uint64_t base);

/* What a segment's file is called by. Of two that cover an address the one of the higher generation counts. */
struct segment_name {
    uint64_t base, end;  /* end only in a compacted one, else 0 */
    uint32_t generation; /* 0 = raw */
};

struct path path_named(const char *dir, const struct segment_name *name);
struct path path_checkpoint(const char *dir, uint64_t cut);
struct path path_checkpoint_tmp(const char *dir, uint64_t cut);
struct path path_quarantine(const char *dir, uint64_t begin, uint64_t end, const char *suffix);

/* Is `name` (without directory) that of a segment, raw or compacted, at addresses that there are? */
NODISCARD bool path_parse_segment(const char *name, struct segment_name *ret);

/* Is `name` (without directory) 16 lower-case hex digits and then `suffix`? */
NODISCARD bool path_parse(const char *name, const char *suffix, uint64_t *ret_number);

#endif
