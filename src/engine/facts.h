/*
 * facts.h - what is known of messages that came back or are dead, beyond their refs
 *
 * What   A table by LSN. A message has an entry from its first return, or death, on until it is gone; one that is
 *        delivered and acked at the first time never has one.
 * Cost   add, find, drop O(1), and no table is ever moved as a whole; 56 bytes an entry, 4 a bucket, the text.
 * Owns   Its pages and texts. A `struct fact *` is good until the next entry is added or dropped.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_FACTS_H
#define GMQ_ENGINE_FACTS_H

#include "base/base.h"
#include "base/slice.h"
#include "engine/chains.h"

enum { FACT_NOT_DEAD = 0xff };

struct fact {
    uint64_t lsn;               /* 0 = this place is free */
    uint64_t first_ms, last_ms; /* first and last delivery; 0 = none, or not known */
    uint64_t due_ms;            /* delayed after it came back, until then; else 0 */
    uint64_t dead_ms;           /* dead since; else 0 */
    char *text;                 /* why it was rejected, `text_len` bytes, or NULL */
    uint32_t next;              /* name of an entry, in the chain or the free list */
    uint8_t why;                /* enum payload_reason, or FACT_NOT_DEAD */
    uint8_t text_len;
    uint8_t retries;            /* as in its ref */
};

struct facts {
    struct fact **pages;
    size_t page_slots;
    struct chains chains;
    uint32_t places, free_list; /* entries that the pages hold; name of the first free one */
    uint64_t count;
    uint64_t text_words; /* of 8 bytes that the texts take in an image */
    uint64_t text_bytes; /* of memory */
};

void facts_free(struct facts *facts);

/* The memory that it takes; O(1). */
uint64_t facts_bytes(const struct facts *facts);

/* NULL when there is none. */
struct fact *facts_find(const struct facts *facts, uint64_t lsn);

/* The entry of the message, made when there is none: not dead, all times 0. */
struct fact *facts_of(struct facts *facts, uint64_t lsn);

/* The text is copied; at most 255 bytes. */
void facts_set_text(struct facts *facts, struct fact *fact, struct slice text);

/* Nothing when there is none. */
void facts_drop(struct facts *facts, uint64_t lsn);

/* All of them, in no order: begin with 0; NULL at the end. */
const struct fact *facts_next(const struct facts *facts, uint32_t *at);

static inline uint64_t facts_text_words(size_t bytes) { return (bytes + 7) / 8; }

#endif
