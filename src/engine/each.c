/* each.c - every message of an engine, wherever it stands; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>

static void each_of(const struct queue *queue, void (*each)(void *ctx, const struct engine_message *message), void *ctx)
{
    struct engine_message message = {.queue = queue->number, .place = ENGINE_READY};

    for (struct fifo_cursor at = fifo_begin(&queue->ready); fifo_next(&at, &message.ref);)
        each(ctx, &message);
    message.place = ENGINE_DEAD;
    uint64_t *dead = mem_new(8 * (queue->dead.count + 1));
    size_t n = refset_oldest(&queue->dead, dead, queue->dead.count);
    for (size_t i = 0; i < n; i++) {
        message.ref = dead[i];
        each(ctx, &message);
    }
    free(dead);
}

void engine_each(const struct engine *engine, void (*each)(void *ctx, const struct engine_message *message), void *ctx)
{
    struct delay_entry entry;

    for (uint32_t i = 0; i < engine->queue_count; i++)
        each_of(&engine->queues[i]->queue, each, ctx);
    for (struct delay_cursor at = delay_begin(&engine->delay); delay_next(&at, &entry);) {
        struct engine_message message = {
            .ref = entry.ref, .queue = entry.queue, .due_ms = entry.due_ms, .place = ENGINE_DELAYED};
        each(ctx, &message);
    }
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease)) {
        struct engine_message message = {.ref = lease->ref, .queue = lease->queue, .due_ms = lease->deadline_ms,
                                  .id = lease->id, .place = ENGINE_IN_FLIGHT};
        each(ctx, &message);
    }
}
