/* broker_test.c - the broker without sockets, threads and clock, on a disk in memory. SPDX-License-Identifier: MIT */
#include "gnode/rig_test.h"

#include <stdio.h>

#include "gnode/check.h"

#define START_MS RIG_START_MS

static struct broker broker;
static struct simdisk *sim;
static uint64_t answers, last_id;
static int last_err;

static bool take_answer(struct session *session, const struct answer *answer)
{
    (void)session;
    answers++;
    last_err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    last_id = answer->kind == ANSWER_MESSAGE ? answer->messages[0].id : answer->id;
    return true;
}

static void resume(struct session *session) { (void)session; }

static const struct session_ops OPS = {.answer = take_answer, .resume = resume};

/* `chunk_refs` as for rig_options(). */
static void open_broker(uint32_t chunk_refs)
{
    struct broker_options options = rig_options(chunk_refs);

    answers = last_id = 0;
    rig_open(&broker, sim, &options, rig_start_clock);
}

static void begin(void)
{
    sim = simdisk_new(1);
    open_broker(0);
}

static void end(void)
{
    broker_abandon(&broker);
    simdisk_free(sim);
}

/* Turns until the helpers have nothing to do; returns when the broker wants to be called next. */
static uint64_t settle(uint64_t now_ms) { return rig_settle(&broker, now_ms, 100); }

static void push(struct session *session, int64_t delay_s, uint64_t now_ms)
{
    struct cmd cmd = {.kind = CMD_PUSH, .topic = slice_str("t"), .body = slice_str("x"), .delay_s = delay_s};

    assert_int_equal(broker_execute(&broker, session, &cmd, now_ms), 0);
}

TEST(broker_that_is_idle_asks_for_nothing)
{
    struct session session;

    begin();
    session_init(&session, &broker, &OPS);
    push(&session, 0, START_MS);
    uint64_t due = settle(START_MS);
    assert_int_equal(answers, 1);
    assert_int_equal(due, START_MS + 60000); /* a checkpoint, since something happened */
    for (uint64_t minutes = 1; minutes < 5; minutes++)
        due = settle(START_MS + minutes * 60000);
    assert_true(due == UINT64_MAX);
    session_fini(&session);
    end();
}

TEST(broker_asks_to_be_called_when_a_message_is_due)
{
    struct session session;

    begin();
    session_init(&session, &broker, &OPS);
    push(&session, 5, START_MS);
    uint64_t now_ms = START_MS, due = settle(now_ms);
    for (; due <= START_MS + 5000; due = settle(now_ms)) {
        assert_true(due > now_ms); /* never at once again */
        assert_int_equal(engine_queue(broker.engine, 1)->ready.tail.count, 0);
        now_ms = due;
    }
    assert_int_equal(now_ms, START_MS + 5000);
    assert_int_equal(engine_queue(broker.engine, 1)->ready.tail.count, 1);
    session_fini(&session);
    end();
}

TEST(broker_without_a_disk_neither_promises_nor_spins)
{
    struct session session;

    begin();
    session_init(&session, &broker, &OPS);
    push(&session, 1, START_MS);
    (void)settle(START_MS);
    simdisk_fail(sim, SIMDISK_PWRITE, 0, 5, true);
    push(&session, 0, START_MS);
    (void)settle(START_MS);
    assert_int_equal(answers, 2);
    assert_int_equal(last_err, GMQ_E_READ_ONLY);
    assert_true(settle(START_MS + 200000) > START_MS + 200000);
    session_fini(&session);
    end();
}

/* ---- lists larger than memory ------------------------------------------------------------------------------------ */

enum { MESSAGES = 100, PIECE = 4 };

/* Pops from "t" until the answer is there; 0 = there is no message. */
static uint64_t pop(struct session *session)
{
    struct cmd cmd = {.kind = CMD_POP, .topic = slice_str("t")};
    uint64_t before = answers;

    for (int tries = 0; tries < 1000 && broker_execute(&broker, session, &cmd, START_MS) != 0; tries++)
        (void)settle(START_MS);
    (void)settle(START_MS);
    assert_int_equal(answers, before + 1);
    return last_err == 0 ? last_id : 0;
}

/* A broker with a long list that it knows from the disk alone; `ret_ids` in the order in which they were pushed. */
static void begin_long(uint64_t *ret_ids)
{
    struct session session;

    sim = simdisk_new(1);
    open_broker(PIECE);
    session_init(&session, &broker, &OPS);
    for (unsigned i = 0; i < MESSAGES; i++) {
        push(&session, 0, START_MS);
        (void)settle(START_MS);
        ret_ids[i] = last_id;
    }
    session_fini(&session);
    broker_abandon(&broker);
    simdisk_kill(sim);
    open_broker(PIECE);
}

static const struct waiting *list(void) { return &engine_queue(broker.engine, 1)->ready; }

TEST(broker_delivers_a_list_that_is_larger_than_memory_in_order)
{
    uint64_t ids[MESSAGES];
    struct session session;

    begin_long(ids);
    session_init(&session, &broker, &OPS);
    assert_int_equal(waiting_count(list()), MESSAGES);
    assert_true(waiting_in_memory(list()) < 8 * PIECE);
    for (unsigned i = 0; i < MESSAGES; i++) {
        assert_int_equal(pop(&session), ids[i]);
        assert_true(waiting_in_memory(list()) < 8 * PIECE);
    }
    assert_int_equal(pop(&session), 0);
    assert_int_equal(broker.unreadable, 0);
    session_fini(&session);
    end();
}

TEST(broker_tries_pieces_of_a_list_that_it_cannot_read_again_at_the_next_start)
{
    uint64_t ids[MESSAGES];
    struct session session;

    begin_long(ids);
    session_init(&session, &broker, &OPS);
    simdisk_fail(sim, SIMDISK_PREAD, 0, 5, true);
    assert_int_equal(pop(&session), 0);
    uint64_t buried = engine_queue(broker.engine, 1)->dead.count;
    assert_int_equal(waiting_count(list()), 0);
    assert_int_equal(list()->out->put_aside + buried, MESSAGES);
    assert_int_equal(broker.unreadable, MESSAGES);
    session_fini(&session);
    broker_abandon(&broker);
    simdisk_kill(sim);
    open_broker(PIECE);
    session_init(&session, &broker, &OPS);
    assert_int_equal(waiting_count(list()), MESSAGES - buried);
    unsigned got = 0;
    for (unsigned i = 0; i < MESSAGES && got < MESSAGES - buried; i++) {
        uint64_t id = pop(&session);
        while (ids[i] != id && i + 1 < MESSAGES)
            i++;
        assert_int_equal(ids[i], id);
        got++;
    }
    assert_int_equal(got, MESSAGES - buried);
    assert_int_equal(pop(&session), 0);
    session_fini(&session);
    end();
}

TEST(check_finds_the_messages_that_are_in_pieces_of_lists)
{
    uint64_t ids[MESSAGES];
    struct session session;
    struct check check;

    begin_long(ids);
    session_init(&session, &broker, &OPS);
    for (unsigned i = 0; i < 3 * PIECE; i++)
        assert_int_equal(pop(&session), ids[i]);
    session_fini(&session);
    broker_abandon(&broker);
    simdisk_kill(sim);
    assert_int_equal(check_run(&check, simdisk_disk(sim), "data", false), CHECK_SOUND);
    assert_int_equal(check.messages, MESSAGES);
    assert_int_equal(check.unreadable, 0);
    check_free(&check);
    simdisk_free(sim);
}

/* ---- delayed messages larger than memory ------------------------------------------------------------------------- */

enum { SHORTEST_S = 900, SECONDS = 20 };

/* A broker with delayed messages that it knows from the disk alone, message i is due at SHORTEST_S + i % SECONDS. */
static void begin_delayed(uint64_t *ret_ids)
{
    struct session session;

    sim = simdisk_new(1);
    open_broker(PIECE);
    session_init(&session, &broker, &OPS);
    for (unsigned i = 0; i < MESSAGES; i++) {
        push(&session, SHORTEST_S + i % SECONDS, START_MS);
        (void)settle(START_MS);
        ret_ids[i] = last_id;
    }
    session_fini(&session);
    assert_true(broker.engine != NULL && engine_next_load_ms(broker.engine) < UINT64_MAX);
    broker_abandon(&broker);
    simdisk_kill(sim);
    open_broker(PIECE);
}

/* Lives on to `to_ms`, as the broker asks for it; it never asks to be called at once when it has just been. */
static void live_on(uint64_t from_ms, uint64_t to_ms)
{
    for (uint64_t now_ms = from_ms; now_ms <= to_ms;) {
        uint64_t due = settle(now_ms);
        assert_true(due > now_ms);
        now_ms = due;
    }
}

TEST(broker_delivers_delayed_messages_that_are_not_in_memory_in_order)
{
    uint64_t ids[MESSAGES];
    struct session session;

    begin_delayed(ids);
    live_on(START_MS, START_MS + 1000 * SHORTEST_S - 1);
    assert_int_equal(waiting_count(list()), 0);
    live_on(START_MS + 1000 * SHORTEST_S, START_MS + 1000 * (SHORTEST_S + SECONDS));
    assert_int_equal(waiting_count(list()), MESSAGES);
    assert_int_equal(broker.late, 0);
    session_init(&session, &broker, &OPS);
    for (unsigned i = 0; i < MESSAGES; i++)
        assert_int_equal(pop(&session), ids[i % (MESSAGES / SECONDS) * SECONDS + i / (MESSAGES / SECONDS)]);
    assert_int_equal(broker.unreadable, 0);
    session_fini(&session);
    end();
}

TEST(broker_delivers_delayed_messages_that_came_due_while_it_was_down_late_but_in_order)
{
    uint64_t ids[MESSAGES];
    struct session session;

    begin_delayed(ids);
    (void)settle(START_MS + 86400000);
    assert_int_equal(waiting_count(list()), MESSAGES);
    assert_true(broker.late > 0);
    session_init(&session, &broker, &OPS);
    for (unsigned i = 0; i < MESSAGES; i++)
        assert_int_equal(pop(&session), ids[i % (MESSAGES / SECONDS) * SECONDS + i / (MESSAGES / SECONDS)]);
    session_fini(&session);
    end();
}

TEST(broker_tries_pieces_of_delayed_messages_that_it_cannot_read_again_at_the_next_start)
{
    uint64_t ids[MESSAGES], last_ms = START_MS + 1000 * (SHORTEST_S + SECONDS);
    struct check check;

    begin_delayed(ids);
    simdisk_fail(sim, SIMDISK_PREAD, 0, 5, true);
    (void)settle(last_ms);
    uint64_t there = waiting_count(list());
    assert_true(there < MESSAGES);
    assert_int_equal(broker.unreadable, MESSAGES - there);
    assert_int_equal(engine_queue(broker.engine, 1)->delayed, MESSAGES - there);
    assert_true(settle(last_ms) > last_ms);
    broker_abandon(&broker);
    simdisk_kill(sim);
    assert_int_equal(check_run(&check, simdisk_disk(sim), "data", false), CHECK_SOUND);
    assert_int_equal(check.messages, MESSAGES);
    check_free(&check);
    open_broker(PIECE);
    (void)settle(last_ms);
    assert_int_equal(waiting_count(list()), MESSAGES);
    assert_int_equal(engine_queue(broker.engine, 1)->delayed, 0);
    end();
}
