/* story.c - see story.h. SPDX-License-Identifier: MIT */
#include "gnode/story.h"

#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "gnode/describe.h"

#include <stdlib.h>

void story_init(struct story *story, uint64_t id, uint32_t queue, size_t limit)
{
    *story = (struct story){.id = id, .queue = queue, .limit = limit};
    if (limit == 0)
        return;
    story->report = report_new(REPORT_HISTORY, limit + 2 * STORY_EVENTS_MORE);
    story->report->id = id;
    story->holders = mem_new((limit + 2 * STORY_EVENTS_MORE) * sizeof(story->holders[0]));
    story->queues = mem_new((limit + 2 * STORY_EVENTS_MORE) * sizeof(story->queues[0]));
}

void story_fini(struct story *story)
{
    report_free(story->report);
    free(story->holders);
    free(story->queues);
    free(story->names);
    story->report = NULL;
    story->holders = story->queues = NULL;
    story->names = NULL;
}

static struct report_event *add(struct story *story, enum event_kind kind, uint64_t at_ms)
{
    /* A record that names it again and again is none that a broker wrote. */
    if (!story->report || story->report->count == story->limit + 2 * STORY_EVENTS_MORE)
        return &story->nowhere;
    struct report_event *event = &story->report->events[story->report->count++];
    *event = (struct report_event){.kind = kind, .at_ms = at_ms};
    return event;
}

static struct slice keep(const struct story *story, struct slice text)
{
    return story->report && text.len > 0 ? report_keep(story->report, text) : slice_of("", 0);
}

/* ---- what follows from what happens next ------------------------------------------------------------------------- */

/* A delay that must have ended by then. */
static void was_due(struct story *story)
{
    if (story->due_ms == 0)
        return;
    (void)add(story, EVENT_DUE, story->due_ms);
    story->due_ms = 0;
}

/* It is not in flight any more, and nobody has said so. */
static void was_over(struct story *story)
{
    if (!story->in_flight)
        return;
    (void)add(story, EVENT_EXPIRED, story->deadline_ms);
    story->in_flight = false;
}

static void was_dead(struct story *story, uint64_t at_ms)
{
    uint64_t over_ms = story->in_flight ? story->deadline_ms : at_ms;

    was_over(story);
    if (story->dead)
        return;
    was_due(story);
    add(story, EVENT_DEAD, over_ms)->why = DEAD_RETRIES;
    story->dead = true;
}

static void ends(struct story *story, enum gone_how how, uint64_t at_ms)
{
    story->gone = true;
    story->how = how;
    story->gone_ms = at_ms;
    add(story, EVENT_GONE, at_ms)->how = how;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* The event, of this message and that `other` one, whose topic is `queue`. */
static void add_other(struct story *story, struct report_event *event, uint64_t other, uint32_t queue)
{
    event->other = other;
    if (story->queues && event != &story->nowhere)
        story->queues[story->report->count - 1] = queue;
}

static void see_push(struct story *story, const struct record *rec)
{
    struct payload_attrs attrs = {.from_id = 0};
    struct payload_push push;

    if (!payload_get_push(rec->payload, &push))
        return;
    bool again = (rec->flags & RECORD_F_AGAIN) != 0;
    if (!again)
        story->now_ms = payload_push_ms(&push);
    bool carries = push.tlvs.len > 0 && !again && payload_get_attrs(push.tlvs, &attrs);
    if (carries && attrs.from_id == story->id && push.id != story->id) { /* its ACK follows */
        was_dead(story, story->now_ms);
        struct report_event *event = add(story, EVENT_REDRIVEN, story->now_ms);
        event->due_ms = push.due_ms;
        add_other(story, event, push.id, rec->queue);
    }
    if (push.id != story->id)
        return;
    enum event_kind kind = !again ? EVENT_PUSHED : story->dead ? EVENT_REDRIVEN : EVENT_RESCHEDULED;
    struct report_event *event = add(story, kind, story->now_ms);
    event->due_ms = push.due_ms;
    if (carries && attrs.from_id > 0)
        add_other(story, event, attrs.from_id, attrs.from_queue);
    story->queue = rec->queue;
    story->due_ms = push.due_ms;
    story->in_flight = story->dead = story->purged = false;
}

static struct story_name *name_of(const struct story *story, uint32_t number)
{
    for (size_t i = 0; i < story->name_count; i++)
        if (story->names[i].number == number)
            return &story->names[i];
    return NULL;
}

bool story_is_same_client(const struct story *story, uint32_t number)
{
    const struct story_name *name = name_of(story, number);

    return !name || !name->changed;
}

static void see_client(struct story *story, const struct record *rec)
{
    struct payload_client client;

    if (!story->report || !payload_get_client(rec->payload, &client))
        return;
    struct slice text = client.name.len > 0 ? client.name : client.address;
    struct story_name *name = name_of(story, client.number);
    if (name && slice_equal(name->text, text))
        return; /* written anew */
    bool changed = name != NULL;
    if (!name) {
        story->names = mem_grow(story->names, story->name_count + 1, sizeof(story->names[0]));
        name = &story->names[story->name_count++];
    }
    *name = (struct story_name){.number = client.number, .text = keep(story, text), .changed = changed};
}

static void delivered(struct story *story, const struct payload_pop *pop, const struct payload_delivery *to,
                      bool auto_ack)
{
    was_over(story);
    was_due(story);
    struct report_event *event = add(story, EVENT_DELIVERED, pop->now_ms);
    event->retries = ref_retries(to->ref);
    const struct story_name *name = name_of(story, pop->holder);
    if (name)
        event->who = name->text;
    else if (event != &story->nowhere)
        story->holders[story->report->count - 1] = pop->holder;
    if (auto_ack || to->ttr_ms == PAYLOAD_TTR_AUTO_ACK) {
        ends(story, GONE_AUTO_ACKED, pop->now_ms);
        return;
    }
    event->due_ms = story->deadline_ms = pop->now_ms + to->ttr_ms;
    story->in_flight = true;
    story->purged = false;
}

static void see_pop(struct story *story, const struct record *rec)
{
    struct payload_pop pop;

    if (!payload_get_pop(rec->payload, &pop))
        return;
    story->now_ms = pop.now_ms;
    for (uint32_t i = 0; rec->queue == story->queue && i < pop.count; i++) {
        struct payload_delivery to = payload_delivery(pop.entries, i);
        if (to.id == story->id)
            delivered(story, &pop, &to, (rec->flags & RECORD_F_AUTOACK) != 0);
    }
}

static bool names(const struct story *story, struct slice pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (payload_pair(pairs, i).id == story->id)
            return true;
    return false;
}

static enum gone_how how_of(unsigned how)
{
    return how == PAYLOAD_HOW_EXPIRED ? GONE_EXPIRED : how == PAYLOAD_HOW_DELETED ? GONE_DELETED : GONE_ACKED;
}

static void see_ack(struct story *story, const struct record *rec)
{
    unsigned list = rec->aux & 0xff, how = rec->aux >> 8;

    if (rec->queue != story->queue ||
        !names(story, rec->payload, (uint32_t)(rec->payload.len / PAYLOAD_PAIR_BYTES)))
        return;
    if (list == PAYLOAD_LIST_DEAD)
        was_dead(story, story->now_ms);
    else if (list != PAYLOAD_LIST_FLIGHT)
        was_over(story);
    if (list == PAYLOAD_LIST_READY)
        was_due(story);
    if (how == PAYLOAD_HOW_MOVED) { /* its PUSH at another place follows; if none does, it is gone */
        story->purged = true;
        story->purged_ms = story->now_ms;
        story->purged_how = GONE_DELETED;
        return;
    }
    ends(story, how_of(how), story->now_ms);
}

/* It does not say of which messages. */
static void see_purge(struct story *story, const struct record *rec)
{
    struct payload_purge purge;

    if (!payload_get_purge(rec->payload, &purge))
        return;
    story->now_ms = purge.now_ms;
    bool none = purge.count == 0 && (rec->aux & 0xff) != PAYLOAD_LIST_DELAYED;
    if (rec->queue != story->queue || story->purged || none)
        return;
    story->purged = true;
    story->purged_ms = purge.now_ms;
    story->purged_how = how_of(rec->aux >> 8);
}

static void see_release(struct story *story, const struct record *rec)
{
    struct payload_release release;

    if (!payload_get_release(rec->payload, &release))
        return;
    story->now_ms = release.now_ms;
    if (rec->queue != story->queue || !names(story, release.entries, release.count))
        return;
    bool redriven = (rec->aux & 0xff) == PAYLOAD_LIST_DEAD;
    if (redriven)
        was_dead(story, release.now_ms);
    uint64_t due = release.due_ms > release.now_ms ? release.due_ms : 0;
    add(story, redriven ? EVENT_REDRIVEN : EVENT_RELEASED, release.now_ms)->due_ms = due;
    story->in_flight = story->dead = story->purged = false;
    story->due_ms = due;
}

static void see_bury(struct story *story, const struct record *rec)
{
    struct payload_bury bury;

    if (!payload_get_bury(rec->payload, &bury))
        return;
    story->now_ms = bury.now_ms;
    if (rec->queue != story->queue || !names(story, bury.entries, bury.count))
        return;
    if (rec->aux == PAYLOAD_BURY_READY) {
        was_over(story);
        was_due(story);
    }
    struct report_event *event = add(story, EVENT_DEAD, bury.now_ms);
    event->why = describe_why(bury.reason);
    event->text = keep(story, bury.text);
    story->in_flight = story->purged = false;
    story->dead = true;
}

static void see_touch(struct story *story, const struct record *rec)
{
    struct payload_touch touch;

    if (!payload_get_touch(rec->payload, &touch))
        return;
    story->now_ms = touch.now_ms;
    for (uint32_t i = 0; rec->queue == story->queue && i < touch.count; i++) {
        struct payload_touched to = payload_touched(touch.entries, i);
        if (to.id != story->id)
            continue;
        add(story, EVENT_TOUCHED, touch.now_ms)->due_ms = to.deadline_ms;
        story->deadline_ms = to.deadline_ms;
    }
}

/* What was in it is gone with it. */
static void see_queue(struct story *story, const struct record *rec)
{
    struct payload_queue set;

    if (rec->queue != story->queue || !payload_get_queue(rec->payload, &set) || !(set.flags & PAYLOAD_QUEUE_DELETED))
        return;
    if (set.name.len <= sizeof(story->topic)) {
        memcpy(story->topic, set.name.ptr, set.name.len);
        story->topic_len = set.name.len;
    }
    ends(story, GONE_DELETED, story->now_ms);
}

bool story_see(void *ctx, const struct record *rec)
{
    struct story *story = ctx;
    struct payload_tick tick;

    switch (rec->type) {
    case RECORD_PUSH:
        see_push(story, rec);
        break;
    case RECORD_POP:
        see_pop(story, rec);
        break;
    case RECORD_ACK:
        see_ack(story, rec);
        break;
    case RECORD_RELEASE:
        see_release(story, rec);
        break;
    case RECORD_BURY:
        see_bury(story, rec);
        break;
    case RECORD_TOUCH:
        see_touch(story, rec);
        break;
    case RECORD_PURGE:
        see_purge(story, rec);
        break;
    case RECORD_QUEUE:
        see_queue(story, rec);
        break;
    case RECORD_CLIENT:
        see_client(story, rec);
        break;
    case RECORD_TICK:
        if (payload_get_tick(rec->payload, &tick))
            story->now_ms = tick.now_ms;
        break;
    default:
        break;
    }
    return !story->gone && (!story->report || story->report->count < story->limit);
}

void story_end(struct story *story, const struct story_end *end)
{
    if (story->gone)
        return;
    switch (end->place) {
    case PLACE_GONE:
        if (story->purged)
            ends(story, story->purged_how, story->purged_ms);
        break;
    case PLACE_DEAD:
        if (story->dead)
            break;
        was_over(story);
        was_due(story);
        struct report_event *event = add(story, EVENT_DEAD, end->dead_ms);
        event->why = end->why;
        event->text = keep(story, end->text);
        break;
    case PLACE_DELAYED:
        was_over(story);
        break;
    case PLACE_READY:
        was_over(story);
        was_due(story);
        break;
    case PLACE_IN_FLIGHT:
        break;
    }
}
