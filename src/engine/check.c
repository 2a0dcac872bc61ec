/* check.c - every invariant of the engine, and its digest; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/mem.h"
#include "base/num.h"
#include "engine/ref.h"
#include "engine/state.h"

#include <stdlib.h>

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* Leaves the function with what does not hold, in words. */
#define HOLDS(cond, words)    \
    do {                      \
        if (UNLIKELY(!(cond))) \
            return (words);   \
    } while (0)

/* Every handle of the engine, to see that none is in two places; and what the timers hold, by queue number - 1. */
struct handles {
    uint64_t *lsns;
    uint64_t *delayed, *flying, *ghosts; /* ghosts: of the delayed */
    size_t count, size;
    bool once; /* look for what an image is believed in, too */
};

static const char *add_handle(struct handles *handles, uint64_t ref)
{
    HOLDS(handles->count < handles->size, "more messages than are counted");
    handles->lsns[handles->count++] = ref_lsn(ref);
    return NULL;
}

static const char *check_dead(const struct queue *queue, struct handles *handles, uint64_t *refs)
{
    uint64_t before = 0;
    size_t n = refset_oldest(&queue->dead, refs, queue->dead.count + 1);
    const char *fault = NULL;

    HOLDS(n == queue->dead.count, "the count of dead letters is wrong");
    for (size_t i = 0; i < n && !fault; i++) {
        HOLDS(refs[i] > before, "dead letters out of order");
        before = refs[i];
        fault = add_handle(handles, refs[i]);
    }
    return fault;
}

static const char *check_queue(const struct engine *engine, const struct queue *queue, struct handles *handles)
{
    uint64_t ref, ghosts = 0;
    const char *fault = waiting_fault(&queue->ready);

    HOLDS(!fault, fault);
    HOLDS(!queue->name || engine_find(engine, slice_of(queue->name, queue->name_len)) == queue,
          "a topic's name leads elsewhere");
    for (struct waiting_cursor at = waiting_begin(&queue->ready); !fault && waiting_next(&at, &ref);) {
        ghosts += engine_is_ghost(engine, queue, ref, ENGINE_READY);
        fault = add_handle(handles, ref);
    }
    HOLDS(!fault, fault);
    HOLDS(!handles->once || ghosts <= queue->ghosts.ready, "more of a waiting list is gone than is counted");
    HOLDS(queue->ghosts.at_head == state_at_head(engine, queue), "what is gone stands first in its list, unnoticed");
    uint64_t *refs = mem_new(8 * (queue->dead.count + 1));
    fault = check_dead(queue, handles, refs);
    free(refs);
    return fault;
}

static const char *check_timers(const struct engine *engine, struct handles *handles)
{
    struct delay_entry entry;
    uint64_t n = 0;
    const char *fault = NULL;

    for (struct delays_cursor at = delays_begin(&engine->delays); !fault && delays_next(&at, &entry); n++) {
        HOLDS(engine_queue(engine, entry.queue), "a delayed message without a topic");
        handles->delayed[entry.queue - 1]++;
        handles->ghosts[entry.queue - 1] +=
            engine_is_ghost(engine, engine_queue(engine, entry.queue), entry.ref, ENGINE_DELAYED);
        fault = add_handle(handles, entry.ref);
    }
    HOLDS(!fault, fault);
    HOLDS(n == delays_in_memory(&engine->delays), "the count of delayed messages is wrong");
    HOLDS(!delays_fault(&engine->delays), delays_fault(&engine->delays));
    n = 0;
    for (const struct lease *lease = flight_first(&engine->flight); lease && !fault;
         lease = flight_after(&engine->flight, lease), n++) {
        HOLDS(engine_queue(engine, lease->queue), "a message in flight without a topic");
        HOLDS(flight_find(&engine->flight, lease->queue, lease->id) == lease, "an id twice in flight");
        HOLDS(wheel_is_used(&engine->flight.wheel, lease->slot), "a lease that never ends");
        handles->flying[lease->queue - 1]++;
        fault = add_handle(handles, lease->ref);
    }
    HOLDS(!fault, fault);
    HOLDS(n == engine->flight.count, "the count of messages in flight is wrong");
    HOLDS(engine_now_ms(engine) == engine->flight.wheel.now_ms, "two times in one engine");
    const struct delay *near = &engine->delays.near;
    HOLDS((near->wheel.moving == 0 || near->slots[near->wheel.moving].head != NULL) &&
              (engine->flight.wheel.moving == 0 || engine->flight.slots[engine->flight.wheel.moving].head != 0),
          "time stands still for nothing");
    return NULL;
}

static const char *check_all(const struct engine *engine, struct handles *handles)
{
    const char *fault = NULL;

    for (uint32_t i = 0; i < engine->queue_count && !fault; i++) {
        if (engine->queues[i] == &engine->none)
            continue;
        HOLDS(engine->queues[i]->queue.number == i + 1, "a queue with another's number");
        HOLDS(!engine->queues[i]->queue.deleted || !engine->queues[i]->queue.name, "a deleted topic with a name");
        fault = check_queue(engine, &engine->queues[i]->queue, handles);
    }
    HOLDS(!fault, fault);
    fault = check_timers(engine, handles);
    HOLDS(!fault, fault);
    uint64_t delayed = 0;
    bool all = delays_in_memory(&engine->delays) == delays_count(&engine->delays);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        const struct queue *queue = &engine->queues[i]->queue;
        uint64_t entries = queue->delayed + queue->ghosts.delayed;
        HOLDS(all ? entries == handles->delayed[i] : entries >= handles->delayed[i],
              "a topic's count of delayed messages is wrong");
        HOLDS(!handles->once || handles->ghosts[i] <= queue->ghosts.delayed,
              "more delayed messages are gone than are counted");
        HOLDS(!queue->ghosts.spared || queue->ghosts.purge_lsn > 0, "messages are spared of no purge");
        delayed += entries;
        HOLDS(engine->queues[i]->queue.in_flight == handles->flying[i],
              "a topic's count of messages in flight is wrong");
    }
    HOLDS(delayed == delays_count(&engine->delays), "the topics' counts of delayed messages are wrong");
    HOLDS(handles->count == handles->size, "fewer messages than are counted");
    return NULL;
}

/* A key leads to no message that is nowhere: without chunks all of them can be looked at. */
struct keyed {
    const struct handles *handles;
    uint64_t nowhere;
};

static void look_for(void *ctx, uint64_t hash, uint64_t lsn)
{
    struct keyed *keyed = ctx;

    (void)hash;
    keyed->nowhere += !bsearch(&lsn, keyed->handles->lsns, keyed->handles->count, sizeof(lsn), num_compare_u64);
}

static const char *check_keys(const struct engine *engine, const struct handles *handles)
{
    struct keyed keyed = {.handles = handles};

    if (engine->lists.chunked > 0 || delays_in_memory(&engine->delays) != delays_count(&engine->delays))
        return NULL;
    keys_each(&engine->keys, look_for, &keyed);
    HOLDS(keyed.nowhere == 0, "a key of a message that is nowhere");
    return NULL;
}

static const char *check_once(const struct engine *engine, struct handles *handles)
{
    qsort(handles->lsns, handles->count, sizeof(handles->lsns[0]), num_compare_u64);
    for (size_t i = 1; i < handles->count; i++)
        HOLDS(handles->lsns[i - 1] != handles->lsns[i], "a message in two places");
    return check_keys(engine, handles);
}

/* Each fact is of a message that is there, but those in chunks are not looked at; and the words of the texts. */
static const char *check_facts(const struct engine *engine, const struct handles *handles)
{
    uint64_t n = 0, missing = 0, words = 0, chunked = delays_count(&engine->delays) - delays_in_memory(&engine->delays);
    uint32_t i = 0;

    for (const struct fact *fact; (fact = facts_next(&engine->facts, &i)); n++) {
        missing += !bsearch(&fact->lsn, handles->lsns, handles->count, sizeof(handles->lsns[0]), num_compare_u64);
        words += facts_text_words(fact->text_len);
        HOLDS(facts_find(&engine->facts, fact->lsn) == fact, "facts that are not found");
    }
    HOLDS(n == engine->facts.count, "the count of facts is wrong");
    HOLDS(words == engine->facts.text_words, "the length of all reasons is wrong");
    HOLDS(missing <= engine->lists.chunked + chunked, "facts of a message that is not there");
    return NULL;
}

static const char *find_fault(const struct engine *engine, bool once)
{
    struct handles handles = {.once = once, .size = delays_in_memory(&engine->delays) + engine->flight.count};
    uint64_t in_memory = 0, dead = 0, chunks = 0, chunked = 0, name_words = 0, counted = 0, dead_bytes = 0,
             figures = 0;

    for (uint32_t i = 0; i < engine->queue_count; i++) {
        const struct queue *queue = &engine->queues[i]->queue;
        in_memory += waiting_in_memory(&queue->ready);
        handles.size += queue->dead.count;
        dead += queue->dead.count;
        counted += queue->ready.counted;
        dead_bytes += refset_bytes(&queue->dead);
        figures += queue_has_ghosts(&queue->ghosts);
        name_words += state_name_words(queue->name_len);
        chunked += queue->ready.out ? queue->ready.out->chunked + queue->ready.out->put_aside : 0;
        chunks += queue->ready.out ? queue->ready.out->chunks.count + queue->ready.out->aside.count : 0;
    }
    HOLDS(dead == engine->dead, "the count of all dead letters is wrong");
    HOLDS(dead_bytes == engine->dead_bytes, "the memory of the dead letters is wrong");
    HOLDS(figures == engine->ghosts.queues, "the count of topics with messages that are gone is wrong");
    HOLDS(counted == engine->lists.bytes, "the memory of the lists is wrong");
    HOLDS(chunks == engine->lists.chunks, "the count of all chunks is wrong");
    HOLDS(chunked == engine->lists.chunked, "the count of all messages in chunks is wrong");
    HOLDS(!dedup_fault(&engine->dedup), dedup_fault(&engine->dedup));
    HOLDS(!keys_fault(&engine->keys), keys_fault(&engine->keys));
    HOLDS(!keys_fault(&engine->moved), keys_fault(&engine->moved));
    HOLDS(name_words == engine->name_words, "the length of all names is wrong");
    HOLDS(in_memory == engine->lists.refs, "the count of waiting messages in memory is wrong");
    handles.size += in_memory;
    handles.lsns = mem_new(8 * (handles.size + 1));
    handles.delayed = mem_new(8 * (engine->queue_count + 1u));
    handles.flying = mem_new(8 * (engine->queue_count + 1u));
    handles.ghosts = mem_new(8 * (engine->queue_count + 1u));
    const char *fault = check_all(engine, &handles);
    if (!fault && once)
        fault = check_once(engine, &handles);
    if (!fault && once)
        fault = check_facts(engine, &handles);
    free(handles.lsns);
    free(handles.delayed);
    free(handles.flying);
    free(handles.ghosts);
    return fault;
}

const char *engine_fault(const struct engine *engine) { return find_fault(engine, true); }

static void ensure_none(const char *fault)
{
    if (fault)
        base_fail(__FILE__, __LINE__, fault);
}

void state_check(const struct engine *engine) { ensure_none(find_fault(engine, false)); }

void engine_check(const struct engine *engine) { ensure_none(engine_fault(engine)); }

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
    h = mix(h, queue->auto_ack | (unsigned)queue->exited << 1 | (unsigned)queue->deleted << 2);
    h = mix(h, queue->set.ttr_ms);
    h = mix(h, queue->set.max_retries);
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

struct far {
    uint64_t h;
};

static void digest_entry(void *ctx, const struct payload_delayed *entry)
{
    struct far *far = ctx;

    far->h = mix(mix(mix(far->h, entry->ref), entry->queue), entry->due_off);
}

static void digest_bucket(void *ctx, unsigned level, const struct delays_bucket *bucket)
{
    struct far *far = ctx;

    far->h = digest_fifo(mix(mix(far->h, level), bucket->start_ms), &bucket->chunks);
    delays_each_entry(bucket, digest_entry, far);
}

static uint64_t digest_delays(uint64_t h, const struct delays *delays)
{
    struct delay_entry entry;
    struct far far;

    h = mix(mix(h, delays->near.wheel.moving), delay_moved(&delays->near));
    for (struct delay_cursor at = delay_begin(&delays->near); delay_next(&at, &entry);)
        h = mix(mix(mix(h, entry.due_ms), entry.ref), entry.queue);
    for (unsigned level = 0; level < DELAYS_LEVELS; level++)
        h = mix(h, delays->horizon_ms[level]);
    for (size_t i = 0; i < delays->aside_count; i++)
        h = mix(mix(h, delays->aside[i].chunk), delays->aside[i].start_ms + delays->aside[i].level);
    far.h = h;
    delays_each_bucket(delays, digest_bucket, &far);
    return far.h;
}

static uint64_t digest_lease(uint64_t h, const struct lease *lease)
{
    h = mix(mix(mix(h, lease->deadline_ms), lease->ref), lease->id);
    h = mix(mix(h, lease->queue | (uint64_t)lease->holder << 32), lease->since_ms);
    return mix(h, lease->size64 | (uint64_t)lease->own_retries << 32 | (uint64_t)lease->ttr_ms << 40);
}

uint64_t engine_digest(const struct engine *engine)
{
    uint64_t h = mix(mix(mix(engine->last_id, engine->last_time_ms), engine->max_retries), engine->node_record_lsn);

    h = mix(h, engine_now_ms(engine));
    for (uint32_t i = 0; i < engine->queue_count; i++)
        h = digest_queue(mix(mix(h, i), engine->queues[i]->queue.delayed), &engine->queues[i]->queue);
    h = mix(mix(digest_delays(h, &engine->delays), engine->flight.wheel.moving), flight_moved(&engine->flight));
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease))
        h = digest_lease(h, lease);
    return mix(h, state_sections_digest(engine));
}
