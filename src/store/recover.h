/*
 * recover.h - between the files of recovery: recover.c, and recover_pack.c for what concerns compacted segments
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_RECOVER_H
#define GMQ_STORE_RECOVER_H

#include "store/log_impl.h"

/* A file that was found, but is not used. */
struct recovery_loser {
    struct segment_name name;
    bool kept; /* it goes to quarantine/, not away */
};

struct recovery {
    struct log *log;
    struct disk *disk;
    struct log_report *report;
    char *error;
    size_t error_bytes;
    int rc;          /* first failure inside a callback */
    int header_rc;   /* last failure to read a segment's header */
    bool has_uuid;
    uint64_t end;    /* of the log, as far as it was read */
    uint64_t highest; /* no address above was ever named */
    struct recovery_loser *losers;
    size_t loser_count;
    uint64_t durable; /* everything below is known to be durable */
};

/* Damage was found: the owner and the report are told. */
void recover_note(struct recovery *rv, const char *what, uint64_t begin, uint64_t end);

/* One record, in order: the owner gets it, `seg` counts it. */
void recover_apply(struct recovery *rv, struct segment *seg, const struct record *rec);

/*
 * Of files that cover the same addresses only one counts: that of the higher generation. The others leave the table,
 * which is in order, and become losers.
 */
void recover_resolve(struct recovery *rv);

/* Removes the losers, when what counts instead of them is durable. */
void recover_drop_losers(struct recovery *rv);

/* Takes in the segment table of a checkpoint: the counts of each file and which of its records are dead. */
void recover_take_table(struct recovery *rv, const struct checkpoint_view *view);

/* Applies the records of a compacted segment from `from` on. 0 or -errno. */
NODISCARD int recover_replay_pack(struct recovery *rv, struct segment *seg, uint64_t from);

#endif
