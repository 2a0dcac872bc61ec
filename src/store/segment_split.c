/* segment_split.c - one segment becomes two, after a failed write; see segment.h. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/record.h"
#include "store/ring.h"
#include "store/segment.h"

/* Counts what is tracked from `lsn` on as the upper one's, dead or alive. */
static void share_out(struct segment *lower, struct segment *upper, const struct ring *ring, uint64_t lsn, uint64_t end)
{
    struct lsnset *low = NULL;
    struct segment counted = {0};

    while (lsn < end) {
        struct record rec = record_decode(ring_at(ring, lsn));
        size_t stride = record_stride(rec.type, rec.payload.len);
        if (record_is_tracked(rec.type)) {
            struct segment one = {0};
            segment_count(&one, rec.type, stride);
            segment_count(&counted, rec.type, stride);
            bool dead = segment_is_dead(lower, lsn);
            if (dead)
                (void)lsnset_add(&upper->dead, lsn);
            upper->live += dead ? 0 : one.live;
            upper->pins += dead ? 0 : one.pins;
        }
        lsn += stride;
    }
    lsnset_join(&low, lower->dead, upper->dead);
    lsnset_free(lower->dead);
    lower->dead = low;
    upper->tracked = counted.tracked;
    upper->tracked_bytes = counted.tracked_bytes;
    lower->tracked -= upper->tracked;
    lower->tracked_bytes -= upper->tracked_bytes;
    lower->live -= upper->live;
    lower->pins -= upper->pins;
}

/* A closed segment in which nothing is needed is dead from now on. */
static void bury(struct segment *seg, uint64_t tail)
{
    bool dead = seg->end != 0 && seg->live == 0 && seg->pins == 0;

    if (dead && seg->dead_at == 0)
        seg->dead_at = max_u64(tail, seg->end);
}

void segments_split(struct segments *all, const struct ring *ring, uint64_t lsn, uint64_t tail, uint32_t epoch)
{
    ENSURE(segments_reserve(all, all->count + 1));
    size_t index = all->count - 1;
    while (index > 0 && all->at[index].base > lsn)
        index--;
    struct segment *lower = &all->at[index];
    ENSURE(lower->base <= lsn && lower->generation == 0 && !lower->busy && !lower->leaving && !lower->blind);
    if (lower->base == lsn) {
        lower->epoch = epoch;
        return;
    }
    struct segment upper = {
        .base = lsn,
        .prev_end = lsn,
        .end = lower->end,
        .capacity = lower->capacity - (lsn - lower->base),
        .dead_at = lower->dead_at,
        .epoch = epoch,
        .header_ok = true,
    };
    share_out(lower, &upper, ring, lsn, lower->end != 0 ? lower->end : tail);
    lower->end = lsn;
    bury(lower, tail);
    bury(&upper, tail);
    memmove(lower + 2, lower + 1, (all->count - index - 1) * sizeof(*lower));
    lower[1] = upper;
    all->count++;
    all->found = 0;
    segments_recount(all);
}
