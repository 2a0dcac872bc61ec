/* look_test.c - SPDX-License-Identifier: MIT */
#include "engine/look.h"

#include "engine/tape.h"
#include "unit/unit.h"

#include <stdlib.h>

enum { MESSAGES_MAX = 6000, WALK_MAX = 100 };

static const uint64_t START_MS = UINT64_C(1700000000000);

struct pushed {
    uint64_t ref, due_ms;
    uint32_t queue;
};

struct town {
    struct tape tape;
    struct pushed pushed[MESSAGES_MAX];
    size_t count;
    uint64_t now_ms, dice, next_id;
};

static struct town town;

static void town_begin(uint64_t seed, bool pieces)
{
    town = (struct town){.now_ms = START_MS, .dice = seed, .next_id = 1};
    tape_open(&town.tape);
    if (pieces)
        engine_limit_delays(town.tape.engine, 50, 7);
    (void)tape_queue(&town.tape, 1, "one", 0, 3);
    (void)tape_queue(&town.tape, 2, "two", 0, 3);
    tape_tick(&town.tape, START_MS, 100);
}

static void push(uint64_t delay_max_ms)
{
    struct pushed *pushed = &town.pushed[town.count++];

    assert_true(town.count < MESSAGES_MAX);
    pushed->queue = 1 + (uint32_t)tape_below(&town.dice, 2);
    pushed->due_ms = town.now_ms + 1 + tape_below(&town.dice, delay_max_ms);
    pushed->ref = tape_push(&town.tape, pushed->queue, town.next_id++, pushed->due_ms);
}

/* Time goes on by up to `ms`, with TICKs that do a part only now and then. */
static void live(uint64_t ms)
{
    bool part = tape_below(&town.dice, 3) == 0;

    town.now_ms += tape_below(&town.dice, ms + 1);
    do {
        tape_tick_moves(&town.tape, town.now_ms, part ? 5 : 4096, part ? 5 : 0);
    } while (!part && tape_load_delays(&town.tape, town.now_ms, PAYLOAD_LOAD_REFS));
    while (tape_spill_delays(&town.tape, town.now_ms) > 0)
        continue;
}

static int compare(const struct delay_entry *a, uint64_t due_ms, uint64_t ref)
{
    if (a->due_ms != due_ms)
        return a->due_ms < due_ms ? -1 : 1;
    return a->ref < ref ? -1 : a->ref > ref;
}

struct found {
    uint64_t ref;
    bool delayed;
};

static void find(void *ctx, const struct engine_message *message)
{
    struct found *found = ctx;

    found->delayed = found->delayed || (message->place == ENGINE_DELAYED && message->ref == found->ref);
}

/* It is delayed, as far as that can be seen without reading a chunk. */
static bool is_in_memory(uint64_t ref)
{
    struct found found = {.ref = ref};

    engine_each(town.tape.engine, find, &found);
    return found.delayed;
}

/* Of what was there before the walk and is not due yet, nothing is missing. */
static void expect_whole(const struct look_delays *look, size_t count_before, const struct delay_entry *from)
{
    for (size_t i = 1; i < look->count; i++)
        assert_true(compare(&look->best[i - 1], look->best[i].due_ms, look->best[i].ref) < 0);
    for (size_t i = 0; i < count_before; i++) {
        const struct pushed *pushed = &town.pushed[i];
        size_t at = 0;
        if (pushed->queue != look->queue || pushed->due_ms <= town.now_ms ||
            compare(from, pushed->due_ms, pushed->ref) > 0 ||
            (look->count == look->max &&
             compare(&look->best[look->max - 1], pushed->due_ms, pushed->ref) < 0))
            continue;
        while (at < look->count && compare(&look->best[at], pushed->due_ms, pushed->ref) != 0)
            at++;
        if (at == look->count)
            assert_false(is_in_memory(pushed->ref) || look->restarts < 16);
    }
}

/* Walks with a few looks a turn; `alive`: between them time goes on and messages come. */
static void walk(struct delay_entry *from, size_t max, uint64_t looks_a_turn, bool alive)
{
    struct delay_entry best[WALK_MAX];
    struct look_delays look = {.queue = 1, .due_ms = from->due_ms, .ref = from->ref, .max = max, .best = best};
    size_t before = town.count;
    uint64_t digest = engine_digest(town.tape.engine);
    enum look_step step;

    do {
        uint64_t looks = looks_a_turn;
        look_delays_begin(town.tape.engine, &look, town.now_ms);
        while ((step = look_delays(town.tape.engine, &look, &looks)) == LOOK_WANTS)
            look_delays_feed(town.tape.engine, &look, tape_dchunk(&town.tape, look.wanted.lsn).entries, &looks);
        if (alive && step == LOOK_WORKS && tape_below(&town.dice, 4) == 0) {
            push(20000);
            live(500);
        }
    } while (step != LOOK_DONE);
    look_delays_end(&look);
    assert_true(alive || engine_digest(town.tape.engine) == digest);
    expect_whole(&look, before, from);
    if (look.count > 0)
        *from = (struct delay_entry){.due_ms = best[look.count - 1].due_ms, .ref = best[look.count - 1].ref + 1};
    if (look.count < look.max)
        from->due_ms = UINT64_MAX;
}

static void walk_all(uint64_t seed, bool pieces, bool alive)
{
    static const uint64_t DELAYS_MS[] = {500, 20000, 600000, 86400000};

    town_begin(seed, pieces);
    for (unsigned i = 0; i < 1000; i++) {
        push(DELAYS_MS[tape_below(&town.dice, ARRAY_LEN(DELAYS_MS))]);
        if (i % 50 == 0)
            live(300);
    }
    live(0);
    struct delay_entry from = {.ref = 0};
    for (unsigned pages = 0; from.due_ms < UINT64_MAX && pages < 50; pages++)
        walk(&from, 1 + tape_below(&town.dice, WALK_MAX), 1 + tape_below(&town.dice, 200), alive);
    engine_check(town.tape.engine);
    tape_close(&town.tape);
}

TEST(look_at_delayed_messages_shows_them_in_order_a_few_at_a_time)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        walk_all(seed, seed % 2 == 0, false);
}

TEST(look_at_delayed_messages_misses_none_while_time_goes_on_and_they_move)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        walk_all(seed, seed % 2 == 0, true);
}

TEST(look_at_messages_in_flight_goes_on_where_it_was)
{
    struct lease leases[10];
    uint32_t places[10], at = 0, looks = 7;
    size_t n = 0, more;

    town_begin(1, false);
    for (uint64_t id = 1; id <= 20; id++) {
        uint32_t queue = 1 + (uint32_t)(id % 2);
        struct payload_delivery to = {.ref = tape_push(&town.tape, queue, id, 0), .id = id, .ttr_ms = 1000};
        tape_pop(&town.tape, queue, START_MS, &to, false);
    }
    while (at != UINT32_MAX) {
        more = look_flight(town.tape.engine, 1, &at, &looks, leases, places, ARRAY_LEN(leases));
        assert_true(looks == 0 || more == ARRAY_LEN(leases) || at == UINT32_MAX);
        for (size_t i = 0; i < more; i++)
            assert_true(leases[i].queue == 1 && leases[i].id % 2 == 0);
        n += more;
        looks = 7;
    }
    assert_int_equal(n, 10);
    at = UINT32_MAX; /* what a client says is believed by nobody */
    assert_int_equal(look_flight(town.tape.engine, 1, &at, &looks, leases, places, ARRAY_LEN(leases)), 0);
    tape_close(&town.tape);
}

static void note_lease(void *ctx, const struct lease *lease)
{
    uint64_t *seen = ctx;

    assert_true(lease->id < 64 && !(*seen >> lease->id & 1));
    *seen |= UINT64_C(1) << lease->id;
}

TEST(look_goes_through_the_leases_of_all_queues_a_piece_at_a_time)
{
    uint64_t seen = 0;
    uint32_t at = 0;
    unsigned pieces = 0;

    town_begin(1, false);
    assert_int_equal(look_leases(town.tape.engine, 0, 7, note_lease, &seen), UINT32_MAX);
    for (uint64_t id = 1; id <= 20; id++) {
        uint32_t queue = 1 + (uint32_t)(id % 2);
        struct payload_delivery to = {.ref = tape_push(&town.tape, queue, id, 0), .id = id, .ttr_ms = 1000};
        tape_pop(&town.tape, queue, START_MS, &to, false);
    }
    for (; at != UINT32_MAX; pieces++)
        at = look_leases(town.tape.engine, at, 7, note_lease, &seen);
    assert_true(pieces > 1);
    assert_int_equal(seen, ((UINT64_C(1) << 20) - 1) << 1);
    assert_int_equal(look_leases(town.tape.engine, UINT32_MAX, 7, note_lease, &seen), UINT32_MAX);
    tape_close(&town.tape);
}
