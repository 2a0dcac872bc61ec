/* wheel.c - see wheel.h. SPDX-License-Identifier: MIT */
#include "engine/wheel.h"

static unsigned digit(uint64_t ms, unsigned level) { return (unsigned)(ms >> (8 * level)) & 0xff; }

void wheel_clear(struct wheel *wheel, unsigned slot)
{
    wheel->used[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] &= ~(1ull << slot % 64);
    if (slot == wheel->moving)
        wheel->moving = 0;
}

bool wheel_is_used(const struct wheel *wheel, unsigned slot)
{
    return wheel->used[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] >> slot % 64 & 1;
}

/* The first used slot of a level at or after `from`, or -1. */
static int first_used(const uint64_t *used, unsigned from)
{
    for (unsigned word = from / 64; word < 4; word++) {
        uint64_t bits = used[word];
        if (word == from / 64)
            bits &= ~0ull << from % 64;
        if (bits)
            return (int)(word * 64 + (unsigned)__builtin_ctzll(bits));
    }
    return -1;
}

uint64_t wheel_next(const struct wheel *wheel)
{
    if (UNLIKELY(wheel->moving != 0))
        return wheel->now_ms;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        const uint64_t *used = wheel->used[level];
        if ((used[0] | used[1] | used[2] | used[3]) == 0)
            continue;
        int slot = first_used(used, digit(wheel->now_ms, level));
        if (slot < 0)
            continue;
        uint64_t above = wheel->now_ms >> (8 * level + 8) << (8 * level + 8);
        return max_u64(above | (uint64_t)slot << (8 * level), wheel->now_ms);
    }
    return UINT64_MAX;
}

void wheel_advance(struct wheel *wheel, uint64_t to_ms)
{
    ENSURE(to_ms >= wheel->now_ms && (wheel->moving == 0 || to_ms == wheel->now_ms));
    wheel->now_ms = to_ms;
    for (unsigned level = WHEEL_LEVELS - 1; level > 0 && wheel->moving == 0; level--) {
        unsigned slot = level * WHEEL_SLOTS + digit(to_ms, level);
        if (wheel_is_used(wheel, slot))
            wheel->moving = slot;
    }
}

void wheel_set_moving(struct wheel *wheel, unsigned level)
{
    unsigned slot = digit(wheel->now_ms, level);

    ENSURE(level > 0 && level < WHEEL_LEVELS);
    wheel->used[level][slot / 64] |= 1ull << slot % 64;
    wheel->moving = level * WHEEL_SLOTS + slot;
}
