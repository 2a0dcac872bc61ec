/*
 * state.h - the engine's insides, for the files of this folder only
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_STATE_H
#define GMQ_ENGINE_STATE_H

#include "engine/delays.h"
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
    struct delays delays;
    struct flight flight;
    struct waiting_pool lists;
    uint64_t dead;            /* dead letters of all queues */
    uint64_t name_words;      /* of all queues' names, in an image */
    uint64_t last_id, last_time_ms;
    uint32_t max_retries;
    uint64_t node_record_lsn; /* newest QUEUE record of queue 0 */
    uint64_t ignored;
    uint64_t *orphans;       /* LSNs of messages that are gone, by records that found them elsewhere or not at all */
    size_t orphan_count, orphan_slots;
    uint64_t search_left;    /* list entries that may still be looked through for messages out of order */
};

/* Adds or replaces the queue's name; the engine copies it. */
void state_name_queue(struct engine *engine, struct queue_node *node, struct slice name);

/* Words of 8 bytes that a name takes in an image. */
static inline uint64_t state_name_words(size_t bytes) { return (bytes + 7) / 8; }

/* The queue `number`, made (nameless) when it is not there; NULL when the number is out of bounds. */
struct queue *state_queue(struct engine *engine, uint32_t number);

/* ---- between save.c and save_delays.c ---------------------------------------------------------------------------- */

/* What is left of an image. */
struct state_reader {
    const char *at;
    size_t words;
};

/* The next `count` words; false when there are not so many. */
NODISCARD bool state_take(struct state_reader *in, uint64_t *ret, size_t count);

/* Of the delayed messages in the wheel: how many, and as save.c says it of the slot that is moving. */
struct state_near {
    uint64_t count, moved;
    unsigned moving;
};

size_t state_delays_words(const struct engine *engine);
char *state_save_delays(char *at, const struct engine *engine);

/* `far`: there is more than the near ones. False: the image is malformed. */
NODISCARD bool state_load_delays(struct engine *engine, struct state_reader *in, const struct state_near *near,
                                 bool far);

/* ------------------------------------------------------------------------------------------------------------------ */

/* engine_fault() without the last step, that no handle stands in two places. */
const char *state_fault(const struct engine *engine);

/*
 * engine_check() without the last step, that no handle stands in two places: engine_load() cannot afford to look for
 * that, and leaves it to the CRC of the checkpoint. What it accepts passes this.
 */
void state_check(const struct engine *engine);

/*
 * How far ahead of the newest queue a record's queue number may be: bounds the table against forged records. Where the
 * log's beginning is gone, the queues that are left come in any order.
 */
enum { STATE_QUEUE_GAP_MAX = 1 << 20 };

/*
 * Only after damage a record names another message than the oldest. To find it means to walk the list; all such walks
 * of one replay together may take this many steps, after that the message is left where it is and comes again.
 */
enum { STATE_SEARCH_MAX = 1 << 28 };

/* `lsn` is of a message that is gone, but it could not be taken from where it should be: for engine_mend(). */
void state_orphan(struct engine *engine, uint64_t lsn);

#endif
