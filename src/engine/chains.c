/* chains.c - see chains.h. SPDX-License-Identifier: MIT */
#include "engine/chains.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PAGE_BUCKETS = 1024, COUNT_MAX = 1 << 30 };

static uint32_t *bucket_at(const struct chains *chains, uint32_t bucket)
{
    return chains->pages[bucket / PAGE_BUCKETS] + bucket % PAGE_BUCKETS;
}

uint32_t *chains_head(const struct chains *chains, uint64_t hash)
{
    if (chains->count == 0)
        return NULL;
    uint32_t bucket = (uint32_t)hash & (2 * chains->base - 1);
    return bucket_at(chains, bucket < chains->count ? bucket : bucket - chains->base);
}

static size_t page_count(const struct chains *chains)
{
    return (chains->count + PAGE_BUCKETS - 1) / PAGE_BUCKETS;
}

static void add_page(struct chains *chains)
{
    size_t pages = page_count(chains);

    if (pages == chains->page_slots) {
        chains->page_slots = pages ? 2 * pages : 1;
        chains->pages = mem_grow(chains->pages, chains->page_slots, sizeof(chains->pages[0]));
    }
    chains->pages[pages] = mem_new(PAGE_BUCKETS * sizeof(uint32_t));
}

void chains_add(struct chains *chains, uint32_t name, struct chain_link link)
{
    if (chains->count == 0) {
        add_page(chains);
        chains->count = chains->base = PAGE_BUCKETS;
    }
    uint32_t *head = chains_head(chains, link.hash);
    *link.next = *head;
    *head = name;
}

void chains_grow(struct chains *chains, uint64_t entries, const void *owner,
                 struct chain_link (*look)(const void *owner, uint32_t name))
{
    if (entries <= chains->count || chains->count == COUNT_MAX)
        return;
    if (chains->count % PAGE_BUCKETS == 0)
        add_page(chains);
    uint32_t upper = chains->count++;
    uint32_t lower = upper - chains->base;
    if (chains->count == 2 * chains->base)
        chains->base *= 2;
    uint32_t name = *bucket_at(chains, lower);
    *bucket_at(chains, lower) = *bucket_at(chains, upper) = 0;
    while (name) {
        struct chain_link link = look(owner, name);
        uint32_t after = *link.next;
        uint32_t *head = chains_head(chains, link.hash);
        *link.next = *head;
        *head = name;
        name = after;
    }
}

uint64_t chains_bytes(const struct chains *chains)
{
    if (chains->count == 0)
        return 0;
    return page_count(chains) * mem_taken(PAGE_BUCKETS * sizeof(uint32_t)) +
           mem_taken(chains->page_slots * sizeof(chains->pages[0]));
}

void chains_free(struct chains *chains)
{
    for (size_t i = page_count(chains); i > 0; i--)
        free(chains->pages[i - 1]);
    free(chains->pages);
    *chains = (struct chains){.count = 0};
}
