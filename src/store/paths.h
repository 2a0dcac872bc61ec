/*
 * paths.h - the names of the files below the data directory
 *
 *   LOCK                    held while a node runs; holds its pid
 *   log/%016x.seg           a segment, named by its base LSN
 *   log/next.tmp            preallocated spare: becomes the next segment by a rename
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
struct path path_checkpoint(const char *dir, uint64_t cut);
struct path path_checkpoint_tmp(const char *dir, uint64_t cut);
struct path path_quarantine(const char *dir, uint64_t begin, uint64_t end, const char *suffix);

/* Is `name` (without directory) 16 lower-case hex digits and then `suffix`? */
NODISCARD bool path_parse(const char *name, const char *suffix, uint64_t *ret_number);

#endif
