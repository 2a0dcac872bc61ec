/* topic_stats_test.c - SPDX-License-Identifier: MIT */
#include "gnode/topic_stats.h"

#include "gnode/topics_test.h"

static struct topic_told told;
static unsigned fetches = 10;

static struct report_topic seen(void)
{
    struct report_topic topic;

    topic_stats_look(&broker, engine_find(broker.engine, slice_str("t")), &told, now_ms, &fetches, &topic);
    return topic;
}

static uint64_t sum(void)
{
    const struct report_topic topic = seen();

    return topic_stats_sum(&topic);
}

TEST(topic_stats_stay_as_they_are_while_only_time_passes)
{
    told = (struct topic_told){.lease_ms = START_MS};
    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(ack("t", clients[0].ids[0]), 0);
    uint64_t first = sum();
    pass_seconds(80); /* rates are 0, and who popped is not seen any more */
    uint64_t later = sum();
    assert_true(later != first);
    pass_seconds(3600);
    assert_true(sum() == later);
    assert_int_equal(push("t"), 0);
    assert_true(sum() != later);
    end();
}

TEST(topic_stats_change_with_each_thing_that_is_told)
{
    static const struct report_topic CASES[] = {
        {.ready = 1}, {.in_flight = 1}, {.consumers = 1}, {.dead_rate_mhz = 1}, {.redeliver_rate_mhz = 1},
        {.oldest_ready_ms = 1}, {.oldest_in_flight_ms = 1}, {.last_push_ms = 1}, {.last_pop_ms = 1},
        {.auto_ack = true}, {.ttr_ms = 1}, {.max_retries = 1}, {.settings.push_paused_until_ms = 1},
        {.settings.pop_paused_until_ms = 1}};
    const struct report_topic none = {.ready = 0};

    assert_true(topic_stats_sum(&none) != 0);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        assert_true(topic_stats_sum(&CASES[i]) != topic_stats_sum(&none));
}

TEST(topic_stats_tell_when_the_oldest_ready_message_was_pushed)
{
    told = (struct topic_told){.sum = 0};
    begin(0);
    assert_int_equal(push("t"), 0);
    assert_int_equal(seen().oldest_ready_ms, START_MS);
    pass(1000);
    assert_int_equal(push("t"), 0);
    assert_int_equal(seen().oldest_ready_ms, START_MS);
    assert_int_equal(pop("t"), 0);
    fetches = 0; /* as long as no record may be read it is the age of the one before */
    assert_int_equal(seen().oldest_ready_ms, START_MS);
    fetches = 1;
    assert_int_equal(seen().oldest_ready_ms, START_MS + 1000);
    assert_int_equal(seen().oldest_in_flight_ms, 0); /* nobody has looked for it */
    told.lease_ms = START_MS + 1000;
    assert_int_equal(seen().oldest_in_flight_ms, START_MS + 1000);
    assert_int_equal(pop("t"), 0);
    assert_int_equal(seen().oldest_ready_ms, 0);
    end();
}

TEST(topic_stats_of_the_longest_name_and_the_largest_numbers_fit)
{
    struct report_topic topic;
    char name[128];
    struct buf out;

    memset(name, 1, sizeof(name)); /* six characters each */
    memset(&topic, 0xff, sizeof(topic));
    topic.name = slice_of(name, sizeof(name));
    topic.auto_ack = true;
    buf_init(&out, TOPIC_STATS_BYTES_MAX);
    assert_true(topic_stats_put(&out, &topic));
    assert_in_range(buf_len(&out), TOPIC_STATS_BYTES_MAX / 2, TOPIC_STATS_BYTES_MAX);
    assert_false(topic_stats_put(&out, &topic));
    buf_free(&out);
}
