/*
 * state.h - the engine's insides, for the files of this folder only
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_STATE_H
#define GMQ_ENGINE_STATE_H

#include "engine/clients.h"
#include "engine/dedup.h"
#include "engine/delays.h"
#include "engine/engine.h"
#include "engine/facts.h"
#include "engine/flight.h"
#include "engine/ghosts.h"
#include "engine/keys.h"
#include "engine/payload.h"
#include "engine/ref.h"

/* The default hash falls through its cases, which clang warns of, and the default end without memory is exit(). */
#define HASH_FUNCTION(key, bytes, hash) HASH_FNV(key, bytes, hash)
#define uthash_fatal(what) base_fail(__FILE__, __LINE__, what)
#include <uthash.h>

struct queue_node {
    struct queue queue;
    struct list in_doomed; /* a deleted one: perhaps PURGE records are owed */
    UT_hash_handle by_name;
};

struct engine {
    struct engine_hooks hooks;
    struct queue_node **queues; /* by number - 1 */
    uint32_t queue_count, queue_slots; /* numbers given, those of `none` too */
    uint32_t freed, holes;    /* numbers whose queue is gone, and how many rows these are */
    struct queue_node none;   /* stands for all of them, empty, with number 0 */
    struct list doomed;
    struct queue_node *names;
    struct delays delays;
    struct flight flight;
    struct waiting_pool lists;
    struct ghosts ghosts;
    struct keys moved;        /* of living messages that were moved: where their records stand, by their ids */
    struct facts facts;       /* of messages that came back or are dead */
    struct clients clients;   /* by whom messages are held */
    uint64_t dead;            /* dead letters of all queues */
    uint64_t dead_bytes;      /* the memory of their lists */
    uint64_t name_words;      /* of all queues' names, in an image */
    uint64_t settings_words;  /* of their settings beyond ttr and retries, in an image */
    struct dedup dedup;
    struct keys keys;
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

/* One dead letter more, one less: call after the list has changed. */
static inline void state_count_dead(struct engine *engine, struct queue *queue, int64_t more)
{
    uint64_t bytes = refset_bytes(&queue->dead);

    engine->dead += (uint64_t)more;
    engine->dead_bytes += bytes - queue->dead.counted;
    queue->dead.counted = bytes;
}

/* The message is gone from where `ref` says: nobody needs its record any more, nor what is known of it, nor its key. */
static inline void state_gone(struct engine *engine, uint64_t ref)
{
    if (UNLIKELY(engine->facts.count > 0))
        facts_drop(&engine->facts, ref_lsn(ref));
    if (UNLIKELY(engine->keys.count > 0))
        (void)keys_remove(&engine->keys, ref_lsn(ref));
    if (UNLIKELY(engine->moved.count > 0))
        (void)keys_remove(&engine->moved, ref_lsn(ref));
    engine->hooks.dead(engine->hooks.ctx, ref_lsn(ref));
}

/*
 * The message waits again, or is dead, as the caller then says: its last delivery was at `since_ms` (0 = as before),
 * and it is delayed until `due_ms`, or, 0, not.
 */
static inline struct fact *state_came_back(struct engine *engine, uint64_t ref, uint64_t since_ms, uint64_t due_ms)
{
    struct fact *fact = facts_of(&engine->facts, ref_lsn(ref));

    if (since_ms > 0) {
        fact->first_ms = fact->first_ms > 0 ? fact->first_ms : since_ms;
        fact->last_ms = since_ms;
    }
    fact->due_ms = due_ms;
    fact->retries = (uint8_t)ref_retries(ref);
    fact->dead_ms = 0;
    fact->why = FACT_NOT_DEAD;
    facts_set_text(&engine->facts, fact, slice_of(NULL, 0));
    return fact;
}

/* A message, which has left already, had so many bytes. What was counted wrong is forgotten when none is left. */
static inline void state_less_bytes(struct queue *queue, uint64_t bytes)
{
    queue->bytes -= min_u64(bytes, queue->bytes);
    if (queue_messages(queue) == 0)
        queue->bytes = 0;
}

/* The same for `count` messages of which nobody knows the size. */
static inline void state_less_messages(struct queue *queue, uint64_t count)
{
    uint64_t all = queue_messages(queue) + count;

    state_less_bytes(queue, count == all ? queue->bytes : queue->bytes / max_u64(all, 1) * count & ~UINT64_C(63));
}

/* Words of 8 bytes that settings beyond ttr and retries take in an image; 0 = there are none. */
uint64_t state_settings_words(const struct topic_settings *set);

/* Takes the name away. */
void state_unname_queue(struct engine *engine, struct queue_node *node);

/* ---- deleted queues (doomed.c) ----------------------------------------------------------------------------------- */

/* By the QUEUE record at `lsn`. The queue may be freed. */
void state_delete_queue(struct engine *engine, struct queue *queue, uint64_t lsn);

/* The same of one that is loaded, has no name, and may be empty. */
void state_doom(struct engine *engine, struct queue *queue);

/* After something has left the queue: when it is deleted and nothing is left, it is freed. */
void state_settle_deleted(struct engine *engine, struct queue *queue);

/* For loading: the next `count` numbers are of such queues. */
void state_add_holes(struct engine *engine, uint32_t count);

/* ------------------------------------------------------------------------------------------------------------------ */

/* Replaces the queue's settings. */
void state_set_queue(struct engine *engine, struct queue *queue, const struct topic_settings *set);

/* The queue `number`, made (nameless) when it is not there; NULL when the number is out of bounds. */
struct queue *state_queue(struct engine *engine, uint32_t number);

/* ---- ghosts (apply_ghosts.c) ------------------------------------------------------------------------------------- */

/* Ghosts at the head of the waiting list leave it, up to some. */
void state_trim_some(struct engine *engine, struct queue *queue);

/* Is the oldest entry in memory a ghost? */
bool state_at_head(const struct engine *engine, const struct queue *queue);

/* The message of the list is a ghost from now on. False: it was, or the list has no room for one more. */
bool state_ghost_ready(struct engine *engine, struct queue *queue, uint64_t lsn);
bool state_ghost_delayed(struct engine *engine, struct queue *queue, uint64_t lsn);

/* Of an engine with ghosts: a delay is over, and counted so. False: the message is gone. */
bool state_fires(struct engine *engine, struct queue *queue, uint64_t ref);

/* A delayed message that is no ghost leaves its place otherwise. */
void state_one_delayed_less(struct engine *engine, struct queue *queue);

/* A message that was pushed before queue->ghosts.purge_lsn will be delayed anew. */
void state_spare(struct engine *engine, struct queue *queue, uint64_t lsn);

/* All delayed messages that were pushed before are gone. */
void state_purge_delayed(struct engine *engine, struct queue *queue, uint64_t before_lsn);

/* A PURGE record of up to `n` messages; false when it names no such list. */
bool state_purge(struct engine *engine, struct queue *queue, const struct record *rec, uint32_t n);

/* Counts the figures of a queue that was loaded; frees what they own. */
void state_count_ghosts(struct engine *engine, const struct queue *queue);
void state_free_ghosts(struct queue *queue);

/* A message that was dead or in flight waits again: if it is named as a ghost, which only damage does, it is none. */
void state_returns(struct engine *engine, uint64_t lsn);

/* No list has a ghost, no queue a mark. */
static inline bool state_no_ghosts(const struct engine *engine)
{
    const struct ghosts *ghosts = &engine->ghosts;

    return (ghosts->queues | ghosts->ready.members | ghosts->delayed.members) == 0;
}

/* ---- the parts of an image --------------------------------------------------------------------------------------- */

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

/*
 * A section of an image: one part of the state, which most engines have nothing of. save.c has the table of them; each
 * knows what is in it, and is saved after everything that it needs to be loaded. An image without it leaves the part
 * empty.
 */
struct state_section {
    uint64_t tag; /* its name in an image, four ASCII letters: STATE_TAG("SETT") */
    /* How many words it takes; 0 = it is left out. O(1). */
    uint64_t (*words)(const struct engine *engine);
    /* The same when all in flight and up to `deliveries` messages more have come back, or died; NULL = as now. */
    uint64_t (*words_max)(const struct engine *engine, uint64_t deliveries);
    /* Writes that many words; returns their end. Takes no memory and no lock. */
    char *(*save)(char *at, const struct engine *engine);
    /* `in` is all of it. Believes no number in it; false = it is malformed. */
    bool (*load)(struct engine *engine, struct state_reader *in);
    /* Equal parts have equal digests, in whatever order they came to be. */
    uint64_t (*digest)(const struct engine *engine);
};

#define STATE_TAG(text)                                                                                                \
    ((uint64_t)(text)[0] | (uint64_t)(text)[1] << 8 | (uint64_t)(text)[2] << 16 | (uint64_t)(text)[3] << 24)

extern const struct state_section STATE_SETTINGS; /* save_settings.c */
extern const struct state_section STATE_GHOSTS;   /* save_ghosts.c */
extern const struct state_section STATE_BYTES;    /* save_bytes.c */
extern const struct state_section STATE_CLIENTS;  /* clients.c */
extern const struct state_section STATE_FACTS;    /* save_facts.c */
extern const struct state_section STATE_DEDUP;    /* save_dedup.c */
extern const struct state_section STATE_KEYS;     /* save_keys.c */
extern const struct state_section STATE_MOVED;    /* save_keys.c */

/* Of all sections. */
uint64_t state_sections_digest(const struct engine *engine);

/* ------------------------------------------------------------------------------------------------------------------ */

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
