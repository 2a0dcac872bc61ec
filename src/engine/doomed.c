/*
 * doomed.c - topics that were deleted: what they had goes, and when nothing is left of one, its queue goes
 *
 * The name is free at once. Delayed messages go as in a purge, when they come up, and leases when they end. Ready and
 * dead ones are for PURGE records.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "engine/state.h"

#include <stdlib.h>

static struct queue_node *node_of(struct queue *queue) { return CONTAINER_OF(queue, struct queue_node, queue); }

static bool is_hole(const struct engine *engine, uint32_t i)
{
    return i < engine->queue_count && engine->queues[i] == &engine->none;
}

static void add_hole(struct engine *engine, uint32_t i)
{
    bool before = i > 0 && is_hole(engine, i - 1), after = is_hole(engine, i + 1);

    engine->queues[i] = &engine->none;
    engine->freed++;
    engine->holes += 1 - (uint32_t)before - (uint32_t)after;
}

static bool is_empty(const struct queue *queue)
{
    return waiting_count(&queue->ready) == 0 && (!queue->ready.out || queue->ready.out->put_aside == 0) &&
           queue->dead.count == 0 && queue->in_flight == 0 && queue->delayed == 0 && queue->ghosts.delayed == 0;
}

static void free_queue(struct engine *engine, struct queue *queue)
{
    struct queue_node *node = node_of(queue);

    if (engine->hooks.forget)
        engine->hooks.forget(engine->hooks.ctx, queue);
    if (queue->record_lsn)
        engine->hooks.dead_queue(engine->hooks.ctx, queue->record_lsn);
    list_remove(&node->in_doomed);
    waiting_fini(&engine->lists, &queue->ready);
    engine->dead_bytes -= queue->dead.counted;
    refset_free(&queue->dead);
    state_free_ghosts(queue);
    add_hole(engine, queue->number - 1);
    free(node);
}

void state_settle_deleted(struct engine *engine, struct queue *queue)
{
    if (queue->deleted && is_empty(queue))
        free_queue(engine, queue);
}

void state_doom(struct engine *engine, struct queue *queue)
{
    queue->deleted = true;
    queue->exited = true;
    list_add_tail(&engine->doomed, &node_of(queue)->in_doomed);
}

void state_delete_queue(struct engine *engine, struct queue *queue, uint64_t lsn)
{
    if (queue->record_lsn)
        engine->hooks.dead_queue(engine->hooks.ctx, queue->record_lsn);
    queue->record_lsn = lsn;
    if (!queue->deleted) {
        state_unname_queue(engine, node_of(queue));
        state_set_queue(engine, queue, &TOPIC_SETTINGS_NONE);
        state_doom(engine, queue);
        state_purge_delayed(engine, queue, lsn);
    }
    state_settle_deleted(engine, queue);
}

uint32_t engine_doomed(struct engine *engine)
{
    while (!list_empty(&engine->doomed)) {
        const struct queue *queue = &CONTAINER_OF(engine->doomed.next, struct queue_node, in_doomed)->queue;
        if (waiting_count(&queue->ready) > 0 || queue->dead.count > 0)
            return queue->number;
        (void)list_pop(&engine->doomed);
    }
    return 0;
}
