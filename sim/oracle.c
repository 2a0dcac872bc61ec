/* oracle.c - see oracle.h. SPDX-License-Identifier: MIT */
#include "sim/oracle.h"

#include "base/mem.h"
#include "engine/engine.h"
#include "engine/ref.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool PRINTF_LIKE(2, 3) wrong(struct oracle *oracle, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(oracle->wrong, sizeof(oracle->wrong), fmt, args);
    va_end(args);
    return false;
}

/* ---- looking --------------------------------------------------------------------------------- */

struct oracle_message *oracle_by_id(struct oracle *oracle, uint64_t id)
{
    for (size_t i = 0; i < oracle->now.count; i++)
        if (oracle->now.live[i].id == id)
            return &oracle->now.live[i];
    return NULL;
}

struct oracle_message *oracle_by_lsn(struct oracle *oracle, uint64_t lsn)
{
    for (size_t i = 0; i < oracle->now.count; i++)
        if (oracle->now.live[i].lsn == lsn)
            return &oracle->now.live[i];
    return NULL;
}

struct oracle_message *oracle_first(struct oracle *oracle, uint32_t topic, enum oracle_state state)
{
    struct oracle_message *first = NULL;

    for (size_t i = 0; i < oracle->now.count; i++) {
        struct oracle_message *m = &oracle->now.live[i];
        if (m->topic == topic && m->state == state && (!first || m->order < first->order))
            first = m;
    }
    return first;
}

struct oracle_message *oracle_nth(struct oracle *oracle, uint32_t topic, enum oracle_state state, size_t before)
{
    struct oracle_message *at = oracle_first(oracle, topic, state);

    for (; at && before > 0; before--) {
        struct oracle_message *next = NULL;
        for (size_t i = 0; i < oracle->now.count; i++) {
            struct oracle_message *m = &oracle->now.live[i];
            if (m->topic == topic && m->state == state && m->order > at->order && (!next || m->order < next->order))
                next = m;
        }
        at = next;
    }
    return at;
}

size_t oracle_count(const struct oracle *oracle, uint32_t topic, enum oracle_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < oracle->now.count; i++)
        n += oracle->now.live[i].topic == topic && oracle->now.live[i].state == state;
    return n;
}

size_t oracle_delayed(const struct oracle *oracle, uint32_t topic)
{
    return oracle_count(oracle, topic, ORACLE_DELAYED) + oracle_count(oracle, topic, ORACLE_DELAYED_ASIDE);
}

int oracle_topic(const struct oracle *oracle, struct slice name)
{
    for (int i = 0; i < ORACLE_TOPICS_MAX; i++)
        if (oracle->now.topics[i].number > 0 && slice_is(name, oracle->now.topics[i].name))
            return i;
    return -1;
}

int oracle_topic_of(const struct oracle *oracle, uint32_t number)
{
    for (int i = 0; i < ORACLE_TOPICS_MAX; i++)
        if (oracle->now.topics[i].number == number)
            return i;
    return -1;
}

bool oracle_is_ghost(const struct oracle *oracle, uint64_t lsn)
{
    for (size_t i = 0; i < oracle->ghost_count; i++)
        if (oracle->ghosts[i].lsn == lsn)
            return true;
    return false;
}

bool oracle_is_deleted(const struct oracle *oracle, uint32_t number)
{
    for (size_t i = 0; i < oracle->deleted_count; i++)
        if (oracle->deleted[i] == number)
            return oracle_topic_of(oracle, number) < 0;
    return false;
}

/* ---- what happens ---------------------------------------------------------------------------- */

/* Dead letters are kept by age, everything else by when it came. */
static void enter(struct oracle_world *now, struct oracle_message *m, enum oracle_state state)
{
    m->state = state;
    m->order = state == ORACLE_DEAD ? m->lsn : ++now->order;
}

static void drop(struct oracle_world *now, struct oracle_message *m) { *m = now->live[--now->count]; }

static struct oracle_message *add(struct oracle_world *now, const struct oracle_message *message)
{
    if (now->count == now->room) {
        now->room = now->room ? 2 * now->room : 256;
        now->live = mem_grow(now->live, now->room, sizeof(now->live[0]));
    }
    struct oracle_message *m = &now->live[now->count++];
    *m = *message;
    enter(now, m, m->state);
    return m;
}

static bool push(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_world *now = &oracle->now;

    for (size_t i = 0; i < now->count; i++)
        if (now->live[i].id >= event->message.id)
            return wrong(oracle, "id %" PRIu64 " follows id %" PRIu64, event->message.id, now->live[i].id);
    if (event->message.id <= oracle->told_id)
        return wrong(oracle, "id %" PRIu64 " is not above id %" PRIu64 ", which a client has seen", event->message.id,
                     oracle->told_id);
    now->topics[add(now, &event->message)->topic].push_num++;
    if (event->dedup.key)
        oracle_dedup_add(now, &event->dedup);
    return true;
}

static bool pop(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_topic *topic = &oracle->now.topics[event->topic];
    struct oracle_message *m = oracle_first(oracle, event->topic, ORACLE_READY);

    if (!m)
        return wrong(oracle, "topic %s has nothing to deliver but %" PRIu64 " is", topic->name, event->message.id);
    if (m->id != event->message.id)
        return wrong(oracle, "topic %s delivers %" PRIu64 " before %" PRIu64, topic->name, event->message.id, m->id);
    if (m->expiry_ms > 0 && m->expiry_ms <= event->due_ms)
        return wrong(oracle, "%" PRIu64 " is delivered, it expired before", m->id);
    if (oracle_is_old(topic, m, event->due_ms))
        return wrong(oracle, "%" PRIu64 " is delivered, it is too old", m->id);
    topic->pop_num++;
    if (topic->auto_ack || m->auto_ack) {
        drop(&oracle->now, m);
        return true;
    }
    enter(&oracle->now, m, ORACLE_FLIGHT);
    m->time_ms = event->time_ms;
    m->since_ms = event->due_ms;
    m->given_ms = (uint32_t)(m->time_ms - m->since_ms);
    m->holder = event->message.holder;
    return true;
}

static bool leave(struct oracle *oracle, const struct oracle_event *event)
{
    bool acked = event->kind == ORACLE_ACK;
    struct oracle_message *m =
        acked ? oracle_by_id(oracle, event->message.id) : oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || m->state != (acked ? ORACLE_FLIGHT : ORACLE_DEAD))
        return wrong(oracle, "%s of %" PRIu64 " (LSN %" PRIx64 "), which is not %s", acked ? "ack" : "take",
                     event->message.id, event->message.lsn, acked ? "in flight" : "dead");
    drop(&oracle->now, m);
    return true;
}

/* The message of the event, which must be in flight, or NULL. */
static struct oracle_message *flying(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_id(oracle, event->message.id);

    if (m && m->topic == event->topic && m->state == ORACLE_FLIGHT)
        return m;
    (void)wrong(oracle, "event %d of %" PRIu64 ", which is not in flight", (int)event->kind, event->message.id);
    return NULL;
}

static void note_return(struct oracle_message *m)
{
    m->came_back = true;
    m->first_ms = m->first_ms > 0 ? m->first_ms : m->since_ms;
    m->last_ms = m->since_ms;
}

/* A delivery that ended without an ack at `now_ms`. */
static void give_back(struct oracle_world *now, struct oracle_message *m, uint64_t now_ms, uint64_t due_ms, bool counts)
{
    const struct oracle_topic *topic = &now->topics[m->topic];
    uint32_t of_topic = topic->set.max_retries == TOPIC_NODE_RETRIES ? now->max_retries : topic->set.max_retries;
    uint32_t max = m->max_retries >= 0 ? (uint32_t)m->max_retries : of_topic;
    uint64_t delay_ms = oracle_retry_delay_ms(topic, m);

    note_return(m);
    m->retries += counts;
    if (counts && m->retries > max) {
        enter(now, m, ORACLE_DEAD);
        return;
    }
    m->time_ms = due_ms = due_ms > 0 ? due_ms : now_ms + delay_ms;
    enter(now, m, due_ms > now_ms ? ORACLE_DELAYED : ORACLE_READY);
}

static bool end_delivery(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = flying(oracle, event);

    if (!m)
        return false;
    if (event->kind == ORACLE_GIVE_BACK) {
        give_back(&oracle->now, m, event->time_ms, event->due_ms, !event->no_retry);
        return true;
    }
    note_return(m);
    m->retries++;
    enter(&oracle->now, m, ORACLE_DEAD);
    return true;
}

static bool touch(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = flying(oracle, event);

    if (!m)
        return false;
    m->time_ms = event->time_ms;
    enter(&oracle->now, m, ORACLE_FLIGHT);
    return true;
}

static bool expire(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_first(oracle, event->topic, ORACLE_READY);

    if (!m || m->lsn != event->message.lsn || m->expiry_ms == 0 || m->expiry_ms > event->time_ms)
        return wrong(oracle, "LSN %" PRIx64 " expires but should not", event->message.lsn);
    drop(&oracle->now, m);
    return true;
}

static bool make_room(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_first(oracle, event->topic, ORACLE_READY);

    if (!m || m->lsn != event->message.lsn)
        return wrong(oracle, "LSN %" PRIx64 " makes room but is not the first", event->message.lsn);
    drop(&oracle->now, m);
    return true;
}

static bool redrive(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || m->state != ORACLE_DEAD)
        return wrong(oracle, "LSN %" PRIx64 " is redriven but is not dead", event->message.lsn);
    m->retries = 0;
    m->time_ms = event->time_ms;
    enter(&oracle->now, m, event->time_ms > 0 ? ORACLE_DELAYED : ORACLE_READY);
    return true;
}

static bool bury(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || m->state != ORACLE_READY)
        return wrong(oracle, "LSN %" PRIx64 " is buried but does not wait", event->message.lsn);
    m->came_back = true;
    enter(&oracle->now, m, ORACLE_DEAD);
    return true;
}

/* Does `a` fire before `b`? Earlier first; of one moment delayed ones first; then who came first. */
static bool fires_before(const struct oracle_message *a, const struct oracle_message *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    if (a->state != b->state)
        return a->state == ORACLE_DELAYED;
    return a->order < b->order;
}

static void fire(struct oracle_world *now, struct oracle_message *m)
{
    if (m->state == ORACLE_DELAYED) {
        enter(now, m, ORACLE_READY);
        return;
    }
    give_back(now, m, m->time_ms, 0, true);
}

struct oracle_message *oracle_next_timer(struct oracle *oracle, uint64_t now_ms)
{
    struct oracle_message *next = NULL;

    for (size_t i = 0; i < oracle->now.count; i++) {
        struct oracle_message *m = &oracle->now.live[i];
        bool timed = m->state == ORACLE_DELAYED || m->state == ORACLE_FLIGHT;
        if (timed && m->time_ms <= now_ms && (!next || fires_before(m, next)))
            next = m;
    }
    return next;
}

/* What is delayed and what is in flight becomes less with every timer: the state after each is another. */
static bool has_timers(const struct oracle *oracle, uint32_t delayed, uint32_t in_flight)
{
    for (size_t i = 0; i < oracle->now.count; i++) {
        delayed -= oracle->now.live[i].state == ORACLE_DELAYED;
        in_flight -= oracle->now.live[i].state == ORACLE_FLIGHT;
    }
    return delayed == 0 && in_flight == 0;
}

static bool tick(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *next;

    for (oracle->fired = 0; !has_timers(oracle, event->count, event->number); oracle->fired++) {
        if (!(next = oracle_next_timer(oracle, event->time_ms)))
            return wrong(oracle, "%u timers fire, and then it is not %u that are delayed and %u in flight",
                         (unsigned)oracle->fired, (unsigned)event->count, (unsigned)event->number);
        fire(&oracle->now, next);
    }
    return true;
}

static bool put_aside(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || (m->state != ORACLE_READY && m->state != ORACLE_DELAYED))
        return wrong(oracle, "LSN %" PRIx64 " is put aside but does not wait", event->message.lsn);
    enter(&oracle->now, m, m->state == ORACLE_READY ? ORACLE_ASIDE : ORACLE_DELAYED_ASIDE);
    return true;
}

static bool come_back(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || m->state != ORACLE_DELAYED_ASIDE)
        return wrong(oracle, "LSN %" PRIx64 " comes back but was not away", event->message.lsn);
    m->time_ms = max_u64(m->time_ms, event->time_ms);
    enter(&oracle->now, m, ORACLE_DELAYED);
    return true;
}

/* The first `count` of the topic in this state, or all, become ready behind all that are. */
static void requeue(struct oracle *oracle, uint32_t topic, enum oracle_state state, size_t count)
{
    struct oracle_message *m;

    for (; count > 0 && (m = oracle_first(oracle, topic, state)); count--)
        enter(&oracle->now, m, ORACLE_READY);
}

static void bring_back(struct oracle *oracle, const struct oracle_event *event)
{
    size_t ready = oracle_count(oracle, event->topic, ORACLE_READY);

    requeue(oracle, event->topic, ORACLE_READY, event->count);
    requeue(oracle, event->topic, ORACLE_ASIDE, SIZE_MAX);
    requeue(oracle, event->topic, ORACLE_READY, ready - event->count);
}

/* ---- what is steered ------------------------------------------------------------------------- */

static void drop_from_middle(struct oracle *oracle, struct oracle_message *m)
{
    if (oracle->ghost_count == oracle->ghost_room) {
        oracle->ghost_room = oracle->ghost_room ? 2 * oracle->ghost_room : 64;
        oracle->ghosts = mem_grow(oracle->ghosts, oracle->ghost_room, sizeof(oracle->ghosts[0]));
    }
    oracle->ghosts[oracle->ghost_count++] = (struct oracle_ghost){.lsn = m->lsn, .bytes = m->end - m->lsn,
                                                                  .until_ms = m->time_ms};
    drop(&oracle->now, m);
}

static bool cancel(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message *m = oracle_by_lsn(oracle, event->message.lsn);

    if (!m || m->topic != event->topic || m->state != event->message.state)
        return wrong(oracle, "LSN %" PRIx64 " is taken out of state %d, where it is not", event->message.lsn,
                     (int)event->message.state);
    if (event->kind == ORACLE_LIFT)
        oracle->now.lifted = *m;
    drop_from_middle(oracle, m);
    return true;
}

/* It keeps all that it carries, and what is known of its deliveries. */
static bool again(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_message m = oracle->now.lifted;

    if (m.id == 0 || m.id != event->message.id || m.topic != event->topic)
        return wrong(oracle, "%" PRIu64 " is there again, and was not taken away", event->message.id);
    m.lsn = event->message.lsn;
    m.end = event->message.end;
    m.time_ms = event->message.time_ms;
    m.state = event->message.state;
    m.moved = true;
    (void)add(&oracle->now, &m);
    oracle->now.lifted.id = 0;
    return true;
}

static bool purge(struct oracle *oracle, const struct oracle_event *event)
{
    for (uint32_t n = 0; n < event->count; n++) {
        struct oracle_message *m = oracle_first(oracle, event->topic, event->message.state);
        if (!m && event->message.state == ORACLE_DELAYED) /* all go, those of a piece that cannot be read, too */
            m = oracle_first(oracle, event->topic, ORACLE_DELAYED_ASIDE);
        if (!m)
            return wrong(oracle, "%u messages are purged, %u are there", (unsigned)event->count, (unsigned)n);
        drop_from_middle(oracle, m);
    }
    oracle->now.topics[event->topic].purge_end = event->end;
    return true;
}

static void delete(struct oracle *oracle, const struct oracle_event *event)
{
    for (size_t i = oracle->now.count; i-- > 0;)
        if (oracle->now.live[i].topic == event->topic)
            drop_from_middle(oracle, &oracle->now.live[i]);
    if (oracle->deleted_count == oracle->deleted_room) {
        oracle->deleted_room = oracle->deleted_room ? 2 * oracle->deleted_room : 16;
        oracle->deleted = mem_grow(oracle->deleted, oracle->deleted_room, sizeof(oracle->deleted[0]));
    }
    oracle->deleted[oracle->deleted_count++] = oracle->now.topics[event->topic].number;
    oracle->now.topics[event->topic] = (struct oracle_topic){.name = oracle->now.topics[event->topic].name};
}

static void set_topic(struct oracle *oracle, const struct oracle_event *event)
{
    struct oracle_topic *topic = &oracle->now.topics[event->topic];

    if (topic->number != event->number)
        *topic = (struct oracle_topic){.number = 0};
    topic->name = event->name;
    topic->number = event->number;
    topic->exited = event->exited;
    topic->auto_ack = event->auto_ack;
    topic->set = event->set;
}

static bool change(struct oracle *oracle, const struct oracle_event *event)
{
    switch (event->kind) {
    case ORACLE_TOPIC:
        set_topic(oracle, event);
        return true;
    case ORACLE_NODE:
        oracle->now.max_retries = event->max_retries;
        oracle_dedup_limit(&oracle->now, event->dedup_keys, event->dedup_window_ms);
        return true;
    case ORACLE_PUSH:
        return push(oracle, event);
    case ORACLE_POP:
        return pop(oracle, event);
    case ORACLE_ACK:
    case ORACLE_TAKE:
        return leave(oracle, event);
    case ORACLE_GIVE_BACK:
    case ORACLE_REJECT:
        return end_delivery(oracle, event);
    case ORACLE_TOUCH:
        return touch(oracle, event);
    case ORACLE_EXPIRE:
        return expire(oracle, event);
    case ORACLE_DROP:
        return make_room(oracle, event);
    case ORACLE_REDRIVE:
        return redrive(oracle, event);
    case ORACLE_BURY:
        return bury(oracle, event);
    case ORACLE_TICK:
        return tick(oracle, event);
    case ORACLE_RETURN:
        return come_back(oracle, event);
    case ORACLE_LEAVE:
        return put_aside(oracle, event);
    case ORACLE_BACK:
        bring_back(oracle, event);
        return true;
    case ORACLE_CANCEL:
    case ORACLE_LIFT:
        return cancel(oracle, event);
    case ORACLE_AGAIN:
        return again(oracle, event);
    case ORACLE_PURGE:
        return purge(oracle, event);
    case ORACLE_DELETE:
        delete(oracle, event);
        return true;
    case ORACLE_CLIENT:
        oracle->now.clients[event->number] = event->name;
        return true;
    default:
        return true;
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool counts(const struct oracle_message *m, uint32_t topic)
{
    return m->topic == topic && m->state != ORACLE_DEAD;
}

static uint64_t bytes_of(const struct oracle *oracle, uint32_t topic)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < oracle->now.count; i++)
        if (counts(&oracle->now.live[i], topic))
            bytes += (oracle->now.live[i].body_bytes + 63) / 64 * 64;
    return bytes;
}

/* Does something enter or leave here of which no record says the size? */
static bool is_vague(const struct oracle_event *event)
{
    switch (event->kind) {
    case ORACLE_EXPIRE:
    case ORACLE_DROP:
    case ORACLE_REDRIVE:
    case ORACLE_BURY:
    case ORACLE_LEAVE:
        return true;
    case ORACLE_CANCEL:
    case ORACLE_LIFT:
    case ORACLE_PURGE:
        return event->message.state == ORACLE_READY || event->message.state == ORACLE_DELAYED;
    default:
        return false;
    }
}

/* What was counted wrong is forgotten when none is left. */
static void forget_vague(struct oracle *oracle)
{
    for (uint32_t topic = 0; topic < ORACLE_TOPICS_MAX; topic++) {
        bool any = !oracle->now.topics[topic].vague;
        for (size_t i = 0; i < oracle->now.count && !any; i++)
            any = counts(&oracle->now.live[i], topic);
        if (!any)
            oracle->now.topics[topic].vague = false;
    }
}

static bool apply(struct oracle *oracle, const struct oracle_event *event)
{
    if (is_vague(event))
        oracle->now.topics[event->topic].vague = true;
    if (!change(oracle, event))
        return false;
    forget_vague(oracle);
    return true;
}

bool oracle_happens(struct oracle *oracle, const struct oracle_event *event)
{
    if (oracle->event_count == oracle->event_room) {
        oracle->event_room = 2 * oracle->event_room;
        oracle->events = mem_grow(oracle->events, oracle->event_room, sizeof(oracle->events[0]));
    }
    oracle->events[oracle->event_count++] = *event;
    return apply(oracle, event);
}

/* ---- restarts -------------------------------------------------------------------------------- */

static void copy_world(struct oracle_world *to, const struct oracle_world *from)
{
    struct oracle_message *live = to->live;
    size_t room = to->room;

    if (room < from->count) {
        room = from->room;
        live = mem_grow(live, room, sizeof(live[0]));
    }
    if (from->count > 0)
        memcpy(live, from->live, from->count * sizeof(live[0]));
    *to = *from;
    to->live = live;
    to->room = room;
}

static void start_anew(struct oracle *oracle, uint64_t digest)
{
    copy_world(&oracle->start, &oracle->now);
    oracle->event_count = 1;
    oracle->events[0] = (struct oracle_event){.kind = ORACLE_START, .digest = digest};
}

bool oracle_restarts(struct oracle *oracle, uint64_t digest, uint64_t at_least, size_t *ret_lost)
{
    size_t last = oracle->event_count;
    uint64_t told = oracle->told_id;

    while (last > 0 && (oracle->events[last - 1].digest != digest || oracle->events[last - 1].more))
        last--;
    if (last == 0)
        return wrong(oracle, "the recovered state is that of no moment since the last restart");
    for (size_t i = last; i < oracle->event_count; i++)
        if (oracle->events[i].end <= at_least)
            return wrong(oracle, "the record that ended at %" PRIx64 " is lost, all up to %" PRIx64 " had to stay",
                         oracle->events[i].end, at_least);
    *ret_lost = oracle->event_count - last;
    copy_world(&oracle->now, &oracle->start);
    oracle->told_id = 0;
    for (size_t i = 0; i < last; i++)
        if (!apply(oracle, &oracle->events[i]))
            return false;
    oracle->told_id = told;
    start_anew(oracle, digest);
    return true;
}

/* Where what stands or falls with the event ends. */
static uint64_t group_end(const struct oracle *oracle, size_t i)
{
    while (oracle->events[i].more && i + 1 < oracle->event_count)
        i++;
    return oracle->events[i].end;
}

uint64_t oracle_stands_with(const struct oracle *oracle, const struct oracle_message *m)
{
    for (size_t i = 0; i < oracle->event_count; i++)
        if (oracle->events[i].kind == ORACLE_PUSH && oracle->events[i].message.lsn == m->lsn)
            return group_end(oracle, i);
    return m->end;
}

bool oracle_could_be(const struct oracle *oracle, uint64_t digest, uint64_t at_least, uint64_t low)
{
    uint64_t kept = min_u64(at_least, low);

    for (size_t last = oracle->event_count; last > 0; last--) {
        if (oracle->events[last - 1].digest == digest && !oracle->events[last - 1].more)
            return true;
        if (last > 1 && group_end(oracle, last - 1) <= kept)
            return false;
    }
    return false;
}

/* ---- agreement ------------------------------------------------------------------------------- */

static bool same_refs(struct oracle *oracle, uint32_t topic, enum oracle_state state, const uint64_t *refs, size_t n)
{
    uint64_t before = 0;

    for (size_t i = 0; i < n; i++) {
        const struct oracle_message *m = oracle_by_lsn(oracle, ref_lsn(refs[i]));
        if (!m && state == ORACLE_READY && oracle_is_ghost(oracle, ref_lsn(refs[i])))
            continue;
        if (!m || m->topic != topic || m->state != state || m->order <= before || m->retries != ref_retries(refs[i]))
            return wrong(oracle, "topic %s: the %s list is not the oracle's at place %zu (LSN %" PRIx64 ")",
                         oracle->now.topics[topic].name, state == ORACLE_READY ? "ready" : "dead", i,
                         ref_lsn(refs[i]));
        before = m->order;
    }
    return true;
}

static bool same_count(struct oracle *oracle, const struct oracle_topic *topic, const char *what, uint64_t engine,
                       uint64_t should)
{
    return engine == should ||
           wrong(oracle, "topic %s has %" PRIu64 " %s, should be %" PRIu64, topic->name, engine, what, should);
}

/* What is gone of a piece that cannot be read is taken off those that are there, until it can. */
bool oracle_same_ready(const struct oracle *oracle, uint32_t topic, const struct queue *queue, uint64_t ready)
{
    size_t should = oracle_count(oracle, topic, ORACLE_READY);
    bool aside = queue->ready.out && queue->ready.out->put_aside > 0;

    return ready == should || (aside && ready < should);
}

static bool same_lists(struct oracle *oracle, uint32_t i, const struct queue *queue)
{
    size_t n = waiting_in_memory(&queue->ready), at = 0;
    uint64_t *refs = mem_new(8 * (n + queue->dead.count + 1));

    for (struct waiting_cursor cursor = waiting_begin(&queue->ready); waiting_next(&cursor, &refs[at]);)
        at++;
    bool same = same_refs(oracle, i, ORACLE_READY, refs, at) &&
                same_refs(oracle, i, ORACLE_DEAD, refs, refset_oldest(&queue->dead, refs, queue->dead.count));

    free(refs);
    return same;
}

static bool same_topic(struct oracle *oracle, uint32_t i, const struct queue *queue)
{
    const struct oracle_topic *topic = &oracle->now.topics[i];

    if (!queue)
        return wrong(oracle, "topic %s is gone", topic->name);
    if (!slice_is(slice_of(queue->name, queue->name_len), topic->name) || queue->exited != topic->exited ||
        queue->auto_ack != topic->auto_ack || !oracle_same_settings(&queue->set, &topic->set))
        return wrong(oracle, "topic %s: name, flags or settings differ", topic->name);
    return same_count(oracle, topic, "pushes", queue->push_num, topic->push_num) &&
           same_count(oracle, topic, "pops", queue->pop_num, topic->pop_num) &&
           (topic->vague || same_count(oracle, topic, "bytes", queue->bytes, bytes_of(oracle, i))) &&
           (oracle_same_ready(oracle, i, queue, queue_ready(queue)) ||
            same_count(oracle, topic, "ready", queue_ready(queue), oracle_count(oracle, i, ORACLE_READY))) &&
           same_count(oracle, topic, "delayed", queue->delayed, oracle_delayed(oracle, i)) &&
           same_count(oracle, topic, "in flight", queue->in_flight, oracle_count(oracle, i, ORACLE_FLIGHT)) &&
           same_count(oracle, topic, "dead", queue->dead.count, oracle_count(oracle, i, ORACLE_DEAD)) &&
           same_lists(oracle, i, queue);
}

static bool same_facts(struct oracle *oracle, const struct engine *engine)
{
    for (size_t i = 0; i < oracle->now.count; i++) {
        const struct oracle_message *m = &oracle->now.live[i];
        struct engine_facts facts = {.first_ms = 0};
        if (engine_facts(engine, m->lsn, &facts) != m->came_back || facts.first_ms != m->first_ms ||
            facts.last_ms != m->last_ms || facts.is_dead != (m->state == ORACLE_DEAD))
            return wrong(oracle, "what is known of %" PRIu64 " is not so", m->id);
    }
    return true;
}

bool oracle_agrees(struct oracle *oracle, const struct engine *engine)
{
    uint32_t topics = 0;

    for (uint32_t i = 0; i < ORACLE_TOPICS_MAX; i++) {
        if (oracle->now.topics[i].number == 0)
            continue;
        topics++;
        if (!same_topic(oracle, i, engine_queue(engine, oracle->now.topics[i].number)))
            return false;
    }
    if (!same_facts(oracle, engine))
        return false;
    return engine_topics(engine) == topics || wrong(oracle, "the engine has %u topics, should be %u",
                                                    (unsigned)engine_topics(engine), (unsigned)topics);
}

/* ---- life ------------------------------------------------------------------------------------ */

void oracle_init(struct oracle *oracle, uint64_t empty_digest)
{
    *oracle = (struct oracle){.event_room = 256};
    oracle->events = mem_new(oracle->event_room * sizeof(oracle->events[0]));
    start_anew(oracle, empty_digest);
}

void oracle_free(struct oracle *oracle)
{
    free(oracle->now.live);
    free(oracle->start.live);
    free(oracle->events);
    free(oracle->ghosts);
    free(oracle->deleted);
}
