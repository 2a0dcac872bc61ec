/*
 * tail.h - which messages of a topic are new since the last look
 *
 * What   A look lists the ready messages from the youngest on and stops where it meets what it saw before: several in a
 *        row, since a message that was given back stands at the end again. A message is known by its id and how often
 *        it came back.
 * Missed What was pushed, less what is delayed, cancelled, expired or was shown: it came and went between two looks. It
 *        is never counted too high by what comes back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TAIL_H
#define GMQ_GCLIENT_TAIL_H

#include "base/base.h"

enum { TAIL_SEEN = 8192, TAIL_MARKS = 8, TAIL_PAGE = 200, TAIL_LOOK_MAX = 2000 };

struct tail_key {
    uint64_t id, retries;
};

/* What was seen last, a ring. */
struct tail_seen {
    struct tail_key keys[TAIL_SEEN];
    size_t count, next;
};

bool tail_was_seen(const struct tail_seen *seen, struct tail_key key);
void tail_saw(struct tail_seen *seen, struct tail_key key);

/* Figures of a topic, ever. */
struct tail_figures {
    uint64_t pushed, delayed, gone; /* gone: expired and deleted */
};

struct tail_count {
    struct tail_figures start;
    uint64_t shown, told; /* messages printed; missed ones that were told of */
};

/* How many more were missed by now; counts them as told. Figures that went back begin anew. */
uint64_t tail_missed(struct tail_count *count, const struct tail_figures *now);

#endif
