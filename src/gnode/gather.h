/*
 * gather.h - the bodies of several messages, collected for one reply
 *
 * What   `dead` and `wpop` answer with many messages at once, and their bodies may have to be fetched one after the
 *        other. A gather copies them as they come, over as many turns as it takes, up to a limit in bytes.
 * Owns   Its copies. One session collects at a time (broker.gatherer; a wpop takes what is at hand, within one turn),
 *        and a session takes no commands while it has SESSION_HELD_MAX of such answers, so the memory is bounded.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_GATHER_H
#define GMQ_GNODE_GATHER_H

#include "base/buf.h"
#include "wire/reply.h"

struct log;
struct queue;

/* Besides the first message, as many as fit into this. */
enum { GATHER_BYTES_MAX = 1 << 20 };

struct gather_item {
    uint64_t ref, id;
    uint64_t pushed_ms; /* 0 = its id says it; see gather_pushed_ms() */
    uint32_t ttr_ms; /* the message's own; 0 = its queue's */
    uint32_t headers, key;  /* bytes of them, which stand behind those of the body */
    unsigned own_retries;   /* as in struct payload_attrs */
    uint64_t expiry_ms;     /* 0 = never */
    uint64_t deadline_ms;   /* 0 = there is none; else set by the owner before gather_finish */
    size_t offset, bytes;
    bool unreadable;
};

struct gather {
    struct gather_item *items;
    size_t count;  /* to collect */
    size_t done;   /* collected so far */
    unsigned topic; /* as in struct reply_message; 0 unless the owner sets it before gather_finish */
    struct buf bodies;
    struct reply_message *messages; /* after gather_finish */
    size_t message_count;
};

/* Collects the `count` messages that `refs` name; the refs are copied. */
struct gather *gather_new(const uint64_t *refs, size_t count, size_t body_bytes_max);

/* Takes NULL. */
void gather_free(struct gather *gather);

/* Copies what is at hand. True when it is complete; false: the rest is being fetched, ask again later. */
bool gather_run(struct gather *gather, struct log *log);

/* Leaves of the items the first ones that are collected, readable and not expired at `now_ms`; returns how many. */
size_t gather_cut(struct gather *gather, uint64_t now_ms);

/* When it was pushed; 0 = it is not known. */
uint64_t gather_pushed_ms(const struct gather_item *item);

/* Drops the items for which `keep` is false, and the unreadable ones, from the reply; then the messages are ready. */
void gather_finish(struct gather *gather, const bool *keep);

const struct reply_message *gather_messages(const struct gather *gather, size_t *ret_count);

#endif
