/* engine.c - the table of queues, looking and deciding; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/ref.h"
#include "engine/state.h"

#include <errno.h>
#include <stdlib.h>

enum {
    DEFAULT_MAX_RETRIES = 5,
    QUEUE_SLOTS_MIN = 16,
    HASH_BYTES_A_NAME = 32, /* of the table of names */
};

static void init(struct engine *engine)
{
    flight_init(&engine->flight);
    dedup_init(&engine->dedup);
    engine->max_retries = DEFAULT_MAX_RETRIES;
    engine->search_left = STATE_SEARCH_MAX;
    list_init(&engine->doomed);
    list_init(&engine->none.in_doomed);
    list_init(&engine->none.queue.ready.in_longs);
    list_init(&engine->none.queue.ready.in_shorts);
}

struct engine *engine_new(const struct engine_hooks *hooks)
{
    struct engine *engine = mem_new(sizeof(*engine));

    engine->hooks = *hooks;
    waiting_pool_init(&engine->lists);
    delays_init(&engine->delays);
    init(engine);
    return engine;
}

static void fini(struct engine *engine)
{
    HASH_CLEAR(by_name, engine->names);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        struct queue *queue = &engine->queues[i]->queue;
        if (engine->queues[i] == &engine->none)
            continue;
        waiting_free(&queue->ready);
        refset_free(&queue->dead);
        state_free_ghosts(queue);
        free(queue->name);
        free(engine->queues[i]);
    }
    free(engine->queues);
    free(engine->orphans);
    ghost_set_free(&engine->ghosts.ready);
    ghost_set_free(&engine->ghosts.delayed);
    delays_free(&engine->delays);
    facts_free(&engine->facts);
    clients_free(&engine->clients);
    flight_free(&engine->flight);
    dedup_free(&engine->dedup);
    keys_free(&engine->keys);
    keys_free(&engine->moved);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    fini(engine);
    free(engine);
}

void engine_reset(struct engine *engine)
{
    struct engine_hooks hooks = engine->hooks;
    struct waiting_pool lists = engine->lists;
    uint64_t entries_max = engine->delays.entries_max;
    uint32_t chunk_entries = engine->delays.chunk_entries;

    fini(engine);
    memset(engine, 0, sizeof(*engine));
    engine->hooks = hooks;
    delays_init(&engine->delays);
    delays_limit(&engine->delays, entries_max, chunk_entries);
    waiting_pool_init(&engine->lists);
    if (lists.chunk_refs > 0)
        waiting_pool_limit(&engine->lists, lists.refs_max, lists.chunk_refs);
    init(engine);
}

void state_name_queue(struct engine *engine, struct queue_node *node, struct slice name)
{
    struct queue *queue = &node->queue;

    if (queue->name && slice_equal(slice_of(queue->name, queue->name_len), name))
        return;
    state_unname_queue(engine, node);
    queue->name = mem_new(name.len + 1);
    memcpy(queue->name, name.ptr, name.len);
    queue->name_len = (uint32_t)name.len;
    engine->name_words += state_name_words(name.len);
    HASH_ADD_KEYPTR(by_name, engine->names, queue->name, queue->name_len, node);
}

void state_unname_queue(struct engine *engine, struct queue_node *node)
{
    struct queue *queue = &node->queue;

    if (!queue->name)
        return;
    HASH_DELETE(by_name, engine->names, node);
    engine->name_words -= state_name_words(queue->name_len);
    free(queue->name);
    queue->name = NULL;
    queue->name_len = 0;
}

void state_set_queue(struct engine *engine, struct queue *queue, const struct topic_settings *set)
{
    engine->settings_words -= state_settings_words(&queue->set);
    queue->set = *set;
    queue->gates = (uint8_t)((set->push_paused_until_ms > 0 ? QUEUE_PUSH_PAUSED : 0) |
                             (set->pop_paused_until_ms > 0 ? QUEUE_POP_PAUSED : 0) |
                             (set->limits.messages > 0 || set->limits.bytes > 0 ? QUEUE_LIMITED : 0) |
                             (set->limits.age_ms > 0 ? QUEUE_AGES : 0));
    engine->settings_words += state_settings_words(&queue->set);
}

static void make_slots(struct engine *engine, uint32_t count)
{
    if (count <= engine->queue_slots)
        return;
    engine->queue_slots = (uint32_t)max_u64(max_u64(count, 2 * (uint64_t)engine->queue_slots), QUEUE_SLOTS_MIN);
    engine->queues = mem_grow(engine->queues, engine->queue_slots, sizeof(engine->queues[0]));
}

void state_add_holes(struct engine *engine, uint32_t count)
{
    make_slots(engine, engine->queue_count + count);
    engine->freed += count;
    engine->holes++;
    while (count-- > 0)
        engine->queues[engine->queue_count++] = &engine->none;
}

static struct queue_node *add_queue(struct engine *engine)
{
    make_slots(engine, engine->queue_count + 1);
    struct queue_node *node = mem_new(sizeof(*node));
    engine->queues[engine->queue_count++] = node;
    node->queue.number = engine->queue_count;
    node->queue.set = TOPIC_SETTINGS_NONE;
    list_init(&node->in_doomed);
    waiting_init(&engine->lists, &node->queue.ready);
    return node;
}

struct queue *state_queue(struct engine *engine, uint32_t number)
{
    if (number == 0 || number > min_u64((uint64_t)engine->queue_count + STATE_QUEUE_GAP_MAX, ENGINE_QUEUES_MAX))
        return NULL;
    while (engine->queue_count < number)
        (void)add_queue(engine);
    return engine_queue(engine, number);
}

struct queue *engine_find(const struct engine *engine, struct slice topic)
{
    struct queue_node *node;

    HASH_FIND(by_name, engine->names, topic.ptr, topic.len, node);
    return node ? &node->queue : NULL;
}

struct queue *engine_queue(const struct engine *engine, uint32_t number)
{
    if (number == 0 || number > engine->queue_count)
        return NULL;
    struct queue_node *node = engine->queues[number - 1];
    return LIKELY(node != &engine->none) ? &node->queue : NULL;
}

uint32_t engine_queues(const struct engine *engine) { return engine->queue_count; }

uint32_t engine_topics(const struct engine *engine)
{
    return (uint32_t)HASH_CNT(by_name, engine->names);
}

uint32_t engine_next_queue(const struct engine *engine) { return engine->queue_count + 1; }
uint64_t engine_last_id(const struct engine *engine) { return engine->last_id; }
uint64_t engine_last_time_ms(const struct engine *engine) { return engine->last_time_ms; }
uint32_t engine_max_retries(const struct engine *engine) { return engine->max_retries; }
uint64_t engine_node_record_lsn(const struct engine *engine) { return engine->node_record_lsn; }
uint64_t engine_dedup_window_ms(const struct engine *engine) { return engine->dedup.window_ms; }
uint64_t engine_dedup_keys(const struct engine *engine) { return engine->dedup.keys_max; }
uint64_t engine_ignored(const struct engine *engine) { return engine->ignored; }

uint64_t engine_memory(const struct engine *engine)
{
    uint64_t queue_bytes = mem_taken(sizeof(struct queue_node)) + HASH_BYTES_A_NAME + mem_taken(1);

    return sizeof(*engine) + (engine->queue_count - engine->freed) * queue_bytes + 8 * engine->name_words +
           engine->queue_slots * sizeof(engine->queues[0]) + engine->orphan_slots * sizeof(engine->orphans[0]) +
           engine->ghosts.ready.bytes + engine->ghosts.delayed.bytes + engine->ghosts.spared_bytes +
           engine->lists.bytes + engine->dead_bytes + delays_bytes(&engine->delays) + flight_bytes(&engine->flight) +
           facts_bytes(&engine->facts) + engine->clients.bytes + dedup_bytes(&engine->dedup) +
           keys_bytes(&engine->keys) + keys_bytes(&engine->moved);
}

bool engine_has_lease_room(const struct engine *engine) { return flight_has_room(&engine->flight); }

uint64_t engine_now_ms(const struct engine *engine) { return engine->delays.near.wheel.now_ms; }

uint64_t engine_next_due_ms(const struct engine *engine)
{
    uint64_t fires = min_u64(wheel_next(&engine->delays.near.wheel), wheel_next(&engine->flight.wheel));

    if (fires > delays_reach_ms(&engine->delays))
        fires = UINT64_MAX;
    return min_u64(fires, delays_descend_ms(&engine->delays));
}

uint64_t engine_next_descend_ms(const struct engine *engine) { return delays_descend_ms(&engine->delays); }
uint64_t engine_next_load_ms(const struct engine *engine) { return delays_load_ms(&engine->delays); }

int engine_decide_pop(const struct queue *queue, uint64_t in_flight_max, uint64_t *ret_ref)
{
    const struct fifo *oldest = waiting_oldest(&queue->ready);

    if (oldest && oldest->count == 0)
        return GMQ_E_NO_MESSAGE;
    if (!queue->auto_ack && queue->in_flight >= in_flight_max)
        return GMQ_E_IN_FLIGHT_LIMIT;
    if (!oldest || UNLIKELY(queue->ghosts.at_head))
        return -EAGAIN;
    *ret_ref = fifo_first(oldest);
    return 0;
}

int engine_decide_ack(const struct engine *engine, const struct queue *queue, uint64_t id, uint64_t *ret_ref)
{
    const struct lease *lease = flight_find(&engine->flight, queue->number, id);

    if (!lease)
        return GMQ_E_ID_UNKNOWN;
    *ret_ref = lease->ref;
    return 0;
}

bool engine_lease(const struct engine *engine, const struct queue *queue, uint64_t id, struct engine_lease *ret)
{
    const struct lease *lease = flight_find(&engine->flight, queue->number, id);

    if (!lease)
        return false;
    *ret = (struct engine_lease){.ref = lease->ref, .deadline_ms = lease->deadline_ms, .since_ms = lease->since_ms,
                                 .holder = lease->holder, .ttr_ms = lease->ttr_ms, .own_retries = lease->own_retries,
                                 .bytes = (uint64_t)lease->size64 * PAYLOAD_SIZE_STEP};
    return true;
}

int engine_decide_dedup(const struct engine *engine, const struct payload_dedup *dedup, uint64_t now_ms,
                        uint64_t *ret_id)
{
    const struct dedup_entry *entry = dedup_find(&engine->dedup, dedup->hash);

    if (!entry || dedup_is_over(&engine->dedup, entry, now_ms))
        return 0;
    *ret_id = entry->id;
    return entry->check == dedup->check ? 1 : GMQ_E_DEDUP_MISMATCH;
}

uint64_t engine_find_key(const struct engine *engine, const struct queue *queue, struct slice key, uint32_t i)
{
    return engine->keys.count > 0 ? keys_find(&engine->keys, keys_hash(queue->number, key), i) : 0;
}

bool engine_facts(const struct engine *engine, uint64_t lsn, struct engine_facts *ret)
{
    const struct fact *fact = facts_find(&engine->facts, lsn);

    if (!fact)
        return false;
    *ret = (struct engine_facts){.first_ms = fact->first_ms, .last_ms = fact->last_ms, .due_ms = fact->due_ms,
                                 .dead_ms = fact->dead_ms, .retries = fact->retries,
                                 .why = fact->why == FACT_NOT_DEAD ? 0 : fact->why,
                                 .is_dead = fact->why != FACT_NOT_DEAD, .text = slice_of(fact->text, fact->text_len)};
    return true;
}

void engine_limit_lists(struct engine *engine, uint64_t refs_max, uint32_t chunk_refs)
{
    waiting_pool_limit(&engine->lists, refs_max, chunk_refs);
}

size_t engine_owes_chunk(struct engine *engine, uint32_t *ret_queue, uint64_t *ret_refs)
{
    const struct waiting *list = waiting_owes(&engine->lists);

    if (!list)
        return 0;
    *ret_queue = CONTAINER_OF(list, const struct queue, ready)->number;
    return waiting_chunk(&engine->lists, list, ret_refs);
}

bool engine_wants_chunk(const struct engine *engine, const struct queue *queue)
{
    return UNLIKELY(queue->ready.out != NULL) && waiting_wants(&engine->lists, &queue->ready);
}

size_t engine_peek_chunks(const struct queue *queue, uint64_t *ret_lsns, size_t max)
{
    uint64_t chunk;
    size_t n = 0;

    if (!queue->ready.out)
        return 0;
    for (struct fifo_cursor at = fifo_begin(&queue->ready.out->chunks); n < max && fifo_next(&at, &chunk); n++)
        ret_lsns[n] = waiting_chunk_lsn(chunk);
    return n;
}

uint32_t engine_chunk_refs(const struct queue *queue)
{
    return waiting_chunk_refs(fifo_first(&queue->ready.out->chunks));
}

void engine_limit_delays(struct engine *engine, uint64_t entries_max, uint32_t chunk_entries)
{
    delays_limit(&engine->delays, entries_max, chunk_entries);
}

size_t engine_owes_delays(const struct engine *engine, uint64_t now_ms, struct delays_chunk *ret,
                          struct payload_delayed *entries)
{
    return delays_owes(&engine->delays, now_ms, ret, entries);
}

size_t engine_peek_delays(const struct engine *engine, uint64_t now_ms, struct delays_chunk *ret, size_t max)
{
    return delays_peek(&engine->delays, now_ms, ret, max);
}

bool engine_delays_aside(const struct engine *engine, size_t i, struct delays_chunk *ret)
{
    if (i >= engine->delays.aside_count)
        return false;
    const struct delays_aside *aside = &engine->delays.aside[i];
    *ret = (struct delays_chunk){.lsn = waiting_chunk_lsn(aside->chunk), .count = waiting_chunk_refs(aside->chunk),
                                 .start_ms = aside->start_ms, .level = aside->level};
    return true;
}

bool engine_client(const struct engine *engine, uint32_t number, struct engine_client *ret)
{
    const struct client_entry *entry = clients_get(&engine->clients, number);

    *ret = (struct engine_client){.held = number <= CLIENTS_MAX ? engine->flight.held[number] : 0};
    if (!entry)
        return false;
    ret->name = client_entry_name(entry);
    ret->address = client_entry_address(entry);
    return true;
}
