/*
 * life_test.c - random lives of an engine against a naive one, replayed, saved in the middle and loaded
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/retry.h"
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
    uint64_t since_ms;          /* of its last delivery */
    struct engine_facts facts;  /* has_facts */
    bool has_facts;
};

struct life {
    struct tape tape;
    struct message messages[MESSAGES_MAX];
    size_t count;
    uint64_t orders, now_ms, dice, leap_ms;
    bool auto_ack[QUEUES + 1];
    struct retry_policy retry[QUEUES + 1];
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

/* Some messages have their own maximum of retries; as struct payload_attrs says. */
static unsigned own_retries(const struct message *message) { return message->id % 5 ? 0 : 1 + message->id % 4; }

/* It waits again, or is dead. */
static void came_back(struct life *life, struct message *message, enum state state, uint64_t since_ms)
{
    struct engine_facts facts = {.first_ms = message->facts.first_ms, .last_ms = message->facts.last_ms};

    if (since_ms > 0) {
        facts.first_ms = facts.first_ms ? facts.first_ms : since_ms;
        facts.last_ms = since_ms;
    }
    facts.due_ms = state == DELAYED ? message->at_ms : 0;
    facts.is_dead = state == DEAD;
    message->facts = facts;
    message->has_facts = true;
    turn(life, message, state);
}

/* A delivery that ends without an ack at `now_ms`; `due_ms` as in a RELEASE. */
static void give_back(struct life *life, struct message *message, uint64_t now_ms, uint64_t due_ms, bool counts)
{
    unsigned max = own_retries(message) ? own_retries(message) - 1 : NODE_RETRIES;
    uint64_t ref = message->ref;

    message->ref = counts ? ref_again(ref) : ref;
    if (counts && ref_retries(ref) >= max) {
        came_back(life, message, DEAD, message->since_ms);
        message->facts.dead_ms = now_ms;
        return;
    }
    if (due_ms == 0)
        due_ms = now_ms + retry_delay_ms(&life->retry[message->queue], ref);
    message->at_ms = due_ms;
    came_back(life, message, due_ms > now_ms ? DELAYED : READY, message->since_ms);
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
    struct payload_delivery to = {.ref = ref, .id = message->id, .ttr_ms = 1 + (uint32_t)below(life, TTR_MS),
                                  .size64 = (uint32_t)message->id, .own_retries = own_retries(message)};
    message->since_ms = life->now_ms;
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
    came_back(life, message, DEAD, 0);
    message->facts.why = PAYLOAD_REASON_UNREADABLE;
    message->facts.dead_ms = life->now_ms;
}

/* What a consumer says of what it holds, beside ack. */
static void release(struct life *life)
{
    struct message *message = any(life, FLYING);
    bool no_retry = below(life, 3) == 0;
    uint64_t due_ms = below(life, 2) ? 0 : life->now_ms + below(life, 2) * below(life, below(life, 2) ? 500 : 9000000);

    if (!message)
        return;
    struct payload_pair pair = {.ref = message->ref, .id = message->id};
    tape_release(&life->tape, message->queue, PAYLOAD_LIST_FLIGHT, life->now_ms, due_ms, no_retry, &pair);
    give_back(life, message, life->now_ms, due_ms, !no_retry);
}

static void reject(struct life *life)
{
    static const char *const TEXTS[] = {"", "no", "it does not fit, not at all"};
    struct message *message = any(life, FLYING);
    const char *text = TEXTS[below(life, ARRAY_LEN(TEXTS))];

    if (!message)
        return;
    tape_reject(&life->tape, message->queue, life->now_ms, text,
                &(struct payload_pair){.ref = message->ref, .id = message->id});
    message->ref = ref_again(message->ref);
    came_back(life, message, DEAD, message->since_ms);
    message->facts.why = PAYLOAD_REASON_REJECTED;
    message->facts.dead_ms = life->now_ms;
    message->facts.text = slice_str(text);
}

static void touch(struct life *life)
{
    struct message *message = any(life, FLYING);
    uint64_t deadline_ms = life->now_ms + below(life, 2 * TTR_MS);

    if (!message)
        return;
    tape_touch(&life->tape, message->queue, life->now_ms,
               &(struct payload_touched){.ref = message->ref, .id = message->id, .deadline_ms = deadline_ms});
    message->at_ms = fires_at(life, deadline_ms);
    turn(life, message, FLYING);
}

static void redrive(struct life *life)
{
    struct message *message = any(life, DEAD);
    uint64_t due_ms = below(life, 2) ? 0 : life->now_ms + 1 + below(life, 900000);

    if (!message)
        return;
    tape_release(&life->tape, message->queue, PAYLOAD_LIST_DEAD, life->now_ms, due_ms, false,
                 &(struct payload_pair){.ref = message->ref, .id = message->id});
    message->ref = ref_make(ref_lsn(message->ref), 0);
    message->at_ms = due_ms;
    came_back(life, message, due_ms > 0 ? DELAYED : READY, 0);
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

/* Entries with a timer, as the engine counts them; those in flight twice, since they may become delayed. */
static uint64_t timers(const struct life *life)
{
    uint64_t n = 0;

    for (uint32_t number = 1; number <= QUEUES; number++) {
        const struct queue *queue = engine_queue(life->tape.engine, number);
        n += queue->delayed + queue->ghosts.delayed + 2 * queue->in_flight;
    }
    return n;
}

/* Returns by how much timers() is less. */
static uint64_t fire(struct life *life, struct message *message)
{
    if (message->state == DELAYED) {
        turn(life, message, READY);
        return 1;
    }
    if (message->state == GHOST || message->state == PURGED) {
        turn(life, message, GONE);
        return 1;
    }
    give_back(life, message, message->at_ms, 0, true);
    return message->state == DELAYED ? 1 : 2;
}

/* What fires is what comes next. If more should, it goes on with the next TICK, or waits for a chunk. */
static void tick_now(struct life *life, uint32_t may, uint32_t moves)
{
    const struct engine *engine = life->tape.engine;
    uint64_t before = timers(life), fired = 0;

    tape_tick_moves(&life->tape, life->now_ms, may, moves);
    for (uint64_t after = timers(life); before > after; fired++) {
        struct message *message = next_timer(life);
        assert_non_null(message);
        before -= fire(life, message);
        assert_true(before >= after);
    }
    assert_true(fired <= may);
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

    struct topic_settings set = TOPIC_SETTINGS_NONE;
    if (below(life, 2))
        set.retry = (struct retry_policy){.kind = (uint8_t)(RETRY_FIXED + below(life, 3)), .count = 3,
                                          .jitter_percent = (uint8_t)(below(life, 2) * below(life, 101)),
                                          .cap_ms = (uint32_t)(below(life, 2) * below(life, 100000)),
                                          .delays_ms = {(uint32_t)below(life, 500), (uint32_t)below(life, 90000), 7}};
    life->retry[queue] = set.retry;
    (void)tape_queue_set(&life->tape, queue, NAMES[queue], flags, &set);
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
    uint64_t what = below(life, 132);

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
    else if (what < 125)
        release(life);
    else if (what < 127)
        touch(life);
    else if (what < 129)
        reject(life);
    else if (what < 131)
        redrive(life);
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

static void compare_facts(struct life *life)
{
    uint64_t count = 0;

    for (size_t i = 0; i < life->count; i++) {
        const struct message *message = &life->messages[i];
        bool gone = message->state == GONE || message->state == GHOST || message->state == GHOST_ASIDE ||
                    message->state == GONE_ASIDE; /* what is purged goes when it comes up */
        bool expected = message->has_facts && !gone;
        struct engine_facts facts;
        count += expected;
        assert_int_equal(engine_facts(life->tape.engine, ref_lsn(message->ref), &facts), expected);
        if (!expected)
            continue;
        assert_int_equal(facts.first_ms, message->facts.first_ms);
        assert_int_equal(facts.last_ms, message->facts.last_ms);
        assert_int_equal(facts.due_ms, message->facts.due_ms);
        assert_int_equal(facts.dead_ms, message->facts.dead_ms);
        assert_true(facts.is_dead == message->facts.is_dead && facts.why == message->facts.why);
        assert_true(slice_equal(facts.text, message->facts.text));
    }
    assert_int_equal(life->tape.engine->facts.count, count);
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
    compare_facts(life);
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
