/*
 * topics_test.h - a broker on a disk in memory, and clients that ask it; for the tests of topics
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_TOPICS_TEST_H
#define GMQ_GNODE_TOPICS_TEST_H

#include "gnode/rig_test.h"

#include <stdio.h>

#define START_MS RIG_START_MS
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

static inline void copy(char to[TEXT_BYTES], struct slice text)
{
    (void)snprintf(to, TEXT_BYTES, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

static inline void keep_report(struct client *client, const struct report *report)
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

static inline bool take_answer(struct session *session, const struct answer *answer)
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

static inline void resume(struct session *session)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    ENSURE(broker_execute(&broker, session, client->cmd, now_ms) <= 0);
}

static inline size_t peer(const struct session *session, char *to, size_t bytes)
{
    const char *address = CONTAINER_OF((uintptr_t)session, const struct client, session)->address;
    size_t len = address ? strlen(address) : 0;

    assert_true(len <= bytes);
    memcpy(to, address ? address : "", len);
    return len;
}

static const struct session_ops OPS = {.answer = take_answer, .resume = resume, .peer = peer};

static inline uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return max_u64(last_ms, now_ms);
}

static inline void open_broker(void)
{
    struct broker_options options = rig_options(0);

    options.max_batch = MESSAGES_MAX;
    options.max_topics = TOPICS_MAX;
    options.usage_ms = 1000;
    options.topic_idle_ms = idle_ms;
    rig_open(&broker, sim, &options, start_clock);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.answers = 0};
        session_init(&clients[i].session, &broker, &OPS);
    }
}

static inline void begin(uint64_t topic_idle_ms)
{
    sim = simdisk_new(1);
    now_ms = START_MS;
    idle_ms = topic_idle_ms;
    open_broker();
}

static inline void close_broker(void)
{
    for (int i = 0; i < CLIENTS; i++)
        session_fini(&clients[i].session);
    broker_abandon(&broker);
}

static inline void end(void)
{
    engine_check(broker.engine);
    close_broker();
    simdisk_free(sim);
}

/* Turns until the helpers have nothing to do; returns when the broker wants to be called next. */
static inline uint64_t settle(void) { return rig_settle(&broker, now_ms, 50); }

static inline void pass(uint64_t ms)
{
    now_ms += ms;
    (void)settle();
}

static inline void pass_seconds(unsigned seconds)
{
    while (seconds-- > 0)
        pass(1000);
}

/* Executes and settles; the answer, if there is one by now, is in the client. 0, or the error that was answered. */
static inline int run(int client, const struct cmd *cmd)
{
    unsigned before = clients[client].answers;

    clients[client].cmd = cmd;
    ENSURE(broker_execute(&broker, &clients[client].session, cmd, now_ms) <= 0);
    (void)settle();
    return clients[client].answers > before ? clients[client].err : 1;
}

static inline int op(int client, enum cmd_kind kind, const char *topic, const struct cmd_args *args)
{
    return run(client, &(struct cmd){.kind = kind, .topic = slice_str(topic), .args = args});
}

static inline int push(const char *topic)
{
    return run(0, &(struct cmd){.kind = CMD_PUSH, .topic = slice_str(topic), .body = slice_str("x")});
}

static inline int wpop(int client, const char *topic, int64_t wait_ms)
{
    return run(client, &(struct cmd){.kind = CMD_WPOP, .topic = slice_str(topic), .number = 1, .wait_ms = wait_ms});
}

static inline int pop_by(int client, const char *topic)
{
    return run(client, &(struct cmd){.kind = CMD_POP, .topic = slice_str(topic)});
}

static inline int pop(const char *topic) { return pop_by(0, topic); }

static inline int ack(const char *topic, uint64_t id)
{
    return run(0, &(struct cmd){.kind = CMD_ACK, .topic = slice_str(topic), .id = id});
}

static inline const struct report_topic *facts_of_topic(const char *topic)
{
    const struct cmd_args args = {NO_ARGS};

    assert_int_equal(op(0, CMD_TOPIC, topic, &args), 0);
    assert_int_equal(clients[0].kind, ANSWER_REPORT);
    assert_string_equal(clients[0].names[0], topic);
    return &clients[0].topics[0];
}

#endif
