/*
 * put.c - the push of one or many messages with all that they may carry: all of them, or none
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/again.h"

#include "base/mem.h"
#include "engine/id.h"
#include "wire/headers.h"

#include <stdlib.h>

/* A message as it will be pushed. */
struct ready_put {
    uint64_t due_ms;
    uint32_t ttr_ms;
    size_t tlvs, tlvs_bytes; /* in the buffer of all */
};

struct puts {
    struct ready_put *items;
    struct buf tlvs;
    struct again *again; /* of all items; NULL when no message has a dedup key */
    size_t bytes;        /* of all records */
    uint32_t fresh;      /* messages that were not pushed before */
};

static int refuse_value(const struct turn *turn, const char *why) { return refuse(turn, GMQ_E_VALUE, 0, why) - 1; }

int turn_due_ms(const struct turn *turn, int64_t delay_ms, uint64_t at_ms, uint64_t *ret_due_ms)
{
    uint64_t max_ms = 1000 * turn->broker->options.max_delay_s, now_ms = turn->now_ms;

    *ret_due_ms = 0;
    if (delay_ms != CMD_NOT_GIVEN) {
        if (delay_ms < 0)
            return GMQ_E_DELAY_NEGATIVE;
        if ((uint64_t)delay_ms > max_ms)
            return GMQ_E_DELAY;
        *ret_due_ms = delay_ms > 0 ? min_u64(now_ms + (uint64_t)delay_ms, WHEEL_MS_MAX) : 0;
    } else if (at_ms > now_ms) {
        if (at_ms - now_ms > max_ms)
            return GMQ_E_DELAY;
        *ret_due_ms = min_u64(at_ms, WHEEL_MS_MAX);
    }
    return 0;
}

/* Checks what the message carries and makes its TLVs. 0; -1: it was refused. */
static int make_attrs(const struct turn *turn, uint32_t i, struct puts *puts)
{
    const struct cmd_put *put = &turn->cmd->args->puts[i];
    struct ready_put *ret = &puts->items[i];
    char headers[CMD_HEADERS_BYTES_MAX], tlvs[PAYLOAD_ATTRS_BYTES_MAX];
    const char *why = NULL;
    int bytes = headers_keep(put->headers, headers, &why);

    if (bytes < 0)
        return refuse(turn, bytes, 0, why) - 1;
    if (put->key.len > 0 && key_check(put->key) < 0)
        return refuse(turn, GMQ_E_KEY, 0, NULL) - 1;
    if (put->max_retries != CMD_NOT_GIVEN && (put->max_retries < 0 || put->max_retries > TOPIC_RETRIES_MAX))
        return refuse_value(turn, "max_retries must be 0 to 254");
    if (put->lifetime_ms < 0 || (uint64_t)put->lifetime_ms > WHEEL_MS_MAX - turn->now_ms)
        return refuse_value(turn, "lifetime_ms must not be negative, nor end after the year 10889");
    struct payload_attrs attrs = {
        .headers = slice_of(headers, (size_t)bytes),
        .key = put->key,
        .expiry_ms = put->lifetime_ms > 0 ? turn->now_ms + (uint64_t)put->lifetime_ms : 0,
        .own_retries = put->max_retries == CMD_NOT_GIVEN ? 0 : 1 + (unsigned)put->max_retries,
        .pushed_ms = turn_pushed_ms(turn),
    };
    if (puts->again) {
        attrs.deduped = puts->again[i].deduped;
        attrs.dedup = puts->again[i].dedup;
    }
    ret->tlvs = buf_len(&puts->tlvs);
    ret->tlvs_bytes = payload_put_attrs(tlvs, &attrs);
    if (!buf_append(&puts->tlvs, tlvs, ret->tlvs_bytes))
        return refuse(turn, GMQ_E_BODY_LIMIT, TURN_GROUP_BYTES_MAX, NULL) - 1;
    return 0;
}

/* Was this message pushed before, by another command or earlier in this one? */
static bool was_pushed(const struct puts *puts, uint32_t i)
{
    return puts->again && (puts->again[i].id != 0 || puts->again[i].before > 0);
}

static int make_put(const struct turn *turn, uint32_t i, struct puts *puts)
{
    const struct cmd_put *put = &turn->cmd->args->puts[i];
    struct ready_put *ret = &puts->items[i];
    int rc = turn_due_ms(turn, put->delay_ms, put->due_ms, &ret->due_ms);

    if (rc < 0)
        return refuse(turn, rc, 0, NULL) - 1;
    if (put->ttr_ms != 0 && (put->ttr_ms < TOPIC_TTR_MS_MIN || put->ttr_ms > TOPIC_TTR_MS_MAX))
        return refuse_value(turn, "ttr_ms must be 0 or 1000 to 300000");
    ret->ttr_ms = put->auto_ack ? PAYLOAD_TTR_AUTO_ACK : (uint32_t)put->ttr_ms;
    rc = make_attrs(turn, i, puts);
    puts->bytes += record_stride(RECORD_PUSH, PAYLOAD_PUSH_BYTES + ret->tlvs_bytes + put->body.len);
    return rc;
}

/* Checks all of them. 0; -1: the command was refused. */
static int make_puts(const struct turn *turn, struct puts *puts)
{
    const struct cmd_args *args = turn->cmd->args;
    uint64_t bodies = 0, max = turn->broker->options.max_message;

    for (uint32_t i = 0; i < args->put_count; i++) {
        bodies += args->puts[i].body.len;
        if (bodies > max)
            return refuse(turn, GMQ_E_BODY_LIMIT, max, NULL) - 1;
        if (was_pushed(puts, i))
            continue;
        if (make_put(turn, i, puts) < 0)
            return -1;
        puts->fresh++;
    }
    if (puts->bytes > TURN_GROUP_BYTES_MAX && puts->fresh > 1)
        return refuse(turn, GMQ_E_BODY_LIMIT, TURN_GROUP_BYTES_MAX, NULL) - 1;
    return 0;
}

static uint64_t append_put(const struct turn *turn, const struct puts *puts, uint32_t i, uint64_t id, bool more)
{
    const struct cmd_args *args = turn->cmd->args;
    const struct ready_put *item = &puts->items[i];
    struct payload_push push = {.id = id, .due_ms = item->due_ms, .ttr_ms = item->ttr_ms, .body = args->puts[i].body,
                                .tlvs = slice_of(buf_slice(&puts->tlvs).ptr, 0)};

    if (item->tlvs_bytes > 0)
        push.tlvs = slice_of(push.tlvs.ptr + item->tlvs, item->tlvs_bytes);
    payload_put_push(log_begin(turn->broker->log, RECORD_PUSH, more ? RECORD_F_MORE : 0, 0, turn->queue->number,
                               payload_push_bytes(&push)), &push);
    return broker_apply(turn->broker);
}

/* check_push_gates() of those that were not pushed before. */
static int check_gates(struct turn *turn, const struct puts *puts)
{
    const struct cmd_args *args = turn->cmd->args;
    uint64_t bytes = 0;

    if (!has_push_gate(turn))
        return 0;
    for (uint32_t i = 0; i < args->put_count; i++)
        bytes += was_pushed(puts, i) ? 0 : limits_bytes(args->puts[i].body.len);
    return check_push_gates(turn, puts->fresh, bytes);
}

static int append_puts(struct turn *turn, const struct puts *puts)
{
    uint32_t count = turn->cmd->args->put_count;
    int rc = check_memory(turn);

    if (rc == 0)
        rc = check_creation(turn);
    if (rc == 0)
        rc = check_gates(turn, puts);
    if (rc < 0)
        return refuse_push(turn, rc);
    rc = broker_room(turn->broker, ensure_bytes(turn) + turn->over_bytes + puts->bytes, false);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    struct report *report = report_new(REPORT_PUT, count);
    uint64_t end = 0;
    uint32_t left = puts->fresh;
    push_begin(turn, puts->bytes, left > 1);
    for (; report->count < count; report->count++) {
        uint32_t i = (uint32_t)report->count;
        if (was_pushed(puts, i)) {
            report->again = true;
            report->ids[i] = puts->again[i].id ? puts->again[i].id : report->ids[puts->again[i].before - 1];
            continue;
        }
        report->ids[i] = turn_next_id(turn);
        end = append_put(turn, puts, i, report->ids[i], --left > 0);
    }
    return answer_report(turn, report, end);
}

/* All were pushed before. The answer waits for what theirs may still wait for: all that was appended so far. */
static int answer_again(const struct turn *turn, const struct puts *puts)
{
    int rc = broker_room(turn->broker, 0, true);

    if (rc < 0)
        return no_room(turn, rc);
    struct report *report = report_new(REPORT_PUT, turn->cmd->args->put_count);
    report->again = true;
    for (; report->count < turn->cmd->args->put_count; report->count++)
        report->ids[report->count] = puts->again[report->count].id;
    return answer_report(turn, report, log_tail(turn->broker->log));
}

static int look_again(const struct turn *turn, struct puts *puts)
{
    const struct cmd_args *args = turn->cmd->args;

    if (!again_asked(args->puts, args->put_count))
        return 0;
    puts->again = mem_new(args->put_count * sizeof(puts->again[0]));
    int rc = again_look(turn, args->puts, args->put_count, puts->again);
    return rc < 0 ? refuse(turn, rc, 0, "dedup keys are switched off: dedup_window is 0") - 1 : 0;
}

static int put_all(struct turn *turn, struct puts *puts)
{
    if (look_again(turn, puts) < 0 || make_puts(turn, puts) < 0)
        return 0;
    return puts->fresh > 0 ? append_puts(turn, puts) : answer_again(turn, puts);
}

int exec_put(struct turn *turn)
{
    uint32_t count = turn->cmd->args->put_count, max = turn->broker->options.max_batch;
    struct puts puts = {.bytes = 0};

    if (count == 0)
        return refuse(turn, GMQ_E_BATCH_COUNT, 0, NULL);
    if (count > max)
        return refuse(turn, GMQ_E_BATCH_LIMIT, max, NULL);
    puts.items = mem_new(count * sizeof(puts.items[0]));
    buf_init(&puts.tlvs, TURN_GROUP_BYTES_MAX);
    int rc = put_all(turn, &puts);
    buf_free(&puts.tlvs);
    free(puts.items);
    free(puts.again);
    return rc;
}
