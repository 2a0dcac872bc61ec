/* ghosts.c - sets of addresses that may be far apart; see ghosts.h. SPDX-License-Identifier: MIT */
#include "engine/ghosts.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_WORDS = 2 };

/* Where the region is, or would be. */
static size_t place_of(const struct ghost_set *set, uint64_t number)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (set->regions[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct ghost_region *find(const struct ghost_set *set, uint64_t lsn)
{
    size_t at = place_of(set, lsn / GHOST_REGION_BYTES);

    return at < set->count && set->regions[at].number == lsn / GHOST_REGION_BYTES ? &set->regions[at] : NULL;
}

/* An empty one, which must not stay so. */
static struct ghost_region *make(struct ghost_set *set, uint64_t number)
{
    size_t at = place_of(set, number);

    if (set->count == set->size) {
        set->bytes -= set->size * sizeof(set->regions[0]);
        set->size = set->size ? 2 * set->size : 4;
        set->regions = mem_grow(set->regions, set->size, sizeof(set->regions[0]));
        set->bytes += set->size * sizeof(set->regions[0]);
    }
    memmove(&set->regions[at + 1], &set->regions[at], (set->count - at) * sizeof(set->regions[0]));
    set->regions[at] = (struct ghost_region){.number = number};
    set->count++;
    set->words += REGION_WORDS;
    return &set->regions[at];
}

static void drop_region(struct ghost_set *set, struct ghost_region *region)
{
    size_t at = (size_t)(region - set->regions);

    set->count--;
    set->words -= REGION_WORDS;
    memmove(region, region + 1, (set->count - at) * sizeof(*region));
    if (set->count == 0)
        ghost_set_free(set);
}

/* Counts what the set of a region takes, or takes no more. */
static void count(struct ghost_set *set, const struct lsnset *lsns, int sign)
{
    set->words += (uint64_t)(sign * (int64_t)(lsnset_image_bytes(lsns) / 8));
    set->bytes += (uint64_t)(sign * (int64_t)lsnset_memory(lsns));
}

bool ghost_set_has(const struct ghost_set *set, uint64_t lsn)
{
    const struct ghost_region *region = find(set, lsn);

    return region && lsnset_has(region->lsns, lsn);
}

bool ghost_set_add(struct ghost_set *set, uint64_t lsn)
{
    struct ghost_region *region = find(set, lsn);

    if (!region)
        region = make(set, lsn / GHOST_REGION_BYTES);
    count(set, region->lsns, -1);
    bool added = lsnset_add(&region->lsns, lsn);
    count(set, region->lsns, 1);
    set->members += added;
    return added;
}

bool ghost_set_remove(struct ghost_set *set, uint64_t lsn)
{
    struct ghost_region *region = find(set, lsn);

    if (!region)
        return false;
    count(set, region->lsns, -1);
    bool removed = lsnset_remove(&region->lsns, lsn);
    count(set, region->lsns, 1);
    set->members -= removed;
    if (!region->lsns)
        drop_region(set, region);
    return removed;
}

void ghost_set_free(struct ghost_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        lsnset_free(set->regions[i].lsns);
    free(set->regions);
    *set = (struct ghost_set){.members = 0};
}

/* ---- images: u64 regions; per region u64 number, u64 bytes, and its set (lsnset.h) ------------------------------- */

uint64_t ghost_set_words(const struct ghost_set *set) { return 1 + set->words; }

char *ghost_set_save(char *at, const struct ghost_set *set)
{
    put_le64(at, set->count);
    at += 8;
    for (size_t i = 0; i < set->count; i++) {
        const struct ghost_region *region = &set->regions[i];
        size_t bytes = lsnset_image_bytes(region->lsns);
        put_le64(at, region->number);
        put_le64(at + 8, bytes);
        lsnset_save(region->lsns, at + 16);
        at += 16 + bytes;
    }
    return at;
}

bool ghost_set_load(struct ghost_set *set, struct state_reader *in)
{
    uint64_t regions, w[REGION_WORDS], last = 0;

    if (!state_take(in, &regions, 1))
        return false;
    for (uint64_t i = 0; i < regions; last = w[0], i++) {
        struct lsnset *lsns;
        if (!state_take(in, w, REGION_WORDS) || (i > 0 && w[0] <= last) || w[0] >= UINT64_MAX / GHOST_REGION_BYTES)
            return false;
        uint64_t begin = w[0] * GHOST_REGION_BYTES;
        if (w[1] == 0 || w[1] % 8 != 0 || w[1] / 8 > in->words ||
            !lsnset_load(in->at, w[1], begin, begin + GHOST_REGION_BYTES, &lsns))
            return false;
        make(set, w[0])->lsns = lsns;
        set->members += lsnset_count(lsns);
        count(set, lsns, 1);
        if (lsnset_image_bytes(lsns) != w[1])
            return false;
        in->at += w[1];
        in->words -= w[1] / 8;
    }
    return true;
}

uint64_t ghost_set_digest(const struct ghost_set *set)
{
    uint64_t h = set->members;

    for (size_t i = 0; i < set->count; i++)
        for (uint64_t lsn = 0; lsnset_next(set->regions[i].lsns, lsn, &lsn); lsn += LSNSET_SLOT_BYTES)
            h = (h ^ lsn) * 0x9e3779b97f4a7c15u;
    return h;
}
