/*
 * client.c - fake clients: they submit commands, know what must be answered, and when it may be
 *
 * An answer may come while its command is still being executed; so what came and what is owed are kept apart and
 * compared afterwards, in order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "base/mem.h"
#include "engine/id.h"
#include "gnode/gather.h"
#include "sim/life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what came ------------------------------------------------------------------------------- */

static void check_stat(struct life *life, const struct reply_stat *stat)
{
    int topic = oracle_topic(&life->oracle, stat->name);

    if (topic < 0 || life->oracle.now.topics[topic].exited)
        life_fail(life, "figures of a topic that is not there");
    const struct oracle_topic *t = &life->oracle.now.topics[topic];
    uint32_t i = (uint32_t)topic;
    if (stat->push_num != t->push_num || stat->pop_num != t->pop_num || stat->is_auto_ack != t->auto_ack ||
        !oracle_same_ready(&life->oracle, i, engine_queue(life->broker.engine, t->number), stat->queue_num) ||
        stat->delay_num != oracle_delayed(&life->oracle, i) ||
        stat->wait_ack_num != oracle_count(&life->oracle, i, ORACLE_FLIGHT) ||
        stat->dead_num != oracle_count(&life->oracle, i, ORACLE_DEAD))
        life_fail(life, "wrong figures of topic %s", t->name);
}

static void check_stats(struct life *life, const struct answer *answer)
{
    size_t topics = 0;

    for (size_t i = 0; i < ORACLE_TOPICS_MAX; i++)
        topics += life->oracle.now.topics[i].number > 0 && !life->oracle.now.topics[i].exited;
    if (life->busy && life->busy->order.cmd.kind == CMD_STAT)
        topics = 1;
    if (answer->count != topics)
        life_fail(life, "figures of %zu topics, there are %zu", answer->count, topics);
    for (size_t i = 0; i < answer->count; i++)
        check_stat(life, &answer->stats[i]);
}

static void keep(struct client *client, const struct answer *answer)
{
    struct came came = {.kind = answer->kind, .err = answer->err, .id = answer->id, .count = answer->count};

    came.written = log_written(client->life->broker.log);
    came.durable = log_durable(client->life->broker.log);
    if (answer->kind == ANSWER_MESSAGE || answer->kind == ANSWER_MESSAGES || answer->kind == ANSWER_MISSING)
        came.messages = mem_new((answer->count + 1) * sizeof(came.messages[0]));
    for (size_t i = 0; answer->kind == ANSWER_MISSING && i < answer->count; i++)
        came.messages[i].id = answer->ids[i];
    for (size_t i = 0; answer->messages && i < answer->count; i++) {
        came.messages[i].id = answer->messages[i].id;
        came.messages[i].retries = answer->messages[i].retry_count;
        came.messages[i].bytes = answer->messages[i].body.len;
        came.messages[i].hash = workload_hash(answer->messages[i].body);
        came.messages[i].attrs_hash = workload_attrs_hash(answer->messages[i].headers, answer->messages[i].key);
        came.messages[i].place = answer->messages[i].topic;
    }
    if (answer->kind == ANSWER_REPORT && answer->report->kind == REPORT_PUT) {
        puts_keep(&came, answer->report);
    } else if (answer->kind == ANSWER_REPORT) {
        const struct report *report = answer->report;
        came.told = (struct told){.kind = report->kind, .id = report->id, .due_ms = report->due_ms,
                                  .done = report->done, .place = report->place};
        settings_keep(&came, report);
    }
    if (client->came_count == client->came_room) {
        client->came_room = client->came_room ? 2 * client->came_room : 8;
        client->came = mem_grow(client->came, client->came_room, sizeof(client->came[0]));
    }
    client->came[client->came_count++] = came;
}

static bool on_answer(struct session *session, const struct answer *answer)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    if (answer->kind == ANSWER_STATS)
        check_stats(client->life, answer);
    else if (client->deaf || rng_chance(&client->life->rng, client->life->deaf_permille)) {
        client->deaf = true;
        return false;
    }
    keep(client, answer);
    return true;
}

static void on_resume(struct session *session)
{
    struct client *client = CONTAINER_OF(session, struct client, session);

    if (!client->stalled)
        life_fail(client->life, "c%d is to resume what it does not wait for", client->name);
    client->resumed = true;
    if (client->life->resume_inside)
        client_submit(client);
}

static bool on_is_there(const struct session *session)
{
    return !CONTAINER_OF((uintptr_t)session, const struct client, session)->gone;
}

/*
 * A wait is over. When no message was seen leaving for it, there must be a reason: the client has given up, its time
 * is over and there is nothing for it, the node stops, or the log refuses it.
 */
static void on_go_on(struct session *session)
{
    struct client *client = CONTAINER_OF(session, struct client, session);
    struct life *life = client->life;
    struct expected e = {.kind = ANSWER_ERROR, .err = GMQ_E_READ_ONLY};

    if (client->waits == 0)
        return;
    life_say(life, "c%d    waits no more", client->name);
    bool deleted = life->busy && life->busy->order.cmd.kind == CMD_TOPIC_DELETE &&
                   rules_place(life, &client->order.cmd, oracle_topic(&life->oracle, life->busy->order.cmd.topic)) >= 0;
    if (client->gone || client->half_closed || deleted)
        e.or_err = GMQ_E_NO_MESSAGE;
    else if (life->now_ms >= client->waits_until_ms)
        e.or_err = rules_refusal(life, &client->order.cmd);
    if (life->broker.stopping)
        e.err = GMQ_E_STOPPING;
    else if (client->gone && life->now_ms >= client->waits_until_ms)
        e.err = rules_refusal(life, &client->order.cmd); /* nobody has looked whether it is there */
    else if (!life->disturbed && e.or_err == 0)
        life_fail(life, "c%d is told that there is no message, and there is", client->name);
    client->waits = 0;
    client_owe(client, &e);
}

static const struct session_ops OPS = {.answer = on_answer, .resume = on_resume, .is_there = on_is_there,
                                       .go_on = on_go_on};

/* ---- what is owed ---------------------------------------------------------------------------- */

void client_owe(struct client *client, const struct expected *expected)
{
    if (client->expected_count == client->expected_room) {
        client->expected_room = client->expected_room ? 2 * client->expected_room : 8;
        client->expected = mem_grow(client->expected, client->expected_room, sizeof(client->expected[0]));
    }
    client->expected[client->expected_count] = *expected;
    client->expected[client->expected_count++].disturbed = client->life->disturbed;
}

static struct oracle_message *copy_messages(const struct oracle_message *from, size_t count)
{
    struct oracle_message *to = mem_new((count + 1) * sizeof(*to));

    memcpy(to, from, count * sizeof(*to));
    return to;
}

/* The oldest letters, as many as were asked for, unless their bodies are too much for one answer. */
static void check_letters(struct life *life, const struct cmd *cmd, size_t had)
{
    const struct deed *deed = &life->deed;
    uint64_t asked = cmd->number < 0 ? 1 : (uint64_t)cmd->number, bytes = 0;

    for (size_t i = 0; i < deed->letters; i++) {
        bytes += deed->letter[i].body_bytes;
        if (i > 0 && deed->letter[i].lsn <= deed->letter[i - 1].lsn)
            life_fail(life, "dead letters out of order");
    }
    uint64_t should = min_u64(min_u64(asked, WORKLOAD_MAX_BATCH), had);
    if (deed->letters > should || (deed->letters < should && bytes + WORKLOAD_MAX_MESSAGE <= GATHER_BYTES_MAX))
        life_fail(life, "%u dead letters, should be %" PRIu64, (unsigned)deed->letters, should);
}

struct expected client_delivery(const struct cmd *cmd, const struct oracle_message *messages, size_t count,
                                bool auto_ack, uint64_t end)
{
    bool many = cmd->kind == CMD_WPOP && cmd->number > 1;
    struct expected e = {.kind = many ? ANSWER_MESSAGES : ANSWER_MESSAGE, .wait = WAIT_PROMISED, .count = count,
                         .messages = copy_messages(messages, count)};

    for (size_t i = 0; i < count; i++)
        e.lsn = auto_ack ? end : max_u64(e.lsn, messages[i].end);
    return e;
}

/* Commands on many ids. */
static bool is_many(enum cmd_kind kind) { return kind == CMD_MACK || kind == CMD_NACK || kind == CMD_TOUCH; }

/* Commands that are answered by the facts of their topic. */
static bool is_about_topic(enum cmd_kind kind)
{
    return kind == CMD_TOPIC_CREATE || kind == CMD_TOPIC_SET || kind == CMD_PAUSE || kind == CMD_RESUME;
}

/* What the client is owed for the command that was just executed. */
static struct expected answer_to(struct life *life, const struct cmd *cmd)
{
    const struct deed *deed = &life->deed;
    struct expected e = {.kind = ANSWER_OK, .wait = WAIT_PROMISED, .lsn = deed->end};

    if (cmd->kind == CMD_PUT && (deed->pushes > 0 || (life->puts.fresh == 0 && rules_refusal(life, cmd) == 0))) {
        e = puts_answer(life);
    } else if (is_about_topic(cmd->kind) && deed->records > 0) {
        e.kind = ANSWER_REPORT;
        e.told.kind = REPORT_TOPIC;
        e.facts = settings_facts(life, cmd);
    } else if (deed->pushes > 0) {
        e.kind = cmd->kind == CMD_PUSH ? ANSWER_ID : cmd->flags & CMD_F_IDS ? ANSWER_IDS : ANSWER_OK;
        e.id = deed->first_id;
        e.count = deed->pushes;
    } else if (deed->pops > 0) {
        e = client_delivery(cmd, deed->popped, deed->pops, deed->auto_ack, deed->end);
    } else if (is_many(cmd->kind)) {
        e.wait = deed->acks > 0 ? WAIT_WRITTEN : WAIT_NOTHING;
    } else if (deed->acks > 0) {
        e.wait = WAIT_WRITTEN;
    } else if (deed->letters > 0) {
        e.kind = ANSWER_MESSAGES;
        e.count = deed->letters;
        e.messages = copy_messages(deed->letter, deed->letters);
    } else if (cmd->kind == CMD_STAT || cmd->kind == CMD_STAT_ALL) {
        e = (struct expected){.kind = ANSWER_STATS};
    } else if (cmd->kind == CMD_CLIENT && rules_refusal(life, cmd) == 0) {
        e = (struct expected){.kind = ANSWER_OK};
    } else if (deed->records == 0 || cmd->kind < CMD_SET || cmd->kind == CMD_WPOP) {
        e = (struct expected){.kind = ANSWER_ERROR};
    }
    return e;
}

/* ---- came = owed? ---------------------------------------------------------------------------- */

static bool is_log_refusal(const struct life *life, const struct expected *e, int err)
{
    return (life->disturbed || e->disturbed) &&
           (err == GMQ_E_DISK_FULL || (err == GMQ_E_READ_ONLY && !life->healable));
}

static void check_error(struct client *client, const struct expected *e, const struct came *came)
{
    struct life *life = client->life;

    if (e->kind == ANSWER_ERROR && (e->err == came->err || (e->or_err != 0 && e->or_err == came->err)))
        return;
    if (e->kind == ANSWER_ERROR && is_log_refusal(life, e, came->err))
        return;
    if (e->kind != ANSWER_ERROR && came->err == GMQ_E_READ_ONLY && is_log_refusal(life, e, came->err))
        return;
    if (e->kind == ANSWER_ERROR && e->vague && (came->err == GMQ_E_MESSAGE_UNKNOWN || came->err == GMQ_E_MESSAGE_STATE))
        return;
    if (e->unread && came->err == GMQ_E_UNREADABLE)
        return;
    if (came->err == GMQ_E_TOPIC_FULL && life->unreadable) /* what should make room is put aside */
        return;
    if (e->kind == ANSWER_REPORT && e->told.kind == REPORT_DONE && is_log_refusal(life, e, came->err))
        return; /* a part of it is done */
    if (e->again && is_log_refusal(life, e, came->err))
        return;
    /* A slow client's message that somebody else has acked since, or that needed no ack, may be gone for good. */
    bool gone = e->kind == ANSWER_MESSAGE && !oracle_by_id(&life->oracle, e->messages[0].id);
    if (e->kind == ANSWER_MESSAGE && came->err == GMQ_E_UNREADABLE && (life->unreadable || gone))
        return;
    if (e->kind == ANSWER_MESSAGES && came->err == GMQ_E_NO_MESSAGE && life->unreadable)
        return;
    life_fail(life, "c%d got error %d (%s), is owed answer %d error %d", client->name, came->err, err_text(came->err),
              (int)e->kind, e->err);
}

static void check_messages(struct client *client, const struct expected *e, const struct came *came)
{
    struct life *life = client->life;
    size_t at = 0;

    for (size_t i = 0; i < came->count; i++, at++) {
        while (life->unreadable && at < e->count && e->messages[at].id != came->messages[i].id)
            at++;
        if (at >= e->count || e->messages[at].id != came->messages[i].id)
            life_fail(life, "c%d got message %" PRIu64 ", which is not due", client->name, came->messages[i].id);
        const struct oracle_message *m = &e->messages[at];
        if (came->messages[i].attrs_hash != m->attrs_hash)
            life_fail(life, "c%d got message %" PRIu64 " with other headers, or another key", client->name, m->id);
        if (came->messages[i].bytes != m->body_bytes || came->messages[i].hash != m->body_hash)
            life_fail(life, "c%d got message %" PRIu64 " with another body", client->name, m->id);
        if (came->messages[i].retries != m->retries)
            life_fail(life, "c%d got message %" PRIu64 " with %u retries, should be %u", client->name, m->id,
                      came->messages[i].retries, (unsigned)m->retries);
        life->oracle.told_id = max_u64(life->oracle.told_id, m->id);
    }
    if (came->count > 0 && came->messages[0].place != e->place)
        life_fail(life, "c%d got messages of place %u of its list, should be %u", client->name, came->messages[0].place,
                  e->place);
    if (at != e->count && !life->unreadable)
        life_fail(life, "c%d got %zu messages, is owed %zu", client->name, came->count, e->count);
}

static void check_missing(struct client *client, const struct expected *e, const struct came *came)
{
    bool same = came->count == e->count;

    for (size_t i = 0; same && i < e->count; i++)
        same = came->messages[i].id == e->messages[i].id;
    if (!same)
        life_fail(client->life, "c%d is told of %zu ids that were not there, should be %zu, or others", client->name,
                  came->count, e->count);
}

static void check_ids(struct client *client, const struct expected *e, const struct came *came)
{
    struct life *life = client->life;
    uint64_t id = came->id;

    if (came->id != e->id || (e->kind == ANSWER_IDS && came->count != e->count))
        life_fail(life, "c%d got id %" PRIu64 ", is owed %" PRIu64, client->name, came->id, e->id);
    for (size_t i = 1; i < e->count; i++)
        id = id_next(id, life->options.node_id, 0);
    life->oracle.told_id = max_u64(life->oracle.told_id, id);
}

static void check_told(struct client *client, const struct expected *expected, const struct came *answer)
{
    const struct told *e = &expected->told, *came = &answer->told;

    /* What is gone of a piece that cannot be read is taken off those that are there. */
    bool fewer = client->life->unreadable && e->kind == REPORT_DONE && came->done < e->done;

    settings_check(client, &expected->facts, &answer->facts);
    if (came->kind != e->kind || came->id != e->id || came->due_ms != e->due_ms || (came->done != e->done && !fewer) ||
        came->place != e->place)
        life_fail(client->life, "c%d is told of %" PRIu64 " %s, due %" PRIu64 ", %" PRIu64 " done; should be %" PRIu64
                  " %s, due %" PRIu64 ", %" PRIu64, client->name, came->id, place_word(came->place), came->due_ms,
                  came->done, e->id, place_word(e->place), e->due_ms, e->done);
}

/* The watermarks at the moment the answer left. */
static void check_wait(struct client *client, const struct expected *e, const struct came *came)
{
    struct life *life = client->life;
    bool always = life->options.sync == LOG_SYNC_ALWAYS;

    if (e->wait == WAIT_WRITTEN) {
        if (came->written < e->lsn)
            life_fail(life, "c%d got its answer before %" PRIx64 " was written", client->name, e->lsn);
        life->vouched_written = max_u64(life->vouched_written, e->lsn);
    } else if (e->wait == WAIT_PROMISED) {
        if ((always ? came->durable : came->written) < e->lsn)
            life_fail(life, "c%d got its answer before %" PRIx64 " was promised", client->name, e->lsn);
        life->vouched_promised = max_u64(life->vouched_promised, e->lsn);
    }
}

static void check_one(struct client *client, const struct expected *e, const struct came *came)
{
    static const char *const KINDS[] = {"ok", "error", "id", "ids", "message", "stats", "messages", "missing",
                                        "report"};
    struct life *life = client->life;

    life->answers++;
    life_say(life, "c%d    < %s %s %" PRIu64, client->name, KINDS[came->kind],
             came->kind == ANSWER_ERROR ? err_text(came->err) : "",
             came->kind == ANSWER_MESSAGE ? came->messages[0].id : came->kind == ANSWER_MESSAGES ? came->count
                                                                                                : came->id);
    if (came->kind == ANSWER_ERROR) {
        check_error(client, e, came);
        return;
    }
    if (came->kind != e->kind)
        life_fail(life, "c%d got answer %d, is owed %d error %d", client->name, (int)came->kind, (int)e->kind, e->err);
    check_wait(client, e, came);
    if (e->kind == ANSWER_REPORT && e->told.kind == REPORT_PUT)
        puts_check(client, e, came);
    else if (e->kind == ANSWER_REPORT)
        check_told(client, e, came);
    else if (e->kind == ANSWER_ID || e->kind == ANSWER_IDS)
        check_ids(client, e, came);
    else if (e->kind == ANSWER_MISSING)
        check_missing(client, e, came);
    else if (e->messages)
        check_messages(client, e, came);
}

void client_listen(struct client *client)
{
    while (client->came_count > 0) {
        if (client->expected_count == 0)
            life_fail(client->life, "c%d got an answer that nobody owes", client->name);
        check_one(client, &client->expected[0], &client->came[0]);
        free(client->expected[0].messages);
        free(client->came[0].messages);
        memmove(client->expected, client->expected + 1, --client->expected_count * sizeof(client->expected[0]));
        memmove(client->came, client->came + 1, --client->came_count * sizeof(client->came[0]));
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

bool client_is_free(const struct client *client)
{
    return !client->stalled && session_ready(&client->session);
}

/* The wpop waits from now on. */
static void begin_wait(struct client *client, const char *text)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;

    if (cmd->kind != CMD_WPOP || cmd->wait_ms < 1 || cmd->wait_ms > CMD_WAIT_MS_MAX || client->half_closed)
        life_fail(life, "%s: waits for a message", text);
    client->waits = ++life->waits;
    client->waits_until_ms = life->now_ms + (uint64_t)cmd->wait_ms;
}

/* Should a wpop that is refused like this wait? Then only the log may have refused it. */
static bool should_wait(const struct client *client, int err)
{
    return client->order.cmd.kind == CMD_WPOP && client->order.cmd.wait_ms > 0 && !client->half_closed &&
           (err == 0 || err == GMQ_E_NO_MESSAGE || err == GMQ_E_IN_FLIGHT_LIMIT);
}

static void settle_accounts(struct client *client, const char *text)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;
    const struct deed *deed = &life->deed;
    struct expected e = answer_to(life, cmd);

    if (deed->pushes > 0 && cmd->kind != CMD_PUT &&
        (life->packed.len > 0 || deed->pushes != (cmd->kind == CMD_MPUSH ? cmd->count : 1)))
        life_fail(life, "%s: %u messages were pushed", text, (unsigned)deed->pushes);
    if (deed->pops > 0 && (uint64_t)cmd->number < deed->pops && cmd->kind == CMD_WPOP)
        life_fail(life, "%s: %u messages were popped", text, (unsigned)deed->pops);
    if (e.kind == ANSWER_ERROR || e.kind == ANSWER_STATS)
        e.err = rules_refusal(life, cmd);
    if (e.kind == ANSWER_ERROR && should_wait(client, e.err))
        e.err = GMQ_E_READ_ONLY;
    if (e.kind == ANSWER_STATS && e.err != 0)
        e.kind = ANSWER_ERROR;
    e.place = deed->place;
    client_owe(client, &e);
}

/* A mack is owed the ids that were not there, unless it was refused as a whole. */
static void owe_mack(struct client *client, int refusal, const struct oracle_message *missing, size_t count)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;
    struct expected e = answer_to(life, cmd);
    bool no_room = life->deed.acks == 0 && count < cmd->count;

    if (refusal != 0 || no_room) {
        e = (struct expected){.kind = ANSWER_ERROR, .err = refusal};
    } else if (life->deed.acks + count != cmd->count) {
        life_fail(life, "c%d: %u of %u ids were acked, %zu were not there", client->name, (unsigned)life->deed.acks,
                  (unsigned)cmd->count, count);
    } else if (count > 0) {
        e.kind = ANSWER_MISSING;
        e.count = count;
        e.messages = copy_messages(missing, count);
    }
    client_owe(client, &e);
}

static void owe_steered(struct client *client, int before)
{
    struct expected e = steer_answer(client, before);

    client_owe(client, &e);
}

static int execute(struct client *client)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;

    ENSURE(!life->busy);
    life->busy = client;
    life->deed = (struct deed){0};
    life->packed = cmd->kind == CMD_MPUSH ? cmd->body : slice_of(NULL, 0);
    if (cmd->kind == CMD_PUT)
        puts_look(life, cmd, &life->puts);
    client->stalled = client->resumed = false;
    int rc = broker_execute(&life->broker, &client->session, cmd, life->now_ms);
    life->busy = NULL;
    client->stalled = rc != 0;
    return rc;
}

void client_submit(struct client *client)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;
    const struct deed *deed = &life->deed;
    bool again = client->stalled;
    steer_prepare(client, again);
    int before = client->steering.begun ? 0 : rules_refusal(life, cmd);
    uint64_t over = 0;
    int topic = oracle_topic(&life->oracle, cmd->topic);
    size_t had = topic < 0 ? 0 : oracle_count(&life->oracle, (uint32_t)topic, ORACLE_DEAD), not_there = 0;
    struct oracle_message *missing = is_many(cmd->kind) ? rules_missing(life, cmd, &not_there) : NULL;
    char text[320];

    order_describe(&client->order, text, sizeof(text));
    life_say(life, "c%d %s %s", client->name, again ? ">>" : ">", text);
    if (before == 0 && topic >= 0)
        (void)settings_gate(life, topic, cmd, &over);
    int rc = execute(client);
    bool done = deed->pushes + deed->acks + deed->letters + deed->pops + deed->steered > 0;
    if (rc != 0 && (rc != -EAGAIN || (done && cmd->kind != CMD_DEAD && cmd->kind != CMD_PURGE)))
        life_fail(life, "%s: waits (%d) although it was done", text, rc);
    if (rc == 0 && done && before != 0)
        life_fail(life, "%s: done, should be refused with %d (%s)", text, before, err_text(before));
    if (rc == 0 && deed->pushes > 0)
        settings_check_over(life, cmd, over);
    if (rc == 0 && deed->letters > 0 && !again && !life->unreadable)
        check_letters(life, cmd, had);
    if (rc == 0 && cmd->kind == CMD_CLIENT && before == 0)
        client->called = workload_client(cmd->args->text);
    if (rc == 0 && client->session.waiter)
        begin_wait(client, text);
    else if (rc == 0 && steer_is(cmd->kind))
        owe_steered(client, before);
    else if (rc == 0 && missing)
        owe_mack(client, before, missing, not_there);
    else if (rc == 0)
        settle_accounts(client, text);
    free(missing);
    client_listen(client);
}

void client_ask(struct client *client, enum cmd_kind kind, uint32_t topic, uint64_t id)
{
    struct order *order = &client->order;

    (void)snprintf(order->topic, sizeof(order->topic), "%s", client->life->oracle.now.topics[topic].name);
    order->cmd = (struct cmd){.kind = kind, .topic = slice_str(order->topic), .id = id, .number = WORKLOAD_MAX_BATCH};
    client_submit(client);
}

/* ---- coming and going ------------------------------------------------------------------------ */

void client_connect(struct life *life, int name)
{
    struct client *client = &life->clients[name];

    client->life = life;
    client->name = name;
    client->stalled = client->resumed = client->deaf = client->gone = client->half_closed = false;
    client->waits = 0;
    client->called = NULL;
    session_init(&client->session, &life->broker, &OPS);
}

static void forget(struct client *client)
{
    for (size_t i = 0; i < client->expected_count; i++)
        free(client->expected[i].messages);
    for (size_t i = 0; i < client->came_count; i++)
        free(client->came[i].messages);
    client->expected_count = client->came_count = 0;
}

void client_leave(struct client *client)
{
    client_listen(client);
    session_fini(&client->session);
    forget(client);
}

void client_free(struct client *client)
{
    forget(client);
    free(client->expected);
    free(client->came);
    order_free(&client->order);
}
