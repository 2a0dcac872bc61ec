/* facts.c - see facts.h. SPDX-License-Identifier: MIT */
#include "engine/facts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ENTRIES = 256, TEXT_MAX = 255 };

_Static_assert(sizeof(struct fact) == 56, "an entry is 56 bytes");

static struct fact *at_name(const struct facts *facts, uint32_t name)
{
    return facts->pages[(name - 1) / PAGE_ENTRIES] + (name - 1) % PAGE_ENTRIES;
}

static uint64_t hash_of(uint64_t lsn) { return (lsn >> 3) * 0x9e3779b97f4a7c15u >> 32; }

static struct chain_link look(const void *owner, uint32_t name)
{
    struct fact *fact = at_name(owner, name);

    return (struct chain_link){.hash = hash_of(fact->lsn), .next = &fact->next};
}

static void add_page(struct facts *facts)
{
    size_t pages = facts->places / PAGE_ENTRIES;

    ENSURE(facts->places < UINT32_MAX - PAGE_ENTRIES);
    if (pages == facts->page_slots) {
        facts->page_slots = pages ? 2 * pages : 1;
        facts->pages = mem_grow(facts->pages, facts->page_slots, sizeof(facts->pages[0]));
    }
    facts->pages[pages] = mem_new(PAGE_ENTRIES * sizeof(struct fact));
    facts->places += PAGE_ENTRIES;
    for (uint32_t name = facts->places; name > facts->places - PAGE_ENTRIES; name--) {
        at_name(facts, name)->next = facts->free_list;
        facts->free_list = name;
    }
}

void facts_free(struct facts *facts)
{
    uint32_t at = 0;

    for (const struct fact *fact; (fact = facts_next(facts, &at));)
        free(fact->text);
    for (size_t i = 0; i < facts->places / PAGE_ENTRIES; i++)
        free(facts->pages[i]);
    free(facts->pages);
    chains_free(&facts->chains);
    memset(facts, 0, sizeof(*facts));
}

uint64_t facts_bytes(const struct facts *facts)
{
    return facts->places * sizeof(struct fact) + facts->page_slots * sizeof(void *) + chains_bytes(&facts->chains) +
           facts->text_bytes;
}

struct fact *facts_find(const struct facts *facts, uint64_t lsn)
{
    const uint32_t *head = chains_head(&facts->chains, hash_of(lsn));
    uint32_t name = head ? *head : 0;

    while (name && at_name(facts, name)->lsn != lsn)
        name = at_name(facts, name)->next;
    return name ? at_name(facts, name) : NULL;
}

struct fact *facts_of(struct facts *facts, uint64_t lsn)
{
    struct fact *fact = facts_find(facts, lsn);

    if (fact)
        return fact;
    if (!facts->free_list)
        add_page(facts);
    uint32_t name = facts->free_list;
    fact = at_name(facts, name);
    facts->free_list = fact->next;
    *fact = (struct fact){.lsn = lsn, .why = FACT_NOT_DEAD};
    chains_add(&facts->chains, name, look(facts, name));
    chains_grow(&facts->chains, ++facts->count, facts, look);
    return fact;
}

void facts_set_text(struct facts *facts, struct fact *fact, struct slice text)
{
    ENSURE(text.len <= TEXT_MAX);
    if (fact->text) {
        facts->text_words -= facts_text_words(fact->text_len);
        facts->text_bytes -= mem_taken(fact->text_len);
        free(fact->text);
        fact->text = NULL;
    }
    fact->text_len = (uint8_t)text.len;
    if (text.len == 0)
        return;
    fact->text = mem_new(text.len);
    memcpy(fact->text, text.ptr, text.len);
    facts->text_words += facts_text_words(text.len);
    facts->text_bytes += mem_taken(text.len);
}

void facts_drop(struct facts *facts, uint64_t lsn)
{
    struct fact *fact = facts_find(facts, lsn);

    if (!fact)
        return;
    uint32_t *at = chains_head(&facts->chains, hash_of(lsn));
    while (at_name(facts, *at) != fact)
        at = &at_name(facts, *at)->next;
    uint32_t name = *at;
    *at = fact->next;
    facts_set_text(facts, fact, slice_of(NULL, 0));
    *fact = (struct fact){.next = facts->free_list};
    facts->free_list = name;
    if (--facts->count == 0)
        facts_free(facts);
}

const struct fact *facts_next(const struct facts *facts, uint32_t *at)
{
    while (*at < facts->places) {
        const struct fact *fact = at_name(facts, ++*at);
        if (fact->lsn != 0)
            return fact;
    }
    return NULL;
}
