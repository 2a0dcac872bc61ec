/* engine.c - the table of queues, looking and deciding; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/ref.h"
#include "engine/state.h"

#include <stdlib.h>

enum { DEFAULT_MAX_RETRIES = 5, QUEUE_SLOTS_MIN = 16 };

static void init(struct engine *engine)
{
    delay_init(&engine->delay);
    flight_init(&engine->flight);
    engine->max_retries = DEFAULT_MAX_RETRIES;
    engine->search_left = STATE_SEARCH_MAX;
}

struct engine *engine_new(const struct engine_hooks *hooks)
{
    struct engine *engine = mem_new(sizeof(*engine));

    engine->hooks = *hooks;
    init(engine);
    return engine;
}

static void fini(struct engine *engine)
{
    HASH_CLEAR(by_name, engine->names);
    for (uint32_t i = 0; i < engine->queue_count; i++) {
        struct queue *queue = &engine->queues[i]->queue;
        fifo_free(&queue->ready);
        refset_free(&queue->dead);
        free(queue->name);
        free(engine->queues[i]);
    }
    free(engine->queues);
    free(engine->orphans);
    delay_free(&engine->delay);
    flight_free(&engine->flight);
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

    fini(engine);
    memset(engine, 0, sizeof(*engine));
    engine->hooks = hooks;
    init(engine);
}

void state_name_queue(struct engine *engine, struct queue_node *node, struct slice name)
{
    struct queue *queue = &node->queue;

    if (queue->name && slice_equal(slice_of(queue->name, queue->name_len), name))
        return;
    if (queue->name) {
        HASH_DELETE(by_name, engine->names, node);
        free(queue->name);
    }
    queue->name = mem_new(name.len + 1);
    memcpy(queue->name, name.ptr, name.len);
    queue->name_len = (uint32_t)name.len;
    HASH_ADD_KEYPTR(by_name, engine->names, queue->name, queue->name_len, node);
}

static struct queue_node *add_queue(struct engine *engine)
{
    if (engine->queue_count == engine->queue_slots) {
        engine->queue_slots = engine->queue_slots ? 2 * engine->queue_slots : QUEUE_SLOTS_MIN;
        engine->queues = mem_grow(engine->queues, engine->queue_slots, sizeof(engine->queues[0]));
    }
    struct queue_node *node = mem_new(sizeof(*node));
    engine->queues[engine->queue_count++] = node;
    node->queue.number = engine->queue_count;
    node->queue.max_retries = PAYLOAD_NODE_RETRIES;
    return node;
}

struct queue *state_queue(struct engine *engine, uint32_t number)
{
    if (number == 0 || number > (uint64_t)engine->queue_count + STATE_QUEUE_GAP_MAX)
        return NULL;
    while (engine->queue_count < number)
        (void)add_queue(engine);
    return &engine->queues[number - 1]->queue;
}

struct queue *engine_find(const struct engine *engine, struct slice topic)
{
    struct queue_node *node;

    HASH_FIND(by_name, engine->names, topic.ptr, topic.len, node);
    return node ? &node->queue : NULL;
}

struct queue *engine_queue(const struct engine *engine, uint32_t number)
{
    return number > 0 && number <= engine->queue_count ? &engine->queues[number - 1]->queue : NULL;
}

uint32_t engine_queues(const struct engine *engine) { return engine->queue_count; }
uint32_t engine_next_queue(const struct engine *engine) { return engine->queue_count + 1; }
uint64_t engine_last_id(const struct engine *engine) { return engine->last_id; }
uint64_t engine_last_time_ms(const struct engine *engine) { return engine->last_time_ms; }
uint32_t engine_max_retries(const struct engine *engine) { return engine->max_retries; }
uint64_t engine_node_record_lsn(const struct engine *engine) { return engine->node_record_lsn; }
uint64_t engine_ignored(const struct engine *engine) { return engine->ignored; }

uint64_t engine_next_due_ms(const struct engine *engine)
{
    return min_u64(wheel_next(&engine->delay.wheel), wheel_next(&engine->flight.wheel));
}

int engine_decide_pop(const struct queue *queue, uint64_t in_flight_max, uint64_t *ret_ref)
{
    if (queue->ready.count == 0)
        return GMQ_E_NO_MESSAGE;
    if (!queue->auto_ack && queue->in_flight >= in_flight_max)
        return GMQ_E_IN_FLIGHT_LIMIT;
    *ret_ref = fifo_first(&queue->ready);
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

size_t engine_peek_ready(const struct queue *queue, uint64_t *ret_refs, size_t max)
{
    size_t n = 0;
    struct fifo_cursor at = fifo_begin(&queue->ready);

    while (n < max && fifo_next(&at, &ret_refs[n]))
        n++;
    return n;
}
