/*
 * save.c - the engine's state as bytes, for checkpoints
 *
 * All integers little-endian:
 *   u64 magic   u64 last_id   u64 last_time_ms   u64 node_record_lsn   u64 max_retries
 *   u64 wheel_now_ms (both wheels)   u64 queues   u64 near delayed   u64 in flight
 *   u64 level of the slot that is moving, of the delays in bits 0..7, of the leases in 8..15; 0 = none
 *   u64 near delayed, u64 leases that come before what is in these slots or later; 0 when none is moving
 *   per queue, or row of numbers whose queues are gone: u64 name bytes, u64 flags (1 auto-ack, 2 exited, 4 deleted;
 *              8 = such a row, then the next word is its length, and the others are 0), ttr_ms, max_retries,
 *              start_ms, record_lsn, push_num,
 *              pop_num, tail, dead, head, chunks, chunks aside, delayed with ghosts; name padded to 8; refs of the
 *              head, chunks (waiting_chunk_make), chunks aside, refs of the tail, all in order; dead refs in order
 *   the delayed messages: save_delays.c
 *   per lease: u64 ref, u64 id, u64 deadline_ms, u32 queue, u32 holder, u64 since_ms, u32 size64, u8 own_retries,
 *              u24 ttr_ms, those of one deadline in order
 *   u64 words of all sections; per section (state.h) that is not empty: u64 tag, u64 words, and so many words
 * Images of earlier magics are read too. Those of the third have no sections, and their leases end with the holder. The
 * queues of the first two have no `delayed`, and of the first neither head nor chunks; their delayed messages are all
 * near, and nothing is moving.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

#include <errno.h>

#define MAGIC_1 0x31474e45514d47ull /* "GMQENG1" */
#define MAGIC_2 0x32474e45514d47ull /* "GMQENG2" */
#define MAGIC_3 0x33474e45514d47ull /* "GMQENG3" */
#define MAGIC 0x34474e45514d47ull   /* "GMQENG4" */
enum {
    HEAD_WORDS_2 = 9, HEAD_WORDS = 12, QUEUE_WORDS_1 = 10, QUEUE_WORDS_2 = 13, QUEUE_WORDS = 14, LEASE_WORDS_3 = 4,
    LEASE_WORDS = 6,
    NAME_BYTES_MAX = 1024, LEASES_AT_ONCE = 32, /* when they are loaded */
    SECTION_WORDS = 2, FLAG_HOLES = 8,
};

static const struct state_section *const SECTIONS[] = {
    &STATE_SETTINGS,
    &STATE_FACTS,
    &STATE_BYTES,
    &STATE_GHOSTS, /* after what counts them as messages */
    &STATE_CLIENTS,
    &STATE_DEDUP,
    &STATE_KEYS,
    &STATE_MOVED,
};

static uint64_t sections_words(const struct engine *engine)
{
    uint64_t all = 0;

    for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++) {
        uint64_t words = SECTIONS[i]->words(engine);
        all += words > 0 ? SECTION_WORDS + words : 0;
    }
    return all;
}

/* When up to `deliveries` messages more have been delivered, and come back. */
static uint64_t sections_words_max(const struct engine *engine, uint64_t deliveries)
{
    uint64_t all = 0;

    for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++) {
        const struct state_section *section = SECTIONS[i];
        uint64_t words = section->words_max ? section->words_max(engine, deliveries) : section->words(engine);
        all += words > 0 ? SECTION_WORDS + words : 0;
    }
    return all;
}

/* Queues, and rows of numbers without one. */
static uint64_t queue_entries(const struct engine *engine)
{
    return (uint64_t)engine->queue_count - engine->freed + engine->holes;
}

/* Of all but the sections. */
static uint64_t body_words(const struct engine *engine)
{
    return HEAD_WORDS + state_delays_words(engine) + LEASE_WORDS * engine->flight.count + 1 +
           QUEUE_WORDS * queue_entries(engine) + engine->name_words + engine->lists.refs + engine->lists.chunks +
           engine->dead;
}

size_t engine_saved_bytes(const struct engine *engine)
{
    return 8 * (body_words(engine) + sections_words(engine));
}

size_t engine_saved_bytes_max(const struct engine *engine, uint64_t in_flight_max)
{
    uint64_t waiting = engine->lists.refs + engine->lists.chunked + delays_count(&engine->delays);
    uint64_t queues = engine->queue_count;

    if (queues > 0 && in_flight_max < waiting / queues)
        waiting = in_flight_max * queues;
    return 8 * (body_words(engine) + LEASE_WORDS * waiting + sections_words_max(engine, waiting));
}

static char *put(char *at, uint64_t value)
{
    put_le64(at, value);
    return at + 8;
}

static char *save_fifo(char *at, const struct fifo *fifo)
{
    uint64_t value;

    for (struct fifo_cursor cursor = fifo_begin(fifo); fifo_next(&cursor, &value);)
        at = put(at, value);
    return at;
}

/* Numbers whose queues are gone. */
static char *save_holes(char *at, uint32_t count)
{
    memset(at, 0, 8 * QUEUE_WORDS);
    put_le64(at + 8, FLAG_HOLES);
    put_le64(at + 16, count);
    return at + 8 * QUEUE_WORDS;
}

static char *save_queue(char *at, const struct queue *queue)
{
    static const struct waiting_out NOTHING;
    const struct waiting_out *out = queue->ready.out ? queue->ready.out : &NOTHING;
    uint64_t ref;

    at = put(at, queue->name_len);
    at = put(at, (queue->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0u) | (queue->exited ? PAYLOAD_QUEUE_EXITED : 0u) |
                     (queue->deleted ? PAYLOAD_QUEUE_DELETED : 0u));
    at = put(at, queue->set.ttr_ms);
    at = put(at, queue->set.max_retries);
    at = put(at, queue->start_ms);
    at = put(at, queue->record_lsn);
    at = put(at, queue->push_num);
    at = put(at, queue->pop_num);
    at = put(at, queue->ready.tail.count);
    at = put(at, queue->dead.count);
    at = put(at, out->head.count);
    at = put(at, out->chunks.count);
    at = put(at, out->aside.count);
    at = put(at, queue->delayed + queue->ghosts.delayed);
    memset(at, 0, 8 * state_name_words(queue->name_len));
    if (queue->name_len > 0)
        memcpy(at, queue->name, queue->name_len);
    at += 8 * state_name_words(queue->name_len);
    at = save_fifo(at, &out->head);
    at = save_fifo(at, &out->chunks);
    at = save_fifo(at, &out->aside);
    at = save_fifo(at, &queue->ready.tail);
    for (struct refset_cursor dead = refset_begin(&queue->dead); refset_next(&queue->dead, &dead, &ref);)
        at = put(at, ref);
    return at;
}

static char *save_leases(char *at, const struct engine *engine)
{
    for (const struct lease *lease = flight_first(&engine->flight); lease;
         lease = flight_after(&engine->flight, lease)) {
        at = put(at, lease->ref);
        at = put(at, lease->id);
        at = put(at, lease->deadline_ms);
        at = put(at, lease->queue | (uint64_t)lease->holder << 32);
        at = put(at, lease->since_ms);
        at = put(at, lease->size64 | (uint64_t)lease->own_retries << 32 | (uint64_t)lease->ttr_ms << 40);
    }
    return at;
}

static char *save_sections(char *at, const struct engine *engine)
{
    at = put(at, sections_words(engine));
    for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++) {
        uint64_t words = SECTIONS[i]->words(engine);
        if (words == 0)
            continue;
        at = put(put(at, SECTIONS[i]->tag), words);
        char *end = SECTIONS[i]->save(at, engine);
        ENSURE((size_t)(end - at) == 8 * words);
        at = end;
    }
    return at;
}

uint64_t state_sections_digest(const struct engine *engine)
{
    uint64_t h = 0;

    for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++)
        h = h * 31 + SECTIONS[i]->digest(engine);
    return h;
}

void engine_save_to(const struct engine *engine, char *begin)
{
    char *at = put(begin, MAGIC);

    at = put(at, engine->last_id);
    at = put(at, engine->last_time_ms);
    at = put(at, engine->node_record_lsn);
    at = put(at, engine->max_retries);
    at = put(at, engine_now_ms(engine));
    at = put(at, queue_entries(engine));
    at = put(at, engine->delays.near.count);
    at = put(at, engine->flight.count);
    at = put(at, engine->delays.near.wheel.moving / WHEEL_SLOTS | engine->flight.wheel.moving / WHEEL_SLOTS << 8);
    at = put(at, delay_moved(&engine->delays.near));
    at = put(at, flight_moved(&engine->flight));
    for (uint32_t i = 0, next; i < engine->queue_count; i = next) {
        next = i + 1;
        if (engine->queues[i] != &engine->none) {
            at = save_queue(at, &engine->queues[i]->queue);
            continue;
        }
        while (next < engine->queue_count && engine->queues[next] == &engine->none)
            next++;
        at = save_holes(at, next - i);
    }
    at = state_save_delays(at, engine);
    at = save_leases(at, engine);
    at = save_sections(at, engine);
    ENSURE((size_t)(at - begin) == engine_saved_bytes(engine));
}

bool engine_save(const struct engine *engine, struct buf *out)
{
    size_t bytes = engine_saved_bytes(engine);
    char *to = buf_reserve(out, bytes);

    if (!to)
        return false;
    engine_save_to(engine, to);
    buf_commit(out, bytes);
    return true;
}

/* How many words there are, by the magic of the image. */
struct shape {
    unsigned head_words, queue_words, lease_words;
    bool sections;
    bool far; /* delayed messages may be far, and counted by queue */
};

static bool shape_of(uint64_t magic, struct shape *ret)
{
    *ret = (struct shape){.head_words = HEAD_WORDS, .queue_words = QUEUE_WORDS, .far = true,
                          .lease_words = magic == MAGIC ? LEASE_WORDS : LEASE_WORDS_3, .sections = magic == MAGIC};
    if (magic == MAGIC || magic == MAGIC_3)
        return true;
    *ret = (struct shape){.head_words = HEAD_WORDS_2, .lease_words = LEASE_WORDS_3,
                          .queue_words = magic == MAGIC_1 ? QUEUE_WORDS_1 : QUEUE_WORDS_2};
    return magic == MAGIC_1 || magic == MAGIC_2;
}

/* `n`: tail, dead, head, chunks, chunks aside. */
static bool load_lists(struct engine *engine, struct state_reader *in, struct queue *queue, const uint64_t n[5])
{
    uint64_t ref, before = 0, all = 0;

    for (unsigned i = 0; i < 5; all += n[i++])
        if (n[i] > in->words - all)
            return false;
    for (uint64_t left = n[2]; left > 0 && state_take(in, &ref, 1); left--)
        waiting_add_head(&engine->lists, &queue->ready, ref);
    for (uint64_t left = n[3] + n[4]; left > 0 && state_take(in, &ref, 1); left--)
        if (!waiting_add_chunk(&engine->lists, &queue->ready, ref, left <= n[4]))
            return false;
    for (uint64_t left = n[0]; left > 0 && state_take(in, &ref, 1); left--)
        waiting_push(&engine->lists, &queue->ready, ref);
    for (uint64_t left = n[1]; left > 0 && state_take(in, &ref, 1); left--, before = ref) {
        if (ref <= before)
            return false;
        refset_add(&queue->dead, ref);
        state_count_dead(engine, queue, 1);
    }
    return true;
}

static bool load_holes(struct engine *engine, const uint64_t w[QUEUE_WORDS])
{
    for (unsigned i = 0; i < QUEUE_WORDS; i++)
        if (i != 1 && i != 2 && w[i] != 0)
            return false;
    if (w[1] != FLAG_HOLES || w[2] == 0 || w[2] > ENGINE_QUEUES_MAX - engine->queue_count)
        return false;
    if (engine->queue_count > 0 && engine->queues[engine->queue_count - 1] == &engine->none)
        return false; /* one row in two */
    state_add_holes(engine, (uint32_t)w[2]);
    return true;
}

static bool load_queue(struct engine *engine, struct state_reader *in, const struct shape *shape)
{
    uint64_t w[QUEUE_WORDS] = {0};

    if (!state_take(in, w, shape->queue_words) || w[0] > NAME_BYTES_MAX || state_name_words(w[0]) > in->words)
        return false;
    if (w[2] > UINT32_MAX || w[3] > UINT32_MAX || w[4] > WHEEL_MS_MAX)
        return false;
    if (w[1] & FLAG_HOLES)
        return load_holes(engine, w);
    struct queue *queue = state_queue(engine, engine->queue_count + 1);
    struct slice name = slice_of(in->at, w[0]);
    in->at += 8 * state_name_words(w[0]);
    in->words -= state_name_words(w[0]);
    if (name.len > 0) {
        if (engine_find(engine, name))
            return false;
        state_name_queue(engine, CONTAINER_OF(queue, struct queue_node, queue), name);
    }
    queue->auto_ack = w[1] & PAYLOAD_QUEUE_AUTO_ACK;
    queue->exited = w[1] & PAYLOAD_QUEUE_EXITED;
    if (w[1] & PAYLOAD_QUEUE_DELETED) {
        if (name.len > 0)
            return false;
        state_doom(engine, queue);
    }
    queue->set.ttr_ms = (uint32_t)w[2];
    queue->set.max_retries = (uint32_t)w[3];
    queue->start_ms = w[4];
    queue->record_lsn = w[5];
    queue->push_num = w[6];
    queue->pop_num = w[7];
    queue->delayed = w[13];
    return load_lists(engine, in, queue, w + 8);
}

/* The slot of a wheel that is moving, as a level, and the entries that were in lower ones: is that possible? */
static bool fits(const struct wheel *wheel, unsigned level, uint64_t moved, uint64_t count)
{
    uint64_t begun = level < WHEEL_LEVELS ? wheel->now_ms & ((UINT64_C(1) << 8 * level) - 1) : 1;

    return level == 0 ? moved == 0 : begun == 0 && moved < count;
}

static bool load_lease(struct engine *engine, struct state_reader *in, unsigned words)
{
    uint64_t w[LEASE_WORDS] = {0};
    struct queue *queue;

    if (!state_take(in, w, words) || !(queue = engine_queue(engine, (uint32_t)w[3])))
        return false;
    struct lease lease = {.ref = w[0], .id = w[1], .deadline_ms = w[2], .queue = (uint32_t)w[3],
                          .holder = (uint32_t)(w[3] >> 32), .since_ms = w[4], .size64 = (uint32_t)w[5],
                          .own_retries = (uint8_t)(w[5] >> 32), .ttr_ms = (uint32_t)(w[5] >> 40) & LEASE_TTR_MS_MAX};
    if (w[3] >> 32 > CLIENTS_MAX || w[2] > WHEEL_MS_MAX || w[4] > WHEEL_MS_MAX ||
        lease.size64 > PAYLOAD_SIZE64_MAX || flight_find(&engine->flight, lease.queue, lease.id))
        return false;
    flight_add(&engine->flight, &lease);
    queue->in_flight++;
    return true;
}

/* Some at a time: what they need of the table is fetched before. */
static bool load_leases(struct engine *engine, struct state_reader *in, const struct state_near *leases, unsigned words)
{
    struct flight *flight = &engine->flight;
    uint64_t count = leases->count;

    if (!fits(&flight->wheel, leases->moving, leases->moved, count) || count > in->words / words)
        return false;
    flight_expect(flight, count);
    for (uint64_t n = 0, end; n < count;) {
        uint64_t some = min_u64(count - n, LEASES_AT_ONCE);
        for (uint64_t i = 0; i < 2 * some; i++) {
            const char *at = in->at + i % some * words * 8;
            flight_prefetch(flight, (uint32_t)get_le64(at + 24), get_le64(at + 8), i >= some);
        }
        for (end = n + some; n < end; n++) {
            if (leases->moving > 0 && n == leases->moved)
                wheel_set_moving(&flight->wheel, leases->moving);
            if (!load_lease(engine, in, words))
                return false;
        }
    }
    return leases->moving == 0 || flight->slots[flight->wheel.moving].head != 0;
}

static const struct state_section *find_section(uint64_t tag)
{
    for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++)
        if (SECTIONS[i]->tag == tag)
            return SECTIONS[i];
    return NULL;
}

/* Each at most once, and in the order of the table: a later one may need an earlier one. */
static bool load_sections(struct engine *engine, struct state_reader *in)
{
    const struct state_section *last = NULL;
    uint64_t w[SECTION_WORDS], all;

    if (!state_take(in, &all, 1) || all != in->words)
        return false;
    while (in->words > 0) {
        if (!state_take(in, w, SECTION_WORDS) || w[1] == 0 || w[1] > in->words)
            return false;
        const struct state_section *section = find_section(w[0]);
        struct state_reader part = {.at = in->at, .words = w[1]};
        if (!section || section == last || !section->load(engine, &part) || part.words > 0)
            return false;
        in->at += 8 * w[1];
        in->words -= w[1];
        last = section;
    }
    return true;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    uint64_t w[HEAD_WORDS] = {0};
    struct shape shape;

    if (in->words == 0 || !shape_of(get_le64(in->at), &shape) || !state_take(in, w, shape.head_words))
        return false;
    if (w[2] > WHEEL_MS_MAX || w[4] > UINT32_MAX || w[5] > WHEEL_MS_MAX || w[9] > UINT16_MAX)
        return false;
    engine->last_id = w[1];
    engine->last_time_ms = w[2];
    engine->node_record_lsn = w[3];
    engine->max_retries = (uint32_t)w[4];
    engine->delays.near.wheel.now_ms = engine->flight.wheel.now_ms = w[5];
    for (uint64_t n = w[6]; n > 0; n--)
        if (!load_queue(engine, in, &shape))
            return false;
    struct state_near near = {.count = w[7], .moving = w[9] & 0xff, .moved = w[10]};
    if (!fits(&engine->delays.near.wheel, near.moving, near.moved, near.count) ||
        !state_load_delays(engine, in, &near, shape.far))
        return false;
    struct state_near leases = {.count = w[8], .moving = (unsigned)(w[9] >> 8), .moved = w[11]};
    if (!load_leases(engine, in, &leases, shape.lease_words))
        return false;
    return shape.sections ? load_sections(engine, in) : in->words == 0;
}

int engine_load(struct engine *engine, const void *image, size_t bytes)
{
    struct state_reader in = {.at = image, .words = bytes / 8};

    engine_reset(engine);
    if (bytes % 8 == 0 && load(engine, &in))
        return 0;
    engine_reset(engine);
    return -EINVAL;
}
