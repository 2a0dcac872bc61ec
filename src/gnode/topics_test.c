/*
 * topics_test.c - topics made, settled, paused, listed, left alone; see topics.c, sweep.h and usage.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/broker.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/err.h"
#include "sim/simdisk.h"
#include "unit/unit.h"

#define START_MS UINT64_C(1800000000000)
#define NO_ARGS .delay_ms = CMD_NOT_GIVEN

enum { CLIENTS = 3, MESSAGES_MAX = 16, TOPICS_MAX = 64, TEXT_BYTES = 160 };

struct client {
    struct session session;
    unsigned answers;
    enum answer_kind kind;
    int err;
    char word[TEXT_BYTES];
    uint64_t ids[MESSAGES_MAX];
    size_t count;
    struct report_topic topics[TOPICS_MAX];
    char names[TOPICS_MAX][TEXT_BYTES];
    char next[TEXT_BYTES];
    const char *address; /* NULL = none */
    struct report_consumer consumers[TOPICS_MAX];
    const struct cmd *cmd;
};

static struct broker broker;
static struct simdisk *sim;
static struct client clients[CLIENTS];
static uint64_t now_ms, idle_ms;

static void copy(char to[TEXT_BYTES], struct slice text)
{
    (void)snprintf(to, TEXT_BYTES, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

static void keep_report(struct client *client, const struct report *report)
{
    copy(client->next, report->next);
    client->count = report->count;
    for (size_t i = 0; report->kind == REPORT_CONSUMERS && i < report->count; i++) {
        client->consumers[i] = report->consumers[i];
        copy(client->names[i], report->consumers[i].name);
    }
    if (report->kind != REPORT_TOPIC && report->kind != REPORT_TOPICS)
        return;
    assert_true(report->count <= TOPICS_MAX);
    for (size_t i = 0; i < report->count; i++) {
        client->topics[i] = report->topics[i];
        copy(client->names[i], report->topics[i].name);
    }
}

static bool take_answer(struct session *session, const struct answer *answer)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    client->answers++;
    client->kind = answer->kind;
    client->err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    copy(client->word, slice_str(answer->word ? answer->word : ""));
    client->ids[0] = answer->id;
    client->count = answer->count;
    for (size_t i = 0; answer->messages && i < answer->count; i++)
        client->ids[i] = answer->messages[i].id;
    if (answer->kind == ANSWER_REPORT)
        keep_report(client, answer->report);
    return true;
}

static void resume(struct session *session)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    ENSURE(broker_execute(&broker, session, client->cmd, now_ms) <= 0);
}

static size_t peer(const struct session *session, char *to, size_t bytes)
{
    const char *address = CONTAINER_OF((uintptr_t)session, const struct client, session)->address;
    size_t len = address ? strlen(address) : 0;

    assert_true(len <= bytes);
    memcpy(to, address ? address : "", len);
    return len;
}

static const struct session_ops OPS = {.answer = take_answer, .resume = resume, .peer = peer};

static void wake(void *ctx) { (void)ctx; }

static uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return max_u64(last_ms, now_ms);
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

static void open_broker(void)
{
    struct broker_options options = {.node_id = 1, .ttr_ms = 3000, .max_retries = 5, .max_delay_s = 259200,
                                     .max_message = 1 << 16, .max_batch = MESSAGES_MAX, .max_topics = TOPICS_MAX,
                                     .max_in_flight = 100, .sync = LOG_SYNC_ALWAYS, .format_time = format_time,
                                     .list_memory = 1 << 20, .delay_memory = 1 << 20, .usage_ms = 1000,
                                     .topic_idle_ms = idle_ms};
    struct log_options log_options = {.disk = simdisk_disk(sim), .dir = "data", .ring_bytes = 1 << 20,
                                      .read_cache_bytes = 1 << 20, .segment_bytes = 1 << 20,
                                      .record_bytes_max = 1 << 16, .sync = LOG_SYNC_ALWAYS, .now_ms = START_MS,
                                      .clock_ns = clock_ns};
    char error[512];

    assert_int_equal(broker_open(&broker, &options, &log_options, wake, start_clock, NULL, error, sizeof(error)), 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.answers = 0};
        session_init(&clients[i].session, &broker, &OPS);
    }
}

static void begin(uint64_t topic_idle_ms)
{
    sim = simdisk_new(1);
    now_ms = START_MS;
    idle_ms = topic_idle_ms;
    open_broker();
}

static void close_broker(void)
{
    for (int i = 0; i < CLIENTS; i++)
        session_fini(&clients[i].session);
    broker_abandon(&broker);
}

static void end(void)
{
    engine_check(broker.engine);
    close_broker();
    simdisk_free(sim);
}

/* Turns until the helpers have nothing to do; returns when the broker wants to be called next. */
static uint64_t settle(void)
{
    uint64_t due = 0;

    for (int i = 0; i < 50; i++) {
        due = broker_turn(&broker, now_ms);
        while (log_step_writer(broker.log) || log_step_reader(broker.log) || log_step_janitor(broker.log))
            continue;
    }
    return due;
}

static void pass(uint64_t ms)
{
    now_ms += ms;
    (void)settle();
}

static void pass_seconds(unsigned seconds)
{
    while (seconds-- > 0)
        pass(1000);
}

/* Executes and settles; the answer, if there is one by now, is in the client. 0, or the error that was answered. */
static int run(int client, const struct cmd *cmd)
{
    unsigned before = clients[client].answers;

    clients[client].cmd = cmd;
    ENSURE(broker_execute(&broker, &clients[client].session, cmd, now_ms) <= 0);
    (void)settle();
    return clients[client].answers > before ? clients[client].err : 1;
}

static int op(int client, enum cmd_kind kind, const char *topic, const struct cmd_args *args)
{
    return run(client, &(struct cmd){.kind = kind, .topic = slice_str(topic), .args = args});
}

static int push(const char *topic)
{
    return run(0, &(struct cmd){.kind = CMD_PUSH, .topic = slice_str(topic), .body = slice_str("x")});
}

static int wpop(int client, const char *topic, int64_t wait_ms)
{
    return run(client, &(struct cmd){.kind = CMD_WPOP, .topic = slice_str(topic), .number = 1, .wait_ms = wait_ms});
}

static int pop_by(int client, const char *topic)
{
    return run(client, &(struct cmd){.kind = CMD_POP, .topic = slice_str(topic)});
}

static int pop(const char *topic) { return pop_by(0, topic); }

static int ack(const char *topic, uint64_t id)
{
    return run(0, &(struct cmd){.kind = CMD_ACK, .topic = slice_str(topic), .id = id});
}

static const struct report_topic *facts_of_topic(const char *topic)
{
    const struct cmd_args args = {NO_ARGS};

    assert_int_equal(op(0, CMD_TOPIC, topic, &args), 0);
    assert_int_equal(clients[0].kind, ANSWER_REPORT);
    assert_string_equal(clients[0].names[0], topic);
    return &clients[0].topics[0];
}

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
    char name[16];
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
