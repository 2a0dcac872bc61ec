/*
 * story.h - what the records of the log say of one message, one after the other
 *
 * What   story_see() is shown the records from the message's PUSH on, in order, and keeps what happened to it. What no
 *        record says follows from the next one: a lease that was over, a delay that ended, a death by retries.
 * Times  An ACK does not say when it was: it counts as of the last moment that a record before it tells.
 * Pure   It reads nothing but the records, so it may be called by any thread; one at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_STORY_H
#define GMQ_GNODE_STORY_H

#include "base/record.h"
#include "wire/report.h"

enum {
    STORY_EVENTS_MORE = 4, /* one record, or the end, adds up to so many */
    STORY_TOPIC_BYTES_MAX = 128,
};

/* A client of which a record was seen. */
struct story_name {
    uint32_t number;
    struct slice text;
    bool changed; /* the number was another client's before, in what was seen */
};

struct story {
    uint64_t id;
    uint32_t queue;
    struct report *report; /* of REPORT_HISTORY; NULL = events are not kept */
    size_t limit;          /* events after which story_see() wants no more; room for STORY_EVENTS_MORE besides */
    struct report_event nowhere; /* for an event that is not kept */
    uint32_t *holders;     /* beside the events: the number of a client whose name is not known yet, else 0 */
    uint32_t *queues;      /* beside the events: the number of other_topic, else 0 */

    struct story_name *names;
    size_t name_count;

    /* where it stands; goes from page to page */
    uint64_t now_ms;
    uint64_t due_ms;      /* delayed until then; 0 = it is not */
    uint64_t deadline_ms; /* in flight */
    bool in_flight, dead;

    bool gone;
    enum gone_how how;
    uint64_t gone_ms;
    bool purged;         /* since it was named last, messages of a list were dropped, it perhaps among them, ... */
    uint64_t purged_ms;  /* ... at this time, ... */
    enum gone_how purged_how; /* ... like this */
    char topic[STORY_TOPIC_BYTES_MAX]; /* of its topic, which was deleted: the name; else ... */
    size_t topic_len;    /* ... 0 */
};

/* `limit` 0 = no events are kept. */
void story_init(struct story *story, uint64_t id, uint32_t queue, size_t limit);
void story_fini(struct story *story);

/* False: it is gone, or there are enough events. `ctx` is the story. */
bool story_see(void *ctx, const struct record *rec);

/*
 * Whose number it was all the time, as far as records tell: false when it was given to another one meanwhile. For
 * events that were before any record of their client.
 */
bool story_is_same_client(const struct story *story, uint32_t number);

/* What is known of it now, at the end of the story. */
struct story_end {
    enum message_place place;
    uint64_t now_ms;            /* of the engine */
    uint64_t dead_ms;           /* DEAD; 0 = not known */
    enum dead_why why;
    struct slice text;
};
void story_end(struct story *story, const struct story_end *end);

#endif
