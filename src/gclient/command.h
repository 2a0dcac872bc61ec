/*
 * command.h - the commands of gclient's own form, and the one table of them and of their flags
 *
 * What   `gclient COMMAND [WORDS] [FLAGS]`. A command gets its words and flags read and counted and its addresses
 *        settled, does its work, and returns an exit code. Help, usage lines, completion and the manual page are made
 *        from the tables.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_COMMAND_H
#define GMQ_GCLIENT_COMMAND_H

#include "gclient/flags.h"

#include <gmq.h>

/* A bit for each command. */
#define FOR_PUSH (UINT64_C(1) << 0)
#define FOR_POP (UINT64_C(1) << 1)
#define FOR_ACK (UINT64_C(1) << 2)
#define FOR_DEAD (UINT64_C(1) << 3)
#define FOR_SET (UINT64_C(1) << 4)
#define FOR_STAT (UINT64_C(1) << 5)
#define FOR_TOPICS (UINT64_C(1) << 6)
#define FOR_NODES (UINT64_C(1) << 7)
#define FOR_BENCH (UINT64_C(1) << 8)
#define FOR_LATENCY (UINT64_C(1) << 9)
#define FOR_CHECK (UINT64_C(1) << 10)
#define FOR_CONTEXT (UINT64_C(1) << 11)
#define FOR_ERRORS (UINT64_C(1) << 12)
#define FOR_COMPLETION (UINT64_C(1) << 13)
#define FOR_HELP (UINT64_C(1) << 14)
#define FOR_PEEK (UINT64_C(1) << 15)
#define FOR_GET (UINT64_C(1) << 16)
#define FOR_HISTORY (UINT64_C(1) << 17)
#define FOR_CANCEL (UINT64_C(1) << 18)
#define FOR_RESCHEDULE (UINT64_C(1) << 19)
#define FOR_PROMOTE (UINT64_C(1) << 20)
#define FOR_NACK (UINT64_C(1) << 21)
#define FOR_REJECT (UINT64_C(1) << 22)
#define FOR_TOUCH (UINT64_C(1) << 23)
#define FOR_REDRIVE (UINT64_C(1) << 24)
#define FOR_PURGE (UINT64_C(1) << 25)
#define FOR_PAUSE (UINT64_C(1) << 26)
#define FOR_RESUME (UINT64_C(1) << 27)
#define FOR_TOPIC (UINT64_C(1) << 28)
#define FOR_JOBS (UINT64_C(1) << 29)
#define FOR_NODE (UINT64_C(1) << 30)
#define FOR_CONSUMERS (UINT64_C(1) << 31)
#define FOR_TOP (UINT64_C(1) << 32)
#define FOR_TAIL (UINT64_C(1) << 33)

/* What speaks to a node by operations, `call` of the TCP protocol. */
#define FOR_OPS                                                                                        \
    (FOR_PEEK | FOR_GET | FOR_HISTORY | FOR_CANCEL | FOR_RESCHEDULE | FOR_PROMOTE | FOR_NACK |         \
     FOR_REJECT | FOR_TOUCH | FOR_REDRIVE | FOR_PURGE | FOR_PAUSE | FOR_RESUME | FOR_TOPIC | FOR_JOBS | \
     FOR_CONSUMERS | FOR_TOP | FOR_TAIL)
#define FOR_TCP (FOR_PUSH | FOR_POP | FOR_ACK | FOR_DEAD | FOR_SET | FOR_BENCH | FOR_CHECK | FOR_OPS)
#define FOR_HTTP (FOR_STAT | FOR_TOPICS | FOR_BENCH | FOR_LATENCY | FOR_CHECK | FOR_NODE)
#define FOR_ASKING (FOR_TCP | FOR_HTTP | FOR_NODES) /* what speaks to a node or the registry */
#define FOR_ALL (FOR_ASKING | FOR_CONTEXT | FOR_ERRORS | FOR_COMPLETION | FOR_HELP)

#define COMMAND_NO_WAIT UINT64_MAX
#define COMMAND_NOT_GIVEN UINT64_MAX /* a time that may be 0 */

/* Thresholds of check; negative = none. */
struct limits {
    int64_t warn, max;
};

/* The settings of a topic as typed, NULL = not given; "default" takes one back. See topic_settings_args(). */
struct topic_words {
    const char *ttr, *max_retries, *auto_ack, *retry, *delays, *cap, *jitter, *idle;
    const char *max_messages, *max_bytes, *max_age, *over;
};

/* What the flags of all commands say. Addresses that were not given are NULL until where.h has settled them. */
struct values {
    const char *node, *http, *registry, *context;
    uint64_t timeout_ms;
    uint64_t delay_ms; /* 0 or COMMAND_NOT_GIVEN when it was not given, by command */
    uint64_t wait_ms; /* COMMAND_NO_WAIT: not given */
    int64_t count; /* 0 = not given, for bench and latency */
    const char *suffix;
    const char *client; /* the name of who pops */
    bool json, raw, ack, quiet, no_progress, original, yes;

    int64_t clients, batch, in_flight, rate; /* bench */
    uint64_t size, duration_ms, interval_ms;
    const char *csv;
    bool keep;

    struct limits ready, delayed, flying, dead; /* check */
    uint64_t latency_warn_ms, latency_max_ms;   /* 0 = none */
    const char *format;

    const char *state, *from, *cursor, *body, *text, *key; /* peek and its like */
    int64_t limit, body_bytes; /* 0 = not given */
    uint64_t older_ms;         /* 0 = not given */
    const char *at, *until;    /* RFC 3339 */
    const char *reason, *to;
    uint64_t ttr_ms;               /* COMMAND_NOT_GIVEN */
    uint64_t lifetime_ms, for_ms; /* 0 = not given */
    int64_t max_retries;                  /* -1 = not given */
    const char *dedup_key;
    struct flag_list headers; /* "name:value" */
    bool no_retry, all, cancel, auto_ack, push_side, pop_side;
    struct topic_words settings;
    const char *sort; /* top */
    bool once;

    const char *description; /* context */
    bool man;                /* help */
};

struct job {
    struct values values;
    const char **words; /* behind the command's name */
    size_t word_count;
};

struct command {
    const char *name;
    uint64_t bit;
    /*
     * "TOPIC BODY". Completion reads it, too: TOPIC, CONTEXT, COMMAND and ERROR stand for what there is of them,
     * `a|b` and `a|TOPIC` for choices, brackets and dots for nothing.
     */
    const char *words;
    size_t words_min, words_max;
    const char *summary;
    const char *details; /* further lines, or "" */
    const char *examples;
    int (*run)(const struct job *job);
};

extern const struct command COMMANDS[];
extern const size_t COMMANDS_COUNT;
extern const struct flag COMMAND_FLAGS[];
extern const size_t COMMAND_FLAGS_COUNT;

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* Runs the command that argv[1] names; returns the exit code. */
int command_main(const struct command *command, int argc, char **argv);

/* The values before any flag is read. */
struct values command_defaults(const struct command *command);

/* A handle for the node of `--node`; NULL without memory. The caller frees it. */
struct gmq *command_node(const struct values *values);

/* Prints what a request failed with; returns the exit code. */
int command_failed(const struct gmq *mq, int err);

int push_run(const struct job *job);
int pop_run(const struct job *job);
int dead_run(const struct job *job);
int ack_run(const struct job *job);
int set_run(const struct job *job);
int stat_run(const struct job *job);
int topics_run(const struct job *job);
int nodes_run(const struct job *job);
int bench_run(const struct job *job);
int latency_run(const struct job *job);
int monitor_run(const struct job *job);
int context_run(const struct job *job);
int errors_run(const struct job *job);
int completion_run(const struct job *job);
int help_run(const struct job *job);

/* Operations. */
int peek_run(const struct job *job);
int get_run(const struct job *job);
int history_run(const struct job *job);
int cancel_run(const struct job *job);
int reschedule_run(const struct job *job);
int promote_run(const struct job *job);
int nack_run(const struct job *job);
int reject_run(const struct job *job);
int touch_run(const struct job *job);
int redrive_run(const struct job *job);
int purge_run(const struct job *job);
int pause_run(const struct job *job);
int resume_run(const struct job *job);
int topic_run(const struct job *job);
int jobs_run(const struct job *job);
int node_run(const struct job *job);
int consumers_run(const struct job *job);
int top_run(const struct job *job);
int tail_run(const struct job *job);

#endif
