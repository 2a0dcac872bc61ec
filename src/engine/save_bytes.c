/*
 * save_bytes.c - how many bytes the messages of each queue have, in an image: a word a queue, by number
 *
 * An image without it is of an earlier version: then the messages that are there count nothing. What is put aside, and
 * what records of a damaged log have misnamed, may leave bytes of no message: they are forgotten with the next that
 * goes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

static uint64_t words(const struct engine *engine) { return engine->queue_count - engine->freed; }

static char *save(char *at, const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        if (engine->queues[i] == &engine->none)
            continue;
        put_le64(at, engine->queues[i]->queue.bytes);
        at += 8;
    }
    return at;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        struct queue *queue = &engine->queues[i]->queue;
        if (engine->queues[i] == &engine->none)
            continue;
        if (!state_take(in, &queue->bytes, 1))
            return false;
    }
    return true;
}

static uint64_t digest(const struct engine *engine)
{
    uint64_t h = 0;

    for (uint32_t i = 0; i < engine->queue_count; i++)
        h = h * 1099511628211u + engine->queues[i]->queue.bytes;
    return h;
}

const struct state_section STATE_BYTES = {
    .tag = STATE_TAG("BYTE"), .words = words, .save = save, .load = load, .digest = digest,
};
