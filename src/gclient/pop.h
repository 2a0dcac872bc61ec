/*
 * pop.h - gclient pop with all that a message has: headers, key, deadline
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_POP_H
#define GMQ_GCLIENT_POP_H

#include "gclient/command.h"

/*
 * Pops by the operation message.pop and prints JSON, a line each, adding to `*popped`. An interrupt ends the program
 * while it waits. Returns the exit code; sets `*ret_known` to false when the node has no operations and nothing was
 * done.
 */
int pop_call(const struct job *job, struct gmq *mq, int64_t *popped, bool *ret_known);

/* Gives the connection the name that --client says. Returns an exit code; a failure was printed. */
int pop_name(const struct job *job, struct gmq *mq);

#endif
