/*
 * dedup.c - the oracle's dedup keys: a list, the oldest push first
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/id.h"
#include "sim/oracle.h"

static void drop(struct oracle_world *now, size_t at)
{
    now->dedup_count--;
    memmove(now->dedup + at, now->dedup + at + 1, (now->dedup_count - at) * sizeof(now->dedup[0]));
}

void oracle_dedup_limit(struct oracle_world *now, uint64_t keys, uint64_t window_ms)
{
    ENSURE(keys <= ORACLE_DEDUP_MAX);
    now->dedup_keys = keys;
    now->dedup_window_ms = window_ms;
    while (now->dedup_count > keys)
        drop(now, 0);
}

void oracle_dedup_add(struct oracle_world *now, const struct oracle_dedup *dedup)
{
    for (size_t i = 0; i < now->dedup_count; i++)
        if (now->dedup[i].queue == dedup->queue && now->dedup[i].key == dedup->key)
            drop(now, i);
    if (now->dedup_count == now->dedup_keys)
        drop(now, 0);
    now->dedup[now->dedup_count++] = *dedup;
}

const struct oracle_dedup *oracle_dedup_find(const struct oracle_world *now, uint32_t queue, uint32_t key,
                                             uint64_t now_ms)
{
    for (size_t i = 0; i < now->dedup_count; i++) {
        const struct oracle_dedup *dedup = &now->dedup[i];
        if (dedup->queue == queue && dedup->key == key)
            return id_time_ms(dedup->id) + now->dedup_window_ms < now_ms ? NULL : dedup;
    }
    return NULL;
}
