/*
 * look.h - lists and facts of messages, as several commands want them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_LOOK_H
#define GMQ_GCLIENT_LOOK_H

#include "gclient/ask.h"

struct look {
    const struct values *values; /* from, text, older_ms, cursor, body of them */
    const char *topic;
    const char *state;
    const char *body; /* when the values have none */
    uint64_t limit;
    bool json;
};

/* Prints the messages of a topic that are in a state; returns the exit code. */
int look_list(const struct look *look);

/* Prints one message, by its id, or with a NULL id the one of --key; returns the exit code. */
int look_get(const struct values *values, const char *topic, const char *id);

/* body and body_bytes. */
void look_body_args(struct ask *ask, const struct values *values, const char *otherwise);

/* Appends an event of a history as a line without its end. */
NODISCARD bool look_append_event(struct buf *out, struct json_object *event);

#endif
