/*
 * life_test.h - a small owner of a log, for tests: it remembers which messages live and where, and nothing else
 *
 * A PUSH carries its id and a body made from the id; an ACK the addresses of what dies; a QUEUE a number, the newest
 * of which lives. The model is changed by life_apply() alone, lived and replayed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_LIFE_TEST_H
#define GMQ_STORE_LIFE_TEST_H

#include <stdatomic.h>

#include "store/bell.h"
#include "store/log.h"

struct life_item {
    uint64_t lsn, id;
};

struct life {
    struct log_options options;
    struct log *log;
    struct log_report report;
    char error[512];
    struct life_item *live; /* in the order of their pushes */
    size_t count, room;
    uint64_t queue_lsn; /* 0 = none */
    uint64_t applied;
    uint64_t last_id; /* ever, in all lives */
    int refused;      /* by log_room */
    bool refuse_load; /* checkpoints are bad for the owner */
    _Atomic uint32_t rung;
    struct bell bell;
};

/* Small settings, no threads; `dir` and `disk` are borrowed. */
void life_init(struct life *life, struct disk *disk, const char *dir);
void life_fini(struct life *life);

/* new, recover, start. What log_recover answers. */
int life_open(struct life *life);
void life_stop(struct life *life); /* orderly; it must succeed */
void life_kill(struct life *life); /* log_free alone */

/*
 * Waits for room, appends and applies. Returns the LSN of the record (a group: the last one's), or 0 when the log
 * takes no more; then `refused` says why.
 */
uint64_t life_push(struct life *life, uint64_t id, size_t body_bytes);
uint64_t life_push_group(struct life *life, uint64_t first_id, size_t count, size_t body_bytes);
uint64_t life_ack(struct life *life, uint64_t lsn);
uint64_t life_queue(struct life *life);

/* Lets the helpers work: until nothing is left to do, or with threads until something was done. */
void life_turn(struct life *life);

/* The same of the writer and the janitor alone, without threads: who reads or looks for something still waits. */
void life_turn_of_writers(struct life *life);

/* Until everything appended is promised / durable, or the log is read-only. */
void life_promise(struct life *life);
void life_sync(struct life *life);

/* Cuts a checkpoint here; the helpers write it. */
void life_checkpoint_begin(struct life *life);

/* Takes a checkpoint and waits for it, or until the log is read-only. */
void life_checkpoint(struct life *life);

/* Where the log ends / how many checkpoints, unlinks and so on there were. */
uint64_t life_tail(const struct life *life);
struct log_stats life_stats(const struct life *life);
bool life_is_read_only(const struct life *life);

/* What log_read answers in the end; with 1 the body is checked against `id`. */
int life_read(struct life *life, uint64_t lsn, uint64_t id);

/* What log_find answers in the end. */
int life_find(struct life *life, uint64_t id, uint64_t *ret_lsn);

bool life_has(const struct life *life, uint64_t id);
uint64_t life_now(void *ctx); /* the real clock */

#endif
