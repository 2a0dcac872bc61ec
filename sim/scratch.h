/*
 * scratch.h - what a disk holds, without the broker: its log recovered into an engine of its own, and its records
 *
 * For trials on copies of the life's disk, and for looks at what lies there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_SCRATCH_H
#define GMQ_SIM_SCRATCH_H

#include "sim/life.h"

struct scratch {
    struct log *log;
    struct engine *engine;
    struct log_report report;
    char error[512];
};

/* Recovers what is on `disk` as the life's broker would. The result of log_recover(); scratch_close() in any case. */
NODISCARD int scratch_open(struct scratch *scratch, const struct life *life, struct simdisk *disk);
void scratch_close(struct scratch *scratch);

/* ---- segments on a disk, as they are; decay is not seen ---------------------------------------------------------- */

enum { SHELVES_MAX = 4096 };

struct shelf {
    uint64_t base, bytes;
    const char *file;
};

struct shelves {
    struct simdisk *disk;
    struct shelf at[SHELVES_MAX];
    size_t count;
};

void shelves_list(struct shelves *all, struct simdisk *disk);

/* The record at `lsn`, whole and sound, borrowed from the disk. False when there is none. */
NODISCARD bool shelves_read(const struct shelves *all, uint64_t lsn, struct record *ret);

/* The base of a segment from its path; false when it is something else. */
NODISCARD bool segment_base(const char *path, uint64_t *ret);

#endif
