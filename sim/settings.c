/*
 * settings.c - what is written of a topic or of the node: who asked for it, and is it what was asked for?
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/sight.h"

/* May the topic get these flags now? */
static bool may_set(const struct sight *sight, const struct oracle_topic *topic, bool auto_ack, bool exited)
{
    const struct cmd *cmd = command(sight);
    bool as_it_is = auto_ack == topic->auto_ack && exited == topic->exited;
    bool comes_back = topic->exited && !exited && auto_ack == topic->auto_ack;

    if (comes_back && rules_first_waiter(sight->life, oracle_topic_of(&sight->life->oracle, sight->rec->queue)))
        return true; /* who waits uses it */
    if (!cmd)
        return topic->number > 0 && as_it_is; /* written anew, so that an old segment can go */
    bool many = cmd->kind == CMD_MACK || cmd->kind == CMD_NACK || cmd->kind == CMD_TOUCH;
    bool uses = cmd->kind <= CMD_SET || cmd->kind == CMD_WPOP || cmd->kind == CMD_PUT || many;
    bool makes = topic->number == 0 && cmd->kind != CMD_ACK && !many && uses && !exited && !auto_ack;
    if ((comes_back && uses) || makes)
        return true;
    switch (cmd->kind) {
    case CMD_SET:
        return !exited && auto_ack == (cmd->number == 1);
    case CMD_TOGGLE:
        return !topic->exited && !exited && auto_ack != topic->auto_ack;
    case CMD_EXIT:
        return !topic->exited && exited && auto_ack == topic->auto_ack;
    default:
        return false;
    }
}

static bool is_of_node(const struct payload_queue *set, const struct broker_options *options)
{
    return set->set.max_retries == options->max_retries && set->dedup_given &&
           set->dedup_window_ms == options->dedup_window_ms && set->dedup_keys == options->dedup_keys;
}

void sight_topic(struct sight *sight)
{
    struct oracle *oracle = &sight->life->oracle;
    struct payload_queue set;

    demand(sight, payload_get_queue(sight->rec->payload, &set), "malformed");
    if (sight->rec->queue == 0) {
        demand(sight, !sight->life->busy && is_of_node(&set, &sight->life->options), "wrong settings");
        sight->event.kind = ORACLE_NODE;
        sight->event.max_retries = set.set.max_retries;
        sight->event.dedup_keys = set.dedup_keys;
        sight->event.dedup_window_ms = set.dedup_window_ms;
        happens(sight);
        return;
    }
    int topic = oracle_topic_of(oracle, sight->rec->queue);
    bool fresh = topic < 0;
    if (fresh)
        topic = oracle_topic_of(oracle, 0);
    demand(sight, topic >= 0 && (!fresh || oracle_topic(oracle, set.name) < 0), "a topic too many");
    struct oracle_topic *at = &oracle->now.topics[topic];
    bool auto_ack = set.flags & PAYLOAD_QUEUE_AUTO_ACK, exited = set.flags & PAYLOAD_QUEUE_EXITED;
    bool by_job = sight_job_makes(sight, at, set.name) && !exited && auto_ack == (!fresh && at->auto_ack);
    demand(sight, by_job || may_set(sight, at, auto_ack, exited), "settings that nobody asked for");
    demand(sight, fresh || slice_is(set.name, at->name), "another name");
    sight->event.name = fresh ? workload_name(set.name) : at->name;
    demand(sight, sight->event.name, "a name that nobody uses");
    sight->event.kind = ORACLE_TOPIC;
    sight->event.topic = (uint32_t)topic;
    sight->event.number = sight->rec->queue;
    sight->event.auto_ack = auto_ack;
    sight->event.exited = exited;
    happens(sight);
}
