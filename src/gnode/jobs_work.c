/* jobs_work.c - what a job does with dead letters; see jobs.h. SPDX-License-Identifier: MIT */
#include "gnode/jobs.h"

#include "base/mem.h"
#include "base/num.h"
#include "engine/id.h"
#include "engine/ref.h"
#include "gnode/locate.h"
#include "gnode/turn.h"

#include <stdlib.h>

enum {
    BATCH = 64,              /* dead letters of one record */
    READ_BYTES_MAX = 1 << 20, /* of one job in one turn */
    IDS_AHEAD = 16,          /* that are looked for together */
    NO_ROOM_MS = 100,        /* between tries when the log has no room */
    MILLI = 1000,
};

enum step {
    STEP_NEXT,
    STEP_READS, /* a record is being fetched */
    STEP_RATE,  /* its rate allows no more now */
    STEP_ROOM,  /* the log has no room now */
    STEP_OVER,
};

/* What a job works with in one turn. */
struct work {
    struct broker *broker;
    struct job *job;
    struct queue *queue;
    uint64_t now_ms;
    struct payload_pair pairs[BATCH]; /* found, not yet written */
    uint32_t pair_count;
    uint64_t refs[BATCH]; /* the next dead letters */
    size_t ref_count, ref_at;
    uint64_t read_bytes;
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static enum step fail(struct work *work, int rc)
{
    const char *reason = "";

    if (rc == -EAGAIN)
        return STEP_ROOM;
    (void)log_state(work->broker->log, &reason);
    if (rc == GMQ_E_TOPIC_FULL)
        reason = work->broker->over.word;
    work->job->err = rc == -EMSGSIZE ? GMQ_E_BODY_LIMIT : rc;
    work->job->word = reason;
    return STEP_OVER;
}

static uint64_t due_ms(const struct work *work) { return min_u64(work->now_ms + work->job->delay_ms, WHEEL_MS_MAX); }

static uint64_t append_release(struct work *work)
{
    struct payload_release release = {.now_ms = work->now_ms, .due_ms = due_ms(work), .count = work->pair_count};
    char *to = log_begin(work->broker->log, RECORD_RELEASE, 0, PAYLOAD_LIST_DEAD, work->queue->number,
                         PAYLOAD_RELEASE_BYTES + work->pair_count * PAYLOAD_PAIR_BYTES);

    payload_put_release(to, &release, work->pairs);
    return broker_apply(work->broker);
}

static uint64_t append_ack(struct work *work, const struct payload_pair *pairs, uint32_t count)
{
    return ack_append_one(work->broker, work->queue->number, payload_ack_aux(PAYLOAD_LIST_DEAD, PAYLOAD_HOW_DELETED), 0,
                          pairs, count);
}

/* What was found leaves the dead letters; room was checked. */
static void flush(struct work *work)
{
    struct job *job = work->job;

    if (work->pair_count == 0)
        return;
    job->end_lsn = job->kind == JOB_REDRIVE ? append_release(work) : append_ack(work, work->pairs, work->pair_count);
    job->done += work->pair_count;
    work->pair_count = 0;
}

static size_t flush_bytes(void)
{
    return record_stride(RECORD_RELEASE, PAYLOAD_RELEASE_BYTES + BATCH * PAYLOAD_PAIR_BYTES);
}

/*
 * What stays with it in another topic: all but what is known of its deliveries, a lifetime that is over, and its dedup
 * key, which goes on to mean the push to the topic that it was sent to. And where it comes from.
 */
static size_t put_tlvs(const struct work *work, const struct turn *turn, const struct payload_push *from,
                       char to[PAYLOAD_ATTRS_BYTES_MAX])
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(from->tlvs, &attrs))
        attrs = (struct payload_attrs){.moved = false}; /* malformed: nobody could read them before either */
    attrs.moved = attrs.deduped = false;
    attrs.from_id = from->id;
    attrs.from_queue = work->queue->number;
    attrs.pushed_ms = turn_pushed_ms(turn);
    if (attrs.expiry_ms <= work->now_ms)
        attrs.expiry_ms = 0;
    return payload_put_attrs(to, &attrs);
}

/* Moves the message to another topic, as a new one: its PUSH there and the ACK here are one group. */
static enum step transfer(struct work *work, uint64_t ref, const struct payload_push *from)
{
    struct broker *broker = work->broker;
    char tlvs[PAYLOAD_ATTRS_BYTES_MAX];
    struct cmd cmd = {.kind = CMD_PUSH, .topic = slice_str(work->job->to)};
    struct turn turn = {.broker = broker, .cmd = &cmd, .now_ms = work->now_ms};
    struct buf *copy = &broker->jobs.copy;
    struct payload_pair pair = {.ref = ref, .id = from->id};

    turn.queue = engine_find(broker->engine, cmd.topic);
    buf_clear(copy); /* what log_read() gave is gone with the first append */
    ENSURE(buf_append(copy, from->body.ptr, from->body.len));
    struct payload_push push = {.ttr_ms = from->ttr_ms, .body = buf_slice(copy),
                                .tlvs = slice_of(tlvs, put_tlvs(work, &turn, from, tlvs)),
                                .due_ms = work->job->delay_ms > 0 ? due_ms(work) : 0};
    size_t bytes = record_stride(RECORD_PUSH, payload_push_bytes(&push)) +
                   record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES);
    int rc = check_memory(&turn);
    rc = rc == 0 ? check_creation(&turn) : rc;
    rc = rc == 0 ? check_push_gates(&turn, 1, limits_bytes(push.body.len)) : rc;
    rc = rc == 0 ? broker_room(broker, ensure_bytes(&turn) + turn.over_bytes + bytes, false) : rc;
    if (rc < 0)
        return fail(work, rc);
    ensure_queue(&turn);
    push.id = turn_next_id(&turn);
    push_begin(&turn, bytes, true);
    payload_put_push(log_begin(broker->log, RECORD_PUSH, RECORD_F_MORE, 0, turn.queue->number,
                               payload_push_bytes(&push)), &push);
    (void)broker_apply(broker);
    work->job->end_lsn = append_ack(work, &pair, 1);
    work->job->done++;
    return STEP_NEXT;
}

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

static bool holds(struct slice bytes, const struct job *job)
{
    return bytes.len > 0 && memmem(bytes.ptr, bytes.len, job->text, job->text_len);
}

/* By what is known without its record: it was dead when the job began, and for long enough. */
static bool may_be_meant(const struct work *work, uint64_t ref)
{
    const struct job *job = work->job;
    struct engine_facts facts;
    uint64_t dead_ms = engine_facts(work->broker->engine, ref_lsn(ref), &facts) ? facts.dead_ms : 0;

    return dead_ms <= job->started_ms && job->started_ms - dead_ms >= job->older_ms;
}

static bool is_meant(const struct work *work, uint64_t ref, const struct payload_push *push)
{
    const struct job *job = work->job;
    struct engine_facts facts;

    if (job->ids && !bsearch(&push->id, job->ids, job->id_count, sizeof(push->id), num_compare_u64))
        return false;
    if (!job->text || holds(push->body, job))
        return true;
    return engine_facts(work->broker->engine, ref_lsn(ref), &facts) && holds(facts.text, job);
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static void prefetch(const struct work *work)
{
    uint64_t lsns[BATCH];
    size_t n = 0;

    for (size_t i = work->ref_at; i < work->ref_count; i++)
        lsns[n++] = ref_lsn(work->refs[i]);
    log_prefetch(work->broker->log, lsns, n);
}

static enum step take(struct work *work, uint64_t ref, const struct payload_push *push)
{
    struct job *job = work->job;

    if (job->rate > 0 && job->credit < MILLI)
        return STEP_RATE;
    if (job->to) {
        enum step step = transfer(work, ref, push);
        if (step != STEP_NEXT)
            return step;
    } else {
        work->pairs[work->pair_count++] = (struct payload_pair){.ref = ref, .id = push->id};
    }
    job->credit -= job->rate > 0 ? MILLI : 0;
    return STEP_NEXT;
}

/* One whose record cannot be read can be deleted, when all are. */
static bool is_meant_unread(const struct job *job) { return job->kind == JOB_DELETE && !job->ids && !job->text; }

static enum step look_at(struct work *work, uint64_t ref)
{
    struct payload_push push = {.id = 0};
    struct record rec;

    if (!may_be_meant(work, ref))
        return STEP_NEXT;
    int rc = log_read(work->broker->log, ref_lsn(ref), &rec);
    if (rc == 0) {
        prefetch(work);
        return STEP_READS;
    }
    bool readable = rc > 0 && payload_get_push(rec.payload, &push);
    work->read_bytes += readable ? rec.payload.len : 0;
    if (readable ? !is_meant(work, ref, &push) : !is_meant_unread(work->job))
        return STEP_NEXT;
    return take(work, ref, &push);
}

/* The next dead letter, 0 = there is none. */
static uint64_t next_ref(struct work *work)
{
    if (work->ref_at == work->ref_count) {
        work->ref_at = 0;
        work->ref_count = refset_from(&work->queue->dead, work->job->at_ref, work->refs, BATCH);
    }
    if (work->ref_at == work->ref_count || work->refs[work->ref_at] > work->job->end_ref)
        return 0;
    return work->refs[work->ref_at];
}

/* Room for what take() may write. */
static enum step make_room(struct work *work)
{
    if (work->pair_count == BATCH)
        flush(work);
    int rc = work->pair_count == 0 ? broker_room(work->broker, flush_bytes(), true) : 0;
    return rc < 0 ? fail(work, rc) : STEP_NEXT;
}

static enum step run(struct work *work, unsigned looks)
{
    struct job *job = work->job;
    uint64_t ref;

    while ((ref = next_ref(work)) != 0) {
        if (looks-- == 0 || work->read_bytes > READ_BYTES_MAX)
            return STEP_NEXT;
        enum step step = make_room(work);
        step = step == STEP_NEXT ? look_at(work, ref) : step;
        if (step != STEP_NEXT)
            return step;
        job->looked_at++;
        job->at_ref = ref + 1;
        work->ref_at++;
    }
    return STEP_OVER;
}

/* The dead letter of the queue at this address, 0 = there is none. */
static uint64_t dead_at(const struct work *work, uint64_t lsn)
{
    uint64_t ref;
    size_t n = refset_from(&work->queue->dead, ref_make(lsn, 0), &ref, 1);

    return n > 0 && ref_lsn(ref) == lsn ? ref : 0;
}

static enum step look_for(struct work *work, const uint64_t *ids, size_t count)
{
    struct located at, later;
    uint64_t ref = 0;
    int rc = locate(work->broker, ids[0], &at);

    if (rc == 0) {
        for (size_t i = 1; rc != -ENOMEM && i < count && i < IDS_AHEAD; i++)
            rc = locate(work->broker, ids[i], &later);
        return STEP_READS;
    }
    if (rc == -ENOMEM)
        return fail(work, rc);
    if (rc > 0 && at.place == PLACE_DEAD && at.queue == work->queue)
        ref = dead_at(work, at.lsn);
    work->read_bytes += rc > 0 ? at.rec.payload.len : 0;
    return ref != 0 && may_be_meant(work, ref) ? take(work, ref, &at.push) : STEP_NEXT;
}

static enum step run_by_id(struct work *work, unsigned looks)
{
    struct job *job = work->job;

    for (; job->id_at < job->id_count; job->id_at++, job->looked_at++) {
        if (looks-- == 0 || work->read_bytes > READ_BYTES_MAX)
            return STEP_NEXT;
        enum step step = make_room(work);
        if (step == STEP_NEXT)
            step = look_for(work, job->ids + job->id_at, job->id_count - job->id_at);
        if (step != STEP_NEXT)
            return step;
    }
    return STEP_OVER;
}

/* Of the time that went by, a tenth of a second counts at most, and one message always fits. */
static void add_credit(struct job *job, uint64_t now_ms)
{
    uint64_t most = max_u64(MILLI, job->rate * MILLI / 10);

    job->credit = min_u64(job->credit + min_u64(now_ms - job->credit_ms, MILLI) * job->rate, most);
    job->credit_ms = now_ms;
}

void job_work(struct broker *broker, struct job *job, uint64_t now_ms, unsigned looks)
{
    struct work work = {.broker = broker, .job = job, .queue = engine_queue(broker->engine, job->queue),
                        .now_ms = now_ms};

    if (!work.queue || work.queue->deleted) {
        job_end(broker, job, JOB_DONE, now_ms);
        return;
    }
    if (job->rate > 0)
        add_credit(job, now_ms);
    enum step step = job->by_id ? run_by_id(&work, looks) : run(&work, looks);
    flush(&work);
    if (job->end_lsn > broker_promised(broker))
        need_promised(broker);
    switch (step) {
    case STEP_READS:
        job->due_ms = UINT64_MAX;
        break;
    case STEP_OVER:
        job_end(broker, job, job->err ? JOB_FAILED : JOB_DONE, now_ms);
        break;
    case STEP_RATE:
        job->due_ms = now_ms + (MILLI - job->credit + job->rate - 1) / job->rate;
        break;
    case STEP_ROOM:
        job->due_ms = now_ms + NO_ROOM_MS;
        break;
    default:
        job->due_ms = now_ms;
    }
}
