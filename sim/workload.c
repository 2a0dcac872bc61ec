/* workload.c - see workload.h. SPDX-License-Identifier: MIT */
#include "sim/workload.h"

#include "base/bytes.h"
#include "wire/report.h"
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const TOPICS[] = {"orders", "mail", "thumbnails", "größe", "x", "audit.log", "one.too.many"};

/* An hour mostly, or a minute, days, years. */
static const uint32_t LONG_S[] = {3600, 3600, 60, 3 * 86400, 40 * 86400, WORKLOAD_MAX_DELAY_S};

_Static_assert(ARRAY_LEN(TOPICS) == WORKLOAD_MAX_TOPICS + 1, "one name more than there may be topics");

struct slice workload_topic(uint32_t index) { return slice_str(TOPICS[index % ARRAY_LEN(TOPICS)]); }

const char *workload_name(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(TOPICS); i++)
        if (slice_is(name, TOPICS[i]))
            return TOPICS[i];
    return NULL;
}

static const char *const CLIENTS[] = {"w1", "w2", "the one who prints", "größe", "a/b"};

const char *workload_client(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(CLIENTS); i++)
        if (slice_is(name, CLIENTS[i]))
            return CLIENTS[i];
    return NULL;
}

uint64_t workload_hash(struct slice body)
{
    uint64_t h = body.len * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = 0;

    for (; i + 8 <= body.len; i += 8) {
        h = (h ^ get_le64(body.ptr + i)) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 35;
    }
    for (; i < body.len; i++)
        h = (h ^ (unsigned char)body.ptr[i]) * UINT64_C(0x9fb21c651e98df25);
    return h ^ h >> 29;
}

uint64_t workload_attrs_hash(struct slice headers, struct slice key)
{
    return headers.len + key.len > 0 ? workload_hash(headers) * 31 + workload_hash(key) : 0;
}

/* ---- habits ---------------------------------------------------------------------------------- */

void workload_init(struct workload *load, uint64_t seed)
{
    struct rng *rng = &load->rng;

    *load = (struct workload){.rng.state = seed};
    load->topics = (uint32_t)rng_between(rng, 1, WORKLOAD_MAX_TOPICS);
    load->weights[CMD_PUSH] = (unsigned)rng_between(rng, 100, 500);
    load->weights[CMD_MPUSH] = (unsigned)rng_between(rng, 0, 100);
    load->weights[CMD_POP] = (unsigned)rng_between(rng, 100, 500);
    load->weights[CMD_ACK] = (unsigned)rng_between(rng, 0, 400);
    load->weights[CMD_DEAD] = (unsigned)rng_between(rng, 0, 40);
    load->weights[CMD_SET] = (unsigned)rng_between(rng, 0, 8);
    load->weights[CMD_TOGGLE] = (unsigned)rng_between(rng, 0, 8);
    load->weights[CMD_STAT] = (unsigned)rng_between(rng, 0, 30);
    load->weights[CMD_STAT_ALL] = (unsigned)rng_between(rng, 0, 10);
    load->weights[CMD_EXIT] = (unsigned)rng_between(rng, 0, 8);
    load->weights[CMD_WPOP] = (unsigned)(rng_chance(rng, 700) ? rng_between(rng, 50, 500) : 0);
    load->weights[CMD_MACK] = (unsigned)rng_between(rng, 0, 100);
    load->weights[CMD_PUT] = (unsigned)(rng_chance(rng, 600) ? rng_between(rng, 0, 300) : 0);
    load->weights[CMD_NACK] = (unsigned)rng_between(rng, 0, 150);
    load->weights[CMD_TOUCH] = (unsigned)rng_between(rng, 0, 80);
    load->weights[CMD_CANCEL] = (unsigned)(rng_chance(rng, 600) ? rng_between(rng, 0, 150) : 0);
    load->weights[CMD_RESCHEDULE] = (unsigned)(rng_chance(rng, 600) ? rng_between(rng, 0, 150) : 0);
    load->weights[CMD_PURGE] = (unsigned)(rng_chance(rng, 400) ? rng_between(rng, 0, 20) : 0);
    load->weights[CMD_TOPIC_DELETE] = (unsigned)(rng_chance(rng, 300) ? rng_between(rng, 0, 12) : 0);
    load->large_permille = (unsigned)(rng_chance(rng, 300) ? rng_between(rng, 100, 400) : rng_below(rng, 60));
    load->huge_permille = 40;
    if (rng_chance(rng, 100)) {
        load->large_permille = (unsigned)rng_between(rng, 500, 1000);
        load->huge_permille = (unsigned)rng_between(rng, 50, 500);
    }
    load->delay_permille = (unsigned)(rng_chance(rng, 300) ? rng_between(rng, 300, 900) : rng_below(rng, 200));
    load->wrong_permille = (unsigned)rng_below(rng, 40);
    load->long_permille = 50;
    load->long_s = LONG_S[rng_below(rng, ARRAY_LEN(LONG_S))];
    if (rng_chance(rng, 300)) {
        load->delay_permille = (unsigned)rng_between(rng, 400, 950);
        load->long_permille = (unsigned)rng_between(rng, 400, 1000);
    }
    load->dedup_permille = rng_chance(rng, 600) ? (unsigned)rng_between(rng, 100, 950) : 0;
    load->dedup_keys = (uint32_t)rng_between(rng, 2, 12);
    if (rng_chance(rng, 400)) {
        load->weights[CMD_PAUSE] = (unsigned)rng_between(rng, 1, 30);
        load->weights[CMD_RESUME] = (unsigned)rng_between(rng, 0, 30);
        load->patient = rng_chance(rng, 400);
        if (load->patient)
            load->weights[CMD_PAUSE] = load->weights[CMD_WPOP] = 250;
    }
    if (rng_chance(rng, 500)) {
        load->weights[CMD_TOPIC_CREATE] = (unsigned)rng_between(rng, 0, 30);
        load->weights[CMD_TOPIC_SET] = (unsigned)rng_between(rng, 5, 60);
        load->limit_permille = (unsigned)rng_between(rng, 0, 900);
    }
    load->weights[CMD_CLIENT] = (unsigned)(rng_chance(rng, 600) ? rng_between(rng, 5, 80) : 0);
}

void order_init(struct order *order)
{
    *order = (struct order){.cmd.kind = CMD_POP};
    buf_init(&order->bytes, 4 * WORKLOAD_MAX_MESSAGE);
}

void order_free(struct order *order) { buf_free(&order->bytes); }

/* ---- bodies ---------------------------------------------------------------------------------- */

static size_t body_bytes(struct workload *load)
{
    if (rng_chance(&load->rng, 30))
        return rng_below(&load->rng, 9);
    if (!rng_chance(&load->rng, load->large_permille))
        return rng_between(&load->rng, 8, 400);
    if (rng_chance(&load->rng, load->huge_permille))
        return WORKLOAD_MAX_MESSAGE - rng_below(&load->rng, 2048);
    return rng_between(&load->rng, 400, rng_chance(&load->rng, 300) ? 65536 : 8192);
}

static void add_body(struct workload *load, struct order *order, size_t bytes)
{
    char *at = buf_reserve(&order->bytes, bytes + 8);

    ENSURE(at);
    for (size_t i = 0; i < bytes; i += 8)
        put_le64(at + i, rng_next(&load->rng));
    buf_commit(&order->bytes, bytes);
}

static uint32_t delay_s(struct workload *load)
{
    if (!rng_chance(&load->rng, load->delay_permille))
        return 0;
    return (uint32_t)rng_between(&load->rng, 1, rng_chance(&load->rng, load->long_permille) ? load->long_s : 8);
}

static void make_mpush(struct workload *load, struct order *order)
{
    struct cmd *cmd = &order->cmd;
    size_t left = WORKLOAD_MAX_MESSAGE;

    cmd->count = (uint32_t)rng_between(&load->rng, 1, rng_chance(&load->rng, 100) ? WORKLOAD_MAX_BATCH : 6);
    cmd->flags = rng_chance(&load->rng, 500) ? CMD_F_IDS : 0;
    for (uint32_t i = 0; i < cmd->count; i++) {
        char head[CMD_ITEM_HEADER_BYTES];
        size_t bytes = min_u64(body_bytes(load), left);
        left -= bytes;
        put_be32(head, delay_s(load));
        put_be32(head + 4, (uint32_t)bytes);
        ENSURE(buf_append(&order->bytes, head, sizeof(head)));
        add_body(load, order, bytes);
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

static enum cmd_kind draw_kind(struct workload *load)
{
    uint64_t sum = 0, at;

    for (size_t i = 0; i < ARRAY_LEN(load->weights); i++)
        sum += load->weights[i];
    at = rng_below(&load->rng, sum);
    for (size_t i = 0; i < ARRAY_LEN(load->weights); i++) {
        if (at < load->weights[i])
            return (enum cmd_kind)i;
        at -= load->weights[i];
    }
    return CMD_POP;
}

/* An id to ack: of a message in flight, mostly of the topic it is asked of. */
static void make_ack(struct workload *load, struct oracle *oracle, struct order *order)
{
    size_t n = oracle->now.count, from = n > 0 ? rng_below(&load->rng, n) : 0;

    order->cmd.id = rng_below(&load->rng, 2) + oracle->told_id;
    for (size_t i = 0; i < n; i++) {
        const struct oracle_message *m = &oracle->now.live[(from + i) % n];
        if (m->state != ORACLE_FLIGHT)
            continue;
        order->cmd.id = m->id;
        (void)snprintf(order->topic, sizeof(order->topic), "%s", oracle->now.topics[m->topic].name);
        return;
    }
}

/* Ids to ack: of messages in flight of one topic, now and then one twice, or one that is not there. */
static void make_mack(struct workload *load, struct oracle *oracle, struct order *order)
{
    struct rng *rng = &load->rng;
    uint64_t want = rng_between(rng, 1, rng_chance(rng, 100) ? WORKLOAD_MAX_BATCH : 8), last = 0;
    int topic = oracle_topic(oracle, slice_str(order->topic));
    size_t n = oracle->now.count, from = n > 0 ? rng_below(rng, n) : 0;

    for (size_t i = 0; i < n + 2 && order->cmd.count < want; i++) {
        const struct oracle_message *m = i < n ? &oracle->now.live[(from + i) % n] : NULL;
        uint64_t id = m ? m->id : oracle->told_id + rng_below(rng, 3);
        char bytes[CMD_ID_BYTES];
        bool flies = m && m->state == ORACLE_FLIGHT && (int)m->topic == topic;
        if (m && !flies && !rng_chance(rng, 10))
            continue;
        put_be64(bytes, rng_chance(rng, 50) ? last : id);
        ENSURE(buf_append(&order->bytes, bytes, sizeof(bytes)));
        last = id;
        order->cmd.count++;
    }
}

/* A message with some of what it may carry. False: it is too long for what is left. */
static bool draw_put(struct workload *load, struct order *order, uint32_t i, size_t left)
{
    struct rng *rng = &load->rng;
    struct order_put *of = &order->put[i];
    struct cmd_put *put = &order->puts[i];

    *put = (struct cmd_put){.delay_ms = 1000 * (int64_t)delay_s(load), .max_retries = CMD_NOT_GIVEN};
    if (rng_chance(rng, 300))
        put->ttr_ms = (int64_t)rng_between(rng, 1000, 300000);
    if (rng_chance(rng, 300))
        put->max_retries = (int64_t)rng_below(rng, 4);
    if (rng_chance(rng, 300))
        put->lifetime_ms = (int64_t)rng_between(rng, 1, 20000);
    put->auto_ack = rng_chance(rng, 100);
    (void)snprintf(of->headers, sizeof(of->headers), "n: %u\n", (unsigned)rng_below(rng, 1000));
    (void)snprintf(of->key, sizeof(of->key), "k%u", (unsigned)rng_below(rng, 9));
    if (rng_chance(rng, 300))
        put->headers = slice_str(of->headers);
    if (rng_chance(rng, 300))
        put->key = slice_str(of->key);
    of->body_bytes = body_bytes(load);
    if (of->body_bytes > left)
        return false;
    add_body(load, order, of->body_bytes);
    return true;
}

/* One thing about it is another. */
static void alter_put(struct workload *load, struct order *order, uint32_t i)
{
    struct cmd_put *put = &order->puts[i];

    switch (rng_below(&load->rng, 6)) {
    case 0:
        put->headers = slice_str("other: 1\n");
        break;
    case 1:
        put->key = slice_str("other");
        break;
    case 2:
        put->ttr_ms += 1000;
        break;
    case 3:
        put->delay_ms += 1000;
        break;
    case 4:
        put->auto_ack = !put->auto_ack;
        break;
    default:
        add_body(load, order, 1);
        order->put[i].body_bytes++;
        break;
    }
}

/* What has a dedup key is the same whenever it is sent, but for a few that say something else. */
static bool make_one_put(struct workload *load, struct order *order, uint32_t i, size_t left)
{
    struct order_put *of = &order->put[i];

    if (!rng_chance(&load->rng, load->dedup_permille))
        return draw_put(load, order, i, left);
    uint64_t key = rng_between(&load->rng, 1, load->dedup_keys), other = rng_chance(&load->rng, 50);
    struct rng usual = load->rng;
    load->rng.state = key;
    bool made = draw_put(load, order, i, left);
    load->rng = usual;
    if (other && made)
        alter_put(load, order, i);
    (void)snprintf(of->dedup, sizeof(of->dedup), "d%u", (unsigned)key);
    order->puts[i].dedup = slice_str(of->dedup);
    return made;
}

static void make_put(struct workload *load, struct order *order)
{
    struct rng *rng = &load->rng;
    uint32_t count = rng_chance(rng, 500) ? 1 : (uint32_t)rng_between(rng, 2, WORKLOAD_MAX_PUTS);
    size_t left = rng_chance(rng, load->wrong_permille) ? 2 * WORKLOAD_MAX_MESSAGE : WORKLOAD_MAX_MESSAGE;

    order->args.puts = order->puts;
    for (uint32_t i = 0; i < count && make_one_put(load, order, i, left); i++) {
        left -= order->put[i].body_bytes;
        order->args.put_count++;
    }
}

/* The bodies, when the order has all of its bytes. */
static void place_bodies(struct order *order)
{
    struct slice all = buf_slice(&order->bytes);

    for (uint32_t i = 0; i < order->args.put_count; i++) {
        order->puts[i].body = slice_of(all.ptr, order->put[i].body_bytes);
        all = slice_of(all.ptr + order->put[i].body_bytes, all.len - order->put[i].body_bytes);
    }
}

uint32_t workload_dedup_key(struct slice dedup)
{
    uint64_t key = 0;

    return dedup.len > 1 && num_parse_u64(slice_of(dedup.ptr + 1, dedup.len - 1), &key) ? (uint32_t)key : 0;
}

uint64_t workload_put_hash(const struct cmd_put *put)
{
    const uint64_t parts[] = {
        workload_hash(put->body), workload_hash(put->headers), workload_hash(put->key), (uint64_t)put->delay_ms,
        (uint64_t)put->ttr_ms, (uint64_t)put->max_retries, (uint64_t)put->lifetime_ms, put->auto_ack,
    };

    return workload_hash(slice_of((const char *)parts, sizeof(parts)));
}

/* Ids as of a mack, and what is to become of them. */
static void make_nack(struct workload *load, struct oracle *oracle, struct order *order)
{
    struct rng *rng = &load->rng;

    order->cmd.flags = CMD_F_PLAIN;
    if (rng_chance(rng, 600))
        order->args.delay_ms = rng_chance(rng, 300) ? 0 : (int64_t)rng_between(rng, 1, rng_chance(rng, 100)
                                                                                           ? 100000000 : 9000);
    order->args.no_retry = rng_chance(rng, 300);
    order->args.reject = rng_chance(rng, 150);
    order->args.text = rng_chance(rng, 500) ? slice_str("no") : slice_str("this is not for us");
    make_mack(load, oracle, order);
}

static void make_touch(struct workload *load, struct oracle *oracle, struct order *order)
{
    order->cmd.flags = CMD_F_PLAIN;
    if (rng_chance(&load->rng, 700))
        order->args.ttr_ms = (int64_t)rng_between(&load->rng, 1000, 300000);
    make_mack(load, oracle, order);
}

/* Any message there is, whatever its topic; now and then one that was never there, or of another topic. */
static void make_steering(struct workload *load, struct oracle *oracle, struct order *order)
{
    struct rng *rng = &load->rng;
    size_t n = oracle->now.count;
    const struct oracle_message *m = n > 0 ? &oracle->now.live[rng_below(rng, n)] : NULL;

    order->cmd.id = m && !rng_chance(rng, 50) ? m->id : oracle->told_id - rng_below(rng, 9);
    if (rng_chance(rng, 700))
        order->topic[0] = '\0';
    else if (m && !rng_chance(rng, 100))
        (void)snprintf(order->topic, sizeof(order->topic), "%s", oracle->now.topics[m->topic].name);
    if (order->cmd.kind == CMD_CANCEL || rng_chance(rng, 300))
        return;
    order->args.delay_ms = rng_chance(rng, 200) ? 0 : 1000 * (int64_t)rng_between(rng, 1, 9);
    if (rng_chance(rng, load->long_permille))
        order->args.delay_ms = (int64_t)rng_between(rng, 1, UINT64_C(1000) * load->long_s);
    if (rng_chance(rng, load->wrong_permille))
        order->args.delay_ms = rng_chance(rng, 500) ? -1 : INT64_C(1000) * WORKLOAD_MAX_DELAY_S + 1;
}

static struct retry_policy draw_policy(struct rng *rng)
{
    struct retry_policy policy = {.kind = (uint8_t)rng_below(rng, 4)};

    if (policy.kind == RETRY_AT_ONCE)
        return policy;
    policy.count = policy.kind == RETRY_LIST ? (uint16_t)rng_between(rng, 1, 4) : 1;
    policy.cap_ms = rng_chance(rng, 300) ? (uint32_t)rng_between(rng, 1, 20000) : 0;
    policy.jitter_percent = rng_chance(rng, 400) ? (uint8_t)rng_between(rng, 1, 100) : 0;
    for (unsigned i = 0; i < policy.count; i++)
        policy.delays_ms[i] = rng_chance(rng, 100) ? 0 : (uint32_t)rng_between(rng, 1, rng_chance(rng, 100)
                                                                                  ? 100000000 : 9000);
    return policy;
}

static struct topic_limits draw_limits(struct rng *rng)
{
    struct topic_limits limits = {.messages = 0};

    if (rng_chance(rng, 700))
        limits.messages = rng_between(rng, 1, rng_chance(rng, 600) ? 12 : 60);
    limits.bytes = rng_chance(rng, 400) ? rng_between(rng, 1, rng_chance(rng, 500) ? 20000 : 400000) : 0;
    limits.age_ms = rng_chance(rng, 400) ? rng_between(rng, 1000, 60000) : 0;
    if (limits.messages > 0 || limits.bytes > 0 || limits.age_ms > 0)
        limits.over = (uint8_t)rng_below(rng, 3);
    return limits;
}

static void make_settings(struct workload *load, struct order *order)
{
    struct rng *rng = &load->rng;
    struct cmd_args *args = &order->args;

    args->settings_given = (unsigned)rng_below(rng, 64) & ~(unsigned)(CMD_GIVEN_IDLE | CMD_GIVEN_LIMITS);
    if (rng_chance(rng, load->limit_permille) || rng_chance(rng, 100))
        args->settings_given |= CMD_GIVEN_LIMITS;
    args->settings = TOPIC_SETTINGS_NONE;
    if (rng_chance(rng, 700))
        args->settings.ttr_ms = (uint32_t)rng_between(rng, 1000, 9000);
    if (rng_chance(rng, 700))
        args->settings.max_retries = (uint32_t)rng_below(rng, 5);
    args->settings.retry = draw_policy(rng);
    if (rng_chance(rng, load->limit_permille))
        args->settings.limits = draw_limits(rng);
    args->auto_ack = rng_chance(rng, 200);
    if (rng_chance(rng, load->wrong_permille))
        args->settings.retry.jitter_percent = 101;
    if (rng_chance(rng, load->wrong_permille))
        args->settings.ttr_ms = 999;
}

static void make_name(struct workload *load, struct order *order)
{
    static const char *const WRONG[] = {
        "", "a\nb", "\xff", "0123456789012345678901234567890123456789012345678901234567890123 ",
    };
    struct rng *rng = &load->rng;
    bool wrong = rng_chance(rng, 2 * load->wrong_permille);

    order->topic[0] = '\0';
    order->args.text = slice_str(wrong ? WRONG[rng_below(rng, ARRAY_LEN(WRONG))]
                                       : CLIENTS[rng_below(rng, ARRAY_LEN(CLIENTS))]);
}

static void make_pause(struct workload *load, struct order *order)
{
    struct rng *rng = &load->rng;

    order->args.sides = rng_chance(rng, 500) ? CMD_SIDE_POP : (unsigned)rng_below(rng, 4);
    if (order->cmd.kind == CMD_PAUSE && rng_chance(rng, load->patient ? 990 : 800))
        order->args.delay_ms = (int64_t)rng_between(rng, 1, rng_chance(rng, 100) ? 100000000 : 9000);
    if (load->patient && order->args.delay_ms > 0)
        order->args.delay_ms = 1 + order->args.delay_ms % 500;
    if (rng_chance(rng, load->wrong_permille))
        order->args.sides = 4;
    if (rng_chance(rng, load->wrong_permille))
        order->args.delay_ms = 0;
}

static void make_wpop(struct workload *load, struct order *order)
{
    static const uint32_t WAITS_MS[] = {50, 2000, CMD_WAIT_MS_MAX};
    struct rng *rng = &load->rng;
    size_t len = strlen(order->topic);

    for (uint64_t more = rng_below(rng, 4); more > 0; more--) {
        struct slice topic = workload_topic((uint32_t)rng_below(rng, load->topics));
        len += (size_t)snprintf(order->topic + len, sizeof(order->topic) - len, "/%.*s", (int)topic.len, topic.ptr);
    }
    size_t most = load->patient ? ARRAY_LEN(WAITS_MS) - 1 : rng_below(rng, ARRAY_LEN(WAITS_MS));
    if (!rng_chance(rng, 250))
        order->cmd.wait_ms = (int64_t)rng_between(rng, 1, WAITS_MS[most]);
    order->cmd.number = rng_chance(rng, 500) ? 1 : (int64_t)rng_between(rng, 1, rng_chance(rng, 100)
                                                                                 ? WORKLOAD_MAX_BATCH : 8);
    order->cmd.flags = CMD_F_BINARY | CMD_F_LIST;
}

/* A wpop with one thing about it that must be refused. */
static void make_wrong_wpop(struct workload *load, struct order *order)
{
    struct cmd *cmd = &order->cmd;

    switch (rng_below(&load->rng, 4)) {
    case 0:
        cmd->wait_ms = rng_chance(&load->rng, 500) ? -1 : CMD_WAIT_MS_MAX + 1;
        break;
    case 1:
        cmd->number = rng_chance(&load->rng, 500) ? 0 : WORKLOAD_MAX_BATCH + 1;
        break;
    case 2:
        (void)snprintf(order->topic, sizeof(order->topic), "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x");
        break;
    default:
        (void)snprintf(order->topic, sizeof(order->topic), "x/%s", TOPICS[WORKLOAD_MAX_TOPICS]);
        break;
    }
}

/* Turns the command into one that must be refused. */
static void make_wrong(struct workload *load, struct order *order)
{
    struct cmd *cmd = &order->cmd;

    switch (rng_below(&load->rng, 6)) {
    case 0:
        (void)snprintf(order->topic, sizeof(order->topic), "%s", TOPICS[WORKLOAD_MAX_TOPICS]);
        break;
    case 1:
        (void)snprintf(order->topic, sizeof(order->topic), "no blanks");
        break;
    case 2:
        cmd->delay_s = cmd->kind == CMD_PUSH ? WORKLOAD_MAX_DELAY_S + 1 : 0;
        break;
    case 3:
        cmd->delay_s = cmd->kind == CMD_PUSH ? -1 : 0;
        break;
    case 4:
        if (cmd->kind == CMD_MPUSH)
            cmd->count = (uint32_t)rng_below(&load->rng, 2) * (WORKLOAD_MAX_BATCH + 1);
        if (cmd->kind == CMD_PUSH)
            add_body(load, order, WORKLOAD_MAX_MESSAGE + 1 - min_u64(buf_len(&order->bytes), WORKLOAD_MAX_MESSAGE));
        break;
    default:
        cmd->id = cmd->kind == CMD_ACK ? 42 : cmd->id;
        cmd->number = cmd->kind == CMD_DEAD ? 0 : cmd->number;
        break;
    }
}

/* What the command says beside its topic. */
static void make(struct workload *load, struct oracle *oracle, struct order *order)
{
    struct rng *rng = &load->rng;

    switch (order->cmd.kind) {
    case CMD_PUSH:
        order->cmd.delay_s = delay_s(load);
        add_body(load, order, body_bytes(load));
        break;
    case CMD_MPUSH:
        make_mpush(load, order);
        break;
    case CMD_ACK:
        make_ack(load, oracle, order);
        break;
    case CMD_DEAD:
        order->cmd.number = rng_chance(rng, 100) ? -1 : (int64_t)rng_between(rng, 1, 2 * WORKLOAD_MAX_BATCH);
        break;
    case CMD_SET:
        order->cmd.number = (int64_t)rng_below(rng, 3);
        break;
    case CMD_WPOP:
        make_wpop(load, order);
        break;
    case CMD_MACK:
        make_mack(load, oracle, order);
        break;
    case CMD_PUT:
        make_put(load, order);
        break;
    case CMD_TOPIC_CREATE:
    case CMD_TOPIC_SET:
        make_settings(load, order);
        break;
    case CMD_PAUSE:
    case CMD_RESUME:
        make_pause(load, order);
        break;
    case CMD_CLIENT:
        make_name(load, order);
        break;
    case CMD_NACK:
        make_nack(load, oracle, order);
        break;
    case CMD_TOUCH:
        make_touch(load, oracle, order);
        break;
    case CMD_CANCEL:
    case CMD_RESCHEDULE:
        make_steering(load, oracle, order);
        break;
    case CMD_PURGE:
        order->args.place = (enum message_place)rng_below(rng, rng_chance(rng, 20) ? 5 : 4);
        break;
    default:
        break;
    }
}

void workload_next(struct workload *load, struct oracle *oracle, struct order *order)
{
    struct rng *rng = &load->rng;
    struct slice topic = workload_topic((uint32_t)rng_below(rng, load->topics));

    order->cmd = (struct cmd){.kind = draw_kind(load), .args = &order->args};
    order->args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN};
    (void)snprintf(order->topic, sizeof(order->topic), "%.*s", (int)topic.len, topic.ptr);
    buf_clear(&order->bytes);
    make(load, oracle, order);
    bool of_one = order->cmd.kind == CMD_CANCEL || order->cmd.kind == CMD_RESCHEDULE || order->cmd.kind == CMD_CLIENT;
    if (rng_chance(rng, load->wrong_permille) && order->cmd.kind == CMD_WPOP)
        make_wrong_wpop(load, order);
    else if (!of_one && rng_chance(rng, load->wrong_permille))
        make_wrong(load, order);
    if (order->cmd.kind == CMD_POP || order->cmd.kind == CMD_DEAD)
        order->cmd.flags = rng_chance(rng, 500) ? CMD_F_BINARY : 0;
    order->cmd.topic = slice_str(order->topic);
    order->cmd.body = buf_slice(&order->bytes);
    place_bodies(order);
}

static void describe_settings(const struct cmd_args *args, char *text, size_t bytes)
{
    const struct topic_settings *set = &args->settings;

    (void)snprintf(text, bytes, " given %x: ttr=%u retries=%u policy=%u messages=%" PRIu64 " bytes=%" PRIu64
                   " age=%" PRIu64 " over=%u",
                   args->settings_given, (unsigned)set->ttr_ms, (unsigned)set->max_retries, (unsigned)set->retry.kind,
                   set->limits.messages, set->limits.bytes, set->limits.age_ms, (unsigned)set->limits.over);
}

static void describe_puts(const struct order *order, char *text, size_t bytes)
{
    size_t n = 0;

    for (uint32_t i = 0; i < order->args.put_count && n < bytes; i++) {
        const struct cmd_put *put = &order->puts[i];
        n += (size_t)snprintf(text + n, bytes - n, " {%.*s delay=%" PRId64 " ttr=%" PRId64 "%s life=%" PRId64 " %zu}",
                              (int)put->dedup.len, put->dedup.len > 0 ? put->dedup.ptr : "", put->delay_ms,
                              put->ttr_ms, put->auto_ack ? " (none)" : "", put->lifetime_ms, put->body.len);
    }
}

void order_describe(const struct order *order, char *text, size_t bytes)
{
    static const char *const WORDS[] = {"push", "mpush", "pop", "ack", "dead", "set", "toggle", "stat", "stat_all",
                                        "exit", "wpop", "mack", "put", "nack", "touch", [CMD_CANCEL] = "cancel",
                                        [CMD_RESCHEDULE] = "reschedule", [CMD_PURGE] = "purge",
                                        [CMD_TOPIC_DELETE] = "delete", [CMD_TOPIC_CREATE] = "create",
                                        [CMD_TOPIC_SET] = "settle", [CMD_PAUSE] = "pause", [CMD_RESUME] = "resume",
                                        [CMD_CLIENT] = "name"};
    const struct cmd *cmd = &order->cmd;
    int n = snprintf(text, bytes, "%s %s", WORDS[cmd->kind], cmd->kind == CMD_STAT_ALL ? "" : order->topic);

    if (cmd->kind == CMD_PUSH)
        (void)snprintf(text + n, bytes - (size_t)n, " delay=%" PRId64 " %zu bytes", cmd->delay_s, cmd->body.len);
    else if (cmd->kind == CMD_MPUSH)
        (void)snprintf(text + n, bytes - (size_t)n, " %u messages, %zu bytes", (unsigned)cmd->count, cmd->body.len);
    else if (cmd->kind == CMD_ACK || cmd->kind == CMD_CANCEL)
        (void)snprintf(text + n, bytes - (size_t)n, " %" PRIu64, cmd->id);
    else if (cmd->kind == CMD_RESCHEDULE)
        (void)snprintf(text + n, bytes - (size_t)n, " %" PRIu64 " delay=%" PRId64, cmd->id, cmd->args->delay_ms);
    else if (cmd->kind == CMD_PURGE)
        (void)snprintf(text + n, bytes - (size_t)n, " of %s", place_word(cmd->args->place));
    else if (cmd->kind == CMD_PUT)
        describe_puts(order, text + n, bytes - (size_t)n);
    else if (cmd->kind == CMD_TOPIC_CREATE || cmd->kind == CMD_TOPIC_SET)
        describe_settings(&order->args, text + n, bytes - (size_t)n);
    else if (cmd->kind == CMD_PAUSE || cmd->kind == CMD_RESUME)
        (void)snprintf(text + n, bytes - (size_t)n, " sides %u, %" PRId64 " ms", order->args.sides,
                       order->args.delay_ms);
    else if (cmd->kind == CMD_NACK)
        (void)snprintf(text + n, bytes - (size_t)n, " %u ids%s%s, delay=%" PRId64, (unsigned)cmd->count,
                       order->args.reject ? ", reject" : "", order->args.no_retry ? ", no retry" : "",
                       order->args.delay_ms);
    else if (cmd->kind == CMD_MACK || cmd->kind == CMD_TOUCH)
        (void)snprintf(text + n, bytes - (size_t)n, " %u ids", (unsigned)cmd->count);
    else if (cmd->kind == CMD_WPOP)
        (void)snprintf(text + n, bytes - (size_t)n, " up to %" PRId64 ", waits %" PRId64 " ms", cmd->number,
                       cmd->wait_ms);
    else if (cmd->kind == CMD_DEAD || cmd->kind == CMD_SET)
        (void)snprintf(text + n, bytes - (size_t)n, " %" PRId64, cmd->number);
}
