/*
 * figures.h - the figures of topics as rows of a table: gclient topic list and gclient top
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_FIGURES_H
#define GMQ_GCLIENT_FIGURES_H

#include "gclient/table.h"
#include "gclient/tree.h"

enum { FIGURES_COLUMNS = 10 };

extern const struct table_column FIGURES[FIGURES_COLUMNS];

/* Adds the row of a topic, as topic.list has it. `now_ms` is the wall clock's. */
void figures_row(struct table *table, struct json_object *topic, uint64_t now_ms);

/* What is paused: "", "paused", "pushes paused" or "pops paused". */
const char *figures_paused(struct json_object *topic);

/* A rate in few digits: 0, 0.05, 1.2, 31, 12k, 1.3M. */
void figures_rate(double rate, char to[16]);

#endif
