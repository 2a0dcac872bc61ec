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

enum command_bits {
    FOR_PUSH = 1 << 0,
    FOR_POP = 1 << 1,
    FOR_ACK = 1 << 2,
    FOR_DEAD = 1 << 3,
    FOR_SET = 1 << 4,
    FOR_STAT = 1 << 5,
    FOR_TOPICS = 1 << 6,
    FOR_NODES = 1 << 7,
    FOR_BENCH = 1 << 8,
    FOR_LATENCY = 1 << 9,
    FOR_CHECK = 1 << 10,
    FOR_CONTEXT = 1 << 11,
    FOR_ERRORS = 1 << 12,
    FOR_COMPLETION = 1 << 13,
    FOR_HELP = 1 << 14,
    FOR_TCP = FOR_PUSH | FOR_POP | FOR_ACK | FOR_DEAD | FOR_SET | FOR_BENCH | FOR_CHECK,
    FOR_HTTP = FOR_STAT | FOR_TOPICS | FOR_BENCH | FOR_LATENCY | FOR_CHECK,
    FOR_ASKING = FOR_TCP | FOR_HTTP | FOR_NODES, /* what speaks to a node or the registry */
    FOR_ALL = FOR_ASKING | FOR_CONTEXT | FOR_ERRORS | FOR_COMPLETION | FOR_HELP,
};

#define COMMAND_NO_WAIT UINT64_MAX

/* Thresholds of check; negative = none. */
struct limits {
    int64_t warn, max;
};

/* What the flags of all commands say. Addresses that were not given are NULL until where.h has settled them. */
struct values {
    const char *node, *http, *registry, *context;
    uint64_t timeout_ms, delay_ms;
    uint64_t wait_ms; /* COMMAND_NO_WAIT: not given */
    int64_t count; /* 0 = not given, for bench and latency */
    const char *suffix;
    bool json, raw, ack, quiet, no_progress, original, yes;

    int64_t clients, batch, in_flight, rate; /* bench */
    uint64_t size, duration_ms, interval_ms;
    const char *csv;
    bool keep;

    struct limits ready, delayed, flying, dead; /* check */
    uint64_t latency_warn_ms, latency_max_ms;   /* 0 = none */
    const char *format;

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
    unsigned bit;
    /*
     * "TOPIC BODY". Completion reads it, too: TOPIC, CONTEXT, COMMAND and ERROR stand for what there is of them,
     * `a|b` for choices, brackets and dots for nothing.
     */
    const char *words;
    size_t words_min, words_max;
    const char *summary;
    const char *details; /* further lines, or "" */
    const char *examples;
    int (*run)(const struct job *job);
    const char *confirm; /* what is asked on a terminal before it runs, unless --yes is given; or NULL */
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

#endif
