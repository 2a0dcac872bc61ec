/* sweep.c - see sweep.h. SPDX-License-Identifier: MIT */
#include "gnode/sweep.h"

#include "gnode/turn.h"

enum {
    SWEEPS_A_TURN = 256, /* topics */
    NO_ROOM_MS = 100,    /* between tries to delete a topic for which the log has no room */
};

/* ---- when -------------------------------------------------------------------------------------------------------- */

static uint64_t idle_ms(const struct broker *broker, const struct queue *queue)
{
    return queue->set.idle_ms > 0 ? queue->set.idle_ms : broker->options.topic_idle_ms;
}

/* When the topic must be looked at next; UINT64_MAX = never. */
static uint64_t due_ms(const struct broker *broker, const struct queue *queue, uint64_t now_ms)
{
    uint64_t due = UINT64_MAX, until_ms = queue->set.pop_paused_until_ms, idle = idle_ms(broker, queue);
    const struct usage *usage = queue->usage;

    if (!queue->name || queue->exited)
        return UINT64_MAX;
    if (queue->gates & QUEUE_AGES)
        due = usage ? usage->age_ms : now_ms;
    if (until_ms > now_ms && until_ms < TOPIC_PAUSED)
        due = min_u64(due, until_ms);
    if (idle > 0) {
        uint64_t end_ms = (usage ? usage->used_ms : now_ms) + idle;
        due = min_u64(due, end_ms > now_ms ? end_ms : now_ms + idle);
    }
    return due;
}

static void disarm(struct sweep *sweep, struct usage *usage)
{
    if (list_empty(&usage->in_slot))
        return;
    list_remove(&usage->in_slot);
    if (list_empty(&sweep->slots[usage->slot]))
        wheel_clear(&sweep->wheel, usage->slot);
}

void sweep_forget(struct broker *broker, struct usage *usage) { disarm(&broker->sweep, usage); }

static void enter_slot(struct sweep *sweep, struct usage *usage)
{
    usage->slot = wheel_slot(&sweep->wheel, usage->due_ms);
    list_add_tail(&sweep->slots[usage->slot], &usage->in_slot);
}

static void arm(struct sweep *sweep, struct usage *usage, uint64_t at_ms, uint64_t now_ms)
{
    disarm(sweep, usage);
    if (at_ms == UINT64_MAX)
        return;
    usage->due_ms = min_u64(at_ms, WHEEL_MS_MAX);
    if (wheel_next(&sweep->wheel) == UINT64_MAX)
        wheel_advance(&sweep->wheel, now_ms);
    enter_slot(sweep, usage);
    sweep->next_ms = min_u64(sweep->next_ms, wheel_next(&sweep->wheel));
}

void sweep_changed(struct broker *broker, struct queue *queue, uint64_t now_ms)
{
    uint64_t at_ms = due_ms(broker, queue, now_ms);
    struct usage *usage = queue->usage;

    if (usage) {
        usage->used_ms = now_ms;
        usage->age_ms = now_ms;
    }
    if (at_ms == UINT64_MAX && !usage)
        return;
    arm(&broker->sweep, usage_of(broker, queue, now_ms), at_ms, now_ms);
}

void sweep_begin(struct broker *broker, uint64_t now_ms)
{
    struct sweep *sweep = &broker->sweep;

    for (size_t i = 0; i < ARRAY_LEN(sweep->slots); i++)
        list_init(&sweep->slots[i]);
    wheel_advance(&sweep->wheel, now_ms);
    sweep->next_ms = UINT64_MAX;
    for (uint32_t number = 1; number <= engine_queues(broker->engine); number++)
        if (engine_queue(broker->engine, number))
            sweep_changed(broker, engine_queue(broker->engine, number), now_ms);
}

/* ---- what -------------------------------------------------------------------------------------------------------- */

/* While a piece of the list is put aside nobody knows what is in it, nor how many of the others are gone. */
static bool has_ready(const struct queue *queue)
{
    return queue_ready(queue) > 0 || (queue->ready.out && queue->ready.out->put_aside > 0);
}

static bool is_idle(const struct broker *broker, const struct queue *queue, uint64_t now_ms)
{
    const struct usage *usage = queue->usage;
    uint64_t idle = idle_ms(broker, queue);

    return idle > 0 && now_ms - min_u64(usage->used_ms, now_ms) >= idle && !has_ready(queue) &&
           queue->delayed == 0 && queue->in_flight == 0 && queue->dead.count == 0 && wait_count(queue) == 0;
}

/* As CMD_TOPIC_DELETE: the queue, which has nothing, is freed with its usage. False: the log has no room now. */
static bool delete_idle(struct broker *broker, const struct queue *queue)
{
    if (broker_room(broker, broker_queue_stride(queue->name_len), true) != 0)
        return false;
    (void)broker_rewrite_queue(broker, queue, PAYLOAD_QUEUE_DELETED, &TOPIC_SETTINGS_NONE);
    return true;
}

static void look(struct broker *broker, struct usage *usage, uint64_t now_ms)
{
    struct queue *queue = usage->queue;
    uint64_t again_ms = UINT64_MAX;

    usage_look(broker, queue, now_ms);
    if (queue->set.pop_paused_until_ms > 0 && queue->set.pop_paused_until_ms <= now_ms)
        wait_stir(&broker->waits, queue);
    if (is_idle(broker, queue, now_ms)) {
        if (delete_idle(broker, queue))
            return;
        again_ms = now_ms + NO_ROOM_MS;
    }
    if (queue->gates & QUEUE_AGES && now_ms >= usage->age_ms)
        usage->age_ms = limits_sweep(broker, queue, now_ms);
    arm(&broker->sweep, usage, min_u64(again_ms, max_u64(due_ms(broker, queue, now_ms), now_ms + 1)), now_ms);
}

static void advance(struct sweep *sweep, uint64_t to_ms)
{
    wheel_advance(&sweep->wheel, to_ms);
    unsigned slot = sweep->wheel.moving;
    if (slot == 0)
        return;
    struct list moving;
    struct list *node;
    list_take(&moving, &sweep->slots[slot]);
    wheel_clear(&sweep->wheel, slot);
    while ((node = list_pop(&moving)))
        enter_slot(sweep, CONTAINER_OF(node, struct usage, in_slot));
}

uint64_t sweep_turn(struct broker *broker, uint64_t now_ms)
{
    struct sweep *sweep = &broker->sweep;
    unsigned left = SWEEPS_A_TURN;

    if (now_ms < sweep->next_ms)
        return sweep->next_ms;
    sweep->messages = 0;
    while ((sweep->next_ms = wheel_next(&sweep->wheel)) <= now_ms) {
        advance(sweep, sweep->next_ms);
        const struct list *due = &sweep->slots[wheel_due_slot(&sweep->wheel)];
        for (; !list_empty(due); left--) {
            if (left == 0)
                return now_ms;
            look(broker, CONTAINER_OF(due->next, struct usage, in_slot), now_ms);
        }
    }
    return sweep->next_ms;
}
