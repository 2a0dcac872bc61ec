/*
 * holders_test.c - names and numbers of clients, and who pops from a topic; see holders.h and consumers.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/topics_test.h"

/* ---- clients ----------------------------------------------------------------------------------------------------- */

static int name_client(int client, const char *name)
{
    const struct cmd_args args = {NO_ARGS, .text = slice_str(name)};

    return op(client, CMD_CLIENT, "", &args);
}

static void push_some(const char *topic, int count)
{
    while (count-- > 0)
        assert_int_equal(push(topic), 0);
}

TEST(client_names_are_held_to_their_limits)
{
    char name[66];

    begin(0);
    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    assert_int_equal(name_client(0, name), 0);
    name[64] = 'n';
    name[65] = '\0';
    assert_int_equal(name_client(0, name), GMQ_E_CLIENT_NAME);
    assert_int_equal(name_client(0, ""), GMQ_E_CLIENT_NAME);
    assert_int_equal(name_client(0, "a\tb"), GMQ_E_CLIENT_NAME);
    assert_int_equal(name_client(0, "\xff"), GMQ_E_CLIENT_NAME);
    assert_int_equal(name_client(0, "two words"), 0);
    end();
}

TEST(clients_of_one_name_and_host_have_one_number_that_outlives_a_restart)
{
    begin(0);
    push_some("t", 3);
    clients[1].address = clients[2].address = "10.0.0.1";
    clients[0].address = "10.0.0.2";
    assert_int_equal(pop_by(1, "t"), 0);
    assert_int_equal(pop_by(2, "t"), 0);
    assert_int_equal(pop_by(0, "t"), 0);
    assert_int_equal(clients[1].session.holder, 1);
    assert_int_equal(clients[2].session.holder, 1);
    assert_int_equal(clients[0].session.holder, 2);
    close_broker();
    open_broker();
    push_some("t", 2);
    clients[1].address = "10.0.0.2";
    assert_int_equal(name_client(2, "worker"), 0);
    assert_int_equal(pop_by(1, "t"), 0);
    assert_int_equal(pop_by(2, "t"), 0);
    assert_int_equal(clients[1].session.holder, 2);
    assert_int_equal(clients[2].session.holder, 3);
    assert_true(slice_is(client_name(&broker, 3), "worker"));
    assert_true(slice_is(client_name(&broker, 2), "10.0.0.2"));
    assert_int_equal(client_name(&broker, 4).len, 0);
    end();
}

TEST(client_number_goes_to_another_only_when_it_holds_nothing_and_is_unused)
{
    char name[16];

    begin(0);
    push_some("t", 1);
    assert_int_equal(name_client(1, "holds"), 0);
    assert_int_equal(pop_by(1, "t"), 0);
    assert_int_equal(name_client(1, "holds too, without a message"), 0);
    assert_int_equal(pop_by(1, "t"), GMQ_E_NO_MESSAGE);
    for (int i = 0; i < 4100; i++) {
        (void)snprintf(name, sizeof(name), "c%d", i);
        assert_int_equal(name_client(2, name), 0);
        assert_int_equal(pop_by(2, "t"), GMQ_E_NO_MESSAGE);
        assert_int_not_equal(clients[2].session.holder, 1);
        assert_int_not_equal(clients[2].session.holder, 2);
        assert_int_not_equal(clients[2].session.holder, 0);
    }
    assert_true(slice_is(client_name(&broker, 1), "holds"));
    end();
}

TEST(consumers_are_told_with_what_they_popped_and_hold)
{
    const struct cmd_args args = {NO_ARGS};

    begin(0);
    push_some("t", 9);
    assert_int_equal(name_client(1, "one"), 0);
    assert_int_equal(name_client(2, "two"), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pop_by(1, "t"), 0);
    uint64_t first = now_ms;
    pass(100);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pop_by(2, "t"), 0);
        assert_int_equal(pop_by(1, "t"), 0);
    }
    assert_int_equal(ack("t", clients[2].ids[0]), 0);
    pass(100);
    assert_int_equal(pop_by(2, "t"), 0);
    assert_int_equal(op(0, CMD_CONSUMERS, "t", &args), 0);
    assert_int_equal(clients[0].count, 2);
    assert_string_equal(clients[0].names[0], "two");
    assert_string_equal(clients[0].names[1], "one");
    assert_int_equal(clients[0].consumers[0].popped, 3);
    assert_int_equal(clients[0].consumers[0].in_flight, 2);
    assert_int_equal(clients[0].consumers[0].oldest_ms, first + 100);
    assert_int_equal(clients[0].consumers[1].popped, 5);
    assert_int_equal(clients[0].consumers[1].in_flight, 5);
    assert_int_equal(clients[0].consumers[1].oldest_ms, first);
    assert_int_equal(facts_of_topic("t")->consumers, 2);
    close_broker();
    open_broker();
    assert_int_equal(op(0, CMD_CONSUMERS, "t", &args), 0);
    assert_int_equal(clients[0].count, 2);
    assert_int_equal(clients[0].consumers[0].popped, 0);
    assert_int_equal(clients[0].consumers[0].in_flight + clients[0].consumers[1].in_flight, 7);
    assert_int_equal(op(0, CMD_CONSUMERS, "u", &args), GMQ_E_TOPIC_UNKNOWN);
    end();
}

TEST(consumers_of_a_topic_are_forgotten_from_the_64th_on)
{
    const struct cmd_args args = {NO_ARGS};
    char name[16];

    begin(0);
    push_some("t", 70);
    for (int i = 0; i < 70; i++) {
        (void)snprintf(name, sizeof(name), "c%d", i);
        assert_int_equal(name_client(1, name), 0);
        now_ms++;
        assert_int_equal(pop_by(1, "t"), 0);
        assert_int_equal(ack("t", clients[1].ids[0]), 0);
    }
    assert_int_equal(op(0, CMD_CONSUMERS, "t", &args), 0);
    assert_int_equal(clients[0].count, 64);
    assert_string_equal(clients[0].names[0], "c69");
    assert_string_equal(clients[0].names[63], "c6");
    end();
}
