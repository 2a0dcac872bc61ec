/* usage.c - see usage.h. SPDX-License-Identifier: MIT */
#include "gnode/usage.h"

#include "base/mem.h"
#include "gnode/broker.h"
#include "gnode/consumers.h"

#include <stdlib.h>

enum {
    LOOKS_A_TURN = 1024, /* topics */
    MARK_MS = 5000,
    RATE_UNIT = 1000 * 1000, /* thousandths of a message a second, of messages a millisecond */
};

/* Was nothing done to the topic since the last look? */
static bool is_unused(const struct queue *queue)
{
    return queue->push_num == queue->push_seen && queue->pop_num == queue->pop_seen &&
           queue->counts.acked == queue->ack_seen;
}

/* And has nothing become of its messages by itself? */
static bool is_still(const struct queue *queue)
{
    const struct usage *usage = queue->usage;

    return (uint32_t)queue->counts.died == (usage ? usage->died_seen : 0) &&
           (uint32_t)queue->counts.redelivered == (usage ? usage->redelivered_seen : 0);
}

static void see(struct queue *queue)
{
    struct usage *usage = queue->usage;

    queue->push_seen = queue->push_num;
    queue->pop_seen = queue->pop_num;
    queue->ack_seen = queue->counts.acked;
    if (!usage)
        return;
    usage->died_seen = (uint32_t)queue->counts.died;
    usage->redelivered_seen = (uint32_t)queue->counts.redelivered;
}

static struct usage_mark mark_of(const struct usage *usage, uint64_t at_ms)
{
    const struct queue *queue = usage->queue;

    return (struct usage_mark){.at_ms = at_ms, .pushed = queue->push_seen, .popped = queue->pop_seen,
                               .acked = queue->ack_seen, .died = usage->died_seen,
                               .redelivered = usage->redelivered_seen};
}

static bool is_moved(const struct usage_mark *older, const struct usage_mark *newer)
{
    return older->pushed != newer->pushed || older->popped != newer->popped || older->acked != newer->acked ||
           older->died != newer->died || older->redelivered != newer->redelivered;
}

void usage_begin(struct broker *broker, uint64_t now_ms)
{
    broker->usages.pass_ms = UINT64_MAX;
    broker->usages.last_ms = now_ms;
    for (uint32_t number = 1; number <= engine_queues(broker->engine); number++) {
        struct queue *queue = engine_queue(broker->engine, number);
        if (!queue)
            continue;
        queue->counts = (struct queue_counts){.acked = 0};
        see(queue);
    }
    broker->usages.tail_lsn = log_tail(broker->log);
}

void usage_end(struct broker *broker)
{
    for (uint32_t number = 1; number <= engine_queues(broker->engine); number++) {
        struct queue *queue = engine_queue(broker->engine, number);
        if (!queue)
            continue;
        if (queue->usage)
            free(((struct usage *)queue->usage)->consumers);
        free(queue->usage);
        queue->usage = NULL;
    }
    broker->usages.bytes = 0;
}

void usage_forget(struct broker *broker, struct queue *queue)
{
    struct usage *usage = queue->usage;

    if (!usage)
        return;
    sweep_forget(broker, usage);
    broker->usages.busy -= usage->busy;
    consumers_forget(broker, usage);
    broker->usages.bytes -= mem_taken(sizeof(*usage));
    free(usage);
    queue->usage = NULL;
}

struct usage *usage_of(struct broker *broker, struct queue *queue, uint64_t now_ms)
{
    if (queue->usage)
        return queue->usage;
    struct usage *usage = mem_new(sizeof(*usage));
    broker->usages.bytes += mem_taken(sizeof(*usage));
    usage->queue = queue;
    usage->used_ms = now_ms;
    usage->marks[0] = usage->marks[1] = mark_of(usage, broker->usages.last_ms);
    list_init(&usage->in_slot);
    queue->usage = usage;
    return usage;
}

/* A mark for each five seconds, for as long as the counters move between them. */
static void move_marks(struct usages *all, struct usage *usage, uint64_t now_ms)
{
    const struct usage_mark *newer = &usage->marks[1];

    if (now_ms < newer->at_ms + MARK_MS)
        return;
    usage->marks[0] = *newer;
    usage->marks[1] = mark_of(usage, now_ms);
    consumers_mark(usage->queue);
    if (is_moved(&usage->marks[0], &usage->marks[1]))
        return;
    usage->busy = false;
    all->busy--;
}

/*
 * It stood still, so it was as it is now a moment ago: at the last pass, or one period ago when there were no passes
 * since nothing happened at all.
 */
static void wake(struct broker *broker, struct usage *usage, uint64_t now_ms)
{
    uint64_t period = broker->options.usage_ms;
    uint64_t at_ms = max_u64(broker->usages.last_ms, usage->marks[1].at_ms);

    if (period > 0 && at_ms + period < now_ms)
        at_ms = now_ms - period;

    usage->marks[0] = usage->marks[1] = mark_of(usage, at_ms);
    consumers_mark(usage->queue);
    consumers_mark(usage->queue);
    usage->busy = true;
    broker->usages.busy++;
}

void usage_look(struct broker *broker, struct queue *queue, uint64_t now_ms)
{
    bool unused = is_unused(queue);

    if (LIKELY(unused && is_still(queue)))
        return;
    struct usage *usage = usage_of(broker, queue, now_ms);
    if (!usage->busy)
        wake(broker, usage, now_ms);
    if (queue->push_num != queue->push_seen)
        usage->last_push_ms = now_ms;
    if (queue->pop_num != queue->pop_seen)
        usage->last_pop_ms = now_ms;
    consumers_settle(queue, now_ms);
    if (!unused)
        usage->used_ms = now_ms;
    see(queue);
}

static void go_on(struct broker *broker, uint64_t now_ms)
{
    struct usages *all = &broker->usages;
    uint32_t end = (uint32_t)min_u64((uint64_t)all->next + LOOKS_A_TURN, engine_queues(broker->engine) + 1u);

    for (; all->next < end; all->next++) {
        struct queue *queue = engine_queue(broker->engine, all->next);
        if (!queue)
            continue;
        usage_look(broker, queue, now_ms);
        struct usage *usage = queue->usage;
        if (usage && usage->busy)
            move_marks(all, usage, now_ms);
    }
    if (all->next <= engine_queues(broker->engine))
        return;
    all->next = 0;
    all->last_ms = now_ms;
}

uint64_t usage_turn(struct broker *broker, uint64_t now_ms)
{
    struct usages *all = &broker->usages;

    if (broker->options.usage_ms == 0)
        return UINT64_MAX;
    if (all->next == 0) {
        if (all->pass_ms == UINT64_MAX && log_tail(broker->log) != all->tail_lsn)
            all->pass_ms = now_ms + broker->options.usage_ms;
        if (now_ms < all->pass_ms)
            return all->pass_ms;
        if (all->busy == 0 && log_tail(broker->log) == all->tail_lsn) {
            all->pass_ms = UINT64_MAX;
            return UINT64_MAX;
        }
        all->next = 1;
        all->tail_lsn = log_tail(broker->log);
        all->pass_ms = now_ms + broker->options.usage_ms;
    }
    go_on(broker, now_ms);
    return all->next > 0 ? now_ms : all->pass_ms;
}

static uint64_t rate(uint64_t now, uint64_t then, uint64_t ms) { return (now - then) * RATE_UNIT / ms; }

void usage_report(const struct queue *queue, uint64_t now_ms, struct report_topic *ret)
{
    const struct usage *usage = queue->usage;

    ret->acked = queue->counts.acked;
    ret->redelivered = queue->counts.redelivered;
    ret->died = queue->counts.died;
    ret->expired = queue->counts.expired;
    ret->deleted = queue->counts.deleted;
    if (!usage)
        return;
    ret->last_push_ms = usage->last_push_ms;
    ret->last_pop_ms = usage->last_pop_ms;
    if (!usage->busy)
        return;
    const struct usage_mark *since = &usage->marks[0];
    uint64_t ms = max_u64(now_ms - min_u64(since->at_ms, now_ms), 1000);
    ret->push_rate_mhz = rate(queue->push_seen, since->pushed, ms);
    ret->pop_rate_mhz = rate(queue->pop_seen, since->popped, ms);
    ret->ack_rate_mhz = rate(queue->ack_seen, since->acked, ms);
    ret->dead_rate_mhz = rate(usage->died_seen - since->died, 0, ms);
    ret->redeliver_rate_mhz = rate(usage->redelivered_seen - since->redelivered, 0, ms);
}
