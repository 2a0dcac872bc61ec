/*
 * report.h - what the operations of /api/v1 answer with, before it is JSON
 *
 * What   The broker fills a report, a door writes it (wire/report_json.h). A report owns all that it points to; slices
 *        come from report_keep(). So it can be parked until its promise is kept.
 * Times  Wall clock in ms since 1970; 0 = not known, or not so.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_REPORT_H
#define GMQ_WIRE_REPORT_H

#include "wire/cmd.h"

enum report_kind {
    REPORT_MESSAGE,   /* messages[0] */
    REPORT_MESSAGES,  /* messages[0..count), next: a page of PEEK */
    REPORT_HISTORY,   /* id, events[0..count), whole, next */
    REPORT_MOVED,     /* id, name = its topic, place = where it was, due_ms: CANCEL, RESCHEDULE */
    REPORT_DONE,      /* done, ids[0..count) = those that were not in flight: acks, NACK, TOUCH; PURGE: done */
    REPORT_PUT,       /* ids[0..count), again: they are those of an earlier push */
    REPORT_TOPIC,     /* topics[0] */
    REPORT_TOPICS,    /* topics[0..count), next */
    REPORT_CONSUMERS, /* consumers[0..count) */
    REPORT_JOB,       /* jobs[0] */
    REPORT_JOBS,      /* jobs[0..count) */
    REPORT_DELIVERY,  /* messages[0..count): what a pop hands out */
    REPORT_REFUSAL,   /* err, name = its text: an error whose text is not constant */
};

/* How a message is gone. */
enum gone_how { GONE_ACKED, GONE_AUTO_ACKED, GONE_DELETED, GONE_EXPIRED };

/* Why a message is a dead letter. */
enum dead_why { DEAD_RETRIES, DEAD_UNREADABLE, DEAD_REJECTED, DEAD_LIMIT };

/* One message. What does not apply to its place is 0 or empty. */
struct report_message {
    uint64_t id;
    struct slice topic;
    enum message_place place;
    enum gone_how how;        /* PLACE_GONE; how_known: the log still says it */
    bool how_known;
    uint64_t bytes;           /* of the body */
    unsigned retries;         /* how often it came back */
    uint64_t pushed_ms;
    uint64_t due_ms;          /* DELAYED: when it becomes ready; IN_FLIGHT: when its TTR ends */
    uint64_t expires_ms;      /* its own lifetime; 0 = none */
    uint64_t gone_ms;         /* PLACE_GONE */
    struct slice holder;      /* IN_FLIGHT: name or address of the client */
    uint64_t since_ms;        /* IN_FLIGHT: delivered at; DEAD: dead since */
    uint64_t first_ms, last_ms; /* first and last delivery, of what came back or is dead */
    enum dead_why why;        /* DEAD */
    struct slice text;        /* DEAD, rejected: the client's reason */
    uint32_t ttr_ms;          /* its own; 0 = the topic's */
    int max_retries;          /* its own; -1 = the topic's */
    bool auto_ack;            /* its own */
    struct slice headers, key;
    bool has_body, whole_body; /* body was asked for; it is all of it */
    bool unreadable;          /* its record is damaged: only id, topic and place are known */
    struct slice body;
};

enum event_kind {
    EVENT_PUSHED,      /* due_ms; other, other_topic = the dead letter that it was, of another topic */
    EVENT_DUE,         /* became ready */
    EVENT_DELIVERED,   /* who, due_ms = end of its TTR, retries */
    EVENT_TOUCHED,     /* due_ms = new end of its TTR */
    EVENT_EXPIRED,     /* its TTR was over */
    EVENT_RELEASED,    /* nacked; due_ms when it comes again */
    EVENT_DEAD,        /* why, text */
    EVENT_REDRIVEN,    /* from the dead letters; due_ms; other, other_topic = what it is now, in another topic */
    EVENT_RESCHEDULED, /* due_ms */
    EVENT_GONE,        /* how */
};

struct report_event {
    enum event_kind kind;
    uint64_t at_ms, due_ms;
    unsigned retries;
    struct slice who;
    enum gone_how how;
    enum dead_why why;
    struct slice text;
    uint64_t other;    /* an id; 0 = none */
    struct slice other_topic;
};

struct report_topic {
    struct slice name;
    uint64_t created_ms;
    uint64_t ready, delayed, in_flight, dead; /* messages */
    uint64_t bytes;                           /* of ready, delayed and in flight, as limits count them */
    uint64_t pushed, popped;                  /* ever */
    uint64_t acked, redelivered, died, expired, deleted; /* since the node was started */
    uint64_t push_rate_mhz, pop_rate_mhz, ack_rate_mhz;  /* thousandths of a message a second, over the last 10 s */
    uint64_t dead_rate_mhz, redeliver_rate_mhz;
    uint64_t oldest_ready_ms;                 /* when the oldest ready message was pushed; 0 = none, or not known */
    uint64_t oldest_in_flight_ms;             /* when that was delivered; in events only */
    uint64_t last_push_ms, last_pop_ms;
    uint64_t consumers;                       /* clients that popped in the last minute */
    uint64_t waiting;                         /* pops that wait now */
    bool auto_ack;
    struct topic_settings settings;
    uint32_t ttr_ms, max_retries;             /* as they hold, the node's where the topic has none */
};

struct report_consumer {
    struct slice name, address;
    uint64_t since_ms, last_pop_ms;
    uint64_t in_flight, oldest_ms; /* messages that it holds of the topic; when the oldest was delivered */
    uint64_t popped;
    uint64_t rate_mhz;
};

enum job_kind { JOB_REDRIVE, JOB_DELETE };
enum job_state { JOB_RUNNING, JOB_DONE, JOB_CANCELLED, JOB_FAILED };

struct report_job {
    uint64_t id;
    enum job_kind kind;
    enum job_state state;
    struct slice topic, to, error;
    uint64_t looked_at, done, started_ms, ended_ms;
};

struct report_texts;

struct report {
    enum report_kind kind;
    int err;    /* REFUSAL: GMQ_E_* */
    uint64_t id, due_ms, done;
    struct slice name;
    enum message_place place;
    bool whole; /* HISTORY: nothing before or between is lost, and nothing follows */
    bool again;
    size_t count, room;
    union {
        struct report_message *messages;
        struct report_event *events;
        struct report_topic *topics;
        struct report_consumer *consumers;
        struct report_job *jobs;
        uint64_t *ids;
        void *items;
    };
    struct slice next; /* cursor of the next page; empty = this is the last */
    struct report_texts *texts;
};

/* A report with room for `count` items, zeroed; its count is 0. */
struct report *report_new(enum report_kind kind, size_t count);

/* Takes NULL. */
void report_free(struct report *report);

/* A copy of the bytes that lives as long as the report. */
struct slice report_keep(struct report *report, struct slice bytes);

/* Bytes that it takes, for the limits on what is parked. */
size_t report_bytes(const struct report *report);

/* The words of the API: "ready", "delayed", "in_flight", "dead", "gone"; "acked", ...; never NULL. */
const char *place_word(enum message_place place);
const char *gone_word(enum gone_how how);
const char *dead_word(enum dead_why why);
const char *event_word(enum event_kind kind);
const char *job_word(enum job_kind kind);
const char *job_state_word(enum job_state state);

#endif
