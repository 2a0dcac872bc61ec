/* flight.c - see flight.h. SPDX-License-Identifier: MIT */
#include "engine/flight.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define FLIGHT_FREE 0xffffffffu
enum { PAGE_LEASES = 1024, PAGE_BUCKETS = 1024 };

_Static_assert(sizeof(struct lease) == 64, "a lease is 64 bytes");

static struct lease *lease_at(const struct flight *flight, uint32_t name)
{
    uint32_t place = name - 1;

    return flight->pages[place / PAGE_LEASES] + place % PAGE_LEASES;
}

static uint32_t *bucket_at(const struct flight *flight, uint32_t bucket)
{
    return flight->buckets[bucket / PAGE_BUCKETS] + bucket % PAGE_BUCKETS;
}

/* Ids differ in their low bits within a millisecond and in the middle ones else: mix them all (murmur3's finaliser). */
static uint32_t hash(uint32_t queue, uint64_t id)
{
    uint64_t h = id ^ (uint64_t)queue * 0x9e3779b97f4a7c15u;

    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

static uint32_t bucket_of(const struct flight *flight, uint32_t hashed)
{
    uint32_t bucket = hashed & (2 * flight->bucket_base - 1);

    return bucket < flight->bucket_count ? bucket : bucket - flight->bucket_base;
}

static void add_bucket_page(struct flight *flight)
{
    size_t pages = flight->bucket_count / PAGE_BUCKETS;

    if (pages == flight->bucket_page_slots) {
        flight->bucket_page_slots = pages ? 2 * pages : 1;
        flight->buckets = mem_grow(flight->buckets, flight->bucket_page_slots, sizeof(flight->buckets[0]));
    }
    flight->buckets[pages] = mem_new(PAGE_BUCKETS * sizeof(uint32_t));
}

void flight_init(struct flight *flight)
{
    memset(flight, 0, sizeof(*flight));
    add_bucket_page(flight);
    flight->bucket_count = flight->bucket_base = PAGE_BUCKETS;
}

/* One more bucket: the chain that it splits off is shared out between the two. */
static void split_bucket(struct flight *flight)
{
    if (flight->bucket_count % PAGE_BUCKETS == 0)
        add_bucket_page(flight);
    uint32_t upper = flight->bucket_count++;
    uint32_t lower = upper - flight->bucket_base;
    if (flight->bucket_count == 2 * flight->bucket_base)
        flight->bucket_base *= 2;
    uint32_t name = *bucket_at(flight, lower);
    *bucket_at(flight, lower) = *bucket_at(flight, upper) = 0;
    while (name) {
        struct lease *lease = lease_at(flight, name);
        uint32_t next = lease->hash_next;
        uint32_t *head = bucket_at(flight, bucket_of(flight, hash(lease->queue, lease->id)));
        lease->hash_next = *head;
        *head = name;
        name = next;
    }
}

static size_t bucket_pages(const struct flight *flight)
{
    return (flight->bucket_count + PAGE_BUCKETS - 1) / PAGE_BUCKETS;
}

uint64_t flight_bytes(const struct flight *flight)
{
    return flight->places * sizeof(struct lease) + bucket_pages(flight) * PAGE_BUCKETS * sizeof(uint32_t) +
           (flight->page_slots + flight->bucket_page_slots) * sizeof(void *);
}

/* All places from `first` on are free, and the next to be taken. */
static void free_places(struct flight *flight, uint32_t first)
{
    for (uint32_t name = flight->places; name > first; name--) {
        struct lease *lease = lease_at(flight, name);
        lease->slot = FLIGHT_FREE;
        lease->hash_next = flight->free_list;
        flight->free_list = name;
    }
}

static void add_page(struct flight *flight)
{
    size_t pages = flight->places / PAGE_LEASES;

    ENSURE(flight->places <= FLIGHT_FREE - 2 * PAGE_LEASES);
    if (pages == flight->page_slots) {
        flight->page_slots = pages ? 2 * pages : 1;
        flight->pages = mem_grow(flight->pages, flight->page_slots, sizeof(flight->pages[0]));
    }
    flight->pages[pages] = mem_new(PAGE_LEASES * sizeof(struct lease));
    flight->places += PAGE_LEASES;
    free_places(flight, flight->places - PAGE_LEASES);
}

static void link_slot(struct flight *flight, struct lease *lease, uint32_t name, unsigned slot)
{
    lease->slot = slot;
    lease->next = 0;
    lease->prev = flight->slots[slot].tail;
    if (lease->prev)
        lease_at(flight, lease->prev)->next = name;
    else
        flight->slots[slot].head = name;
    flight->slots[slot].tail = name;
}

static void unlink_slot(struct flight *flight, struct lease *lease)
{
    if (lease->prev)
        lease_at(flight, lease->prev)->next = lease->next;
    else
        flight->slots[lease->slot].head = lease->next;
    if (lease->next)
        lease_at(flight, lease->next)->prev = lease->prev;
    else
        flight->slots[lease->slot].tail = lease->prev;
    if (!flight->slots[lease->slot].head)
        wheel_clear(&flight->wheel, lease->slot);
}

void flight_add(struct flight *flight, const struct lease *like)
{
    if (!flight->free_list)
        add_page(flight);
    uint32_t name = flight->free_list;
    struct lease *lease = lease_at(flight, name);
    flight->free_list = lease->hash_next;
    uint32_t *head = bucket_at(flight, bucket_of(flight, hash(like->queue, like->id)));
    *lease = *like;
    flight->held[like->holder]++;
    lease->hash_next = *head;
    *head = name;
    link_slot(flight, lease, name, wheel_slot(&flight->wheel, like->deadline_ms));
    if (++flight->count > flight->bucket_count)
        split_bucket(flight);
}

/* The name of one that is in the table. */
static uint32_t name_of(const struct flight *flight, const struct lease *lease)
{
    uint32_t name = *bucket_at(flight, bucket_of(flight, hash(lease->queue, lease->id)));

    while (lease_at(flight, name) != lease)
        name = lease_at(flight, name)->hash_next;
    return name;
}

void flight_touch(struct flight *flight, struct lease *lease, uint64_t deadline_ms)
{
    unlink_slot(flight, lease);
    lease->deadline_ms = deadline_ms;
    link_slot(flight, lease, name_of(flight, lease), wheel_slot(&flight->wheel, deadline_ms));
}

void flight_expect(struct flight *flight, uint64_t count)
{
    if (flight->count > 0 || count >= FLIGHT_FREE / 2)
        return;
    while (flight->bucket_count < count) {
        if (flight->bucket_count == 2 * flight->bucket_base)
            flight->bucket_base *= 2;
        add_bucket_page(flight);
        flight->bucket_count += PAGE_BUCKETS;
    }
    if (flight->bucket_count == 2 * flight->bucket_base)
        flight->bucket_base *= 2;
}

void flight_prefetch(const struct flight *flight, uint32_t queue, uint64_t id, bool lease)
{
    const uint32_t *bucket = bucket_at(flight, bucket_of(flight, hash(queue, id)));

    if (!lease)
        __builtin_prefetch(bucket);
    else if (*bucket)
        __builtin_prefetch(lease_at(flight, *bucket));
}

struct lease *flight_find(const struct flight *flight, uint32_t queue, uint64_t id)
{
    uint32_t name = *bucket_at(flight, bucket_of(flight, hash(queue, id)));

    while (name) {
        struct lease *lease = lease_at(flight, name);
        if (lease->id == id && lease->queue == queue)
            return lease;
        name = lease->hash_next;
    }
    return NULL;
}

/* Nothing is in flight: all pages go but the first ones. */
static COLD void shrink(struct flight *flight)
{
    for (size_t i = 1; i < flight->places / PAGE_LEASES; i++)
        free(flight->pages[i]);
    for (size_t i = bucket_pages(flight); i > 1; i--)
        free(flight->buckets[i - 1]);
    flight->places = PAGE_LEASES;
    flight->free_list = 0;
    free_places(flight, 0);
    flight->bucket_count = flight->bucket_base = PAGE_BUCKETS;
    memset(flight->buckets[0], 0, PAGE_BUCKETS * sizeof(uint32_t));
}

void flight_remove(struct flight *flight, struct lease *lease)
{
    uint32_t *at = bucket_at(flight, bucket_of(flight, hash(lease->queue, lease->id)));

    while (lease_at(flight, *at) != lease)
        at = &lease_at(flight, *at)->hash_next;
    uint32_t name = *at;
    *at = lease->hash_next;
    unlink_slot(flight, lease);
    flight->held[lease->holder]--;
    lease->slot = FLIGHT_FREE;
    lease->hash_next = flight->free_list;
    flight->free_list = name;
    if (--flight->count == 0 && flight->places > PAGE_LEASES)
        shrink(flight);
}

struct lease *flight_due(const struct flight *flight)
{
    uint32_t name = flight->slots[wheel_due_slot(&flight->wheel)].head;

    return name ? lease_at(flight, name) : NULL;
}

bool flight_advance(struct flight *flight, uint64_t to_ms, uint64_t *moves)
{
    wheel_advance(&flight->wheel, to_ms);
    for (; flight->wheel.moving != 0 && *moves > 0; --*moves) {
        uint32_t name = flight->slots[flight->wheel.moving].head;
        struct lease *lease = lease_at(flight, name);
        unlink_slot(flight, lease);
        link_slot(flight, lease, name, wheel_move(&flight->wheel, lease->deadline_ms));
    }
    return flight->wheel.moving == 0;
}

static const struct lease *first_from(const struct flight *flight, unsigned slot)
{
    for (; slot < WHEEL_ALL_SLOTS; slot++)
        if (flight->slots[slot].head)
            return lease_at(flight, flight->slots[slot].head);
    return NULL;
}

const struct lease *flight_first(const struct flight *flight) { return first_from(flight, 0); }

const struct lease *flight_after(const struct flight *flight, const struct lease *lease)
{
    return lease->next ? lease_at(flight, lease->next) : first_from(flight, lease->slot + 1);
}

const struct lease *flight_place(const struct flight *flight, uint32_t place)
{
    const struct lease *lease = lease_at(flight, place + 1);

    return lease->slot == FLIGHT_FREE ? NULL : lease;
}

uint64_t flight_moved(const struct flight *flight)
{
    uint64_t moved = 0;

    if (flight->wheel.moving == 0)
        return 0;
    for (const struct lease *lease = flight_first(flight); lease && lease->slot < flight->wheel.moving;
         lease = flight_after(flight, lease))
        moved++;
    return moved;
}

void flight_free(struct flight *flight)
{
    for (size_t i = 0; i < flight->places / PAGE_LEASES; i++)
        free(flight->pages[i]);
    for (size_t i = 0; i * PAGE_BUCKETS < flight->bucket_count; i++)
        free(flight->buckets[i]);
    free(flight->pages);
    free(flight->buckets);
    memset(flight, 0, sizeof(*flight));
}
