/*
 * janitor.h - the thread for slow work on files: spare and reserves, checkpoints, removal of dead segments
 *
 * What   Takes jobs from the loop in order and reports each as done, with 0 or -errno.
 *          SPARE, RESERVE*     the file exists with room for `bytes`, durable; `bytes` is then its real room.
 *                              A spare that finds no room is made smaller, by halves, down to 1 MiB; and none is
 *                              made before the reserves in ckpt/ have `checkpoint_bytes` each, so that dead segments
 *                              can go.
 *                              Without room on the disk it is reported as failed once, and tried again every second
 *                              and after each removal until it succeeds; then it is reported again with 0.
 *          CHECKPOINT          write, sync, read back and compare, rename, sync the directory; then remove all
 *                              checkpoints but it and `keep`. Ownership of `checkpoint` goes there and back.
 *          UNLINK              the segment at `base` is removed, or returns when it was not there
 *          DROP_CHECKPOINT     the checkpoint at `base` is removed, or becomes a reserve: checkpoint_drop()
 * Thread One janitor_step() at a time; the loop pushes to `jobs` and takes from `dones` only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_JANITOR_H
#define GMQ_STORE_JANITOR_H

#include "store/bell.h"
#include "store/chan.h"
#include "store/checkpoint.h"
#include "store/disk.h"

#define SPARE_NAME "log/next.tmp"
#define RESERVE_NAME "log/reserve.tmp"
#define RESERVE2_NAME "log/reserve2.tmp"

enum job_kind { JOB_SPARE, JOB_RESERVE, JOB_RESERVE2, JOB_CHECKPOINT, JOB_UNLINK, JOB_DROP_CHECKPOINT };

enum { JANITOR_FILES = 3, SPARE_BYTES_MIN = 1024 * 1024 };

struct job {
    enum job_kind kind;
    int result;
    uint64_t bytes; /* SPARE, RESERVE*: of the file */
    uint64_t wanted_bytes;     /* SPARE, RESERVE*: `bytes` as it was asked for */
    uint64_t checkpoint_bytes; /* SPARE: what the next checkpoint may take */
    uint64_t base;  /* UNLINK, DROP_CHECKPOINT */
    uint64_t keep;  /* CHECKPOINT: cut of another one to keep, 0 = none */
    struct checkpoint *checkpoint;
};

enum janitor_order {
    JANITOR_RUN,
    JANITOR_FINISH, /* do the jobs that wait, then end */
    JANITOR_KILL,
};

enum { JANITOR_JOBS = 64 };

struct janitor {
    struct disk *disk;
    const char *dir;
    uint64_t (*clock_ns)(void *ctx);
    void *clock_ctx;
    void (*wake)(void *ctx);
    void *wake_ctx;

    struct chan jobs, dones;
    struct bell bell;
    _Atomic int order;

    /* the janitor's own: files that found no room, by kind; wanted_bytes 0 = none */
    struct job unmet[JANITOR_FILES];
    uint64_t retry_ns;
};

/* Takes the memory it needs; the configuration above the first blank line is filled in already. False: no memory. */
NODISCARD bool janitor_init(struct janitor *janitor);

/* Gives all back, checkpoints of jobs not done too. */
void janitor_fini(struct janitor *janitor);

bool janitor_step(struct janitor *janitor);

/* The thread; `arg` is the janitor. */
void *janitor_main(void *arg);

/*
 * Makes `name` below `dir`, or takes the file that is there, with room for `bytes`. 0 and its room, or -errno; then the
 * file is as large as it was.
 */
NODISCARD int janitor_prepare(struct disk *disk, const char *dir, const char *name, uint64_t bytes,
                              uint64_t *ret_bytes);

#endif
