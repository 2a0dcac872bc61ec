/*
 * settings.c - what is written of a topic or of the node: who asked for it, and is it what was asked for?
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/ref.h"
#include "engine/retry.h"
#include "sim/sight.h"

#include <stdio.h>

/* ---- the oracle's ------------------------------------------------------------------------------------------------ */

static bool same_policy(const struct retry_policy *a, const struct retry_policy *b)
{
    bool same = a->kind == b->kind && a->jitter_percent == b->jitter_percent && a->count == b->count &&
                a->cap_ms == b->cap_ms;

    for (unsigned i = 0; same && i < a->count; i++)
        same = a->delays_ms[i] == b->delays_ms[i];
    return same;
}

bool oracle_same_settings(const struct topic_settings *a, const struct topic_settings *b)
{
    return a->ttr_ms == b->ttr_ms && a->max_retries == b->max_retries && same_policy(&a->retry, &b->retry) &&
           a->limits.messages == b->limits.messages && a->limits.bytes == b->limits.bytes &&
           a->limits.age_ms == b->limits.age_ms && a->limits.over == b->limits.over && a->idle_ms == b->idle_ms &&
           a->push_paused_until_ms == b->push_paused_until_ms && a->pop_paused_until_ms == b->pop_paused_until_ms;
}

bool oracle_is_old(const struct oracle_topic *topic, const struct oracle_message *m, uint64_t now_ms)
{
    return topic->set.limits.age_ms > 0 && m->pushed_ms + topic->set.limits.age_ms <= now_ms;
}

uint64_t oracle_retry_delay_ms(const struct oracle_topic *topic, const struct oracle_message *m)
{
    const struct retry_policy *retry = &topic->set.retry;
    uint64_t delay = 0, cap = retry->cap_ms ? retry->cap_ms : RETRY_DELAY_MS_MAX;

    if (retry->kind == RETRY_LIST)
        delay = retry->delays_ms[m->retries < retry->count ? m->retries : retry->count - 1u];
    else if (retry->kind != RETRY_AT_ONCE)
        delay = retry->delays_ms[0];
    for (uint32_t i = 0; retry->kind == RETRY_EXPONENTIAL && i < m->retries && delay < cap; i++)
        delay *= 2;
    delay = delay < cap ? delay : cap;
    if (retry->jitter_percent == 0)
        return delay;
    /* How much earlier is left to chance, but not to that of the life. */
    uint64_t chosen = retry_delay_ms(retry, ref_make(m->lsn, m->retries));
    ENSURE(chosen <= delay && chosen >= delay - delay * retry->jitter_percent / 100);
    return chosen;
}

/* ---- what commands ask for --------------------------------------------------------------------------------------- */

bool settings_are_wrong(const struct cmd *cmd)
{
    const struct cmd_args *args = cmd->args;

    if (cmd->kind == CMD_PAUSE || cmd->kind == CMD_RESUME)
        return args->sides > 3 || (cmd->kind == CMD_PAUSE && args->delay_ms == 0);
    return (args->settings_given & CMD_GIVEN_TTR && args->settings.ttr_ms > 0 && args->settings.ttr_ms < 1000) ||
           (args->settings_given & CMD_GIVEN_RETRY_POLICY && args->settings.retry.jitter_percent > 100);
}

static void give(struct topic_settings *set, const struct cmd_args *args)
{
    if (args->settings_given & CMD_GIVEN_TTR)
        set->ttr_ms = args->settings.ttr_ms;
    if (args->settings_given & CMD_GIVEN_RETRIES)
        set->max_retries = args->settings.max_retries;
    if (args->settings_given & CMD_GIVEN_RETRY_POLICY)
        set->retry = args->settings.retry;
    if (args->settings_given & CMD_GIVEN_LIMITS)
        set->limits = args->settings.limits;
}

static void pause(struct topic_settings *set, const struct cmd *cmd, uint64_t now_ms)
{
    const struct cmd_args *args = cmd->args;
    uint64_t until_ms = args->delay_ms != CMD_NOT_GIVEN ? now_ms + (uint64_t)args->delay_ms
                        : args->due_ms > 0              ? args->due_ms
                                                        : TOPIC_PAUSED;

    if (cmd->kind == CMD_RESUME)
        until_ms = 0;
    if (args->sides == 0 || args->sides & CMD_SIDE_PUSH)
        set->push_paused_until_ms = until_ms;
    if (args->sides == 0 || args->sides & CMD_SIDE_POP)
        set->pop_paused_until_ms = until_ms;
}

/* The settings that the topic has after the command, which is carried out. */
static struct topic_settings wanted(const struct sight *sight, const struct oracle_topic *topic)
{
    const struct cmd *cmd = command(sight);
    struct topic_settings set = topic->set;

    if (!cmd || !slice_is(cmd->topic, topic->name))
        return set;
    if (cmd->kind == CMD_TOPIC_CREATE)
        set = TOPIC_SETTINGS_NONE;
    if (cmd->kind == CMD_TOPIC_CREATE || cmd->kind == CMD_TOPIC_SET)
        give(&set, cmd->args);
    if (cmd->kind == CMD_PAUSE || cmd->kind == CMD_RESUME)
        pause(&set, cmd, sight->life->now_ms);
    return set;
}

static struct topic_settings wanted_of_new(const struct sight *sight, struct slice name)
{
    const struct cmd *cmd = command(sight);
    struct topic_settings set = TOPIC_SETTINGS_NONE;

    if (cmd && cmd->kind == CMD_TOPIC_CREATE && slice_equal(cmd->topic, name))
        give(&set, cmd->args);
    return set;
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* What a topic has, or what is pushed to it: bytes in steps of 64 a body. */
struct load {
    uint64_t messages, bytes;
};

static void add_body(struct load *load, size_t bytes)
{
    load->messages++;
    load->bytes += (bytes + 63) / 64 * 64;
}

static struct load load_of(struct life *life, const struct cmd *cmd)
{
    struct load load = {.messages = 0};
    struct slice packed = cmd->kind == CMD_MPUSH ? cmd->body : slice_of(NULL, 0);
    struct cmd_item item;
    struct puts puts;

    if (cmd->kind == CMD_PUSH)
        add_body(&load, cmd->body.len);
    while (cmd_item_next(&packed, &item))
        add_body(&load, item.body.len);
    if (cmd->kind != CMD_PUT)
        return load;
    puts_look(life, cmd, &puts);
    for (uint32_t i = 0; i < puts.count; i++)
        if (puts.of[i].id == 0 && puts.of[i].before == 0)
            add_body(&load, puts.puts[i].body.len);
    return load;
}

static bool is_above(const struct topic_limits *limits, const struct load *load)
{
    return (limits->messages > 0 && load->messages > limits->messages) ||
           (limits->bytes > 0 && load->bytes > limits->bytes);
}

int settings_gate(struct life *life, int topic, const struct cmd *cmd, uint64_t *ret_over)
{
    const struct oracle_topic *t = topic < 0 ? NULL : &life->oracle.now.topics[topic];
    struct load more = load_of(life, cmd), all = more, here = {.messages = 0};
    uint64_t over = 0, ready, most = 0;

    if (ret_over)
        *ret_over = 0;
    if (!t || more.messages == 0)
        return 0;
    if (t->set.push_paused_until_ms > life->now_ms)
        return GMQ_E_TOPIC_PAUSED;
    ready = oracle_count(&life->oracle, (uint32_t)topic, ORACLE_READY);
    here.messages = ready + oracle_delayed(&life->oracle, (uint32_t)topic) +
                    oracle_count(&life->oracle, (uint32_t)topic, ORACLE_FLIGHT);
    here.bytes = engine_queue(life->broker.engine, t->number)->bytes; /* that it is right is looked at elsewhere */
    all = (struct load){.messages = here.messages + more.messages, .bytes = here.bytes + more.bytes};
    if (t->set.limits.over != OVER_REJECT && !is_above(&t->set.limits, &more))
        most = min_u64(16 * more.messages, ready);
    for (; is_above(&t->set.limits, &all) && over < most; over++) { /* one that goes counts as the average */
        uint64_t average = here.bytes / here.messages / 64 * 64;
        here = (struct load){.messages = here.messages - 1, .bytes = here.bytes - average};
        all = (struct load){.messages = here.messages + more.messages, .bytes = here.bytes + more.bytes};
    }
    if (is_above(&t->set.limits, &all))
        return GMQ_E_TOPIC_FULL;
    if (ret_over)
        *ret_over = over;
    return 0;
}

void settings_check_over(struct life *life, const struct cmd *cmd, uint64_t over)
{
    int topic = oracle_topic(&life->oracle, cmd->topic);
    const struct oracle_topic *t = &life->oracle.now.topics[topic];
    struct load all = {.bytes = engine_queue(life->broker.engine, t->number)->bytes};

    if (life->deed.over != over && !life->unreadable)
        life_fail(life, "%u messages of %.*s make room, should be %u", (unsigned)life->deed.over, (int)cmd->topic.len,
                  cmd->topic.ptr, (unsigned)over);
    all.messages = oracle_count(&life->oracle, (uint32_t)topic, ORACLE_READY) +
                   oracle_delayed(&life->oracle, (uint32_t)topic) +
                   oracle_count(&life->oracle, (uint32_t)topic, ORACLE_FLIGHT);
    if (is_above(&t->set.limits, &all) && !life->unreadable)
        life_fail(life, "topic %s has %" PRIu64 " messages of %" PRIu64 " bytes, which is above its limits", t->name,
                  all.messages, all.bytes);
}

void sight_gate(const struct sight *sight, uint32_t topic)
{
    struct oracle *oracle = &sight->life->oracle;
    const struct oracle_topic *t = &oracle->now.topics[topic];
    struct load all = {.messages = 1 + oracle_count(oracle, topic, ORACLE_READY) + oracle_delayed(oracle, topic) +
                                   oracle_count(oracle, topic, ORACLE_FLIGHT),
                       .bytes = engine_queue(sight->life->broker.engine, t->number)->bytes};

    demand(sight, t->set.push_paused_until_ms <= sight->life->now_ms, "the topic is paused");
    demand(sight, !is_above(&t->set.limits, &all) || sight->life->unreadable, "the topic is full");
}

static bool pushes(const struct sight *sight)
{
    return is_doing(sight, CMD_PUSH) || is_doing(sight, CMD_MPUSH) || is_doing(sight, CMD_PUT) ||
           (!sight->life->busy && sight->life->desk.job.runs && sight->life->desk.job.to);
}

bool sight_wants_oldest(const struct sight *sight)
{
    int topic = oracle_topic_of(&sight->life->oracle, sight->rec->queue);
    const struct topic_limits *limits = &sight->life->oracle.now.topics[topic].set.limits;

    return ((limits->messages > 0 || limits->bytes > 0) && limits->over != OVER_REJECT && pushes(sight)) ||
           (limits->age_ms > 0 && !sight->life->busy);
}

static void goes(struct sight *sight, struct payload_pair pair, bool dies, bool old, bool last)
{
    struct oracle *oracle = &sight->life->oracle;
    const struct oracle_message *m = oracle_by_lsn(oracle, ref_lsn(pair.ref));

    sight->event.topic = (uint32_t)oracle_topic_of(oracle, sight->rec->queue);
    const struct oracle_topic *topic = &oracle->now.topics[sight->event.topic];
    demand(sight, m && (m->id == pair.id || sight->life->unreadable) && m->retries == ref_retries(pair.ref) &&
                      m == oracle_first(oracle, sight->event.topic, ORACLE_READY), "not the first that waits");
    demand(sight, !old || oracle_is_old(topic, m, sight->life->now_ms), "not too old");
    demand(sight, dies == (topic->set.limits.over == OVER_DEAD_LETTER), "goes the wrong way");
    sight->event.kind = dies ? ORACLE_BURY : ORACLE_DROP;
    sight->event.message.lsn = m->lsn;
    sight->event.more = !last || (sight->rec->flags & RECORD_F_MORE);
    sight->life->deed.over += !old;
    sight->life->gone_by_limits++;
    happens(sight);
}

/* Has the lifetime of the message ended that a pop came to? What its topic's limit says of it is not asked then. */
static bool is_of_pop(const struct sight *sight, uint64_t ref)
{
    const struct oracle_message *m = oracle_by_lsn(&sight->life->oracle, ref_lsn(ref));

    if (!m || m->expiry_ms == 0 || m->expiry_ms > sight->life->now_ms)
        return false;
    const struct oracle_topic *topic = &sight->life->oracle.now.topics[m->topic];
    return !oracle_is_old(topic, m, sight->life->now_ms) || topic->set.limits.over == OVER_DEAD_LETTER;
}

bool sight_limits(struct sight *sight)
{
    const struct record *rec = sight->rec;
    struct payload_bury letter = {.entries = rec->payload, .count = (uint32_t)(rec->payload.len / PAYLOAD_PAIR_BYTES)};
    bool dies = rec->type == RECORD_BURY, more = rec->flags & RECORD_F_MORE;

    if (dies && (!payload_get_bury(rec->payload, &letter) || letter.reason != PAYLOAD_REASON_LIMIT))
        return false;
    if (!dies && rec->aux != (PAYLOAD_LIST_READY | PAYLOAD_HOW_EXPIRED << 8) &&
        (rec->aux != (PAYLOAD_LIST_READY | PAYLOAD_HOW_DELETED << 8) || !pushes(sight)))
        return false;
    bool old = dies ? !more : payload_ack_how(rec->aux) == PAYLOAD_HOW_EXPIRED;
    if (!dies && old && letter.count == 1 && is_of_pop(sight, payload_pair(letter.entries, 0).ref))
        return false;
    demand(sight, letter.count > 0 && (old ? !more : more && pushes(sight)), "nobody pushes");
    for (uint32_t i = 0; i < letter.count; i++)
        goes(sight, payload_pair(letter.entries, i), dies, old, i + 1 == letter.count);
    return true;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

struct topic_facts settings_facts(struct life *life, const struct cmd *cmd)
{
    uint32_t i = (uint32_t)oracle_topic(&life->oracle, cmd->topic);
    const struct oracle_topic *t = &life->oracle.now.topics[i];
    struct topic_facts facts = {
        .given = true, .auto_ack = t->auto_ack, .set = t->set, .ready = oracle_count(&life->oracle, i, ORACLE_READY),
        .delayed = oracle_delayed(&life->oracle, i), .in_flight = oracle_count(&life->oracle, i, ORACLE_FLIGHT),
        .dead = oracle_count(&life->oracle, i, ORACLE_DEAD), .pushed = t->push_num, .popped = t->pop_num};

    if (t->set.push_paused_until_ms <= life->now_ms)
        facts.set.push_paused_until_ms = 0;
    if (t->set.pop_paused_until_ms <= life->now_ms)
        facts.set.pop_paused_until_ms = 0;
    return facts;
}

void settings_keep(struct came *came, const struct report *report)
{
    const struct report_topic *t = report->topics;

    if (report->kind == REPORT_TOPIC)
        came->facts = (struct topic_facts){
            .given = true, .auto_ack = t->auto_ack, .set = t->settings, .ready = t->ready, .delayed = t->delayed,
            .in_flight = t->in_flight, .dead = t->dead, .pushed = t->pushed, .popped = t->popped};
}

void settings_check(struct client *client, const struct topic_facts *a, const struct topic_facts *b)
{
    if (a->given != b->given || a->auto_ack != b->auto_ack || !oracle_same_settings(&a->set, &b->set))
        life_fail(client->life, "c%d is told of other settings", client->name);
    if (client->life->unreadable) /* what is gone of a piece that cannot be read is taken off those that are there */
        return;
    if (a->ready != b->ready || a->delayed != b->delayed || a->in_flight != b->in_flight || a->dead != b->dead ||
        a->pushed != b->pushed || a->popped != b->popped)
        life_fail(client->life, "c%d is told of other figures", client->name);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static bool given_auto_ack(const struct cmd *cmd, bool otherwise)
{
    return cmd->args->settings_given & CMD_GIVEN_AUTO_ACK ? cmd->args->auto_ack : otherwise;
}

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
    case CMD_TOPIC_CREATE:
        return (topic->number == 0 || topic->exited) && !exited && auto_ack == given_auto_ack(cmd, false);
    case CMD_TOPIC_SET:
        return !topic->exited && !exited && auto_ack == given_auto_ack(cmd, topic->auto_ack);
    case CMD_PAUSE:
    case CMD_RESUME:
        return as_it_is && !exited;
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
    struct topic_settings set_to = fresh ? wanted_of_new(sight, set.name) : wanted(sight, at);
    demand(sight, oracle_same_settings(&set.set, &set_to), "other settings than were asked for");
    sight->event.set = set.set;
    sight->event.kind = ORACLE_TOPIC;
    sight->event.topic = (uint32_t)topic;
    sight->event.number = sight->rec->queue;
    sight->event.auto_ack = auto_ack;
    sight->event.exited = exited;
    happens(sight);
}

/* ---- the end of a life ------------------------------------------------------------------------------------------- */

static void ask(struct life *life, const char *topic, enum cmd_kind kind)
{
    struct client *client = &life->clients[0];
    struct order *order = &client->order;

    order->args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .settings = TOPIC_SETTINGS_NONE,
                                    .settings_given = CMD_GIVEN_TTR | CMD_GIVEN_RETRIES | CMD_GIVEN_RETRY_POLICY |
                                                      CMD_GIVEN_LIMITS};
    (void)snprintf(order->topic, sizeof(order->topic), "%s", topic);
    order->cmd = (struct cmd){.kind = kind, .topic = slice_str(order->topic), .args = &order->args};
    client_submit(client);
    life_settle(life);
}

void settings_clear(struct life *life)
{
    for (uint32_t i = 0; i < ORACLE_TOPICS_MAX; i++) {
        const struct oracle_topic *topic = &life->oracle.now.topics[i];
        if (topic->number == 0 || oracle_same_settings(&topic->set, &TOPIC_SETTINGS_NONE))
            continue;
        if (topic->exited) {
            ask(life, topic->name, CMD_TOPIC_CREATE);
            continue;
        }
        ask(life, topic->name, CMD_TOPIC_SET);
        ask(life, topic->name, CMD_RESUME);
    }
}
