/*
 * facts.h - messages as a node describes them, for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_FACTS_H
#define GMQ_GCLIENT_FACTS_H

#include "gclient/table.h"
#include "gclient/tree.h"

enum { FACTS_BODY_COLUMNS = 60 };

/* The columns of a table of messages that are in that state. */
const struct table_column *facts_columns(const char *state, size_t *ret_count);

/* Adds a row. `now_ms` is the wall clock's. */
void facts_row(struct table *table, const char *state, struct json_object *facts, uint64_t now_ms);

/* Appends all facts of one message, a line each, and its body. */
NODISCARD bool facts_append(struct buf *out, struct json_object *facts);

/* Appends `columns` columns of a body in its readable form, in one line. */
NODISCARD bool facts_append_body(struct buf *out, struct json_object *facts, size_t columns);

#endif
