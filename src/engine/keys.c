/* keys.c - see keys.h. SPDX-License-Identifier: MIT */
#include "engine/keys.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdlib.h>

enum { PAGE_ENTRIES = 1024, PLACES_MAX = 1 << 30 };

_Static_assert(sizeof(struct key_entry) == 32, "an entry is 32 bytes");

uint64_t keys_hash(uint32_t queue, struct slice key)
{
    uint64_t h = chains_mix(queue + 1 + ((uint64_t)key.len << 32)), word;

    for (; key.len >= 8; key = slice_of(key.ptr + 8, key.len - 8))
        h = chains_mix(h ^ get_le64(key.ptr)) + 0x9e3779b97f4a7c15u;
    word = 0;
    for (size_t i = 0; i < key.len; i++)
        word |= (uint64_t)(unsigned char)key.ptr[i] << 8 * i;
    return chains_mix(h ^ word);
}

static struct key_entry *entry_at(const struct keys *keys, uint32_t name)
{
    return keys->pages[(name - 1) / PAGE_ENTRIES] + (name - 1) % PAGE_ENTRIES;
}

static struct chain_link look_hash(const void *owner, uint32_t name)
{
    struct key_entry *entry = entry_at(owner, name);

    return (struct chain_link){.hash = entry->hash, .next = &entry->next};
}

static struct chain_link look_lsn(const void *owner, uint32_t name)
{
    struct key_entry *entry = entry_at(owner, name);

    return (struct chain_link){.hash = chains_mix(entry->lsn), .next = &entry->lsn_next};
}

static void add_page(struct keys *keys)
{
    size_t pages = keys->places / PAGE_ENTRIES;

    ENSURE(keys->places < PLACES_MAX);
    if (pages == keys->page_slots) {
        keys->page_slots = pages ? 2 * pages : 1;
        keys->pages = mem_grow(keys->pages, keys->page_slots, sizeof(keys->pages[0]));
    }
    keys->pages[pages] = mem_new(PAGE_ENTRIES * sizeof(struct key_entry));
    keys->places += PAGE_ENTRIES;
    for (uint32_t name = keys->places; name > keys->places - PAGE_ENTRIES; name--) {
        entry_at(keys, name)->next = keys->free_list;
        keys->free_list = name;
    }
}

static uint32_t find_lsn(const struct keys *keys, uint64_t lsn)
{
    const uint32_t *head = chains_head(&keys->by_lsn, chains_mix(lsn));
    uint32_t name = head ? *head : 0;

    while (name && entry_at(keys, name)->lsn != lsn)
        name = entry_at(keys, name)->lsn_next;
    return name;
}

/* Where the name of the newest with this hash stands, or the 0 at the end of the chain; NULL without a table. */
static uint32_t *find_newest(const struct keys *keys, uint64_t hash)
{
    uint32_t *at = chains_head(&keys->by_hash, hash);

    while (at && *at && entry_at(keys, *at)->hash != hash)
        at = &entry_at(keys, *at)->next;
    return at;
}

bool keys_add(struct keys *keys, uint64_t hash, uint64_t lsn)
{
    if (lsn == 0 || find_lsn(keys, lsn))
        return false;
    if (!keys->free_list)
        add_page(keys);
    uint32_t name = keys->free_list;
    struct key_entry *entry = entry_at(keys, name);
    keys->free_list = entry->next;
    *entry = (struct key_entry){.hash = hash, .lsn = lsn};
    uint32_t *newest = find_newest(keys, hash);
    if (newest && *newest) {
        struct key_entry *older = entry_at(keys, *newest);
        entry->older = *newest;
        entry->next = older->next;
        older->next = 0;
        older->newer = name;
        *newest = name;
    } else {
        chains_add(&keys->by_hash, name, look_hash(keys, name));
        chains_grow(&keys->by_hash, ++keys->hashes, keys, look_hash);
    }
    chains_add(&keys->by_lsn, name, look_lsn(keys, name));
    chains_grow(&keys->by_lsn, ++keys->count, keys, look_lsn);
    return true;
}

static void unlink_hash(struct keys *keys, const struct key_entry *entry)
{
    if (entry->older)
        entry_at(keys, entry->older)->newer = entry->newer;
    if (entry->newer) {
        entry_at(keys, entry->newer)->older = entry->older;
        return;
    }
    uint32_t *newest = find_newest(keys, entry->hash);
    *newest = entry->older ? entry->older : entry->next;
    if (entry->older)
        entry_at(keys, entry->older)->next = entry->next;
    else
        keys->hashes--;
}

bool keys_remove(struct keys *keys, uint64_t lsn)
{
    uint32_t name = find_lsn(keys, lsn);

    if (!name)
        return false;
    struct key_entry *entry = entry_at(keys, name);
    unlink_hash(keys, entry);
    uint32_t *at = chains_head(&keys->by_lsn, chains_mix(lsn));
    while (*at != name)
        at = &entry_at(keys, *at)->lsn_next;
    *at = entry->lsn_next;
    *entry = (struct key_entry){.next = keys->free_list};
    keys->free_list = name;
    if (--keys->count == 0)
        keys_free(keys);
    return true;
}

uint64_t keys_find(const struct keys *keys, uint64_t hash, uint32_t i)
{
    const uint32_t *newest = find_newest(keys, hash);
    uint32_t name = newest ? *newest : 0;

    for (; name && i > 0; i--)
        name = entry_at(keys, name)->older;
    return name ? entry_at(keys, name)->lsn : 0;
}

/* From the newest of a hash to the oldest, and back. */
static void each_of(const struct keys *keys, const struct key_entry *newest,
                    void (*each)(void *ctx, uint64_t hash, uint64_t lsn), void *ctx)
{
    const struct key_entry *entry = newest;

    while (entry->older)
        entry = entry_at(keys, entry->older);
    for (;;) {
        each(ctx, entry->hash, entry->lsn);
        if (!entry->newer)
            return;
        entry = entry_at(keys, entry->newer);
    }
}

void keys_each(const struct keys *keys, void (*each)(void *ctx, uint64_t hash, uint64_t lsn), void *ctx)
{
    for (uint32_t name = 1; name <= keys->places; name++) {
        const struct key_entry *entry = entry_at(keys, name);
        if (entry->lsn != 0 && !entry->newer)
            each_of(keys, entry, each, ctx);
    }
}

void keys_free(struct keys *keys)
{
    for (size_t i = 0; i < keys->places / PAGE_ENTRIES; i++)
        free(keys->pages[i]);
    free(keys->pages);
    chains_free(&keys->by_hash);
    chains_free(&keys->by_lsn);
    *keys = (struct keys){.count = 0};
}

uint64_t keys_bytes(const struct keys *keys)
{
    if (keys->places == 0)
        return 0;
    return keys->places / PAGE_ENTRIES * mem_taken(PAGE_ENTRIES * sizeof(struct key_entry)) +
           mem_taken(keys->page_slots * sizeof(keys->pages[0])) + chains_bytes(&keys->by_hash) +
           chains_bytes(&keys->by_lsn);
}

static const char *fault_of(const struct keys *keys, uint32_t name, bool *ret_newest)
{
    const struct key_entry *entry = entry_at(keys, name);
    const uint32_t *newest = find_newest(keys, entry->hash);

    *ret_newest = newest && *newest == name;
    if (find_lsn(keys, entry->lsn) != name)
        return "a message with a key that is not found";
    if (entry->newer ? entry_at(keys, entry->newer)->older != name : !*ret_newest)
        return "a key whose newest message is another";
    const struct key_entry *older = entry->older ? entry_at(keys, entry->older) : NULL;
    if (older && (older->newer != name || older->hash != entry->hash))
        return "messages with one key in two rows";
    return older && older->lsn >= entry->lsn ? "messages with one key out of order" : NULL;
}

const char *keys_fault(const struct keys *keys)
{
    uint64_t count = 0, hashes = 0;
    const char *fault = NULL;

    for (uint32_t name = 1; name <= keys->places && !fault; name++) {
        bool newest = false;
        if (entry_at(keys, name)->lsn == 0)
            continue;
        fault = fault_of(keys, name, &newest);
        hashes += newest;
        count++;
    }
    if (fault)
        return fault;
    return count == keys->count && hashes == keys->hashes ? NULL : "the count of messages with a key is wrong";
}
