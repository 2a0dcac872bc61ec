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
};

enum cmd_flags {
    CMD_F_BINARY = 1, /* POP, WPOP, DEAD: the reply carries the bodies as they are */
    CMD_F_IDS = 2,    /* MPUSH: the reply lists the ids */
    CMD_F_LIST = 4,   /* WPOP: topic is a list; the first one that has a message serves */
};

struct cmd {
    enum cmd_kind kind;
    unsigned flags;     /* enum cmd_flags */
    struct slice topic; /* as sent, unchecked */
    struct slice body;  /* PUSH: the message; MPUSH: the packed items; MACK: the ids */
    int64_t delay_s;    /* PUSH: as sent, unchecked */
    uint64_t id;        /* ACK */
    uint32_t count;     /* MPUSH: items in body; MACK: ids in body */
    int64_t number;     /* DEAD, SET, WPOP: as sent */
    int64_t wait_ms;    /* WPOP: as sent, unchecked */
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
