/*
 * command.h - the commands of gclient's own form, and the one table of them and of their flags
 *
 * What   `gclient COMMAND [WORDS] [FLAGS]`. A command gets its words and flags read and counted, does its work through
 *        libgmq, and returns an exit code. Help, usage lines and the completion of defaults come from the table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_COMMAND_H
#define GMQ_GCLIENT_COMMAND_H

#include "gclient/flags.h"

#include <gmq.h>

enum command_bits {
    FOR_PUSH = 1,
    FOR_POP = 2,
    FOR_ACK = 4,
    FOR_DEAD = 8,
    FOR_SET = 16,
    FOR_STAT = 32,
    FOR_TOPICS = 64,
    FOR_NODES = 128,
    FOR_TCP = FOR_PUSH | FOR_POP | FOR_ACK | FOR_DEAD | FOR_SET,
    FOR_HTTP = FOR_STAT | FOR_TOPICS,
    FOR_ALL = FOR_TCP | FOR_HTTP | FOR_NODES,
};

#define COMMAND_NO_WAIT UINT64_MAX

/* What the flags of all commands say. */
struct values {
    const char *node, *http, *registry;
    uint64_t timeout_ms, delay_ms;
    uint64_t wait_ms; /* COMMAND_NO_WAIT: not given */
    int64_t count;
    const char *suffix;
    bool json, raw, ack, quiet, no_progress, original;
};

struct job {
    struct values values;
    const char **words; /* behind the command's name */
    size_t word_count;
};

struct command {
    const char *name;
    unsigned bit;
    const char *words; /* "TOPIC BODY" */
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

/* Prints the help of one command, or of all with NULL, on standard output. */
void command_help(const struct command *command);

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

#endif
