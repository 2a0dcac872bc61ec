/*
 * cmd.h - what a client asks for, whichever door it came in by
 *
 * What   Every door (TCP, HTTP, later ones) parses its bytes into one `struct cmd`; nothing else reaches the broker.
 * Owns   The slices are borrowed from the door's input and good while the command is being executed.
 * Never  A door that checks the rules of a command itself: what a topic name or a delay may be is checked by the
 *        broker, once. The door only checks its own framing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_CMD_H
#define GMQ_WIRE_CMD_H

#include "base/base.h"
#include "base/slice.h"
#include "base/topic_settings.h"

enum cmd_kind {
    CMD_PUSH,     /* topic, delay_s, body */
    CMD_MPUSH,    /* topic, count, body = count packed items, see cmd_item_next() */
    CMD_POP,      /* topic */
    CMD_ACK,      /* topic, id */
    CMD_DEAD,     /* topic, number (< 0 counts as 1, as in the original; 0 is an error) */
    CMD_SET,      /* topic, number (1 = auto-ack on, all else off) */
    CMD_TOGGLE,   /* topic: auto-ack on <-> off; the topic must exist */
    CMD_STAT,     /* topic, which must exist */
    CMD_STAT_ALL, /* nothing */
    CMD_EXIT,     /* topic, which must exist: leaves the lists until it is used again */
    CMD_WPOP,     /* topic (with CMD_F_LIST: topics with / between them), wait_ms, number = messages wanted */
    CMD_MACK,     /* topic, count, body = count ids, u64 BE each */

    /* The operations of wire/op.h; beside topic, id, ids (as MACK) they read cmd.args. */
    CMD_PUT,          /* topic, args: puts, put_count. All of them or none */
    CMD_NACK,         /* topic, ids; args: delay_ms, no_retry, reject, text */
    CMD_TOUCH,        /* topic, ids; args: ttr_ms (0 = as it was delivered with) */
    CMD_GET,          /* id, or topic and args: key; args: body, body_bytes */
    CMD_HISTORY,      /* id; args: cursor, limit */
    CMD_CANCEL,       /* id; topic, when given, must be its topic */
    CMD_RESCHEDULE,   /* id; args: delay_ms or due_ms; neither = now */
    CMD_PEEK,         /* topic; args: place, from_tail, cursor, limit, body, body_bytes, text, older_ms */
    CMD_DEAD_REDRIVE, /* topic, ids or args: all, older_ms, text; args: rate, to, delay_ms */
    CMD_DEAD_DELETE,  /* topic, ids or args: all, older_ms, text; args: rate */
    CMD_JOB,          /* id */
    CMD_JOBS,         /* nothing */
    CMD_JOB_CANCEL,   /* id */
    CMD_TOPIC,        /* topic, which must exist: its facts */
    CMD_TOPICS,       /* args: text (a piece of the name), cursor, limit */
    CMD_TOPIC_CREATE, /* topic, args: settings, settings_given; it must not exist */
    CMD_TOPIC_SET,    /* topic, args: settings, settings_given */
    CMD_TOPIC_DELETE, /* topic: with all its messages, at once */
    CMD_PAUSE,        /* topic, args: sides, delay_ms (for so long) or due_ms (until then); neither = until resumed */
    CMD_RESUME,       /* topic, args: sides */
    CMD_PURGE,        /* topic, args: place */
    CMD_CONSUMERS,    /* topic: who has popped from it, and what they hold */
    CMD_CLIENT,       /* args: text, the name of this session from now on */
};

/* Where a message is; also what PEEK and PURGE are about. */
enum message_place { PLACE_READY, PLACE_DELAYED, PLACE_IN_FLIGHT, PLACE_DEAD, PLACE_GONE };

enum cmd_body { CMD_BODY_NONE, CMD_BODY_FIRST, CMD_BODY_WHOLE };

enum cmd_sides { CMD_SIDE_PUSH = 1, CMD_SIDE_POP = 2 };

enum cmd_given {
    CMD_GIVEN_TTR = 1,
    CMD_GIVEN_RETRIES = 2,
    CMD_GIVEN_RETRY_POLICY = 4, /* all of it */
    CMD_GIVEN_LIMITS = 8,       /* all of them */
    CMD_GIVEN_IDLE = 16,
    CMD_GIVEN_AUTO_ACK = 32,

    /* One of the limits, one part of a policy that is there: the others stay. */
    CMD_GIVEN_MESSAGES = 64,
    CMD_GIVEN_BYTES = 128,
    CMD_GIVEN_AGE = 256,
    CMD_GIVEN_OVER = 512,
    CMD_GIVEN_DELAYS = 1024,
    CMD_GIVEN_CAP = 2048,
    CMD_GIVEN_JITTER = 4096,
};

/* A message of a CMD_PUT. Numbers as sent, unchecked. */
struct cmd_put {
    struct slice body;
    int64_t delay_ms;     /* CMD_NOT_GIVEN: due_ms counts */
    uint64_t due_ms;      /* wall clock; 0 = not given */
    int64_t ttr_ms;       /* 0 = the topic's */
    int64_t max_retries;  /* CMD_NOT_GIVEN = the topic's */
    int64_t lifetime_ms;  /* not delivered any more so long after the push, but gone then; 0 = no end */
    bool auto_ack;        /* delivered once, needs no ack */
    struct slice headers; /* lines `name: value`, each ended by \n; checked by wire/headers.h */
    struct slice key;     /* the client's own; empty = none */
    struct slice dedup;   /* of pushes with the same one within the window only the first counts; empty = none */
    uint32_t dedup_of;    /* > 0: the key is that of so many messages, with `/` and the place of this one behind it */
};

#define CMD_NOT_GIVEN INT64_MIN

/* What operations say beside topic, id and ids. All zero but delay_ms, which is CMD_NOT_GIVEN, is nothing. */
struct cmd_args {
    const struct cmd_put *puts;
    uint32_t put_count;
    int64_t delay_ms;
    uint64_t due_ms; /* wall clock; 0 = not given */
    int64_t ttr_ms;
    enum message_place place;
    struct slice cursor; /* as an answer gave it; empty = from the beginning */
    int64_t limit;       /* of a page; 0 = CMD_LIMIT_DEFAULT */
    bool from_tail;
    enum cmd_body body;
    int64_t body_bytes;  /* CMD_BODY_FIRST: how many; 0 = 256 */
    struct slice text, key, to;
    bool no_retry, reject, all;
    int64_t older_ms;    /* dead for at least so long; 0 = any */
    int64_t rate;        /* messages a second; 0 = as fast as it goes */
    unsigned sides;      /* enum cmd_sides */
    struct topic_settings settings;
    unsigned settings_given; /* enum cmd_given */
    bool auto_ack;       /* TOPIC_CREATE, TOPIC_SET */
};

enum { CMD_LIMIT_DEFAULT = 100, CMD_LIMIT_MAX = 1000, CMD_BODY_FIRST_BYTES = 256, CMD_BODY_FIRST_MAX = 65536 };
enum { CMD_KEY_BYTES_MAX = 128, CMD_TEXT_BYTES_MAX = 255, CMD_HEADERS_BYTES_MAX = 4096, CMD_NAME_BYTES_MAX = 64 };

enum cmd_flags {
    CMD_F_BINARY = 1, /* POP, WPOP, DEAD: the reply carries the bodies as they are */
    CMD_F_IDS = 2,    /* MPUSH: the reply lists the ids */
    CMD_F_LIST = 4,   /* WPOP: topic is a list; the first one that has a message serves */
    CMD_F_PLAIN = 8,  /* NACK, TOUCH: answered as a MACK is, and not by a report */
};

struct cmd {
    enum cmd_kind kind;
    unsigned flags;     /* enum cmd_flags */
    struct slice topic; /* as sent, unchecked */
    struct slice body;  /* PUSH: the message; MPUSH: the packed items; MACK, operations: the ids */
    int64_t delay_s;    /* PUSH: as sent, unchecked */
    uint64_t id;        /* ACK, operations on one message */
    uint32_t count;     /* MPUSH: items in body; MACK, operations: ids in body */
    int64_t number;     /* DEAD, SET, WPOP: as sent */
    int64_t wait_ms;    /* WPOP: as sent, unchecked */
    const struct cmd_args *args; /* of the operations; good as long as the slices */
};

/* One message of an mpush, as it stands in the packed bytes: u32 BE delay in seconds, u32 BE length, body. */
struct cmd_item {
    uint32_t delay_s;
    struct slice body;
};

enum { CMD_ITEM_HEADER_BYTES = 8, CMD_ID_BYTES = 8 };

/* Of a wpop: how many topics, and how long. */
enum { CMD_TOPICS_MAX = 16, CMD_WAIT_MS_MAX = 60000 };

/* Takes the next item off `*packed`; false when it is empty or cut off. */
bool cmd_item_next(struct slice *packed, struct cmd_item *ret_item);

/* Takes the next topic, which may be empty, off a list; false after the last. Begin with `*at` = 0. */
bool cmd_topic_next(struct slice list, size_t *at, struct slice *ret_topic);

#endif
