/*
 * mend.c - what a replay of an incomplete log left over
 *
 * Segments go when nothing in them is needed, so the log that is left may tell of a message's push and of its end, but
 * not of what was between. An ACK then finds no lease. It still says that the message is gone, and a message's address
 * is never used again: so it is dropped from wherever it stands, once all of the log was read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/mem.h"
#include "base/num.h"
#include "engine/state.h"

#include <stdlib.h>

void state_orphan(struct engine *engine, uint64_t lsn)
{
    if (engine->orphan_count == engine->orphan_slots) {
        engine->orphan_slots = engine->orphan_slots ? 2 * engine->orphan_slots : 64;
        engine->orphans = mem_grow(engine->orphans, engine->orphan_slots, sizeof(engine->orphans[0]));
    }
    engine->orphans[engine->orphan_count++] = lsn;
}

static bool is_orphan(const struct engine *engine, uint64_t ref)
{
    uint64_t lsn = ref_lsn(ref);

    return bsearch(&lsn, engine->orphans, engine->orphan_count, sizeof(lsn), num_compare_u64) != NULL;
}

static uint64_t drop(struct engine *engine, uint64_t ref)
{
    state_gone(engine, ref);
    return 1;
}

struct mended {
    struct engine *engine;
    const struct queue *queue;
};

/* What is gone already is reported already. */
static bool drop_ready(void *ctx, uint64_t ref)
{
    const struct mended *of = ctx;

    return is_orphan(of->engine, ref) && !engine_is_ghost(of->engine, of->queue, ref, ENGINE_READY) &&
           drop(of->engine, ref) > 0;
}

/* What is in chunks cannot be looked at here: it comes again. */
static uint64_t mend_ready(struct engine *engine, struct queue *queue)
{
    struct mended of = {.engine = engine, .queue = queue};
    uint64_t dropped = waiting_drop(&engine->lists, &queue->ready, drop_ready, &of);

    if (queue->ghosts.ready > 0)
        state_trim_some(engine, queue);
    return dropped;
}

static uint64_t mend_dead(struct engine *engine, struct queue *queue)
{
    uint64_t *refs = mem_new(8 * (queue->dead.count + 1)), dropped = 0;
    size_t n = refset_oldest(&queue->dead, refs, queue->dead.count);

    for (size_t i = 0; i < n; i++)
        if (is_orphan(engine, refs[i]) && refset_remove(&queue->dead, refs[i]))
            dropped += drop(engine, refs[i]);
    state_count_dead(engine, queue, -(int64_t)dropped);
    free(refs);
    return dropped;
}

static bool drop_delayed(void *ctx, const struct delay_entry *entry)
{
    struct engine *engine = ctx;

    struct queue *queue = engine_queue(engine, entry->queue);

    if (!is_orphan(engine, entry->ref) || engine_is_ghost(engine, queue, entry->ref, ENGINE_DELAYED))
        return false;
    state_one_delayed_less(engine, queue);
    return drop(engine, entry->ref) > 0;
}

static uint64_t mend_flight(struct engine *engine)
{
    uint64_t dropped = 0;

    for (const struct lease *lease = flight_first(&engine->flight), *next; lease; lease = next) {
        next = flight_after(&engine->flight, lease);
        if (!is_orphan(engine, lease->ref))
            continue;
        engine_queue(engine, lease->queue)->in_flight--;
        dropped += drop(engine, lease->ref);
        flight_remove(&engine->flight, flight_find(&engine->flight, lease->queue, lease->id));
    }
    return dropped;
}

uint64_t engine_mend(struct engine *engine)
{
    uint64_t dropped = 0;

    if (engine->orphan_count == 0)
        return 0;
    qsort(engine->orphans, engine->orphan_count, sizeof(engine->orphans[0]), num_compare_u64);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        dropped += mend_ready(engine, &engine->queues[i]->queue);
        dropped += mend_dead(engine, &engine->queues[i]->queue);
    }
    dropped += delays_drop(&engine->delays, drop_delayed, engine) + mend_flight(engine);
    for (uint32_t i = 0; i < engine->queue_count; i++)
        state_less_bytes(&engine->queues[i]->queue, 0);
    free(engine->orphans);
    engine->orphans = NULL;
    engine->orphan_count = engine->orphan_slots = 0;
    return dropped;
}
