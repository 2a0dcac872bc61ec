/*
 * exec.c - where each command goes, and those of the original but pop: check, decide, append, apply, answer
 *
 * A command is refused before it has changed anything; after its room in the log is promised, nothing can fail.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/broker.h"

#include "base/mem.h"
#include "gnode/gather.h"
#include "gnode/turn.h"
#include "wire/topic_name.h"

#include <stdlib.h>

/* ---- push -------------------------------------------------------------------------------------------------------- */

/* With the time of the push, since the id does not say it. */
static COLD uint64_t append_stamped(const struct turn *turn, struct payload_push *push, bool more)
{
    char stamp[PAYLOAD_STAMP_BYTES];

    payload_put_stamp(stamp, turn->now_ms);
    push->tlvs = slice_of(stamp, sizeof(stamp));
    payload_put_push(log_begin(turn->broker->log, RECORD_PUSH, more ? RECORD_F_MORE : 0, 0, turn->queue->number,
                               payload_push_bytes(push)), push);
    return broker_apply(turn->broker);
}

static uint64_t append_push(const struct turn *turn, uint64_t id, uint64_t delay_s, struct slice body, bool more)
{
    struct payload_push push = {.id = id, .body = body};

    if (delay_s > 0)
        push.due_ms = min_u64(turn->now_ms + 1000 * delay_s, WHEEL_MS_MAX);
    if (UNLIKELY(turn->broker->stamp_bytes > 0))
        return append_stamped(turn, &push, more);
    char *to = log_begin(turn->broker->log, RECORD_PUSH, more ? RECORD_F_MORE : 0, 0, turn->queue->number,
                         PAYLOAD_PUSH_BYTES + body.len);

    payload_put_push(to, &push);
    return broker_apply(turn->broker);
}

static int check_delay(const struct turn *turn, int64_t delay_s)
{
    if (delay_s < 0)
        return GMQ_E_DELAY_NEGATIVE;
    return (uint64_t)delay_s > turn->broker->options.max_delay_s ? GMQ_E_DELAY : 0;
}

static int do_push(struct turn *turn)
{
    const struct cmd *cmd = turn->cmd;
    int rc = check_delay(turn, cmd->delay_s);

    if (rc == 0 && cmd->body.len > turn->broker->options.max_message)
        return refuse(turn, GMQ_E_BODY_LIMIT, turn->broker->options.max_message, NULL);
    if (rc == 0)
        rc = check_memory(turn);
    if (rc == 0)
        rc = check_creation(turn);
    if (rc == 0)
        rc = check_push_gates(turn, 1, limits_bytes(cmd->body.len));
    if (rc < 0)
        return refuse_push(turn, rc);
    size_t bytes = record_stride(RECORD_PUSH, PAYLOAD_PUSH_BYTES + turn->broker->stamp_bytes + cmd->body.len);
    rc = broker_room(turn->broker, ensure_bytes(turn) + turn->over_bytes + bytes, false);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    push_begin(turn, bytes, false);
    uint64_t id = turn_next_id(turn);
    uint64_t end = append_push(turn, id, (uint64_t)cmd->delay_s, cmd->body, false);
    return answer_promised(turn, ANSWER_ID, end, id, 1);
}

/* Checks the items of an mpush; adds up the strides of their records. */
static int check_items(const struct turn *turn, size_t *ret_bytes)
{
    struct slice packed = turn->cmd->body;
    struct cmd_item item;
    uint32_t count = 0;
    int rc = 0;

    for (*ret_bytes = 0; rc == 0 && cmd_item_next(&packed, &item); count++) {
        *ret_bytes += record_stride(RECORD_PUSH, PAYLOAD_PUSH_BYTES + turn->broker->stamp_bytes + item.body.len);
        rc = check_delay(turn, item.delay_s);
    }
    return rc < 0 ? rc : count != turn->cmd->count || packed.len > 0 ? GMQ_E_BODY_SHORT : 0;
}

/* check_push_gates() of all items. */
static int check_items_gates(struct turn *turn)
{
    struct slice packed = turn->cmd->body;
    struct cmd_item item;
    uint64_t bytes = 0;

    if (!has_push_gate(turn))
        return 0;
    while (cmd_item_next(&packed, &item))
        bytes += limits_bytes(item.body.len);
    return check_push_gates(turn, turn->cmd->count, bytes);
}

static int do_mpush(struct turn *turn)
{
    const struct broker_options *limits = &turn->broker->options;
    struct slice packed = turn->cmd->body;
    struct cmd_item item;
    size_t bytes;

    if (turn->cmd->count == 0)
        return refuse(turn, GMQ_E_BATCH_COUNT, 0, NULL);
    if (turn->cmd->count > limits->max_batch)
        return refuse(turn, GMQ_E_BATCH_LIMIT, limits->max_batch, NULL);
    if (packed.len - turn->cmd->count * (size_t)CMD_ITEM_HEADER_BYTES > limits->max_message)
        return refuse(turn, GMQ_E_BODY_LIMIT, limits->max_message, NULL);
    int rc = check_items(turn, &bytes);
    if (rc == 0)
        rc = check_memory(turn);
    if (rc == 0)
        rc = check_creation(turn);
    if (rc == 0)
        rc = check_items_gates(turn);
    if (rc < 0)
        return refuse_push(turn, rc);
    if (bytes > TURN_GROUP_BYTES_MAX && turn->cmd->count > 1)
        return refuse(turn, GMQ_E_BODY_LIMIT, TURN_GROUP_BYTES_MAX, NULL);
    rc = broker_room(turn->broker, ensure_bytes(turn) + turn->over_bytes + bytes, false);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    uint64_t first = 0, end = 0;
    push_begin(turn, bytes, true);
    for (uint32_t left = turn->cmd->count; left > 0 && cmd_item_next(&packed, &item); left--) {
        uint64_t id = turn_next_id(turn);
        first = first ? first : id;
        end = append_push(turn, id, item.delay_s, item.body, left > 1);
    }
    enum answer_kind kind = turn->cmd->flags & CMD_F_IDS ? ANSWER_IDS : ANSWER_OK;
    return answer_promised(turn, kind, end, first, turn->cmd->count);
}

/* ---- ack, dead --------------------------------------------------------------------------------------------------- */

uint64_t ack_append(const struct turn *turn, enum payload_list list, const struct payload_pair *pairs, size_t n)
{
    uint64_t end = 0;

    for (size_t at = 0; at < n; at += TURN_PAIRS_MAX)
        end = ack_append_one(turn->broker, turn->queue->number, payload_ack_aux(list, PAYLOAD_HOW_ACKED), 0, pairs + at,
                             min_u64(TURN_PAIRS_MAX, n - at));
    return end;
}

static int do_ack(struct turn *turn)
{
    uint64_t id = turn->cmd->id, ref;

    if (!turn->queue)
        return refuse(turn, GMQ_E_ID_UNKNOWN, id, NULL);
    size_t bytes = ensure_bytes(turn) + record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES);
    int rc = broker_room(turn->broker, bytes, true);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    rc = engine_decide_ack(turn->broker->engine, turn->queue, id, &ref);
    if (rc < 0)
        return refuse(turn, rc, id, NULL);
    uint16_t aux = payload_ack_aux(PAYLOAD_LIST_FLIGHT, PAYLOAD_HOW_ACKED);
    uint64_t end = ack_append_one(turn->broker, turn->queue->number, aux, 0,
                                  &(struct payload_pair){.ref = ref, .id = id}, 1);
    log_need_written(turn->broker->log);
    session_answer(turn->session, &(struct parked){.kind = ANSWER_OK, .wait = WAIT_WRITTEN, .lsn = end});
    return 0;
}

/* Begins to collect the oldest dead letters; false when there are none. */
static bool begin_gather(const struct turn *turn)
{
    int64_t asked = turn->cmd->number < 0 ? 1 : turn->cmd->number;
    size_t max = min_u64(min_u64((uint64_t)asked, turn->broker->options.max_batch), turn->queue->dead.count);
    uint64_t *refs = mem_new((max + 1) * sizeof(*refs));
    size_t n = refset_oldest(&turn->queue->dead, refs, max);

    if (n > 0)
        turn->session->gather = gather_new(refs, n, turn->broker->options.max_message);
    free(refs);
    return n > 0;
}

/*
 * The collected letters leave the queue, those that another client took in the meantime left out. What cannot be
 * read back goes too, and is counted.
 */
static uint64_t take_letters(const struct turn *turn, struct gather *gather)
{
    struct payload_pair *pairs = mem_new((gather->count + 1) * sizeof(*pairs));
    bool *keep = mem_new(gather->count + 1);
    uint64_t end = 0;
    size_t n = 0;

    for (size_t i = 0; i < gather->count; i++) {
        keep[i] = refset_has(&turn->queue->dead, gather->items[i].ref);
        if (keep[i])
            pairs[n++] = (struct payload_pair){.ref = gather->items[i].ref, .id = gather->items[i].id};
        turn->broker->unreadable += keep[i] && gather->items[i].unreadable;
    }
    if (n > 0)
        end = ack_append(turn, PAYLOAD_LIST_DEAD, pairs, n);
    gather_finish(gather, keep);
    free(keep);
    free(pairs);
    return end;
}

static void end_gather(const struct turn *turn)
{
    turn->session->gather = NULL;
    turn->broker->gatherer = NULL;
    turn->broker->retry = true;
}

static int collect_dead(struct turn *turn)
{
    struct broker *broker = turn->broker;
    struct session *session = turn->session;

    if (turn->cmd->number == 0)
        return refuse(turn, GMQ_E_NUM_EMPTY, 0, NULL);
    if (!turn->queue)
        return refuse(turn, GMQ_E_NO_MESSAGE, 0, NULL);
    size_t bytes = ensure_bytes(turn) + (size_t)broker->options.max_batch * (PAYLOAD_PAIR_BYTES + 1) + (1 << 16);
    int rc = broker_room(broker, bytes, true);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    if (broker->gatherer && broker->gatherer != session)
        return no_room(turn, -EAGAIN);
    if (!session->gather && !begin_gather(turn)) {
        broker->gatherer = NULL;
        return refuse(turn, GMQ_E_NO_MESSAGE, 0, NULL);
    }
    broker->gatherer = session;
    if (!gather_run(session->gather, broker->log))
        return no_room(turn, -EAGAIN);
    struct gather *gather = session->gather;
    uint64_t end = take_letters(turn, gather);
    end_gather(turn);
    if (gather->message_count > 0)
        return answer_promised(turn, ANSWER_MESSAGES, end, (uint64_t)(uintptr_t)gather, gather->message_count);
    gather_free(gather);
    if (turn->queue->dead.count == 0)
        return refuse(turn, GMQ_E_NO_MESSAGE, 0, NULL);
    session_stall(session);
    return -EAGAIN;
}

static int do_dead(struct turn *turn)
{
    struct gather *gather;
    int rc = collect_dead(turn);

    if (rc == 0 && (gather = turn->session->gather)) { /* refused in the middle of it */
        end_gather(turn);
        gather_free(gather);
    }
    return rc;
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

/* Writes the queue's record with other flags. */
static int set_flags(struct turn *turn, uint32_t flags)
{
    int rc = broker_room(turn->broker, broker_queue_stride(turn->cmd->topic.len), true);

    if (rc < 0)
        return no_room(turn, rc);
    const struct queue *queue = turn->queue;
    uint64_t end = broker_rewrite_queue(turn->broker, queue, flags, &queue->set);
    return answer_promised(turn, ANSWER_OK, end, 0, 0);
}

static int do_set(struct turn *turn)
{
    int rc = check_creation(turn);

    if (rc < 0)
        return refuse(turn, rc, 0, NULL);
    rc = broker_room(turn->broker, 2 * broker_queue_stride(turn->cmd->topic.len), false);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    return set_flags(turn, turn->cmd->number == 1 ? PAYLOAD_QUEUE_AUTO_ACK : 0);
}

static struct reply_stat stat_of(const struct broker *broker, const struct queue *queue)
{
    struct reply_stat stat = {
        .name = slice_of(queue->name, queue->name_len),
        .pop_num = queue->pop_num,
        .push_num = queue->push_num,
        .queue_num = queue_ready(queue),
        .delay_num = queue->delayed,
        .wait_ack_num = queue->in_flight,
        .dead_num = queue->dead.count,
        .is_auto_ack = queue->auto_ack,
    };

    broker->options.format_time(queue->start_ms, stat.start_time);
    return stat;
}

/* Figures are not parked: when they cannot leave at once, the command is tried again. */
static int answer_stats(const struct turn *turn, const struct reply_stat *stats, size_t count)
{
    struct answer answer = {.kind = ANSWER_STATS, .stats = stats, .count = count};

    if (turn->session->parked_count == 0 && turn->session->ops->answer(turn->session, &answer))
        return 0;
    session_stall(turn->session);
    return -EAGAIN;
}

static int do_stat_all(const struct turn *turn)
{
    uint32_t all = engine_queues(turn->broker->engine);
    struct reply_stat *stats = mem_new((all + 1u) * sizeof(*stats));
    size_t n = 0;

    for (uint32_t number = 1; number <= all; number++) {
        const struct queue *queue = engine_queue(turn->broker->engine, number);
        if (queue && queue->name && !queue->exited)
            stats[n++] = stat_of(turn->broker, queue);
    }
    int rc = answer_stats(turn, stats, n);
    free(stats);
    return rc;
}

/* Commands for topics that exist: stat, toggle, exit. */
static int do_existing(struct turn *turn)
{
    if (!turn->queue || turn->queue->exited)
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    uint32_t auto_ack = turn->queue->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0;
    switch (turn->cmd->kind) {
    case CMD_TOGGLE:
        return set_flags(turn, auto_ack ^ PAYLOAD_QUEUE_AUTO_ACK);
    case CMD_EXIT:
        return set_flags(turn, auto_ack | PAYLOAD_QUEUE_EXITED);
    default: {
        struct reply_stat stat = stat_of(turn->broker, turn->queue);
        return answer_stats(turn, &stat, 1);
    }
    }
}

/* Those that are about one message, or about none, may leave it out. */
static bool needs_topic(const struct cmd *cmd)
{
    switch (cmd->kind) {
    case CMD_STAT_ALL:
    case CMD_WPOP: /* looks at its names itself */
        return false;
    case CMD_GET:
    case CMD_HISTORY:
    case CMD_CANCEL:
    case CMD_RESCHEDULE:
    case CMD_JOB:
    case CMD_JOBS:
    case CMD_JOB_CANCEL:
    case CMD_TOPICS:
    case CMD_CLIENT:
        return cmd->topic.len > 0;
    default:
        return true;
    }
}

/* Does it only look, for an answer that may be large? */
static bool is_look(enum cmd_kind kind)
{
    switch (kind) {
    case CMD_PEEK:
    case CMD_GET:
    case CMD_HISTORY:
    case CMD_TOPIC:
    case CMD_TOPICS:
    case CMD_CONSUMERS:
    case CMD_JOB:
    case CMD_JOBS:
        return true;
    default:
        return false;
    }
}

/* The operations of gmq's own API. */
static int execute_operation(struct turn *turn)
{
    if (!turn->session->work && is_look(turn->cmd->kind) && !broker_may_look(turn->broker))
        return refuse(turn, GMQ_E_MEMORY_LIMIT, 0, NULL);
    switch (turn->cmd->kind) {
    case CMD_PUT:
        return exec_put(turn);
    case CMD_NACK:
        return exec_nack(turn);
    case CMD_TOUCH:
        return exec_touch(turn);
    case CMD_PEEK:
        return exec_peek(turn);
    case CMD_GET:
        return exec_get(turn);
    case CMD_HISTORY:
        return exec_history(turn);
    case CMD_CANCEL:
        return exec_cancel(turn);
    case CMD_RESCHEDULE:
        return exec_reschedule(turn);
    case CMD_PURGE:
        return exec_purge(turn);
    case CMD_DEAD_REDRIVE:
    case CMD_DEAD_DELETE:
        return exec_dead_job(turn);
    case CMD_JOB:
    case CMD_JOBS:
    case CMD_JOB_CANCEL:
        return exec_job(turn);
    case CMD_TOPIC:
        return exec_topic(turn);
    case CMD_TOPICS:
        return exec_topics(turn);
    case CMD_TOPIC_CREATE:
        return exec_topic_create(turn);
    case CMD_TOPIC_SET:
        return exec_topic_set(turn);
    case CMD_CLIENT:
        return exec_client(turn);
    case CMD_CONSUMERS:
        return exec_consumers(turn);
    case CMD_PAUSE:
    case CMD_RESUME:
        return exec_pause(turn);
    case CMD_TOPIC_DELETE:
        return exec_topic_delete(turn);
    default:
        return refuse(turn, GMQ_E_OPERATION_UNKNOWN, 0, NULL);
    }
}

int broker_execute(struct broker *broker, struct session *session, const struct cmd *cmd, uint64_t now_ms)
{
    struct turn turn = {.broker = broker, .session = session, .cmd = cmd, .now_ms = now_ms};

    ENSURE(session_ready(session));
    if (broker->stopping)
        return refuse(&turn, GMQ_E_STOPPING, 0, NULL);
    turn.queue = engine_find(broker->engine, cmd->topic);
    if (!turn.queue && needs_topic(cmd)) {
        int rc = topic_name_check(cmd->topic);
        if (rc < 0)
            return refuse(&turn, rc, 0, NULL);
    }
    switch (cmd->kind) {
    case CMD_PUSH:
        return do_push(&turn);
    case CMD_MPUSH:
        return do_mpush(&turn);
    case CMD_POP:
        return exec_pop(&turn);
    case CMD_ACK:
        return do_ack(&turn);
    case CMD_MACK:
        return exec_mack(&turn);
    case CMD_DEAD:
        return do_dead(&turn);
    case CMD_SET:
        return do_set(&turn);
    case CMD_WPOP:
        return exec_wpop(&turn); /* looks for its topics itself */
    case CMD_STAT_ALL:
        return do_stat_all(&turn);
    case CMD_TOGGLE:
    case CMD_EXIT:
    case CMD_STAT:
        return do_existing(&turn);
    default:
        return execute_operation(&turn);
    }
}
