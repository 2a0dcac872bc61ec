/*
 * purge.c - all messages of a topic that are in one state are gone
 *
 * Some of them a turn, over as many turns as it takes; what comes into the state meanwhile stays, but for leases.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/turn.h"

#include "base/mem.h"
#include "engine/look.h"
#include "gnode/lists.h"

#include <stdlib.h>

enum {
    RECORDS_A_TURN = 4,      /* PURGE: 16 thousand messages */
    LOADS_A_TURN = 32,       /* as many */
    FLIGHT_LOOKS = 16384,    /* places of leases a turn */
    LEASES_AT_ONCE = 256,
};

struct purge {
    struct session_work work;
    uint32_t number;  /* of the queue */
    uint64_t end;     /* READY: place in the list of the first that stays */
    uint64_t left;    /* DEAD */
    uint32_t at;      /* IN_FLIGHT: place to go on with; UINT32_MAX = that was all */
    uint64_t done;
    uint64_t end_lsn; /* of what was appended so far */
};

static void free_purge(struct session_work *work) { free(CONTAINER_OF(work, struct purge, work)); }

static struct purge *begin(struct turn *turn)
{
    const struct queue *queue = turn->queue;
    struct purge *purge = mem_new(sizeof(*purge));

    *purge = (struct purge){.work = {.free = free_purge}, .number = queue->number, .left = queue->dead.count,
                            .end = queue->ready.passed + waiting_count(&queue->ready)};
    turn->session->work = &purge->work;
    return purge;
}

uint64_t purge_append(struct broker *broker, uint32_t number, enum payload_list list, uint64_t count, uint64_t now_ms)
{
    struct payload_purge purge = {.now_ms = now_ms, .count = (uint32_t)min_u64(count, PAYLOAD_PURGE_MAX)};
    uint16_t aux = payload_ack_aux(list, PAYLOAD_HOW_DELETED);

    payload_put_purge(log_begin(broker->log, RECORD_PURGE, 0, aux, number, PAYLOAD_PURGE_BYTES), &purge);
    return broker_apply(broker);
}

static int room(const struct turn *turn)
{
    return broker_room(turn->broker, record_stride(RECORD_PURGE, PAYLOAD_PURGE_BYTES), true);
}

/* Each step: 1 = all is done; 0 = enough for this turn; -EAGAIN = a chunk is being fetched; < 0 as broker_room(). */

static int purge_ready(const struct turn *turn, struct purge *purge)
{
    const struct waiting *list = &turn->queue->ready;
    unsigned records = 0, loads = 0;

    while (list->passed < purge->end && waiting_count(list) > 0) {
        if (records == RECORDS_A_TURN || loads == LOADS_A_TURN)
            return 0;
        const struct fifo *oldest = waiting_oldest(list);
        int rc = oldest ? room(turn) : lists_load(turn->broker, turn->queue);
        if (rc < 0 || (!oldest && rc == 0))
            return rc < 0 ? rc : -EAGAIN;
        if (oldest)
            purge->end_lsn = purge_append(turn->broker, purge->number, PAYLOAD_LIST_READY, purge->end - list->passed,
                                          turn->now_ms);
        *(oldest ? &records : &loads) += 1;
    }
    return 1;
}

static int purge_dead(const struct turn *turn, struct purge *purge)
{
    for (unsigned records = 0; purge->left > 0 && turn->queue->dead.count > 0; records++) {
        int rc = room(turn);
        if (rc < 0 || records == RECORDS_A_TURN)
            return rc;
        purge->end_lsn = purge_append(turn->broker, purge->number, PAYLOAD_LIST_DEAD, purge->left, turn->now_ms);
        purge->left -= min_u64(purge->left, PAYLOAD_PURGE_MAX);
    }
    return 1;
}

static int purge_delayed(const struct turn *turn, struct purge *purge)
{
    int rc = turn->queue->delayed > 0 ? room(turn) : 1;

    if (rc == 0)
        purge->end_lsn = purge_append(turn->broker, purge->number, PAYLOAD_LIST_DELAYED, 0, turn->now_ms);
    return rc < 0 ? rc : 1;
}

static uint64_t ack_leases(const struct turn *turn, const struct lease *leases, size_t n)
{
    struct payload_pair pairs[LEASES_AT_ONCE];

    for (size_t i = 0; i < n; i++)
        pairs[i] = (struct payload_pair){.ref = leases[i].ref, .id = leases[i].id};
    return ack_append_one(turn->broker, turn->queue->number,
                          payload_ack_aux(PAYLOAD_LIST_FLIGHT, PAYLOAD_HOW_DELETED), 0, pairs, n);
}

static int purge_flight(const struct turn *turn, struct purge *purge)
{
    struct lease leases[LEASES_AT_ONCE];
    uint32_t places[LEASES_AT_ONCE], looks = FLIGHT_LOOKS;

    while (purge->at != UINT32_MAX) {
        int rc = broker_room(turn->broker, record_stride(RECORD_ACK, LEASES_AT_ONCE * PAYLOAD_PAIR_BYTES), true);
        if (rc < 0 || looks == 0)
            return rc;
        size_t n = look_flight(turn->broker->engine, purge->number, &purge->at, &looks, leases, places,
                               LEASES_AT_ONCE);
        if (n > 0)
            purge->end_lsn = ack_leases(turn, leases, n);
    }
    return 1;
}

static int step(const struct turn *turn, struct purge *purge)
{
    uint64_t before = turn->queue->counts.deleted;
    int rc;

    switch (turn->cmd->args->place) {
    case PLACE_READY:
        rc = purge_ready(turn, purge);
        break;
    case PLACE_DELAYED:
        rc = purge_delayed(turn, purge);
        break;
    case PLACE_IN_FLIGHT:
        rc = purge_flight(turn, purge);
        break;
    default:
        rc = purge_dead(turn, purge);
    }
    purge->done += turn->queue->counts.deleted - before;
    return rc;
}

static int answer(const struct turn *turn, const struct purge *purge)
{
    struct report *report = report_new(REPORT_DONE, 0);
    uint64_t end_lsn = purge->end_lsn;

    report->done = purge->done;
    session_end_work(turn->session);
    return answer_report(turn, report, end_lsn);
}

int exec_purge(struct turn *turn)
{
    struct session *session = turn->session;
    struct purge *purge = session->work ? CONTAINER_OF(session->work, struct purge, work) : NULL;
    bool there = turn->queue && !turn->queue->exited;

    if (!purge && !there)
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    if (turn->cmd->args->place > PLACE_DEAD)
        return refuse(turn, GMQ_E_VALUE, 0, "state must be ready, delayed, in_flight or dead");
    if (!purge)
        purge = begin(turn);
    if (!turn->queue || turn->queue->number != purge->number)
        return answer(turn, purge); /* the topic was deleted meanwhile */
    int rc = step(turn, purge);
    if (rc == 1)
        return answer(turn, purge);
    if (rc == 0 || rc == -EAGAIN) {
        turn->broker->retry = turn->broker->retry || rc == 0;
        return no_room(turn, -EAGAIN);
    }
    session_end_work(session);
    return no_room(turn, rc);
}

/* ---- deleted topics ---------------------------------------------------------------------------------------------- */

bool purge_doomed(struct broker *broker, uint64_t now_ms)
{
    uint32_t number;

    for (unsigned n = 0; (number = engine_doomed(broker->engine)) > 0; n++) {
        const struct queue *queue = engine_queue(broker->engine, number);
        const struct fifo *oldest = waiting_oldest(&queue->ready);
        bool loads = !oldest;
        int rc = loads ? lists_load(broker, queue)
                       : broker_room(broker, record_stride(RECORD_PURGE, PAYLOAD_PURGE_BYTES), true);
        if (rc < 0 || (loads && rc == 0))
            return false; /* after the next change */
        if (loads && n < LOADS_A_TURN)
            continue;
        if (n >= RECORDS_A_TURN)
            return true;
        enum payload_list list = oldest->count > 0 ? PAYLOAD_LIST_READY : PAYLOAD_LIST_DEAD;
        (void)purge_append(broker, number, list, PAYLOAD_PURGE_MAX, now_ms);
    }
    return false;
}

int exec_topic_delete(struct turn *turn)
{
    struct broker *broker = turn->broker;
    struct queue *queue = turn->queue;

    if (!queue || queue->exited)
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    int rc = broker_room(broker, broker_queue_stride(queue->name_len), true);
    if (rc < 0)
        return no_room(turn, rc);
    broker->retry = true; /* what is left of it is taken from the next turn on */
    if (!wait_end_queue(broker, queue))
        return no_room(turn, -EAGAIN);
    struct report *report = report_new(REPORT_DONE, 0);
    report->done = queue_messages(queue) + queue->dead.count;
    uint64_t end = broker_append_queue(broker, queue->number, turn->cmd->topic, queue->start_ms,
                                       PAYLOAD_QUEUE_DELETED, &TOPIC_SETTINGS_NONE);
    return answer_report(turn, report, end);
}
