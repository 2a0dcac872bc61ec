/* history.c - what happened to a message, page by page; see history.h. SPDX-License-Identifier: MIT */
#include "gnode/history.h"

#include "base/mem.h"
#include "gnode/cursor.h"
#include "gnode/describe.h"
#include "gnode/locate.h"

#include <stdlib.h>

/*
 * In a cursor beside the address: how the message stood there; the rest of `b` is the time that goes with it, in ms.
 * `c`: it may have gone with others, how and when; `d`: the last moment that a record told.
 */
enum { STANDS_IN_FLIGHT = 1, STANDS_DELAYED = 2, STANDS_DEAD = 4, STANDS_GAP = 8, STANDS_BITS = 4 };
enum { PURGED = 1, PURGED_HOW_SHIFT = 1, PURGED_HOW_MASK = 3, PURGED_BITS = 3 };

/* ---- tellings ---------------------------------------------------------------------------------------------------- */

struct story *telling_story(uint64_t id, uint32_t queue, size_t limit)
{
    struct story *story = mem_new(sizeof(*story));

    story_init(story, id, queue, limit);
    return story;
}

void telling_free_story(void *story)
{
    story_fini(story);
    free(story);
}

static void free_telling(struct session_work *work)
{
    struct telling *telling = CONTAINER_OF(work, struct telling, work);

    telling->broker->tellings--;
    telling->broker->retry = true; /* others may wait for its place */
    log_walk_end(telling->walk);
    free(telling);
}

bool telling_begin(struct turn *turn, struct story *story, uint64_t from)
{
    struct broker *broker = turn->broker;

    if (broker->tellings == TELLINGS_MAX)
        return false;
    struct telling *telling = mem_new(sizeof(*telling));
    telling->work.free = free_telling;
    telling->broker = broker;
    telling->story = story;
    telling->walk = log_walk_begin(broker->log, from, TELLING_BYTES_MAX, story_see, story, telling_free_story);
    broker->tellings++;
    turn->session->work = &telling->work;
    return true;
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static void read_state(struct story *story, const struct cursor *cursor)
{
    uint64_t ms = cursor->b >> STANDS_BITS;

    story->queue = cursor->queue;
    story->in_flight = (cursor->b & STANDS_IN_FLIGHT) != 0;
    story->deadline_ms = story->in_flight ? ms : 0;
    story->due_ms = cursor->b & STANDS_DELAYED ? ms : 0;
    story->dead = (cursor->b & STANDS_DEAD) != 0;
    story->now_ms = cursor->d;
    story->purged = (cursor->c & PURGED) != 0;
    story->purged_how = (enum gone_how)(cursor->c >> PURGED_HOW_SHIFT & PURGED_HOW_MASK);
    story->purged_ms = cursor->c >> PURGED_BITS;
}

static struct cursor write_state(const struct story *story, uint64_t at, bool gap)
{
    uint64_t ms = story->in_flight ? story->deadline_ms : story->due_ms;
    uint64_t stands = (story->in_flight ? STANDS_IN_FLIGHT : story->due_ms != 0 ? STANDS_DELAYED : 0) |
                      (story->dead ? STANDS_DEAD : 0) | (gap ? STANDS_GAP : 0);

    uint64_t how = (uint64_t)story->purged_how << PURGED_HOW_SHIFT | PURGED;

    return (struct cursor){.list = 'h', .queue = story->queue, .life = story->id, .a = at,
                           .b = ms << STANDS_BITS | stands,
                           .c = story->purged ? story->purged_ms << PURGED_BITS | how : 0, .d = story->now_ms};
}

/*
 * Where the first page begins: behind the PUSH, of which the story knows then. 0 = it is being looked for. A message
 * that was moved was pushed elsewhere first; where that is gone, what happened before is lost.
 */
static uint64_t begin_page(const struct turn *turn, struct story *story, const struct located *at, bool *ret_gap)
{
    uint64_t lsn = at->lsn;
    struct record rec = at->rec;

    story->now_ms = payload_push_ms(&at->push);
    if (rec.flags & RECORD_F_AGAIN) {
        int rc = log_find(turn->broker->log, story->id, &lsn);
        rc = rc == 1 ? log_read(turn->broker->log, lsn, &rec) : rc;
        if (rc == 0)
            return 0;
        *ret_gap = rc < 0;
        lsn = rc < 0 ? at->lsn : lsn;
    }
    if (*ret_gap) {
        struct report_event *event = &story->report->events[story->report->count++];
        *event = (struct report_event){.kind = EVENT_PUSHED, .at_ms = story->now_ms};
        return lsn;
    }
    (void)story_see(story, &rec);
    return lsn + record_stride(rec.type, rec.payload.len);
}

static int begin(struct turn *turn, const struct located *at)
{
    const struct cmd_args *args = turn->cmd->args;
    struct cursor cursor = {.list = 0};
    bool gap = false;

    if (args->limit < 0 || args->limit > CMD_LIMIT_MAX)
        return refuse(turn, GMQ_E_VALUE, 0, "limit must be 1 to 1000");
    if (args->cursor.len > 0 && (!cursor_read(args->cursor, &cursor) || cursor.list != 'h' ||
                                 cursor.life != turn->cmd->id))
        return refuse(turn, GMQ_E_CURSOR, 0, NULL);
    if (turn->broker->tellings == TELLINGS_MAX)
        return no_room(turn, -EAGAIN);
    struct story *story = telling_story(turn->cmd->id, at->rec.queue,
                                        args->limit > 0 ? (size_t)args->limit : CMD_LIMIT_DEFAULT);
    uint64_t from = cursor.a;
    if (args->cursor.len > 0) {
        read_state(story, &cursor);
        gap = (cursor.b & STANDS_GAP) != 0;
    } else {
        from = begin_page(turn, story, at, &gap);
    }
    if (from == 0 && args->cursor.len == 0)
        return telling_free_story(story), no_room(turn, -EAGAIN);
    if (!telling_begin(turn, story, from))
        return telling_free_story(story), no_room(turn, -EAGAIN);
    telling_of(turn->session)->gap = gap;
    return 1;
}

static void end_story(const struct turn *turn, struct story *story, const struct located *at)
{
    struct story_end end = {.place = at->place, .now_ms = engine_now_ms(turn->broker->engine)};
    struct engine_facts facts;

    if (at->place == PLACE_DEAD && engine_facts(turn->broker->engine, at->lsn, &facts)) {
        end.dead_ms = facts.dead_ms;
        end.why = describe_why(facts.why);
        end.text = facts.text;
    }
    story_end(story, &end);
}

static void name_holders(const struct turn *turn, struct story *story)
{
    for (size_t i = 0; i < story->report->count; i++)
        if (story->holders[i] != 0 && story_is_same_client(story, story->holders[i]))
            story->report->events[i].who = describe_holder(story->report, turn->broker, story->holders[i]);
}

/* As they are called now. Of a topic that was deleted nothing is left but its number. */
static void name_topics(const struct turn *turn, struct story *story)
{
    for (size_t i = 0; i < story->report->count; i++) {
        const struct queue *queue = engine_queue(turn->broker->engine, story->queues[i]);
        if (queue && queue->name)
            story->report->events[i].other_topic =
                report_keep(story->report, slice_of(queue->name, queue->name_len));
    }
}

/* Nothing was later than what came after it, though ids, of which some times are taken, may run ahead of the clock. */
static void put_in_order(struct report *report, uint64_t now_ms)
{
    for (size_t i = report->count; i-- > 0;)
        now_ms = report->events[i].at_ms = min_u64(report->events[i].at_ms, now_ms);
}

static struct report *take_report(const struct turn *turn, const struct located *at, const struct log_walked *walked)
{
    const struct telling *telling = telling_of(turn->session);
    struct story *story = telling->story;
    bool gap = telling->gap || walked->gap, last = walked->whole || story->gone;
    char text[CURSOR_CHARS_MAX];

    if (last)
        end_story(turn, story, at);
    name_holders(turn, story);
    name_topics(turn, story);
    struct report *report = story->report;
    put_in_order(report, turn->now_ms);
    story->report = NULL;
    report->whole = last && !gap && (story->gone || at->place != PLACE_GONE);
    if (!last) {
        struct cursor cursor = write_state(story, walked->at, gap);
        report->next = report_keep(report, slice_of(text, cursor_write(text, &cursor)));
    }
    return report;
}

int exec_history(struct turn *turn)
{
    struct session *session = turn->session;
    struct log_walked walked;
    struct located at;
    int rc = locate(turn->broker, turn->cmd->id, &at);

    if (rc < 0)
        return session_end_work(session), refuse(turn, rc, turn->cmd->id, NULL);
    if (rc == 0)
        return no_room(turn, -EAGAIN);
    if (!session->work) {
        rc = begin(turn, &at);
        if (rc != 1)
            return rc;
    }
    if (!log_walk_look(telling_of(session)->walk, &walked))
        return no_room(turn, -EAGAIN);
    struct report *report = take_report(turn, &at, &walked);
    session_end_work(session);
    return answer_report(turn, report, 0);
}
