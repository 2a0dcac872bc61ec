/*
 * check.h - is a data directory sound, and what would a start do with it?
 *
 * What   check_run() reads every segment and every checkpoint, replays as a start would on a disk that forgets what is
 *        written (store/disk_dry.h), then holds the state that came out against the files: each message must have its
 *        record, each segment as many messages as it is counted to have. Nothing is changed anywhere.
 * Needs  The directory to itself: the caller holds its lock. About as long as reading all files twice, and 24 bytes a
 *        message besides the state.
 * Never  Believes a number that stands in a file: damage of any kind ends as a finding.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_CHECK_H
#define GMQ_GNODE_CHECK_H

#include "engine/engine.h"
#include "store/disk_dry.h"
#include "store/log.h"
#include "store/survey.h"

enum { CHECK_CHECKPOINTS_MAX = 16, CHECK_LINES_BYTES = 1 << 20, CHECK_MESSAGES_TOLD = 100 };

/* What is said of a file, or of the whole; also the exit code of --check. */
enum check_verdict { CHECK_SOUND, CHECK_DAMAGED, CHECK_IMPOSSIBLE };

struct check_checkpoint {
    uint64_t cut;
    struct checkpoint_header header; /* zero when nothing of it can be read */
    const char *fault;               /* NULL = sound */
};

/* One a segment of the survey, in its order. */
struct check_segment {
    bool kept;                   /* false: a start removes it */
    bool uncounted;              /* damage was passed over in it: the counts say nothing */
    bool blind;                  /* which of its records are dead is not known */
    uint64_t live, pins;         /* as the log counts them */
    uint64_t alive;              /* records that can die one by one and are not known to be dead */
    uint64_t live_seen, pins_seen; /* as the state has them */
    size_t known;                /* damaged ranges that a start has quarantined before */
};

/* How many tracked records of the segment at `base` are not known to be dead. */
struct check_alive {
    uint64_t base, count;
};

struct check {
    struct disk *disk; /* borrowed */
    const char *dir;   /* borrowed */
    char error[640];   /* why nothing could be said: CHECK_IMPOSSIBLE */
    struct disk_dry dry;
    struct log *log;
    struct engine *engine;
    struct log_report report;
    struct survey survey;
    struct check_segment *segments;
    struct check_alive *alive; /* of the segments that were read, in order */
    size_t alive_count;
    struct check_checkpoint checkpoints[CHECK_CHECKPOINTS_MAX];
    size_t checkpoint_count;
    uint64_t messages, unreadable; /* of the state; of them those without a record */
    uint64_t mended;               /* as engine_mend() */
    uint64_t damaged;              /* findings that are damage */
    struct buf damage, notes, plan; /* lines: what is damaged; what is worth knowing; what a start would do */
};

/* Fills `ret`, which check_free() takes in every case. `repair` as in struct log_options. */
NODISCARD enum check_verdict check_run(struct check *ret, struct disk *disk, const char *dir, bool repair);
void check_free(struct check *check);

/* Has a start copied this range to the quarantine? */
NODISCARD bool check_is_quarantined(struct disk *disk, const char *dir, const struct survey_range *range);

#endif
