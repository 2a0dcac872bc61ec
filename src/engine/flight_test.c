/* flight_test.c - SPDX-License-Identifier: MIT */
#include "engine/flight.h"

#include "engine/tape.h"
#include "unit/unit.h"

#include <stdlib.h>

enum { LEASES = 6000, QUEUES = 3, TTR_MS_MAX = 300000 };

static const uint64_t START_MS = UINT64_C(1700000000000);

/* The naive table: lease i has id i + 1 in queue i % QUEUES + 1. */
struct naive {
    struct {
        uint64_t deadline_ms, order;
        bool flies;
    } leases[LEASES];
    uint64_t orders, count;
};

static void put(struct flight *flight, uint64_t ref, uint64_t id, uint32_t queue, uint64_t deadline_ms)
{
    flight_add(flight, &(struct lease){.ref = ref, .id = id, .queue = queue, .deadline_ms = deadline_ms});
}

static uint32_t queue_of(size_t i) { return (uint32_t)(i % QUEUES + 1); }

static void add(struct flight *flight, struct naive *naive, size_t i, uint64_t ttr_ms)
{
    uint64_t deadline_ms = flight->wheel.now_ms + ttr_ms;

    flight_add(flight, &(struct lease){.ref = 1000 + i, .id = i + 1, .queue = queue_of(i),
                                       .holder = (uint32_t)i % CLIENTS_MAX, .deadline_ms = deadline_ms});
    naive->leases[i].deadline_ms = deadline_ms;
    naive->leases[i].order = naive->orders++;
    naive->leases[i].flies = true;
    naive->count++;
}

static void drop(struct flight *flight, struct naive *naive, size_t i, struct lease *lease)
{
    assert_non_null(lease);
    flight_remove(flight, lease);
    naive->leases[i].flies = false;
    naive->count--;
}

/* The lease that must end first, by deadline and then by insertion; LEASES when there is none. */
static size_t earliest(const struct naive *naive)
{
    size_t best = LEASES;

    for (size_t i = 0; i < LEASES; i++)
        if (naive->leases[i].flies &&
            (best == LEASES || naive->leases[i].deadline_ms < naive->leases[best].deadline_ms ||
             (naive->leases[i].deadline_ms == naive->leases[best].deadline_ms &&
              naive->leases[i].order < naive->leases[best].order)))
            best = i;
    return best;
}

static void advance(struct flight *flight, struct naive *naive, uint64_t to_ms)
{
    struct lease *lease;

    for (uint64_t next; (next = wheel_next(&flight->wheel)) <= to_ms;) {
        (void)flight_advance(flight, next, &(uint64_t){UINT64_MAX});
        while ((lease = flight_due(flight))) {
            size_t i = earliest(naive);
            assert_int_equal(lease->id, i + 1);
            assert_int_equal(naive->leases[i].deadline_ms, next);
            drop(flight, naive, i, lease);
        }
    }
    (void)flight_advance(flight, to_ms, &(uint64_t){UINT64_MAX});
    size_t first = earliest(naive);
    assert_true(first == LEASES || naive->leases[first].deadline_ms > to_ms);
}

static void compare(const struct flight *flight, const struct naive *naive)
{
    uint64_t n = 0;

    for (size_t i = 0; i < LEASES; i++) {
        const struct lease *lease = flight_find(flight, queue_of(i), i + 1);
        assert_int_equal(lease != NULL, naive->leases[i].flies);
        assert_null(flight_find(flight, queue_of(i) + 1, i + 1));
        if (!lease)
            continue;
        assert_int_equal(lease->ref, 1000 + i);
        assert_int_equal(lease->holder, i % CLIENTS_MAX);
        assert_int_equal(lease->deadline_ms, naive->leases[i].deadline_ms);
    }
    for (const struct lease *lease = flight_first(flight); lease; lease = flight_after(flight, lease))
        n++;
    assert_int_equal(n, naive->count);
    assert_int_equal(flight->count, naive->count);
}

TEST(flight_finds_drops_and_ends_leases_like_a_naive_table)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct flight *flight = malloc(sizeof(*flight));
        struct naive *naive = calloc(1, sizeof(*naive));
        uint64_t dice = seed;
        flight_init(flight);
        (void)flight_advance(flight, START_MS, &(uint64_t){UINT64_MAX});
        for (unsigned step = 0; step < 40000; step++) {
            size_t i = tape_below(&dice, LEASES);
            if (!naive->leases[i].flies)
                add(flight, naive, i, tape_below(&dice, step % 2 ? 20 : TTR_MS_MAX));
            else if (tape_below(&dice, 3) == 0)
                drop(flight, naive, i, flight_find(flight, queue_of(i), i + 1));
            if (step % 400 == 0)
                advance(flight, naive, flight->wheel.now_ms + tape_below(&dice, 3000));
            if (step % 8000 == 0)
                compare(flight, naive);
        }
        compare(flight, naive);
        advance(flight, naive, flight->wheel.now_ms + TTR_MS_MAX);
        assert_int_equal(flight->count, 0);
        flight_free(flight);
        free(flight);
        free(naive);
    }
}

TEST(flight_keeps_one_id_of_two_queues_apart)
{
    struct flight *flight = malloc(sizeof(*flight));

    flight_init(flight);
    put(flight, 8, 42, 1, 100);
    put(flight, 16, 42, 2, 100);
    flight_remove(flight, flight_find(flight, 1, 42));
    assert_null(flight_find(flight, 1, 42));
    assert_int_equal(flight_find(flight, 2, 42)->ref, 16);
    flight_free(flight);
    free(flight);
}

TEST(flight_ends_a_lease_that_is_overdue_at_once)
{
    struct flight *flight = malloc(sizeof(*flight));

    flight_init(flight);
    (void)flight_advance(flight, START_MS, &(uint64_t){UINT64_MAX});
    put(flight, 8, 42, 1, START_MS - 5000);
    assert_true(wheel_next(&flight->wheel) == START_MS);
    assert_int_equal(flight_due(flight)->id, 42);
    flight_free(flight);
    free(flight);
}

TEST(flight_takes_more_leases_than_one_page_of_buckets_can_hold)
{
    enum { MANY = 200000 };
    struct flight *flight = malloc(sizeof(*flight));

    flight_init(flight);
    for (uint64_t id = 1; id <= MANY; id++)
        put(flight, id, id << 12, 1, id % 1000);
    for (uint64_t id = 1; id <= MANY; id++)
        assert_int_equal(flight_find(flight, 1, id << 12)->ref, id);
    for (uint64_t id = 1; id <= MANY; id++)
        flight_remove(flight, flight_find(flight, 1, id << 12));
    assert_int_equal(flight->count, 0);
    assert_true(wheel_next(&flight->wheel) == UINT64_MAX);
    flight_free(flight);
    free(flight);
}

TEST(flight_gives_its_memory_back_when_nothing_flies)
{
    struct flight flight;

    flight_init(&flight);
    put(&flight, 1, 1, 1, START_MS + 5);
    uint64_t least = flight_bytes(&flight);
    assert_true(flight_has_room(&flight));
    for (uint64_t id = 2; id <= LEASES; id++)
        put(&flight, id, id, 1, START_MS + id);
    assert_true(flight_bytes(&flight) > least + (LEASES - 2048) * sizeof(struct lease));
    for (uint64_t id = 1; id < LEASES; id++)
        flight_remove(&flight, flight_find(&flight, 1, id));
    assert_true(flight_bytes(&flight) > least + (LEASES - 2048) * sizeof(struct lease)); /* one is left */
    assert_true(flight_has_room(&flight));
    flight_remove(&flight, flight_find(&flight, 1, LEASES));
    assert_true(flight_bytes(&flight) < least + 256); /* the tables of pages stay */
    for (uint64_t id = 1; id <= LEASES; id++)
        put(&flight, id, id, 2, START_MS + id);
    for (uint64_t id = 1; id <= LEASES; id++)
        assert_int_equal(flight_find(&flight, 2, id)->ref, id);
    assert_null(flight_find(&flight, 1, 1));
    flight_free(&flight);
}
