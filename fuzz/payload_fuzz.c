/*
 * payload_fuzz.c - a log of arbitrary records through engine_apply()
 *
 * The input is a row of records, each of a kind in one byte and what that kind takes:
 *   0x00..0x7f  the type; flags, aux, queue, length: one byte each; that many bytes of payload
 *   0x80..      made well: what happens (low bits; 0x10: what came back), queue, argument: one byte each
 * A LOAD holds what its CHUNK or DCHUNK held, which no broker does otherwise and the engine takes on trust: made ones
 * do, of raw ones only those that bring nothing are applied.
 * The engine stays sound after each, and a replay, and a checkpoint of the end, give the same state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "engine/id.h"
#include "engine/tape.h"

enum { RAW_HEAD = 5, MADE_HEAD = 3, CHECK_EVERY = 32, IMAGE_BYTES_MAX = 1 << 26, RECORDS_MAX = 2000, QUEUE_MASK = 7,
       REFS_IN_MEMORY = 3, CHUNK_REFS = 2, DELAYED_IN_MEMORY = 4, CHUNK_DELAYED = 2 };

struct life {
    struct tape tape;
    uint64_t now_ms, last_id;
};

/* Applies a record as it comes; returns the bytes it took, 0 at the end. */
static size_t raw(struct life *life, const uint8_t *at, size_t left)
{
    if (left < RAW_HEAD || left - RAW_HEAD < at[4])
        return 0;
    struct record head = {.type = at[0], .flags = at[1], .aux = at[2], .queue = at[3]};
    struct slice payload = fuzz_copy(at + RAW_HEAD, at[4]);
    struct payload_load load;
    struct payload_dload dload;
    if (head.type == RECORD_LOAD && payload_get_load(payload, &load) && load.kind == PAYLOAD_LOAD_REFS)
        head.queue = 0;
    if (head.type == RECORD_LOAD && head.aux != PAYLOAD_WAITING && payload_get_dload(payload, &dload) &&
        dload.kind == PAYLOAD_LOAD_REFS)
        head.aux = UINT16_MAX;
    (void)tape_record(&life->tape, &head, payload.ptr, payload.len);
    fuzz_free(payload);
    return RAW_HEAD + (size_t)at[4];
}

static void deliver(struct life *life, uint32_t number, uint32_t argument)
{
    const struct queue *queue = engine_queue(life->tape.engine, number);
    uint64_t ref;

    if (!queue || engine_decide_pop(queue, UINT64_MAX, &ref) < 0)
        return;
    struct payload_delivery to = {.ref = ref, .id = ref_lsn(ref), .ttr_ms = argument};
    tape_pop(&life->tape, number, life->now_ms, &to, queue->auto_ack);
}

static void move_lists(struct life *life, uint32_t number, uint32_t argument)
{
    if (argument & 1)
        (void)tape_spill(&life->tape);
    else if (engine_queue(life->tape.engine, number))
        (void)tape_load(&life->tape, number, (enum payload_load_kind)((argument >> 1) % 3));
}

static void move_delays(struct life *life, uint32_t argument)
{
    uint64_t by_ms = argument & 4 ? UINT64_MAX : life->now_ms;
    struct delays_chunk chunk;

    if (argument & 1)
        (void)tape_spill_delays(&life->tape, life->now_ms);
    else if (!(argument & 2))
        (void)tape_load_delays(&life->tape, by_ms, argument & 8 ? PAYLOAD_LOAD_ASIDE : PAYLOAD_LOAD_REFS);
    else if (engine_delays_aside(life->tape.engine, argument >> 4, &chunk))
        tape_load_dchunk(&life->tape, &chunk, PAYLOAD_LOAD_REFS);
}

/* With one of a few keys, one of a few dedup keys, or both. */
static void push_keyed(struct life *life, uint32_t number, uint32_t argument)
{
    static const char KEYS[] = "abcd";
    struct payload_attrs attrs = {
        .deduped = argument & 1, .dedup = {.hash = {argument >> 4, number}, .check = argument >> 6}};

    if (argument & 8)
        attrs.from_id = argument;
    if (argument & 16)
        attrs.pushed_ms = life->now_ms;
    if (argument & 2)
        attrs.key = slice_of(KEYS + (argument >> 2 & 3), 1);
    life->last_id = max_u64(life->last_id + 1, id_next(life->last_id, 1, ID_EPOCH_MS + life->now_ms));
    (void)tape_push_attrs(&life->tape, number, life->last_id, 0, &attrs);
}

/* What a consumer says of a message beside ack, a redrive, and a topic with a retry policy. */
static void give_back(struct life *life, const uint8_t *at, uint32_t number, uint32_t argument)
{
    uint64_t some_lsn = TAPE_LSN_FIRST + (uint64_t)argument * RECORD_TRACKED_BYTES_MIN;
    struct payload_pair pair = {.ref = ref_make(some_lsn, at[1] >> 5), .id = some_lsn};
    uint64_t due_ms = at[0] & 8 ? life->now_ms + ((uint64_t)argument << (at[1] & 31)) : 0;
    struct topic_settings set = TOPIC_SETTINGS_NONE;

    switch (at[0] & 7) {
    case 0:
    case 1:
        tape_release(&life->tape, number, PAYLOAD_LIST_FLIGHT, life->now_ms, due_ms, at[0] & 1, &pair);
        break;
    case 2:
        tape_release(&life->tape, number, PAYLOAD_LIST_DEAD, life->now_ms, due_ms, false, &pair);
        break;
    case 3:
        tape_reject(&life->tape, number, life->now_ms, argument & 1 ? "no" : "", &pair);
        break;
    case 4:
        tape_touch(&life->tape, number, life->now_ms,
                   &(struct payload_touched){.ref = pair.ref, .id = pair.id, .deadline_ms = life->now_ms + due_ms});
        break;
    default:
        set.retry = (struct retry_policy){.kind = RETRY_EXPONENTIAL, .count = 1, .jitter_percent = argument & 63,
                                          .delays_ms = {argument << (at[1] >> 5)}};
        (void)tape_queue_set(&life->tape, number, (const char[]){(char)('a' + number), '\0'}, 0, &set);
    }
}

/* One of a few clients, and a pop for it. */
static void name_client(struct life *life, uint32_t number, uint32_t argument)
{
    static const char TEXT[] = "name or address";
    char payload[PAYLOAD_CLIENT_BYTES + 2 * sizeof(TEXT)];
    struct payload_client client = {.number = 1 + (argument & 3),
                                    .name = slice_of(TEXT, argument >> 2 & 7),
                                    .address = slice_of(TEXT, argument >> 5)};

    payload_put_client(payload, &client);
    (void)tape_record(&life->tape, &(struct record){.type = RECORD_CLIENT, .queue = number & 1}, payload,
                      PAYLOAD_CLIENT_BYTES + client.name.len + client.address.len);
}

/* A record as a broker would write it. */
static size_t made(struct life *life, const uint8_t *at, size_t left)
{
    static const char *const NAMES[] = {"", "a", "b", "c", "d", "e", "f", "g"};

    if (left < MADE_HEAD)
        return 0;
    uint32_t number = 1 + (at[1] & QUEUE_MASK), argument = at[2];
    uint64_t some_lsn = TAPE_LSN_FIRST + (uint64_t)argument * RECORD_TRACKED_BYTES_MIN;
    if (at[0] & 0x10) {
        give_back(life, at, number, argument);
        return MADE_HEAD;
    }
    switch (at[0] & 15) {
    case 0:
        (void)tape_push(&life->tape, number, ++life->last_id, 0);
        break;
    case 1:
        (void)tape_push(&life->tape, number, ++life->last_id, life->now_ms + ((uint64_t)argument << (at[1] & 31)));
        break;
    case 2:
        deliver(life, number, argument);
        break;
    case 3:
        tape_ack(&life->tape, number, PAYLOAD_LIST_FLIGHT, ref_make(some_lsn, at[1] >> 5), some_lsn);
        break;
    case 4:
        tape_ack(&life->tape, number, PAYLOAD_LIST_DEAD, ref_make(some_lsn, at[1] >> 5), some_lsn);
        break;
    case 13:
        tape_ack(&life->tape, number, PAYLOAD_LIST_READY, ref_make(some_lsn, 0), some_lsn);
        break;
    case 11:
        tape_ack(&life->tape, number, PAYLOAD_LIST_DELAYED, ref_make(some_lsn, 0), some_lsn);
        break;
    case 12:
        tape_purge(&life->tape, number, at[1] >> 5 & 3, argument);
        break;
    case 5:
        tape_bury(&life->tape, number, life->now_ms, ref_make(some_lsn, at[1] >> 5));
        break;
    case 6:
        life->now_ms += (uint64_t)argument << (at[1] & 31);
        tape_tick_moves(&life->tape, life->now_ms, at[1] >> 5 ? 4096 : 1, argument & 3);
        break;
    case 14:
        name_client(life, number, argument);
        break;
    case 10:
        push_keyed(life, number, argument);
        break;
    case 9:
        move_delays(life, argument);
        break;
    case 8:
        move_lists(life, number, argument);
        break;
    default:
        (void)tape_queue(&life->tape, number, NAMES[number % ARRAY_LEN(NAMES)], argument & 7, argument >> 3);
    }
    return MADE_HEAD;
}

static void check_end(const struct life *life)
{
    struct tape_deaths deaths;
    struct engine *other = tape_engine(&deaths);
    struct buf image;

    engine_check(life->tape.engine);
    tape_replay(&life->tape, TAPE_LSN_FIRST, other);
    ENSURE(engine_digest(other) == engine_digest(life->tape.engine));
    ENSURE(memcmp(&deaths, &life->tape.deaths, sizeof(deaths)) == 0);
    buf_init(&image, IMAGE_BYTES_MAX);
    ENSURE(engine_save(life->tape.engine, &image));
    ENSURE(engine_load(other, buf_data(&image), buf_len(&image)) == 0);
    ENSURE(engine_digest(other) == engine_digest(life->tape.engine));
    engine_check(other);
    buf_free(&image);
    engine_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct life life = {.now_ms = 0};
    size_t at = 0;

    tape_open(&life.tape);
    engine_limit_lists(life.tape.engine, REFS_IN_MEMORY, CHUNK_REFS);
    engine_limit_delays(life.tape.engine, DELAYED_IN_MEMORY, CHUNK_DELAYED);
    for (unsigned n = 1; n <= RECORDS_MAX && at < size; n++) {
        size_t used = data[at] & 0x80 ? made(&life, data + at, size - at) : raw(&life, data + at, size - at);
        if (used == 0)
            break;
        at += used;
        if (n % CHECK_EVERY == 0)
            engine_check(life.tape.engine);
    }
    check_end(&life);
    tape_close(&life.tape);
    return 0;
}
