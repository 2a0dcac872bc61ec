/*
 * apply_ghosts.c - messages that leave the middle of a list: what makes a ghost, and where it goes; see ghosts.h
 *
 * Part of apply.c: everything here is called while a record is applied, or looks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "engine/state.h"

#include <stdlib.h>

enum { TRIM_MAX = 1024, PURGE_STEPS_MAX = 2 * PAYLOAD_PURGE_MAX };

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static uint64_t spared_words(const struct queue_ghosts *of) { return of->spared ? ghost_set_words(of->spared) : 0; }

static uint64_t spared_bytes(const struct queue_ghosts *of)
{
    return of->spared ? mem_taken(sizeof(*of->spared)) + of->spared->bytes : 0;
}

/* Brackets every change of a queue's figures: `sign` -1 before, 1 after. */
static void count(struct engine *engine, const struct queue *queue, int sign)
{
    struct ghosts *ghosts = &engine->ghosts;

    ghosts->queues += (uint64_t)(sign * (int64_t)queue_has_ghosts(&queue->ghosts));
    ghosts->spared_words += (uint64_t)(sign * (int64_t)spared_words(&queue->ghosts));
    ghosts->spared_bytes += (uint64_t)(sign * (int64_t)spared_bytes(&queue->ghosts));
}

static void free_spared(struct queue *queue)
{
    if (!queue->ghosts.spared)
        return;
    ghost_set_free(queue->ghosts.spared);
    free(queue->ghosts.spared);
    queue->ghosts.spared = NULL;
}

/* What is left when the last entry is gone. */
static void settle(struct queue *queue)
{
    if (queue->ghosts.delayed > 0)
        return;
    queue->ghosts.purge_lsn = 0;
    free_spared(queue);
}

void state_count_ghosts(struct engine *engine, const struct queue *queue) { count(engine, queue, 1); }

void state_free_ghosts(struct queue *queue) { free_spared(queue); }

/* ---- the waiting list -------------------------------------------------------------------------------------------- */

static uint64_t entries(const struct queue *queue)
{
    return waiting_count(&queue->ready) + (queue->ready.out ? queue->ready.out->put_aside : 0);
}

/* The oldest entry, when it is in memory. */
static bool oldest(const struct queue *queue, uint64_t *ret_ref)
{
    const struct fifo *at = waiting_oldest(&queue->ready);

    if (!at || at->count == 0)
        return false;
    *ret_ref = fifo_first(at);
    return true;
}

bool state_at_head(const struct engine *engine, const struct queue *queue)
{
    uint64_t ref;

    return queue->ghosts.ready > 0 && oldest(queue, &ref) && ghost_set_has(&engine->ghosts.ready, ref_lsn(ref));
}

/* The oldest entry leaves the list. True: it was a ghost. */
static bool take_oldest(struct engine *engine, struct queue *queue, uint64_t ref)
{
    (void)waiting_take(&engine->lists, &queue->ready, ref);
    if (queue->ghosts.ready == 0 || !ghost_set_remove(&engine->ghosts.ready, ref_lsn(ref)))
        return false;
    queue->ghosts.ready--;
    return true;
}

static void trim(struct engine *engine, struct queue *queue, uint32_t steps)
{
    uint64_t ref;

    count(engine, queue, -1);
    while ((queue->ghosts.at_head = state_at_head(engine, queue)) && steps-- > 0 && oldest(queue, &ref))
        (void)take_oldest(engine, queue, ref);
    queue->ghosts.ready = min_u64(queue->ghosts.ready, entries(queue)); /* some PUSH may be lost */
    count(engine, queue, 1);
}

void state_trim_some(struct engine *engine, struct queue *queue) { trim(engine, queue, TRIM_MAX); }

bool state_ghost_ready(struct engine *engine, struct queue *queue, uint64_t lsn)
{
    if (queue->ghosts.ready >= entries(queue) || !ghost_set_add(&engine->ghosts.ready, lsn))
        return false;
    count(engine, queue, -1);
    queue->ghosts.ready++;
    count(engine, queue, 1);
    state_less_messages(queue, 1);
    state_trim_some(engine, queue);
    return true;
}

size_t engine_peek_ready(const struct engine *engine, const struct queue *queue, uint64_t *ret_refs, size_t max)
{
    const struct waiting_out *out = queue->ready.out;
    size_t n = 0, passed = 0;
    uint64_t ref;

    if (LIKELY(queue->ghosts.ready == 0))
        return waiting_peek(&queue->ready, ret_refs, max);
    struct fifo_cursor at = fifo_begin(out ? &out->head : &queue->ready.tail);
    bool more = out && out->chunks.count == 0;
    while (n < max && passed < TRIM_MAX) {
        if (!fifo_next(&at, &ref)) {
            if (!more)
                break;
            at = fifo_begin(&queue->ready.tail);
            more = false;
        } else if (ghost_set_has(&engine->ghosts.ready, ref_lsn(ref))) {
            passed++;
        } else {
            ret_refs[n++] = ref;
        }
    }
    return n;
}

/* ---- delayed messages -------------------------------------------------------------------------------------------- */

static bool is_marked(const struct queue *queue, uint64_t lsn)
{
    return lsn < queue->ghosts.purge_lsn && !(queue->ghosts.spared && ghost_set_has(queue->ghosts.spared, lsn));
}

bool engine_is_ghost(const struct engine *engine, const struct queue *queue, uint64_t ref, enum engine_place place)
{
    uint64_t lsn = ref_lsn(ref);

    if (place == ENGINE_READY)
        return queue->ghosts.ready > 0 && ghost_set_has(&engine->ghosts.ready, lsn);
    return place == ENGINE_DELAYED && queue->ghosts.delayed > 0 &&
           (ghost_set_has(&engine->ghosts.delayed, lsn) || is_marked(queue, lsn));
}

bool engine_is_purged(const struct engine *engine, const struct queue *queue, uint64_t ref)
{
    return is_marked(queue, ref_lsn(ref)) && !ghost_set_has(&engine->ghosts.delayed, ref_lsn(ref));
}

bool state_ghost_delayed(struct engine *engine, struct queue *queue, uint64_t lsn)
{
    if (queue->delayed == 0 || is_marked(queue, lsn) || !ghost_set_add(&engine->ghosts.delayed, lsn))
        return false;
    count(engine, queue, -1);
    queue->ghosts.delayed++;
    queue->delayed--;
    count(engine, queue, 1);
    state_less_messages(queue, 1);
    return true;
}

bool state_fires(struct engine *engine, struct queue *queue, uint64_t ref)
{
    uint64_t lsn = ref_lsn(ref);
    bool gone = ghost_set_remove(&engine->ghosts.delayed, lsn);
    bool marked = !gone && is_marked(queue, lsn);
    /* Of a log with a hole a record may say that the message was ready already. */
    bool misplaced = !gone && !marked && ghost_set_remove(&engine->ghosts.ready, lsn);

    count(engine, queue, -1);
    /* None are delayed: some record named what was not there. */
    if (queue->ghosts.delayed > 0 && (gone || marked || queue->delayed == 0))
        queue->ghosts.delayed--;
    else
        queue->delayed--;
    queue->ghosts.ready -= misplaced && queue->ghosts.ready > 0;
    if (queue->ghosts.spared)
        (void)ghost_set_remove(queue->ghosts.spared, lsn);
    settle(queue);
    count(engine, queue, 1);
    if (marked)
        state_gone(engine, ref);
    return !gone && !marked && !misplaced;
}

void state_one_delayed_less(struct engine *engine, struct queue *queue)
{
    count(engine, queue, -1);
    if (queue->delayed > 0)
        queue->delayed--;
    else
        queue->ghosts.delayed--;
    settle(queue);
    count(engine, queue, 1);
}

void state_returns(struct engine *engine, uint64_t lsn)
{
    (void)ghost_set_remove(&engine->ghosts.ready, lsn);
    (void)ghost_set_remove(&engine->ghosts.delayed, lsn);
}

void state_spare(struct engine *engine, struct queue *queue, uint64_t lsn)
{
    count(engine, queue, -1);
    if (!queue->ghosts.spared)
        queue->ghosts.spared = mem_new(sizeof(*queue->ghosts.spared));
    (void)ghost_set_add(queue->ghosts.spared, lsn);
    count(engine, queue, 1);
}

/* ---- purging ----------------------------------------------------------------------------------------------------- */

static void purge_ready(struct engine *engine, struct queue *queue, uint32_t n)
{
    uint64_t ref;

    count(engine, queue, -1);
    for (; n > 0 && oldest(queue, &ref); n--) {
        if (take_oldest(engine, queue, ref))
            continue;
        state_less_messages(queue, 1);
        state_gone(engine, ref);
        queue->counts.deleted++;
    }
    count(engine, queue, 1);
    trim(engine, queue, PURGE_STEPS_MAX);
}

static void purge_dead(struct engine *engine, struct queue *queue, uint32_t n)
{
    uint64_t ref;

    for (; n > 0 && refset_oldest(&queue->dead, &ref, 1) > 0; n--) {
        (void)refset_remove(&queue->dead, ref);
        state_count_dead(engine, queue, -1);
        queue->counts.deleted++;
        state_gone(engine, ref);
    }
}

void state_purge_delayed(struct engine *engine, struct queue *queue, uint64_t before_lsn)
{
    if (queue->delayed == 0)
        return;
    count(engine, queue, -1);
    free_spared(queue);
    queue->ghosts.purge_lsn = before_lsn;
    uint64_t gone = queue->delayed;
    queue->counts.deleted += gone;
    queue->ghosts.delayed += gone;
    queue->delayed = 0;
    count(engine, queue, 1);
    state_less_messages(queue, gone);
}

bool state_purge(struct engine *engine, struct queue *queue, const struct record *rec, uint32_t n)
{
    switch (payload_ack_list(rec->aux)) {
    case PAYLOAD_LIST_READY:
        purge_ready(engine, queue, n);
        return true;
    case PAYLOAD_LIST_DEAD:
        purge_dead(engine, queue, n);
        return true;
    case PAYLOAD_LIST_DELAYED:
        state_purge_delayed(engine, queue, rec->lsn);
        return true;
    default:
        return false;
    }
}
