/*
 * limits_test.c - topics that have room for so many messages and bytes, and for no older ones; see limits.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/topics_test.h"

static void limit(const char *topic, struct topic_limits limits)
{
    struct cmd_args args = {NO_ARGS, .settings_given = CMD_GIVEN_LIMITS, .settings = {.limits = limits}};
    int rc = op(0, CMD_TOPIC_SET, topic, &args);

    if (rc == GMQ_E_TOPIC_UNKNOWN)
        rc = op(0, CMD_TOPIC_CREATE, topic, &args);
    assert_int_equal(rc, 0);
}

static int push_bytes(const char *topic, size_t bytes, int64_t delay_s)
{
    static char body[4096];
    struct cmd cmd = {.kind = CMD_PUSH, .topic = slice_str(topic), .body = slice_of(body, bytes), .delay_s = delay_s};

    return run(0, &cmd);
}

/* `count` messages of a byte. */
static int mpush(const char *topic, uint32_t count)
{
    char items[MESSAGES_MAX * 9];

    for (uint32_t i = 0; i < count; i++)
        memcpy(items + 9 * i, "\0\0\0\0\0\0\0\1x", 9);
    return run(0, &(struct cmd){.kind = CMD_MPUSH, .topic = slice_str(topic), .body = slice_of(items, 9 * count),
                                .count = count});
}

TEST(limit_of_messages_counts_those_that_are_ready_delayed_and_in_flight)
{
    begin(0);
    limit("t", (struct topic_limits){.messages = 3});
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    uint64_t id = clients[0].ids[0];
    assert_int_equal(push("t"), 0);
    assert_int_equal(push_bytes("t", 1, 60), 0);
    assert_int_equal(push("t"), GMQ_E_TOPIC_FULL);
    assert_string_equal(clients[0].word, "messages");
    assert_int_equal(ack("t", id), 0);
    assert_int_equal(mpush("t", 2), GMQ_E_TOPIC_FULL);
    assert_int_equal(mpush("t", 1), 0);
    assert_int_equal(push("t"), GMQ_E_TOPIC_FULL);
    limit("t", (struct topic_limits){.messages = 4});
    assert_int_equal(push("t"), 0);
    end();
}

TEST(limit_of_bytes_counts_bodies_in_steps_of_64)
{
    begin(0);
    limit("t", (struct topic_limits){.bytes = 256});
    assert_int_equal(push_bytes("t", 65, 0), 0);
    assert_int_equal(push_bytes("t", 64, 0), 0);
    assert_int_equal(facts_of_topic("t")->bytes, 192);
    assert_int_equal(push_bytes("t", 65, 0), GMQ_E_TOPIC_FULL);
    assert_string_equal(clients[0].word, "bytes");
    assert_int_equal(push_bytes("t", 64, 0), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(facts_of_topic("t")->bytes, 256);
    assert_int_equal(pop("t"), 0);
    uint64_t second = clients[0].ids[0];
    assert_int_equal(ack("t", second), 0);
    assert_int_equal(facts_of_topic("t")->bytes, 192);
    close_broker();
    open_broker();
    assert_int_equal(facts_of_topic("t")->bytes, 192);
    end();
}

TEST(limit_that_drops_makes_room_by_the_oldest_ready_messages)
{
    begin(0);
    limit("t", (struct topic_limits){.messages = 3, .over = OVER_DROP});
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0); /* what is in flight stays */
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(push("t"), 0);
        last = clients[0].ids[0];
    }
    const struct report_topic *topic = facts_of_topic("t");
    assert_int_equal(topic->ready, 2);
    assert_int_equal(topic->in_flight, 1);
    assert_int_equal(topic->deleted, 4);
    assert_int_equal(topic->pushed, 7);
    assert_int_equal(mpush("t", 2), 0);
    assert_int_equal(mpush("t", 4), GMQ_E_TOPIC_FULL);
    assert_int_equal(mpush("t", 3), GMQ_E_TOPIC_FULL); /* what is in flight cannot be dropped */
    assert_int_equal(facts_of_topic("t")->ready, 2);
    assert_int_equal(pop("t"), 0);
    assert_true(clients[0].ids[0] > last);
    close_broker();
    open_broker();
    assert_int_equal(facts_of_topic("t")->ready, 1);
    end();
}

TEST(limit_that_dead_letters_keeps_what_makes_room)
{
    begin(0);
    limit("t", (struct topic_limits){.bytes = 128, .over = OVER_DEAD_LETTER});
    for (int i = 0; i < 5; i++)
        assert_int_equal(push("t"), 0);
    const struct report_topic *topic = facts_of_topic("t");
    assert_int_equal(topic->ready, 2);
    assert_int_equal(topic->dead, 3);
    assert_int_equal(topic->died, 3);
    assert_int_equal(topic->bytes, 128);
    assert_int_equal(push_bytes("t", 129, 0), GMQ_E_TOPIC_FULL); /* never fits: nothing goes for it */
    assert_int_equal(facts_of_topic("t")->ready, 2);
    assert_int_equal(push_bytes("t", 128, 0), 0);
    assert_int_equal(facts_of_topic("t")->dead, 5);
    end();
}

TEST(limit_makes_room_by_messages_of_which_the_read_cache_does_not_hold_all)
{
    enum { BIG = 60000, MANY = 40 };
    static char body[BIG];
    struct cmd cmd = {.kind = CMD_PUSH, .topic = slice_str("t"), .body = slice_of(body, BIG)};

    begin(0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(run(0, &cmd), 0);
    limit("t", (struct topic_limits){.messages = 3, .over = OVER_DEAD_LETTER});
    close_broker();
    open_broker();
    assert_int_equal(mpush("t", 3), 0);
    assert_int_equal(facts_of_topic("t")->ready, 3);
    assert_int_equal(facts_of_topic("t")->dead, MANY);
    assert_int_equal(broker.over.kept_count, 0);
    end();
}

TEST(limit_lets_no_more_than_16_messages_go_for_one)
{
    begin(0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(push("t"), 0);
    limit("t", (struct topic_limits){.messages = 24, .over = OVER_DROP});
    assert_int_equal(push("t"), GMQ_E_TOPIC_FULL);
    assert_int_equal(facts_of_topic("t")->ready, 40);
    limit("t", (struct topic_limits){.messages = 25, .over = OVER_DROP});
    assert_int_equal(push("t"), 0);
    assert_int_equal(facts_of_topic("t")->ready, 25);
    end();
}

TEST(limit_of_age_holds_for_pops_to_the_millisecond)
{
    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(push("t"), 0);
    limit("t", (struct topic_limits){.age_ms = 5000, .over = OVER_DEAD_LETTER});
    now_ms = START_MS + 4999;
    assert_int_equal(broker_execute(&broker, &clients[1].session,
                                    &(struct cmd){.kind = CMD_POP, .topic = slice_str("t")}, now_ms), 0);
    now_ms = START_MS + 5000;
    assert_int_equal(broker_execute(&broker, &clients[1].session,
                                    &(struct cmd){.kind = CMD_POP, .topic = slice_str("t")}, now_ms), 0);
    (void)settle();
    assert_int_equal(clients[1].answers, 2);
    assert_int_equal(clients[1].err, GMQ_E_NO_MESSAGE);
    assert_int_equal(facts_of_topic("t")->dead, 1);
    end();
}

TEST(limit_of_age_is_swept_by_and_by)
{
    begin(0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(push("t"), 0);
    pass(1500);
    assert_int_equal(push("t"), 0);
    limit("t", (struct topic_limits){.age_ms = 3000});
    pass(500);
    assert_int_equal(facts_of_topic("t")->ready, 201);
    for (int i = 0; i < 14; i++)
        pass(100);
    assert_int_equal(facts_of_topic("t")->ready, 1);
    assert_int_equal(clients[0].topics[0].expired, 200);
    pass_seconds(2);
    assert_int_equal(facts_of_topic("t")->ready, 0);
    assert_int_equal(clients[0].topics[0].bytes, 0);
    pass_seconds(12);
    pass(120000);
    pass(120000);
    assert_true(settle() > now_ms + 999);
    end();
}

TEST(limit_of_age_sweeps_what_is_on_disk_as_fast_as_it_is_read_and_some_in_each_turn)
{
    enum { MESSAGES = 6000, TURN_MAX = 1024 + 512 };
    uint64_t left = MESSAGES, before;
    unsigned turns = 0;

    begin(0);
    for (int i = 0; i < MESSAGES; i += 10)
        assert_int_equal(mpush("t", 10), 0);
    close_broker(); /* nothing of it is at hand */
    open_broker();
    now_ms += 5000;
    limit("t", (struct topic_limits){.age_ms = 3000});
    const struct queue *queue = engine_find(broker.engine, slice_str("t"));
    for (; left > 0; turns++) {
        before = left;
        now_ms++;
        (void)rig_turn(&broker, now_ms);
        left = queue_ready(queue);
        assert_true(before - left <= TURN_MAX);
        assert_true(turns < MESSAGES / 20);
    }
    assert_int_equal(queue->counts.expired, MESSAGES);
    end();
}
