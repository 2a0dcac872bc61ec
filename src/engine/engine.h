/*
 * engine.h - all queues of a node, as a pure function of its log
 *
 * What   engine_apply() is the only code that changes queue state; it is fed the records of the log in order, live
 *        and after a restart alike, and cannot fail. engine_decide_*() say what a command would do and change
 *        nothing. The engine reads no clock, no file, no environment, no random number: time is in the records and
 *        in the arguments.
 * Words  A queue belongs to a topic; the original's commands use the topic's default queue (bind key "").
 * Cost   apply of a push, pop or ack O(1); nothing scans all queues or all messages but save, check and digest.
 *        8 bytes a waiting or dead message, 17 to 21 a delayed, 68 an in-flight one, 60 more
 *        one that came back or is dead. Of waiting and delayed messages
 *        only so many are in memory as engine_limit_lists() and engine_limit_delays() allow; the others stand in
 *        CHUNK and DCHUNK records, 8 bytes of memory each.
 * Owns   Everything it hands out; a pointer to a queue is good until the hook `forget`.
 * States and who moves a message between them: README.md in this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_ENGINE_H
#define GMQ_ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/record.h"
#include "base/topic_settings.h"
#include "engine/delays.h"
#include "engine/ghosts.h"
#include "engine/refset.h"
#include "engine/waiting.h"

struct engine;
struct lease;

struct queue;

/* Told while a record is applied: what the log need not keep any more, and who may have something to deliver now. */
struct engine_hooks {
    void *ctx;
    void (*dead)(void *ctx, uint64_t lsn);       /* the message, or list chunk, whose record stands there is gone */
    void (*dead_queue)(void *ctx, uint64_t lsn); /* the QUEUE record there was replaced */
    /* A queue with a `watch` has ready messages, and one more of them, one less in flight, or other settings. */
    void (*stir)(void *ctx, struct queue *queue);
    /* The queue, which was deleted, has nothing left, and is freed after the call; NULL = nobody cares. */
    void (*forget)(void *ctx, struct queue *queue);
};

/* What a topic's settings forbid or ask for, so that a command looks at them only when there is something. */
enum queue_gates {
    QUEUE_PUSH_PAUSED = 1, /* set.push_paused_until_ms is not 0; it may be over */
    QUEUE_POP_PAUSED = 2,
    QUEUE_LIMITED = 4,     /* by messages or bytes */
    QUEUE_AGES = 8,        /* by age */
};

/* What became of messages, since the engine was made, loaded or told to forget; no part of the state. */
struct queue_counts {
    uint64_t acked;       /* auto-acked ones too */
    uint64_t redelivered; /* came back from flight */
    uint64_t died;
    uint64_t expired;     /* their own time, or the topic's limit of age, was over */
    uint64_t deleted;     /* by somebody, or by another limit */
};

struct queue {
    uint32_t number; /* 1.., never reused */
    char *name;      /* `name_len` bytes and a NUL */
    uint32_t name_len;
    bool auto_ack;
    bool exited;           /* not in the lists until it is used again */
    bool deleted;          /* for good: it has no name, and is exited; what is left of it goes */
    uint8_t gates;         /* enum queue_gates, as `set` says */
    struct topic_settings set;
    uint64_t start_ms;     /* wall clock when it was made */
    uint64_t record_lsn;   /* of its newest QUEUE record, 0 = lost */
    struct waiting ready;
    struct refset dead;
    uint64_t delayed, in_flight; /* messages in these states, those in chunks too; of ready ones queue_ready() */
    struct queue_ghosts ghosts;  /* what of the lists is gone */
    uint64_t bytes;              /* of the bodies of ready, delayed and in flight, see queue_messages() */
    uint64_t push_num, pop_num;  /* pushes (not redeliveries) and deliveries, ever */
    struct queue_counts counts;
    void *watch; /* its owner's, no part of the state; NULL = the hook `stir` is not called */
    uint32_t popper;       /* its owner's: by whom it was popped last */
    void *usage; /* its owner's, no part of the state */
    uint64_t push_seen, pop_seen, ack_seen; /* its owner's: the counters when it looked last */
};

/*
 * Ready messages, those in chunks too. What could not be read back is not in it; too few while some of that is gone,
 * since only the chunk knows which.
 */
static inline uint64_t queue_ready(const struct queue *queue)
{
    uint64_t entries = waiting_count(&queue->ready);

    return LIKELY(entries > queue->ghosts.ready) ? entries - queue->ghosts.ready : 0;
}

/*
 * What a topic's limits count: the messages that are ready, delayed or in flight; `bytes` is of the same, each rounded
 * up to 64. Where a message leaves of which no record says the size, it is taken to be as large as the average.
 */
static inline uint64_t queue_messages(const struct queue *queue)
{
    return queue_ready(queue) + queue->delayed + queue->in_flight;
}

struct engine *engine_new(const struct engine_hooks *hooks);
void engine_free(struct engine *engine);

/* Back to the empty state; the hooks stay. */
void engine_reset(struct engine *engine);

/*
 * How many refs of waiting messages stay in memory, and how many go into one CHUNK, 1..507. No part of the state:
 * what is above it is owed, not forced. Without it nothing is ever owed.
 */
void engine_limit_lists(struct engine *engine, uint64_t refs_max, uint32_t chunk_refs);

/* The same for delayed messages: how many stay in memory, and how many go into one DCHUNK, 1..253. */
void engine_limit_delays(struct engine *engine, uint64_t entries_max, uint32_t chunk_entries);

void engine_apply(struct engine *engine, const struct record *rec);

/*
 * After a replay: drops the messages of which a record says that they are gone, though what led there was lost with
 * part of the log; they would be delivered again. Nothing to do, at no cost, after a replay of a whole log. Returns
 * how many were dropped.
 */
uint64_t engine_mend(struct engine *engine);

/* So many queues there may be, those that are gone included: 8 bytes of memory each. */
enum { ENGINE_QUEUES_MAX = 1 << 26 };

/* ---- looking ---------------------------------------------------------------------------------------------------- */

/* The default queue of a topic, exited or not; NULL when there is none. */
struct queue *engine_find(const struct engine *engine, struct slice topic);

/* By number; NULL for one that is not there, or is no more. Numbers run from 1 to engine_queues(). */
struct queue *engine_queue(const struct engine *engine, uint32_t number);
uint32_t engine_queues(const struct engine *engine);

/* How many topics there are, exited ones too, deleted ones not. */
uint32_t engine_topics(const struct engine *engine);

/* A deleted queue with ready or dead messages, which PURGE records are to take; its number, 0 = there is none. */
uint32_t engine_doomed(struct engine *engine);

uint64_t engine_last_id(const struct engine *engine);   /* the greatest id ever seen, 0 = none */
uint64_t engine_last_time_ms(const struct engine *engine); /* the latest time that any record tells */
uint32_t engine_max_retries(const struct engine *engine); /* of the node, from its newest record */
uint64_t engine_node_record_lsn(const struct engine *engine); /* of that record, 0 = none */
uint64_t engine_dedup_window_ms(const struct engine *engine); /* how long dedup keys are kept, by the same record */
uint64_t engine_dedup_keys(const struct engine *engine);      /* and how many at most; 0 = none */
uint64_t engine_ignored(const struct engine *engine);   /* malformed or unplaceable records */

/* What is known of a message that came back or is dead. */
struct engine_facts {
    uint64_t first_ms, last_ms; /* first and last delivery; 0 = never, or not known */
    uint64_t due_ms;            /* delayed after it came back: until then; 0 = it is not */
    unsigned retries;
    bool is_dead;
    unsigned why;               /* dead: enum payload_reason */
    uint64_t dead_ms;           /* dead: since then */
    struct slice text;          /* dead, rejected: why; good until the next record is applied */
};

/* By the LSN of its PUSH. False: it never came back, or is gone, or did so in a version that kept no facts. */
bool engine_facts(const struct engine *engine, uint64_t lsn, struct engine_facts *ret);

/* Everything due before it has fired. */
uint64_t engine_now_ms(const struct engine *engine);

/* When the next TICK is owed, ms; UINT64_MAX = never, or not before a LOAD. */
uint64_t engine_next_due_ms(const struct engine *engine);

/* When the next TICK is owed if no timer may fire: far delayed messages come nearer. UINT64_MAX = never. */
uint64_t engine_next_descend_ms(const struct engine *engine);

/* When the next chunk of delayed messages is to be loaded, ms; UINT64_MAX = never. No TICK goes beyond its time. */
uint64_t engine_next_load_ms(const struct engine *engine);

/*
 * Bytes of memory that the engine takes, its allocator's share included, as counted block by block; O(1). Memory that
 * was given back is not in it, though the process may keep it for the next use.
 */
uint64_t engine_memory(const struct engine *engine);

/* Can a message more be in flight without more memory? */
bool engine_has_lease_room(const struct engine *engine);

/* A client by its number, 1..4096; texts are good until the next CLIENT record. */
struct engine_client {
    struct slice name, address; /* of its host; either may be empty */
    uint32_t held;              /* messages in flight, of all topics */
};

/* False when the number is nobody's; it may hold messages all the same, of a life whose records are lost. */
bool engine_client(const struct engine *engine, uint32_t number, struct engine_client *ret);

/* ---- deciding ------------------------------------------------------------------------------------------------ */

/* The number that a new queue would get. */
uint32_t engine_next_queue(const struct engine *engine);

/*
 * The oldest waiting message. 0, or GMQ_E_NO_MESSAGE, GMQ_E_IN_FLIGHT_LIMIT (auto-ack queues have no such limit), or
 * -EAGAIN: it is in the queue's first chunk, which must be loaded first, or, when queue->ghosts.at_head, behind
 * messages that are gone, which a PURGE record of count 0 takes out of the way.
 */
NODISCARD int engine_decide_pop(const struct queue *queue, uint64_t in_flight_max, uint64_t *ret_ref);

/* The ref of an id in flight. 0 or GMQ_E_ID_UNKNOWN. */
NODISCARD int engine_decide_ack(const struct engine *engine, const struct queue *queue, uint64_t id,
                                uint64_t *ret_ref);

/* A message in flight. */
struct engine_lease {
    uint64_t ref, deadline_ms;
    uint64_t since_ms;    /* delivered at */
    uint32_t holder;
    uint32_t ttr_ms;      /* that it was delivered with */
    uint64_t bytes;       /* of its body, rounded up to 64 */
    unsigned own_retries; /* 1 + its own maximum of retries; 0 = the queue's */
};

/* False: the id is not in flight. What an image of an earlier version did not say is 0. */
bool engine_lease(const struct engine *engine, const struct queue *queue, uint64_t id, struct engine_lease *ret);

/*
 * Was something pushed with this dedup key within the window before `now_ms`? 0 = nothing; 1 = the same content, then
 * `ret_id` is the id of that push; or GMQ_E_DEDUP_MISMATCH: other content.
 */
NODISCARD int engine_decide_dedup(const struct engine *engine, const struct payload_dedup *dedup, uint64_t now_ms,
                                  uint64_t *ret_id);

/*
 * The LSN of the PUSH of the i-th newest (0 = the newest) living message of the queue that may have this key; 0 when
 * there are not so many. Its record says whether it has: another key can have the same hash.
 */
uint64_t engine_find_key(const struct engine *engine, const struct queue *queue, struct slice key, uint32_t i);

/*
 * The next up to `max` refs, as far as they are in memory and not far behind messages that are gone, that pops will
 * deliver; returns how many. These and no others one POP record may name.
 */
size_t engine_peek_ready(const struct engine *engine, const struct queue *queue, uint64_t *ret_refs, size_t max);

/*
 * Is a CHUNK record owed, since more refs are in memory than may be? Its queue and its refs (room for 507); returns how
 * many, 0 = none is.
 */
size_t engine_owes_chunk(struct engine *engine, uint32_t *ret_queue, uint64_t *ret_refs);

/* Is it time to load a chunk of the queue: are few refs left before it? */
bool engine_wants_chunk(const struct engine *engine, const struct queue *queue);

/* The LSNs of the next up to `max` chunks of the queue in the order in which they must be loaded; returns how many. */
size_t engine_peek_chunks(const struct queue *queue, uint64_t *ret_lsns, size_t max);

/* How many refs are in the first of them. */
uint32_t engine_chunk_refs(const struct queue *queue);

/* Is a DCHUNK owed? Its entries (room for 253) and where they stand; returns how many, 0 = none is. */
size_t engine_owes_delays(const struct engine *engine, uint64_t now_ms, struct delays_chunk *ret,
                          struct payload_delayed *entries);

/* The next up to `max` chunks of delayed messages to be loaded by `now_ms`, in order; returns how many. */
size_t engine_peek_delays(const struct engine *engine, uint64_t now_ms, struct delays_chunk *ret, size_t max);

/* Chunk `i` of those that were put aside; false when there are not so many. */
bool engine_delays_aside(const struct engine *engine, size_t i, struct delays_chunk *ret);

/* ---- whole state ------------------------------------------------------------------------------------------------ */

/* How many bytes the whole state takes in an image now; O(1). */
size_t engine_saved_bytes(const struct engine *engine);

/* How many it may take when nothing more is pushed, but everything delivered, up to `in_flight_max` of each queue. */
size_t engine_saved_bytes_max(const struct engine *engine, uint64_t in_flight_max);

/* Writes the whole state to the engine_saved_bytes() at `to`. Takes no memory and no lock: good in a forked child. */
void engine_save_to(const struct engine *engine, char *to);

/* Appends the whole state to `out`. False when `out` may not grow that far; it is then unchanged in length. */
NODISCARD bool engine_save(const struct engine *engine, struct buf *out);

/* Replaces the state by a saved one. 0 or -EINVAL: then the engine is empty. Believes no number in it. */
NODISCARD int engine_load(struct engine *engine, const void *image, size_t bytes);

/* ENGINE_PURGED: a delayed message that is gone, but whose record is needed until it would have been due. */
enum engine_place { ENGINE_READY, ENGINE_DELAYED, ENGINE_IN_FLIGHT, ENGINE_DEAD, ENGINE_PURGED };

/* What is known of a message from elsewhere: its PUSH, and whether the log needs that. */
struct engine_pushed {
    uint64_t lsn, id;
    uint64_t due_ms; /* as the PUSH says */
    bool needless;   /* the log says that its record is needed no more */
};

struct engine_where {
    enum engine_place place; /* none of PURGED */
    uint64_t ref;            /* of a ready or delayed one: with the retries that it has */
    uint64_t due_ms;         /* DELAYED */
    const struct lease *lease; /* IN_FLIGHT, else NULL; good until the next record is applied */
};

/* So many messages that are due now and have not fired engine_place() looks at: as many as a TICK moves. */
enum { ENGINE_PLACE_LOOKS = 8192 };

/*
 * Where the message of the queue is. 1, 0 = it is gone; -EAGAIN = it is due now, or was before, and stands behind so
 * many others, or has fired: ask again after the next TICK. Exact, but for what stands in a piece of a list that could
 * not be read, and ready where the log does not know what is needed.
 */
NODISCARD int engine_place(const struct engine *engine, const struct queue *queue, const struct engine_pushed *pushed,
                           struct engine_where *ret);

/* Where the record of a living message stands that was moved, by its id; 0 = none was. */
uint64_t engine_moved(const struct engine *engine, uint64_t id);

struct engine_message {
    uint64_t ref;
    uint64_t id;     /* in flight; else 0: it stands in the record alone */
    uint64_t due_ms; /* when the delay or the lease ends; else 0 */
    uint32_t queue;
    enum engine_place place;
};

/*
 * An entry of a list, ENGINE_READY or ENGINE_DELAYED, from memory or a chunk: is its message gone, and the entry left
 * over? And of a delayed one: is its record needed all the same, as of ENGINE_PURGED?
 */
bool engine_is_ghost(const struct engine *engine, const struct queue *queue, uint64_t ref, enum engine_place place);
bool engine_is_purged(const struct engine *engine, const struct queue *queue, uint64_t ref);

/* Calls `each` with every message there is, but for those in chunks; of one due time in order. Ghosts are none. */
void engine_each(const struct engine *engine, void (*each)(void *ctx, const struct engine_message *message), void *ctx);

struct engine_chunk {
    uint64_t lsn;      /* where its record stands */
    uint64_t start_ms; /* of delayed messages: of their bucket */
    uint32_t queue;    /* 0 for delayed messages, which may be of any */
    uint32_t count;    /* of messages in it */
    uint16_t list;     /* aux of its record, enum payload_chunk_list */
};

/* Calls `each` with every chunk there is, those aside too. */
void engine_each_chunk(const struct engine *engine, void (*each)(void *ctx, const struct engine_chunk *chunk),
                       void *ctx);

/* The first invariant that does not hold, in words, or NULL; O(everything). */
const char *engine_fault(const struct engine *engine);

/* ENSUREs every invariant; O(everything). */
void engine_check(const struct engine *engine);

/* One number for the whole state: equal states have equal digests. O(everything). */
uint64_t engine_digest(const struct engine *engine);

#endif
