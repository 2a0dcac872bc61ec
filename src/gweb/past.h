/*
 * past.h - the last five minutes
 *
 * What   Samples of the figures: of all nodes together and of each node every second, of each topic every five. What is
 *        not known at a time (the node was down, gweb did not run) has no number.
 * Cost   10 KB a node and 2 KB a topic that has changed in these minutes; a topic that rests costs 32 bytes. At most
 *        PAST_TOPICS_MAX topics have samples, others are as if nothing was known of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_PAST_H
#define GMQ_GWEB_PAST_H

#include "gweb/fleet.h"

enum {
    PAST_SAMPLES = 300,      /* of nodes, one a second */
    PAST_TOPIC_SAMPLES = 60,
    PAST_TOPIC_STEP = 5,     /* seconds between those of a topic */
    PAST_TOPICS_MAX = 16384,
};

/* Numbers are cut to 32 bits less one, rates are floats: a chart shows no more. */
#define PAST_UNKNOWN UINT32_MAX
struct past_sample {
    uint32_t numbers[FIGURE_PUSH_RATE];  /* PAST_UNKNOWN = not known */
    float rates[FIGURES - FIGURE_PUSH_RATE]; /* below 0 = not known */
};

struct past_ring; /* PAST_SAMPLES of them */

struct past {
    struct fleet *fleet;
    uint64_t count;                   /* samples made, ever */
    uint64_t at_ms[PAST_SAMPLES];     /* wall time; sample n stands at n % PAST_SAMPLES */
    uint64_t topic_at_ms[PAST_TOPIC_SAMPLES];
    struct past_sample totals[PAST_SAMPLES];
    struct past_ring *nodes[MODEL_NODE_MAX + 1];
    uint32_t ring_count;              /* topics with samples */
};

void past_init(struct past *past, struct fleet *fleet);
void past_fini(struct past *past);

/* Once a second. */
void past_sample(struct past *past, uint64_t wall_ms);

/*
 * Appends what GET /api/past answers. `node` 0 = all together; `topic` empty = of all topics, else the node's, or the
 * sum over all nodes that have it. False: no memory. Nothing known of it: all null.
 */
NODISCARD bool past_write(const struct past *past, uint32_t node, struct slice topic, struct buf *out);

#endif
