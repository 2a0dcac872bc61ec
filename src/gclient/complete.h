/*
 * complete.h - what may stand next on a command line
 *
 * What   The scripts that `gclient completion SHELL` prints call `gclient __complete WORD...` with the words behind
 *        `gclient`, the last one unfinished and perhaps empty. It prints a line for each candidate, `WORD<tab>REMARK`,
 *        or the single line `:files`. So all shells offer the same, and that is what the tables of command.h hold.
 * Never  An error message, and never longer than COMPLETE_TIMEOUT_MS for asking the node.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_COMPLETE_H
#define GMQ_GCLIENT_COMPLETE_H

#include "base/buf.h"

#define COMPLETE_COMMAND "__complete"

enum { COMPLETE_TIMEOUT_MS = 1000, COMPLETE_BYTES_MAX = 4 << 20 };

/* Where names come from: `each` is called for every topic of the node that `words` point at, or for every context. */
struct complete_source {
    void (*topics)(void *ctx, int count, char **words, void (*each)(void *to, const char *name), void *to);
    void (*contexts)(void *ctx, void (*each)(void *to, const char *name), void *to);
    void *ctx;
};

/* Appends the candidates for the last of `count` words (0: none, as for an empty one). False without memory. */
NODISCARD bool complete_words(const struct complete_source *source, int count, char **words, struct buf *out);

/* The `at`th word of "TOPIC on|off", or an empty one; a last one with dots stands for all behind it. */
struct slice complete_kind(const char *words, size_t at);

int complete_main(int count, char **words);

#endif
