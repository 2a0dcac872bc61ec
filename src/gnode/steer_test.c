/* steer_test.c - messages taken from where they stand, one by one and by topic. SPDX-License-Identifier: MIT */
#include "gnode/desk_test.h"

static struct {
    enum report_kind kind;
    enum message_place place;
    uint64_t id, due_ms, done;
    char name[32];
} told;

static void see(const struct report *report)
{
    told.kind = report->kind;
    told.place = report->kind == REPORT_MESSAGE ? report->messages[0].place : report->place;
    told.id = report->id;
    told.due_ms = report->due_ms;
    told.done = report->done;
    if (report->name.len > 0)
        memcpy(told.name, report->name.ptr, report->name.len);
    told.name[report->name.len] = '\0';
}

static void begin(uint32_t chunk_refs)
{
    desk_begin(chunk_refs);
    desk.see = see;
}

static int cancel(uint64_t id)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};
    struct cmd cmd = {.kind = CMD_CANCEL, .id = id, .args = &args};

    int rc = desk_run(&cmd);
    if (rc == 0) {
        assert_int_equal(told.kind, REPORT_MOVED);
        assert_true(told.id == id && strcmp(told.name, "t") == 0);
    }
    return rc;
}

static int reschedule(uint64_t id, int64_t delay_ms)
{
    struct cmd_args args = {.delay_ms = delay_ms};
    struct cmd cmd = {.kind = CMD_RESCHEDULE, .id = id, .args = &args};

    return desk_run(&cmd);
}

static int purge(enum message_place place)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .place = place};
    struct cmd cmd = {.kind = CMD_PURGE, .topic = slice_str("t"), .args = &args};

    return desk_run(&cmd);
}

static int ack(uint64_t id) { return desk_run(&(struct cmd){.kind = CMD_ACK, .topic = slice_str("t"), .id = id}); }

/* Lived and replayed are the same, and sound. */
static void relive(void)
{
    desk_settle();
    desk_restart();
    desk.see = see;
    engine_check(desk.broker.engine);
}

TEST(steer_cancels_a_message_wherever_it_is_and_says_where_that_was)
{
    for (uint32_t chunk_refs = 0; chunk_refs < 3; chunk_refs += 2) {
        begin(chunk_refs);
        uint64_t flying = desk_push(0), ready = desk_push(0), more = desk_push(0), delayed = desk_push(60), dead;
        for (int i = 0; i < 20; i++)
            (void)desk_push(100 + i);
        assert_int_equal(desk_pop(), flying);
        assert_int_equal(cancel(flying), 0);
        assert_int_equal(told.place, PLACE_IN_FLIGHT);
        assert_int_equal(ack(flying), GMQ_E_ID_UNKNOWN);
        assert_int_equal(cancel(ready), 0);
        assert_int_equal(told.place, PLACE_READY);
        assert_int_equal(cancel(delayed), 0);
        assert_int_equal(told.place, PLACE_DELAYED);
        assert_int_equal(queue_ready(desk_queue()), 1);
        assert_int_equal(desk_queue()->delayed, 20);
        assert_int_equal(cancel(ready), GMQ_E_MESSAGE_STATE);
        assert_int_equal(cancel(delayed), GMQ_E_MESSAGE_STATE);
        assert_int_equal(cancel(12345), GMQ_E_MESSAGE_UNKNOWN);
        relive();
        assert_int_equal(cancel(delayed), GMQ_E_MESSAGE_STATE);
        assert_int_equal(desk_pop(), more);
        assert_int_equal(ack(more), 0);
        desk_kill_messages(&dead, 1);
        assert_int_equal(cancel(dead), 0);
        assert_int_equal(told.place, PLACE_DEAD);
        assert_int_equal(desk_queue()->dead.count, 0);
        desk_live(61000);
        assert_int_equal(desk_pop(), 0);
        relive();
        desk_end();
    }
}

/* The oldest piece of the list is put aside, as one that could not be read. */
static void put_aside(void)
{
    struct payload_load load = {.kind = PAYLOAD_LOAD_ASIDE, .count = engine_chunk_refs(desk_queue())};

    assert_int_equal(engine_peek_chunks(desk_queue(), &load.lsn, 1), 1);
    assert_int_equal(broker_room(&desk.broker, record_stride(RECORD_LOAD, PAYLOAD_LOAD_BYTES), true), 0);
    payload_put_load(log_begin(desk.broker.log, RECORD_LOAD, 0, PAYLOAD_WAITING, desk_queue()->number,
                               PAYLOAD_LOAD_BYTES), &load);
    (void)broker_apply(&desk.broker);
}

TEST(steer_leaves_an_idle_topic_its_messages_though_a_piece_with_cancelled_ones_cannot_be_read)
{
    uint64_t ids[6];

    begin(2);
    desk.broker.options.topic_idle_ms = 5000;
    for (int i = 0; i < 6; i++)
        ids[i] = desk_push(0);
    desk_settle();
    for (int i = 0; i < 4; i++)
        assert_int_equal(cancel(ids[i]), 0);
    assert_int_equal(queue_ready(desk_queue()), 2);
    put_aside();
    assert_int_equal(queue_ready(desk_queue()), 0); /* too few: nobody knows which of the cancelled are in it */
    desk_live(20000);
    assert_true(desk_queue() && !desk_queue()->deleted);
    assert_true(desk_pop() == ids[4] || desk_pop() == ids[5]);
    relive();
    desk_end();
}

/* Where it is; or the error of the answer. */
static int get(uint64_t id)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};

    int rc = desk_run(&(struct cmd){.kind = CMD_GET, .id = id, .args = &args});
    return rc == 0 ? (int)told.place : rc;
}

/*
 * `count` messages that are due at one moment, and no more TICKs than that the first of them have fired. The first and
 * the last of their ids.
 */
static void crowd(int count, uint64_t ret_ids[2])
{
    begin(0);
    for (int i = 0; i < count; i++)
        ret_ids[i > 0] = desk_push(1);
    desk.now_ms += 1000;
    for (int turns = 0; turns < 20 && desk_queue()->delayed == (uint64_t)count; turns++)
        desk_turn();
    assert_int_equal(desk_queue()->delayed, count - PAYLOAD_TICK_TIMERS_MAX);
}

TEST(steer_finds_a_message_at_once_in_a_life_that_has_not_yet_fired_what_is_due)
{
    uint64_t ids[2];

    crowd(PAYLOAD_TICK_TIMERS_MAX + 2, ids);
    desk_restart();
    desk.see = see;
    uint64_t begun_ms = desk.now_ms;
    assert_int_equal(get(ids[0]), PLACE_READY);
    assert_int_equal(get(ids[1]), PLACE_DELAYED);
    assert_int_equal(cancel(ids[0]), 0);
    assert_int_equal(told.place, PLACE_READY);
    assert_int_equal(cancel(ids[1]), 0);
    assert_int_equal(told.place, PLACE_DELAYED);
    assert_int_equal(cancel(ids[1]), GMQ_E_MESSAGE_STATE);
    assert_true(desk.now_ms == begun_ms && desk_queue()->delayed == 1);
    desk_live(2000);
    assert_int_equal(queue_ready(desk_queue()), PAYLOAD_TICK_TIMERS_MAX);
    relive();
    desk_end();
}

TEST(steer_says_of_a_message_among_very_many_that_are_due_that_no_tick_will_come)
{
    uint64_t ids[2];

    crowd(PAYLOAD_TICK_TIMERS_MAX + ENGINE_PLACE_LOOKS + 1, ids);
    simdisk_fail(desk.sim, SIMDISK_PWRITE, 0, 5, true);
    desk.broker.tick_from_ms = UINT64_MAX;
    assert_int_equal(desk_run(&(struct cmd){.kind = CMD_PUSH, .topic = slice_str("t")}), GMQ_E_READ_ONLY);
    assert_int_equal(get(ids[0]), GMQ_E_READ_ONLY);
    desk_end();
}

TEST(steer_moves_a_message_in_time)
{
    begin(0);
    uint64_t a = desk_push(60), b = desk_push(0), c = desk_push(0), dead;
    assert_int_equal(reschedule(a, 0), 0);
    assert_true(told.kind == REPORT_MOVED && told.place == PLACE_DELAYED && told.due_ms == desk.now_ms);
    assert_int_equal(reschedule(b, 5000), 0);
    assert_true(told.place == PLACE_READY && told.due_ms == desk.now_ms + 5000);
    assert_int_equal(reschedule(c, CMD_NOT_GIVEN), 0); /* it is ready */
    assert_int_equal(reschedule(c, -1), GMQ_E_DELAY_NEGATIVE);
    assert_int_equal(reschedule(c, INT64_MAX), GMQ_E_DELAY);
    assert_int_equal(desk_queue()->push_num, 3);
    assert_int_equal(desk_queue()->delayed, 1);
    relive();
    assert_int_equal(reschedule(b, 9000), 0); /* again */
    assert_int_equal(told.place, PLACE_DELAYED);
    assert_int_equal(desk_pop(), c);
    assert_int_equal(desk_pop(), a);
    assert_int_equal(reschedule(a, 1000), GMQ_E_MESSAGE_STATE);
    assert_int_equal(ack(a), 0);
    assert_int_equal(ack(c), 0);
    assert_int_equal(reschedule(a, 1000), GMQ_E_MESSAGE_STATE);
    relive();
    desk_live(9001);
    assert_int_equal(desk_pop(), b);
    assert_int_equal(ack(b), 0);
    assert_int_equal(engine_moved(desk.broker.engine, b), 0);
    desk_kill_messages(&dead, 1);
    assert_int_equal(reschedule(dead, 2000), 0);
    assert_int_equal(told.place, PLACE_DEAD);
    assert_int_equal(desk_queue()->delayed, 1);
    assert_int_equal(reschedule(dead, 0), 0);
    assert_int_equal(told.place, PLACE_DELAYED);
    assert_int_equal(desk_pop(), dead);
    assert_int_equal(cancel(dead), 0);
    relive();
    desk_end();
}

/* A message that has come back keeps its retries wherever it is moved. */
TEST(steer_keeps_what_is_known_of_a_message_that_is_moved)
{
    begin(0);
    uint64_t id = desk_push(0);
    assert_int_equal(desk_pop(), id);
    char ids[CMD_ID_BYTES];
    put_be64(ids, id);
    struct cmd_args args = {.delay_ms = 3000, .no_retry = true};
    struct cmd nack = {.kind = CMD_NACK, .topic = slice_str("t"), .count = 1, .body = slice_of(ids, sizeof(ids)),
                       .args = &args};
    assert_int_equal(desk_run(&nack), 0);
    assert_int_equal(desk_queue()->delayed, 1);
    struct engine_facts before, after;
    assert_int_equal(reschedule(id, 50000), 0);
    assert_int_equal(told.place, PLACE_DELAYED);
    uint64_t lsn = engine_moved(desk.broker.engine, id);
    assert_true(lsn > 0 && engine_facts(desk.broker.engine, lsn, &before));
    assert_true(before.first_ms > 0);
    assert_int_equal(reschedule(id, 0), 0);
    assert_true(engine_facts(desk.broker.engine, engine_moved(desk.broker.engine, id), &after));
    assert_int_equal(after.first_ms, before.first_ms);
    relive();
    assert_int_equal(desk_pop(), id);
    assert_int_equal(ack(id), 0);
    desk_end();
}

TEST(steer_purges_each_state_and_says_how_many)
{
    for (uint32_t chunk_refs = 0; chunk_refs < 14; chunk_refs += 7) {
        begin(chunk_refs);
        enum { MANY = 300 };
        uint64_t ids[MANY], dead[3];
        desk_kill_messages(dead, 3);
        for (int i = 0; i < MANY; i++)
            ids[i] = desk_push(i % 3 == 2 ? 30 + i % 7 : 0);
        assert_int_equal(desk_pop(), ids[0]);
        assert_int_equal(desk_pop(), ids[1]);
        assert_int_equal(cancel(ids[3]), 0);
        assert_int_equal(purge(PLACE_GONE), GMQ_E_VALUE);
        assert_int_equal(purge(PLACE_READY), 0);
        assert_int_equal(told.done, 200 - 3);
        assert_int_equal(queue_ready(desk_queue()), 0);
        assert_int_equal(purge(PLACE_IN_FLIGHT), 0);
        assert_int_equal(told.done, 2);
        assert_int_equal(purge(PLACE_DEAD), 0);
        assert_int_equal(told.done, 3);
        assert_int_equal(purge(PLACE_DELAYED), 0);
        assert_int_equal(told.done, 100);
        assert_int_equal(purge(PLACE_DELAYED), 0);
        assert_int_equal(told.done, 0);
        assert_int_equal(cancel(ids[2]), GMQ_E_MESSAGE_STATE);
        uint64_t later = desk_push(30);
        relive();
        assert_int_equal(desk_queue()->delayed, 1);
        desk_live(40000);
        assert_int_equal(desk_pop(), later);
        assert_int_equal(desk_pop(), 0);
        assert_int_equal(desk_queue()->bytes, 64);
        assert_int_equal(ack(later), 0);
        relive();
        desk_end();
    }
}

static int delete_topic(void)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};

    return desk_run(&(struct cmd){.kind = CMD_TOPIC_DELETE, .topic = slice_str("t"), .args = &args});
}

/* What a topic had is gone for everybody at once; what a new one of its name gets is its own. */
TEST(steer_deletes_a_topic_with_all_it_has_and_its_name_is_free)
{
    for (uint32_t chunk_refs = 0; chunk_refs < 14; chunk_refs += 7) {
        begin(chunk_refs);
        enum { MANY = 200 };
        uint64_t ids[MANY], dead[2];
        assert_int_equal(delete_topic(), GMQ_E_TOPIC_UNKNOWN);
        desk_kill_messages(dead, 2);
        for (int i = 0; i < MANY; i++)
            ids[i] = desk_push(i % 2 ? 20 : 0);
        assert_int_equal(desk_pop(), ids[0]);
        uint32_t number = desk_queue()->number;
        assert_int_equal(delete_topic(), 0);
        assert_int_equal(told.done, MANY + 2);
        assert_null(desk_queue());
        assert_int_equal(engine_topics(desk.broker.engine), 0);
        assert_int_equal(ack(ids[0]), GMQ_E_ID_UNKNOWN);
        assert_int_equal(desk_pop(), 0); /* makes it anew */
        int rc = cancel(ids[1]);
        assert_true(rc == GMQ_E_MESSAGE_STATE || rc == GMQ_E_MESSAGE_UNKNOWN);
        uint64_t fresh = desk_push(0);
        assert_true(desk_queue()->number != number);
        relive();
        engine_check(desk.broker.engine);
        assert_int_equal(desk_pop(), fresh);
        assert_int_equal(ack(fresh), 0);
        desk_live(30000);
        engine_check(desk.broker.engine);
        assert_null(engine_queue(desk.broker.engine, number));
        assert_int_equal(desk_pop(), 0);
        assert_int_equal(delete_topic(), 0);
        assert_int_equal(told.done, 0);
        relive();
        assert_int_equal(engine_topics(desk.broker.engine), 0);
        fresh = desk_push(0);
        assert_int_equal(desk_pop(), fresh);
        relive();
        desk_end();
    }
}

TEST(steer_deletes_a_topic_while_its_dead_letters_are_collected_and_the_next_to_collect_is_not_held_up)
{
    static const struct session_ops OPS = {.answer = desk_answer, .resume = desk_resume};
    struct cmd dead = {.kind = CMD_DEAD, .topic = slice_str("t"), .number = 10};
    struct session other;
    uint64_t letters[3];

    begin(0);
    desk_kill_messages(letters, 3);
    desk_restart(); /* their records must be fetched */
    session_init(&other, &desk.broker, &OPS);
    assert_int_equal(broker_execute(&desk.broker, &other, &dead, desk.now_ms), -EAGAIN);
    assert_ptr_equal(desk.broker.gatherer, &other);
    assert_int_equal(delete_topic(), 0);
    uint64_t before = desk.answers;
    assert_int_equal(broker_execute(&desk.broker, &other, &dead, desk.now_ms), 0);
    assert_true(desk.answers == before + 1 && desk.err == GMQ_E_NO_MESSAGE);
    desk_kill_messages(letters, 3);
    assert_int_equal(desk_run(&dead), 0);
    assert_int_equal(desk_queue()->dead.count, 0);
    session_fini(&other);
    desk_end();
}
