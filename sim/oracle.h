/*
 * oracle.h - what a broker must do, in plain lists: slow, short, and written without a look at the engine
 *
 * What   The oracle takes part in a life event by event (one event a record, a few for records that name several
 *        messages) and refuses what may not happen: a message out of order, early, after its ack, or twice; an id
 *        that does not grow; a retry too many. It remembers every event since the last restart with the address
 *        where its record ended and the digest of the engine after it. So after a crash the digest of what was
 *        recovered tells which of the events survived, and the oracle goes back to that moment.
 * Cost   Every event looks at all live messages.
 * Fails  Functions that judge return false and say in `wrong` what is wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_ORACLE_H
#define GMQ_SIM_ORACLE_H

#include "base/base.h"
#include "base/slice.h"
#include "base/topic_settings.h"

struct engine;
struct queue;

enum { ORACLE_TOPICS_MAX = 16, ORACLE_NODE_RETRIES_NONE = 0xffff, ORACLE_DEDUP_MAX = 1000,
       ORACLE_CLIENTS_MAX = 16 };

enum oracle_state { ORACLE_READY, ORACLE_DELAYED, ORACLE_FLIGHT, ORACLE_DEAD, ORACLE_ASIDE, ORACLE_DELAYED_ASIDE };

struct oracle_message {
    uint64_t id;
    uint64_t lsn, end;    /* where its PUSH stands */
    uint64_t body_hash;
    uint64_t time_ms;     /* DELAYED: when it is due; FLIGHT: when its TTR is over */
    uint64_t order;       /* it entered its state after all with a smaller one */
    uint32_t body_bytes;
    uint32_t topic;
    uint32_t retries;
    uint32_t ttr_ms;      /* its own; 0 = the node's */
    int max_retries;      /* its own; -1 = the node's */
    bool auto_ack;        /* its own */
    uint64_t expiry_ms;   /* 0 = never */
    uint64_t pushed_ms;
    uint64_t attrs_hash;  /* of headers and key; 0 = it has none */
    uint64_t since_ms;    /* of the last delivery */
    uint32_t given_ms;    /* the TTR that it was delivered with */
    uint32_t holder;      /* FLIGHT: number of the client; 0 = nobody known */
    uint64_t first_ms, last_ms; /* came_back: first and last delivery that ended so */
    bool came_back;       /* or died: the engine keeps facts of it */
    bool moved;           /* stands at another place than it was first pushed to */
    enum oracle_state state;
};

/* The newest push with a dedup key. */
struct oracle_dedup {
    uint32_t queue;   /* number */
    uint32_t key;     /* 0 = none */
    uint64_t content; /* one number for it */
    uint64_t id, end; /* of the message; of its PUSH */
};

struct oracle_topic {
    const char *name; /* good for ever */
    uint32_t number; /* of the engine's queue; 0 = not there */
    bool exited, auto_ack;
    struct topic_settings set;
    uint64_t push_num, pop_num;
    uint64_t purge_end; /* of the last record that has taken messages by their count; 0 = none */
    bool vague; /* how many bytes it has: something has left of which no record says the size */
};

enum oracle_kind {
    ORACLE_START, /* nothing happened: the state as it was recovered */
    ORACLE_TOPIC, /* topic, name, number, exited, auto_ack, set */
    ORACLE_NODE,  /* max_retries, dedup_keys, dedup_window_ms */
    ORACLE_PUSH,  /* message, dedup */
    ORACLE_POP,   /* message.id, .holder, topic, time_ms = deadline */
    ORACLE_ACK,   /* message.id, topic: out of flight */
    ORACLE_GIVE_BACK, /* message.id, topic, time_ms = now, due_ms (0 = by the policy), no_retry: out of flight */
    ORACLE_REJECT, /* message.id, topic: out of flight */
    ORACLE_TOUCH, /* message.id, topic, time_ms = deadline */
    ORACLE_EXPIRE, /* message.lsn, topic, time_ms = now: the first that waits is gone */
    ORACLE_TAKE,  /* message.lsn, topic: a dead letter is handed out */
    ORACLE_REDRIVE, /* message.lsn, topic: a dead letter is new again; delayed until time_ms, 0 = ready */
    ORACLE_DROP,  /* message.lsn, topic: the first that waits makes room, for a push or since it is too old: gone */
    ORACLE_BURY,  /* message.lsn, topic: cannot be read, or makes room: dead */
    ORACLE_TICK,  /* time_ms; how many are delayed and in flight afterwards: count, number */
    ORACLE_MOVE,  /* nothing: the engine has moved what it has */
    ORACLE_LEAVE, /* message.lsn, topic: the piece of the list that it is in cannot be read */
    ORACLE_RETURN, /* message.lsn, topic: delayed, of a piece that could not be read and can; due at time_ms or later */
    ORACLE_BACK,  /* topic, count: what left like this comes after the first `count` that wait */
    ORACLE_CANCEL, /* message.lsn, .state, topic: gone out of this state */
    ORACLE_LIFT,  /* the same, but what follows is ... */
    ORACLE_AGAIN, /* message.id, .lsn, .end, .time_ms, .state, topic: the message stands there now */
    ORACLE_PURGE, /* topic, message.state, count: the first `count` in this state are gone */
    ORACLE_DELETE, /* topic: it is gone, with its messages */
    ORACLE_CLIENT, /* number, name: of a client, from now on */
};

/* What a message leaves behind that went out of the middle: lists may name it for a while. */
struct oracle_ghost {
    uint64_t lsn, bytes;
    uint64_t until_ms; /* its record may be needed until then */
};

struct oracle_event {
    enum oracle_kind kind;
    bool more;       /* stands or falls with the next event */
    uint64_t end;    /* of its record */
    uint64_t digest; /* of the engine after the record */
    struct oracle_message message;
    const char *name;
    uint64_t time_ms, due_ms;
    bool no_retry;
    struct oracle_dedup dedup;
    struct topic_settings set;
    uint64_t dedup_keys, dedup_window_ms;
    uint32_t topic, number, count, max_retries;
    bool exited, auto_ack;
};

struct oracle_world {
    struct oracle_topic topics[ORACLE_TOPICS_MAX];
    struct oracle_message *live;
    size_t count, room;
    uint64_t order;
    uint32_t max_retries;
    const char *clients[ORACLE_CLIENTS_MAX]; /* by number; NULL = nobody */
    struct oracle_message lifted; /* by a LIFT, until the AGAIN; else its id is 0 */
    struct oracle_dedup dedup[ORACLE_DEDUP_MAX]; /* oldest first */
    size_t dedup_count;
    uint64_t dedup_keys, dedup_window_ms;
};

struct oracle {
    struct oracle_world now, start; /* start: as of the last restart */
    struct oracle_event *events;    /* since then */
    size_t event_count, event_room;
    struct oracle_ghost *ghosts;    /* of all lives of the directory: addresses and numbers are never used again */
    size_t ghost_count, ghost_room;
    uint32_t *deleted;              /* numbers of topics, of all lives too */
    size_t deleted_count, deleted_room;
    uint32_t fired;   /* timers, by the last TICK */
    uint64_t told_id; /* the greatest id that any client has seen, ever */
    char wrong[256];
};

void oracle_init(struct oracle *oracle, uint64_t empty_digest);
void oracle_free(struct oracle *oracle);

/* Lets the event happen. */
NODISCARD bool oracle_happens(struct oracle *oracle, const struct oracle_event *event);

/*
 * A restart found a state with this digest. It must be that of a moment at or after `at_least`, an address, at which
 * no group was half done; the oracle goes back to it. `ret_lost` is how many events were lost.
 */
NODISCARD bool oracle_restarts(struct oracle *oracle, uint64_t digest, uint64_t at_least, size_t *ret_lost);

/*
 * Is the digest that of a moment since the last restart, at which no group was half done, and behind every record that
 * ended at or before both `at_least` and `low`?
 */
bool oracle_could_be(const struct oracle *oracle, uint64_t digest, uint64_t at_least, uint64_t low);

/* Where the group ends that the message was pushed in. */
uint64_t oracle_stands_with(const struct oracle *oracle, const struct oracle_message *m);

/* Is the engine's state the oracle's: counts, flags, lists? */
NODISCARD bool oracle_agrees(struct oracle *oracle, const struct engine *engine);

/* May the engine say that so many messages of the topic are ready? */
bool oracle_same_ready(const struct oracle *oracle, uint32_t topic, const struct queue *queue, uint64_t ready);
/* settings.c: the delay of a message that came back with so many retries. Settings, are they the same? */
uint64_t oracle_retry_delay_ms(const struct oracle_topic *topic, const struct oracle_message *m);
bool oracle_same_settings(const struct topic_settings *a, const struct topic_settings *b);

/* Is it older than its topic allows? */
bool oracle_is_old(const struct oracle_topic *topic, const struct oracle_message *m, uint64_t now_ms);

/* ---- dedup.c ----------------------------------------------------------------------------------- */

/* No more keys than these from now on. */
void oracle_dedup_limit(struct oracle_world *now, uint64_t keys, uint64_t window_ms);
void oracle_dedup_add(struct oracle_world *now, const struct oracle_dedup *dedup);

/* The push that counts for one with this key of the queue at `now_ms`, or NULL. */
const struct oracle_dedup *oracle_dedup_find(const struct oracle_world *now, uint32_t queue, uint32_t key,
                                             uint64_t now_ms);

/* ---- looking; a topic is its index in now.topics --------------------------------------------- */

struct oracle_message *oracle_by_id(struct oracle *oracle, uint64_t id);
struct oracle_message *oracle_by_lsn(struct oracle *oracle, uint64_t lsn);

/* The first of the topic in this state, by order (by age for DEAD); NULL when there is none. */
struct oracle_message *oracle_first(struct oracle *oracle, uint32_t topic, enum oracle_state state);
/* The one after `before` others. */
struct oracle_message *oracle_nth(struct oracle *oracle, uint32_t topic, enum oracle_state state, size_t before);
size_t oracle_count(const struct oracle *oracle, uint32_t topic, enum oracle_state state);

/* Delayed messages of the topic, those of pieces that cannot be read too. */
size_t oracle_delayed(const struct oracle *oracle, uint32_t topic);

/* Has a message that stood there gone out of the middle of a list, now or in a moment that was lost? */
bool oracle_is_ghost(const struct oracle *oracle, uint64_t lsn);

/* Was the topic of this queue number deleted, and is it not there? */
bool oracle_is_deleted(const struct oracle *oracle, uint32_t number);

/* What fires next of what is due by `now_ms`, or NULL. */
struct oracle_message *oracle_next_timer(struct oracle *oracle, uint64_t now_ms);

/* The topic of this name, or of this queue number; -1 = it was never made. */
int oracle_topic(const struct oracle *oracle, struct slice name);
int oracle_topic_of(const struct oracle *oracle, uint32_t number);

#endif
