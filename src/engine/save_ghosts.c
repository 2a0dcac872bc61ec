/*
 * save_ghosts.c - messages that are gone, but whose refs stand in a list, in an image
 *
 * Little-endian words: how many queues have figures; per queue, ascending: number, ghosts in the waiting list, ghosts
 * among the delayed, LSN of the PURGE, words of the set of spared ones, that set. Then the sets of all waiting lists
 * and of all delayed messages. A set: regions; per region number, bytes, and a set of addresses (base/lsnset.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>

enum { FIGURE_WORDS = 5 };

static uint64_t words(const struct engine *engine)
{
    const struct ghosts *ghosts = &engine->ghosts;

    if (ghosts->queues == 0 && ghosts->ready.members == 0 && ghosts->delayed.members == 0)
        return 0;
    return 1 + FIGURE_WORDS * ghosts->queues + ghosts->spared_words + ghost_set_words(&ghosts->ready) +
           ghost_set_words(&ghosts->delayed);
}

static char *put(char *at, uint64_t value)
{
    put_le64(at, value);
    return at + 8;
}

static char *save(char *at, const struct engine *engine)
{
    at = put(at, engine->ghosts.queues);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        const struct queue *queue = &engine->queues[i]->queue;
        const struct queue_ghosts *of = &queue->ghosts;
        if (!queue_has_ghosts(of))
            continue;
        at = put(put(put(put(at, queue->number), of->ready), of->delayed), of->purge_lsn);
        at = put(at, of->spared ? ghost_set_words(of->spared) : 0);
        if (of->spared)
            at = ghost_set_save(at, of->spared);
    }
    return ghost_set_save(ghost_set_save(at, &engine->ghosts.ready), &engine->ghosts.delayed);
}

static bool load_spared(struct queue *queue, struct state_reader *in, uint64_t words)
{
    if (words == 0)
        return true;
    if (words > in->words || queue->ghosts.purge_lsn == 0)
        return false;
    struct state_reader all = {.at = in->at, .words = words};
    queue->ghosts.spared = mem_new(sizeof(*queue->ghosts.spared));
    in->at += 8 * words;
    in->words -= words;
    return ghost_set_load(queue->ghosts.spared, &all) && all.words == 0;
}

/* What makes no sense, or would not be there. */
static bool fits(const struct queue *queue, const uint64_t w[FIGURE_WORDS])
{
    uint64_t aside = queue->ready.out ? queue->ready.out->put_aside : 0;

    return w[1] <= waiting_count(&queue->ready) + aside && w[2] <= queue->delayed && (w[1] | w[2]) != 0 &&
           (w[3] == 0 || w[2] > 0);
}

static bool load_queue(struct engine *engine, struct state_reader *in, uint32_t *before)
{
    uint64_t w[FIGURE_WORDS];

    if (!state_take(in, w, FIGURE_WORDS) || w[0] > UINT32_MAX || w[0] <= *before)
        return false;
    struct queue *queue = engine_queue(engine, (uint32_t)w[0]);
    if (!queue || !fits(queue, w))
        return false;
    *before = queue->number;
    queue->ghosts.ready = w[1];
    queue->ghosts.delayed = w[2];
    queue->ghosts.purge_lsn = w[3];
    queue->delayed -= w[2];
    bool loaded = load_spared(queue, in, w[4]);
    state_count_ghosts(engine, queue);
    return loaded;
}

/* Of no list more is gone than its figures say; as far as lists are in memory. */
static bool ready_fits(const struct engine *engine, const struct queue *queue)
{
    uint64_t ref, count = 0;

    if (queue->ghosts.ready == 0)
        return true;
    for (struct waiting_cursor at = waiting_begin(&queue->ready); waiting_next(&at, &ref);)
        count += engine_is_ghost(engine, queue, ref, ENGINE_READY);
    return count <= queue->ghosts.ready;
}

static bool delayed_fits(const struct engine *engine)
{
    uint64_t *counts = mem_new(8 * (engine->queue_count + 1u));
    struct delay_entry entry;
    bool fits = true;

    for (struct delays_cursor at = delays_begin(&engine->delays); delays_next(&at, &entry);) {
        const struct queue *queue = engine_queue(engine, entry.queue);
        if (queue && engine_is_ghost(engine, queue, entry.ref, ENGINE_DELAYED))
            fits = fits && ++counts[entry.queue - 1] <= queue->ghosts.delayed;
    }
    free(counts);
    return fits;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    struct ghosts *ghosts = &engine->ghosts;
    uint32_t before = 0;
    uint64_t queues;

    if (!state_take(in, &queues, 1))
        return false;
    for (uint64_t i = 0; i < queues; i++)
        if (!load_queue(engine, in, &before))
            return false;
    if (!ghost_set_load(&ghosts->ready, in) || !ghost_set_load(&ghosts->delayed, in))
        return false;
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        struct queue *queue = &engine->queues[i]->queue;
        queue->ghosts.at_head = state_at_head(engine, queue);
        if (!ready_fits(engine, queue))
            return false;
    }
    return words(engine) > 0 && delayed_fits(engine);
}

static uint64_t digest(const struct engine *engine)
{
    uint64_t h = ghost_set_digest(&engine->ghosts.ready) + 31 * ghost_set_digest(&engine->ghosts.delayed);

    for (uint32_t i = 0; i < engine->queue_count; i++) {
        const struct queue_ghosts *of = &engine->queues[i]->queue.ghosts;
        if (queue_has_ghosts(of))
            h = h * 1099511628211u + i + 3 * of->ready + 5 * of->delayed + 7 * of->purge_lsn +
                (of->spared ? ghost_set_digest(of->spared) : 0);
    }
    return h;
}

const struct state_section STATE_GHOSTS = {
    .tag = STATE_TAG("GHST"), .words = words, .save = save, .load = load, .digest = digest,
};
