/*
 * choice.h - which node of a cluster is next
 *
 * What   Three ways to choose one of the candidates: by weight, at random, in turn. PURE: the random numbers come
 *        from a generator that the caller seeds.
 * Cost   O(nodes), no memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_CHOICE_H
#define GMQ_CLIENT_CHOICE_H

#include "base/base.h"

#include <gmq.h>

/* splitmix64: every seed is a good one. Not for secrets. */
struct choice_rng {
    uint64_t state;
};

/* Uniform in 0..limit-1, without bias; `limit` >= 1. */
uint64_t choice_below(struct choice_rng *rng, uint64_t limit);

struct choice_node {
    uint32_t weight; /* 0: never chosen by weight while another usable one has more */
    bool usable;
};

enum { CHOICE_NONE = -1 };

/*
 * The index of the node chosen, or CHOICE_NONE when none is usable. `*turn` is where the round goes on; it is read and
 * moved by GMQ_BY_ROUND_ROBIN only.
 */
int choice_next(enum gmq_choice choice, const struct choice_node *nodes, size_t count, struct choice_rng *rng,
                size_t *turn);

#endif
