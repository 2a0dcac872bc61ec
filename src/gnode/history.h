/*
 * history.h - walks over the log for one message: its story, for HISTORY, and of one that is gone how that was, for GET
 *
 * What   A telling is what the session keeps while the scout of the log reads. It reads TELLING_BYTES_MAX at most, and
 *        TELLINGS_MAX sessions have one at a time; others wait for their turn.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_HISTORY_H
#define GMQ_GNODE_HISTORY_H

#include "gnode/story.h"
#include "gnode/turn.h"

enum { TELLINGS_MAX = 4, TELLING_BYTES_MAX = 256 << 20 };

struct telling {
    struct session_work work;
    struct broker *broker;
    struct story *story;   /* the scout's until the walk has ended */
    struct log_walk *walk;
    bool gap;              /* known before it began */
};

/* That of the session, whose work is one. */
static inline struct telling *telling_of(const struct session *session)
{
    return CONTAINER_OF(session->work, struct telling, work);
}

/*
 * Begins one, which becomes the session's work: the records from `from` on, for `story`, ownership passes. False: there
 * are too many; then `story` stays the caller's.
 */
bool telling_begin(struct turn *turn, struct story *story, uint64_t from);

/* A story on the heap, and its end. */
struct story *telling_story(uint64_t id, uint32_t queue, size_t limit);
void telling_free_story(void *story);

#endif
