/*
 * help.h - the table of commands as text, as a manual page and as JSON
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_HELP_H
#define GMQ_GCLIENT_HELP_H

#include "base/buf.h"
#include "gclient/command.h"

struct help_exit {
    int code;
    const char *means;
};

struct help_variable {
    const char *name;
    const char *means;
};

extern const struct help_exit HELP_EXITS[];
extern const size_t HELP_EXITS_COUNT;
extern const struct help_variable HELP_VARIABLES[];
extern const size_t HELP_VARIABLES_COUNT;

/* The help of one command, or of all with NULL. */
NODISCARD bool help_text(struct buf *out, const struct command *command);

/* gclient(1), in man(7). */
NODISCARD bool help_man(struct buf *out);

/* Everything that is in the tables, as one JSON object. */
NODISCARD bool help_json(struct buf *out);

/* Prints the help of one command, or of all with NULL; returns the exit code. */
int help_print(const struct command *command);

#endif
