/* dedup.c - see dedup.h. SPDX-License-Identifier: MIT */
#include "engine/dedup.h"

#include "base/mem.h"
#include "engine/id.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ENTRIES = 1024, DIRECTORY_MIN = 4, OVER_AT_ONCE = 8 };

_Static_assert(sizeof(struct dedup_entry) == 32, "an entry is 32 bytes");

/* The name of the entry at a place is the low half of it; the place whose name would be 0 is left free. */
static struct dedup_entry *entry_at(const struct dedup *dedup, uint64_t place)
{
    return dedup->pages[place / PAGE_ENTRIES & (dedup->page_slots - 1)] + place % PAGE_ENTRIES;
}

static struct chain_link look(const void *owner, uint32_t name)
{
    struct dedup_entry *entry = entry_at(owner, name);

    return (struct chain_link){.hash = entry->hash[0], .next = &entry->next};
}

void dedup_init(struct dedup *dedup)
{
    *dedup = (struct dedup){.first = 1, .end = 1, .window_ms = 1000 * DEDUP_WINDOW_S_DEFAULT,
                            .keys_max = DEDUP_KEYS_DEFAULT};
}

void dedup_free(struct dedup *dedup)
{
    uint64_t page = dedup->first / PAGE_ENTRIES, end = (dedup->end + PAGE_ENTRIES - 1) / PAGE_ENTRIES;

    for (; dedup->page_slots > 0 && page < end; page++)
        free(dedup->pages[page & (dedup->page_slots - 1)]);
    free(dedup->pages);
    chains_free(&dedup->chains);
    *dedup = (struct dedup){.first = 1, .end = 1, .window_ms = dedup->window_ms, .keys_max = dedup->keys_max};
}

static size_t page_count(const struct dedup *dedup)
{
    if (dedup->page_slots == 0)
        return 0;
    return (dedup->end + PAGE_ENTRIES - 1) / PAGE_ENTRIES - dedup->first / PAGE_ENTRIES;
}

static void grow_directory(struct dedup *dedup)
{
    size_t slots = dedup->page_slots ? 2 * dedup->page_slots : DIRECTORY_MIN;
    struct dedup_entry **pages = mem_new(slots * sizeof(pages[0]));

    for (size_t i = 0; i < page_count(dedup); i++) {
        uint64_t page = dedup->first / PAGE_ENTRIES + i;
        pages[page & (slots - 1)] = dedup->pages[page & (dedup->page_slots - 1)];
    }
    free(dedup->pages);
    dedup->pages = pages;
    dedup->page_slots = slots;
}

/* The next place, with memory behind it. */
static struct dedup_entry *add_place(struct dedup *dedup)
{
    bool fresh = dedup->page_slots == 0;

    if (fresh || dedup->end % PAGE_ENTRIES == 0) {
        if (page_count(dedup) == dedup->page_slots)
            grow_directory(dedup);
        dedup->pages[dedup->end / PAGE_ENTRIES & (dedup->page_slots - 1)] =
            mem_new(PAGE_ENTRIES * sizeof(struct dedup_entry));
    }
    return entry_at(dedup, dedup->end++);
}

/* No entry stands at the place whose name would be 0. */
static void skip_place(struct dedup *dedup)
{
    *add_place(dedup) = (struct dedup_entry){.id = 0};
    if (dedup->count == 0)
        dedup->first = dedup->end;
}

/* The place stays, free. */
static void forget(struct dedup *dedup, uint32_t name)
{
    struct dedup_entry *entry = entry_at(dedup, name);
    uint32_t *at = chains_head(&dedup->chains, entry->hash[0]);

    while (*at != name)
        at = &entry_at(dedup, *at)->next;
    *at = entry->next;
    entry->id = 0;
    dedup->count--;
}

/* Takes the entry at a place out of the table; places that are free before all others are given back. */
static void drop(struct dedup *dedup, uint32_t name)
{
    forget(dedup, name);
    while (dedup->first < dedup->end && entry_at(dedup, dedup->first)->id == 0)
        if (++dedup->first % PAGE_ENTRIES == 0)
            free(dedup->pages[(dedup->first / PAGE_ENTRIES - 1) & (dedup->page_slots - 1)]);
}

/* The first place is never a free one. */
static void drop_oldest(struct dedup *dedup) { drop(dedup, (uint32_t)dedup->first); }

static const struct dedup_entry *oldest(const struct dedup *dedup)
{
    uint64_t at = 0;

    return dedup_next(dedup, &at);
}

static void drop_above(struct dedup *dedup, uint64_t max)
{
    while (dedup->count > max)
        drop_oldest(dedup);
}

void dedup_limit(struct dedup *dedup, uint64_t window_ms, uint64_t keys_max)
{
    dedup->window_ms = min_u64(window_ms, DEDUP_WINDOW_MS_MAX);
    dedup->keys_max = min_u64(keys_max, DEDUP_KEYS_MAX);
    drop_above(dedup, dedup->window_ms > 0 ? dedup->keys_max : 0);
    if (dedup->count == 0)
        dedup_free(dedup);
}

bool dedup_is_over(const struct dedup *dedup, const struct dedup_entry *entry, uint64_t now_ms)
{
    return id_time_ms(entry->id) + dedup->window_ms < now_ms;
}

static uint32_t find(const struct dedup *dedup, const uint64_t hash[DEDUP_HASH_WORDS])
{
    const uint32_t *head = chains_head(&dedup->chains, hash[0]);
    uint32_t name = head ? *head : 0;

    while (name) {
        const struct dedup_entry *entry = entry_at(dedup, name);
        if (entry->hash[0] == hash[0] && entry->hash[1] == hash[1])
            break;
        name = entry->next;
    }
    return name;
}

uint64_t dedup_add(struct dedup *dedup, const struct dedup_entry *entry, uint64_t now_ms)
{
    if (dedup->window_ms == 0 || dedup->keys_max == 0 || entry->id == 0)
        return now_ms;
    uint32_t before = find(dedup, entry->hash);
    if (before) {
        /*
         * Nobody pushes with a key that is not free: so its time was over, whatever the records before told. No push is
         * later than its id; of a log with a hole the window may be another one.
         */
        uint64_t over_ms = id_time_ms(entry_at(dedup, before)->id) + dedup->window_ms + 1;
        now_ms = max_u64(now_ms, min_u64(over_ms, id_time_ms(entry->id)));
        drop(dedup, before);
    }
    for (unsigned n = 0; n < OVER_AT_ONCE && dedup->count > 0 && dedup_is_over(dedup, oldest(dedup), now_ms); n++)
        drop_oldest(dedup);
    drop_above(dedup, dedup->keys_max - 1);
    if ((uint32_t)dedup->end == 0)
        skip_place(dedup);
    uint32_t name = (uint32_t)dedup->end;
    struct dedup_entry *place = add_place(dedup);
    *place = *entry;
    chains_add(&dedup->chains, name, (struct chain_link){.hash = place->hash[0], .next = &place->next});
    chains_grow(&dedup->chains, ++dedup->count, dedup, look);
    return now_ms;
}

const struct dedup_entry *dedup_find(const struct dedup *dedup, const uint64_t hash[DEDUP_HASH_WORDS])
{
    uint32_t name = find(dedup, hash);

    return name ? entry_at(dedup, name) : NULL;
}

const struct dedup_entry *dedup_next(const struct dedup *dedup, uint64_t *at)
{
    for (*at = max_u64(*at, dedup->first); *at < dedup->end;) {
        const struct dedup_entry *entry = entry_at(dedup, (*at)++);
        if (entry->id != 0)
            return entry;
    }
    return NULL;
}

uint64_t dedup_bytes(const struct dedup *dedup)
{
    if (dedup->page_slots == 0)
        return 0;
    return page_count(dedup) * mem_taken(PAGE_ENTRIES * sizeof(struct dedup_entry)) +
           mem_taken(dedup->page_slots * sizeof(dedup->pages[0])) + chains_bytes(&dedup->chains);
}

const char *dedup_fault(const struct dedup *dedup)
{
    const struct dedup_entry *entry;
    uint64_t count = 0;

    for (uint64_t at = 0; (entry = dedup_next(dedup, &at)); count++)
        if (dedup_find(dedup, entry->hash) != entry)
            return "a dedup key that is not found";
    if (count != dedup->count)
        return "the count of dedup keys is wrong";
    return count <= (dedup->window_ms > 0 ? dedup->keys_max : 0) ? NULL : "more dedup keys than there may be";
}
