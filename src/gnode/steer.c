/*
 * steer.c - cancel and reschedule: one message, taken from where it stands
 *
 * A message is found, and what becomes of it is decided and appended, in one turn: of a delivery and a cancel exactly
 * one comes first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/turn.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "gnode/locate.h"

#include <stdlib.h>

/* Nothing tells what waits from what is gone: what was handed out and acked must not come again. */
static bool is_doubtful(const struct turn *turn, const struct located *at)
{
    bool waits = at->place == PLACE_READY || at->place == PLACE_DELAYED;

    return waits && log_is_blind(turn->broker->log, at->lsn);
}

/* The message of the command. 1; 0: the command waits, or was refused, as `ret_rc` says. */
static int find(struct turn *turn, struct located *ret, int *ret_rc)
{
    const struct cmd *cmd = turn->cmd;
    int rc = locate(turn->broker, cmd->id, ret);

    *ret_rc = 0;
    if (rc == 0)
        *ret_rc = no_room(turn, -EAGAIN);
    else if (rc < 0)
        (void)refuse(turn, rc, 0, NULL);
    else if (cmd->topic.len > 0 && ret->queue != turn->queue)
        (void)refuse(turn, GMQ_E_MESSAGE_UNKNOWN, 0, NULL);
    else if (ret->place == PLACE_GONE)
        (void)refuse(turn, GMQ_E_MESSAGE_STATE, 0, "gone");
    else if (is_doubtful(turn, ret))
        (void)refuse(turn, GMQ_E_UNREADABLE, 0, NULL);
    else
        return 1;
    return 0;
}

static enum payload_list list_of(enum message_place place)
{
    switch (place) {
    case PLACE_READY:
        return PAYLOAD_LIST_READY;
    case PLACE_DELAYED:
        return PAYLOAD_LIST_DELAYED;
    case PLACE_DEAD:
        return PAYLOAD_LIST_DEAD;
    default:
        return PAYLOAD_LIST_FLIGHT;
    }
}

/* What the answer says; the queue may be gone with the next record. */
static struct report *report_of(const struct turn *turn, const struct located *at, uint64_t due_ms)
{
    struct report *report = report_new(REPORT_MOVED, 0);

    report->id = turn->cmd->id;
    report->name = report_keep(report, slice_of(at->queue->name, at->queue->name_len));
    report->place = at->place;
    report->due_ms = due_ms;
    return report;
}

static uint64_t append_ack(const struct turn *turn, const struct located *at, enum payload_how how, bool more)
{
    struct payload_pair pair = {.ref = ref_make(at->lsn, at->retries), .id = at->push.id};
    uint16_t aux = payload_ack_aux(list_of(at->place), how);

    return ack_append_one(turn->broker, at->queue->number, aux, more ? RECORD_F_MORE : 0, &pair, 1);
}

int exec_cancel(struct turn *turn)
{
    struct located at;
    int rc;

    if (!find(turn, &at, &rc))
        return rc;
    rc = broker_room(turn->broker, record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES), true);
    if (rc < 0)
        return no_room(turn, rc);
    struct report *report = report_of(turn, &at, 0);
    return answer_report(turn, report, append_ack(turn, &at, PAYLOAD_HOW_DELETED, false));
}

/* ---- reschedule -------------------------------------------------------------------------------------------------- */

/* From the dead letters it comes back as if it had never been delivered. */
static int revive(struct turn *turn, const struct located *at, uint64_t due_ms, struct report *report)
{
    struct payload_release release = {.now_ms = turn->now_ms, .due_ms = due_ms > 0 ? due_ms : turn->now_ms,
                                      .count = 1};
    struct payload_pair pair = {.ref = ref_make(at->lsn, at->retries), .id = at->push.id};
    size_t bytes = PAYLOAD_RELEASE_BYTES + PAYLOAD_PAIR_BYTES;
    int rc = broker_room(turn->broker, record_stride(RECORD_RELEASE, bytes), true);

    if (rc < 0) {
        report_free(report);
        return no_room(turn, rc);
    }
    payload_put_release(log_begin(turn->broker->log, RECORD_RELEASE, 0, PAYLOAD_LIST_DEAD, at->queue->number, bytes),
                        &release, &pair);
    return answer_report(turn, report, broker_apply(turn->broker));
}

/* What it carries, and what is known of its deliveries, as the TLVs of its new record. */
static size_t make_tlvs(const struct broker *broker, const struct located *at, char to[PAYLOAD_ATTRS_BYTES_MAX])
{
    struct payload_attrs attrs;
    struct engine_facts facts;

    if (!payload_get_attrs(at->push.tlvs, &attrs))
        attrs = (struct payload_attrs){.moved = false}; /* malformed: nobody could read them before either */
    attrs.moved = engine_facts(broker->engine, at->lsn, &facts);
    if (attrs.moved) {
        attrs.retries = (uint8_t)at->retries;
        attrs.why = 0;
        attrs.first_ms = facts.first_ms;
        attrs.last_ms = facts.last_ms;
    }
    return payload_put_attrs(to, &attrs);
}

/* The message is pushed anew, under its id, and leaves its old place, in one group. */
static int move(struct turn *turn, const struct located *at, uint64_t due_ms, struct report *report)
{
    char tlvs[PAYLOAD_ATTRS_BYTES_MAX];
    struct log *log = turn->broker->log;
    struct payload_push push = at->push;

    push.due_ms = due_ms;
    push.tlvs = slice_of(tlvs, make_tlvs(turn->broker, at, tlvs));
    size_t payload = payload_push_bytes(&push), ack = record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES);
    size_t bytes = ack + record_stride(RECORD_PUSH, payload);
    int rc = broker_room(turn->broker, bytes, false);
    if (rc < 0) {
        report_free(report);
        return no_room(turn, rc);
    }
    char *body = mem_new(push.body.len + 1); /* what was read is gone with the first append */
    memcpy(body, push.body.ptr, push.body.len);
    push.body.ptr = body;
    log_group(log, bytes);
    (void)append_ack(turn, at, PAYLOAD_HOW_MOVED, true);
    payload_put_push(log_begin(log, RECORD_PUSH, RECORD_F_AGAIN, 0, at->queue->number, payload), &push);
    uint64_t end = broker_apply(turn->broker);
    free(body);
    return answer_report(turn, report, end);
}

int exec_reschedule(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    struct located at;
    uint64_t due_ms;
    int rc = turn_due_ms(turn, args->delay_ms, args->due_ms, &due_ms);

    if (rc < 0)
        return refuse(turn, rc, 0, NULL);
    if (!find(turn, &at, &rc))
        return rc;
    if (at.place == PLACE_IN_FLIGHT)
        return refuse(turn, GMQ_E_MESSAGE_STATE, 0, "in flight");
    struct report *report = report_of(turn, &at, due_ms > 0 ? due_ms : turn->now_ms);
    if (at.place == PLACE_DEAD)
        return revive(turn, &at, due_ms, report);
    if (at.place == PLACE_READY && due_ms == 0)
        return answer_report(turn, report, 0); /* it is ready now */
    return move(turn, &at, due_ms, report);
}
