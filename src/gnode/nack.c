/*
 * nack.c - what a consumer may say of messages that it holds, beside ack: nack, reject, touch
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/turn.h"

#include "base/mem.h"
#include "wire/headers.h"

#include <stdlib.h>

/* What is to become of the messages: one of the three. */
struct verdict {
    enum record_type type; /* RELEASE, BURY, TOUCH */
    uint64_t due_ms;       /* RELEASE: as there */
    bool no_retry;
    struct slice text;     /* BURY */
    uint32_t ttr_ms;       /* TOUCH: 0 = as each was delivered with */
};

/* Bytes of a record for `n` messages, without its frame. */
static size_t payload_bytes(const struct verdict *verdict, size_t n)
{
    switch (verdict->type) {
    case RECORD_RELEASE:
        return PAYLOAD_RELEASE_BYTES + n * PAYLOAD_PAIR_BYTES;
    case RECORD_BURY:
        return PAYLOAD_BURY_BYTES + n * PAYLOAD_PAIR_BYTES + verdict->text.len;
    default:
        return PAYLOAD_TOUCH_BYTES + n * PAYLOAD_TOUCH_ENTRY_BYTES;
    }
}

static void put_touch(const struct turn *turn, char *to, const struct verdict *verdict,
                      const struct payload_pair *pairs, size_t n)
{
    struct payload_touched *entries = mem_new(n * sizeof(*entries));
    struct payload_touch touch = {.now_ms = turn->now_ms, .count = (uint32_t)n};
    uint32_t usual_ms = turn->queue->set.ttr_ms ? turn->queue->set.ttr_ms : turn->broker->options.ttr_ms;

    for (size_t i = 0; i < n; i++) {
        struct engine_lease lease = {.ttr_ms = 0};
        (void)engine_lease(turn->broker->engine, turn->queue, pairs[i].id, &lease);
        uint32_t ttr_ms = verdict->ttr_ms ? verdict->ttr_ms : lease.ttr_ms ? lease.ttr_ms : usual_ms;
        entries[i] = (struct payload_touched){.ref = pairs[i].ref, .id = pairs[i].id,
                                              .deadline_ms = turn->now_ms + ttr_ms};
    }
    payload_put_touch(to, &touch, entries);
    free(entries);
}

/* One record; returns its end. */
static uint64_t append_one(const struct turn *turn, const struct verdict *verdict, const struct payload_pair *pairs,
                           size_t n)
{
    uint16_t aux = verdict->type == RECORD_BURY ? PAYLOAD_BURY_FLIGHT : PAYLOAD_LIST_FLIGHT;
    char *to = log_begin(turn->broker->log, (uint8_t)verdict->type, verdict->no_retry ? RECORD_F_NO_RETRY : 0, aux,
                         turn->queue->number, payload_bytes(verdict, n));

    if (verdict->type == RECORD_RELEASE)
        payload_put_release(to, &(struct payload_release){.now_ms = turn->now_ms, .due_ms = verdict->due_ms,
                                                          .count = (uint32_t)n}, pairs);
    else if (verdict->type == RECORD_BURY)
        payload_put_bury(to, &(struct payload_bury){.now_ms = turn->now_ms, .reason = PAYLOAD_REASON_REJECTED,
                                                    .count = (uint32_t)n, .text = verdict->text}, pairs);
    else
        put_touch(turn, to, verdict, pairs, n);
    return broker_apply(turn->broker);
}

static size_t all_bytes(const struct verdict *verdict, size_t n)
{
    size_t records = n / TURN_PAIRS_MAX + 1;

    return records * record_stride((uint8_t)verdict->type, payload_bytes(verdict, 0)) +
           payload_bytes(verdict, n) - payload_bytes(verdict, 0);
}

/* As broker_room(). The text of a reject is left out where there is room only for what must go on. */
static int make_room(const struct turn *turn, struct verdict *verdict)
{
    size_t bytes = ensure_bytes(turn) + all_bytes(verdict, turn->cmd->count);

    if (verdict->text.len > 0) {
        int rc = broker_room(turn->broker, bytes, false);
        if (rc != GMQ_E_DISK_FULL)
            return rc;
        verdict->text.len = 0;
    }
    return broker_room(turn->broker, bytes, true);
}

static int answer_done(const struct turn *turn, struct session_ids *missing, size_t done, uint64_t end)
{
    struct report *report = report_new(REPORT_DONE, missing->count);

    report->done = done;
    for (; report->count < missing->count; report->count++)
        report->ids[report->count] = missing->ids[report->count];
    free(missing);
    if (end > 0)
        log_need_written(turn->broker->log);
    session_answer(turn->session, &(struct parked){.kind = ANSWER_REPORT,
                                                   .wait = end > 0 ? WAIT_WRITTEN : WAIT_NOTHING,
                                                   .lsn = end,
                                                   .arg = (uint64_t)(uintptr_t)report});
    return 0;
}

static int carry_out(struct turn *turn, struct verdict *verdict)
{
    const struct cmd *cmd = turn->cmd;
    uint64_t end = 0;
    int rc = turn->queue ? make_room(turn, verdict) : 0;

    if (rc < 0)
        return no_room(turn, rc);
    if (turn->queue)
        ensure_queue(turn);
    struct payload_pair *pairs = mem_new(cmd->count * sizeof(*pairs));
    struct session_ids *missing = mem_new(sizeof(*missing) + cmd->count * sizeof(missing->ids[0]));
    size_t n = mack_split(turn, pairs, missing);
    for (size_t at = 0; at < n; at += TURN_PAIRS_MAX)
        end = append_one(turn, verdict, pairs + at, min_u64(TURN_PAIRS_MAX, n - at));
    free(pairs);
    if (!(cmd->flags & CMD_F_PLAIN))
        return answer_done(turn, missing, n, end);
    mack_answer(turn, missing, end);
    return 0;
}

int exec_nack(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    struct verdict verdict = {.type = args->reject ? RECORD_BURY : RECORD_RELEASE,
                              .no_retry = args->no_retry && !args->reject};

    if (!mack_check(turn))
        return 0;
    if (args->reject) {
        if (args->text.len > PAYLOAD_TEXT_BYTES_MAX || !text_is_plain(args->text))
            return refuse(turn, GMQ_E_VALUE, 0, "a reason is at most 255 bytes of UTF-8 without control bytes");
        verdict.text = args->text;
    } else if (args->delay_ms != CMD_NOT_GIVEN) {
        if (args->delay_ms < 0)
            return refuse(turn, GMQ_E_DELAY_NEGATIVE, 0, NULL);
        if ((uint64_t)args->delay_ms > 1000 * turn->broker->options.max_delay_s)
            return refuse(turn, GMQ_E_DELAY, 0, NULL);
        verdict.due_ms = min_u64(turn->now_ms + (uint64_t)args->delay_ms, WHEEL_MS_MAX);
    }
    return carry_out(turn, &verdict);
}

int exec_touch(struct turn *turn)
{
    int64_t ttr_ms = turn->cmd->args->ttr_ms;

    if (!mack_check(turn))
        return 0;
    if (ttr_ms != 0 && (ttr_ms < TOPIC_TTR_MS_MIN || ttr_ms > TOPIC_TTR_MS_MAX))
        return refuse(turn, GMQ_E_VALUE, 0, "ttr_ms must be 0 or 1000 to 300000");
    return carry_out(turn, &(struct verdict){.type = RECORD_TOUCH, .ttr_ms = (uint32_t)ttr_ms});
}
