/*
 * jobs.h - what a node does in the background, for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_JOBS_H
#define GMQ_GCLIENT_JOBS_H

#include "gclient/ask.h"

/* One line about a job that was just asked for; returns the exit code. */
int jobs_print_started(struct json_object *job);

/* Takes `--count` dead messages off the node and prints them; returns the exit code. */
int dead_take(const struct values *values, const char *topic);

#endif
