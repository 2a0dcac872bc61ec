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

enum { QUEUES = 4, NODE_RETRIES = 2, MESSAGES_MAX = 4000, STEPS = 4000, SEEDS = 8, TTR_MS = 2000 };

/* GHOST, PURGED: gone, but its entry has yet to come up among the delayed, or would if it could be read. */
enum state {
    READY, DELAYED, GHOST, PURGED, FLYING, DEAD, ASIDE, DELAYED_ASIDE, GHOST_ASIDE, PURGED_ASIDE, GONE_ASIDE, GONE
};

static const uint64_t YEAR_MS = UINT64_C(31536000000);

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
    uint64_t orders, now_ms, dice, leap_ms;
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
    return max_u64(due_ms, engine_now_ms(life->tape.engine));
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

static bool is_delayed(const struct message *message)
{
    return message->state == DELAYED || message->state == GHOST || message->state == PURGED;
}

/* What fires next: by time, messages before leases, then by age. */
static struct message *next_timer(struct life *life)
{
    struct message *best = NULL;

    for (size_t i = 0; i < life->count; i++) {
        struct message *message = &life->messages[i];
        if (!is_delayed(message) && message->state != FLYING)
            continue;
        if (!best || message->at_ms < best->at_ms ||
            (message->at_ms == best->at_ms &&
             (is_delayed(message) > is_delayed(best) ||
              (is_delayed(message) == is_delayed(best) && message->order < best->order))))
            best = message;
    }
    return best && best->at_ms <= life->now_ms ? best : NULL;
}

/* Entries with a timer, as the engine counts them. */
static uint64_t timers(const struct life *life)
{
    uint64_t n = 0;

    for (uint32_t number = 1; number <= QUEUES; number++) {
        const struct queue *queue = engine_queue(life->tape.engine, number);
        n += queue->delayed + queue->ghosts.delayed + queue->in_flight;
    }
    return n;
}

static void fire(struct life *life, struct message *message)
{
    if (message->state == DELAYED) {
        turn(life, message, READY);
        return;
    }
    if (message->state == GHOST || message->state == PURGED) {
        turn(life, message, GONE);
        return;
    }
    bool again = ref_retries(message->ref) < NODE_RETRIES;
    message->ref = ref_again(message->ref);
    turn(life, message, again ? READY : DEAD);
}

/* What fires is what comes next. If more should, it goes on with the next TICK, or waits for a chunk. */
static void tick_now(struct life *life, uint32_t may, uint32_t moves)
{
    const struct engine *engine = life->tape.engine;
    uint64_t before = timers(life);

    tape_tick_moves(&life->tape, life->now_ms, may, moves);
    uint64_t fired = before - timers(life);
    assert_true(fired <= may);
    for (uint64_t n = 0; n < fired; n++) {
        struct message *message = next_timer(life);
        assert_non_null(message);
        fire(life, message);
    }
    bool waits = next_timer(life) != NULL, blocked = engine_next_load_ms(engine) <= life->now_ms;
    assert_true(!waits || blocked || engine_next_due_ms(engine) <= life->now_ms);
    assert_true(!waits || blocked || moves > 0 || fired == may);
}

static void tick(struct life *life)
{
    static const uint32_t COUNTS[] = {1, 3, 4096, 4096}, MOVES[] = {0, 0, 1, 3, 20};

    life->now_ms += below(life, 3) ? below(life, 700) : below(life, 5);
    if (below(life, 20) == 0)
        life->now_ms += below(life, life->leap_ms);
    tick_now(life, COUNTS[below(life, ARRAY_LEN(COUNTS))], MOVES[below(life, ARRAY_LEN(MOVES))]);
}

static void change_queue(struct life *life)
{
    static const char *const NAMES[] = {"", "a", "b", "c", "d"};
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES), flags = (uint32_t)below(life, 4);

    (void)tape_queue(&life->tape, queue, NAMES[queue], flags, TOPIC_NODE_RETRIES);
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
    for (size_t i = 0; i < chunk.refs.len; i += PAYLOAD_REF_BYTES) {
        struct message *message = by_lsn(life, ref_lsn(get_le64(chunk.refs.ptr + i)));
        message->state = message->state == GONE ? GONE_ASIDE : ASIDE;
    }
}

/* How many refs of messages that are there stand in a stretch of a waiting list. */
static size_t living(const struct life *life, uint32_t number, const struct fifo *stretch)
{
    const struct queue *queue = engine_queue(life->tape.engine, number);
    uint64_t ref;
    size_t n = 0;

    for (struct fifo_cursor at = fifo_begin(stretch); fifo_next(&at, &ref);)
        n += !engine_is_ghost(life->tape.engine, queue, ref, ENGINE_READY);
    return n;
}

/* What was put aside comes between the head and all others. */
static void bring_back(struct life *life)
{
    static struct message *ready[MESSAGES_MAX], *aside[MESSAGES_MAX];
    uint32_t queue = 1 + (uint32_t)below(life, QUEUES);
    const struct waiting *list = &engine_queue(life->tape.engine, queue)->ready;
    size_t waits = select_messages(life, queue, READY, ready), out = select_messages(life, queue, ASIDE, aside);

    size_t head = list->out ? living(life, queue, &list->out->head) : 0;
    bool back = tape_load(&life->tape, queue, PAYLOAD_LOAD_BACK);
    assert_true(back || out == 0);
    for (size_t i = 0; i < head; i++)
        turn(life, ready[i], READY);
    for (size_t i = 0; i < out; i++)
        turn(life, aside[i], READY);
    for (size_t i = head; i < waits; i++)
        turn(life, ready[i], READY);
    out = select_messages(life, queue, GONE_ASIDE, aside);
    for (size_t i = 0; i < out; i++)
        aside[i]->state = GONE;
}

/* A piece of the delayed messages comes back, mostly when it is time, and now and then cannot be read. */
static void load_delays(struct life *life)
{
    struct delays_chunk chunk;
    uint64_t by_ms = below(life, 4) ? life->now_ms : UINT64_MAX;
    bool readable = below(life, 16) > 0;

    if (engine_peek_delays(life->tape.engine, by_ms, &chunk, 1) == 0)
        return;
    tape_load_dchunk(&life->tape, &chunk, readable ? PAYLOAD_LOAD_REFS : PAYLOAD_LOAD_ASIDE);
    if (readable)
        return;
    struct payload_dchunk held = tape_dchunk(&life->tape, chunk.lsn);
    for (uint32_t i = 0; i < held.count; i++)
        by_lsn(life, ref_lsn(payload_delayed(held.entries, i).ref))->state += DELAYED_ASIDE - DELAYED;
}

/* One that could not be read can: what is in it counts from now on. */
static void bring_delays_back(struct life *life)
{
    struct delays_chunk chunk;

    if (!engine_delays_aside(life->tape.engine, below(life, 3), &chunk))
        return;
    tape_load_dchunk(&life->tape, &chunk, PAYLOAD_LOAD_REFS);
    struct payload_dchunk held = tape_dchunk(&life->tape, chunk.lsn);
    for (uint32_t i = 0; i < held.count; i++) {
        struct message *message = by_lsn(life, ref_lsn(payload_delayed(held.entries, i).ref));
        message->at_ms = fires_at(life, message->at_ms);
        turn(life, message, message->state - (DELAYED_ASIDE - DELAYED));
    }
}

/* One that waits, or is delayed, is gone at once, wherever it stands. */
static void cancel(struct life *life, enum state state)
{
    struct message *message = any(life, state);

    if (!message)
        return;
    uint16_t aux = payload_ack_aux(state == READY ? PAYLOAD_LIST_READY : PAYLOAD_LIST_DELAYED, PAYLOAD_HOW_DELETED);
    tape_ack(&life->tape, message->queue, aux, ref_make(ref_lsn(message->ref), 0), message->id);
    assert_int_equal(life->tape.deaths.last_message, ref_lsn(message->ref));
    message->state = state == READY ? GONE : GHOST;
}

/* The oldest of a list go, as far as they are in memory, or all delayed ones. */
static void purge(struct life *life)
{
    static struct message *messages[MESSAGES_MAX];
    uint32_t number = 1 + (uint32_t)below(life, QUEUES), max = (uint32_t)below(life, 5);
    const struct queue *queue = engine_queue(life->tape.engine, number);
    enum state state = (const enum state[]){READY, READY, DEAD, DELAYED}[below(life, 4)];
    size_t n = select_messages(life, number, state, messages);
    uint64_t deaths = life->tape.deaths.messages;

    tape_purge(&life->tape, number, state == READY ? PAYLOAD_LIST_READY : state == DEAD ? PAYLOAD_LIST_DEAD
                                                                                       : PAYLOAD_LIST_DELAYED, max);
    if (state == READY)
        n = life->tape.deaths.messages - deaths;
    else if (state == DEAD)
        n = min_u64(n, max);
    assert_int_equal(life->tape.deaths.messages - deaths, state == DELAYED ? 0 : n);
    assert_true(state != READY || (n <= max && (n > 0 || max == 0 || waiting_in_memory(&queue->ready) == 0 ||
                                                !waiting_oldest(&queue->ready))));
    for (size_t i = 0; i < n; i++)
        messages[i]->state = state == DELAYED ? PURGED : GONE;
    n = state == DELAYED ? select_messages(life, number, DELAYED_ASIDE, messages) : 0;
    for (size_t i = 0; i < n; i++)
        messages[i]->state = PURGED_ASIDE;
}

/* When a delayed message is due: in the past, soon, in hours, days or years. */
static uint64_t some_due(struct life *life)
{
    static const uint64_t SPANS_MS[] = {40, 9000, 9000, 600000, 40000000, 260000000};
    uint64_t span = below(life, ARRAY_LEN(SPANS_MS) + 1);

    return life->now_ms - 20 + below(life, span < ARRAY_LEN(SPANS_MS) ? SPANS_MS[span] : 200 * YEAR_MS);
}

static void step(struct life *life)
{
    uint64_t what = below(life, 124);

    if (what < 28)
        push(life, 0);
    else if (what < 45)
        push(life, below(life, 3) ? some_due(life) : life->now_ms - 20 + below(life, below(life, 2) ? 40 : 9000));
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
    else if (what < 110)
        load_delays(life);
    else if (what < 111)
        bring_delays_back(life);
    else if (what < 116)
        cancel(life, READY);
    else if (what < 121)
        cancel(life, DELAYED);
    else if (what < 122)
        purge(life);
    else
        (void)tape_load(&life->tape, 1 + (uint32_t)below(life, QUEUES), PAYLOAD_LOAD_REFS);
    while (tape_spill(&life->tape) > 0)
        continue;
    while (tape_spill_delays(&life->tape, life->now_ms) > 0)
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

/* What is in memory of a list is the beginning and the end of what should be in it, and what is gone between. */
static void compare_ready(struct life *life, const struct queue *queue, struct message *const *expected, size_t n)
{
    static struct message *gone[MESSAGES_MAX];
    const struct waiting *list = &queue->ready;
    size_t head = list->out ? living(life, queue->number, &list->out->head) : 0;
    size_t tail = living(life, queue->number, &list->tail), i = 0;
    uint64_t ref;

    assert_int_equal(queue_ready(queue), n - min_u64(n, select_messages(life, queue->number, GONE_ASIDE, gone)));
    for (struct waiting_cursor at = waiting_begin(list); waiting_next(&at, &ref);) {
        if (engine_is_ghost(life->tape.engine, queue, ref, ENGINE_READY))
            continue;
        assert_int_equal(ref, expected[i < head ? i : n - tail + (i - head)]->ref);
        i++;
    }
    assert_int_equal(i, head + tail);
}

static void compare(struct life *life)
{
    static struct message *expected[MESSAGES_MAX];
    static uint64_t refs[MESSAGES_MAX];

    for (uint32_t number = 1; number <= QUEUES; number++) {
        const struct queue *queue = engine_queue(life->tape.engine, number);
        assert_int_equal(queue->delayed, select_messages(life, number, DELAYED, expected) +
                                             select_messages(life, number, DELAYED_ASIDE, expected));
        assert_int_equal(queue->in_flight, select_messages(life, number, FLYING, expected));
        size_t n = select_messages(life, number, READY, expected);
        compare_ready(life, queue, expected, n);
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
    engine_limit_delays(life->tape.engine, below(life, 60), 1 + (uint32_t)below(life, 6));
    life->leap_ms = (const uint64_t[]){1, 100000, 300000000, YEAR_MS}[seed % 4];
    (void)tape_queue(&life->tape, 0, "", 0, NODE_RETRIES);
    for (uint32_t queue = 1; queue <= QUEUES; queue++)
        (void)tape_queue(&life->tape, queue, (const char *const[]){"a", "b", "c", "d"}[queue - 1], 0,
                         TOPIC_NODE_RETRIES);
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

/* Everything delayed comes out in the end. */
static void outlive(struct life *life)
{
    const struct engine *engine = life->tape.engine;

    for (uint64_t next; (next = min_u64(engine_next_due_ms(engine), engine_next_load_ms(engine))) < UINT64_MAX;) {
        life->now_ms = max_u64(life->now_ms, next);
        while (tape_load_delays(&life->tape, life->now_ms, PAYLOAD_LOAD_REFS))
            continue;
        tick_now(life, 4096, 50);
    }
    engine_check(engine);
    compare(life);
    assert_null(any(life, DELAYED));
    assert_null(any(life, FLYING));
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
        outlive(life);
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

/* Delayed messages in every place: in the wheel, in buckets, in chunks, in a chunk aside; and timers half moved. */
static void delay_some(struct tape *tape, uint64_t now_ms)
{
    engine_limit_delays(tape->engine, 4, 2);
    for (uint64_t i = 0; i < 18; i++)
        (void)tape_push(tape, 1 + i % 2, 100 + i, now_ms + (i % 3 ? i % 3 * 10000000 : 600 + i));
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t ref = tape_push(tape, 1, 200 + i, 0);
        struct payload_delivery to = {.ref = ref, .id = 200 + i, .ttr_ms = 620 + (uint32_t)i};
        tape_pop(tape, 1, now_ms, &to, false);
    }
    while (tape_spill_delays(tape, now_ms) > 0)
        continue;
    assert_true(tape_load_delays(tape, UINT64_MAX, PAYLOAD_LOAD_ASIDE));
    for (unsigned i = 0; i < 20 && (tape->engine->delays.near.wheel.moving == 0 || i == 0); i++)
        tape_tick_moves(tape, now_ms + 600, 4096, 1);
    assert_true(tape->engine->delays.near.wheel.moving > 0 || tape->engine->flight.wheel.moving > 0);
    assert_true(tape->engine->delays.aside_count > 0 && tape->engine->delays.chunked > 0);
}

/* Ghosts in both kinds of lists, and a mark with one that is spared. */
static void haunt(struct tape *tape, uint64_t now_ms)
{
    uint64_t refs[6];

    for (uint64_t i = 0; i < 6; i++)
        refs[i] = tape_push(tape, 1, 300 + i, i < 4 ? 0 : now_ms + 700000);
    tape_ack(tape, 1, PAYLOAD_LIST_READY, refs[1], 301);
    tape_ack(tape, 1, PAYLOAD_LIST_READY, refs[2], 302);
    tape_ack(tape, 1, PAYLOAD_LIST_DELAYED, refs[4], 304);
    tape_purge(tape, 1, PAYLOAD_LIST_DELAYED, 0);
    state_spare(tape->engine, engine_queue(tape->engine, 1), ref_lsn(refs[0]));
    engine_check(tape->engine);
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
    delay_some(&tape, now_ms);
    haunt(&tape, now_ms);
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

TEST(engine_image_of_the_first_two_formats_loads)
{
    static const uint64_t MAGICS[] = {0x31474e45514d47, 0x32474e45514d47};

    for (unsigned format = 0; format < 2; format++) {
        struct tape_deaths deaths;
        struct engine *engine = tape_engine(&deaths);
        uint64_t now_ms = UINT64_C(1700000000000), words[64], n = 0;
        uint64_t head[] = {MAGICS[format], 7, now_ms, 4096, 5, now_ms, 1, 2, 1};
        uint64_t queue[13] = {1, 0, 0, TOPIC_NODE_RETRIES, now_ms, 4160, 9, 1};
        uint64_t timers[] = {0x100, now_ms + 5, 1, 0x200, now_ms + 400 * 86400000ull, 1, 0x300, 3, now_ms + 9, 1};
        memcpy(words, head, sizeof(head));
        n = ARRAY_LEN(head);
        memcpy(words + n, queue, sizeof(queue));
        n += format == 0 ? 10 : 13;
        words[n++] = 'q';
        memcpy(words + n, timers, sizeof(timers));
        n += ARRAY_LEN(timers);
        for (uint64_t i = 0; i < n; i++)
            put_le64(&words[i], words[i]);
        assert_int_equal(load(engine, (const char *)words, 8 * n), 0);
        engine_check(engine);
        assert_int_equal(engine_queue(engine, 1)->delayed, 2);
        assert_int_equal(engine_queue(engine, 1)->in_flight, 1);
        assert_true(engine_next_due_ms(engine) <= now_ms + 5);
        engine_free(engine);
    }
}

TEST(engine_that_is_empty_saves_and_loads)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), 8 * (12 + 4 + 2 + 1));
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
