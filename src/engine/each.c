/* each.c - every message of an engine, wherever it stands; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>

static void each_of(const struct engine *engine, const struct queue *queue,
                    void (*each)(void *ctx, const struct engine_message *message), void *ctx)
{
    struct engine_message message = {.queue = queue->number, .place = ENGINE_READY};

    for (struct waiting_cursor at = waiting_begin(&queue->ready); waiting_next(&at, &message.ref);)
        if (!engine_is_ghost(engine, queue, message.ref, ENGINE_READY))
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
        each_of(engine, &engine->queues[i]->queue, each, ctx);
    for (struct delays_cursor at = delays_begin(&engine->delays); delays_next(&at, &entry);) {
        struct engine_message message = {
            .ref = entry.ref, .queue = entry.queue, .due_ms = entry.due_ms, .place = ENGINE_DELAYED};
        const struct queue *queue = engine_queue(engine, entry.queue);
        if (engine_is_purged(engine, queue, entry.ref))
            message.place = ENGINE_PURGED;
        if (message.place == ENGINE_PURGED || !engine_is_ghost(engine, queue, entry.ref, ENGINE_DELAYED))
            each(ctx, &message);
    }
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease)) {
        struct engine_message message = {.ref = lease->ref, .queue = lease->queue, .due_ms = lease->deadline_ms,
                                  .id = lease->id, .place = ENGINE_IN_FLIGHT};
        each(ctx, &message);
    }
}

struct chunks {
    void (*each)(void *ctx, const struct engine_chunk *chunk);
    void *ctx;
};

static void each_chunk_of(const struct fifo *chunks, struct engine_chunk like, const struct chunks *to)
{
    uint64_t chunk;

    for (struct fifo_cursor at = fifo_begin(chunks); fifo_next(&at, &chunk);) {
        like.lsn = waiting_chunk_lsn(chunk);
        like.count = waiting_chunk_refs(chunk);
        to->each(to->ctx, &like);
    }
}

static void each_chunk_of_bucket(void *ctx, unsigned level, const struct delays_bucket *bucket)
{
    struct engine_chunk like = {.list = (uint16_t)(PAYLOAD_DELAYED + level), .start_ms = bucket->start_ms};

    each_chunk_of(&bucket->chunks, like, ctx);
}

void engine_each_chunk(const struct engine *engine, void (*each)(void *ctx, const struct engine_chunk *chunk),
                       void *ctx)
{
    struct chunks to = {.each = each, .ctx = ctx};
    struct delays_chunk aside;

    for (uint32_t i = 0; i < engine->queue_count; i++) {
        const struct queue *queue = &engine->queues[i]->queue;
        if (!queue->ready.out)
            continue;
        struct engine_chunk like = {.queue = queue->number, .list = PAYLOAD_WAITING};
        each_chunk_of(&queue->ready.out->chunks, like, &to);
        each_chunk_of(&queue->ready.out->aside, like, &to);
    }
    delays_each_bucket(&engine->delays, each_chunk_of_bucket, &to);
    for (size_t i = 0; engine_delays_aside(engine, i, &aside); i++)
        each(ctx, &(struct engine_chunk){.lsn = aside.lsn, .count = aside.count, .start_ms = aside.start_ms,
                                         .list = (uint16_t)(PAYLOAD_DELAYED + aside.level)});
}
