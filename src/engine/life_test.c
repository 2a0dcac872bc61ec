/*
 * life_test.c - random lives of an engine against a naive one, replayed, saved in the middle and loaded
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"
#include "engine/tape.h"
#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>

enum { QUEUES = 4, NODE_RETRIES = 2, MESSAGES_MAX = 4000, STEPS = 4000, SEEDS = 6, TTR_MS = 2000 };

enum state { READY, DELAYED, FLYING, DEAD, ASIDE, GONE };

/* The naive engine: every message ever pushed, in an array. */
struct message {
    uint64_t ref, id;
    uint64_t at_ms; /* when it fires */
    uint64_t order; /* when it came into its state, counted */
    uint32_t queue;
    enum state state;
};

struct life {
    struct tape tape;
    struct message messages[MESSAGES_MAX];
    size_t count;
    uint64_t orders, now_ms, dice;
    bool auto_ack[QUEUES + 1];
};

static uint64_t below(struct life *life, uint64_t limit) { return tape_below(&life->dice, limit); }

static void turn(struct life *life, struct message *message, enum state state)
{
    message->state = state;
    message->order = life->orders++;
}

/* The message of a queue (0 = any) in a state that came there first, or NULL. */
static struct message *oldest(struct life *life, uint32_t queue, enum state state)
{
    struct message *best = NULL;

    for (size_t i = 0; i < life->count; i++) {
        struct message *message = &life->messages[i];
        if (message->state == state && (queue == 0 || message->queue == queue) &&
            (!best || message->order < best->order))
            best = message;
    }
    return best;
}

static struct message *any(struct life *life, enum state state)
{
    size_t from = life->count ? below(life, life->count) : 0;

    for (size_t i = 0; i < life->count; i++) {
        struct message *message = &life->messages[(from + i) % life->count];
        if (message->state == state)
            return message;
    }
    return NULL;
}

/* ---- what happens ----------------------------------------------------------------------------------------------- */

static uint64_t fires_at(const struct life *life, uint64_t due_ms)
{
    return max_u64(due_ms, life->tape.engine->delay.wheel.now_ms);
}

static void push(struct life *life, uint64_t due_ms)
{
    struct message *message = &life->messages[life->count];

    if (life->count == MESSAGES_MAX)
        return;
    message->queue = 1 + (uint32_t)below(life, QUEUES);
    message->id = ++life->count;
    message->at_ms = fires_at(life, due_ms);
    message->ref = tape_push(&life->tape, message->queue, message->id, due_ms);
    turn(life, message, due_ms ? DELAYED : READY);
}

static void pop(struct life *life)
{
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES);
    struct message *message = oldest(life, queue, READY);
    uint64_t ref = 0;

    while (engine_decide_pop(engine_queue(life->tape.engine, queue), MESSAGES_MAX, &ref) == -EAGAIN)
        assert_true(tape_load(&life->tape, queue, PAYLOAD_LOAD_REFS));
    assert_int_equal(engine_decide_pop(engine_queue(life->tape.engine, queue), MESSAGES_MAX, &ref) == 0,
                     message != NULL);
    if (!message)
        return;
    assert_int_equal(ref, message->ref);
    struct payload_delivery to = {.ref = ref, .id = message->id, .ttr_ms = 1 + (uint32_t)below(life, TTR_MS)};
    message->at_ms = fires_at(life, life->now_ms + to.ttr_ms);
    tape_pop(&life->tape, queue, life->now_ms, &to, life->auto_ack[queue]);
    turn(life, message, life->auto_ack[queue] ? GONE : FLYING);
}

static void ack(struct life *life, enum state state)
{
    struct message *message = any(life, state);

    if (!message)
        return;
    tape_ack(&life->tape, message->queue, state == DEAD ? PAYLOAD_LIST_DEAD : PAYLOAD_LIST_FLIGHT, message->ref,
             message->id);
    assert_int_equal(life->tape.deaths.last_message, ref_lsn(message->ref));
    turn(life, message, GONE);
}

static void bury(struct life *life)
{
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES);
    struct message *message = oldest(life, queue, READY);

    while (message && !waiting_oldest(&engine_queue(life->tape.engine, queue)->ready))
        assert_true(tape_load(&life->tape, queue, PAYLOAD_LOAD_REFS));
    if (!message)
        return;
    tape_bury(&life->tape, queue, life->now_ms, message->ref);
    turn(life, message, DEAD);
}

/* What fires next: by time, messages before leases, then by age. */
static struct message *next_timer(struct life *life)
{
    struct message *best = NULL;

    for (size_t i = 0; i < life->count; i++) {
        struct message *message = &life->messages[i];
        if (message->state != DELAYED && message->state != FLYING)
            continue;
        if (!best || message->at_ms < best->at_ms ||
            (message->at_ms == best->at_ms &&
             (message->state < best->state || (message->state == best->state && message->order < best->order))))
            best = message;
    }
    return best && best->at_ms <= life->now_ms ? best : NULL;
}

static void tick(struct life *life)
{
    static const uint32_t COUNTS[] = {1, 3, 4096, 4096};
    uint32_t may = COUNTS[below(life, ARRAY_LEN(COUNTS))];
    struct message *message;

    life->now_ms += below(life, 3) ? below(life, 700) : below(life, 5);
    tape_tick(&life->tape, life->now_ms, may);
    for (; may > 0 && (message = next_timer(life)); may--) {
        if (message->state == DELAYED) {
            turn(life, message, READY);
        } else {
            bool again = ref_retries(message->ref) < NODE_RETRIES;
            message->ref = ref_again(message->ref);
            turn(life, message, again ? READY : DEAD);
        }
    }
}

static void change_queue(struct life *life)
{
    static const char *const NAMES[] = {"", "a", "b", "c", "d"};
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES), flags = (uint32_t)below(life, 4);

    (void)tape_queue(&life->tape, queue, NAMES[queue], flags, PAYLOAD_NODE_RETRIES);
    life->auto_ack[queue] = flags & PAYLOAD_QUEUE_AUTO_ACK;
}

static struct message *by_lsn(struct life *life, uint64_t lsn)
{
    for (size_t i = 0; i < life->count; i++)
        if (ref_lsn(life->messages[i].ref) == lsn)
            return &life->messages[i];
    return NULL;
}

static size_t select_messages(struct life *life, uint32_t queue, enum state state, struct message **ret);

/* The first chunk of some queue cannot be read, as it were. */
static void put_aside(struct life *life)
{
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES);
    uint64_t lsn;

    if (engine_peek_chunks(engine_queue(life->tape.engine, queue), &lsn, 1) == 0)
        return;
    assert_true(tape_load(&life->tape, queue, PAYLOAD_LOAD_ASIDE));
    struct payload_chunk chunk = tape_chunk(&life->tape, lsn);
    for (size_t i = 0; i < chunk.refs.len; i += PAYLOAD_REF_BYTES)
        by_lsn(life, ref_lsn(get_le64(chunk.refs.ptr + i)))->state = ASIDE;
}

/* What was put aside comes between the head and all others. */
static void bring_back(struct life *life)
{
    static struct message *ready[MESSAGES_MAX], *aside[MESSAGES_MAX];
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES);
    const struct waiting *list = &engine_queue(life->tape.engine, queue)->ready;
    size_t waits = select_messages(life, queue, READY, ready), out = select_messages(life, queue, ASIDE, aside);

    assert_int_equal(tape_load(&life->tape, queue, PAYLOAD_LOAD_BACK), out > 0);
    if (out == 0)
        return;
    size_t head = list->out->head.count;
    for (size_t i = 0; i < head; i++)
        turn(life, ready[i], READY);
    for (size_t i = 0; i < out; i++)
        turn(life, aside[i], READY);
    for (size_t i = head; i < waits; i++)
        turn(life, ready[i], READY);
}

static void step(struct life *life)
{
    uint64_t what = below(life, 104);

    if (what < 28)
        push(life, 0);
    else if (what < 45)
        push(life, life->now_ms - 20 + below(life, below(life, 2) ? 40 : 9000));
    else if (what < 75)
        pop(life);
    else if (what < 86)
        ack(life, FLYING);
    else if (what < 88)
        ack(life, DEAD);
    else if (what < 90)
        bury(life);
    else if (what < 98)
        tick(life);
    else if (what < 100)
        change_queue(life);
    else if (what < 101)
        put_aside(life);
    else if (what < 102)
        bring_back(life);
    else
        (void)tape_load(&life->tape, 1 + (uint32_t)below(life, QUEUES), PAYLOAD_LOAD_REFS);
    while (tape_spill(&life->tape) > 0)
        continue;
}

/* ---- what must hold --------------------------------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
    const struct message *const *x = a, *const *y = b;

    return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static int by_ref(const void *a, const void *b)
{
    const struct message *const *x = a, *const *y = b;

    return (*x)->ref < (*y)->ref ? -1 : (*x)->ref > (*y)->ref;
}

/* The messages of a queue in a state, sorted; returns how many. */
static size_t select_messages(struct life *life, uint32_t queue, enum state state, struct message **ret)
{
    size_t n = 0;

    for (size_t i = 0; i < life->count; i++)
        if (life->messages[i].queue == queue && life->messages[i].state == state)
            ret[n++] = &life->messages[i];
    qsort(ret, n, sizeof(ret[0]), state == DEAD ? by_ref : by_order);
    return n;
}

/* What is in memory of a list is the beginning and the end of what should be in it. */
static void compare_ready(const struct waiting *list, struct message *const *expected, size_t n)
{
    size_t head = list->out ? list->out->head.count : 0, i = 0;
    uint64_t ref;

    assert_int_equal(waiting_count(list), n);
    for (struct waiting_cursor at = waiting_begin(list); waiting_next(&at, &ref); i++)
        assert_int_equal(ref, expected[i < head ? i : n - list->tail.count + (i - head)]->ref);
}

static void compare(struct life *life)
{
    static struct message *expected[MESSAGES_MAX];
    static uint64_t refs[MESSAGES_MAX];

    for (uint32_t number = 1; number <= QUEUES; number++) {
        const struct queue *queue = engine_queue(life->tape.engine, number);
        assert_int_equal(queue->delayed, select_messages(life, number, DELAYED, expected));
        assert_int_equal(queue->in_flight, select_messages(life, number, FLYING, expected));
        size_t n = select_messages(life, number, READY, expected);
        compare_ready(&queue->ready, expected, n);
        n = select_messages(life, number, DEAD, expected);
        assert_int_equal(refset_oldest(&queue->dead, refs, MESSAGES_MAX), n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(refs[i], expected[i]->ref);
    }
}

/* A life of STEPS; `ret_image` becomes a checkpoint of somewhere in it, `ret_cut` its LSN. */
static struct life *live(uint64_t seed, struct buf *ret_image, uint64_t *ret_cut)
{
    struct life *life = calloc(1, sizeof(*life));

    assert_non_null(life);
    life->dice = seed * UINT64_C(0x9e3779b97f4a7c15);
    life->now_ms = UINT64_C(1700000000000) + seed;
    buf_init(ret_image, TAPE_BYTES_MAX);
    tape_open(&life->tape);
    engine_limit_lists(life->tape.engine, below(life, 40), 1 + (uint32_t)below(life, 6));
    (void)tape_queue(&life->tape, 0, "", 0, NODE_RETRIES);
    for (uint32_t queue = 1; queue <= QUEUES; queue++)
        (void)tape_queue(&life->tape, queue, (const char *const[]){"a", "b", "c", "d"}[queue - 1], 0,
                         PAYLOAD_NODE_RETRIES);
    unsigned cut = (unsigned)below(life, STEPS);
    for (unsigned n = 0; n < STEPS; n++) {
        if (n == cut) {
            assert_true(engine_save(life->tape.engine, ret_image));
            *ret_cut = tape_lsn(&life->tape);
        }
        step(life);
        engine_check(life->tape.engine);
        if (n % 50 == 0)
            compare(life);
    }
    compare(life);
    return life;
}

static void end(struct life *life, struct buf *image)
{
    buf_free(image);
    tape_close(&life->tape);
    free(life);
}

TEST(engine_lives_like_the_naive_one_and_every_replay_ends_in_its_state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct tape_deaths deaths;
        struct buf image;
        uint64_t cut;
        struct life *life = live(seed, &image, &cut);
        uint64_t lived = engine_digest(life->tape.engine);
        struct engine *other = tape_engine(&deaths);

        assert_int_equal(engine_ignored(life->tape.engine), 0);
        tape_replay(&life->tape, TAPE_LSN_FIRST, other);
        assert_true(engine_digest(other) == lived);
        assert_memory_equal(&deaths, &life->tape.deaths, sizeof(deaths));

        assert_int_equal(engine_load(other, buf_data(&image), buf_len(&image)), 0);
        engine_check(other);
        tape_replay(&life->tape, cut, other);
        assert_true(engine_digest(other) == lived);
        engine_free(other);
        end(life, &image);
    }
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

/* Loads `bytes` of an image from before an unreadable page: 0 or refused, and what is left is sound either way. */
static int load(struct engine *engine, const char *image, size_t bytes)
{
    struct tape_deaths deaths;
    struct engine *fresh = tape_engine(&deaths);
    struct buf again;
    char *copy = guarded(image, bytes);

    int rc = engine_load(engine, copy, bytes);
    guarded_free(copy, bytes);
    state_check(engine);
    if (rc < 0) {
        assert_true(engine_digest(engine) == engine_digest(fresh));
    } else {
        buf_init(&again, TAPE_BYTES_MAX);
        assert_true(engine_save(engine, &again));
        assert_int_equal(engine_load(fresh, buf_data(&again), buf_len(&again)), 0);
        assert_true(engine_digest(engine) == engine_digest(fresh));
        buf_free(&again);
    }
    engine_free(fresh);
    return rc;
}

/* An image with a few messages in every state. */
static void small_image(struct buf *ret)
{
    struct tape tape;
    uint64_t now_ms = UINT64_C(1700000000000);

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, 0);
    (void)tape_queue(&tape, 2, "quite a long name of a topic", PAYLOAD_QUEUE_AUTO_ACK, 7);
    tape_tick(&tape, now_ms, 1);
    for (uint64_t id = 1; id <= 12; id++) {
        uint64_t ref = tape_push(&tape, 1 + id % 2, id, id % 3 ? 0 : now_ms + id * 1000);
        struct payload_delivery to = {.ref = ref, .id = id, .ttr_ms = 10 + 90 * (uint32_t)id};
        if (id % 4 == 1)
            tape_pop(&tape, 1 + id % 2, now_ms, &to, false);
    }
    tape_tick(&tape, now_ms + 500, 4096);
    tape_bury(&tape, 1, now_ms, fifo_first(&engine_queue(tape.engine, 1)->ready.tail));
    tape_bury(&tape, 1, now_ms, fifo_first(&engine_queue(tape.engine, 1)->ready.tail));
    buf_init(ret, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, ret));
    tape_close(&tape);
}

TEST(engine_image_loads_whole_and_is_refused_when_it_is_cut)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    small_image(&image);
    for (size_t bytes = 0; bytes < buf_len(&image); bytes++)
        assert_true(load(engine, buf_data(&image), bytes) < 0);
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_check(engine);
    assert_int_equal(engine_queues(engine), 2);
    assert_true(buf_append(&image, "12345678", 8));
    assert_true(load(engine, buf_data(&image), buf_len(&image)) < 0);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_image_with_flipped_bits_is_refused_or_loads_sound)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    small_image(&image);
    for (size_t at = 0; at < buf_len(&image); at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            buf_data(&image)[at] ^= (char)(1u << bit);
            (void)load(engine, buf_data(&image), buf_len(&image));
            buf_data(&image)[at] ^= (char)(1u << bit);
        }
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_image_is_believed_in_no_number)
{
    static const uint64_t WORDS[] = {0, 1, 255, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 48, UINT64_MAX};
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;
    char kept[8];

    small_image(&image);
    for (size_t at = 0; at < buf_len(&image); at += 8)
        for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
            memcpy(kept, buf_data(&image) + at, 8);
            memcpy(buf_data(&image) + at, &WORDS[i], 8);
            (void)load(engine, buf_data(&image), buf_len(&image));
            memcpy(buf_data(&image) + at, kept, 8);
        }
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_that_is_empty_saves_and_loads)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), 72);
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_save_leaves_a_buffer_alone_that_may_not_grow_that_far)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    buf_init(&image, 64);
    assert_true(buf_append(&image, "kept", 4));
    assert_false(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), 4);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_reset_forgets_everything_but_the_hooks)
{
    struct tape_deaths deaths;
    struct engine *fresh = tape_engine(&deaths);
    struct buf image;
    uint64_t cut;
    struct life *life = live(99, &image, &cut);

    engine_reset(life->tape.engine);
    engine_check(life->tape.engine);
    assert_true(engine_digest(life->tape.engine) == engine_digest(fresh));
    uint64_t before = life->tape.deaths.messages;
    uint64_t ref = tape_push(&life->tape, 1, 1, 0);
    tape_pop(&life->tape, 1, 1, &(struct payload_delivery){.ref = ref, .id = 1}, true);
    assert_int_equal(life->tape.deaths.messages, before + 1);
    engine_free(fresh);
    end(life, &image);
}
