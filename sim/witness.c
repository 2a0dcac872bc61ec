/*
 * witness.c - every record as it is written, held against the command that is being executed
 *
 * A record that nobody asked for, or that says something else than the command, ends the life. What is right becomes
 * an event of the oracle, which has its own opinion on whether that may happen now.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/bytes.h"
#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "sim/sight.h"

#include <inttypes.h>

enum { PUSHED_AHEAD_MS = 200 }; /* of now, by the id, at most */

/* The topic of the record is that of the command, or in its list. */
static uint32_t topic_of(const struct sight *sight)
{
    int topic = oracle_topic_of(&sight->life->oracle, sight->rec->queue);

    demand(sight, topic >= 0, "queue that was never made");
    demand(sight, command(sight) && rules_place(sight->life, command(sight), topic) >= 0,
           "of another topic than the command");
    return (uint32_t)topic;
}

/* Does somebody wait for the topic of the record? */
static struct client *waiter(const struct sight *sight)
{
    return rules_first_waiter(sight->life, oracle_topic_of(&sight->life->oracle, sight->rec->queue));
}

static bool somebody_pops(const struct sight *sight)
{
    return is_doing(sight, CMD_POP) || is_doing(sight, CMD_WPOP) || waiter(sight);
}

/* What the message of a push carries, as it says. */
void sight_note_attrs(struct sight *sight, const struct payload_push *push)
{
    struct oracle_message *m = &sight->event.message;
    struct payload_attrs attrs;

    demand(sight, payload_get_attrs(push->tlvs, &attrs), "malformed attributes");
    m->auto_ack = push->ttr_ms == PAYLOAD_TTR_AUTO_ACK;
    m->ttr_ms = m->auto_ack ? 0 : push->ttr_ms;
    m->max_retries = (int)attrs.own_retries - 1;
    m->expiry_ms = attrs.expiry_ms;
    m->pushed_ms = payload_push_ms(push);
    m->attrs_hash = workload_attrs_hash(attrs.headers, attrs.key);
    sight->deduped = attrs.deduped;
    demand(sight, !attrs.deduped || sight->life->busy, "the dedup key stays where the message was pushed");
}

/* What carries its time has the true one, what does not an id that is not far from it. */
void sight_demand_now(struct sight *sight, const struct payload_push *push)
{
    uint64_t pushed_ms = sight->event.message.pushed_ms, now_ms = sight->life->now_ms;
    bool carried = pushed_ms != id_time_ms(push->id);

    demand(sight, pushed_ms >= now_ms && pushed_ms <= now_ms + (carried ? 0 : PUSHED_AHEAD_MS),
           "wrong time of the push");
}

/* Nothing but the time of the push, or not even that. */
static bool is_plain(const struct sight *sight, struct slice tlvs)
{
    char stamp[PAYLOAD_STAMP_BYTES];

    payload_put_stamp(stamp, sight->life->now_ms);
    return tlvs.len == 0 || slice_equal(tlvs, slice_of(stamp, sizeof(stamp)));
}

/* It is what the command says. */
static void demand_attrs(const struct sight *sight, const struct cmd_put *put)
{
    const struct oracle_message *m = &sight->event.message;
    uint64_t expiry_ms = put->lifetime_ms ? sight->life->now_ms + (uint64_t)put->lifetime_ms : 0;

    demand(sight, m->attrs_hash == workload_attrs_hash(put->headers, put->key), "other headers or key");
    demand(sight, sight->deduped == (put->dedup.len > 0), "another dedup key");
    demand(sight, m->expiry_ms == expiry_ms && m->auto_ack == put->auto_ack, "another end");
    demand(sight, m->max_retries == (put->max_retries == CMD_NOT_GIVEN ? -1 : (int)put->max_retries), "other retries");
    demand(sight, m->auto_ack || m->ttr_ms == (uint32_t)put->ttr_ms, "another TTR");
}

static void see_push(struct sight *sight)
{
    struct life *life = sight->life;
    const struct cmd_put *put = is_doing(sight, CMD_PUT) ? puts_next(life) : NULL;
    struct payload_push push;
    struct cmd_item item = {0};
    struct oracle_message *m = &sight->event.message;

    if (!life->busy) {
        sight_move(sight);
        return;
    }
    demand(sight, is_doing(sight, CMD_PUSH) || is_doing(sight, CMD_MPUSH) || put, "nobody pushes");
    demand(sight, payload_get_push(sight->rec->payload, &push), "malformed");
    if (is_doing(sight, CMD_PUSH))
        item = (struct cmd_item){.delay_s = (uint32_t)command(sight)->delay_s, .body = command(sight)->body};
    else if (put)
        item = (struct cmd_item){.delay_s = (uint32_t)(put->delay_ms / 1000), .body = put->body};
    else
        demand(sight, cmd_item_next(&life->packed, &item), "more than were pushed");
    demand(sight, slice_equal(item.body, push.body), "another body than was pushed");
    demand(sight, push.due_ms == (item.delay_s ? life->now_ms + 1000 * (uint64_t)item.delay_s : 0), "wrong due time");
    bool more = put ? life->puts.seen + 1 < life->puts.fresh : life->packed.len > 0;
    demand(sight, ((sight->rec->flags & RECORD_F_MORE) != 0) == more, "wrong end of the group");
    *m = (struct oracle_message){
        .id = push.id, .lsn = sight->rec->lsn, .end = sight->event.end, .topic = topic_of(sight),
        .body_hash = workload_hash(push.body), .body_bytes = (uint32_t)push.body.len, .time_ms = push.due_ms,
        .state = push.due_ms ? ORACLE_DELAYED : ORACLE_READY, .max_retries = -1,
    };
    sight_note_attrs(sight, &push);
    sight_demand_now(sight, &push);
    if (put)
        demand_attrs(sight, put);
    else
        demand(sight, push.ttr_ms == 0 && is_plain(sight, push.tlvs), "a plain push that carries something");
    sight->event.kind = ORACLE_PUSH;
    if (put)
        puts_see(life, &sight->event);
    if (life->deed.pushes++ == 0)
        life->deed.first_id = push.id;
    happens(sight);
}

static uint32_t topic_ttr(const struct sight *sight, uint32_t topic)
{
    uint32_t ttr_ms = sight->life->oracle.now.topics[topic].set.ttr_ms;

    return ttr_ms ? ttr_ms : sight->life->options.ttr_ms;
}

static struct oracle_message *see_delivery(struct sight *sight, const struct payload_pop *pop, uint32_t i,
                                          uint32_t topic)
{
    struct life *life = sight->life;
    struct payload_delivery to = payload_delivery(pop->entries, i);
    struct oracle_message *m = oracle_by_lsn(&life->oracle, ref_lsn(to.ref));

    demand(sight, m && m->id == to.id && m->retries == ref_retries(to.ref), "names no such message");
    uint32_t ttr_ms = m->auto_ack ? PAYLOAD_TTR_AUTO_ACK : m->ttr_ms ? m->ttr_ms : topic_ttr(sight, topic);
    demand(sight, pop->now_ms == life->now_ms && to.ttr_ms == ttr_ms, "wrong time");
    demand(sight, (int)to.own_retries == m->max_retries + 1 && to.size64 == payload_size64(m->body_bytes),
           "says something else than the message");
    life->deed.popped[i] = *m;
    sight->event.kind = ORACLE_POP;
    sight->event.topic = topic;
    sight->event.message.id = to.id;
    sight->event.time_ms = pop->now_ms + to.ttr_ms;
    sight->event.due_ms = pop->now_ms;
    sight->event.more = i + 1 < pop->count;
    return m;
}

/* Who waits for the topic is served before whoever pops now: the first who came. */
static void see_pop(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_pop pop;
    int topic = oracle_topic_of(&life->oracle, sight->rec->queue);
    struct client *served = waiter(sight), *client = served ? served : life->busy;

    demand(sight, served || ((is_doing(sight, CMD_POP) || is_doing(sight, CMD_WPOP)) && life->deed.pops == 0),
           "nobody pops");
    demand(sight, payload_get_pop(sight->rec->payload, &pop) && pop.count >= 1, "malformed");
    const struct cmd *cmd = &client->order.cmd;
    demand(sight, pop.count <= (cmd->kind == CMD_POP ? 1 : (uint64_t)cmd->number), "more than were asked for");
    rules_check_choice(life, client, topic);
    sight_holder(sight, client, pop.holder);
    bool auto_ack = life->oracle.now.topics[topic].auto_ack;
    demand(sight, auto_ack == ((sight->rec->flags & RECORD_F_AUTOACK) != 0), "wrong kind of pop");
    for (uint32_t i = 0; i < pop.count; i++) {
        demand(sight, rules_can_deliver(life, topic), "more in flight than may be");
        auto_ack = see_delivery(sight, &pop, i, (uint32_t)topic)->auto_ack || auto_ack;
        happens(sight);
    }
    unsigned place = (unsigned)rules_place(life, cmd, topic);
    if (!served) {
        life->deed.pops = pop.count;
        life->deed.auto_ack = auto_ack;
        life->deed.place = place;
        return;
    }
    struct expected e = client_delivery(cmd, life->deed.popped, pop.count, auto_ack, sight->event.end);
    e.place = place;
    served->waits = 0;
    life->served++;
    life_say(life, "c%d    is served", served->name);
    client_owe(served, &e);
}

/* The ids of a mack that are in flight, in their order. */
static void see_acks(struct sight *sight)
{
    uint32_t n = (uint32_t)(sight->rec->payload.len / PAYLOAD_PAIR_BYTES);
    struct slice ids = command(sight)->body;

    demand(sight, n > 0, "empty");
    for (uint32_t i = 0; i < n; i++) {
        struct payload_pair pair = payload_pair(sight->rec->payload, i);
        while (ids.len > 0 && get_be64(ids.ptr) != pair.id)
            ids = slice_of(ids.ptr + CMD_ID_BYTES, ids.len - CMD_ID_BYTES);
        demand(sight, ids.len > 0, "another id than was acked");
        sight->life->deed.acks++;
        sight->event.kind = ORACLE_ACK;
        sight->event.topic = topic_of(sight);
        sight->event.message.id = pair.id;
        sight->event.more = i + 1 < n;
        happens(sight);
    }
}

static void see_ack(struct sight *sight)
{
    struct payload_pair pair = payload_pair(sight->rec->payload, 0);

    if (is_doing(sight, CMD_MACK)) {
        see_acks(sight);
        return;
    }
    demand(sight, is_doing(sight, CMD_ACK) && sight->rec->payload.len == PAYLOAD_PAIR_BYTES, "nobody acks");
    demand(sight, pair.id == command(sight)->id, "another id than was acked");
    sight->life->deed.acks++;
    sight->event.kind = ORACLE_ACK;
    sight->event.topic = topic_of(sight);
    sight->event.message.id = pair.id;
    happens(sight);
}

/* The next id of the command that the record names; those between were not in flight. */
static const struct oracle_message *next_named(struct sight *sight, struct slice *ids, uint64_t id)
{
    struct life *life = sight->life;

    while (ids->len > 0 && get_be64(ids->ptr) != id)
        *ids = slice_of(ids->ptr + CMD_ID_BYTES, ids->len - CMD_ID_BYTES);
    const struct oracle_message *m = oracle_by_id(&life->oracle, id);
    demand(sight, ids->len > 0 && m, "another id than was named");
    life->deed.acks++;
    sight->event.topic = topic_of(sight);
    sight->event.message.id = id;
    return m;
}

static void see_release(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_release release;

    demand(sight, is_doing(sight, CMD_NACK) && payload_get_release(sight->rec->payload, &release), "nobody nacks");
    const struct cmd_args *args = command(sight)->args;
    uint64_t due_ms = args->delay_ms == CMD_NOT_GIVEN ? 0 : life->now_ms + (uint64_t)args->delay_ms;
    struct slice ids = command(sight)->body;
    demand(sight, release.now_ms == life->now_ms && release.due_ms == due_ms && !args->reject && release.count > 0 &&
                      args->no_retry == ((sight->rec->flags & RECORD_F_NO_RETRY) != 0), "another nack");
    for (uint32_t i = 0; i < release.count; i++) {
        (void)next_named(sight, &ids, payload_pair(release.entries, i).id);
        sight->event.kind = ORACLE_GIVE_BACK;
        sight->event.time_ms = life->now_ms;
        sight->event.due_ms = due_ms;
        sight->event.no_retry = args->no_retry;
        sight->event.more = i + 1 < release.count;
        happens(sight);
    }
}

static void see_reject(struct sight *sight)
{
    struct payload_bury letter;

    demand(sight, is_doing(sight, CMD_NACK) && payload_get_bury(sight->rec->payload, &letter), "nobody rejects");
    const struct cmd_args *args = command(sight)->args;
    struct slice ids = command(sight)->body;
    demand(sight, args->reject && letter.reason == PAYLOAD_REASON_REJECTED && letter.count > 0 &&
                      (slice_equal(letter.text, args->text) || (letter.text.len == 0 && sight->life->disturbed)),
           "another reject");
    for (uint32_t i = 0; i < letter.count; i++) {
        (void)next_named(sight, &ids, payload_pair(letter.entries, i).id);
        sight->event.kind = ORACLE_REJECT;
        sight->event.more = i + 1 < letter.count;
        happens(sight);
    }
}

static void see_touch(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_touch touch;

    demand(sight, is_doing(sight, CMD_TOUCH) && payload_get_touch(sight->rec->payload, &touch), "nobody touches");
    struct slice ids = command(sight)->body;
    for (uint32_t i = 0; i < touch.count; i++) {
        struct payload_touched to = payload_touched(touch.entries, i);
        const struct oracle_message *m = next_named(sight, &ids, to.id);
        uint64_t ttr_ms = command(sight)->args->ttr_ms ? (uint64_t)command(sight)->args->ttr_ms : m->given_ms;
        demand(sight, to.deadline_ms == life->now_ms + ttr_ms, "another deadline");
        sight->event.kind = ORACLE_TOUCH;
        sight->event.time_ms = to.deadline_ms;
        sight->event.more = i + 1 < touch.count;
        happens(sight);
    }
}

/* A pop comes to a message that is not to be delivered any more. */
static void see_expiry(struct sight *sight)
{
    demand(sight, somebody_pops(sight) && sight->rec->payload.len == PAYLOAD_PAIR_BYTES, "nobody pops");
    sight->event.kind = ORACLE_EXPIRE;
    sight->event.topic = (uint32_t)oracle_topic_of(&sight->life->oracle, sight->rec->queue);
    sight->event.message.lsn = ref_lsn(payload_pair(sight->rec->payload, 0).ref);
    sight->event.time_ms = sight->life->now_ms;
    happens(sight);
}

static void see_letters(struct sight *sight)
{
    struct life *life = sight->life;
    size_t n = sight->rec->payload.len / PAYLOAD_PAIR_BYTES;

    demand(sight, is_doing(sight, CMD_DEAD) && n > 0, "nobody asks for dead letters");
    for (size_t i = 0; i < n; i++) {
        struct payload_pair pair = payload_pair(sight->rec->payload, (uint32_t)i);
        const struct oracle_message *m = oracle_by_lsn(&life->oracle, ref_lsn(pair.ref));
        demand(sight, m && (m->id == pair.id || life->unreadable), "names no such message");
        demand(sight, life->deed.letters < WORKLOAD_MAX_BATCH, "too many letters");
        sight->event.kind = ORACLE_TAKE;
        sight->event.topic = topic_of(sight);
        sight->event.message.lsn = m->lsn;
        sight->event.more = i + 1 < n;
        life->deed.letter[life->deed.letters++] = *m;
        happens(sight);
    }
}

static void see_bury(struct sight *sight)
{
    struct payload_bury letter;

    demand(sight, somebody_pops(sight), "nobody pops");
    demand(sight, payload_get_bury(sight->rec->payload, &letter) && letter.count == 1, "malformed");
    sight->event.kind = ORACLE_BURY;
    sight->event.topic = (uint32_t)oracle_topic_of(&sight->life->oracle, sight->rec->queue);
    sight->event.message.lsn = ref_lsn(payload_pair(letter.entries, 0).ref);
    if (!sight->life->unreadable)
        life_fail(sight->life, "the message at %" PRIx64 " cannot be read", sight->event.message.lsn);
    happens(sight);
}

/* What is delayed and in flight, as the engine counts it, but for what is in pieces that cannot be read. */
static void count_timers(struct sight *sight)
{
    const struct oracle *oracle = &sight->life->oracle;

    for (uint32_t i = 0; i < ORACLE_TOPICS_MAX; i++) {
        const struct queue *queue = engine_queue(sight->life->broker.engine, oracle->now.topics[i].number);
        if (!queue)
            continue;
        sight->event.count += (uint32_t)(queue->delayed - oracle_count(oracle, i, ORACLE_DELAYED_ASIDE));
        sight->event.number += (uint32_t)queue->in_flight;
    }
}

/*
 * How many fire is the engine's choice, in what order is not. If more are due than fired, the next TICK goes on, or a
 * piece of the delayed messages has to be loaded first.
 */
static void see_tick(struct sight *sight)
{
    struct life *life = sight->life;
    const struct engine *engine = life->broker.engine;
    struct payload_tick tick;

    demand(sight, !life->busy, "within a command");
    demand(sight, payload_get_tick(sight->rec->payload, &tick), "malformed");
    demand(sight, tick.now_ms == life->now_ms && tick.moves > 0, "wrong time");
    count_timers(sight);
    sight->event.kind = ORACLE_TICK;
    sight->event.time_ms = tick.now_ms;
    happens(sight);
    demand(sight, life->oracle.fired <= tick.count, "more fire than it says");
    demand(sight, tick.count > 0 || tick.now_ms < life->broker.tick_from_ms, "that does nothing");
    demand(sight, !oracle_next_timer(&life->oracle, tick.now_ms) || engine_next_due_ms(engine) <= tick.now_ms ||
                      engine_next_load_ms(engine) <= tick.now_ms, "a timer that is due is passed over");
}

/* ---- pieces of lists, which mean nothing to the clients ---------------------------------------------------------- */

/* The engine's queue of the record. */
static const struct queue *queue_of(const struct sight *sight)
{
    demand(sight, oracle_topic_of(&sight->life->oracle, sight->rec->queue) >= 0, "queue that was never made");
    return engine_queue(sight->life->broker.engine, sight->rec->queue);
}

/* Messages that wait, in their order. */
static void demand_row(const struct sight *sight, struct slice refs)
{
    uint64_t before = 0;

    for (size_t i = 0; i < refs.len; i += PAYLOAD_REF_BYTES) {
        uint64_t ref = get_le64(refs.ptr + i);
        const struct oracle_message *m = oracle_by_lsn(&sight->life->oracle, ref_lsn(ref));
        if (!m && oracle_is_ghost(&sight->life->oracle, ref_lsn(ref)))
            continue;
        demand(sight, m && m->state == ORACLE_READY && m->order > before && m->retries == ref_retries(ref) &&
                          sight->life->oracle.now.topics[m->topic].number == sight->rec->queue,
               "not messages that wait, in their order");
        before = m->order;
    }
}

static struct piece *new_piece(struct life *life)
{
    if (life->piece_count == life->piece_room) {
        life->piece_room = life->piece_room ? 2 * life->piece_room : 64;
        life->pieces = mem_grow(life->pieces, life->piece_room, sizeof(life->pieces[0]));
    }
    return &life->pieces[life->piece_count++];
}

static void see_chunk(struct sight *sight)
{
    struct payload_chunk chunk;

    demand(sight, !sight->life->busy, "within a command");
    demand(sight, payload_get_chunk(sight->rec->payload, &chunk), "malformed");
    demand_row(sight, chunk.refs);
    demand(sight, queue_of(sight)->ready.out && chunk.count <= LIFE_PIECE_MAX, "nothing left memory");
    struct piece *piece = new_piece(sight->life);
    *piece = (struct piece){.lsn = sight->rec->lsn, .count = chunk.count};
    for (uint32_t i = 0; i < chunk.count; i++)
        piece->messages[i] = ref_lsn(get_le64(chunk.refs.ptr + PAYLOAD_REF_BYTES * i));
    sight->life->spills++;
    sight->event.kind = ORACLE_MOVE;
    happens(sight);
}

static struct piece *piece_at(const struct sight *sight, uint64_t lsn)
{
    for (size_t i = 0; i < sight->life->piece_count; i++)
        if (sight->life->pieces[i].lsn == lsn)
            return &sight->life->pieces[i];
    return NULL;
}

/* All messages of the piece that are not gone become something else, as `kind` says. */
static void change_all(struct sight *sight, const struct piece *piece, enum oracle_kind kind)
{
    const struct oracle *oracle = &sight->life->oracle;
    uint32_t left = 0;

    for (uint32_t i = 0; i < piece->count; i++)
        left += oracle_by_lsn(&sight->life->oracle, piece->messages[i]) != NULL;
    sight->event.kind = left > 0 ? kind : ORACLE_MOVE;
    sight->event.time_ms = engine_now_ms(sight->life->broker.engine);
    if (left == 0)
        happens(sight);
    for (uint32_t i = 0; i < piece->count; i++) {
        const struct oracle_message *m = oracle_by_lsn(&sight->life->oracle, piece->messages[i]);
        demand(sight, m || oracle_is_ghost(oracle, piece->messages[i]), "of messages that are gone");
        if (!m)
            continue;
        sight->event.topic = m->topic;
        sight->event.message.lsn = m->lsn;
        sight->event.more = --left > 0;
        happens(sight);
    }
}

/* A chunk that cannot be read: what is in it now waits no more. */
static void see_aside(struct sight *sight, const struct payload_load *load)
{
    const struct piece *piece = piece_at(sight, load->lsn);

    if (!sight->life->unreadable)
        life_fail(sight->life, "a piece of a list cannot be read");
    life_say(sight->life, "---- %u messages are put aside", (unsigned)load->count);
    demand(sight, piece && piece->count == load->count, "of a piece that was never written");
    change_all(sight, piece, ORACLE_LEAVE);
}

/* ---- pieces of the delayed messages ------------------------------------------------------------------------------ */

/* Messages that are delayed, or `aside`, due as it says, in the order in which they came. */
static void demand_delayed(const struct sight *sight, struct slice entries, uint64_t start_ms, bool aside)
{
    const struct oracle *oracle = &sight->life->oracle;
    uint64_t before = 0;

    for (uint32_t i = 0; i < entries.len / PAYLOAD_DELAYED_BYTES; i++) {
        struct payload_delayed entry = payload_delayed(entries, i);
        const struct oracle_message *m = oracle_by_lsn(&sight->life->oracle, ref_lsn(entry.ref));
        if (!m && oracle_is_ghost(oracle, ref_lsn(entry.ref)))
            continue;
        demand(sight, m && m->state == (aside ? ORACLE_DELAYED_ASIDE : ORACLE_DELAYED) && m->order > before &&
                          oracle->now.topics[m->topic].number == entry.queue &&
                          (m->time_ms == start_ms + entry.due_off || sight->life->unreadable),
               "not delayed messages, in their order");
        before = m->order;
    }
}

static void see_dchunk(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_dchunk chunk;

    demand(sight, !life->busy, "within a command");
    demand(sight, payload_get_dchunk(sight->rec->payload, &chunk) && chunk.count <= LIFE_PIECE_MAX, "malformed");
    demand_delayed(sight, chunk.entries, chunk.start_ms, false);
    struct piece *piece = new_piece(life);
    *piece = (struct piece){.lsn = sight->rec->lsn, .start_ms = chunk.start_ms, .list = sight->rec->aux,
                            .count = chunk.count};
    for (uint32_t i = 0; i < chunk.count; i++)
        piece->messages[i] = ref_lsn(payload_delayed(chunk.entries, i).ref);
    sight->event.kind = ORACLE_MOVE;
    happens(sight);
}

static void see_dload(struct sight *sight)
{
    struct life *life = sight->life;
    struct payload_dload load;

    demand(sight, !life->busy, "within a command");
    demand(sight, payload_get_dload(sight->rec->payload, &load), "malformed");
    const struct piece *piece = piece_at(sight, load.lsn);
    demand(sight, piece && piece->start_ms == load.start_ms && piece->list == sight->rec->aux &&
                      piece->count == load.count, "of a piece that was never written");
    bool aside = false;
    for (uint32_t i = 0; i < piece->count; i++) {
        const struct oracle_message *m = oracle_by_lsn(&life->oracle, piece->messages[i]);
        aside = aside || (m && m->state == ORACLE_DELAYED_ASIDE);
    }
    if (load.kind == PAYLOAD_LOAD_ASIDE) {
        if (!life->unreadable)
            life_fail(life, "a piece of the delayed messages cannot be read");
        life_say(life, "---- %u delayed messages are put aside", (unsigned)piece->count);
        change_all(sight, piece, ORACLE_LEAVE);
        return;
    }
    demand_delayed(sight, load.entries, load.start_ms, aside);
    for (uint32_t i = 0; i < piece->count; i++)
        demand(sight, ref_lsn(payload_delayed(load.entries, i).ref) == piece->messages[i], "not what the piece held");
    life->loads++;
    life->late += load.start_ms <= life->now_ms;
    if (aside) {
        life_say(life, "---- %u delayed messages are back", (unsigned)piece->count);
        change_all(sight, piece, ORACLE_RETURN);
        return;
    }
    bool same = life->loaded.list == piece->list && life->loaded.start_ms == piece->start_ms;
    demand(sight, !same || life->loaded.lsn < piece->lsn || life->unreadable, "before an older piece");
    life->loaded = *piece;
    sight->event.kind = ORACLE_MOVE;
    happens(sight);
}

/* How many of the list are no ghosts. */
static uint32_t count_ready(const struct sight *sight, const struct fifo *list)
{
    struct fifo_cursor at = fifo_begin(list);
    uint32_t n = 0;

    for (uint64_t ref; fifo_next(&at, &ref);)
        n += oracle_by_lsn(&sight->life->oracle, ref_lsn(ref)) != NULL;
    return n;
}

static bool purges_ready(const struct sight *sight)
{
    return is_doing(sight, CMD_PURGE) && command(sight)->args->place == PLACE_READY;
}

static void see_load(struct sight *sight)
{
    struct payload_load load;
    const struct queue *queue = queue_of(sight);
    uint32_t topic = (uint32_t)oracle_topic_of(&sight->life->oracle, sight->rec->queue);

    demand(sight, payload_get_load(sight->rec->payload, &load), "malformed");
    bool asked = somebody_pops(sight) || purges_ready(sight) || sight_wants_oldest(sight);
    demand(sight, load.kind == PAYLOAD_LOAD_BACK ? !sight->life->busy : asked, "nobody pops");
    if (load.kind == PAYLOAD_LOAD_ASIDE) {
        see_aside(sight, &load);
        return;
    }
    demand_row(sight, load.refs);
    if (load.kind == PAYLOAD_LOAD_BACK)
        life_say(sight->life, "---- what was put aside is back");
    sight->event.kind = load.kind == PAYLOAD_LOAD_BACK ? ORACLE_BACK : ORACLE_MOVE;
    sight->event.topic = topic;
    sight->event.count = queue->ready.out ? count_ready(sight, &queue->ready.out->head) : 0;
    happens(sight);
}

static void see_gone(struct sight *sight)
{
    unsigned how = sight->rec->aux;

    if (how == (PAYLOAD_LIST_DEAD | PAYLOAD_HOW_DELETED << 8))
        sight_deletion(sight);
    else if (how == PAYLOAD_LIST_DEAD)
        see_letters(sight);
    else if (sight_limits(sight))
        return;
    else if (how == (PAYLOAD_LIST_READY | PAYLOAD_HOW_EXPIRED << 8))
        see_expiry(sight);
    else
        see_ack(sight);
}

void witness_record(void *ctx, const struct record *rec, uint64_t end_lsn)
{
    struct life *life = ctx;
    struct sight sight = {.life = life, .rec = rec};

    sight.event.end = end_lsn;
    sight.event.more = (rec->flags & RECORD_F_MORE) != 0;
    sight.event.digest = engine_digest(life->broker.engine);
    if (rec->type != RECORD_LOAD && rec->type != RECORD_CHUNK && rec->type != RECORD_DCHUNK &&
        rec->type != RECORD_CLIENT) {
        life->deed.records++;
        life->deed.end = end_lsn;
    }
    if (rec->type == RECORD_PURGE || (rec->type == RECORD_ACK && payload_ack_list(rec->aux) == PAYLOAD_LIST_READY))
        life->taken_end = end_lsn;
    if (sight_steer(&sight))
        return;
    switch (rec->type) {
    case RECORD_PUSH:
        see_push(&sight);
        break;
    case RECORD_POP:
        see_pop(&sight);
        break;
    case RECORD_ACK:
        see_gone(&sight);
        break;
    case RECORD_RELEASE:
        if (rec->aux == PAYLOAD_LIST_DEAD)
            sight_redrive(&sight);
        else
            see_release(&sight);
        break;
    case RECORD_TOUCH:
        see_touch(&sight);
        break;
    case RECORD_BURY:
        if (rec->aux == PAYLOAD_BURY_FLIGHT)
            see_reject(&sight);
        else if (!sight_limits(&sight))
            see_bury(&sight);
        break;
    case RECORD_TICK:
        see_tick(&sight);
        break;
    case RECORD_QUEUE:
        sight_topic(&sight);
        break;
    case RECORD_CLIENT:
        sight_client(&sight);
        break;
    case RECORD_CHUNK:
        see_chunk(&sight);
        break;
    case RECORD_LOAD:
        if (rec->aux == PAYLOAD_WAITING)
            see_load(&sight);
        else
            see_dload(&sight);
        break;
    case RECORD_DCHUNK:
        see_dchunk(&sight);
        break;
    default:
        demand(&sight, false, "unknown type");
    }
}
