/* choice.c - see choice.h. SPDX-License-Identifier: MIT */
#include "client/choice.h"

static uint64_t next_random(struct choice_rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t choice_below(struct choice_rng *rng, uint64_t limit)
{
    ENSURE(limit > 0);
    /* The first 2^64 mod limit values would make the small results likelier: they are thrown away. */
    uint64_t unfair = (0 - limit) % limit;
    uint64_t value = next_random(rng);

    while (value < unfair)
        value = next_random(rng);
    return value % limit;
}

/* By weight, or alike when `alike` or no usable node has a weight. */
static int choose_random(const struct choice_node *nodes, size_t count, struct choice_rng *rng, bool alike)
{
    uint64_t total = 0, usable = 0;

    for (size_t i = 0; i < count; i++) {
        usable += nodes[i].usable;
        total += nodes[i].usable ? nodes[i].weight : 0;
    }
    if (usable == 0)
        return CHOICE_NONE;
    alike = alike || total == 0;
    uint64_t at = choice_below(rng, alike ? usable : total);
    for (size_t i = 0; i < count; i++) {
        uint64_t share = !nodes[i].usable ? 0 : alike ? 1 : nodes[i].weight;
        if (at < share)
            return (int)i;
        at -= share;
    }
    return CHOICE_NONE;
}

static int choose_in_turn(const struct choice_node *nodes, size_t count, size_t *turn)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (*turn % count + i) % count;
        if (nodes[at].usable) {
            *turn = at + 1;
            return (int)at;
        }
    }
    return CHOICE_NONE;
}

int choice_next(enum gmq_choice choice, const struct choice_node *nodes, size_t count, struct choice_rng *rng,
                size_t *turn)
{
    switch (choice) {
    case GMQ_BY_ROUND_ROBIN:
        return choose_in_turn(nodes, count, turn);
    case GMQ_BY_RANDOM:
        return choose_random(nodes, count, rng, true);
    case GMQ_BY_WEIGHT:
    default:
        return choose_random(nodes, count, rng, false);
    }
}
