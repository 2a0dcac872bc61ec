/* wait.c - see wait.h. SPDX-License-Identifier: MIT */
#include "gnode/wait.h"

#include "base/mem.h"
#include "gnode/turn.h"

#include <stdlib.h>

/* Of a queue, as its `watch`, while somebody waits for it; an empty one is freed when it is to be served. */
struct line {
    struct list waiters; /* places, by arrival */
    struct list in_list; /* waits.fresh or .blocked; in none while it is idle */
    struct queue *queue;
    uint32_t count;      /* of waiters */
    bool blocked;        /* in waits.blocked */
};

/* Of a waiter, in one line. */
struct place {
    struct list in_line; /* in none when the list names the topic a second time */
    struct line *line;
    uint32_t index;      /* of the topic in the list, and of this in waiter.places */
};

enum { SLOT_LATE = 0xffff };

struct waiter {
    struct session *session;
    struct list in_slot; /* waits.slots[slot], or waits.late */
    uint64_t deadline_ms;
    uint32_t wanted;
    uint16_t slot;
    uint8_t flags; /* of the command */
    uint8_t count;
    struct place places[];
};

_Static_assert((int)WHEEL_ALL_SLOTS < (int)SLOT_LATE && CMD_TOPICS_MAX <= UINT8_MAX, "they fit");

void wait_init(struct waits *waits)
{
    *waits = (struct waits){.count = 0};
    list_init(&waits->fresh);
    list_init(&waits->blocked);
    list_init(&waits->late);
    for (size_t i = 0; i < ARRAY_LEN(waits->slots); i++)
        list_init(&waits->slots[i]);
}

static struct waiter *waiter_of(struct place *place)
{
    return (struct waiter *)(void *)((char *)(place - place->index) - offsetof(struct waiter, places));
}

static struct place *first_of(const struct line *line)
{
    return CONTAINER_OF(line->waiters.next, struct place, in_line);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool is_idle(const struct line *line) { return list_empty(&line->in_list); }

static void set_fresh(struct waits *waits, struct line *line)
{
    list_remove(&line->in_list);
    line->blocked = false;
    list_add_tail(&waits->fresh, &line->in_list);
}

static void set_blocked(struct waits *waits, struct line *line)
{
    list_remove(&line->in_list);
    line->blocked = true;
    list_add_tail(&waits->blocked, &line->in_list);
}

void wait_stir(struct waits *waits, struct queue *queue)
{
    struct line *line = queue->watch;

    if (line && is_idle(line))
        set_fresh(waits, line);
}

uint32_t wait_count(const struct queue *queue)
{
    const struct line *line = queue->watch;

    return line ? line->count : 0;
}

static struct line *line_of(struct queue *queue)
{
    if (!queue->watch) {
        struct line *line = mem_new(sizeof(*line));
        list_init(&line->waiters);
        list_init(&line->in_list);
        line->queue = queue;
        queue->watch = line;
    }
    return queue->watch;
}

static void free_line(struct line *line)
{
    list_remove(&line->in_list);
    line->queue->watch = NULL;
    free(line);
}

static bool can_deliver(const struct broker *broker, const struct queue *queue, uint64_t now_ms)
{
    return waiting_count(&queue->ready) > 0 && !is_pop_paused(queue, now_ms) &&
           (queue->auto_ack || queue->in_flight < broker->options.max_in_flight);
}

void wait_fini(struct waits *waits)
{
    struct list *node;

    ENSURE(waits->count == 0);
    while ((node = list_pop(&waits->fresh)))
        free_line(CONTAINER_OF(node, struct line, in_list));
}

/* ---- waiters ----------------------------------------------------------------------------------------------------- */

static void enter_slot(struct waits *waits, struct waiter *waiter)
{
    waiter->slot = (uint16_t)wheel_slot(&waits->wheel, waiter->deadline_ms);
    list_add_tail(&waits->slots[waiter->slot], &waiter->in_slot);
}

static void leave_slot(struct waits *waits, struct waiter *waiter)
{
    list_remove(&waiter->in_slot);
    if (waiter->slot != SLOT_LATE && list_empty(&waits->slots[waiter->slot]))
        wheel_clear(&waits->wheel, waiter->slot);
}

void wait_begin(struct turn *turn, struct queue *const *queues, size_t count)
{
    struct waits *waits = &turn->broker->waits;
    const struct cmd *cmd = turn->cmd;
    struct waiter *waiter = mem_new(sizeof(*waiter) + count * sizeof(waiter->places[0]));

    waiter->session = turn->session;
    waiter->deadline_ms = turn->now_ms + (uint64_t)cmd->wait_ms;
    waiter->wanted = (uint32_t)cmd->number;
    waiter->flags = (uint8_t)cmd->flags;
    waiter->count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        struct place *place = &waiter->places[i];
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || queues[k] == queues[i];
        *place = (struct place){.line = line_of(queues[i]), .index = (uint32_t)i};
        list_init(&place->in_line);
        if (!again) {
            list_add_tail(&place->line->waiters, &place->in_line);
            place->line->count++;
        }
        if (is_idle(place->line) && can_deliver(turn->broker, queues[i], turn->now_ms))
            set_blocked(waits, place->line);
    }
    if (wheel_next(&waits->wheel) == UINT64_MAX)
        wheel_advance(&waits->wheel, turn->now_ms);
    enter_slot(waits, waiter);
    waits->count++;
    turn->session->waiter = waiter;
}

/* The waiter leaves its lines; a line that stood still because of it is looked at again. */
static void drop(struct waits *waits, struct waiter *waiter)
{
    for (size_t i = 0; i < waiter->count; i++) {
        struct place *place = &waiter->places[i];
        if (list_empty(&place->in_line))
            continue;
        bool was_first = place->line->waiters.next == &place->in_line;
        list_remove(&place->in_line);
        place->line->count--;
        if (list_empty(&place->line->waiters) || (was_first && place->line->blocked))
            set_fresh(waits, place->line);
    }
    leave_slot(waits, waiter);
    waits->count--;
    waiter->session->waiter = NULL;
    free(waiter);
}

void wait_forget(struct session *session)
{
    if (session->waiter)
        drop(&session->broker->waits, session->waiter);
}

static void go_on(struct session *session)
{
    if (session->ops->go_on)
        session->ops->go_on(session);
}

static void end(struct waits *waits, struct waiter *waiter, int err, const char *word)
{
    struct session *session = waiter->session;

    drop(waits, waiter);
    broker_refuse(session, err, 0, word, false);
    go_on(session);
}

bool wait_end_queue(struct broker *broker, struct queue *queue)
{
    const struct line *line = queue->watch;

    for (uint32_t n = wait_count(queue); n > 0 && !list_empty(&line->waiters); n--)
        end(&broker->waits, waiter_of(first_of(line)), GMQ_E_NO_MESSAGE, NULL);
    return wait_count(queue) == 0;
}

void wait_forget_queue(struct queue *queue)
{
    if (queue->watch)
        free_line(queue->watch);
}

void wait_give_up(struct session *session)
{
    if (session->waiter)
        end(&session->broker->waits, session->waiter, GMQ_E_NO_MESSAGE, NULL);
}

/* ---- serving ----------------------------------------------------------------------------------------------------- */

/* By the first topic that has a message and in whose line it is the first. As pop_deliver(). */
static int serve(struct broker *broker, struct waiter *waiter, uint64_t now_ms)
{
    int result = GMQ_E_NO_MESSAGE;

    for (size_t i = 0; i < waiter->count; i++) {
        struct place *place = &waiter->places[i];
        struct queue *queue = place->line->queue;
        if (list_empty(&place->in_line) || first_of(place->line) != place || !can_deliver(broker, queue, now_ms))
            continue;
        struct cmd cmd = {.kind = CMD_WPOP, .flags = waiter->flags, .topic = slice_of(queue->name, queue->name_len)};
        struct turn turn = {.broker = broker, .session = waiter->session, .cmd = &cmd, .now_ms = now_ms,
                            .queue = queue};
        int rc = pop_deliver(&turn, waiter->wanted, (unsigned)i);
        if (rc != GMQ_E_NO_MESSAGE && rc != GMQ_E_IN_FLIGHT_LIMIT)
            return rc;
        result = rc;
    }
    return result;
}

/* A client that is known to be gone gets no message. */
static bool is_there(const struct session *session)
{
    return !session->ops->is_there || session->ops->is_there(session);
}

static void serve_line(struct broker *broker, struct line *line, uint64_t now_ms)
{
    struct waits *waits = &broker->waits;

    while (!list_empty(&line->waiters) && can_deliver(broker, line->queue, now_ms)) {
        struct waiter *waiter = waiter_of(first_of(line));
        struct session *session = waiter->session;
        const char *reason = "";
        if (!is_there(session)) {
            end(waits, waiter, GMQ_E_NO_MESSAGE, NULL);
            continue;
        }
        int rc = serve(broker, waiter, now_ms);
        if (rc == -EAGAIN) {
            set_blocked(waits, line);
            return;
        }
        if (rc == GMQ_E_NO_MESSAGE || rc == GMQ_E_IN_FLIGHT_LIMIT)
            return;
        if (rc == 0) {
            drop(waits, waiter);
            go_on(session);
            continue;
        }
        (void)log_state(broker->log, &reason);
        end(waits, waiter, rc, reason);
    }
}

/* Is one of its lines to be served? */
static bool has_hope(const struct waiter *waiter)
{
    for (size_t i = 0; i < waiter->count; i++)
        if (!is_idle(waiter->places[i].line))
            return true;
    return false;
}

/* `no message`, unless there is one that may not be delivered. */
static void end_late(struct waits *waits, struct waiter *waiter, uint64_t now_ms)
{
    int err = GMQ_E_NO_MESSAGE;

    for (size_t i = 0; i < waiter->count; i++) {
        const struct queue *queue = waiter->places[i].line->queue;
        if (waiting_count(&queue->ready) > 0 && !is_pop_paused(queue, now_ms))
            err = GMQ_E_IN_FLIGHT_LIMIT;
    }
    end(waits, waiter, err, NULL);
}

void wait_serve(struct broker *broker, uint64_t now_ms, bool changed)
{
    struct waits *waits = &broker->waits;
    struct list *node;

    while (changed && !list_empty(&waits->blocked))
        set_fresh(waits, CONTAINER_OF(waits->blocked.next, struct line, in_list));
    while ((node = list_pop(&waits->fresh))) {
        struct line *line = CONTAINER_OF(node, struct line, in_list);
        if (list_empty(&line->waiters))
            free_line(line);
        else
            serve_line(broker, line, now_ms);
    }
    LIST_EACH(&waits->late, late, next) {
        struct waiter *waiter = CONTAINER_OF(late, struct waiter, in_slot);
        if (!has_hope(waiter))
            end_late(waits, waiter, now_ms);
    }
}

/* A pause may have ended since the line was served, which sweep.c has not come to. */
static void look_again(struct broker *broker, struct line *line, uint64_t now_ms)
{
    if (is_idle(line) && can_deliver(broker, line->queue, now_ms))
        set_fresh(&broker->waits, line);
}

bool wait_let_others_first(struct broker *broker, const struct queue *queue, uint64_t now_ms)
{
    if (queue->watch)
        look_again(broker, queue->watch, now_ms);
    wait_serve(broker, now_ms, false);
    const struct line *line = queue->watch;
    return !line || is_idle(line);
}

/* ---- the end of waiting ------------------------------------------------------------------------------------------ */

static void end_slot(struct waits *waits, struct list *slot, int err, const char *word)
{
    while (!list_empty(slot))
        end(waits, CONTAINER_OF(slot->next, struct waiter, in_slot), err, word);
}

static void end_all(struct waits *waits, int err, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(waits->slots); i++)
        end_slot(waits, &waits->slots[i], err, word);
    end_slot(waits, &waits->late, err, word);
}

static void time_is_over(struct broker *broker, struct waiter *waiter, uint64_t now_ms)
{
    struct waits *waits = &broker->waits;

    for (size_t i = 0; i < waiter->count; i++)
        look_again(broker, waiter->places[i].line, now_ms);
    if (!has_hope(waiter)) {
        end_late(waits, waiter, now_ms);
        return;
    }
    leave_slot(waits, waiter);
    waiter->slot = SLOT_LATE;
    list_add_tail(&waits->late, &waiter->in_slot);
}

static void advance(struct waits *waits, uint64_t to_ms)
{
    wheel_advance(&waits->wheel, to_ms);
    unsigned slot = waits->wheel.moving;
    if (slot == 0)
        return;
    struct list moving;
    struct list *node;
    list_take(&moving, &waits->slots[slot]);
    wheel_clear(&waits->wheel, slot);
    while ((node = list_pop(&moving)))
        enter_slot(waits, CONTAINER_OF(node, struct waiter, in_slot));
}

uint64_t wait_expire(struct broker *broker, uint64_t now_ms)
{
    struct waits *waits = &broker->waits;
    const char *reason = "";
    uint64_t next;

    if (waits->count == 0)
        return UINT64_MAX;
    if (broker->stopping)
        end_all(waits, GMQ_E_STOPPING, NULL);
    else if (log_state(broker->log, &reason) == LOG_READ_ONLY)
        end_all(waits, GMQ_E_READ_ONLY, reason);
    while ((next = wheel_next(&waits->wheel)) <= now_ms) {
        advance(waits, next);
        const struct list *due = &waits->slots[wheel_due_slot(&waits->wheel)];
        while (!list_empty(due))
            time_is_over(broker, CONTAINER_OF(due->next, struct waiter, in_slot), now_ms);
    }
    return next;
}
