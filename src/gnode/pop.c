/*
 * pop.c - pop and wpop: what is delivered, and when its answer may leave
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/turn.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "gnode/consumers.h"
#include "gnode/gather.h"
#include "gnode/lists.h"
#include "gnode/wait.h"
#include "wire/topic_name.h"

#include <stdlib.h>

enum {
    PREFETCH_REFS = 256,
    PREFETCH_EVERY = 64,
    LOAD_EVERY = 16,
    ANSWER_MESSAGES_MAX = 4 * TURN_DELIVERIES_MAX, /* of one wpop */
    DROPS_MAX = 1024, /* expired messages that one pop drops, before others have their turn */
};

/* ---- the messages ------------------------------------------------------------------------------------------------ */

static void prefetch(const struct turn *turn)
{
    uint64_t refs[PREFETCH_REFS];
    size_t n = engine_peek_ready(turn->broker->engine, turn->queue, refs, PREFETCH_REFS);

    for (size_t i = 0; i < n; i++)
        refs[i] = ref_lsn(refs[i]);
    log_prefetch(turn->broker->log, refs, n);
}

/* A message that cannot be read back goes to the dead letters, so that it never blocks its queue. */
static int bury_unreadable(const struct turn *turn, uint64_t ref)
{
    struct payload_bury letter = {.now_ms = turn->now_ms, .reason = PAYLOAD_REASON_UNREADABLE, .count = 1};
    size_t payload = PAYLOAD_BURY_BYTES + PAYLOAD_PAIR_BYTES;
    int rc = broker_room(turn->broker, record_stride(RECORD_BURY, payload), true);

    if (rc < 0)
        return rc;
    payload_put_bury(log_begin(turn->broker->log, RECORD_BURY, 0, 0, turn->queue->number, payload), &letter,
                     &(struct payload_pair){.ref = ref});
    (void)broker_apply(turn->broker);
    turn->broker->unreadable++;
    return 0;
}

/* The oldest message, which is not to be delivered any more, is gone. */
static int drop_expired(const struct turn *turn, uint64_t ref, uint64_t id)
{
    int rc = broker_room(turn->broker, record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES), true);

    if (rc < 0)
        return rc;
    (void)ack_append_one(turn->broker, turn->queue->number, payload_ack_aux(PAYLOAD_LIST_READY, PAYLOAD_HOW_EXPIRED), 0,
                         &(struct payload_pair){.ref = ref, .id = id}, 1);
    return 0;
}

/* What is to be delivered. */
struct found {
    uint64_t ref;
    struct payload_push push;
    unsigned own_retries; /* as in struct payload_attrs */
};

/* Reads what it carries. 0; 1: it was expired and is gone; or as broker_room(). */
static COLD int look_at_attrs(const struct turn *turn, struct found *found)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(found->push.tlvs, &attrs))
        return 0;
    found->own_retries = attrs.own_retries;
    if (attrs.expiry_ms == 0 || attrs.expiry_ms > turn->now_ms)
        return 0;
    int rc = drop_expired(turn, found->ref, found->push.id);
    return rc < 0 ? rc : 1;
}

/* The same for what is older than its topic's limit. */
static COLD int drop_old(const struct turn *turn, const struct found *found)
{
    if (!limits_is_old(turn->queue, payload_push_ms(&found->push), turn->now_ms))
        return 0;
    int rc = limits_drop(turn->broker, turn->queue, found->ref, found->push.id, turn->now_ms);
    return rc < 0 ? rc : 1;
}

/* As engine_decide_pop(), but brings the message to the head of the list. -EAGAIN while its chunk is fetched. */
static int oldest(const struct turn *turn, uint64_t *ret_ref)
{
    struct broker *broker = turn->broker;
    bool ahead = engine_wants_chunk(broker->engine, turn->queue) && turn->queue->pop_num % LOAD_EVERY == 0;
    int rc = ahead ? lists_load(broker, turn->queue) : 0; /* not having it yet is no failure */

    while ((rc = engine_decide_pop(turn->queue, broker->options.max_in_flight, ret_ref)) == -EAGAIN) {
        rc = lists_forward(broker, turn->queue, turn->now_ms);
        if (rc <= 0)
            return rc == 0 ? -EAGAIN : rc;
    }
    return rc;
}

/* The oldest deliverable message whose body is at hand. -EAGAIN while it is fetched. */
static int find_message(const struct turn *turn, struct found *ret)
{
    for (unsigned drops = 0; drops < DROPS_MAX; drops++) {
        struct record rec;
        int rc = oldest(turn, &ret->ref);
        if (rc < 0)
            return rc;
        rc = log_read(turn->broker->log, ref_lsn(ret->ref), &rec);
        if (rc == 0 || turn->queue->pop_num % PREFETCH_EVERY == 0)
            prefetch(turn);
        if (rc == 0)
            return -EAGAIN;
        ret->own_retries = 0;
        if (LIKELY(rc > 0 && payload_get_push(rec.payload, &ret->push))) {
            rc = UNLIKELY(ret->push.tlvs.len > 0) ? look_at_attrs(turn, ret) : 0;
            if (UNLIKELY(turn->queue->gates & QUEUE_AGES) && rc == 0)
                rc = drop_old(turn, ret);
            if (rc <= 0)
                return rc;
            continue;
        }
        rc = bury_unreadable(turn, ret->ref);
        if (rc < 0)
            return rc;
    }
    turn->broker->retry = true;
    return -EAGAIN;
}

static size_t pop_bytes(size_t n)
{
    size_t whole = record_stride(RECORD_POP, PAYLOAD_POP_BYTES + TURN_DELIVERIES_MAX * PAYLOAD_POP_ENTRY_BYTES);
    size_t rest = n % TURN_DELIVERIES_MAX;

    return n / TURN_DELIVERIES_MAX * whole +
           (rest > 0 ? record_stride(RECORD_POP, PAYLOAD_POP_BYTES + rest * PAYLOAD_POP_ENTRY_BYTES) : 0);
}

static inline uint64_t append_pop(const struct turn *turn, const struct payload_delivery *to, size_t n)
{
    struct payload_pop pop = {.now_ms = turn->now_ms, .holder = turn->holder, .count = (uint32_t)n};
    char *at = log_begin(turn->broker->log, RECORD_POP, turn->queue->auto_ack ? RECORD_F_AUTOACK : 0, 0,
                         turn->queue->number, PAYLOAD_POP_BYTES + n * PAYLOAD_POP_ENTRY_BYTES);

    payload_put_pop(at, &pop, to);
    if (UNLIKELY(turn->queue->popper != turn->session->seat))
        consumers_switch(turn->broker, turn->queue, turn->session, turn->now_ms);
    return broker_apply(turn->broker);
}

/*
 * A message that is promised already is written straight from where it lies, before the POP is appended, which may
 * overwrite that place; otherwise the answer is parked as its ref.
 */
static bool answer_now(const struct turn *turn, const struct found *found, unsigned index, uint64_t deadline_ms)
{
    struct session *session = turn->session;

    if (session->parked_count > 0 || broker_promised(turn->broker) < ref_lsn(found->ref) + RECORD_HEADER_BYTES)
        return false;
    struct reply_message message = session_message(&found->push, found->ref, index, deadline_ms);
    struct answer answer = {.kind = ANSWER_MESSAGE, .binary = turn->cmd->flags & CMD_F_BINARY, .count = 1,
                            .messages = &message};
    return session->ops->answer(session, &answer);
}

/* How long the consumer has: the message's own, which may be PAYLOAD_TTR_AUTO_ACK, else the topic's or the node's. */
static uint32_t ttr_of(const struct turn *turn, uint32_t own_ms)
{
    if (own_ms)
        return own_ms;
    return turn->queue->set.ttr_ms ? turn->queue->set.ttr_ms : turn->broker->options.ttr_ms;
}

/* ---- delivering -------------------------------------------------------------------------------------------------- */

/* The answer leaves when the newest of the messages is promised; on an auto-ack topic, when their POP is. */
static inline void answer_parked(const struct turn *turn, const struct parked *reply)
{
    if (broker_promised(turn->broker) < reply->lsn)
        need_promised(turn->broker);
    session_answer(turn->session, reply);
}

static inline int deliver_one(struct turn *turn, const struct found *found, unsigned index)
{
    size_t bytes = record_stride(RECORD_POP, PAYLOAD_POP_BYTES + PAYLOAD_POP_ENTRY_BYTES);
    int rc = broker_room(turn->broker, ensure_bytes(turn) + bytes, true);

    if (rc < 0)
        return rc;
    struct payload_delivery to = {.ref = found->ref, .id = found->push.id, .ttr_ms = ttr_of(turn, found->push.ttr_ms),
                                  .size64 = payload_size64(found->push.body.len), .own_retries = found->own_retries};
    bool auto_ack = turn->queue->auto_ack || to.ttr_ms == PAYLOAD_TTR_AUTO_ACK;
    uint64_t deadline_ms = auto_ack ? 0 : turn->now_ms + to.ttr_ms;
    bool answered = !auto_ack && answer_now(turn, found, index, deadline_ms);
    ensure_queue(turn);
    uint64_t end = append_pop(turn, &to, 1);
    if (!answered)
        answer_parked(turn, &(struct parked){.kind = ANSWER_MESSAGE,
                                             .wait = WAIT_PROMISED,
                                             .lsn = auto_ack ? end : ref_lsn(found->ref) + RECORD_HEADER_BYTES,
                                             .arg = found->ref,
                                             .deadline_ms = deadline_ms,
                                             .count_or_err = index,
                                             .binary = turn->cmd->flags & CMD_F_BINARY});
    return 0;
}

/* The oldest ones that can be read without waiting; NULL when there is not even one. */
static struct gather *collect(const struct turn *turn, size_t wanted)
{
    const struct broker *broker = turn->broker;
    const struct queue *queue = turn->queue;

    wanted = min_u64(wanted, waiting_in_memory(&queue->ready));
    if (!queue->auto_ack)
        wanted = min_u64(wanted, broker->options.max_in_flight - queue->in_flight);
    uint64_t *refs = mem_new((wanted + 1) * sizeof(*refs));
    size_t n = engine_peek_ready(broker->engine, queue, refs, wanted);
    struct gather *gather = gather_new(refs, n, broker->options.max_message);
    free(refs);
    (void)gather_run(gather, broker->log); /* what it would have to wait for is for the next pop */
    for (size_t i = 0; queue->gates & QUEUE_AGES && i < gather->done; i++)
        if (limits_is_old(queue, gather_pushed_ms(&gather->items[i]), turn->now_ms))
            gather->done = i; /* it goes when it is the oldest */
    if (gather_cut(gather, turn->now_ms) > 0)
        return gather;
    gather_free(gather);
    return NULL;
}

/* Appends the POP records; returns what the answer must wait for. */
static uint64_t append_pops(const struct turn *turn, const struct gather *gather)
{
    struct payload_delivery *to = mem_new(gather->count * sizeof(*to));
    bool auto_ack = turn->queue->auto_ack;
    uint64_t end = 0, newest = 0;

    for (size_t i = 0; i < gather->count; i++) {
        const struct gather_item *item = &gather->items[i];
        to[i] = (struct payload_delivery){.ref = item->ref, .id = item->id, .ttr_ms = ttr_of(turn, item->ttr_ms),
                                          .size64 = payload_size64(item->bytes), .own_retries = item->own_retries};
        auto_ack = auto_ack || to[i].ttr_ms == PAYLOAD_TTR_AUTO_ACK;
        newest = max_u64(newest, ref_lsn(item->ref) + RECORD_HEADER_BYTES);
    }
    for (size_t at = 0; at < gather->count; at += TURN_DELIVERIES_MAX)
        end = append_pop(turn, to + at, min_u64(TURN_DELIVERIES_MAX, gather->count - at));
    free(to);
    return auto_ack ? end : newest;
}

static int deliver_many(struct turn *turn, uint32_t wanted, unsigned index)
{
    struct gather *gather = collect(turn, min_u64(wanted, ANSWER_MESSAGES_MAX));

    if (!gather)
        return -EAGAIN;
    int rc = broker_room(turn->broker, ensure_bytes(turn) + pop_bytes(gather->count), true);
    if (rc < 0) {
        gather_free(gather);
        return rc;
    }
    bool *keep = mem_new(gather->count);
    memset(keep, true, gather->count);
    for (size_t i = 0; i < gather->count; i++) {
        uint32_t ttr_ms = ttr_of(turn, gather->items[i].ttr_ms);
        bool acked = turn->queue->auto_ack || ttr_ms == PAYLOAD_TTR_AUTO_ACK;
        gather->items[i].deadline_ms = acked ? 0 : turn->now_ms + ttr_ms;
    }
    gather->topic = index;
    gather_finish(gather, keep);
    free(keep);
    ensure_queue(turn);
    answer_parked(turn, &(struct parked){.kind = ANSWER_MESSAGES,
                                         .wait = WAIT_PROMISED,
                                         .lsn = append_pops(turn, gather),
                                         .arg = (uint64_t)(uintptr_t)gather,
                                         .count_or_err = (uint32_t)gather->message_count,
                                         .binary = turn->cmd->flags & CMD_F_BINARY});
    return 0;
}

int pop_deliver(struct turn *turn, uint32_t wanted, unsigned index)
{
    struct found found;

    if (is_pop_paused(turn->queue, turn->now_ms))
        return GMQ_E_NO_MESSAGE;
    turn->holder = turn->session->holder;
    if (UNLIKELY(turn->holder == HOLDER_NOT_ASKED))
        turn->holder = holders_find(turn->session); /* before the message is looked at: it may append */
    int rc = find_message(turn, &found);
    if (rc < 0)
        return rc;
    /* A lease takes more than what waits; without one memory is given back. */
    if (UNLIKELY(broker_memory_state(turn->broker) == MEMORY_TIGHT) && !turn->queue->auto_ack &&
        !engine_has_lease_room(turn->broker->engine))
        return GMQ_E_MEMORY_LIMIT;
    return LIKELY(wanted == 1) ? deliver_one(turn, &found, index) : deliver_many(turn, wanted, index);
}

/* ---- pop --------------------------------------------------------------------------------------------------------- */

/* What pop_deliver() could not do, as the answer to a command that does not wait. */
static COLD int answer_failure(const struct turn *turn, int rc)
{
    if (rc == -EAGAIN || rc == GMQ_E_DISK_FULL || rc == GMQ_E_READ_ONLY)
        return no_room(turn, rc);
    return refuse(turn, rc, 0, NULL);
}

/* Those who wait for the queue are served before. */
static inline bool may_go_first(const struct turn *turn)
{
    return LIKELY(turn->queue->watch == NULL) || wait_let_others_first(turn->broker, turn->queue, turn->now_ms);
}

/* Makes the topic of the pop, or brings it back. 1, or as exec_pop(). */
static COLD int prepare_pop(struct turn *turn)
{
    int rc = check_creation(turn);

    if (rc < 0)
        return refuse(turn, rc, 0, NULL);
    rc = broker_room(turn->broker, ensure_bytes(turn), false);
    if (rc < 0)
        return no_room(turn, rc);
    ensure_queue(turn);
    return 1;
}

int exec_pop(struct turn *turn)
{
    if (UNLIKELY(ensure_bytes(turn) > 0)) {
        int rc = prepare_pop(turn);
        if (rc <= 0)
            return rc;
    }
    int rc = may_go_first(turn) ? pop_deliver(turn, 1, 0) : -EAGAIN;
    return LIKELY(rc == 0) ? 0 : answer_failure(turn, rc);
}

/* ---- wpop -------------------------------------------------------------------------------------------------------- */

static int check_wpop(const struct turn *turn)
{
    const struct cmd *cmd = turn->cmd;

    if (cmd->wait_ms < 0 || cmd->wait_ms > CMD_WAIT_MS_MAX)
        return GMQ_E_WAIT;
    if (cmd->number < 1)
        return GMQ_E_BATCH_COUNT;
    return (uint64_t)cmd->number > turn->broker->options.max_batch ? GMQ_E_BATCH_LIMIT : 0;
}

/* The topics of the command, their names checked; returns how many, or the error. */
static int read_topics(const struct cmd *cmd, struct slice *ret)
{
    bool is_list = cmd->flags & CMD_F_LIST;
    struct slice topic = cmd->topic;
    size_t at = 0;
    int n = 0;

    for (; is_list ? cmd_topic_next(cmd->topic, &at, &topic) : n == 0; n++) {
        if (n == CMD_TOPICS_MAX)
            return GMQ_E_TOPIC_LIST;
        int rc = topic_name_check(topic);
        if (rc < 0)
            return rc;
        ret[n] = topic;
    }
    return n;
}

/* Makes those that are not there and brings the exited ones back: all of them, or none. As log_room(). */
static int ensure_topics(const struct turn *turn, const struct slice *topics, size_t n, struct queue **ret_queues)
{
    struct cmd cmd = *turn->cmd;
    struct turn one = *turn;
    size_t bytes = 0, missing = 0;

    for (size_t i = 0; i < n; i++) {
        cmd.topic = topics[i];
        one.cmd = &cmd;
        one.queue = ret_queues[i] = engine_find(turn->broker->engine, topics[i]);
        bytes += ensure_bytes(&one);
        missing += !one.queue;
    }
    if (missing > 0 && check_memory(turn) < 0)
        return GMQ_E_MEMORY_LIMIT;
    if (missing > 0 && !may_create(turn->broker, missing))
        return GMQ_E_TOPIC_LIMIT;
    int rc = bytes > 0 ? broker_room(turn->broker, bytes, false) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        cmd.topic = topics[i];
        one.queue = engine_find(turn->broker->engine, topics[i]); /* it may stand in the list twice */
        ensure_queue(&one);
        ret_queues[i] = one.queue;
    }
    return rc;
}

/* The first topic that has a message serves. What comes after one that must be waited for is not looked at. */
static int try_topics(struct turn *turn, struct queue **queues, size_t n)
{
    int result = GMQ_E_NO_MESSAGE;

    for (size_t i = 0; i < n; i++) {
        turn->queue = queues[i];
        int rc = may_go_first(turn) ? pop_deliver(turn, (uint32_t)turn->cmd->number, (unsigned)i) : -EAGAIN;
        if (rc == GMQ_E_IN_FLIGHT_LIMIT)
            result = rc;
        else if (rc != GMQ_E_NO_MESSAGE)
            return rc;
    }
    return result;
}

int exec_wpop(struct turn *turn)
{
    struct slice topics[CMD_TOPICS_MAX];
    struct queue *queues[CMD_TOPICS_MAX];
    const char *reason = "";
    int rc = check_wpop(turn);

    if (rc < 0)
        return refuse(turn, rc, rc == GMQ_E_BATCH_LIMIT ? turn->broker->options.max_batch : 0, NULL);
    int n = read_topics(turn->cmd, topics);
    if (n < 0)
        return refuse(turn, n, 0, NULL);
    rc = ensure_topics(turn, topics, (size_t)n, queues);
    if (rc < 0)
        return rc == GMQ_E_TOPIC_LIMIT || rc == GMQ_E_MEMORY_LIMIT ? refuse(turn, rc, 0, NULL) : no_room(turn, rc);
    rc = try_topics(turn, queues, (size_t)n);
    bool nothing = rc == -EAGAIN || rc == GMQ_E_NO_MESSAGE || rc == GMQ_E_IN_FLIGHT_LIMIT;
    if (!nothing || turn->cmd->wait_ms == 0 || turn->session->half_closed)
        return rc < 0 ? answer_failure(turn, rc) : 0;
    if (log_state(turn->broker->log, &reason) == LOG_READ_ONLY)
        return no_room(turn, GMQ_E_READ_ONLY); /* nothing will come */
    wait_begin(turn, queues, (size_t)n);
    return 0;
}
