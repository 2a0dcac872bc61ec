/* delay.c - see delay.h. SPDX-License-Identifier: MIT */
#include "engine/delay.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_ENTRIES = 24 };

struct delay_chunk {
    struct delay_chunk *next;
    uint32_t head, tail; /* live entries: [head, tail) */
    uint64_t refs[CHUNK_ENTRIES];
    uint64_t dues_ms[CHUNK_ENTRIES];
    uint32_t queues[CHUNK_ENTRIES];
};

void delay_init(struct delay *delay) { memset(delay, 0, sizeof(*delay)); }

static struct delay_chunk *chunk_new(struct delay *delay)
{
    struct delay_chunk *chunk = delay->spare;

    if (!chunk) {
        delay->chunks++;
        return mem_new(sizeof(*chunk));
    }
    delay->spare = NULL;
    chunk->next = NULL;
    chunk->head = chunk->tail = 0;
    return chunk;
}

static void chunk_free(struct delay *delay, struct delay_chunk *chunk)
{
    if (delay->spare) {
        delay->chunks--;
        free(chunk);
    } else {
        delay->spare = chunk;
    }
}

static struct delay_entry chunk_entry(const struct delay_chunk *chunk, uint32_t at)
{
    return (struct delay_entry){
        .ref = chunk->refs[at], .due_ms = chunk->dues_ms[at], .queue = chunk->queues[at]};
}

static void insert(struct delay *delay, unsigned slot, const struct delay_entry *entry)
{
    struct delay_chunk *chunk = delay->slots[slot].tail;

    if (!chunk || chunk->tail == CHUNK_ENTRIES) {
        struct delay_chunk *more = chunk_new(delay);
        if (chunk)
            chunk->next = more;
        else
            delay->slots[slot].head = more;
        delay->slots[slot].tail = chunk = more;
    }
    chunk->refs[chunk->tail] = entry->ref;
    chunk->dues_ms[chunk->tail] = entry->due_ms;
    chunk->queues[chunk->tail] = entry->queue;
    chunk->tail++;
}

uint64_t delay_bytes(const struct delay *delay) { return delay->chunks * mem_taken(sizeof(struct delay_chunk)); }

void delay_add(struct delay *delay, const struct delay_entry *entry)
{
    insert(delay, wheel_slot(&delay->wheel, entry->due_ms), entry);
    delay->count++;
}

/* Takes the first entry of a slot that has one. */
static struct delay_entry take(struct delay *delay, unsigned slot)
{
    struct delay_chunk *chunk = delay->slots[slot].head;
    struct delay_entry entry = chunk_entry(chunk, chunk->head++);

    if (chunk->head < chunk->tail)
        return entry;
    delay->slots[slot].head = chunk->next;
    if (!chunk->next) {
        delay->slots[slot].tail = NULL;
        wheel_clear(&delay->wheel, slot);
    }
    chunk_free(delay, chunk);
    return entry;
}

bool delay_take(struct delay *delay, struct delay_entry *ret)
{
    unsigned slot = wheel_due_slot(&delay->wheel);

    if (!delay->slots[slot].head)
        return false;
    *ret = take(delay, slot);
    delay->count--;
    return true;
}

bool delay_advance(struct delay *delay, uint64_t to_ms, uint64_t *moves)
{
    wheel_advance(&delay->wheel, to_ms);
    for (; delay->wheel.moving != 0 && *moves > 0; --*moves) {
        struct delay_entry entry = take(delay, delay->wheel.moving);
        insert(delay, wheel_move(&delay->wheel, entry.due_ms), &entry);
    }
    return delay->wheel.moving == 0;
}

uint64_t delay_moved(const struct delay *delay)
{
    uint64_t moved = 0;

    for (unsigned slot = 0; slot < delay->wheel.moving; slot++)
        for (const struct delay_chunk *chunk = delay->slots[slot].head; chunk; chunk = chunk->next)
            moved += chunk->tail - chunk->head;
    return moved;
}

struct delay_cursor delay_begin(const struct delay *delay)
{
    const struct delay_chunk *chunk = delay->slots[0].head;

    return (struct delay_cursor){.delay = delay, .chunk = chunk, .at = chunk ? chunk->head : 0};
}

bool delay_next(struct delay_cursor *cursor, struct delay_entry *ret)
{
    while (!cursor->chunk || cursor->at == cursor->chunk->tail) {
        cursor->chunk = cursor->chunk ? cursor->chunk->next : NULL;
        if (!cursor->chunk) {
            if (++cursor->slot == WHEEL_ALL_SLOTS) {
                cursor->slot = WHEEL_ALL_SLOTS - 1;
                return false;
            }
            cursor->chunk = cursor->delay->slots[cursor->slot].head;
        }
        cursor->at = cursor->chunk ? cursor->chunk->head : 0;
    }
    *ret = chunk_entry(cursor->chunk, cursor->at++);
    return true;
}

struct delay_cursor delay_slot(const struct delay *delay, unsigned slot, uint64_t skip)
{
    struct delay_cursor cursor = {.delay = delay, .slot = slot, .chunk = delay->slots[slot].head};

    while (cursor.chunk && skip >= cursor.chunk->tail - cursor.chunk->head) {
        skip -= cursor.chunk->tail - cursor.chunk->head;
        cursor.chunk = cursor.chunk->next;
    }
    cursor.at = cursor.chunk ? cursor.chunk->head + (uint32_t)skip : 0;
    return cursor;
}

bool delay_slot_next(struct delay_cursor *cursor, struct delay_entry *ret)
{
    if (cursor->chunk && cursor->at == cursor->chunk->tail) {
        cursor->chunk = cursor->chunk->next;
        cursor->at = cursor->chunk ? cursor->chunk->head : 0;
    }
    if (!cursor->chunk)
        return false;
    *ret = chunk_entry(cursor->chunk, cursor->at++);
    return true;
}

/* What was overdue when it came stands where time is: in the slot that is due, or in the one that is moving. */
uint64_t delay_slot_ms(const struct delay *delay, unsigned slot)
{
    const struct wheel *wheel = &delay->wheel;
    unsigned shift = 8 * (slot / WHEEL_SLOTS);

    if (slot == wheel_due_slot(wheel) || (wheel->moving != 0 && slot == wheel->moving))
        return 0;
    return wheel->now_ms >> (shift + 8) << (shift + 8) | (uint64_t)(slot % WHEEL_SLOTS) << shift;
}

void delay_free(struct delay *delay)
{
    for (unsigned slot = 0; slot < WHEEL_ALL_SLOTS; slot++) {
        for (struct delay_chunk *chunk = delay->slots[slot].head; chunk;) {
            struct delay_chunk *next = chunk->next;
            free(chunk);
            chunk = next;
        }
    }
    free(delay->spare);
    delay_init(delay);
}
