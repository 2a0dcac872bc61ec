/* id.c - see id.h. SPDX-License-Identifier: MIT */
#include "engine/id.h"

enum { TIME_BITS = 41, SEQUENCE_BITS = 12, NODE_BITS = 10, SEQUENCE_MAX = (1 << SEQUENCE_BITS) - 1 };

_Static_assert(NODE_BITS + SEQUENCE_BITS == ID_TIME_SHIFT, "the time begins behind them");

static uint64_t compose(uint64_t ms, unsigned node, uint64_t sequence)
{
    return ms << (NODE_BITS + SEQUENCE_BITS) | (uint64_t)(node & ((1u << NODE_BITS) - 1)) << SEQUENCE_BITS | sequence;
}

uint64_t id_next(uint64_t last, unsigned node, uint64_t now_ms)
{
    uint64_t ms = now_ms > ID_EPOCH_MS ? now_ms - ID_EPOCH_MS : 0;
    uint64_t last_ms = last >> (NODE_BITS + SEQUENCE_BITS);
    uint64_t sequence = last & SEQUENCE_MAX;

    if (ms > last_ms)
        return compose(ms, node, 0);
    /* It is not the greater one when the node has another id than the one that made `last`. */
    uint64_t next = compose(last_ms, node, sequence + 1);
    if (sequence < SEQUENCE_MAX && next > last)
        return next;
    return compose(last_ms + 1, node, 0);
}

uint64_t id_before(uint64_t ms)
{
    bool sound = ms > ID_EPOCH_MS && ms - ID_EPOCH_MS < UINT64_C(1) << TIME_BITS;

    return sound ? ((ms - ID_EPOCH_MS) << (NODE_BITS + SEQUENCE_BITS)) - 1 : 0;
}

unsigned id_node(uint64_t id) { return (unsigned)(id >> SEQUENCE_BITS) & ((1u << NODE_BITS) - 1); }
