/*
 * flight.h - delivered messages that wait for their ack, of all queues
 *
 * What   A slab of leases, found by (queue, id) in a hash table and by deadline in a wheel. A lease is named by its
 *        slab index + 1; 0 is none.
 * Why    The table grows by one bucket at a time (linear hashing), the slab by pages: no insert ever waits for a
 *        whole table to be moved.
 * Cost   add, find, remove O(1); 64 bytes a lease and 4 a bucket.
 * Owns   Its pages. A `struct lease *` is good until that lease is removed.
 * Source W. Litwin, "Linear hashing", VLDB 1980.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_FLIGHT_H
#define GMQ_ENGINE_FLIGHT_H

#include "engine/clients.h"
#include "engine/wheel.h"

enum { LEASE_TTR_MS_MAX = 0xffffff };

struct lease {
    uint64_t ref, id;
    uint64_t deadline_ms;
    uint64_t since_ms;   /* delivered at; 0 = not known, from an image of an earlier version */
    uint32_t queue;
    uint32_t holder;     /* client number, 0 = unknown */
    uint32_t size64;     /* of the body, as struct payload_delivery says; 0 with since_ms 0: not known */
    uint32_t own_retries : 8; /* as struct payload_attrs says */
    uint32_t ttr_ms : 24; /* that it was delivered with, the most that fits if it was more; 0 = not known */
    uint32_t hash_next;  /* lease names */
    uint32_t prev, next; /* in the slot of the wheel */
    uint32_t slot;       /* of the wheel; all ones when the place is free */
};

struct flight {
    struct wheel wheel;
    struct {
        uint32_t head, tail;
    } slots[WHEEL_ALL_SLOTS];
    struct lease **pages;
    uint32_t **buckets; /* pages of chain heads */
    size_t page_slots, bucket_page_slots;
    uint32_t places;    /* leases that the pages hold, used or free */
    uint32_t free_list; /* lease name, chained by hash_next */
    uint32_t bucket_count, bucket_base; /* base = power of two <= count < 2 * base */
    uint64_t count;
    uint32_t held[CLIENTS_MAX + 1]; /* leases of each holder */
};

void flight_init(struct flight *flight);
void flight_free(struct flight *flight);

/* The memory of its pages, of what is free in them too. They are given back when nothing is in flight any more. */
uint64_t flight_bytes(const struct flight *flight);

/* The next lease takes no more memory. */
static inline bool flight_has_room(const struct flight *flight) { return flight->free_list != 0; }

/* Makes the table of an empty `flight` for `count` leases that come at once, so that it need not grow meanwhile. */
void flight_expect(struct flight *flight, uint64_t count);

/*
 * Of one that will be looked for soon: begins to fetch its place in the table, and, asked again after that for `lease`,
 * what stands there. For many together: each miss of the cache would cost more than all the rest.
 */
void flight_prefetch(const struct flight *flight, uint32_t queue, uint64_t id, bool lease);

/* A lease like this one, whose links are not looked at; its (queue, id) must not be in flight. */
void flight_add(struct flight *flight, const struct lease *like);

/* It ends at another time, as the last of those that end then. */
void flight_touch(struct flight *flight, struct lease *lease, uint64_t deadline_ms);

/* NULL when it is not in flight. */
struct lease *flight_find(const struct flight *flight, uint32_t queue, uint64_t id);

void flight_remove(struct flight *flight, struct lease *lease);

/* A lease that ends at wheel.now_ms, the oldest of them, or NULL. It stays until it is removed. */
struct lease *flight_due(const struct flight *flight);

/*
 * Goes to `to_ms` <= wheel_next(), and moves what begins there, as far as `moves` allows, which is counted down. False:
 * not all of it; no lease is due before a call with the same time has moved the rest.
 */
bool flight_advance(struct flight *flight, uint64_t to_ms, uint64_t *moves);

/* The lease in place 0..places-1 of the slab, or NULL: it is free. A lease keeps its place. */
const struct lease *flight_place(const struct flight *flight, uint32_t place);

/* When a slot is moving: how many leases are in lower slots, which flight_first() tells first; else 0. */
uint64_t flight_moved(const struct flight *flight);

/* The first lease, and the one after `lease`, those of one deadline in order; NULL at the end. */
const struct lease *flight_first(const struct flight *flight);
const struct lease *flight_after(const struct flight *flight, const struct lease *lease);

#endif
