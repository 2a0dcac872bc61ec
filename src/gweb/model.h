/*
 * model.h - the topics of all nodes, as the nodes have told them
 *
 * What   Each topic of each node with its figures, kept as the JSON that the node sent, so that what a newer node tells
 *        reaches the pages untouched; what gweb itself counts with is read out of it. Knows what has changed since the
 *        last tick. Pure.
 * Words  A telling is what a node says of all its topics from model_begin() to model_complete(): topics that were not
 *        in it are gone.
 * Bound  MODEL_TOPICS_MAX topics and MODEL_NODE_BYTES_MAX bytes a node, MODEL_JSON_MAX bytes a topic; what is beyond is
 *        left out, and `cut` says so.
 * Cost   About 250 bytes a topic and its JSON (300 to 700 bytes).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_MODEL_H
#define GMQ_GWEB_MODEL_H

#include "base/base.h"
#include "base/buf.h"
#include "base/list.h"
#include "gweb/hash.h"

enum {
    MODEL_NODE_MAX = 1024, /* the largest id */
    MODEL_TOPICS_MAX = 100000,
    MODEL_JSON_MAX = 4096,
    MODEL_KEPT_MAX = 2 * MODEL_TOPICS_MAX, /* of a node, with those that are gone and not told yet */
    MODEL_NODE_BYTES_MAX = 96 << 20,       /* of JSON, of all topics of a node */
};

/* What sums and charts are made of: numbers of messages, then rates in thousandths a second. */
enum figure {
    FIGURE_READY, FIGURE_DELAYED, FIGURE_IN_FLIGHT, FIGURE_DEAD,
    FIGURE_PUSH_RATE, FIGURE_POP_RATE, FIGURE_ACK_RATE, FIGURE_DEAD_RATE,
    FIGURES
};

#define FIGURE_IS_RATE(f) ((f) >= FIGURE_PUSH_RATE)
#define FIGURES_ALL ((1u << FIGURES) - 1)

/* The names of the API: "ready", .., "dead_rate". */
extern const char *const FIGURE_NAMES[FIGURES];

struct figures {
    uint64_t values[FIGURES];
    unsigned known; /* bit f: values[f] is known; others are 0 */
};

struct past_topic;

struct model_topic {
    uint32_t node;
    uint32_t slot;           /* in model.slots */
    uint32_t telling;        /* the last one that it was in */
    bool gone;               /* told at the next tick; then it goes */
    struct list in_changed;
    struct figures figures;
    struct past_topic *past; /* past.c's, given back by free() with the topic; NULL at first */
    char *json;              /* the object without its `{`, as sent; owned */
    uint32_t json_len;
    uint16_t name_len;
    UT_hash_handle hh;
    char key[];              /* the node's id in 4 bytes, then the name */
};

struct model_node {
    uint32_t topics, kept; /* kept: with those that are gone */
    size_t bytes;          /* of their JSON */
    uint32_t telling;
    bool told_all;         /* the telling is complete */
    bool cut;              /* there are topics that are not here */
    struct figures sums;
    uint32_t knowing[FIGURES]; /* how many topics know the figure */
};

struct model {
    struct model_topic *topics; /* uthash, by key */
    struct model_topic **slots; /* NULL = free */
    uint32_t slot_count, slot_size;
    uint32_t *free_slots;
    uint32_t free_count, free_size;
    struct list changed;        /* by in_changed, oldest first */
    struct model_node nodes[MODEL_NODE_MAX + 1]; /* by id */
};

void model_init(struct model *model);
void model_fini(struct model *model);

/* ---- what a node tells; ids are 1..MODEL_NODE_MAX ---------------------------------------------------------------- */

/* What it told before is to be forgotten, as far as it is not told again. */
void model_begin(struct model *model, uint32_t node);

/* A topic's JSON object, which pick_ok() has passed. False: it is none, or too long, or there are too many. */
bool model_put(struct model *model, uint32_t node, struct slice object);

void model_gone(struct model *model, uint32_t node, struct slice name);

/* The telling is complete; fine to say again, what is told later belongs to it. O(all topics) the first time. */
void model_complete(struct model *model, uint32_t node);

/* All its topics are gone. */
void model_drop(struct model *model, uint32_t node);

/* ---- what others ask --------------------------------------------------------------------------------------------- */

/* NULL when there is none. */
struct model_topic *model_find(const struct model *model, uint32_t node, struct slice name);

static inline struct slice model_name(const struct model_topic *topic)
{
    return slice_of(topic->key + sizeof(topic->node), topic->name_len);
}

/* The sums over a node's topics. */
void model_sums(const struct model *model, uint32_t node, struct figures *ret);

void figures_add(struct figures *sum, const struct figures *more);

/* Appends {"node":1,...}. */
NODISCARD bool model_write(const struct model_topic *topic, struct buf *out);

/* The next one that has changed; it is no longer among the changed. One that is gone is model_bury()'s next. */
struct model_topic *model_next_changed(struct model *model);
void model_bury(struct model *model, struct model_topic *topic);

#endif
