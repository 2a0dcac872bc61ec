/* wait_test.c - who waits for what, in which order, until when; see wait.h. SPDX-License-Identifier: MIT */
#include "gnode/rig_test.h"

#include <stdio.h>
#include <stdlib.h>

#define START_MS RIG_START_MS

enum { CLIENTS = 4, IN_FLIGHT_MAX = 3, BATCH_MAX = 20 };

struct client {
    struct session session;
    unsigned answers, messages, topic, went_on;
    int err;
    enum answer_kind kind;
    uint64_t ids[BATCH_MAX];
    size_t count;
    bool gone;
};

static struct broker broker;
static struct simdisk *sim;
static struct client clients[CLIENTS];
static uint64_t now_ms;

static bool take_answer(struct session *session, const struct answer *answer)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    client->answers++;
    client->kind = answer->kind;
    client->err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    client->count = answer->count;
    if (answer->kind == ANSWER_ID)
        client->ids[0] = answer->id;
    for (size_t i = 0; answer->kind == ANSWER_MISSING && i < answer->count; i++)
        client->ids[i] = answer->ids[i];
    for (size_t i = 0; answer->messages && i < answer->count; i++) {
        client->ids[i] = answer->messages[i].id;
        client->topic = answer->messages[i].topic;
    }
    return true;
}

static bool is_there(const struct session *session)
{
    return !CONTAINER_OF((uintptr_t)session, const struct client, session)->gone;
}

static void go_on(struct session *session) { CONTAINER_OF(session, struct client, session)->went_on++; }
static void resume(struct session *session) { (void)session; }

static const struct session_ops OPS = {.answer = take_answer, .resume = resume, .is_there = is_there, .go_on = go_on};

static void open_broker(void)
{
    struct broker_options options = rig_options(0);

    options.max_batch = BATCH_MAX;
    options.max_topics = 20;
    options.max_in_flight = IN_FLIGHT_MAX;
    rig_open(&broker, sim, &options, rig_start_clock);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.answers = 0};
        session_init(&clients[i].session, &broker, &OPS);
    }
}

static void begin(void)
{
    sim = simdisk_new(1);
    now_ms = START_MS;
    open_broker();
}

static void close_broker(void)
{
    for (int i = 0; i < CLIENTS; i++)
        session_fini(&clients[i].session);
    assert_int_equal(broker.waits.count, 0);
    engine_check(broker.engine);
    broker_abandon(&broker);
}

static void end(void)
{
    close_broker();
    simdisk_free(sim);
}

static uint64_t settle(void) { return rig_settle(&broker, now_ms, 20); }

static int run(unsigned client, const struct cmd *cmd)
{
    return broker_execute(&broker, &clients[client].session, cmd, now_ms);
}

static void push(const char *topic, int64_t delay_s)
{
    assert_int_equal(run(0, &(struct cmd){.kind = CMD_PUSH, .topic = slice_str(topic), .body = slice_str("x"),
                                          .delay_s = delay_s}), 0);
}

/* Pushes one and returns its id. */
static uint64_t push_settled(const char *topic)
{
    push(topic, 0);
    (void)settle();
    return clients[0].ids[0];
}

static int try_wpop(unsigned client, const char *topics, int64_t wait_ms, int64_t number)
{
    return run(client, &(struct cmd){.kind = CMD_WPOP, .topic = slice_str(topics), .wait_ms = wait_ms,
                                     .number = number, .flags = CMD_F_BINARY | CMD_F_LIST});
}

static void wpop(unsigned client, const char *topics, int64_t wait_ms, int64_t number)
{
    assert_int_equal(try_wpop(client, topics, wait_ms, number), 0);
}

static bool waits(unsigned client) { return clients[client].session.waiter != NULL; }

static void assert_refused(unsigned client, int err)
{
    assert_false(waits(client));
    assert_int_equal(clients[client].kind, ANSWER_ERROR);
    assert_int_equal(clients[client].err, err);
}

static void assert_got(unsigned client, uint64_t id, unsigned topic)
{
    assert_false(waits(client));
    assert_int_equal(clients[client].kind, ANSWER_MESSAGE);
    assert_true(clients[client].ids[0] == id);
    assert_int_equal(clients[client].topic, topic);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

TEST(wait_serves_one_message_to_one_waiter_in_the_order_of_their_coming)
{
    begin();
    wpop(1, "t", 1000, 1);
    wpop(2, "t", 1000, 1);
    wpop(3, "t", 1000, 1);
    assert_true(waits(1) && waits(2) && waits(3));
    assert_false(session_ready(&clients[1].session));
    uint64_t first = push_settled("t");
    assert_got(1, first, 0);
    assert_true(waits(2) && waits(3) && session_ready(&clients[1].session));
    uint64_t second = push_settled("t");
    assert_got(2, second, 0);
    assert_true(waits(3));
    assert_int_equal(clients[1].answers + clients[2].answers + clients[3].answers, 2);
    assert_int_equal(clients[1].went_on, 1);
    assert_false(broker_idle(&broker));
    end();
}

TEST(wait_lets_no_later_pop_overtake)
{
    begin();
    wpop(1, "t", 1000, 1);
    push("t", 0);
    assert_int_equal(run(2, &(struct cmd){.kind = CMD_POP, .topic = slice_str("t")}), 0);
    (void)settle();
    assert_got(1, clients[0].ids[0], 0);
    assert_refused(2, GMQ_E_NO_MESSAGE);
    end();
}

TEST(wait_is_over_only_when_the_push_is_promised)
{
    begin();
    wpop(1, "t", 1000, 1);
    push("t", 0);
    (void)broker_turn(&broker, now_ms);
    assert_false(waits(1));
    assert_int_equal(clients[1].answers, 0); /* delivered, not told */
    (void)settle();
    assert_int_equal(clients[1].answers, 1);
    end();
}

TEST(wait_for_several_topics_is_served_by_the_first_that_has_a_message)
{
    begin();
    uint64_t b = push_settled("b"), c = push_settled("c");
    wpop(1, "a/b/c", 1000, 1);
    (void)settle();
    assert_got(1, b, 1);
    wpop(1, "a/b/c", 1000, 1);
    (void)settle();
    assert_got(1, c, 2);
    wpop(1, "b/a/b", 1000, 1);
    wpop(2, "a", 1000, 1);
    push("b", 0);
    uint64_t first = push_settled("a");
    assert_got(1, first - 1, 0); /* both are there: b is the first of the list */
    assert_got(2, first, 0);
    end();
}

TEST(wait_takes_as_many_as_are_there_and_no_more_than_may_be_in_flight)
{
    begin();
    for (int i = 0; i < IN_FLIGHT_MAX + 2; i++)
        (void)push_settled("t");
    wpop(1, "t", 1000, 2);
    (void)settle();
    assert_int_equal(clients[1].kind, ANSWER_MESSAGES);
    assert_int_equal(clients[1].count, 2);
    wpop(1, "t", 0, BATCH_MAX);
    (void)settle();
    assert_int_equal(clients[1].count, IN_FLIGHT_MAX - 2);
    wpop(1, "t", 0, BATCH_MAX);
    assert_refused(1, GMQ_E_IN_FLIGHT_LIMIT);
    end();
}

/* ---- what wakes -------------------------------------------------------------------------------------------------- */

TEST(wait_is_ended_by_a_delay_and_by_a_ttr_that_are_over)
{
    begin();
    push("t", 5);
    uint64_t id = (settle(), clients[0].ids[0]);
    wpop(1, "t", 60000, 1);
    now_ms += 5000;
    (void)settle();
    assert_got(1, id, 0);
    wpop(2, "t", 60000, 1);
    (void)settle();
    assert_true(waits(2));
    now_ms += 3000;
    (void)settle();
    assert_got(2, id, 0);
    end();
}

TEST(wait_is_ended_by_an_ack_that_makes_room_in_flight)
{
    begin();
    for (int i = 0; i < IN_FLIGHT_MAX + 1; i++)
        (void)push_settled("t");
    wpop(1, "t", 0, IN_FLIGHT_MAX);
    (void)settle();
    wpop(2, "t", 1000, 1);
    wpop(3, "t", 1000, 1);
    (void)settle();
    assert_true(waits(2) && waits(3));
    assert_int_equal(run(1, &(struct cmd){.kind = CMD_ACK, .topic = slice_str("t"), .id = clients[1].ids[0]}), 0);
    (void)settle();
    assert_false(waits(2));
    now_ms += 1000;
    (void)settle();
    assert_refused(3, GMQ_E_NO_MESSAGE);
    end();
}

TEST(wait_is_ended_when_auto_ack_lifts_the_limit_in_flight)
{
    begin();
    for (int i = 0; i < IN_FLIGHT_MAX + 1; i++)
        (void)push_settled("t");
    wpop(1, "t", 0, IN_FLIGHT_MAX);
    wpop(2, "t", 1000, 1);
    assert_int_equal(run(3, &(struct cmd){.kind = CMD_SET, .topic = slice_str("t"), .number = 1}), 0);
    (void)settle();
    assert_int_equal(clients[2].kind, ANSWER_MESSAGE);
    assert_int_equal(engine_queue(broker.engine, 1)->in_flight, IN_FLIGHT_MAX);
    end();
}

/* ---- how it ends else -------------------------------------------------------------------------------------------- */

TEST(wait_ends_by_time_to_the_millisecond)
{
    static const int64_t TIMES_MS[] = {1, 255, 256, 257, 59999, CMD_WAIT_MS_MAX};

    begin();
    for (size_t i = 0; i < ARRAY_LEN(TIMES_MS); i++) {
        wpop(1, "t", TIMES_MS[i], 1);
        uint64_t end_ms = now_ms + (uint64_t)TIMES_MS[i];
        now_ms = end_ms - 1;
        assert_in_range(settle(), end_ms, end_ms);
        assert_true(waits(1));
        now_ms = end_ms;
        (void)settle();
        assert_refused(1, GMQ_E_NO_MESSAGE);
    }
    wpop(1, "t", 1000, 1);
    now_ms += 3600000;
    (void)settle();
    assert_refused(1, GMQ_E_NO_MESSAGE);
    end();
}

TEST(wait_at_the_limit_in_flight_ends_with_that_word)
{
    begin();
    for (int i = 0; i < IN_FLIGHT_MAX + 1; i++)
        (void)push_settled("t");
    wpop(1, "t", 0, IN_FLIGHT_MAX);
    wpop(2, "u/t", 1000, 1);
    now_ms += 1000;
    (void)settle();
    assert_refused(2, GMQ_E_IN_FLIGHT_LIMIT);
    end();
}

TEST(wait_of_a_client_that_left_takes_no_message)
{
    begin();
    wpop(1, "t/u", 1000, 1);
    wpop(2, "t", 1000, 1);
    wpop(3, "t", 1000, 1);
    session_fini(&clients[1].session);
    session_init(&clients[1].session, &broker, &OPS);
    clients[2].gone = true;
    uint64_t id = push_settled("t");
    assert_refused(2, GMQ_E_NO_MESSAGE);
    assert_got(3, id, 0);
    wpop(2, "t", 1000, 1);
    session_half_close(&clients[2].session);
    assert_refused(2, GMQ_E_NO_MESSAGE);
    wpop(2, "t", 1000, 1); /* who sends no more waits no more */
    assert_refused(2, GMQ_E_NO_MESSAGE);
    end();
}

TEST(wait_ends_when_the_node_stops)
{
    begin();
    wpop(1, "t", 60000, 1);
    wpop(2, "u", 60000, 1);
    broker.stopping = true;
    (void)settle();
    assert_refused(1, GMQ_E_STOPPING);
    assert_refused(2, GMQ_E_STOPPING);
    assert_true(broker_idle(&broker));
    end();
}

TEST(wait_ends_and_none_begins_when_the_log_takes_no_more)
{
    begin();
    wpop(1, "t", 60000, 1);
    (void)settle();
    simdisk_fail(sim, SIMDISK_PWRITE, 0, 5, true);
    push("u", 0);
    (void)settle();
    assert_refused(1, GMQ_E_READ_ONLY);
    wpop(1, "t", 60000, 1);
    assert_refused(1, GMQ_E_READ_ONLY);
    wpop(1, "t", 0, 1);
    assert_refused(1, GMQ_E_NO_MESSAGE);
    end();
}

TEST(wait_brings_an_exited_topic_back_when_it_is_served)
{
    begin();
    wpop(1, "t", 60000, 1);
    push("t", 1);
    (void)settle();
    assert_int_equal(run(2, &(struct cmd){.kind = CMD_EXIT, .topic = slice_str("t")}), 0);
    (void)settle();
    assert_true(waits(1) && engine_queue(broker.engine, 1)->exited);
    now_ms += 2000;
    (void)settle();
    assert_int_equal(clients[1].kind, ANSWER_MESSAGE);
    assert_false(engine_queue(broker.engine, 1)->exited);
    end();
}

TEST(wait_for_a_body_that_is_being_fetched_outlives_its_time)
{
    begin();
    uint64_t id = push_settled("t");
    close_broker();
    simdisk_kill(sim);
    open_broker();
    wpop(1, "t", 10, 1); /* the body is on the disk alone */
    wpop(2, "t", 10, 1);
    assert_true(waits(1) && waits(2));
    now_ms += 10;
    (void)broker_turn(&broker, now_ms);
    assert_true(waits(1) && waits(2)); /* a message is there, it is not known yet who gets it */
    (void)settle();
    assert_got(1, id, 0);
    assert_refused(2, GMQ_E_NO_MESSAGE);
    end();
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static void assert_wpop_refused(const char *topics, int64_t wait_ms, int64_t number, int err)
{
    uint32_t queues = engine_queues(broker.engine);

    wpop(1, topics, wait_ms, number);
    assert_refused(1, err);
    assert_int_equal(engine_queues(broker.engine), queues);
}

TEST(wpop_is_held_to_its_limits)
{
    begin();
    assert_wpop_refused("t", -1, 1, GMQ_E_WAIT);
    assert_wpop_refused("t", CMD_WAIT_MS_MAX + 1, 1, GMQ_E_WAIT);
    assert_wpop_refused("t", 0, 0, GMQ_E_BATCH_COUNT);
    assert_wpop_refused("t", 0, BATCH_MAX + 1, GMQ_E_BATCH_LIMIT);
    assert_wpop_refused("", 0, 1, GMQ_E_TOPIC_EMPTY);
    assert_wpop_refused("t//u", 0, 1, GMQ_E_TOPIC_EMPTY);
    assert_wpop_refused("t/..", 0, 1, GMQ_E_TOPIC_NAME);
    assert_wpop_refused("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", 0, 1, GMQ_E_TOPIC_LIST);
    wpop(1, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", CMD_WAIT_MS_MAX, BATCH_MAX);
    assert_true(waits(1));
    assert_int_equal(engine_queues(broker.engine), 16);
    wpop(2, "1/2/3/4/5", 0, 1);
    assert_refused(2, GMQ_E_TOPIC_LIMIT);
    assert_int_equal(engine_queues(broker.engine), 16);
    assert_int_equal(run(3, &(struct cmd){.kind = CMD_WPOP, .topic = slice_str("a/b"), .number = 1}), 0);
    assert_refused(3, GMQ_E_TOPIC_NAME); /* no list */
    end();
}

/* ---- mack -------------------------------------------------------------------------------------------------------- */

static void mack(const uint64_t *ids, uint32_t count)
{
    char bytes[BATCH_MAX * CMD_ID_BYTES];

    for (uint32_t i = 0; i < count; i++)
        put_be64(bytes + CMD_ID_BYTES * (size_t)i, ids[i]);
    assert_int_equal(run(1, &(struct cmd){.kind = CMD_MACK, .topic = slice_str("t"), .count = count,
                                          .body = slice_of(bytes, CMD_ID_BYTES * (size_t)count)}), 0);
    (void)settle();
}

TEST(mack_acks_those_that_are_there_and_names_the_others)
{
    begin();
    mack((const uint64_t[]){7}, 1); /* no such topic */
    assert_int_equal(clients[1].kind, ANSWER_MISSING);
    assert_int_equal(engine_queues(broker.engine), 0);
    for (int i = 0; i < IN_FLIGHT_MAX; i++)
        (void)push_settled("t");
    wpop(1, "t", 0, IN_FLIGHT_MAX);
    (void)settle();
    uint64_t a = clients[1].ids[0], b = clients[1].ids[1], c = clients[1].ids[2];
    mack((const uint64_t[]){c, 5, a, c}, 4);
    assert_int_equal(clients[1].kind, ANSWER_MISSING);
    assert_int_equal(clients[1].count, 2);
    assert_true(clients[1].ids[0] == 5 && clients[1].ids[1] == c);
    assert_int_equal(engine_queue(broker.engine, 1)->in_flight, 1);
    mack(&b, 1);
    assert_int_equal(clients[1].kind, ANSWER_OK);
    assert_int_equal(engine_queue(broker.engine, 1)->in_flight, 0);
    end();
}
