/* jobs.c - which jobs there are, and the commands on them; see jobs.h. SPDX-License-Identifier: MIT */
#include "gnode/jobs.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/num.h"
#include "gnode/turn.h"
#include "wire/reply.h"
#include "wire/topic_name.h"

#include <stdlib.h>

enum {
    TURN_LOOKS = 512,       /* messages that all jobs look at in one turn */
    FIRST_LOOKS = 256,      /* by the command that begins one */
    SMALL_JOB = 1000,       /* of so many dead letters: the command waits until the job is over */
    LOCATE_FROM = 4096,     /* of so many dead letters: ids are located one by one */
    ID_STEP = 1000,         /* jobs of a millisecond, in their ids */
    ERROR_BYTES_MAX = 512,
};

void jobs_init(struct jobs *jobs, size_t message_bytes_max)
{
    *jobs = (struct jobs){.count = 0};
    buf_init(&jobs->copy, message_bytes_max);
}

static void free_needs(struct job *job)
{
    free(job->ids);
    free(job->text);
    job->ids = NULL;
    job->text = NULL;
}

static void free_job(struct job *job)
{
    if (!job)
        return;
    free_needs(job);
    free(job->topic);
    free(job->to);
    free(job);
}

void jobs_fini(struct jobs *jobs)
{
    for (size_t i = 0; i < JOBS_KEPT; i++)
        free_job(jobs->kept[i]);
    buf_free(&jobs->copy);
}

void job_end(struct broker *broker, struct job *job, enum job_state state, uint64_t now_ms)
{
    job->state = state;
    job->ended_ms = now_ms;
    free_needs(job);
    broker->jobs.running--;
    broker->retry = true; /* a command may wait for it */
}

uint64_t jobs_turn(struct broker *broker, uint64_t now_ms)
{
    struct jobs *jobs = &broker->jobs;
    uint64_t due = UINT64_MAX;
    unsigned looks = jobs->running > 0 ? TURN_LOOKS / jobs->running : 0;

    for (size_t i = 0; jobs->running > 0 && i < JOBS_KEPT; i++) {
        struct job *job = jobs->kept[i];
        if (!job || job->state != JOB_RUNNING)
            continue;
        if (job->due_ms <= now_ms || job->due_ms == UINT64_MAX)
            job_work(broker, job, now_ms, looks);
        if (job->state == JOB_RUNNING)
            due = min_u64(due, job->due_ms);
    }
    return due;
}

/* ---- what was asked for ------------------------------------------------------------------------------------------ */

static const char *find_fault(const struct cmd *cmd)
{
    const struct cmd_args *args = cmd->args;
    unsigned by_fact = args->older_ms > 0 || args->text.len > 0;

    if (args->older_ms < 0)
        return "older_than_ms must not be negative";
    if (args->rate < 0)
        return "rate must not be negative";
    if (args->text.len > CMD_TEXT_BYTES_MAX)
        return "text must be at most 255 bytes";
    if ((cmd->count > 0) + (unsigned)args->all + by_fact != 1)
        return "exactly one is needed of: ids; all; older_than_ms, text or both";
    return NULL;
}

static int check(const struct turn *turn)
{
    const struct cmd *cmd = turn->cmd;
    const struct cmd_args *args = cmd->args;
    const struct broker_options *limits = &turn->broker->options;
    const char *fault = find_fault(cmd);
    int rc = 0;

    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault), 1;
    if (cmd->count > limits->max_batch)
        return refuse(turn, GMQ_E_BATCH_LIMIT, limits->max_batch, NULL), 1;
    if (cmd->body.len != (size_t)cmd->count * CMD_ID_BYTES)
        rc = GMQ_E_BODY_SHORT;
    else if (!turn->queue || turn->queue->exited)
        rc = GMQ_E_TOPIC_UNKNOWN;
    else if (args->delay_ms != CMD_NOT_GIVEN && args->delay_ms < 0)
        rc = GMQ_E_DELAY_NEGATIVE;
    else if (args->delay_ms != CMD_NOT_GIVEN && (uint64_t)args->delay_ms > 1000 * limits->max_delay_s)
        rc = GMQ_E_DELAY;
    else if (args->to.len > 0 && cmd->kind == CMD_DEAD_REDRIVE)
        rc = topic_name_check(args->to);
    if (rc == 0 && turn->broker->jobs.running == JOBS_RUNNING_MAX)
        rc = GMQ_E_JOB_LIMIT;
    return rc < 0 ? refuse(turn, rc, 0, NULL), 1 : 0;
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

static char *keep(struct slice text)
{
    char *copy = mem_new(text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

static void keep_ids(struct job *job, const struct cmd *cmd)
{
    job->ids = mem_new(cmd->count * sizeof(job->ids[0]));
    for (uint32_t i = 0; i < cmd->count; i++)
        job->ids[i] = get_be64(cmd->body.ptr + (size_t)i * CMD_ID_BYTES);
    qsort(job->ids, cmd->count, sizeof(job->ids[0]), num_compare_u64);
    for (uint32_t i = 0; i < cmd->count; i++)
        if (i == 0 || job->ids[i] != job->ids[job->id_count - 1])
            job->ids[job->id_count++] = job->ids[i];
}

static struct job *begin(const struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    struct jobs *jobs = &turn->broker->jobs;
    struct job *job = mem_new(sizeof(*job));

    *job = (struct job){.id = turn->broker->opened_ms * ID_STEP + jobs->count, .queue = turn->queue->number,
                        .kind = turn->cmd->kind == CMD_DEAD_REDRIVE ? JOB_REDRIVE : JOB_DELETE,
                        .older_ms = (uint64_t)args->older_ms, .rate = (uint64_t)args->rate, .credit = 1000,
                        .credit_ms = turn->now_ms, .started_ms = turn->now_ms, .due_ms = turn->now_ms};
    job->topic = keep(turn->cmd->topic);
    if (job->kind == JOB_REDRIVE && args->to.len > 0 && !slice_equal(args->to, turn->cmd->topic))
        job->to = keep(args->to);
    if (job->kind == JOB_REDRIVE && args->delay_ms != CMD_NOT_GIVEN)
        job->delay_ms = (uint64_t)args->delay_ms;
    if (args->text.len > 0)
        job->text = keep(args->text);
    job->text_len = args->text.len;
    if (turn->cmd->count > 0)
        keep_ids(job, turn->cmd);
    job->by_id = job->ids && turn->queue->dead.count > LOCATE_FROM;
    (void)refset_before(&turn->queue->dead, UINT64_MAX, &job->end_ref, 1);
    struct job **place = &jobs->kept[jobs->count++ % JOBS_KEPT];
    free_job(*place);
    *place = job;
    jobs->running++;
    return job;
}

/* A place of the ring that a running job stands in is not to be had: with 16 of 100 running that takes long. */
static bool has_place(const struct jobs *jobs)
{
    const struct job *job = jobs->kept[jobs->count % JOBS_KEPT];

    return !job || job->state != JOB_RUNNING;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static struct slice error_text(struct report *report, const struct job *job)
{
    struct slice text = slice_of("", 0);
    struct buf out;

    if (job->state != JOB_FAILED)
        return text;
    buf_init(&out, ERROR_BYTES_MAX);
    if (reply_error_text(&out, job->err, 0, job->word))
        text = report_keep(report, buf_slice(&out));
    buf_free(&out);
    return text;
}

/* What it did counts as done when that is promised. */
static void say(struct report *report, const struct broker *broker, const struct job *job)
{
    bool over = job->state != JOB_DONE || broker_promised(broker) >= job->end_lsn;

    report->jobs[report->count++] = (struct report_job){
        .id = job->id, .kind = job->kind, .state = over ? job->state : JOB_RUNNING, .looked_at = job->looked_at,
        .done = job->done, .started_ms = job->started_ms, .ended_ms = over ? job->ended_ms : 0,
        .topic = report_keep(report, slice_str(job->topic)),
        .to = report_keep(report, slice_str(job->to ? job->to : job->kind == JOB_REDRIVE ? job->topic : "")),
        .error = error_text(report, job)};
}

static int answer(const struct turn *turn, struct report *report)
{
    session_answer(turn->session, &(struct parked){.kind = ANSWER_REPORT, .arg = (uint64_t)(uintptr_t)report});
    return 0;
}

/* One that is over is answered when what it did is promised. */
static int answer_job(const struct turn *turn, const struct job *job)
{
    struct report *report = report_new(REPORT_JOB, 1);

    say(report, turn->broker, job);
    if (job->state == JOB_RUNNING || broker_promised(turn->broker) >= job->end_lsn)
        return answer(turn, report);
    report->jobs[0].state = job->state;
    report->jobs[0].ended_ms = job->ended_ms;
    return answer_promised(turn, ANSWER_REPORT, job->end_lsn, (uint64_t)(uintptr_t)report, 1);
}

static struct job *find_job(const struct turn *turn, uint64_t id)
{
    const struct jobs *jobs = &turn->broker->jobs;
    uint64_t number = id - turn->broker->opened_ms * ID_STEP;
    struct job *job = number < jobs->count ? jobs->kept[number % JOBS_KEPT] : NULL;

    return job && job->id == id ? job : NULL;
}

/* ---- the commands ------------------------------------------------------------------------------------------------ */

/* A command that waits for its job. */
struct job_wait {
    struct session_work work;
    uint64_t id;
};

static void free_wait(struct session_work *work) { free(CONTAINER_OF(work, struct job_wait, work)); }

static bool is_small(const struct turn *turn, const struct job *job)
{
    return job->rate == 0 && (job->ids || turn->queue->dead.count <= SMALL_JOB);
}

/* The next one can be begun while it waits: others may push it out of the ring, then it is over and forgotten. */
static int go_on(const struct turn *turn)
{
    const struct job *job = find_job(turn, CONTAINER_OF(turn->session->work, struct job_wait, work)->id);

    if (job && job->state == JOB_RUNNING)
        return no_room(turn, -EAGAIN);
    session_end_work(turn->session);
    return job ? answer_job(turn, job) : refuse(turn, GMQ_E_JOB_UNKNOWN, 0, NULL);
}

int exec_dead_job(struct turn *turn)
{
    if (turn->session->work)
        return go_on(turn);
    if (check(turn) != 0)
        return 0;
    if (!has_place(&turn->broker->jobs))
        return refuse(turn, GMQ_E_JOB_LIMIT, 0, NULL);
    struct job *job = begin(turn);
    bool small = is_small(turn, job);
    job_work(turn->broker, job, turn->now_ms, FIRST_LOOKS);
    if (job->state != JOB_RUNNING || !small)
        return answer_job(turn, job);
    struct job_wait *wait = mem_new(sizeof(*wait));
    *wait = (struct job_wait){.work = {.free = free_wait}, .id = job->id};
    turn->session->work = &wait->work;
    return no_room(turn, -EAGAIN);
}

static int list_jobs(const struct turn *turn)
{
    const struct jobs *jobs = &turn->broker->jobs;
    size_t count = min_u64(jobs->count, JOBS_KEPT);
    struct report *report = report_new(REPORT_JOBS, count);

    for (uint64_t number = jobs->count; number > jobs->count - count; number--)
        say(report, turn->broker, jobs->kept[(number - 1) % JOBS_KEPT]);
    return answer(turn, report);
}

int exec_job(struct turn *turn)
{
    if (turn->cmd->kind == CMD_JOBS)
        return list_jobs(turn);
    struct job *job = find_job(turn, turn->cmd->id);
    if (!job)
        return refuse(turn, GMQ_E_JOB_UNKNOWN, 0, NULL);
    if (turn->cmd->kind == CMD_JOB_CANCEL && job->state == JOB_RUNNING)
        job_end(turn->broker, job, JOB_CANCELLED, turn->now_ms);
    if (turn->cmd->kind == CMD_JOB_CANCEL)
        return answer_job(turn, job);
    struct report *report = report_new(REPORT_JOB, 1);
    say(report, turn->broker, job);
    return answer(turn, report);
}
