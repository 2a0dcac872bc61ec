/*
 * state.h - the engine's insides, for the files of this folder only
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_STATE_H
#define GMQ_ENGINE_STATE_H

#include "engine/delay.h"
#include "engine/engine.h"
#include "engine/flight.h"
#include "engine/payload.h"

/* The default hash falls through its cases, which clang warns of, and the default end without memory is exit(). */
#define HASH_FUNCTION(key, bytes, hash) HASH_FNV(key, bytes, hash)
#define uthash_fatal(what) base_fail(__FILE__, __LINE__, what)
#include <uthash.h>

struct queue_node {
    struct queue queue;
    UT_hash_handle by_name;
};

struct engine {
    struct engine_hooks hooks;
    struct queue_node **queues; /* by number - 1 */
    uint32_t queue_count, queue_slots;
    struct queue_node *names;
    struct delay delay;
    struct flight flight;
    struct waiting_pool lists;
    uint64_t last_id, last_time_ms;
    uint32_t max_retries;
    uint64_t node_record_lsn; /* newest QUEUE record of queue 0 */
    uint64_t ignored;
};

/* Adds or replaces the queue's name; the engine copies it. */
void state_name_queue(struct engine *engine, struct queue_node *node, struct slice name);

/* The queue `number`, made (nameless) when it is not there; NULL when the number is out of bounds. */
struct queue *state_queue(struct engine *engine, uint32_t number);

/*
 * engine_check() without the last step, that no handle stands in two places: engine_load() cannot afford to look for
 * that, and leaves it to the CRC of the checkpoint. What it accepts passes this.
 */
void state_check(const struct engine *engine);

/* How far ahead of the newest queue a record's queue number may be: bounds the table against damaged records. */
enum { STATE_QUEUE_GAP_MAX = 1 << 16 };

#endif
