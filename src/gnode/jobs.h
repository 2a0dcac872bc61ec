/*
 * jobs.h - work on the dead letters of a topic: some or all of them go back to work, or are deleted
 *
 * What   A job goes through the dead letters that there are when it begins, the oldest first, a bounded number a turn,
 *        and at no more than its rate. Each is moved or deleted by records that stand or fall together, so a crash in
 *        the middle leaves every message in exactly one place. Jobs themselves are known in this life of the node only:
 *        who wants the rest done after a crash begins another one.
 * Bounds At most JOBS_RUNNING_MAX run at a time; the newest JOBS_KEPT are remembered.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_JOBS_H
#define GMQ_GNODE_JOBS_H

#include "base/buf.h"
#include "wire/report.h"

struct broker;

enum { JOBS_RUNNING_MAX = 16, JOBS_KEPT = 100 };

struct job {
    uint64_t id;
    enum job_kind kind;
    enum job_state state;
    uint32_t queue;
    char *topic, *to;      /* `to`: NULL = they stay in their topic */
    uint64_t delay_ms;
    uint64_t *ids;         /* ascending; NULL = no matter */
    size_t id_count, id_at;
    bool by_id;            /* each is located, and not all dead letters are gone through */
    uint64_t older_ms;     /* dead for so long when it began */
    char *text;            /* a piece of the body or of the reason, `text_len` bytes; NULL = no matter */
    size_t text_len;
    uint64_t rate;         /* messages a second, 0 = as fast as it goes */
    uint64_t credit;       /* thousandths of messages that the rate allows now, ... */
    uint64_t credit_ms;    /* ... as of then */
    uint64_t at_ref, end_ref; /* the next dead letter, and the last one that there was */
    uint64_t looked_at, done, started_ms, ended_ms;
    uint64_t end_lsn;      /* end of its last record */
    uint64_t due_ms;       /* when it goes on; UINT64_MAX = on a wake, it waits for a read */
    int err;               /* JOB_FAILED: why */
    const char *word;
};

struct jobs {
    struct job *kept[JOBS_KEPT]; /* a ring: job number n stands at n % JOBS_KEPT */
    uint64_t count;              /* ever, in this life */
    unsigned running;
    struct buf copy;             /* a message on its way to another topic */
};

void jobs_init(struct jobs *jobs, size_t message_bytes_max);
void jobs_fini(struct jobs *jobs);

/* Does a part of the work of all jobs; returns when it must be called next, ms (UINT64_MAX = on a wake). */
uint64_t jobs_turn(struct broker *broker, uint64_t now_ms);

/* Does a part of the work of one that is running; looks at up to `looks` messages. It may be over then. */
void job_work(struct broker *broker, struct job *job, uint64_t now_ms, unsigned looks);

/* It is over: what it needed for its work is given back. */
void job_end(struct broker *broker, struct job *job, enum job_state state, uint64_t now_ms);

#endif
