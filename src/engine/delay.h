/*
 * delay.h - messages that wait for their time, all of them in memory: those whose time is near (delays.h)
 *
 * What   Entries {ref, queue, due} in chunks that hang in the slots of a wheel. Entries of one due time come out in
 *        the order in which they went in.
 * Cost   add O(1); out O(1) plus at most 5 cascades; 20 bytes an entry in full chunks of 24.
 * Owns   Its chunks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_DELAY_H
#define GMQ_ENGINE_DELAY_H

#include "engine/wheel.h"

struct delay_chunk;

struct delay_entry {
    uint64_t ref, due_ms;
    uint32_t queue;
};

struct delay {
    struct wheel wheel;
    struct {
        struct delay_chunk *head, *tail;
    } slots[WHEEL_ALL_SLOTS];
    struct delay_chunk *spare; /* one empty chunk, kept against malloc on a boundary */
    uint64_t count;
    uint64_t chunks; /* that there are, the spare one too */
};

struct delay_cursor {
    const struct delay *delay;
    unsigned slot;
    const struct delay_chunk *chunk;
    uint32_t at;
};

void delay_init(struct delay *delay);
void delay_free(struct delay *delay);

/* The memory of its chunks. */
uint64_t delay_bytes(const struct delay *delay);

void delay_add(struct delay *delay, const struct delay_entry *entry);

/* Takes the next entry that is due at wheel.now_ms; false when none is. */
bool delay_take(struct delay *delay, struct delay_entry *ret);

/*
 * Goes to `to_ms` <= wheel_next(), and moves what begins there, as far as `moves` allows, which is counted down. False:
 * not all of it; nothing may be taken before a call with the same time has moved the rest.
 */
bool delay_advance(struct delay *delay, uint64_t to_ms, uint64_t *moves);

/* When a slot is moving: how many entries are in lower slots, which delay_begin() tells first; else 0. */
uint64_t delay_moved(const struct delay *delay);

/* All entries, those of one due time in order. */
struct delay_cursor delay_begin(const struct delay *delay);
bool delay_next(struct delay_cursor *cursor, struct delay_entry *ret);

/* The entries of one slot of the wheel, in order, but for the first `skip`; and the earliest that one may be due. */
struct delay_cursor delay_slot(const struct delay *delay, unsigned slot, uint64_t skip);
bool delay_slot_next(struct delay_cursor *cursor, struct delay_entry *ret);
uint64_t delay_slot_ms(const struct delay *delay, unsigned slot);

#endif
