/*
 * witness_jobs.c - the records of jobs on dead letters, held against what the job is to do
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/ref.h"
#include "sim/sight.h"

/* The job whose record it is, of its topic. */
static struct desk_job *job_of(const struct sight *sight, enum cmd_kind kind)
{
    struct desk_job *job = &sight->life->desk.job;

    demand(sight, !sight->life->busy && job->runs && job->kind == kind, "no such job");
    job->end = sight->event.end;
    return job;
}

static const struct oracle_message *letter_of(const struct sight *sight, const struct payload_pair *pair)
{
    const struct life *life = sight->life;
    const struct oracle_message *m = oracle_by_lsn(&sight->life->oracle, ref_lsn(pair->ref));

    demand(sight, m && (m->id == pair->id || life->unreadable) && m->retries == ref_retries(pair->ref) &&
                      m->topic == life->desk.job.topic && life->oracle.now.topics[m->topic].number == sight->rec->queue,
           "not of a dead letter of the topic");
    return m;
}

void sight_redrive(struct sight *sight)
{
    struct desk_job *job = job_of(sight, CMD_DEAD_REDRIVE);
    struct payload_release release;

    demand(sight, payload_get_release(sight->rec->payload, &release) && release.count > 0, "malformed");
    demand(sight, !job->to && sight->rec->aux == PAYLOAD_LIST_DEAD && release.now_ms == sight->life->now_ms &&
                      release.due_ms == release.now_ms + job->delay_ms, "wrong time or list");
    for (uint32_t i = 0; i < release.count; i++) {
        struct payload_pair pair = payload_pair(release.entries, i);
        sight->event.kind = ORACLE_REDRIVE;
        sight->event.topic = job->topic;
        sight->event.message.lsn = letter_of(sight, &pair)->lsn;
        sight->event.time_ms = job->delay_ms > 0 ? release.due_ms : 0;
        sight->event.more = i + 1 < release.count;
        job->done++;
        happens(sight);
    }
}

/* A dead letter is pushed to another topic; its ACK follows. */
void sight_move(struct sight *sight)
{
    struct desk_job *job = job_of(sight, CMD_DEAD_REDRIVE);
    struct life *life = sight->life;
    struct payload_push push;

    demand(sight, payload_get_push(sight->rec->payload, &push), "malformed");
    demand(sight, push.due_ms == (job->delay_ms > 0 ? life->now_ms + job->delay_ms : 0), "wrong due time");
    demand(sight, (sight->rec->flags & RECORD_F_MORE) && job->to && !job->half, "nothing goes for it");
    job->half = true;
    job->half_hash = workload_hash(push.body);
    sight->event.kind = ORACLE_PUSH;
    sight->event.message = (struct oracle_message){
        .id = push.id, .lsn = sight->rec->lsn, .end = sight->event.end, .body_hash = job->half_hash,
        .topic = (uint32_t)oracle_topic_of(&life->oracle, sight->rec->queue), .time_ms = push.due_ms,
        .body_bytes = (uint32_t)push.body.len, .state = push.due_ms ? ORACLE_DELAYED : ORACLE_READY};
    sight_note_attrs(sight, &push);
    sight_demand_now(sight, &push);
    struct payload_attrs attrs;
    job->half_from = payload_get_attrs(push.tlvs, &attrs) ? attrs.from_id : 0;
    demand(sight, slice_is(slice_str(job->to), life->oracle.now.topics[sight->event.message.topic].name),
           "to another topic");
    sight_gate(sight, sight->event.message.topic);
    happens(sight);
}

void sight_deletion(struct sight *sight)
{
    struct desk_job *job = job_of(sight, sight->life->desk.job.half ? CMD_DEAD_REDRIVE : CMD_DEAD_DELETE);
    size_t n = sight->rec->payload.len / PAYLOAD_PAIR_BYTES;

    demand(sight, n > 0 && (!job->half || n == 1), "of how many?");
    for (size_t i = 0; i < n; i++) {
        struct payload_pair pair = payload_pair(sight->rec->payload, (uint32_t)i);
        const struct oracle_message *m = letter_of(sight, &pair);
        demand(sight, !job->half || (m->body_hash == job->half_hash && m->id == job->half_from), "not what was pushed");
        sight->event.kind = ORACLE_TAKE;
        sight->event.topic = job->topic;
        sight->event.message.lsn = m->lsn;
        sight->event.more = i + 1 < n;
        job->done++;
        happens(sight);
    }
    job->half = false;
}

/* May a job make the topic, or bring it back? */
bool sight_job_makes(const struct sight *sight, const struct oracle_topic *topic, struct slice name)
{
    const struct desk_job *job = &sight->life->desk.job;

    return job->runs && job->to && slice_is(name, job->to) && (topic->number == 0 || topic->exited);
}
