/* check.c - every invariant of the engine, and its digest; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "engine/state.h"

#include <stdlib.h>

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Every handle of the engine, to see that none is in two places. */
struct handles {
    uint64_t *lsns;
    size_t count;
};

static void add_handle(struct handles *handles, uint64_t ref) { handles->lsns[handles->count++] = ref_lsn(ref); }

static void check_queue(const struct engine *engine, const struct queue *queue, struct handles *handles)
{
    uint64_t ref, before = 0;

    ENSURE(!queue->name || engine_find(engine, slice_of(queue->name, queue->name_len)) == queue);
    waiting_check(&queue->ready);
    for (struct waiting_cursor at = waiting_begin(&queue->ready); waiting_next(&at, &ref);)
        add_handle(handles, ref);
    uint64_t *dead = mem_new(8 * (queue->dead.count + 1));
    size_t dead_count = refset_oldest(&queue->dead, dead, queue->dead.count + 1);
    ENSURE(dead_count == queue->dead.count);
    for (size_t i = 0; i < dead_count; i++) {
        ENSURE(dead[i] > before);
        before = dead[i];
        add_handle(handles, dead[i]);
    }
    free(dead);
}

static void check_timers(const struct engine *engine, struct handles *handles, uint64_t *delayed, uint64_t *flying)
{
    struct delay_entry entry;
    uint64_t n = 0;

    for (struct delay_cursor at = delay_begin(&engine->delay); delay_next(&at, &entry); n++) {
        ENSURE(entry.queue > 0 && entry.queue <= engine->queue_count);
        delayed[entry.queue - 1]++;
        add_handle(handles, entry.ref);
    }
    ENSURE(n == engine->delay.count);
    n = 0;
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease), n++) {
        ENSURE(lease->queue > 0 && lease->queue <= engine->queue_count);
        ENSURE(flight_find(&engine->flight, lease->queue, lease->id) == lease);
        ENSURE(wheel_is_used(&engine->flight.wheel, lease->slot));
        flying[lease->queue - 1]++;
        add_handle(handles, lease->ref);
    }
    ENSURE(n == engine->flight.count);
    ENSURE(engine->delay.wheel.now_ms == engine->flight.wheel.now_ms);
}

/* Checks everything but that each handle stands in one place only; collects the handles. */
static void check_structure(const struct engine *engine, struct handles *handles)
{
    uint64_t *delayed = mem_new(8 * (engine->queue_count + 1u));
    uint64_t *flying = mem_new(8 * (engine->queue_count + 1u));
    size_t all = engine->delay.count + engine->flight.count, in_memory = 0;

    for (uint32_t i = 0; i < engine->queue_count; i++) {
        in_memory += waiting_in_memory(&engine->queues[i]->queue.ready);
        all += engine->queues[i]->queue.dead.count;
    }
    ENSURE(in_memory == engine->lists.refs);
    all += in_memory;
    *handles = (struct handles){.lsns = mem_new(8 * (all + 1))};
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        ENSURE(engine->queues[i]->queue.number == i + 1);
        check_queue(engine, &engine->queues[i]->queue, handles);
    }
    check_timers(engine, handles, delayed, flying);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        ENSURE(engine->queues[i]->queue.delayed == delayed[i]);
        ENSURE(engine->queues[i]->queue.in_flight == flying[i]);
    }
    ENSURE(handles->count == all);
    free(delayed);
    free(flying);
}

void state_check(const struct engine *engine)
{
    struct handles handles;

    check_structure(engine, &handles);
    free(handles.lsns);
}

void engine_check(const struct engine *engine)
{
    struct handles handles;

    check_structure(engine, &handles);
    qsort(handles.lsns, handles.count, sizeof(handles.lsns[0]), compare_u64);
    for (size_t i = 1; i < handles.count; i++)
        ENSURE(handles.lsns[i - 1] != handles.lsns[i]);
    free(handles.lsns);
}

static uint64_t digest_fifo(uint64_t h, const struct fifo *fifo)
{
    uint64_t value;

    h = mix(h, fifo->count);
    for (struct fifo_cursor at = fifo_begin(fifo); fifo_next(&at, &value);)
        h = mix(h, value);
    return h;
}

static uint64_t digest_queue(uint64_t h, const struct queue *queue)
{
    static const struct waiting_out NOTHING;
    const struct waiting_out *out = queue->ready.out ? queue->ready.out : &NOTHING;

    for (uint32_t i = 0; i < queue->name_len; i++)
        h = mix(h, (unsigned char)queue->name[i]);
    h = mix(h, queue->auto_ack | (unsigned)queue->exited << 1);
    h = mix(h, queue->ttr_ms);
    h = mix(h, queue->max_retries);
    h = mix(h, queue->start_ms);
    h = mix(h, queue->record_lsn);
    h = mix(h, queue->push_num);
    h = mix(h, queue->pop_num);
    h = digest_fifo(digest_fifo(digest_fifo(h, &out->head), &out->chunks), &out->aside);
    h = digest_fifo(h, &queue->ready.tail);
    uint64_t *dead = mem_new(8 * (queue->dead.count + 1));
    size_t n = refset_oldest(&queue->dead, dead, queue->dead.count);
    for (size_t i = 0; i < n; i++)
        h = mix(h, ~dead[i]);
    free(dead);
    return h;
}

uint64_t engine_digest(const struct engine *engine)
{
    uint64_t h = mix(mix(mix(engine->last_id, engine->last_time_ms), engine->max_retries), engine->node_record_lsn);
    struct delay_entry entry;

    h = mix(h, engine->delay.wheel.now_ms);
    for (uint32_t i = 0; i < engine->queue_count; i++)
        h = digest_queue(mix(h, i), &engine->queues[i]->queue);
    for (struct delay_cursor at = delay_begin(&engine->delay); delay_next(&at, &entry);)
        h = mix(mix(mix(h, entry.due_ms), entry.ref), entry.queue);
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease))
        h = mix(mix(mix(mix(h, lease->deadline_ms), lease->ref), lease->id),
                lease->queue | (uint64_t)lease->holder << 32);
    return h;
}
