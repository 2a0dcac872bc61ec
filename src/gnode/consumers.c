/* consumers.c - see consumers.h. SPDX-License-Identifier: MIT */
#include "gnode/consumers.h"

#include "base/mem.h"
#include "engine/look.h"
#include "gnode/turn.h"

#include <stdlib.h>

enum {
    ROOM_MIN = 4,
    ROWS_MAX = 2 * CONSUMERS_MAX, /* of an answer: those who hold messages from before, too */
    LOOKS_A_TURN = 65536,         /* messages in flight */
    LEASES = 64,
    RATE_UNIT = 1000 * 1000,
};

static struct consumers *consumers_of(const struct queue *queue)
{
    const struct usage *usage = queue->usage;

    return usage ? usage->consumers : NULL;
}

static struct consumer *find(struct consumers *consumers, uint32_t seat)
{
    for (uint32_t i = 0; i < consumers->count; i++)
        if (consumers->items[i].seat == seat)
            return &consumers->items[i];
    return NULL;
}

static size_t bytes_of(uint32_t room) { return sizeof(struct consumers) + room * sizeof(struct consumer); }

/* Room for one more, though it be that of the one who popped longest ago. */
static struct consumer *make_room(struct broker *broker, struct usage *usage)
{
    struct consumers *consumers = usage->consumers;
    uint32_t room = consumers ? consumers->room : 0;

    if (room == CONSUMERS_MAX && consumers->count == room) {
        struct consumer *oldest = &consumers->items[0];
        for (uint32_t i = 1; i < room; i++)
            if (consumers->items[i].last_ms < oldest->last_ms)
                oldest = &consumers->items[i];
        return oldest;
    }
    if (!consumers || consumers->count == room) {
        uint32_t more = room > 0 ? 2 * room : ROOM_MIN;
        struct consumers *grown = mem_new(bytes_of(more));
        if (consumers)
            memcpy(grown, consumers, bytes_of(room));
        grown->room = more;
        broker->usages.bytes += mem_taken(bytes_of(more)) - (consumers ? mem_taken(bytes_of(room)) : 0);
        free(consumers);
        usage->consumers = consumers = grown;
    }
    return &consumers->items[consumers->count++];
}

void consumers_forget(struct broker *broker, struct usage *usage)
{
    if (!usage->consumers)
        return;
    broker->usages.bytes -= mem_taken(bytes_of(((const struct consumers *)usage->consumers)->room));
    free(usage->consumers);
    usage->consumers = NULL;
}

void consumers_settle(struct queue *queue, uint64_t now_ms)
{
    struct consumers *consumers = consumers_of(queue);
    struct consumer *consumer = consumers ? find(consumers, queue->popper) : NULL;

    if (!consumers)
        return;
    if (consumer && queue->pop_num != consumers->run_from) {
        consumer->popped += queue->pop_num - consumers->run_from;
        consumer->last_ms = max_u64(consumer->last_ms, now_ms);
    }
    consumers->run_from = queue->pop_num;
}

void consumers_switch(struct broker *broker, struct queue *queue, const struct session *session, uint64_t now_ms)
{
    consumers_settle(queue, 0); /* when it popped last is not known better than before */
    queue->popper = session->seat;
    if (session->seat == 0)
        return;
    struct usage *usage = usage_of(broker, queue, now_ms);
    struct consumer *known = usage->consumers ? find(usage->consumers, session->seat) : NULL;
    if (known) {
        known->last_ms = now_ms;
        return;
    }
    *make_room(broker, usage) = (struct consumer){.seat = session->seat, .number = session->holder,
                                                  .since_ms = now_ms, .last_ms = now_ms};
    usage->consumers->run_from = queue->pop_num;
}

void consumers_mark(struct queue *queue)
{
    struct consumers *consumers = consumers_of(queue);

    for (uint32_t i = 0; consumers && i < consumers->count; i++) {
        struct consumer *consumer = &consumers->items[i];
        consumer->marks[0] = consumer->marks[1];
        consumer->marks[1] = consumer->popped;
    }
}

uint32_t consumers_seen(const struct queue *queue, uint64_t now_ms)
{
    const struct consumers *consumers = consumers_of(queue);
    uint32_t seen = 0;

    for (uint32_t i = 0; consumers && i < consumers->count; i++)
        seen += consumers->items[i].last_ms + CONSUMER_SEEN_MS > now_ms;
    return seen;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

struct row {
    uint32_t number;
    uint64_t held, oldest_ms;
};

/* The messages in flight are looked at over several turns. */
struct tally {
    struct session_work work;
    uint32_t at, rows;
    struct row row[ROWS_MAX];
};

static void free_tally(struct session_work *work) { free(CONTAINER_OF(work, struct tally, work)); }

static struct tally *tally_of(struct session *session)
{
    if (!session->work) {
        struct tally *tally = mem_new(sizeof(*tally));
        tally->work.free = free_tally;
        session->work = &tally->work;
    }
    return CONTAINER_OF(session->work, struct tally, work);
}

static void count_lease(struct tally *tally, const struct lease *lease)
{
    uint32_t i = 0;

    while (i < tally->rows && tally->row[i].number != lease->holder)
        i++;
    if (i == ROWS_MAX)
        return;
    struct row *row = &tally->row[i];
    if (i == tally->rows)
        tally->row[tally->rows++] = (struct row){.number = lease->holder, .oldest_ms = lease->since_ms};
    row->held++;
    row->oldest_ms = min_u64(row->oldest_ms, lease->since_ms);
}

/* False: there are more to be looked at. */
static bool count_leases(const struct turn *turn, struct tally *tally)
{
    uint32_t looks = LOOKS_A_TURN, places[LEASES];
    struct lease leases[LEASES];

    while (looks > 0 && tally->at != UINT32_MAX) {
        size_t n = look_flight(turn->broker->engine, turn->queue->number, &tally->at, &looks, leases, places, LEASES);
        for (size_t i = 0; i < n; i++)
            if (leases[i].holder > 0)
                count_lease(tally, &leases[i]);
    }
    return tally->at == UINT32_MAX;
}

static void fill_name(struct report *report, const struct turn *turn, struct report_consumer *to, uint32_t number)
{
    struct engine_client client;

    (void)engine_client(turn->broker->engine, number, &client);
    to->name = report_keep(report, client.name);
    to->address = report_keep(report, client.address);
}

static void fill(struct report *report, const struct turn *turn, const struct consumer *from)
{
    struct report_consumer *to = &report->consumers[report->count++];
    const struct usage *usage = turn->queue->usage;

    *to = (struct report_consumer){.since_ms = from->since_ms, .last_pop_ms = from->last_ms, .popped = from->popped};
    fill_name(report, turn, to, from->number);
    uint64_t ms = max_u64(turn->now_ms - min_u64(usage->marks[0].at_ms, turn->now_ms), 1000);
    if (usage->busy)
        to->rate_mhz = (from->popped - from->marks[0]) * RATE_UNIT / ms;
}

/* What the client holds; its row is used up. */
static void fill_held(struct report_consumer *to, struct tally *tally, uint32_t number)
{
    for (uint32_t i = 0; i < tally->rows; i++) {
        struct row *row = &tally->row[i];
        if (row->number != number)
            continue;
        to->in_flight = row->held;
        to->oldest_ms = row->oldest_ms;
        row->held = 0;
    }
}

static struct report *write_report(const struct turn *turn, struct tally *tally)
{
    struct report *report = report_new(REPORT_CONSUMERS, CONSUMERS_MAX + ROWS_MAX);
    const struct consumers *consumers = consumers_of(turn->queue);

    for (uint32_t i = 0; consumers && i < consumers->count; i++) {
        const struct consumer *consumer = &consumers->items[i];
        if (holders_seat(turn->broker, consumer->number) != consumer->seat)
            continue;
        fill(report, turn, consumer);
        fill_held(&report->consumers[report->count - 1], tally, consumer->number);
    }
    for (uint32_t i = 0; i < tally->rows; i++) {
        if (tally->row[i].held == 0)
            continue;
        struct report_consumer *to = &report->consumers[report->count++];
        fill_name(report, turn, to, tally->row[i].number);
        to->since_ms = tally->row[i].oldest_ms;
        fill_held(to, tally, tally->row[i].number);
    }
    return report;
}

static int by_last_pop(const void *left, const void *right)
{
    const struct report_consumer *a = left, *b = right;

    return a->last_pop_ms < b->last_pop_ms ? 1 : a->last_pop_ms > b->last_pop_ms ? -1 : 0;
}

int exec_consumers(struct turn *turn)
{
    struct session *session = turn->session;

    if (!turn->queue || turn->queue->exited) {
        session_end_work(session);
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    }
    struct tally *tally = tally_of(session);
    if (!count_leases(turn, tally)) {
        turn->broker->retry = true;
        return no_room(turn, -EAGAIN);
    }
    usage_look(turn->broker, turn->queue, turn->now_ms);
    struct report *report = write_report(turn, tally);
    session_end_work(session);
    qsort(report->consumers, report->count, sizeof(report->consumers[0]), by_last_pop);
    return answer_report(turn, report, 0);
}
