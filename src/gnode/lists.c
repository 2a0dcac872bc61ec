/* lists.c - see lists.h. SPDX-License-Identifier: MIT */
#include "gnode/lists.h"

#include "base/err.h"
#include "engine/payload.h"
#include "gnode/turn.h"

enum {
    SPILL_BYTES_A_TURN = 1 << 20, /* of CHUNK records: 130 thousand messages */
    DSPILLS_A_TURN = 64, /* of DCHUNK records: 16 thousand delayed messages */
    TRIMS_A_TURN = 8, /* of 8 thousand messages that are gone */
    AHEAD = 4,          /* chunks that are read together before they are needed */
    LOADS_A_TURN = 32,  /* 8 thousand delayed messages */
    DELAYS_AHEAD = 64,
    NO_ROOM_MS = 100,   /* between tries of a LOAD for which the log has no room */
    URGENT_MS = 30000,  /* what is due later can wait until pushes have room, too */
};

static bool spill_waiting(struct broker *broker)
{
    uint64_t refs[PAYLOAD_CHUNK_REFS_MAX];
    uint32_t number;
    size_t n, bytes = 0;

    while ((n = engine_owes_chunk(broker->engine, &number, refs)) > 0) {
        size_t payload = PAYLOAD_CHUNK_BYTES + n * PAYLOAD_REF_BYTES;
        if (bytes >= SPILL_BYTES_A_TURN)
            return true;
        bytes += payload;
        if (broker_room(broker, record_stride(RECORD_CHUNK, payload), true) != 0)
            return false;
        char *to = log_begin(broker->log, RECORD_CHUNK, 0, PAYLOAD_WAITING, number, payload);
        payload_put_chunk(to, refs, (uint32_t)n);
        (void)broker_apply(broker);
    }
    return false;
}

static bool spill_delays(struct broker *broker, uint64_t now_ms)
{
    struct payload_delayed entries[PAYLOAD_DCHUNK_ENTRIES_MAX];
    struct delays_chunk chunk;
    size_t n;

    for (unsigned i = 0; (n = engine_owes_delays(broker->engine, now_ms, &chunk, entries)) > 0; i++) {
        size_t payload = PAYLOAD_DCHUNK_BYTES + n * PAYLOAD_DELAYED_BYTES;
        if (i == DSPILLS_A_TURN)
            return true;
        if (broker_room(broker, record_stride(RECORD_DCHUNK, payload), true) != 0)
            return false;
        char *to = log_begin(broker->log, RECORD_DCHUNK, 0, (uint16_t)(PAYLOAD_DELAYED + chunk.level), 0, payload);
        payload_put_dchunk(to, chunk.start_ms, entries, (uint32_t)n);
        (void)broker_apply(broker);
    }
    return false;
}

bool lists_spill(struct broker *broker, uint64_t now_ms)
{
    bool owes = spill_waiting(broker);

    return spill_delays(broker, now_ms) || owes;
}

static void append_load(struct broker *broker, uint32_t number, const struct payload_load *load)
{
    size_t payload = PAYLOAD_LOAD_BYTES + load->refs.len;

    payload_put_load(log_begin(broker->log, RECORD_LOAD, 0, PAYLOAD_WAITING, number, payload), load);
    (void)broker_apply(broker);
}

/* Is it the queue's chunk with that many refs? */
static bool is_chunk(const struct record *rec, uint32_t number, uint32_t count, struct payload_chunk *ret)
{
    return rec->type == RECORD_CHUNK && rec->queue == number && rec->aux == PAYLOAD_WAITING &&
           payload_get_chunk(rec->payload, ret) && ret->count == count;
}

int lists_load(struct broker *broker, const struct queue *queue)
{
    char refs[PAYLOAD_CHUNK_REFS_MAX * PAYLOAD_REF_BYTES]; /* what log_read() gives is gone with the append */
    uint64_t lsns[2 * AHEAD];
    struct record rec;
    struct payload_chunk chunk;
    size_t ahead = engine_peek_chunks(queue, lsns, ARRAY_LEN(lsns));
    struct payload_load load = {.lsn = lsns[0], .count = engine_chunk_refs(queue), .kind = PAYLOAD_LOAD_REFS};
    int rc = broker_room(broker, record_stride(RECORD_LOAD, PAYLOAD_LOAD_BYTES + sizeof(refs)), true);

    if (rc < 0)
        return rc;
    rc = log_read(broker->log, load.lsn, &rec);
    if (rc == 0 || queue->ready.out->chunks.count % AHEAD == 0)
        log_prefetch(broker->log, lsns + 1, ahead - 1);
    if (rc == 0)
        return 0;
    if (rc > 0 && is_chunk(&rec, queue->number, load.count, &chunk)) {
        memcpy(refs, chunk.refs.ptr, chunk.refs.len);
        load.refs = slice_of(refs, chunk.refs.len);
    } else {
        load.kind = PAYLOAD_LOAD_ASIDE;
        broker->unreadable += load.count;
        broker->lists_aside++;
    }
    append_load(broker, queue->number, &load);
    return 1;
}

int lists_forward(struct broker *broker, const struct queue *queue, uint64_t now_ms)
{
    if (!queue->ghosts.at_head)
        return lists_load(broker, queue);
    if (broker->trims == TRIMS_A_TURN) {
        broker->retry = true;
        return 0;
    }
    int rc = broker_room(broker, record_stride(RECORD_PURGE, PAYLOAD_PURGE_BYTES), true);
    if (rc < 0)
        return rc;
    (void)purge_append(broker, queue->number, PAYLOAD_LIST_READY, 0, now_ms);
    broker->trims++;
    return 1;
}

/* ---- delayed messages -------------------------------------------------------------------------------------------- */

static bool is_dchunk(const struct record *rec, const struct delays_chunk *chunk, struct payload_dchunk *ret)
{
    return rec->type == RECORD_DCHUNK && rec->aux == PAYLOAD_DELAYED + chunk->level &&
           payload_get_dchunk(rec->payload, ret) && ret->count == chunk->count && ret->start_ms == chunk->start_ms;
}

/* 1 = its LOAD is appended; 0 = it is being fetched; < 0 as broker_room(), or GMQ_E_UNREADABLE: there is none. */
static int load_delays(struct broker *broker, const struct delays_chunk *chunk, bool urgent, bool put_aside)
{
    char entries[PAYLOAD_DCHUNK_ENTRIES_MAX * PAYLOAD_DELAYED_BYTES]; /* what log_read() gives goes with the append */
    struct payload_dload load = {.lsn = chunk->lsn, .count = chunk->count, .start_ms = chunk->start_ms,
                                 .kind = PAYLOAD_LOAD_REFS};
    struct payload_dchunk read;
    struct record rec;
    int rc = broker_room(broker, record_stride(RECORD_LOAD, PAYLOAD_DLOAD_BYTES + sizeof(entries)), urgent);

    if (rc < 0)
        return rc;
    rc = log_read(broker->log, chunk->lsn, &rec);
    if (rc == 0 || (rc < 0 && rc != GMQ_E_UNREADABLE))
        return rc;
    if (rc > 0 && is_dchunk(&rec, chunk, &read)) {
        memcpy(entries, read.entries.ptr, read.entries.len);
        load.entries = slice_of(entries, read.entries.len);
    } else if (put_aside) {
        load.kind = PAYLOAD_LOAD_ASIDE;
        broker->unreadable += load.count;
    } else {
        return GMQ_E_UNREADABLE;
    }
    uint16_t list = (uint16_t)(PAYLOAD_DELAYED + chunk->level);
    payload_put_dload(log_begin(broker->log, RECORD_LOAD, 0, list, 0, PAYLOAD_DLOAD_BYTES + load.entries.len), &load);
    (void)broker_apply(broker);
    return 1;
}

static void prefetch_delays(struct broker *broker, const struct delays_chunk *chunks, size_t count)
{
    uint64_t lsns[DELAYS_AHEAD];

    for (size_t i = 0; i < count; i++)
        lsns[i] = chunks[i].lsn;
    log_prefetch(broker->log, lsns, count);
}

/* Those that the last life could not read: each is tried once. */
static void load_aside(struct broker *broker)
{
    struct delays_chunk chunk;

    while (broker->aside_left > 0 && engine_delays_aside(broker->engine, broker->aside_next, &chunk)) {
        int rc = load_delays(broker, &chunk, false, false);
        if (rc == 0 || (rc < 0 && rc != GMQ_E_UNREADABLE))
            return;
        broker->aside_left--;
        broker->aside_next += rc < 0;
    }
}

uint64_t lists_load_delays(struct broker *broker, uint64_t now_ms)
{
    struct delays_chunk chunks[DELAYS_AHEAD];

    load_aside(broker);
    for (unsigned i = 0; i < LOADS_A_TURN; i++) {
        size_t n = engine_peek_delays(broker->engine, now_ms, chunks, i % (LOADS_A_TURN / 2) == 0 ? DELAYS_AHEAD : 1);
        if (n == 0)
            return engine_next_load_ms(broker->engine);
        if (n > 1)
            prefetch_delays(broker, chunks + 1, n - 1);
        int rc = load_delays(broker, chunks, chunks[0].start_ms <= now_ms + URGENT_MS, true);
        if (rc <= 0)
            return rc < 0 ? now_ms + NO_ROOM_MS : UINT64_MAX;
        if (chunks[0].start_ms <= now_ms && chunks[0].start_ms >= broker->tick_from_ms)
            broker->late += chunks[0].count;
    }
    return now_ms;
}

void lists_bring_back(struct broker *broker)
{
    for (uint32_t number = 1; number <= engine_queues(broker->engine); number++) {
        const struct queue *queue = engine_queue(broker->engine, number);
        if (queue && queue->ready.out && queue->ready.out->aside.count > 0 &&
            broker_room(broker, record_stride(RECORD_LOAD, PAYLOAD_LOAD_BYTES), true) == 0)
            append_load(broker, number, &(struct payload_load){.kind = PAYLOAD_LOAD_BACK});
    }
    struct delays_chunk chunk;
    while (engine_delays_aside(broker->engine, broker->aside_left, &chunk))
        broker->aside_left++;
}
