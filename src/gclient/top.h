/*
 * top.h - what gclient top shows: topics, sorted, in a screen of so many lines and columns
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TOP_H
#define GMQ_GCLIENT_TOP_H

#include "base/buf.h"
#include "gclient/tree.h"

/* By which column of figures.h. */
enum top_sort {
    TOP_NAME,
    TOP_READY,
    TOP_DELAYED,
    TOP_FLIGHT,
    TOP_DEAD,
    TOP_PUSH,
    TOP_POP,
    TOP_OLDEST,
    TOP_CONSUMERS,
    TOP_SORTS,
};

extern const char *const TOP_SORT_WORDS[TOP_SORTS];

/* All topics of one look; owned. */
struct top_topics {
    struct json_object **list;
    size_t count, size;
};

struct top_view {
    enum top_sort sort;
    bool turned;           /* the other way round */
    const char *addr;
    const char *trouble;   /* why the figures are old, or NULL */
    uint64_t now_ms;       /* wall clock */
    size_t lines, columns; /* of the screen; 0 = no end */
    bool fancy;            /* bold */
    bool keys;             /* there is somebody to press them */
};

/* Takes a reference; false without memory. */
NODISCARD bool top_add(struct top_topics *topics, struct json_object *topic);
void top_clear(struct top_topics *topics);

/* Large figures first, names from a to z, the oldest first; equal ones by name. */
void top_sort(const struct top_topics *topics, const struct top_view *view);

/* Appends the lines of the screen, each ended by `end`. */
NODISCARD bool top_draw(struct buf *out, const struct top_topics *topics, const struct top_view *view, const char *end);

/* Appends `{"at":TIME,"topics":[...]}` of all topics. */
NODISCARD bool top_json(struct buf *out, const struct top_topics *topics, uint64_t now_ms);

#endif
