/*
 * push.h - gclient push with what only the operation message.push knows
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_PUSH_H
#define GMQ_GCLIENT_PUSH_H

#include "gclient/command.h"
#include "gclient/out.h"

/* Whether the flags ask for more than a body and a delay of whole seconds. */
bool push_wants_put(const struct values *values);

/* Pushes --count messages and prints their ids; returns the exit code. */
int push_put(const struct job *job, struct gmq *mq, struct slice body, struct out_progress *bar);

/* Prints the id of a pushed message, as the flags want it. */
NODISCARD bool push_print_id(const struct values *values, struct slice id, bool duplicate);

#endif
