/*
 * turn.h - what the commands share: refusals, answers, the topic of a command, an ACK
 *
 * A command is refused before it has changed anything; after its room in the log is promised, nothing can fail.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_TURN_H
#define GMQ_GNODE_TURN_H

#include "base/err.h"
#include "engine/id.h"
#include "engine/payload.h"
#include "gnode/broker.h"
#include "gnode/sweep.h"

#include <errno.h>

/* Pairs of one ACK record, deliveries of one POP record; bytes of the records of one group. */
enum { TURN_PAIRS_MAX = 4096, TURN_DELIVERIES_MAX = 2048, TURN_GROUP_BYTES_MAX = 16 << 20 };

/* What a command works with. */
struct turn {
    struct broker *broker;
    struct session *session;
    const struct cmd *cmd;
    uint64_t now_ms;
    struct queue *queue; /* NULL: the topic is not there (yet) */
    uint32_t holder;     /* whose a delivery is; 0 = not known */
    uint32_t over;       /* messages that make room for those of a push, see limits.h */
    size_t over_bytes;
};

/* ---- the commands; as broker_execute() --------------------------------------------------------------------------- */

/* pop.c */
NODISCARD int exec_pop(struct turn *turn);
NODISCARD int exec_wpop(struct turn *turn);

/*
 * Delivers up to `wanted` messages of turn->queue to turn->session, in one answer: that of a pop when `wanted` is 1.
 * `index` is what the answer says of the topic. 0; or nothing was delivered: -EAGAIN = after a later change (a body is
 * being fetched, the log has no room now); GMQ_E_NO_MESSAGE, _IN_FLIGHT_LIMIT, _MEMORY_LIMIT, _DISK_FULL, _READ_ONLY.
 */
NODISCARD int pop_deliver(struct turn *turn, uint32_t wanted, unsigned index);

/* mack.c */
NODISCARD int exec_mack(struct turn *turn);

/*
 * Which of the ids of the command are in flight: their pairs, in order; the others, and what stands in the list twice,
 * are `missing`. Returns how many are. Both have room for turn->cmd->count. For mack, nack and touch.
 */
size_t mack_split(const struct turn *turn, struct payload_pair *pairs, struct session_ids *missing);

/* Are there as many ids as are said, and no more than may be? False: the command was refused. */
bool mack_check(const struct turn *turn);

/* Says "ok" or which were missing, when everything up to `end` is written; 0 = at once. Takes `missing`. */
void mack_answer(const struct turn *turn, struct session_ids *missing, uint64_t end);

/*
 * put.c: when a message comes due that is to be delayed for `delay_ms` as it was given, or, not given, until `at_ms`;
 * 0 = now. 0, or GMQ_E_DELAY, _DELAY_NEGATIVE.
 */
NODISCARD int turn_due_ms(const struct turn *turn, int64_t delay_ms, uint64_t at_ms, uint64_t *ret_due_ms);

/* purge.c; purge_append: a PURGE of up to `count`, at most 4096, of a queue's list; room was checked. Its end. */
NODISCARD int exec_purge(struct turn *turn);
uint64_t purge_append(struct broker *broker, uint32_t number, enum payload_list list, uint64_t count, uint64_t now_ms);

/* Takes what is left of deleted topics, some of it; true: there is more. */
bool purge_doomed(struct broker *broker, uint64_t now_ms);

/* steer.c */
NODISCARD int exec_topic_delete(struct turn *turn);
NODISCARD int exec_cancel(struct turn *turn);
NODISCARD int exec_reschedule(struct turn *turn);

/* put.c, nack.c */
NODISCARD int exec_put(struct turn *turn);
NODISCARD int exec_nack(struct turn *turn);
NODISCARD int exec_touch(struct turn *turn);

/* The id of the next message. */
static inline uint64_t turn_next_id(const struct turn *turn)
{
    const struct broker *broker = turn->broker;

    return id_next(engine_last_id(broker->engine), broker->options.node_id, turn->now_ms);
}

/* What the messages of a push carry of its time, for struct payload_attrs: nothing while their ids say it. */
static inline uint64_t turn_pushed_ms(const struct turn *turn)
{
    return UNLIKELY(turn->broker->stamp_bytes > 0) ? turn->now_ms : 0;
}

/* peek.c */
NODISCARD int exec_peek(struct turn *turn);

/* get.c, history.c */
NODISCARD int exec_get(struct turn *turn);
NODISCARD int exec_history(struct turn *turn);

/* topics.c: the commands on topics, and the name of a client */
NODISCARD int exec_topic(struct turn *turn);
NODISCARD int exec_topics(struct turn *turn);
NODISCARD int exec_topic_create(struct turn *turn);
NODISCARD int exec_topic_set(struct turn *turn);
NODISCARD int exec_pause(struct turn *turn);
NODISCARD int exec_client(struct turn *turn);

/* consumers.c */
NODISCARD int exec_consumers(struct turn *turn);

/* jobs.c: DEAD_REDRIVE, DEAD_DELETE; JOB, JOBS, JOB_CANCEL */
NODISCARD int exec_dead_job(struct turn *turn);
NODISCARD int exec_job(struct turn *turn);

/* One ACK record of up to TURN_PAIRS_MAX pairs, `aux` by payload_ack_aux(); room was checked. Returns its end. */
static inline uint64_t ack_append_one(struct broker *broker, uint32_t queue, uint16_t aux, uint8_t flags,
                                      const struct payload_pair *pairs, size_t n)
{
    char *to = log_begin(broker->log, RECORD_ACK, flags, aux, queue, n * PAYLOAD_PAIR_BYTES);

    for (size_t i = 0; i < n; i++)
        payload_put_pair(to + i * PAYLOAD_PAIR_BYTES, &pairs[i]);
    return broker_apply(broker);
}

/* exec.c: as many as it takes for the pairs, at least one. Returns the end of the last. */
uint64_t ack_append(const struct turn *turn, enum payload_list list, const struct payload_pair *pairs, size_t n);

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static inline int refuse(const struct turn *turn, int err, uint64_t number, const char *word)
{
    broker_refuse(turn->session, err, number, word, false);
    return 0;
}

/* log_room()'s refusal: wait, or say no. */
static inline int no_room(const struct turn *turn, int rc)
{
    const char *reason = "";

    if (rc == -EAGAIN) {
        session_stall(turn->session);
        return -EAGAIN;
    }
    (void)log_state(turn->broker->log, &reason);
    if (rc == -EMSGSIZE)
        rc = GMQ_E_BODY_LIMIT;
    if (rc == GMQ_E_DISK_FULL && log_limit(turn->broker->log)) {
        rc = GMQ_E_DISK_LIMIT;
        reason = log_limit(turn->broker->log);
    }
    return refuse(turn, rc, turn->broker->options.max_message, reason);
}

/* Pages in the making, of all sessions: broker->lookers. */
enum { LOOKERS_MAX = 8 };

/* A page is made, or given up: another may wait for its place. */
static inline void end_look(struct broker *broker)
{
    if (broker->lookers-- == LOOKERS_MAX)
        broker->retry = true;
}

static inline void need_promised(const struct broker *broker)
{
    if (broker->options.sync == LOG_SYNC_ALWAYS)
        log_need_durable(broker->log);
    else
        log_need_written(broker->log);
}

/* Answers when everything appended up to `end_lsn` is promised by the sync mode. */
static inline int answer_promised(const struct turn *turn, enum answer_kind kind, uint64_t end_lsn, uint64_t arg,
                                  size_t count)
{
    need_promised(turn->broker);
    session_answer(turn->session, &(struct parked){.kind = (uint8_t)kind,
                                                   .wait = WAIT_PROMISED,
                                                   .lsn = end_lsn,
                                                   .arg = arg,
                                                   .count_or_err = (uint32_t)count,
                                                   .binary = turn->cmd->flags & CMD_F_BINARY});
    return 0;
}

/* Answers with the report, which it owns from now on, when all up to `end_lsn` is promised; 0 = at once. */
static inline int answer_report(const struct turn *turn, struct report *report, uint64_t end_lsn)
{
    if (end_lsn > 0)
        return answer_promised(turn, ANSWER_REPORT, end_lsn, (uint64_t)(uintptr_t)report, 0);
    session_answer(turn->session, &(struct parked){.kind = ANSWER_REPORT, .arg = (uint64_t)(uintptr_t)report});
    return 0;
}

/* ---- the topic of a command -------------------------------------------------------------------------------------- */

/* Bytes of the QUEUE record that ensure_queue() will append. */
static inline size_t ensure_bytes(const struct turn *turn)
{
    if (turn->queue && !turn->queue->exited)
        return 0;
    return broker_queue_stride(turn->cmd->topic.len);
}

/* 0, or the error that refuses to begin what takes memory. */
static inline int check_memory(const struct turn *turn)
{
    return broker_memory_state(turn->broker) == MEMORY_OK ? 0 : GMQ_E_MEMORY_LIMIT;
}

/* Is there room for so many topics more? */
static inline bool may_create(const struct broker *broker, uint64_t count)
{
    return engine_topics(broker->engine) + count <= broker->options.max_topics &&
           engine_queues(broker->engine) + count <= ENGINE_QUEUES_MAX;
}

/* 0, or the error that refuses to make the topic. */
static inline int check_creation(const struct turn *turn)
{
    int rc = turn->queue ? 0 : check_memory(turn);

    if (rc < 0)
        return rc;
    if (turn->queue || may_create(turn->broker, 1))
        return 0;
    return GMQ_E_TOPIC_LIMIT;
}

/* Has the topic something that may forbid a push? */
static inline bool has_push_gate(const struct turn *turn)
{
    return UNLIKELY(turn->queue && turn->queue->gates & (QUEUE_PUSH_PAUSED | QUEUE_LIMITED));
}

/*
 * May `count` messages of `bytes`, each counted by limits_bytes(), be pushed to the topic: is it neither paused nor
 * full? 0: turn->over_bytes more are appended by push_begin(); else it is answered by refuse_push().
 */
static inline int check_push_gates(struct turn *turn, uint32_t count, uint64_t bytes)
{
    if (!has_push_gate(turn))
        return 0;
    if (turn->queue->set.push_paused_until_ms > turn->now_ms)
        return GMQ_E_TOPIC_PAUSED;
    return turn->queue->gates & QUEUE_LIMITED ? limits_check(turn, count, bytes) : 0;
}

static inline int refuse_push(const struct turn *turn, int rc)
{
    if (rc == -EAGAIN || rc == GMQ_E_DISK_FULL || rc == GMQ_E_READ_ONLY)
        return no_room(turn, rc);
    return refuse(turn, rc, 0, rc == GMQ_E_TOPIC_FULL ? turn->broker->over.word : NULL);
}

/* Begins a group of pushes, of `bytes` in all, by what makes room for them; `many`: it is more than one. */
static inline void push_begin(struct turn *turn, size_t bytes, bool many)
{
    if (many || UNLIKELY(turn->over > 0))
        log_group(turn->broker->log, bytes + turn->over_bytes);
    if (UNLIKELY(turn->over > 0))
        limits_make_room(turn);
}

/* Is the pop side of the topic paused? */
static inline bool is_pop_paused(const struct queue *queue, uint64_t now_ms)
{
    return UNLIKELY(queue->gates & QUEUE_POP_PAUSED) && queue->set.pop_paused_until_ms > now_ms;
}

/* Makes the topic, or brings it back into the lists; room was checked. */
static inline void ensure_queue(struct turn *turn)
{
    struct engine *engine = turn->broker->engine;
    const struct queue *queue = turn->queue;

    if (queue && !queue->exited)
        return;
    if (queue)
        (void)broker_rewrite_queue(turn->broker, queue, queue->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0, &queue->set);
    else
        (void)broker_append_queue(turn->broker, engine_next_queue(engine), turn->cmd->topic, turn->now_ms, 0,
                                  &TOPIC_SETTINGS_NONE);
    turn->queue = engine_find(engine, turn->cmd->topic);
    sweep_changed(turn->broker, turn->queue, turn->now_ms);
}

#endif
