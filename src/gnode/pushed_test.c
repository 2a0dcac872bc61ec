/*
 * pushed_test.c - when a message was pushed, also when ids run ahead of the clock, as after an unclean stop
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/topic_stats.h"

#include "engine/id.h"
#include "engine/ref.h"
#include "gnode/desk_test.h"

enum { EVENTS_MAX = 8, MINUTE_MS = 60000, AGE_MS = 5000 };

/* The last report. */
static struct {
    struct report_message message;
    struct report_event events[EVENTS_MAX];
    size_t count;
    uint64_t oldest_ready_ms;
} seen;

static void see(const struct report *report)
{
    memset(&seen, 0, sizeof(seen));
    seen.count = report->count;
    if (report->kind == REPORT_MESSAGE || report->kind == REPORT_MESSAGES)
        seen.message = report->messages[0];
    if (report->kind == REPORT_TOPIC)
        seen.oldest_ready_ms = report->topics[0].oldest_ready_ms;
    if (report->kind != REPORT_HISTORY)
        return;
    assert_true(report->count <= EVENTS_MAX);
    memcpy(seen.events, report->events, report->count * sizeof(seen.events[0]));
}

static int ask(enum cmd_kind kind, uint64_t id)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};
    struct cmd cmd = {.kind = kind, .id = id, .args = &args, .topic = slice_str(id > 0 ? "" : "t")};

    return desk_run(&cmd);
}

/* By everything that tells it. It is the oldest that is ready. */
static void expect_pushed(uint64_t id, uint64_t ms)
{
    struct topic_told told = {.ready_ref = 0};
    struct report_topic topic;
    unsigned fetches = 1;

    assert_int_equal(ask(CMD_GET, id), 0);
    assert_int_equal(seen.message.pushed_ms, ms);
    assert_int_equal(ask(CMD_HISTORY, id), 0);
    assert_int_equal(seen.events[0].kind, EVENT_PUSHED);
    assert_int_equal(seen.events[0].at_ms, ms);
    assert_int_equal(desk_peek(&(struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .place = PLACE_READY}), 0);
    assert_true(seen.message.id == id && seen.message.pushed_ms == ms);
    assert_int_equal(ask(CMD_TOPIC, 0), 0);
    assert_int_equal(seen.oldest_ready_ms, ms);
    topic_stats_look(&desk.broker, desk_queue(), &told, desk.now_ms, &fetches, &topic);
    assert_int_equal(topic.oldest_ready_ms, ms);
}

static void begin_unclean(void)
{
    desk_begin(0);
    desk_restart();
    desk.see = see;
}

/* Bytes of what the oldest ready message carries. */
static size_t carried(void)
{
    struct payload_push push = {.id = 0};
    struct record rec;
    uint64_t ref;

    assert_int_equal(engine_peek_ready(desk.broker.engine, desk_queue(), &ref, 1), 1);
    assert_int_equal(log_read(desk.broker.log, ref_lsn(ref), &rec), 1);
    assert_true(payload_get_push(rec.payload, &push));
    return push.tlvs.len;
}

TEST(pushed_is_when_the_clock_said_so_though_ids_are_a_minute_ahead)
{
    begin_unclean();
    uint64_t id = desk_push(0), first_ms = desk.now_ms;
    assert_int_equal(id_time_ms(id), first_ms + MINUTE_MS);
    assert_int_equal(carried(), PAYLOAD_STAMP_BYTES);
    expect_pushed(id, first_ms);
    desk_live(3000);
    assert_int_equal(desk_pop(), id);
    assert_int_equal(ask(CMD_HISTORY, id), 0);
    assert_true(seen.count == 2 && seen.events[0].at_ms == first_ms && seen.events[1].at_ms == first_ms + 3000);
    assert_int_equal(desk_queue()->bytes, 64);
    uint64_t second = desk_push(0), second_ms = desk.now_ms;
    desk_restart(); /* now they are two minutes ahead */
    desk.see = see;
    expect_pushed(second, second_ms);
    assert_int_equal(ask(CMD_GET, id), 0);
    assert_int_equal(seen.message.pushed_ms, first_ms);
    assert_true(id_time_ms(desk_push(0)) > desk.now_ms + 2 * (MINUTE_MS - AGE_MS));
    desk_end();
}

TEST(pushed_is_said_by_the_id_when_the_clock_has_made_up_for_it)
{
    desk_begin(0);
    desk.see = see;
    uint64_t id = desk_push(0);
    assert_int_equal(carried(), 0);
    expect_pushed(id, id_time_ms(id));
    assert_int_equal(desk_pop(), id);
    desk_restart();
    desk.see = see;
    desk_live(MINUTE_MS + 1000);
    assert_int_equal(desk_pop(), 0); /* it is dead by now */
    id = desk_push(0);
    assert_int_equal(carried(), 0);
    expect_pushed(id, desk.now_ms);
    desk_end();
}

TEST(pushed_of_batches_and_of_messages_that_carry_more)
{
    struct cmd_put puts[] = {
        {.body = {"a", 1}, .key = {"k", 1}, .delay_ms = CMD_NOT_GIVEN, .max_retries = CMD_NOT_GIVEN},
        {.body = {"b", 1}, .delay_ms = CMD_NOT_GIVEN, .max_retries = CMD_NOT_GIVEN}};
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .puts = puts, .put_count = ARRAY_LEN(puts)};
    struct cmd put = {.kind = CMD_PUT, .topic = slice_str("t"), .args = &args};
    struct cmd mpush = {.kind = CMD_MPUSH, .topic = slice_str("t"), .count = 2,
                        .body = slice_of("\0\0\0\0\0\0\0\1x\0\0\0\0\0\0\0\1y", 18)};

    begin_unclean();
    assert_int_equal(desk_run(&put), 0);
    uint64_t put_ms = desk.now_ms;
    desk_live(100);
    assert_int_equal(desk_run(&mpush), 0);
    for (int i = 0; i < 4; i++) {
        uint64_t id = desk_pop();
        assert_int_equal(ask(CMD_GET, id), 0);
        assert_int_equal(seen.message.pushed_ms, i < 2 ? put_ms : put_ms + 100);
        assert_int_equal(seen.message.key.len, i == 0);
    }
    desk_end();
}

TEST(pushed_stays_when_a_message_moves_and_is_new_in_another_topic)
{
    struct cmd_args later = {.delay_ms = 500}, all = {.delay_ms = CMD_NOT_GIVEN, .all = true, .to = slice_str("u")};
    struct cmd redrive = {.kind = CMD_DEAD_REDRIVE, .topic = slice_str("t"), .args = &all};
    struct cmd pop = {.kind = CMD_POP, .topic = slice_str("u")};

    begin_unclean();
    uint64_t id = desk_push(0), pushed_ms = desk.now_ms;
    desk_live(1000);
    assert_int_equal(desk_run(&(struct cmd){.kind = CMD_RESCHEDULE, .id = id, .args = &later}), 0);
    desk_live(1000);
    expect_pushed(id, pushed_ms);
    assert_int_equal(desk_pop(), id);
    desk_live(DESK_TTR_MS + 1);
    assert_int_equal(desk_run(&redrive), 0);
    assert_int_equal(desk_run(&pop), 0);
    assert_true(desk.id > id);
    assert_int_equal(ask(CMD_GET, desk.id), 0);
    assert_int_equal(seen.message.pushed_ms, desk.now_ms);
    assert_int_equal(ask(CMD_HISTORY, id), 0);
    for (size_t i = 1; i < seen.count; i++)
        assert_true(seen.events[i].at_ms >= seen.events[i - 1].at_ms);
    assert_true(seen.count > 5 && seen.events[0].at_ms == pushed_ms);
    assert_int_equal(seen.events[seen.count - 1].at_ms, desk.now_ms);
    desk_end();
}

static void limit_age(void)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .settings_given = CMD_GIVEN_LIMITS,
                            .settings = {.limits = {.age_ms = AGE_MS}}};

    assert_int_equal(desk_run(&(struct cmd){.kind = CMD_TOPIC_SET, .topic = slice_str("t"), .args = &args}), 0);
}

static uint64_t expired(void) { return desk_queue()->counts.expired; }

TEST(pushed_is_what_the_limit_of_age_counts_from)
{
    begin_unclean();
    uint64_t id = desk_push(0), pushed_ms = desk.now_ms;
    (void)desk_push(0);
    limit_age();
    desk.now_ms = pushed_ms + AGE_MS - 1;
    assert_int_equal(desk_pop(), id);
    desk.now_ms++;
    assert_int_equal(desk_pop(), 0);
    assert_int_equal(expired(), 1);
    (void)desk_push(0);
    desk_live(AGE_MS - 1000);
    (void)desk_push(0);
    desk_live(2500); /* a sweep comes by each second */
    assert_int_equal(expired(), 2);
    assert_int_equal(queue_ready(desk_queue()), 1);
    desk.now_ms += AGE_MS;
    assert_int_equal(desk_pop(), 0);
    assert_int_equal(expired(), 3);
    desk_end();
}

TEST(pushed_is_what_the_limit_of_age_counts_from_when_many_are_popped)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};
    struct cmd wpop = {.kind = CMD_WPOP, .topic = slice_str("t"), .number = 2, .args = &args};
    char ids[CMD_ID_BYTES];
    struct cmd nack = {.kind = CMD_NACK, .topic = slice_str("t"), .count = 1, .body = slice_of(ids, sizeof(ids)),
                       .args = &(struct cmd_args){.delay_ms = 0, .no_retry = true}};

    begin_unclean();
    uint64_t old = desk_push(0);
    limit_age();
    desk_live(AGE_MS - 100);
    assert_int_equal(desk_pop(), old);
    uint64_t fresh = desk_push(0);
    put_be64(ids, old);
    assert_int_equal(desk_run(&nack), 0); /* it comes behind the other one */
    desk.now_ms += 100;
    assert_int_equal(desk_run(&wpop), 0);
    assert_int_equal(desk_queue()->in_flight, 1);
    assert_int_equal(ask(CMD_GET, fresh), 0);
    assert_int_equal(seen.message.place, PLACE_IN_FLIGHT);
    desk_end();
}

/* As a node wrote it whose ids ran ahead and whose messages did not carry their time. */
TEST(pushed_is_never_later_than_now_nor_than_what_came_after_it)
{
    desk_begin(0);
    desk.see = see;
    (void)desk_push(0);
    assert_true(desk_pop() > 0);
    struct payload_push push = {.id = id_next(0, 1, desk.now_ms + MINUTE_MS), .body = slice_str("x")};
    assert_int_equal(broker_room(&desk.broker, record_stride(RECORD_PUSH, payload_push_bytes(&push)), false), 0);
    payload_put_push(log_begin(desk.broker.log, RECORD_PUSH, 0, 0, desk_queue()->number, payload_push_bytes(&push)),
                     &push);
    (void)broker_apply(&desk.broker);
    desk_settle();
    expect_pushed(push.id, desk.now_ms);
    assert_int_equal(desk_pop(), push.id);
    uint64_t popped_ms = desk.now_ms;
    desk_live(500);
    assert_int_equal(desk_run(&(struct cmd){.kind = CMD_ACK, .topic = slice_str("t"), .id = push.id}), 0);
    assert_int_equal(ask(CMD_HISTORY, push.id), 0);
    assert_int_equal(seen.count, 3);
    assert_true(seen.events[0].at_ms == popped_ms && seen.events[1].at_ms == popped_ms);
    assert_true(seen.events[2].at_ms >= popped_ms && seen.events[2].at_ms <= desk.now_ms);
    desk_end();
}
