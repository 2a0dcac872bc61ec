/*
 * desk.c - somebody who looks at messages, page by page, and sends dead letters back, while the life goes on
 *
 * What is looked at does not change, and as long as nothing else changes it either, the pages are the oracle's list,
 * from the head or from the tail. When something has changed between two pages, it begins anew. Now and then all dead
 * letters of a topic are redriven or deleted, by one job at a time; what it writes is seen in witness.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "sim/life.h"

#include <errno.h>
#include <inttypes.h>

static const enum oracle_state STATES[] = {ORACLE_READY, ORACLE_DELAYED, ORACLE_FLIGHT, ORACLE_DEAD};

/* Where a message stands in its list. */
struct key {
    uint64_t first, second;
};

static struct key key_of(const struct oracle_message *m)
{
    switch (m->state) {
    case ORACLE_DELAYED:
        return (struct key){.first = m->time_ms, .second = m->lsn};
    case ORACLE_DEAD:
        return (struct key){.first = m->lsn};
    default:
        return (struct key){.first = m->order};
    }
}

static bool is_before(struct key a, struct key b)
{
    return a.first != b.first ? a.first < b.first : a.second < b.second;
}

/* The one that the list goes on with behind `last`, NULL = at its beginning. */
static const struct oracle_message *next_of(const struct life *life, const struct oracle_message *last)
{
    const struct desk *desk = &life->desk;
    const struct oracle_message *next = NULL;
    bool back = desk->args.from_tail;

    for (size_t i = 0; i < life->oracle.now.count; i++) {
        const struct oracle_message *m = &life->oracle.now.live[i];
        if (m->topic != desk->topic || m->state != STATES[desk->args.place])
            continue;
        if (last && (back ? !is_before(key_of(m), key_of(last)) : !is_before(key_of(last), key_of(m))))
            continue;
        if (!next || (back ? is_before(key_of(next), key_of(m)) : is_before(key_of(m), key_of(next))))
            next = m;
    }
    return next;
}

static void check_body(struct life *life, const struct report_message *shown, const struct oracle_message *m)
{
    const struct desk *desk = &life->desk;

    if (shown->bytes != m->body_bytes || shown->unreadable || (shown->retries != m->retries))
        life_fail(life, "message %" PRIu64 " is shown with %" PRIu64 " bytes and %u retries", m->id, shown->bytes,
                  shown->retries);
    names_check_holder(life, m, shown->holder);
    if (desk->args.body == CMD_BODY_WHOLE && workload_hash(shown->body) != m->body_hash)
        life_fail(life, "message %" PRIu64 " is shown with another body", m->id);
}

static void check_page(struct life *life, const struct report *report)
{
    struct desk *desk = &life->desk;
    const struct oracle_message *last = desk->seen > 0 ? oracle_by_id(&life->oracle, desk->last_id) : NULL;
    bool in_order = desk->args.place != PLACE_IN_FLIGHT;

    for (size_t i = 0; i < report->count; i++) {
        const struct report_message *shown = &report->messages[i];
        const struct oracle_message *m = in_order ? next_of(life, last) : oracle_by_id(&life->oracle, shown->id);
        if (!m || m->id != shown->id || m->state != STATES[desk->args.place] || m->topic != desk->topic)
            life_fail(life, "message %" PRIu64 " is shown as the %zu. one that is %s, should be %" PRIu64, shown->id,
                      desk->seen + i + 1, place_word(desk->args.place), m ? m->id : 0);
        check_body(life, shown, m);
        last = m;
        desk->last_id = m->id;
    }
    desk->seen += report->count;
    size_t all = oracle_count(&life->oracle, desk->topic, STATES[desk->args.place]);
    if (report->next.len == 0 && desk->seen != all)
        life_fail(life, "%zu messages that are %s are shown, there are %zu", desk->seen, place_word(desk->args.place),
                  all);
}

/* Could nothing be pushed to the other topic when it tried? By now it may be possible. */
static bool was_no_way(const struct life *life, struct slice error)
{
    if (!life->desk.job.to)
        return false;
    return slice_is(error, err_text(GMQ_E_TOPIC_LIMIT)) ||
           (life->load.weights[CMD_PAUSE] > 0 && slice_is(error, err_text(GMQ_E_TOPIC_PAUSED))) ||
           (life->load.limit_permille > 0 && error.len > 14 && memcmp(error.ptr, "topic is full:", 14) == 0);
}

/* The job says what was seen of it. */
static void hear_of_job(struct life *life, const struct answer *answer)
{
    struct desk_job *job = &life->desk.job;

    if (answer->kind == ANSWER_ERROR && answer->err == GMQ_E_TOPIC_UNKNOWN && job->id == 0 &&
        oracle_topic(&life->oracle, slice_str(job->name)) < 0) {
        job->runs = false; /* it was deleted before the job began */
        return;
    }
    if (answer->kind != ANSWER_REPORT && life->disturbed &&
        (answer->err == GMQ_E_READ_ONLY || answer->err == GMQ_E_DISK_FULL)) {
        job->runs = job->runs && job->id != 0; /* the log takes nothing that it would write */
        return;
    }
    if (answer->kind != ANSWER_REPORT)
        life_fail(life, "a job is refused with error %d", answer->err);
    const struct report_job *said = &answer->report->jobs[0];
    life_say(life, "desk   < job %" PRIu64 " %s, %" PRIu64 " done", said->id, job_state_word(said->state), said->done);
    bool first = job->id == 0;
    job->id = said->id;
    /* What was done since it was written down for an answer that waits is not in it. */
    if (said->done > job->done || (!first && said->done != job->done))
        life_fail(life, "a job says that %" PRIu64 " are done, %" PRIu64 " were seen", said->done, job->done);
    if (said->state == JOB_FAILED && !life->disturbed && !was_no_way(life, said->error))
        life_fail(life, "a job fails: %.*s", (int)said->error.len, said->error.ptr);
    if (said->state == JOB_RUNNING)
        return;
    if (said->state == JOB_DONE)
        life->vouched_promised = max_u64(life->vouched_promised, job->end);
    job->runs = false;
    life->jobs++;
}

static bool on_answer(struct session *session, const struct answer *answer)
{
    struct desk *desk = CONTAINER_OF(session, struct desk, session);
    struct life *life = CONTAINER_OF(desk, struct life, desk);

    if (desk->asks != CMD_PEEK) {
        hear_of_job(life, answer);
        return true;
    }
    bool same = engine_digest(life->broker.engine) == desk->digest;

    desk->more = false;
    if (answer->kind == ANSWER_ERROR && answer->err == GMQ_E_TOPIC_UNKNOWN && !same)
        return true; /* it was deleted */
    if (answer->kind != ANSWER_REPORT)
        life_fail(life, "a page is refused with error %d", answer->err);
    const struct report *report = answer->report;
    life_say(life, "desk   < %zu that are %s%s", report->count, place_word(desk->args.place), same ? "" : ", changed");
    if (!same || life->disturbed || life->decayed || life->unreadable)
        return true;
    check_page(life, report);
    life->pages++;
    desk->more = report->next.len > 0;
    ENSURE(report->next.len <= sizeof(desk->cursor));
    if (desk->more)
        memcpy(desk->cursor, report->next.ptr, report->next.len);
    desk->args.cursor = slice_of(desk->cursor, report->next.len);
    return true;
}

static void on_resume(struct session *session) { CONTAINER_OF(session, struct desk, session)->resumed = true; }

static const struct session_ops OPS = {.answer = on_answer, .resume = on_resume};

/* Begins a job, or asks for the one that runs. */
static void work(struct life *life)
{
    struct desk *desk = &life->desk;
    struct cmd cmd = {.kind = desk->asks, .args = &desk->job_args, .id = desk->job.id,
                      .topic = slice_str(desk->job.name)};

    desk->stalled = desk->resumed = false;
    int rc = broker_execute(&life->broker, &desk->session, &cmd, life->now_ms);
    if (rc != 0 && rc != -EAGAIN)
        life_fail(life, "a job ends with %d", rc);
    desk->stalled = rc != 0;
}

static void begin_job(struct life *life)
{
    static const uint64_t RATES[] = {0, 0, 1, 20};
    struct desk *desk = &life->desk;
    struct desk_job *job = &desk->job;
    struct rng *rng = &life->rng;

    *job = (struct desk_job){.topic = (uint32_t)rng_below(rng, WORKLOAD_MAX_TOPICS)};
    const struct oracle_topic *topic = &life->oracle.now.topics[job->topic];
    if (topic->number == 0 || topic->exited)
        return;
    job->name = topic->name;
    desk->job_args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .all = true,
                                       .rate = (int64_t)RATES[rng_below(rng, ARRAY_LEN(RATES))]};
    job->kind = rng_chance(rng, 200) ? CMD_DEAD_DELETE : CMD_DEAD_REDRIVE;
    if (job->kind == CMD_DEAD_REDRIVE && rng_chance(rng, 600)) {
        desk->job_args.to = workload_topic((uint32_t)rng_below(rng, WORKLOAD_MAX_TOPICS));
        job->to = slice_is(desk->job_args.to, topic->name) ? NULL : workload_name(desk->job_args.to);
    }
    if (job->kind == CMD_DEAD_REDRIVE && rng_chance(rng, 300))
        job->delay_ms = rng_between(rng, 1, 5000);
    if (job->delay_ms > 0)
        desk->job_args.delay_ms = (int64_t)job->delay_ms;
    job->runs = true;
    desk->asks = job->kind;
    life_say(life, "desk   > %s: %s all%s%s, %d a second", topic->name,
             job->kind == CMD_DEAD_DELETE ? "delete" : "redrive", job->to ? " to " : "", job->to ? job->to : "",
             (int)desk->job_args.rate);
    work(life);
}

static void execute(struct life *life)
{
    struct desk *desk = &life->desk;
    uint64_t before = engine_digest(life->broker.engine);

    if (desk->asks != CMD_PEEK) {
        work(life);
        return;
    }
    struct cmd cmd = {.kind = CMD_PEEK, .topic = slice_str(desk->name),
                      .args = &desk->args};

    if (!desk->stalled)
        desk->digest = before;
    desk->stalled = desk->resumed = false;
    int rc = broker_execute(&life->broker, &desk->session, &cmd, life->now_ms);
    if (rc != 0 && rc != -EAGAIN)
        life_fail(life, "a page ends with %d", rc);
    desk->stalled = rc != 0;
    if (engine_digest(life->broker.engine) != before)
        life_fail(life, "who looks at messages changes them");
}

/* A first page. */
static void begin(struct life *life)
{
    struct desk *desk = &life->desk;
    struct rng *rng = &life->rng;

    desk->asks = CMD_PEEK;
    desk->topic = (uint32_t)rng_below(rng, WORKLOAD_MAX_TOPICS);
    const struct oracle_topic *topic = &life->oracle.now.topics[desk->topic];
    if (topic->number == 0 || topic->exited)
        return;
    desk->name = topic->name;
    desk->args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .place = (enum message_place)rng_below(rng, 4)};
    desk->args.from_tail = (desk->args.place == PLACE_READY || desk->args.place == PLACE_DEAD) && rng_chance(rng, 500);
    desk->args.limit = (int64_t)rng_between(rng, 1, rng_chance(rng, 500) ? 5 : CMD_LIMIT_MAX);
    desk->args.body = (enum cmd_body)rng_below(rng, 3);
    desk->seen = 0;
    life_say(life, "desk   > %s: %s%s, up to %d", topic->name, place_word(desk->args.place),
             desk->args.from_tail ? " from the tail" : "", (int)desk->args.limit);
    execute(life);
}

void desk_act(struct life *life)
{
    struct desk *desk = &life->desk;

    if (desk->session.parked_count > 0)
        return;
    if (desk->stalled) {
        if (desk->resumed)
            execute(life);
    } else if (desk->job.runs && rng_chance(&life->rng, 20)) {
        desk->asks = rng_chance(&life->rng, 100) ? CMD_JOB_CANCEL : CMD_JOB;
        desk->more = false;
        work(life);
    } else if (!desk->job.runs && rng_chance(&life->rng, life->job_permille)) {
        desk->more = false;
        begin_job(life);
    } else if (desk->more && engine_digest(life->broker.engine) == desk->digest) {
        execute(life);
    } else if (rng_chance(&life->rng, life->desk_permille)) {
        begin(life);
    }
}

void desk_connect(struct life *life)
{
    life->desk = (struct desk){.stalled = false};
    session_init(&life->desk.session, &life->broker, &OPS);
}

void desk_leave(struct life *life) { session_fini(&life->desk.session); }
