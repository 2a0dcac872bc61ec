/* broker_test.c - the broker without sockets, threads and clock, on a disk in memory. SPDX-License-Identifier: MIT */
#include "gnode/broker.h"

#include <stdio.h>

#include "base/err.h"
#include "sim/simdisk.h"
#include "unit/unit.h"

#define START_MS UINT64_C(1800000000000)

static struct broker broker;
static struct simdisk *sim;
static uint64_t answers;
static int last_err;

static bool take_answer(struct session *session, const struct answer *answer)
{
    (void)session;
    answers++;
    last_err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    return true;
}

static void resume(struct session *session) { (void)session; }

static const struct session_ops OPS = {.answer = take_answer, .resume = resume};

static void wake(void *ctx) { (void)ctx; }

static uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return last_ms > START_MS ? last_ms : START_MS;
}

static uint64_t clock_ns(void *ctx)
{
    (void)ctx;
    return 0;
}

static void format_time(uint64_t ms, char ret[20])
{
    (void)ms;
    ret[0] = '\0';
}

static void begin(void)
{
    struct broker_options options = {.node_id = 1, .ttr_ms = 3000, .max_retries = 5, .max_delay_s = 259200,
                                     .max_message = 1 << 16, .max_batch = 100, .max_in_flight = 100, .max_topics = 10,
                                     .sync = LOG_SYNC_ALWAYS, .format_time = format_time};
    char error[512];

    sim = simdisk_new(1);
    struct log_options log_options = {.disk = simdisk_disk(sim), .dir = "data", .ring_bytes = 1 << 20,
                                      .read_cache_bytes = 1 << 20, .segment_bytes = 1 << 20,
                                      .record_bytes_max = 1 << 16, .sync = LOG_SYNC_ALWAYS, .now_ms = START_MS,
                                      .clock_ns = clock_ns};
    answers = 0;
    assert_int_equal(broker_open(&broker, &options, &log_options, wake, start_clock, NULL, error, sizeof(error)), 0);
}

static void end(void)
{
    broker_abandon(&broker);
    simdisk_free(sim);
}

/* Turns until the helpers have nothing to do; returns when the broker wants to be called next. */
static uint64_t settle(uint64_t now_ms)
{
    uint64_t due = 0;

    for (int i = 0; i < 100; i++) {
        due = broker_turn(&broker, now_ms);
        while (log_step_writer(broker.log) || log_step_reader(broker.log) || log_step_janitor(broker.log))
            continue;
    }
    return due;
}

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
        assert_int_equal(engine_queue(broker.engine, 1)->ready.count, 0);
        now_ms = due;
    }
    assert_int_equal(now_ms, START_MS + 5000);
    assert_int_equal(engine_queue(broker.engine, 1)->ready.count, 1);
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
