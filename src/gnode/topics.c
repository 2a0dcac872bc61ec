/*
 * topics.c - the commands on topics: made, settled, paused, looked at
 *
 * A list of topics is in the order of their numbers, which is that in which they were made: no other can be had a page
 * at a time without a sorted copy of all names. So a page costs what is on it, and what the filter passes over of the
 * LIST_LOOKS_MAX topics that one request looks at, so many in each turn of the loop; its cursor is a number, which is
 * never used again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/turn.h"

#include "base/mem.h"
#include "base/num.h"
#include "gnode/describe.h"
#include "gnode/topic_check.h"

#include <stdlib.h>

enum {
    LIST_LOOKS_MAX = 65536,
    WORK_A_TURN = 2048, /* looks, of all lists together: about a millisecond */
    FILL_WORK = 4,      /* what an entry of a page costs */
};

static bool is_there(const struct queue *queue) { return queue && queue->name && !queue->exited; }

static uint32_t flags_of(const struct queue *queue) { return queue->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0; }

/* ---- facts ------------------------------------------------------------------------------------------------------- */

/* When the oldest ready message was pushed; 0 = none, or its record cannot be read; -EAGAIN: it is being fetched. */
static int oldest_ready(const struct turn *turn, const struct queue *queue, uint64_t *ret_ms)
{
    uint64_t ref;

    *ret_ms = 0;
    if (engine_peek_ready(turn->broker->engine, queue, &ref, 1) == 0)
        return 0;
    return describe_pushed_ms(turn->broker, ref, turn->now_ms, ret_ms) ? 0 : -EAGAIN;
}

static void fill(struct report *report, const struct turn *turn, struct queue *queue)
{
    struct report_topic *topic = &report->topics[report->count++];

    describe_topic(topic, turn->broker, queue, turn->now_ms);
    topic->name = report_keep(report, topic->name);
}

/* Its facts as they are now, when all up to `end_lsn` is promised. */
static int answer_topic(const struct turn *turn, uint64_t end_lsn)
{
    struct report *report = report_new(REPORT_TOPIC, 1);

    fill(report, turn, turn->queue);
    return answer_report(turn, report, end_lsn);
}

int exec_topic(struct turn *turn)
{
    uint64_t oldest_ms;

    if (!is_there(turn->queue))
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    if (oldest_ready(turn, turn->queue, &oldest_ms) < 0)
        return no_room(turn, -EAGAIN);
    struct report *report = report_new(REPORT_TOPIC, 1);
    fill(report, turn, turn->queue);
    report->topics[0].oldest_ready_ms = oldest_ms;
    return answer_report(turn, report, 0);
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static bool matches(const struct queue *queue, struct slice text)
{
    return text.len == 0 || memmem(queue->name, queue->name_len, text.ptr, text.len) != NULL;
}

static void set_next(struct report *report, uint64_t number)
{
    char text[NUM_U64_MAX_CHARS];

    report->next = report_keep(report, slice_of(text, num_write_u64(text, number)));
}

/* A page in the making. */
struct listing {
    struct session_work work;
    struct broker *broker;
    struct report *report;
    uint64_t number, end; /* topics up to it were looked at; this request looks at none beyond the end */
    uint64_t limit;
};

static void free_listing(struct session_work *work)
{
    struct listing *listing = CONTAINER_OF(work, struct listing, work);

    end_look(listing->broker);
    report_free(listing->report);
    free(listing);
}

/* 0, 1: it was refused, or -EAGAIN: others must end before. */
static int begin_listing(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    uint64_t number = 0, limit = args->limit == 0 ? CMD_LIMIT_DEFAULT : (uint64_t)args->limit;

    if (args->limit < 0 || args->limit > CMD_LIMIT_MAX)
        return refuse(turn, GMQ_E_VALUE, 0, "limit must be 1 to 1000"), 1;
    if (args->cursor.len > 0 && (!num_parse_u64(args->cursor, &number) || number > UINT32_MAX))
        return refuse(turn, GMQ_E_CURSOR, 0, NULL), 1;
    if (turn->broker->lookers == LOOKERS_MAX)
        return no_room(turn, -EAGAIN);
    struct listing *listing = mem_new(sizeof(*listing));
    *listing = (struct listing){.work.free = free_listing, .broker = turn->broker, .limit = limit, .number = number,
                                .end = number + LIST_LOOKS_MAX, .report = report_new(REPORT_TOPICS, limit)};
    turn->broker->lookers++;
    turn->session->work = &listing->work;
    return 0;
}

/* True: the page is complete, or as far as one request goes. */
static bool go_on_listing(const struct turn *turn, struct listing *listing)
{
    uint64_t end = min_u64(listing->end, engine_queues(turn->broker->engine));

    for (; listing->number < end; listing->number++) {
        if (turn->broker->list_work >= WORK_A_TURN)
            return false;
        turn->broker->list_work++;
        struct queue *queue = engine_queue(turn->broker->engine, (uint32_t)listing->number + 1);
        if (!is_there(queue) || !matches(queue, turn->cmd->args->text))
            continue;
        if (listing->report->count == listing->limit)
            return true;
        fill(listing->report, turn, queue);
        turn->broker->list_work += FILL_WORK;
    }
    return true;
}

int exec_topics(struct turn *turn)
{
    struct session *session = turn->session;
    int rc = session->work ? 0 : begin_listing(turn);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    struct listing *listing = CONTAINER_OF(session->work, struct listing, work);
    if (!go_on_listing(turn, listing)) {
        turn->broker->retry = true;
        return no_room(turn, -EAGAIN);
    }
    if (listing->number < engine_queues(turn->broker->engine))
        set_next(listing->report, listing->number);
    struct report *report = listing->report;
    listing->report = NULL;
    session_end_work(session);
    return answer_report(turn, report, 0);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static uint32_t flags_given(const struct cmd_args *args, uint32_t otherwise)
{
    if (!(args->settings_given & CMD_GIVEN_AUTO_ACK))
        return otherwise;
    return args->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0;
}

/* Writes the settings of the topic, which is there, and answers with its facts. */
static int rewrite(struct turn *turn, uint32_t flags, const struct topic_settings *set)
{
    int rc = broker_room(turn->broker, broker_queue_stride(turn->cmd->topic.len), true);

    if (rc < 0)
        return no_room(turn, rc);
    uint64_t end = broker_rewrite_queue(turn->broker, turn->queue, flags, set);
    sweep_changed(turn->broker, turn->queue, turn->now_ms);
    return answer_topic(turn, end);
}

int exec_topic_create(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    struct topic_settings set = TOPIC_SETTINGS_NONE;
    struct broker *broker = turn->broker;
    const char *fault = topic_check(&args->settings, args->settings_given);

    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault);
    if (is_there(turn->queue))
        return refuse(turn, GMQ_E_TOPIC_EXISTS, 0, NULL);
    fault = topic_apply(&set, args);
    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault);
    if (turn->queue)
        return rewrite(turn, flags_given(args, 0), &set);
    int rc = check_creation(turn);
    if (rc < 0)
        return refuse(turn, rc, 0, NULL);
    rc = broker_room(broker, broker_queue_stride(turn->cmd->topic.len), false);
    if (rc < 0)
        return no_room(turn, rc);
    uint64_t end = broker_append_queue(broker, engine_next_queue(broker->engine), turn->cmd->topic, turn->now_ms,
                                       flags_given(args, 0), &set);
    turn->queue = engine_find(broker->engine, turn->cmd->topic);
    sweep_changed(broker, turn->queue, turn->now_ms);
    return answer_topic(turn, end);
}

int exec_topic_set(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    const char *fault = topic_check(&args->settings, args->settings_given);

    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault);
    if (!is_there(turn->queue))
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    struct topic_settings set = turn->queue->set;
    fault = topic_apply(&set, args);
    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault);
    return rewrite(turn, flags_given(args, flags_of(turn->queue)), &set);
}

/* ---- pauses ------------------------------------------------------------------------------------------------------ */

/* When the pause ends, or what is wrong. */
static const char *read_until(const struct turn *turn, uint64_t *ret_ms)
{
    const struct cmd_args *args = turn->cmd->args;

    *ret_ms = 0;
    if (turn->cmd->kind == CMD_RESUME)
        return NULL;
    *ret_ms = TOPIC_PAUSED;
    if (args->delay_ms != CMD_NOT_GIVEN) {
        if (args->delay_ms < 1 || (uint64_t)args->delay_ms > TOPIC_SPAN_MS_MAX)
            return "for_ms must be 1 to 315360000000";
        *ret_ms = turn->now_ms + (uint64_t)args->delay_ms;
    } else if (args->due_ms != 0) {
        if (args->due_ms <= turn->now_ms || args->due_ms > turn->now_ms + TOPIC_SPAN_MS_MAX)
            return "until must be in the future, and within 10 years";
        *ret_ms = args->due_ms;
    }
    return NULL;
}

int exec_pause(struct turn *turn)
{
    unsigned sides = turn->cmd->args->sides;
    uint64_t until_ms;
    const char *fault = read_until(turn, &until_ms);

    if (!fault && sides > (CMD_SIDE_PUSH | CMD_SIDE_POP))
        fault = "push and pop are what can be paused";
    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault);
    if (!is_there(turn->queue))
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL);
    struct topic_settings set = turn->queue->set;
    if (sides != CMD_SIDE_POP)
        set.push_paused_until_ms = until_ms;
    if (sides != CMD_SIDE_PUSH)
        set.pop_paused_until_ms = until_ms;
    return rewrite(turn, flags_of(turn->queue), &set);
}

/* ---- clients ----------------------------------------------------------------------------------------------------- */

int exec_client(struct turn *turn)
{
    int rc = session_name(turn->session, turn->cmd->args->text);

    if (rc < 0)
        return refuse(turn, rc, 0, NULL);
    session_answer(turn->session, &(struct parked){.kind = ANSWER_OK});
    return 0;
}
