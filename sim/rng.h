/*
 * rng.h - chance from a seed: the same seed gives the same numbers everywhere
 *
 * splitmix64 (Steele, Lea, Flood 2014): one word of state, passes BigCrush, any seed is as good as any other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_RNG_H
#define GMQ_SIM_RNG_H

#include "base/base.h"

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0..limit-1. */
static inline uint64_t rng_below(struct rng *rng, uint64_t limit) { return rng_next(rng) % limit; }

/* from..to, both included. */
static inline uint64_t rng_between(struct rng *rng, uint64_t from, uint64_t to)
{
    return from + rng_below(rng, to - from + 1);
}

/* True in `permille` of 1000 cases. */
static inline bool rng_chance(struct rng *rng, unsigned permille) { return rng_below(rng, 1000) < permille; }

#endif
