/*
 * rules.c - which commands must be refused, and who waits for what
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/ref.h"
#include "sim/life.h"

#include <inttypes.h>

bool rules_can_deliver(struct life *life, int topic)
{
    const struct oracle_topic *t = topic < 0 ? NULL : &life->oracle.now.topics[topic];

    if (!t || !oracle_first(&life->oracle, (uint32_t)topic, ORACLE_READY) || t->set.pop_paused_until_ms > life->now_ms)
        return false;
    return t->auto_ack ||
           oracle_count(&life->oracle, (uint32_t)topic, ORACLE_FLIGHT) < life->options.max_in_flight;
}

/* What a pop of these topics is refused with; 0 = it is not. */
static int refuse_pop(struct life *life, const int *topics, size_t n)
{
    int err = GMQ_E_NO_MESSAGE;

    for (size_t i = 0; i < n; i++) {
        if (rules_can_deliver(life, topics[i]))
            return 0;
        if (topics[i] >= 0 && oracle_first(&life->oracle, (uint32_t)topics[i], ORACLE_READY) &&
            life->oracle.now.topics[topics[i]].set.pop_paused_until_ms <= life->now_ms)
            err = GMQ_E_IN_FLIGHT_LIMIT;
    }
    return err;
}

size_t rules_topic_count(const struct life *life)
{
    size_t n = 0;

    for (size_t i = 0; i < ORACLE_TOPICS_MAX; i++)
        n += life->oracle.now.topics[i].number > 0;
    return n;
}

static int refuse_wpop(struct life *life, const struct cmd *cmd)
{
    int topics[CMD_TOPICS_MAX];
    struct slice topic;
    size_t at = 0, n = 0, fresh = 0;

    if (cmd->wait_ms < 0 || cmd->wait_ms > CMD_WAIT_MS_MAX)
        return GMQ_E_WAIT;
    if (cmd->number < 1 || cmd->number > WORKLOAD_MAX_BATCH)
        return cmd->number < 1 ? GMQ_E_BATCH_COUNT : GMQ_E_BATCH_LIMIT;
    for (; cmd_topic_next(cmd->topic, &at, &topic); n++) {
        if (n == CMD_TOPICS_MAX)
            return GMQ_E_TOPIC_LIST;
        if (memchr(topic.ptr, ' ', topic.len))
            return GMQ_E_TOPIC_NAME;
        topics[n] = oracle_topic(&life->oracle, topic);
        fresh += topics[n] < 0;
    }
    if (fresh > 0 && rules_topic_count(life) + fresh > WORKLOAD_MAX_TOPICS)
        return GMQ_E_TOPIC_LIMIT;
    return refuse_pop(life, topics, n);
}

static int refuse_steering(struct life *life, const struct cmd *cmd)
{
    const struct oracle_message *m = oracle_by_id(&life->oracle, cmd->id);
    int64_t delay_ms = cmd->args->delay_ms;
    bool moves = cmd->kind == CMD_RESCHEDULE;

    if (moves && delay_ms != CMD_NOT_GIVEN && (delay_ms < 0 || delay_ms > INT64_C(1000) * WORKLOAD_MAX_DELAY_S))
        return delay_ms < 0 ? GMQ_E_DELAY_NEGATIVE : GMQ_E_DELAY;
    if (m && cmd->topic.len > 0 && oracle_topic(&life->oracle, cmd->topic) != (int)m->topic)
        return GMQ_E_MESSAGE_UNKNOWN;
    return !m || (moves && m->state == ORACLE_FLIGHT) ? GMQ_E_MESSAGE_STATE : 0;
}

int rules_refusal(struct life *life, const struct cmd *cmd)
{
    int topic = oracle_topic(&life->oracle, cmd->topic);
    const struct oracle_topic *t = topic < 0 ? NULL : &life->oracle.now.topics[topic];
    const struct oracle_message *m;
    struct puts puts;
    bool full = !t && rules_topic_count(life) == WORKLOAD_MAX_TOPICS;

    if (cmd->kind == CMD_CLIENT)
        return names_refusal(cmd->args->text);
    if (cmd->kind == CMD_WPOP)
        return refuse_wpop(life, cmd);
    if (cmd->kind == CMD_CANCEL || cmd->kind == CMD_RESCHEDULE)
        return refuse_steering(life, cmd);
    if (cmd->kind != CMD_STAT_ALL && !t && memchr(cmd->topic.ptr, ' ', cmd->topic.len))
        return GMQ_E_TOPIC_NAME;
    switch (cmd->kind) {
    case CMD_PUSH:
        if (cmd->delay_s < 0 || cmd->delay_s > WORKLOAD_MAX_DELAY_S)
            return cmd->delay_s < 0 ? GMQ_E_DELAY_NEGATIVE : GMQ_E_DELAY;
        if (cmd->body.len > WORKLOAD_MAX_MESSAGE || full)
            return full && cmd->body.len <= WORKLOAD_MAX_MESSAGE ? GMQ_E_TOPIC_LIMIT : GMQ_E_BODY_LIMIT;
        return settings_gate(life, topic, cmd, NULL);
    case CMD_MPUSH:
        if (cmd->count == 0 || cmd->count > WORKLOAD_MAX_BATCH)
            return cmd->count == 0 ? GMQ_E_BATCH_COUNT : GMQ_E_BATCH_LIMIT;
        return full ? GMQ_E_TOPIC_LIMIT : settings_gate(life, topic, cmd, NULL);
    case CMD_PUT:
        puts_look(life, cmd, &puts);
        if (puts.err != 0 || full)
            return puts.err != 0 ? puts.err : GMQ_E_TOPIC_LIMIT;
        return settings_gate(life, topic, cmd, NULL);
    case CMD_TOPIC_CREATE:
    case CMD_TOPIC_SET:
    case CMD_PAUSE:
    case CMD_RESUME:
        if (settings_are_wrong(cmd))
            return GMQ_E_VALUE;
        if (cmd->kind == CMD_TOPIC_CREATE)
            return t && !t->exited ? GMQ_E_TOPIC_EXISTS : full ? GMQ_E_TOPIC_LIMIT : 0;
        return !t || t->exited ? GMQ_E_TOPIC_UNKNOWN : 0;
    case CMD_SET:
        return full ? GMQ_E_TOPIC_LIMIT : 0;
    case CMD_POP:
        return full ? GMQ_E_TOPIC_LIMIT : refuse_pop(life, &topic, 1);
    case CMD_ACK:
        m = oracle_by_id(&life->oracle, cmd->id);
        return m && (int)m->topic == topic && m->state == ORACLE_FLIGHT ? 0 : GMQ_E_ID_UNKNOWN;
    case CMD_MACK:
    case CMD_NACK:
    case CMD_TOUCH:
        return cmd->count == 0 ? GMQ_E_BATCH_COUNT : 0;
    case CMD_DEAD:
        if (cmd->number == 0)
            return GMQ_E_NUM_EMPTY;
        return t && oracle_first(&life->oracle, (uint32_t)topic, ORACLE_DEAD) ? 0 : GMQ_E_NO_MESSAGE;
    case CMD_STAT_ALL:
        return 0;
    case CMD_PURGE:
        return !t || t->exited ? GMQ_E_TOPIC_UNKNOWN : cmd->args->place > PLACE_DEAD ? GMQ_E_VALUE : 0;
    default:
        return !t || t->exited ? GMQ_E_TOPIC_UNKNOWN : 0;
    }
}

struct oracle_message *rules_missing(struct life *life, const struct cmd *cmd, size_t *ret_count)
{
    struct oracle_message *missing = mem_new((cmd->count + 1) * sizeof(*missing));
    int topic = oracle_topic(&life->oracle, cmd->topic);

    *ret_count = 0;
    for (uint32_t i = 0; i < cmd->count; i++) {
        uint64_t id = get_be64(cmd->body.ptr + CMD_ID_BYTES * i);
        const struct oracle_message *m = oracle_by_id(&life->oracle, id);
        bool flies = m && (int)m->topic == topic && m->state == ORACLE_FLIGHT;
        for (uint32_t k = 0; flies && k < i; k++)
            flies = get_be64(cmd->body.ptr + CMD_ID_BYTES * k) != id;
        if (!flies)
            missing[(*ret_count)++].id = id;
    }
    return missing;
}

/* ---- who waits ------------------------------------------------------------------------------- */

int rules_place(const struct life *life, const struct cmd *cmd, int topic)
{
    struct slice name;
    size_t at = 0;

    if (topic < 0 || life->oracle.now.topics[topic].number == 0)
        return -1;
    for (int i = 0; cmd_topic_next(cmd->topic, &at, &name); i++)
        if (slice_is(name, life->oracle.now.topics[topic].name))
            return i;
    return -1;
}

struct client *rules_first_waiter(struct life *life, int topic)
{
    struct client *first = NULL;

    for (int i = 0; i < LIFE_CLIENTS; i++) {
        struct client *client = &life->clients[i];
        if (client->waits > 0 && !client->gone && rules_place(life, &client->order.cmd, topic) >= 0 &&
            (!first || client->waits < first->waits))
            first = client;
    }
    return first;
}

/* Is nobody before it in the line of the topic, be it one that is gone and not found out yet? */
static bool is_its_turn(const struct life *life, const struct client *client, int topic)
{
    for (int i = 0; i < LIFE_CLIENTS; i++) {
        const struct client *other = &life->clients[i];
        if (other->waits > 0 && other->waits < client->waits && rules_place(life, &other->order.cmd, topic) >= 0)
            return false;
    }
    return true;
}

void rules_check_choice(struct life *life, const struct client *client, int topic)
{
    int place = rules_place(life, &client->order.cmd, topic);
    struct slice name;
    size_t at = 0;

    if (place < 0)
        life_fail(life, "c%d is served by a topic that it did not ask for", client->name);
    for (int i = 0; i < place && cmd_topic_next(client->order.cmd.topic, &at, &name); i++) {
        int before = oracle_topic(&life->oracle, name);
        if (is_its_turn(life, client, before) && rules_can_deliver(life, before))
            life_fail(life, "c%d is served by place %d of its list, place %d has a message", client->name, place, i);
    }
}

void rules_check_waiters(struct life *life)
{
    for (int topic = 0; topic < ORACLE_TOPICS_MAX; topic++) {
        const struct client *client = rules_first_waiter(life, topic);
        if (client && rules_can_deliver(life, topic))
            life_fail(life, "c%d waits although topic %s has a message", client->name,
                      life->oracle.now.topics[topic].name);
    }
}

/* Who waits for others, too, may wait for the body of a message of theirs. */
static bool waits_for_it_alone(const struct life *life, const struct client *client, int topic)
{
    struct slice name;
    size_t at = 0;

    while (cmd_topic_next(client->order.cmd.topic, &at, &name))
        if (!slice_is(name, life->oracle.now.topics[topic].name))
            return false;
    return true;
}

static bool is_at_hand(struct life *life, int topic)
{
    const struct engine *engine = life->broker.engine;
    const struct queue *queue = engine_queue(engine, life->oracle.now.topics[topic].number);
    struct record rec;
    uint64_t ref;

    return engine_peek_ready(engine, queue, &ref, 1) == 1 && log_read(life->broker.log, ref_lsn(ref), &rec) == 1;
}

void rules_check_turn(struct life *life)
{
    struct log_stats stats;

    log_stats(life->broker.log, &stats);
    uint64_t behind = stats.tail_lsn - min_u64(stats.written_lsn, stats.durable_lsn);
    if (life->disturbed || life->unreadable || life->decayed || behind > life->log_options.ring_bytes / 8)
        return;
    /* What the line was blocked by may just be gone: it is looked at again when the record of that is written. */
    if (stats.written_lsn < life->taken_end)
        return;
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].stalled) /* a line waits for the next change as others do, who may have brought it here */
            return;
    for (int topic = 0; topic < ORACLE_TOPICS_MAX; topic++) {
        const struct client *client = rules_first_waiter(life, topic);
        if (client && is_its_turn(life, client, topic) && waits_for_it_alone(life, client, topic) &&
            rules_can_deliver(life, topic) && is_at_hand(life, topic))
            life_fail(life, "c%d waits although a message of topic %s is at hand", client->name,
                      life->oracle.now.topics[topic].name);
    }
}
