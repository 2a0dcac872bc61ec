/*
 * topics_test.c - topics made, settled, paused, listed, left alone; see topics.c, sweep.h and usage.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/topics_test.h"

/* ---- made and settled -------------------------------------------------------------------------------------------- */

TEST(topic_is_made_with_its_settings_and_keeps_them)
{
    struct cmd_args args = {NO_ARGS, .settings_given = CMD_GIVEN_TTR | CMD_GIVEN_RETRIES | CMD_GIVEN_RETRY_POLICY |
                                                       CMD_GIVEN_LIMITS | CMD_GIVEN_IDLE | CMD_GIVEN_AUTO_ACK};

    begin(0);
    args.settings = (struct topic_settings){.ttr_ms = 1000, .max_retries = 7, .idle_ms = 5000,
                                            .retry = {.kind = RETRY_LIST, .count = 2, .delays_ms = {1, 2}},
                                            .limits = {.messages = 3, .over = OVER_DROP}};
    args.auto_ack = true;
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), 0);
    assert_int_equal(clients[0].topics[0].ttr_ms, 1000);
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), GMQ_E_TOPIC_EXISTS);
    args.settings_given = CMD_GIVEN_RETRIES;
    args.settings.max_retries = TOPIC_NODE_RETRIES;
    assert_int_equal(op(0, CMD_TOPIC_SET, "t", &args), 0);
    for (int restarts = 0; restarts < 2; restarts++) {
        const struct report_topic *topic = facts_of_topic("t");
        assert_int_equal(topic->settings.ttr_ms, 1000);
        assert_int_equal(topic->max_retries, 5);
        assert_int_equal(topic->settings.retry.delays_ms[1], 2);
        assert_int_equal(topic->settings.limits.messages, 3);
        assert_int_equal(topic->settings.limits.over, OVER_DROP);
        assert_int_equal(topic->settings.idle_ms, 5000);
        assert_true(topic->auto_ack);
        close_broker();
        open_broker();
    }
    end();
}

TEST(topic_settings_are_taken_up_to_their_limits_and_not_beyond)
{
    static const struct {
        unsigned given;
        struct topic_settings good, bad;
    } CASES[] = {
        {CMD_GIVEN_TTR, {.ttr_ms = 1000}, {.ttr_ms = 999}},
        {CMD_GIVEN_TTR, {.ttr_ms = 300000}, {.ttr_ms = 300001}},
        {CMD_GIVEN_RETRIES, {.max_retries = 254}, {.max_retries = 255}},
        {CMD_GIVEN_IDLE, {.idle_ms = 1000}, {.idle_ms = 999}},
        {CMD_GIVEN_IDLE, {.idle_ms = UINT64_C(315360000000)}, {.idle_ms = UINT64_C(315360000001)}},
        {CMD_GIVEN_LIMITS, {.limits = {.age_ms = 1000}}, {.limits = {.age_ms = 999}}},
        {CMD_GIVEN_LIMITS, {.limits = {.over = 2}}, {.limits = {.over = 3}}},
        {CMD_GIVEN_LIMITS, {.limits = {.bytes = UINT64_C(1) << 53}}, {.limits = {.bytes = (UINT64_C(1) << 53) + 1}}},
        {CMD_GIVEN_RETRY_POLICY, {.retry = {.kind = RETRY_FIXED, .count = 1, .delays_ms = {RETRY_DELAY_MS_MAX}}},
         {.retry = {.kind = RETRY_FIXED, .count = 1, .delays_ms = {RETRY_DELAY_MS_MAX + 1}}}},
        {CMD_GIVEN_RETRY_POLICY, {.retry = {.kind = RETRY_LIST, .count = 16}},
         {.retry = {.kind = RETRY_LIST, .count = 17}}},
        {CMD_GIVEN_RETRY_POLICY, {.retry = {.kind = RETRY_EXPONENTIAL, .count = 1, .jitter_percent = 100}},
         {.retry = {.kind = RETRY_EXPONENTIAL, .count = 1, .jitter_percent = 101}}},
        {CMD_GIVEN_RETRY_POLICY, {.retry = {.kind = RETRY_AT_ONCE, .cap_ms = RETRY_DELAY_MS_MAX}},
         {.retry = {.kind = RETRY_AT_ONCE, .cap_ms = RETRY_DELAY_MS_MAX + 1}}},
        {CMD_GIVEN_RETRY_POLICY, {.retry = {.kind = RETRY_FIXED, .count = 1}}, {.retry = {.kind = RETRY_FIXED}}},
    };
    struct cmd_args args = {NO_ARGS};

    begin(0);
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), 0);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        args.settings_given = CASES[i].given;
        args.settings = CASES[i].good;
        assert_int_equal(op(0, CMD_TOPIC_SET, "t", &args), 0);
        args.settings = CASES[i].bad;
        assert_int_equal(op(0, CMD_TOPIC_SET, "t", &args), GMQ_E_VALUE);
        assert_true(clients[0].word[0] != '\0');
    }
    end();
}

/* Sets what `given` says of `settings`; the error, or 0. */
static int set_some(unsigned given, struct topic_settings settings)
{
    struct cmd_args args = {NO_ARGS, .settings_given = given, .settings = settings};

    return op(0, CMD_TOPIC_SET, "t", &args);
}

TEST(topic_keeps_the_limits_that_are_not_named)
{
    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(set_some(CMD_GIVEN_MESSAGES | CMD_GIVEN_BYTES | CMD_GIVEN_OVER,
                            (struct topic_settings){.limits = {.messages = 3, .bytes = 4, .over = OVER_DROP}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_AGE, (struct topic_settings){.limits = {.age_ms = 5000}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_MESSAGES, (struct topic_settings){.limits = {.messages = 9}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_BYTES, (struct topic_settings){.limits = {.bytes = 0}}), 0);
    const struct topic_limits *limits = &facts_of_topic("t")->settings.limits;
    assert_int_equal(limits->messages, 9);
    assert_int_equal(limits->bytes, 0);
    assert_int_equal(limits->age_ms, 5000);
    assert_int_equal(limits->over, OVER_DROP);
    assert_int_equal(set_some(CMD_GIVEN_AGE, (struct topic_settings){.limits = {.age_ms = 999}}), GMQ_E_VALUE);
    assert_int_equal(set_some(CMD_GIVEN_LIMITS, (struct topic_settings){.limits = {.messages = 0}}), 0);
    assert_int_equal(facts_of_topic("t")->settings.limits.age_ms, 0);
    assert_int_equal(facts_of_topic("t")->settings.limits.over, OVER_REJECT);
    end();
}

TEST(topic_keeps_the_parts_of_its_retry_policy_that_are_not_named)
{
    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(set_some(CMD_GIVEN_CAP, (struct topic_settings){.retry = {.cap_ms = 7}}), GMQ_E_VALUE);
    assert_string_equal(clients[0].word, "retry.kind is missing: at_once has no delays, cap or jitter");
    assert_int_equal(set_some(CMD_GIVEN_RETRY_POLICY | CMD_GIVEN_DELAYS | CMD_GIVEN_JITTER,
                            (struct topic_settings){.retry = {.kind = RETRY_FIXED, .count = 1, .delays_ms = {50},
                                                              .jitter_percent = 20}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_CAP, (struct topic_settings){.retry = {.cap_ms = 7}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_DELAYS, (struct topic_settings){.retry = {.count = 1, .delays_ms = {60}}}), 0);
    assert_int_equal(set_some(CMD_GIVEN_DELAYS, (struct topic_settings){.retry = {.count = 2}}), GMQ_E_VALUE);
    assert_string_equal(clients[0].word, "retry.delays_ms must have 1 delay");
    const struct retry_policy *retry = &facts_of_topic("t")->settings.retry;
    assert_int_equal(retry->kind, RETRY_FIXED);
    assert_int_equal(retry->delays_ms[0], 60);
    assert_int_equal(retry->cap_ms, 7);
    assert_int_equal(retry->jitter_percent, 20);
    assert_int_equal(set_some(CMD_GIVEN_RETRY_POLICY, (struct topic_settings){
                                .retry = {.kind = RETRY_LIST, .count = 2, .delays_ms = {1, 2}}}), 0);
    retry = &facts_of_topic("t")->settings.retry;
    assert_int_equal(retry->kind, RETRY_LIST);
    assert_int_equal(retry->cap_ms, 0);
    assert_int_equal(retry->jitter_percent, 0);
    end();
}

TEST(topic_that_is_not_there_is_neither_settled_nor_paused_nor_shown)
{
    const struct cmd_args args = {NO_ARGS};

    begin(0);
    assert_int_equal(op(0, CMD_TOPIC, "t", &args), GMQ_E_TOPIC_UNKNOWN);
    assert_int_equal(op(0, CMD_TOPIC_SET, "t", &args), GMQ_E_TOPIC_UNKNOWN);
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), GMQ_E_TOPIC_UNKNOWN);
    assert_int_equal(op(0, CMD_RESUME, "t", &args), GMQ_E_TOPIC_UNKNOWN);
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "a b", &args), GMQ_E_TOPIC_NAME);
    end();
}

/* ---- listed ------------------------------------------------------------------------------------------------------ */

TEST(topics_are_listed_by_page_and_filter_while_others_come_and_go)
{
    struct cmd_args args = {NO_ARGS, .limit = 2};
    char name[24];
    struct cmd list = {.kind = CMD_TOPICS, .args = &args};

    begin(0);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof(name), "%s%d", i % 2 ? "odd." : "even.", i);
        assert_int_equal(push(name), 0);
    }
    assert_int_equal(run(0, &list), 0);
    assert_int_equal(clients[0].count, 2);
    assert_string_equal(clients[0].names[1], "odd.1");
    char cursor[TEXT_BYTES];
    copy(cursor, slice_str(clients[0].next));
    assert_int_equal(op(0, CMD_EXIT, "even.2", NULL), 0);
    assert_int_equal(push("late"), 0);
    args.cursor = slice_str(cursor);
    args.limit = 10;
    assert_int_equal(run(0, &list), 0);
    assert_int_equal(clients[0].count, 3);
    assert_string_equal(clients[0].names[0], "odd.3");
    assert_string_equal(clients[0].names[2], "late");
    assert_string_equal(clients[0].next, "");
    args.cursor = slice_str("");
    args.text = slice_str("dd.");
    assert_int_equal(run(0, &list), 0);
    assert_int_equal(clients[0].count, 2);
    args.limit = 1001;
    assert_int_equal(run(0, &list), GMQ_E_VALUE);
    args.limit = 1000;
    args.cursor = slice_str("x");
    assert_int_equal(run(0, &list), GMQ_E_CURSOR);
    end();
}

TEST(topics_are_listed_a_piece_a_turn_when_there_are_thousands)
{
    struct cmd_args args = {NO_ARGS, .text = slice_str("yes"), .limit = 4};
    const struct cmd list = {.kind = CMD_TOPICS, .args = &args};
    char name[24];

    begin(0);
    broker.options.max_topics = 20000;
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%s.%d", i % 2000 == 1999 ? "yes" : "no", i);
        assert_int_equal(push(name), 0);
    }
    (void)settle();
    clients[0].cmd = &list;
    unsigned before = clients[0].answers, turns = 0;
    assert_true(broker_execute(&broker, &clients[0].session, &list, now_ms) <= 0);
    for (; clients[0].answers == before; turns++) {
        bool again = rig_turn(&broker, now_ms) == now_ms;
        assert_true(again || clients[0].answers > before);
    }
    assert_in_range(turns, 3, 6);
    assert_int_equal(clients[0].count, 4);
    assert_string_equal(clients[0].names[3], "yes.7999");
    char cursor[TEXT_BYTES];
    copy(cursor, slice_str(clients[0].next));
    args.cursor = slice_str(cursor);
    assert_int_equal(run(0, &list), 0);
    assert_int_equal(clients[0].count, 1);
    assert_string_equal(clients[0].next, "");
    args.cursor = slice_str("");
    assert_true(broker_execute(&broker, &clients[0].session, &list, now_ms) < 0);
    end(); /* who goes in between leaves nothing behind */
}

/* ---- paused ------------------------------------------------------------------------------------------------------ */

TEST(topic_paused_for_pushes_refuses_them_and_no_other)
{
    struct cmd_args args = {NO_ARGS, .sides = CMD_SIDE_PUSH};
    char item[] = {0, 0, 0, 0, 0, 0, 0, 1, 'x'};
    struct cmd mpush = {.kind = CMD_MPUSH, .topic = slice_str("t"), .body = slice_of(item, 9), .count = 1};

    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
    assert_true(clients[0].topics[0].settings.push_paused_until_ms == TOPIC_PAUSED);
    assert_int_equal(push("t"), GMQ_E_TOPIC_PAUSED);
    assert_int_equal(run(0, &mpush), GMQ_E_TOPIC_PAUSED);
    assert_int_equal(push("u"), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(op(0, CMD_RESUME, "t", &args), 0);
    assert_int_equal(push("t"), 0);
    end();
}

TEST(topic_paused_for_pops_says_that_there_is_nothing_though_timers_go_on)
{
    struct cmd_args args = {NO_ARGS, .sides = CMD_SIDE_POP};

    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), GMQ_E_NO_MESSAGE);
    assert_int_equal(wpop(1, "t", 0), GMQ_E_NO_MESSAGE);
    pass(4000);
    assert_int_equal(facts_of_topic("t")->ready, 2);
    assert_int_equal(clients[0].topics[0].redelivered, 1);
    close_broker();
    open_broker();
    assert_int_equal(pop("t"), GMQ_E_NO_MESSAGE);
    assert_int_equal(op(0, CMD_RESUME, "t", &args), 0);
    assert_int_equal(pop("t"), 0);
    end();
}

TEST(topic_that_is_resumed_serves_who_waits)
{
    struct cmd_args args = {NO_ARGS};

    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
    assert_int_equal(push("t"), GMQ_E_TOPIC_PAUSED);
    assert_int_equal(wpop(1, "t", 60000), 1);
    assert_int_equal(facts_of_topic("t")->waiting, 1);
    pass(1000);
    assert_int_equal(clients[1].answers, 0);
    assert_int_equal(op(0, CMD_RESUME, "t", &args), 0);
    assert_int_equal(clients[1].answers, 1);
    assert_int_equal(clients[1].kind, ANSWER_MESSAGE);
    end();
}

TEST(topic_pause_ends_by_itself_at_its_time_and_serves_who_waits)
{
    struct cmd_args args = {NO_ARGS};

    begin(0);
    assert_int_equal(push("t"), 0);
    args.delay_ms = 700;
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
    assert_int_equal(wpop(1, "t", 60000), 1);
    assert_int_equal(wpop(2, "t", 300), 1);
    pass(300);
    assert_int_equal(clients[2].err, GMQ_E_NO_MESSAGE);
    now_ms = START_MS + 699;
    assert_int_equal(settle(), START_MS + 700);
    assert_int_equal(clients[1].answers, 0);
    assert_int_equal(push("t"), GMQ_E_TOPIC_PAUSED);
    pass(1);
    assert_int_equal(clients[1].kind, ANSWER_MESSAGE);
    assert_int_equal(push("t"), 0);
    assert_true(facts_of_topic("t")->settings.pop_paused_until_ms == 0);
    end();
}

TEST(topic_pause_that_ends_serves_who_waits_before_a_pop_that_comes_before_the_next_turn)
{
    struct cmd_args args = {NO_ARGS};

    for (int waits = 0; waits < 2; waits++) {
        begin(0);
        assert_int_equal(push("t"), 0);
        args.delay_ms = 700;
        assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
        assert_int_equal(wpop(1, "t", 60000), 1);
        now_ms = START_MS + 700;
        assert_int_equal(waits ? wpop(2, "t", 60000) : pop_by(2, "t"), waits ? 1 : GMQ_E_NO_MESSAGE);
        assert_int_equal(clients[1].answers, 1);
        assert_int_equal(clients[1].kind, ANSWER_MESSAGE);
        end();
    }
}

TEST(topic_pause_that_spans_a_restart_ends_at_its_time)
{
    struct cmd_args args = {NO_ARGS};

    begin(0);
    assert_int_equal(push("t"), 0);
    args.due_ms = START_MS + 5000;
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), 0);
    close_broker();
    now_ms = START_MS + 1000;
    open_broker();
    assert_int_equal(wpop(1, "t", 60000), 1);
    now_ms = START_MS + 4999;
    (void)settle();
    assert_int_equal(clients[1].answers, 0);
    pass(1);
    assert_int_equal(clients[1].kind, ANSWER_MESSAGE);
    args.due_ms = now_ms;
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), GMQ_E_VALUE);
    args.delay_ms = 0;
    assert_int_equal(op(0, CMD_PAUSE, "t", &args), GMQ_E_VALUE);
    end();
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

TEST(topic_counts_what_becomes_of_its_messages)
{
    begin(0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(ack("t", clients[0].ids[0]), 0);
    pass(500);
    const struct report_topic *topic = facts_of_topic("t");
    assert_int_equal(topic->ready, 2);
    assert_int_equal(topic->pushed, 3);
    assert_int_equal(topic->popped, 1);
    assert_int_equal(topic->acked, 1);
    assert_int_equal(topic->created_ms, START_MS);
    assert_int_equal(topic->oldest_ready_ms, START_MS);
    assert_true(topic->last_push_ms >= START_MS && topic->last_push_ms <= now_ms);
    assert_true(topic->push_rate_mhz > 0);
    end();
}

TEST(topic_rates_are_those_of_the_last_seconds_and_then_the_broker_sleeps)
{
    begin(0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(push("t"), 0);
        pass(100);
    }
    uint64_t rate = facts_of_topic("t")->push_rate_mhz;
    assert_in_range(rate, 9900, 10200);
    assert_int_equal(clients[0].topics[0].pop_rate_mhz, 0);
    pass_seconds(12);
    assert_int_equal(facts_of_topic("t")->push_rate_mhz, 0);
    pass(120000);
    pass(120000);
    assert_true(settle() == UINT64_MAX);
    end();
}

TEST(topic_rates_do_not_count_the_time_in_which_the_node_slept)
{
    begin(0);
    for (int round = 0; round < 2; round++) {
        pass(3600000);
        for (int i = 0; i < 50; i++) {
            assert_int_equal(push("t"), 0);
            pass(100);
        }
        assert_in_range(facts_of_topic("t")->push_rate_mhz, 7000, 11000);
        pass_seconds(12);
        assert_int_equal(facts_of_topic("t")->push_rate_mhz, 0);
    }
    end();
}

TEST(topic_rates_tell_what_comes_back_and_what_dies_and_neither_is_a_use)
{
    struct cmd_args args = {NO_ARGS, .settings_given = CMD_GIVEN_RETRIES | CMD_GIVEN_IDLE};

    begin(0);
    args.settings.max_retries = 1;
    args.settings.idle_ms = 3600000;
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), 0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    pass(4000); /* its TTR is over */
    const struct report_topic *topic = facts_of_topic("t");
    assert_int_equal(topic->redelivered, 1);
    assert_true(topic->redeliver_rate_mhz > 0);
    assert_int_equal(topic->dead_rate_mhz, 0);
    assert_int_equal(pop("t"), 0);
    (void)facts_of_topic("t");
    const struct usage *usage = engine_find(broker.engine, slice_str("t"))->usage;
    uint64_t used_ms = usage->used_ms;
    pass(4000);
    topic = facts_of_topic("t");
    assert_int_equal(topic->died, 1);
    assert_true(topic->dead_rate_mhz > 0);
    assert_int_equal(usage->used_ms, used_ms);
    pass_seconds(12);
    topic = facts_of_topic("t");
    assert_true(topic->dead_rate_mhz == 0 && topic->redeliver_rate_mhz == 0);
    end();
}

TEST(topic_rates_begin_anew_with_the_node)
{
    struct cmd_args args = {NO_ARGS, .settings_given = CMD_GIVEN_RETRIES};

    begin(0);
    args.settings.max_retries = 0;
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), 0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    close_broker();
    open_broker();
    pass_seconds(5);
    const struct report_topic *topic = facts_of_topic("t"); /* it has died in this life, in which nobody used it */
    assert_int_equal(topic->dead, 1);
    assert_true(topic->dead_rate_mhz > 0);
    close_broker();
    open_broker();
    assert_int_equal(facts_of_topic("t")->dead_rate_mhz, 0);
    end();
}

/* ---- idle -------------------------------------------------------------------------------------------------------- */

TEST(topic_that_is_empty_and_unused_for_its_time_is_deleted)
{
    struct cmd_args args = {NO_ARGS};

    begin(10000);
    assert_int_equal(push("full"), 0);
    assert_int_equal(push("gone"), 0);
    assert_int_equal(pop("gone"), 0);
    assert_int_equal(ack("gone", clients[0].ids[0]), 0);
    assert_int_equal(push("waited"), 0);
    assert_int_equal(pop("waited"), 0);
    assert_int_equal(ack("waited", clients[0].ids[0]), 0);
    assert_int_equal(wpop(1, "waited", 60000), 1);
    pass_seconds(9);
    (void)facts_of_topic("gone");
    pass_seconds(3);
    assert_int_equal(op(0, CMD_TOPIC, "gone", &args), GMQ_E_TOPIC_UNKNOWN);
    (void)facts_of_topic("full");
    (void)facts_of_topic("waited");
    assert_int_equal(push("gone"), 0);
    end();
}

TEST(topic_time_until_it_is_deleted_counts_from_its_last_use)
{
    struct cmd_args args = {NO_ARGS, .settings_given = CMD_GIVEN_IDLE};

    begin(0);
    args.settings.idle_ms = 5000;
    assert_int_equal(op(0, CMD_TOPIC_CREATE, "t", &args), 0);
    pass_seconds(4);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(ack("t", clients[0].ids[0]), 0);
    pass_seconds(4);
    (void)facts_of_topic("t");
    pass_seconds(3);
    assert_int_equal(op(0, CMD_TOPIC, "t", &args), GMQ_E_TOPIC_UNKNOWN);
    end();
}
