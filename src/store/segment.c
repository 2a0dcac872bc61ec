/* segment.c - see segment.h. SPDX-License-Identifier: MIT */
#include "store/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/record.h"

void segment_clear(struct segment *seg)
{
    lsnset_free(seg->dead);
    seg->dead = NULL;
    for (size_t i = 0; i < FROZEN_COUNT; i++) {
        lsnset_free(seg->frozen[i]);
        seg->frozen[i] = NULL;
    }
}

void segments_free(struct segments *all)
{
    for (size_t i = 0; i < all->count; i++)
        segment_clear(&all->at[i]);
    free(all->at);
    *all = (struct segments){0};
}

bool segments_reserve(struct segments *all, size_t count)
{
    if (count <= all->room)
        return true;
    size_t room = count + count / 2 + 16;
    struct segment *at = realloc(all->at, room * sizeof(*at));
    if (!at)
        return false;
    all->at = at;
    all->room = room;
    return true;
}

struct segment *segments_add(struct segments *all, const struct segment *seg)
{
    ENSURE(all->count < all->room);
    ENSURE(all->count == 0 || segments_last(all)->base < seg->base);
    all->at[all->count++] = *seg;
    all->total_bytes += seg->capacity;
    return segments_last(all);
}

static bool is_pinned(const struct segment *seg) { return seg->end != 0 && seg->live == 0 && seg->pins > 0; }
static bool is_dead(const struct segment *seg) { return seg->end != 0 && seg->live == 0 && seg->pins == 0; }

void segments_remove(struct segments *all, size_t index)
{
    ENSURE(index < all->count);
    all->total_bytes -= all->at[index].capacity;
    all->pinned -= is_pinned(&all->at[index]);
    all->dead -= is_dead(&all->at[index]);
    segment_clear(&all->at[index]);
    all->count--;
    memmove(&all->at[index], &all->at[index + 1], (all->count - index) * sizeof(all->at[0]));
    all->found = 0;
}

void segments_replace(struct segments *all, size_t index, size_t count, const struct segment *seg)
{
    ENSURE(count > 0 && index + count <= all->count);
    for (size_t i = 1; i < count; i++)
        segments_remove(all, index + 1);
    struct segment *at = &all->at[index];
    all->total_bytes -= at->capacity;
    all->pinned -= is_pinned(at);
    all->dead -= is_dead(at);
    segment_clear(at);
    *at = *seg;
    all->total_bytes += at->capacity;
    all->pinned += is_pinned(at);
    all->dead += is_dead(at);
    all->found = 0;
}

static bool holds(const struct segment *seg, uint64_t lsn)
{
    return lsn >= seg->base && lsn < (seg->end != 0 ? seg->end : seg->base + seg->capacity);
}

struct segment *segments_find(struct segments *all, uint64_t lsn)
{
    if (all->found < all->count && holds(&all->at[all->found], lsn))
        return &all->at[all->found];
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (all->at[mid].base <= lsn)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0 || !holds(&all->at[low - 1], lsn))
        return NULL;
    all->found = low - 1;
    return &all->at[low - 1];
}

void segment_count(struct segment *seg, uint8_t type, size_t stride)
{
    if (!record_is_tracked(type))
        return;
    seg->tracked++;
    seg->tracked_bytes += stride;
    if (type == RECORD_QUEUE || type == RECORD_CLIENT)
        seg->pins++;
    else
        seg->live++;
}

bool segment_is_exact(const struct segment *seg, uint64_t dead) { return dead == seg->weighed_dead; }

uint64_t segment_needed_bytes(const struct segment *seg, uint64_t dead)
{
    uint64_t records = seg->tracked, bytes = seg->tracked_bytes;

    if (seg->live >= SEGMENT_DAMAGED / 2)
        return seg->capacity;
    if (seg->weighed_dead > 0 && dead >= seg->weighed_dead) {
        records = seg->tracked - seg->weighed_dead;
        bytes = seg->weighed_bytes;
    }
    uint64_t needed = seg->tracked > dead ? seg->tracked - dead : 0;
    return needed == records ? bytes : bytes / records * needed;
}

uint64_t segment_live_bytes(const struct segment *seg)
{
    uint64_t live = seg->live + seg->pins;

    return segment_needed_bytes(seg, seg->tracked > live ? seg->tracked - live : 0);
}

/* Called when live, pins or end changed; `before` is what it was. */
static void settle(struct segments *all, struct segment *seg, struct segment before, uint64_t tail)
{
    all->pinned += (size_t)is_pinned(seg) - (size_t)is_pinned(&before);
    all->dead += (size_t)is_dead(seg) - (size_t)is_dead(&before);
    if (is_dead(seg) && seg->dead_at == 0)
        seg->dead_at = max_u64(tail, seg->end);
}

void segments_close(struct segments *all, struct segment *seg, uint64_t end)
{
    struct segment before = *seg;

    ENSURE(seg->end == 0 && end >= seg->base);
    seg->end = end;
    settle(all, seg, before, end);
}

/* Marks the record at `lsn`; false when it was dead already. What is not told apart any more is not marked. */
static bool mark(struct segment *seg, uint64_t lsn)
{
    return seg->blind || seg->live >= SEGMENT_DAMAGED / 2 || lsnset_add(&seg->dead, lsn);
}

bool segments_drop_live(struct segments *all, uint64_t lsn, uint64_t tail)
{
    struct segment *seg = segments_find(all, lsn);

    if (!seg || seg->live == 0 || !mark(seg, lsn))
        return !seg;
    if (--seg->live == 0) {
        struct segment before = *seg;
        before.live = 1;
        settle(all, seg, before, tail);
    }
    return true;
}

bool segments_drop_pin(struct segments *all, uint64_t lsn, uint64_t tail)
{
    struct segment *seg = segments_find(all, lsn);

    if (!seg || seg->pins == 0 || !mark(seg, lsn))
        return !seg;
    if (--seg->pins == 0) {
        struct segment before = *seg;
        before.pins = 1;
        settle(all, seg, before, tail);
    }
    return true;
}

void segments_freeze(struct segments *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct segment *seg = &all->at[i];
        ENSURE(!seg->frozen[FROZEN_PENDING]);
        seg->frozen[FROZEN_PENDING] = lsnset_copy(seg->dead);
    }
}

void segments_frozen(struct segments *all, bool counts)
{
    for (size_t i = 0; i < all->count; i++) {
        struct lsnset **frozen = all->at[i].frozen;
        if (counts) {
            lsnset_free(frozen[FROZEN_OLDER]);
            frozen[FROZEN_OLDER] = frozen[FROZEN_NEWEST];
            frozen[FROZEN_NEWEST] = frozen[FROZEN_PENDING];
        } else {
            lsnset_free(frozen[FROZEN_PENDING]);
        }
        frozen[FROZEN_PENDING] = NULL;
    }
}

void segments_recount(struct segments *all)
{
    all->pinned = all->dead = 0;
    all->total_bytes = 0;
    for (size_t i = 0; i < all->count; i++) {
        all->pinned += is_pinned(&all->at[i]);
        all->dead += is_dead(&all->at[i]);
        all->total_bytes += all->at[i].capacity;
    }
}
