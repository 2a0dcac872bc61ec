/* lists.c - see lists.h. SPDX-License-Identifier: MIT */
#include "gnode/lists.h"

#include "engine/payload.h"

enum {
    SPILL_BYTES_A_TURN = 1 << 20, /* of CHUNK records: 130 thousand messages */
    AHEAD = 4,          /* chunks that are read together before they are needed */
};

bool lists_spill(struct broker *broker)
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

void lists_bring_back(struct broker *broker)
{
    for (uint32_t number = 1; number <= engine_queues(broker->engine); number++) {
        const struct queue *queue = engine_queue(broker->engine, number);
        if (queue->ready.out && queue->ready.out->aside.count > 0 &&
            broker_room(broker, record_stride(RECORD_LOAD, PAYLOAD_LOAD_BYTES), true) == 0)
            append_load(broker, number, &(struct payload_load){.kind = PAYLOAD_LOAD_BACK});
    }
}
