/*
 * steer.c - cancel, reschedule, purge and the deletion of topics: the records that they write, and their answers
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "engine/ref.h"
#include "sim/sight.h"

static const enum payload_list LISTS[] = {
    [PLACE_READY] = PAYLOAD_LIST_READY, [PLACE_DELAYED] = PAYLOAD_LIST_DELAYED, [PLACE_IN_FLIGHT] = PAYLOAD_LIST_FLIGHT,
    [PLACE_DEAD] = PAYLOAD_LIST_DEAD,
};

static const enum oracle_state STATES[] = {
    [PLACE_READY] = ORACLE_READY, [PLACE_DELAYED] = ORACLE_DELAYED, [PLACE_IN_FLIGHT] = ORACLE_FLIGHT,
    [PLACE_DEAD] = ORACLE_DEAD,
};

bool steer_is(enum cmd_kind kind)
{
    return kind == CMD_CANCEL || kind == CMD_RESCHEDULE || kind == CMD_PURGE || kind == CMD_TOPIC_DELETE;
}

/* When the message of a reschedule comes due; 0 = now. */
static uint64_t due_of(const struct life *life, const struct cmd *cmd)
{
    int64_t delay_ms = cmd->args->delay_ms;

    return delay_ms == CMD_NOT_GIVEN || delay_ms == 0 ? 0 : life->now_ms + (uint64_t)delay_ms;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static struct steering *steering_of(const struct sight *sight)
{
    return &sight->life->busy->steering;
}

/* The message of the pair, where the record says that it is. */
static const struct oracle_message *named(struct sight *sight, const struct payload_pair *pair, unsigned list)
{
    struct oracle *oracle = &sight->life->oracle;
    const struct oracle_message *m = oracle_by_lsn(oracle, ref_lsn(pair->ref));

    demand(sight, m && m->id == pair->id && m->retries == ref_retries(pair->ref), "names no such message");
    demand(sight, oracle->now.topics[m->topic].number == sight->rec->queue, "of another topic");
    demand(sight, m->state == STATES[seek_place_of(m)] && LISTS[seek_place_of(m)] == list, "in another place");
    sight->event.topic = m->topic;
    sight->event.message.lsn = m->lsn;
    sight->event.message.state = m->state;
    return m;
}

static void see_gone(struct sight *sight)
{
    const struct cmd *cmd = command(sight);
    unsigned list = payload_ack_list(sight->rec->aux);
    bool moves = sight->rec->aux >> 8 == PAYLOAD_HOW_MOVED, purges = cmd->kind == CMD_PURGE;
    size_t n = sight->rec->payload.len / PAYLOAD_PAIR_BYTES;

    demand(sight, cmd->kind == (moves ? CMD_RESCHEDULE : purges ? CMD_PURGE : CMD_CANCEL), "nobody takes it away");
    demand(sight, purges ? n > 0 && cmd->args->place == PLACE_IN_FLIGHT : n == 1, "of how many?");
    demand(sight, moves == ((sight->rec->flags & RECORD_F_MORE) != 0), "wrong end of the group");
    for (size_t i = 0; i < n; i++) {
        struct payload_pair pair = payload_pair(sight->rec->payload, (uint32_t)i);
        const struct oracle_message *m = named(sight, &pair, list);
        demand(sight, purges || m->id == cmd->id, "another message");
        demand(sight, !moves || m->state != ORACLE_READY || due_of(sight->life, cmd) > 0, "which is ready now");
        if (!purges)
            steering_of(sight)->told.place = seek_place_of(m);
        steering_of(sight)->told.done += purges;
        sight->event.kind = moves ? ORACLE_LIFT : ORACLE_CANCEL;
        sight->event.more = moves || i + 1 < n;
        sight->life->deed.steered++;
        happens(sight);
    }
}

/* All that it carries is what it carried. */
static void see_again(struct sight *sight)
{
    struct oracle_message *m = &sight->event.message;
    const struct oracle_message *was = &sight->life->oracle.now.lifted;
    struct payload_push push;

    demand(sight, is_doing(sight, CMD_RESCHEDULE) && payload_get_push(sight->rec->payload, &push), "nobody moves it");
    demand(sight, push.due_ms == due_of(sight->life, command(sight)), "wrong due time");
    demand(sight, workload_hash(push.body) == was->body_hash && push.body.len == was->body_bytes, "another body");
    *m = (struct oracle_message){.id = push.id, .lsn = sight->rec->lsn, .end = sight->event.end,
                                 .time_ms = push.due_ms, .state = push.due_ms ? ORACLE_DELAYED : ORACLE_READY};
    sight_note_attrs(sight, &push);
    demand(sight, m->auto_ack == was->auto_ack && m->ttr_ms == was->ttr_ms && m->max_retries == was->max_retries &&
                      m->expiry_ms == was->expiry_ms && m->attrs_hash == was->attrs_hash &&
                      m->pushed_ms == was->pushed_ms, "carries something else");
    sight->event.kind = ORACLE_AGAIN;
    sight->event.topic = was->topic;
    happens(sight);
}

static void see_revival(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_release release;
    uint64_t due_ms = due_of(life, command(sight));

    demand(sight, payload_get_release(sight->rec->payload, &release) && release.count == 1, "malformed");
    demand(sight, release.now_ms == life->now_ms && release.due_ms == (due_ms ? due_ms : life->now_ms), "wrong time");
    struct payload_pair pair = payload_pair(release.entries, 0);
    demand(sight, named(sight, &pair, PAYLOAD_LIST_DEAD)->id == command(sight)->id, "another message");
    steering_of(sight)->told.place = PLACE_DEAD;
    life->deed.steered++;
    sight->event.kind = ORACLE_REDRIVE;
    sight->event.time_ms = due_ms;
    happens(sight);
}

/* How many are in this state by the engine's count. */
static uint64_t left_of(const struct queue *queue, enum message_place place)
{
    return place == PLACE_READY ? queue_ready(queue) : place == PLACE_DELAYED ? queue->delayed : queue->dead.count;
}

/* Of what waits or is dead those go first that would be had first; how many at once is the broker's choice. */
static void see_purge(struct sight *sight, uint32_t topic)
{
    struct life *life = sight->life;
    const struct queue *queue = engine_queue(life->broker.engine, sight->rec->queue);
    struct payload_purge purge;

    demand(sight, is_doing(sight, CMD_PURGE) && payload_get_purge(sight->rec->payload, &purge), "nobody purges");
    enum message_place place = command(sight)->args->place;
    struct steering *steering = steering_of(sight);
    demand(sight, payload_ack_list(sight->rec->aux) == LISTS[place] && place != PLACE_IN_FLIGHT &&
                      purge.now_ms == life->now_ms, "another purge");
    size_t before = place == PLACE_DELAYED ? oracle_delayed(&life->oracle, topic)
                                           : oracle_count(&life->oracle, topic, STATES[place]);
    uint64_t after = left_of(queue, place), n = before - after;
    demand(sight, after <= before && (place == PLACE_DELAYED ? after == 0 : n <= purge.count), "another count");
    if (place == PLACE_READY && n > 0 && !life->unreadable)
        demand(sight, oracle_nth(&life->oracle, topic, ORACLE_READY, n - 1)->order <= steering->order,
               "of what came in later");
    steering->told.done += n;
    life->deed.steered += n > 0;
    sight->event.kind = ORACLE_PURGE;
    sight->event.topic = topic;
    sight->event.message.state = STATES[place];
    sight->event.count = (uint32_t)n;
    happens(sight);
}

static bool is_deletion(const struct sight *sight)
{
    struct payload_queue set;

    return sight->rec->type == RECORD_QUEUE && payload_get_queue(sight->rec->payload, &set) &&
           (set.flags & PAYLOAD_QUEUE_DELETED);
}

static void see_deletion(struct sight *sight, uint32_t topic)
{
    demand(sight, is_doing(sight, CMD_TOPIC_DELETE), "nobody deletes it");
    struct oracle *oracle = &sight->life->oracle;
    demand(sight, (int)topic == oracle_topic(oracle, command(sight)->topic), "another topic");
    steering_of(sight)->told.done = oracle_count(oracle, topic, ORACLE_READY) + oracle_delayed(oracle, topic) +
                                    oracle_count(oracle, topic, ORACLE_FLIGHT) +
                                    oracle_count(oracle, topic, ORACLE_DEAD);
    sight->life->deed.steered++;
    sight->event.kind = ORACLE_DELETE;
    sight->event.topic = topic;
    happens(sight);
}

/* What the broker does with what is left of a deleted topic is nothing to the clients, if nothing comes of it. */
static void see_leftover(struct sight *sight)
{
    enum record_type type = sight->rec->type;

    demand(sight, type == RECORD_PURGE || type == RECORD_LOAD || type == RECORD_CHUNK || is_deletion(sight),
           "of a topic that was deleted");
    sight->event.kind = ORACLE_MOVE;
    happens(sight);
}

static bool see_of_topic(struct sight *sight, uint32_t topic)
{
    unsigned how = sight->rec->aux >> 8;
    bool steers = sight->life->busy && steer_is(command(sight)->kind);
    bool gone = steers && (how == PAYLOAD_HOW_DELETED || how == PAYLOAD_HOW_MOVED);

    switch (sight->rec->type) {
    case RECORD_ACK:
        if (gone)
            see_gone(sight);
        return gone;
    case RECORD_PUSH:
        if (sight->rec->flags & RECORD_F_AGAIN)
            see_again(sight);
        return sight->rec->flags & RECORD_F_AGAIN;
    case RECORD_RELEASE:
        if (is_doing(sight, CMD_RESCHEDULE))
            see_revival(sight);
        return is_doing(sight, CMD_RESCHEDULE);
    case RECORD_PURGE:
        see_purge(sight, topic);
        return true;
    case RECORD_QUEUE:
        if (is_deletion(sight))
            see_deletion(sight, topic);
        return is_deletion(sight);
    default:
        return false;
    }
}

bool sight_steer(struct sight *sight)
{
    const struct oracle *oracle = &sight->life->oracle;
    uint32_t number = sight->rec->queue;
    bool steers = sight->life->busy && steer_is(command(sight)->kind), seen;

    if (number == 0)
        return false;
    if (oracle_is_deleted(oracle, number) && (sight->rec->type != RECORD_QUEUE || is_deletion(sight))) {
        see_leftover(sight);
        return true;
    }
    int topic = oracle_topic_of(oracle, number);
    seen = topic >= 0 && see_of_topic(sight, (uint32_t)topic);
    if (seen && steers)
        steering_of(sight)->end = sight->event.end;
    return seen;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

void steer_prepare(struct client *client, bool again)
{
    struct oracle *oracle = &client->life->oracle;
    struct cmd *cmd = &client->order.cmd;
    const struct oracle_message *m = oracle_by_id(oracle, cmd->id);
    int topic = oracle_topic(oracle, cmd->topic);

    if ((cmd->kind == CMD_CANCEL || cmd->kind == CMD_RESCHEDULE) && m && m->state != STATES[seek_place_of(m)])
        cmd->id = 42; /* nobody knows where it is in a piece that cannot be read */
    if (again)
        return;
    client->steering = (struct steering){.order = oracle->now.order};
    if (cmd->kind != CMD_PURGE)
        return;
    client->steering.begun = rules_refusal(client->life, cmd) == 0;
    if (topic >= 0 && cmd->args->place <= PLACE_DEAD)
        client->steering.left = oracle_count(oracle, (uint32_t)topic, STATES[cmd->args->place]);
}

static void check_purged(struct client *client)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;
    int topic = oracle_topic(&life->oracle, cmd->topic);

    if (life->disturbed || life->unreadable || topic < 0)
        return;
    const struct oracle_message *m = oracle_first(&life->oracle, (uint32_t)topic, STATES[cmd->args->place]);
    if (m && cmd->args->place != PLACE_DEAD && m->order <= client->steering.order)
        life_fail(life, "%" PRIu64 " is %s after the purge", m->id, place_word(cmd->args->place));
    if (cmd->args->place == PLACE_DEAD && client->steering.told.done > client->steering.left)
        life_fail(life, "%" PRIu64 " dead letters were purged, %" PRIu64 " were there", client->steering.told.done,
                  client->steering.left);
}

struct expected steer_answer(struct client *client, int before)
{
    struct life *life = client->life;
    const struct cmd *cmd = &client->order.cmd;
    const struct steering *steering = &client->steering;
    bool one = cmd->kind == CMD_CANCEL || cmd->kind == CMD_RESCHEDULE;
    struct expected e = {.kind = ANSWER_REPORT, .wait = WAIT_PROMISED, .lsn = steering->end, .told = steering->told};

    e.told.kind = one ? REPORT_MOVED : REPORT_DONE;
    if (cmd->kind == CMD_PURGE && steering->begun) {
        check_purged(client);
        return e;
    }
    if (one) {
        const struct oracle_message *m = oracle_by_id(&life->oracle, cmd->id);
        bool stays = before == 0 && cmd->kind == CMD_RESCHEDULE && m && m->state == ORACLE_READY &&
                     due_of(life, cmd) == 0;
        e.told.id = cmd->id;
        if (cmd->kind == CMD_RESCHEDULE && before == 0)
            e.told.due_ms = due_of(life, cmd) ? due_of(life, cmd) : life->now_ms;
        bool unread = life->unreadable || life->broken || life->decayed ||
                      (m && log_is_blind(life->broker.log, m->lsn));
        e.unread = stays && unread;
        if (life->deed.steered > 0 || stays)
            return e;
        return (struct expected){.kind = ANSWER_ERROR, .err = before, .unread = unread || !m,
                                 .vague = before == GMQ_E_MESSAGE_STATE || unread};
    }
    return life->deed.steered > 0 ? e : (struct expected){.kind = ANSWER_ERROR, .err = before};
}
