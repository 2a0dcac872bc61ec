/*
 * tape.h - a log in memory with an engine that lives by it, for tests and fuzzers
 *
 * What   tape_*() encode a record as it would stand on disk, append it, read it back and apply it. tape_replay() gives
 *        another engine the same records. The hooks count what the engine reports dead.
 * Owns   The tape owns its engine and its bytes; a returned record is good until the next one is written.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_TAPE_H
#define GMQ_ENGINE_TAPE_H

#include "base/buf.h"
#include "engine/engine.h"
#include "engine/payload.h"
#include "engine/ref.h"

enum { TAPE_LSN_FIRST = 4096, TAPE_BYTES_MAX = 1 << 28, TAPE_SMALL_BYTES = 4096 };

/* What an engine told its hooks: how many LSNs, their sum, and the last one. */
struct tape_deaths {
    uint64_t messages, message_sum, last_message;
    uint64_t queues, last_queue;
    uint64_t stirs; /* of watched queues */
};

struct tape {
    struct engine *engine;
    struct buf bytes;
    struct tape_deaths deaths;
};

/* A small generator of numbers (xorshift64*); the state must not be 0. */
static inline uint64_t tape_dice(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint64_t tape_below(uint64_t *state, uint64_t limit) { return (tape_dice(state) >> 16) % limit; }

static inline void tape_message_dead(void *ctx, uint64_t lsn)
{
    struct tape_deaths *deaths = ctx;

    deaths->messages++;
    deaths->message_sum += lsn;
    deaths->last_message = lsn;
}

static inline void tape_queue_dead(void *ctx, uint64_t lsn)
{
    struct tape_deaths *deaths = ctx;

    deaths->queues++;
    deaths->last_queue = lsn;
}

static inline void tape_stir(void *ctx, struct queue *queue)
{
    struct tape_deaths *deaths = ctx;

    (void)queue;
    deaths->stirs++;
}

/* A new engine whose deaths are counted in `deaths`. */
static inline struct engine *tape_engine(struct tape_deaths *deaths)
{
    struct engine_hooks hooks = {.ctx = deaths, .dead = tape_message_dead, .dead_queue = tape_queue_dead,
                                 .stir = tape_stir};

    *deaths = (struct tape_deaths){.messages = 0};
    return engine_new(&hooks);
}

static inline void tape_open(struct tape *tape)
{
    buf_init(&tape->bytes, TAPE_BYTES_MAX);
    tape->engine = tape_engine(&tape->deaths);
}

static inline void tape_close(struct tape *tape)
{
    engine_free(tape->engine);
    buf_free(&tape->bytes);
}

/* The address of the next record. */
static inline uint64_t tape_lsn(const struct tape *tape) { return TAPE_LSN_FIRST + buf_len(&tape->bytes); }

/* The record that stands at `lsn` of the tape. */
static inline struct record tape_read(const struct tape *tape, uint64_t lsn)
{
    struct slice all = buf_slice(&tape->bytes);
    size_t at = lsn - TAPE_LSN_FIRST;
    struct record rec;

    ENSURE(record_read(all.ptr + at, all.len - at, lsn, &rec) == RECORD_OK);
    return rec;
}

/* Any record; it is applied. */
static inline struct record tape_record(struct tape *tape, const struct record *head, const void *payload, size_t bytes)
{
    struct record rec = *head;
    size_t stride = record_stride(rec.type, bytes);
    char *at = buf_reserve(&tape->bytes, stride);

    ENSURE(at);
    rec.lsn = tape_lsn(tape);
    if (bytes > 0)
        memcpy(at + RECORD_HEADER_BYTES, payload, bytes);
    rec.payload = slice_of(at + RECORD_HEADER_BYTES, bytes);
    record_seal(at, &rec);
    buf_commit(&tape->bytes, stride);
    rec = tape_read(tape, rec.lsn);
    engine_apply(tape->engine, &rec);
    return rec;
}

/* Returns the ref of the message. */
static inline uint64_t tape_push(struct tape *tape, uint32_t queue, uint64_t id, uint64_t due_ms)
{
    char payload[PAYLOAD_PUSH_BYTES + 4];
    struct payload_push push = {.due_ms = due_ms, .id = id, .body = slice_str("body")};

    payload_put_push(payload, &push);
    struct record head = {.type = RECORD_PUSH, .queue = queue};
    return ref_make(tape_record(tape, &head, payload, sizeof(payload)).lsn, 0);
}

/* The same with what a message may carry. */
static inline uint64_t tape_push_attrs(struct tape *tape, uint32_t queue, uint64_t id, uint64_t due_ms,
                                       const struct payload_attrs *attrs)
{
    char payload[PAYLOAD_PUSH_BYTES + PAYLOAD_ATTRS_BYTES_MAX + 4], tlvs[PAYLOAD_ATTRS_BYTES_MAX];
    struct payload_push push = {.due_ms = due_ms, .id = id, .body = slice_str("body")};

    push.tlvs = slice_of(tlvs, payload_put_attrs(tlvs, attrs));
    payload_put_push(payload, &push);
    struct record head = {.type = RECORD_PUSH, .queue = queue};
    return ref_make(tape_record(tape, &head, payload, payload_push_bytes(&push)).lsn, 0);
}

static inline void tape_pop(struct tape *tape, uint32_t queue, uint64_t now_ms, const struct payload_delivery *to,
                            bool auto_ack)
{
    char payload[PAYLOAD_POP_BYTES + PAYLOAD_POP_ENTRY_BYTES];
    struct payload_pop pop = {.now_ms = now_ms, .holder = 7, .count = 1};

    payload_put_pop(payload, &pop, to);
    struct record head = {.type = RECORD_POP, .queue = queue, .flags = auto_ack ? RECORD_F_AUTOACK : 0};
    (void)tape_record(tape, &head, payload, sizeof(payload));
}

/* `aux` as payload_ack_aux() makes it. */
static inline void tape_ack(struct tape *tape, uint32_t queue, uint16_t aux, uint64_t ref, uint64_t id)
{
    char payload[PAYLOAD_PAIR_BYTES];

    payload_put_pair(payload, &(struct payload_pair){.ref = ref, .id = id});
    struct record head = {.type = RECORD_ACK, .queue = queue, .aux = aux};
    (void)tape_record(tape, &head, payload, sizeof(payload));
}

static inline void tape_purge(struct tape *tape, uint32_t queue, uint16_t aux, uint32_t count)
{
    char payload[PAYLOAD_PURGE_BYTES];

    payload_put_purge(payload, &(struct payload_purge){.count = count});
    struct record head = {.type = RECORD_PURGE, .queue = queue, .aux = aux};
    (void)tape_record(tape, &head, payload, sizeof(payload));
}

static inline void tape_bury(struct tape *tape, uint32_t queue, uint64_t now_ms, uint64_t ref)
{
    char payload[PAYLOAD_BURY_BYTES + PAYLOAD_PAIR_BYTES];
    struct payload_bury letter = {.now_ms = now_ms, .reason = PAYLOAD_REASON_UNREADABLE, .count = 1};

    payload_put_bury(payload, &letter, &(struct payload_pair){.ref = ref});
    (void)tape_record(tape, &(struct record){.type = RECORD_BURY, .queue = queue}, payload, sizeof(payload));
}

/* Gives the message back; `due_ms` as in a RELEASE. */
static inline void tape_release(struct tape *tape, uint32_t queue, enum payload_list list, uint64_t now_ms,
                                uint64_t due_ms, bool no_retry, const struct payload_pair *pair)
{
    char payload[PAYLOAD_RELEASE_BYTES + PAYLOAD_PAIR_BYTES];
    struct payload_release release = {.now_ms = now_ms, .due_ms = due_ms, .count = 1};

    payload_put_release(payload, &release, pair);
    struct record head = {.type = RECORD_RELEASE, .queue = queue, .aux = (uint16_t)list,
                          .flags = no_retry ? RECORD_F_NO_RETRY : 0};
    (void)tape_record(tape, &head, payload, sizeof(payload));
}

static inline void tape_touch(struct tape *tape, uint32_t queue, uint64_t now_ms, const struct payload_touched *to)
{
    char payload[PAYLOAD_TOUCH_BYTES + PAYLOAD_TOUCH_ENTRY_BYTES];

    payload_put_touch(payload, &(struct payload_touch){.now_ms = now_ms, .count = 1}, to);
    (void)tape_record(tape, &(struct record){.type = RECORD_TOUCH, .queue = queue}, payload, sizeof(payload));
}

static inline void tape_reject(struct tape *tape, uint32_t queue, uint64_t now_ms, const char *text,
                               const struct payload_pair *pair)
{
    char payload[PAYLOAD_BURY_BYTES + PAYLOAD_PAIR_BYTES + PAYLOAD_TEXT_BYTES_MAX];
    struct payload_bury letter = {.now_ms = now_ms, .reason = PAYLOAD_REASON_REJECTED, .count = 1,
                                  .text = slice_str(text)};

    payload_put_bury(payload, &letter, pair);
    struct record head = {.type = RECORD_BURY, .queue = queue, .aux = PAYLOAD_BURY_FLIGHT};
    (void)tape_record(tape, &head, payload, PAYLOAD_BURY_BYTES + PAYLOAD_PAIR_BYTES + letter.text.len);
}

static inline void tape_tick_moves(struct tape *tape, uint64_t now_ms, uint32_t count, uint32_t moves)
{
    char payload[PAYLOAD_TICK_BYTES];

    payload_put_tick(payload, &(struct payload_tick){.now_ms = now_ms, .count = count, .moves = moves});
    (void)tape_record(tape, &(struct record){.type = RECORD_TICK}, payload, sizeof(payload));
}

static inline void tape_tick(struct tape *tape, uint64_t now_ms, uint32_t count)
{
    tape_tick_moves(tape, now_ms, count, 0);
}

/* Returns the LSN of the record. */
static inline uint64_t tape_queue_set(struct tape *tape, uint32_t number, const char *name, uint32_t flags,
                                      const struct topic_settings *settings)
{
    char payload[TAPE_SMALL_BYTES];
    struct payload_queue set = {.name = slice_str(name), .start_ms = 1000, .flags = flags, .set = *settings};
    size_t bytes = payload_put_queue(payload, &set);

    return tape_record(tape, &(struct record){.type = RECORD_QUEUE, .queue = number}, payload, bytes).lsn;
}

static inline uint64_t tape_queue(struct tape *tape, uint32_t number, const char *name, uint32_t flags,
                                  uint32_t max_retries)
{
    return tape_queue_set(tape, number, name, flags, &(struct topic_settings){.max_retries = max_retries});
}

/* Writes the CHUNK that is owed, if one is; returns how many refs it has. */
static inline size_t tape_spill(struct tape *tape)
{
    char payload[PAYLOAD_CHUNK_BYTES + PAYLOAD_CHUNK_REFS_MAX * PAYLOAD_REF_BYTES];
    uint64_t refs[PAYLOAD_CHUNK_REFS_MAX];
    uint32_t number;
    size_t n = engine_owes_chunk(tape->engine, &number, refs);

    if (n == 0)
        return 0;
    payload_put_chunk(payload, refs, (uint32_t)n);
    (void)tape_record(tape, &(struct record){.type = RECORD_CHUNK, .queue = number}, payload,
                      PAYLOAD_CHUNK_BYTES + n * PAYLOAD_REF_BYTES);
    return n;
}

/* What a CHUNK of the tape holds. */
static inline struct payload_chunk tape_chunk(const struct tape *tape, uint64_t lsn)
{
    struct payload_chunk chunk;
    struct record rec = tape_read(tape, lsn);

    ENSURE(rec.type == RECORD_CHUNK && payload_get_chunk(rec.payload, &chunk));
    return chunk;
}

/* Loads the first chunk of the queue, puts it aside, or brings all back that are; false when it has none. */
static inline bool tape_load(struct tape *tape, uint32_t number, enum payload_load_kind kind)
{
    char payload[PAYLOAD_LOAD_BYTES + PAYLOAD_CHUNK_REFS_MAX * PAYLOAD_REF_BYTES];
    const struct queue *queue = engine_queue(tape->engine, number);
    struct payload_load load = {.kind = kind};

    if (kind != PAYLOAD_LOAD_BACK) {
        if (engine_peek_chunks(queue, &load.lsn, 1) == 0)
            return false;
        load.count = engine_chunk_refs(queue);
        ENSURE(tape_chunk(tape, load.lsn).count == load.count);
    } else if (!queue->ready.out || queue->ready.out->aside.count == 0) {
        return false;
    }
    if (kind == PAYLOAD_LOAD_REFS)
        load.refs = tape_chunk(tape, load.lsn).refs;
    payload_put_load(payload, &load);
    (void)tape_record(tape, &(struct record){.type = RECORD_LOAD, .queue = number}, payload,
                      PAYLOAD_LOAD_BYTES + load.refs.len);
    return true;
}

/* Writes the DCHUNK that is owed, if one is; returns how many messages it has. */
static inline size_t tape_spill_delays(struct tape *tape, uint64_t now_ms)
{
    char payload[PAYLOAD_DCHUNK_BYTES + PAYLOAD_DCHUNK_ENTRIES_MAX * PAYLOAD_DELAYED_BYTES];
    struct payload_delayed entries[PAYLOAD_DCHUNK_ENTRIES_MAX];
    struct delays_chunk chunk;
    size_t n = engine_owes_delays(tape->engine, now_ms, &chunk, entries);

    if (n == 0)
        return 0;
    payload_put_dchunk(payload, chunk.start_ms, entries, (uint32_t)n);
    struct record head = {.type = RECORD_DCHUNK, .aux = (uint16_t)(PAYLOAD_DELAYED + chunk.level)};
    (void)tape_record(tape, &head, payload, PAYLOAD_DCHUNK_BYTES + n * PAYLOAD_DELAYED_BYTES);
    return n;
}

/* What a DCHUNK of the tape holds. */
static inline struct payload_dchunk tape_dchunk(const struct tape *tape, uint64_t lsn)
{
    struct payload_dchunk chunk;
    struct record rec = tape_read(tape, lsn);

    ENSURE(rec.type == RECORD_DCHUNK && payload_get_dchunk(rec.payload, &chunk));
    return chunk;
}

/* Loads the chunk of delayed messages, or puts it aside. */
static inline void tape_load_dchunk(struct tape *tape, const struct delays_chunk *chunk, enum payload_load_kind kind)
{
    char payload[PAYLOAD_DLOAD_BYTES + PAYLOAD_DCHUNK_ENTRIES_MAX * PAYLOAD_DELAYED_BYTES];
    struct payload_dload load = {.lsn = chunk->lsn, .count = chunk->count, .start_ms = chunk->start_ms, .kind = kind};
    struct payload_dchunk held = tape_dchunk(tape, chunk->lsn);

    ENSURE(held.count == chunk->count && held.start_ms == chunk->start_ms);
    if (kind == PAYLOAD_LOAD_REFS)
        load.entries = held.entries;
    payload_put_dload(payload, &load);
    struct record head = {.type = RECORD_LOAD, .aux = (uint16_t)(PAYLOAD_DELAYED + chunk->level)};
    (void)tape_record(tape, &head, payload, PAYLOAD_DLOAD_BYTES + load.entries.len);
}

/* Loads the first chunk of delayed messages that is wanted by `now_ms`, or puts it aside; false when none is. */
static inline bool tape_load_delays(struct tape *tape, uint64_t now_ms, enum payload_load_kind kind)
{
    struct delays_chunk chunk;

    if (engine_peek_delays(tape->engine, now_ms, &chunk, 1) == 0)
        return false;
    tape_load_dchunk(tape, &chunk, kind);
    return true;
}

/* Applies what stands on the tape from `from_lsn` on to another engine. */
static inline void tape_replay(const struct tape *tape, uint64_t from_lsn, struct engine *engine)
{
    for (uint64_t lsn = from_lsn; lsn < tape_lsn(tape);) {
        struct record rec = tape_read(tape, lsn);
        engine_apply(engine, &rec);
        lsn += record_stride(rec.type, rec.payload.len);
    }
}

#endif
