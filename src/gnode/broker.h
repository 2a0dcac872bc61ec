/*
 * broker.h - engine and log married: commands in, answers out, nothing answered before its promise is kept
 *
 * What   broker_execute() turns a command into records: it asks the engine what the command would do, appends the
 *        records to the log, applies them, and answers or parks the answer at its LSN. broker_turn() ends a turn of
 *        the loop. No sockets, no clock: time is an argument, so that a whole life can be simulated (sim/).
 * Order  broker_open, then per turn: any number of broker_execute, one broker_turn; broker_close.
 *
 * What a reply waits for (docs/durability.md):
 *   push, mpush, set, dead, pop on an auto-ack topic   the sync mode's watermark of its own record
 *   plain pop, wpop                                    until the PUSHes that it hands out are promised
 *   ack, mack                                          until its records are written
 *   stat                                               nothing
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_BROKER_H
#define GMQ_GNODE_BROKER_H

#include "engine/engine.h"
#include "gnode/holders.h"
#include "gnode/imager.h"
#include "gnode/jobs.h"
#include "gnode/limits.h"
#include "gnode/session.h"
#include "gnode/sweep.h"
#include "gnode/wait.h"
#include "store/log.h"
#include "wire/cmd.h"

struct broker_options {
    unsigned node_id;        /* 1..1024 */
    uint32_t ttr_ms;         /* 1000..300000 */
    uint32_t max_retries;    /* 0..254 */
    uint64_t dedup_window_ms, dedup_keys; /* how long and how many dedup keys are kept; 0 = none. Up to DEDUP_*_MAX */
    uint64_t max_delay_s;
    uint64_t max_message;    /* bytes of a body, and of all bodies of one mpush */
    uint32_t max_batch;      /* messages of one mpush or dead */
    uint64_t max_in_flight;  /* per topic */
    uint32_t max_topics;
    uint64_t topic_idle_ms;  /* empty topics that were not used for so long are deleted; 0 = never */
    uint32_t usage_ms;       /* between looks at all topics for their rates and times; 0 = only when asked for one */
    uint64_t list_memory;    /* bytes for the refs of waiting messages; what is longer goes into the log */
    uint32_t chunk_refs;     /* refs of one piece of a list that does, 1..507; 0 = 507 */
    uint64_t delay_memory;   /* bytes for delayed messages; what is more, and not near its time, goes into the log */
    uint32_t delay_entries;  /* messages of one piece that does, 1..253; 0 = 253 */
    uint32_t tick_moves;     /* of timers on their way to their time, by one TICK; 0 = PAYLOAD_TICK_MOVES_MAX */
    enum log_sync sync;      /* as in the options of the log */
    uint64_t memory_limit;   /* bytes that broker_memory() may come to; 0 = no limit */
    /* Bytes that the doors hold for their clients, and what the process takes with nothing in it; may be NULL. */
    uint64_t (*doors_memory)(void *ctx);
    uint64_t (*doors_owed)(void *ctx); /* of these, of answers that clients have not taken; may be NULL */
    void *doors_ctx;
    struct imager *imager;   /* for images of large states, borrowed until the end; NULL = all are made in the turn */
    /* Formats wall-clock ms as "2006-01-02 15:04:05". */
    void (*format_time)(uint64_t ms, char ret[20]);
    /* Told of every record of this life after it was applied, with its end; NULL = nobody. For simulations. */
    void (*witness)(void *ctx, const struct record *rec, uint64_t end_lsn);
    void *witness_ctx;
};

struct broker {
    struct broker_options options;
    struct engine *engine;
    struct log *log;
    struct log_report report;  /* of the recovery */
    uint64_t mended;           /* messages that it dropped, as engine_mend() says */
    uint64_t ids_end;          /* end of the record that says where ids go on after an unclean stop, or 0 */
    size_t stamp_bytes;        /* PAYLOAD_STAMP_BYTES: ids are ahead of the clock, each push carries its time; or 0 */
    uint32_t name_next, name_end; /* queues [next, end) may have lost their names */
    uint64_t tick_from_ms;     /* no TICK before it */
    uint64_t checkpoint_ms;    /* when the last checkpoint began */
    uint64_t checkpoint_tail;  /* tail of the log after it */
    uint32_t unpin_next;       /* queue to be looked at next before a checkpoint; 0 = none is due */
    bool imaging;              /* the imager makes the image of a checkpoint that was begun */
    bool image_failed;         /* the last one it did not: the next is made in the turn, now */
    uint64_t images_failed;
    struct list parked;        /* sessions with parked replies */
    struct list stalled;       /* sessions whose command is to be tried again */
    struct session *gatherer;  /* at most one `dead` collects bodies at a time */
    unsigned tellings;         /* sessions for which the log is read, history.h */
    unsigned lookers;          /* sessions that collect a page of PEEK */
    uint64_t opened_ms;        /* when this life began */
    struct jobs jobs;          /* on dead letters */
    struct waits waits;        /* sessions that wait for a message */
    struct holders holders;    /* the numbers of clients */
    struct usages usages;      /* what topics are beside their queues */
    struct sweep sweep;        /* what comes to topics with time */
    struct limits_over over;   /* of the push that is being executed */
    bool retry;                /* stalled sessions may be resumed although the log did not move */
    void (*wake)(void *ctx);
    void *wake_ctx;
    uint64_t parked_bytes;     /* of the sessions' parked replies */
    uint64_t unreadable;       /* messages that could not be read back */
    uint64_t lists_aside;      /* pieces of lists that could not be read back */
    size_t aside_next;         /* of the delayed pieces put aside, the next one that is to be tried again */
    size_t aside_left;         /* so many are */
    unsigned trims;            /* PURGE records of this turn that made way in waiting lists */
    unsigned list_work;        /* that lists of topics have done in this turn */
    uint64_t late;             /* delayed messages whose piece was loaded when their time, in this life, had begun */
    bool stopping;             /* commands are refused */
    bool leaving;              /* soon, meanwhile /readyz says so: all is done as ever */
};

/*
 * Opens the data directory and replays it. `log_options` is for log_new(); `wake` is called from any thread when
 * broker_turn() is due. Once the last time in the log is known, start_clock(ctx, last_ms) starts engine time and
 * returns it, ms. 0 or -errno, then `ret_error` says what is wrong.
 */
NODISCARD int broker_open(struct broker *broker, const struct broker_options *options,
                          const struct log_options *log_options, void (*wake)(void *ctx),
                          uint64_t (*start_clock)(void *ctx, uint64_t last_ms), void *ctx, char *ret_error,
                          size_t error_bytes);

/* A last checkpoint, everything synced, the lock dropped. All sessions must be gone. 0 or -errno. */
int broker_close(struct broker *broker);

/* Frees without writing anything: as if the process had been killed. */
void broker_abandon(struct broker *broker);

/*
 * Executes one command of a session that is session_ready(). 0 = it is or will be answered, a wpop perhaps after a
 * wait, in which the session is not ready; -EAGAIN = nothing has
 * happened, the session is stalled and the door submits the same command again on `resume`.
 */
NODISCARD int broker_execute(struct broker *broker, struct session *session, const struct cmd *cmd, uint64_t now_ms);

/* Answers a command that the door itself refused, in order. */
void broker_refuse(struct session *session, int err, uint64_t number, const char *word, bool last);

/*
 * Ends a turn: timers that are due, promises that are kept now, stalled sessions, a checkpoint when it is time,
 * and what came together goes to the log thread. Returns when it must be called next, ms (UINT64_MAX = on a wake).
 */
uint64_t broker_turn(struct broker *broker, uint64_t now_ms);

/* Bytes that the node takes, by its own counts: engine, room for its image, log, parked replies, doors. O(1). */
uint64_t broker_memory(const struct broker *broker);

/*
 * How near memory_limit the node is. At MEMORY_FULL, fifteen sixteenths of it, pushes and new topics are refused; at
 * MEMORY_TIGHT, half of the rest, pops that are to be acked and new connections, too. What is left is for what must go
 * on: acks, timers, answers.
 */
enum memory_state { MEMORY_OK, MEMORY_FULL, MEMORY_TIGHT };
enum memory_state broker_memory_state(const struct broker *broker);

/*
 * May one more be answered who only looks? Else so much waits for clients that do not take it, an eighth of the limit,
 * that others would suffer, or the node is MEMORY_TIGHT.
 */
bool broker_may_look(const struct broker *broker);

/* Nothing parked, nothing stalled, nobody waits: every command so far is answered. */
bool broker_idle(const struct broker *broker);

/* ---- between the files of the broker ----------------------------------------------------------------------- */

/* Room for `bytes` of records now, as log_room(). */
NODISCARD int broker_room(struct broker *broker, size_t bytes, bool essential);

/* The watermark of a promise: the sync mode's, but no more than what is durable until ids_end is. */
uint64_t broker_promised(const struct broker *broker);

/* Completes the record begun by log_begin() and applies it. Returns its end. */
uint64_t broker_apply(struct broker *broker);

/* Appends and applies a QUEUE record with the queue's settings and these flags; room was checked. Returns its end. */
uint64_t broker_append_queue(struct broker *broker, uint32_t number, struct slice name, uint64_t start_ms,
                             uint32_t flags, const struct topic_settings *settings);

/* The same for a queue that is there: its name and start stay. */
uint64_t broker_rewrite_queue(struct broker *broker, const struct queue *queue, uint32_t flags,
                              const struct topic_settings *settings);

/* The same for the node: ids go on after `ids_ms`, and its maximum of retries. */
uint64_t broker_append_node(struct broker *broker, uint64_t ids_ms);

/* What such a record takes at most. */
uint64_t broker_queue_stride(size_t name_bytes);

#endif
