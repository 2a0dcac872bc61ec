/*
 * save_settings.c - the settings of queues in an image, beyond ttr and retries
 *
 * Little-endian words, per queue that has some, ascending by number: its number + bytes << 32; so many bytes, padded to
 * 8: TLVs as in a QUEUE record.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

uint64_t state_settings_words(const struct topic_settings *set)
{
    size_t bytes = payload_settings_bytes(set);

    return bytes > 0 ? 1 + (bytes + 7) / 8 : 0;
}

static uint64_t words(const struct engine *engine) { return engine->settings_words; }

static char *save_queue(char *at, const struct queue *queue)
{
    size_t bytes = payload_settings_bytes(&queue->set), padded = (bytes + 7) & ~(size_t)7;

    if (bytes == 0)
        return at;
    put_le64(at, queue->number | (uint64_t)bytes << 32);
    memset(at + 8, 0, padded);
    (void)payload_put_settings(at + 8, &queue->set);
    return at + 8 + padded;
}

static char *save(char *at, const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->queue_count; i++)
        at = save_queue(at, &engine->queues[i]->queue);
    return at;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    uint32_t before = 0;
    uint64_t w;

    while (in->words > 0) {
        struct payload_queue settings;
        if (!state_take(in, &w, 1))
            return false;
        size_t bytes = (size_t)(w >> 32), more = (bytes + 7) / 8;
        struct queue *queue = engine_queue(engine, (uint32_t)w);
        if (!queue || queue->number <= before || bytes == 0 || more > in->words ||
            !payload_get_queue(slice_of(in->at, bytes), &settings))
            return false;
        before = queue->number;
        settings.set.ttr_ms = queue->set.ttr_ms;
        settings.set.max_retries = queue->set.max_retries;
        if (payload_settings_bytes(&settings.set) != bytes)
            return false;
        state_set_queue(engine, queue, &settings.set);
        in->at += 8 * more;
        in->words -= more;
    }
    return true;
}

static uint64_t digest(const struct engine *engine)
{
    char bytes[PAYLOAD_SETTINGS_BYTES_MAX];
    uint64_t h = engine->settings_words;

    for (uint32_t i = 0; i < engine->queue_count; i++) {
        size_t n = (size_t)(payload_put_settings(bytes, &engine->queues[i]->queue.set) - bytes);
        for (size_t at = 0; at < n; at++)
            h = h * 1099511628211u + (unsigned char)bytes[at] + i;
    }
    return h;
}

const struct state_section STATE_SETTINGS = {
    .tag = STATE_TAG("SETT"), .words = words, .save = save, .load = load, .digest = digest,
};
