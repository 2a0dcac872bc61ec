/* delays_test.c - SPDX-License-Identifier: MIT */
#include "engine/delays_impl.h"

#include "base/bytes.h"
#include "engine/tape.h"
#include "unit/unit.h"

#include <stdlib.h>

static const uint64_t START_MS = UINT64_C(1700000000000);
static const uint64_t DAY_MS = 86400000;

static struct delays *begin(void)
{
    struct delays *delays = malloc(sizeof(*delays));
    uint64_t moves = UINT64_MAX;

    delays_init(delays);
    (void)delay_advance(&delays->near, START_MS, &moves);
    delays_descend(delays, START_MS, &moves);
    return delays;
}

static void end(struct delays *delays)
{
    assert_null(delays_fault(delays));
    delays_free(delays);
    free(delays);
}

static void add(struct delays *delays, uint64_t ref, uint64_t due_ms)
{
    delays_add(delays, &(struct delay_entry){.ref = ref, .due_ms = due_ms, .queue = 1});
}

/* Spills what is owed until nothing is, into `held`, `count` of them; the address of piece i is 4096 + 64 i. */
struct held {
    struct delays_chunk chunk;
    char entries[PAYLOAD_DCHUNK_ENTRIES_MAX * PAYLOAD_DELAYED_BYTES];
};

static size_t spill(struct delays *delays, struct held *held, size_t count)
{
    struct payload_delayed entries[PAYLOAD_DCHUNK_ENTRIES_MAX];
    size_t n, i = 0;

    for (; (n = delays_owes(delays, START_MS, &held[i].chunk, entries)) > 0; i++) {
        char payload[PAYLOAD_DCHUNK_BYTES + sizeof(held->entries)];
        payload_put_dchunk(payload, held[i].chunk.start_ms, entries, (uint32_t)n);
        memcpy(held[i].entries, payload + PAYLOAD_DCHUNK_BYTES, n * PAYLOAD_DELAYED_BYTES);
        held[i].chunk.lsn = 4096 + 64 * i;
        assert_true(delays_spill(delays, &held[i].chunk, slice_of(held[i].entries, n * PAYLOAD_DELAYED_BYTES)));
        assert_true(i + 1 < count);
    }
    return i;
}

static bool load(struct delays *delays, const struct held *held)
{
    return delays_load(delays, &held->chunk, slice_of(held->entries, held->chunk.count * PAYLOAD_DELAYED_BYTES));
}

TEST(delays_that_are_near_hang_in_the_wheel_and_others_in_buckets_by_level)
{
    static const struct {
        uint64_t ahead_ms;
        unsigned level; /* DELAYS_LEVELS: the wheel */
    } CASES[] = {{0, 4}, {4096, 4}, {8192 + 4096, 0}, {60000, 0}, {2 * 262144, 1}, {3600000, 1},
                 {3 * 86400000ull, 2}, {360 * 86400000ull, 3}, {36500 * 86400000ull, 3}};

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct delays *delays = begin();
        add(delays, 8, START_MS + CASES[i].ahead_ms);
        assert_int_equal(delays->near.count, CASES[i].level == DELAYS_LEVELS);
        assert_int_equal(delays->buckets, CASES[i].level != DELAYS_LEVELS);
        for (unsigned level = 0; level < DELAYS_LEVELS; level++)
            assert_int_equal(delays_first(delays, level) != NULL, level == CASES[i].level);
        end(delays);
    }
}

TEST(delays_beyond_the_last_bucket_wait_in_the_wheel_and_stay_in_order)
{
    struct delays *delays = begin();
    struct delay_entry entry;
    uint64_t due_ms = START_MS + 300 * 365 * DAY_MS, moves = UINT64_MAX;

    add(delays, 1, due_ms);
    assert_int_equal(delays->near.count, 1);
    delays_descend(delays, START_MS + 200 * 365 * DAY_MS, &moves);
    add(delays, 2, due_ms); /* within reach now, and so in a bucket */
    assert_int_equal(delays->far, 1);
    delays_descend(delays, due_ms, &moves);
    assert_int_equal(delays->near.count, 2);
    for (uint64_t next; (next = wheel_next(&delays->near.wheel)) < due_ms;)
        (void)delay_advance(&delays->near, next, &moves);
    assert_true(delay_advance(&delays->near, due_ms, &moves));
    for (uint64_t ref = 1; ref <= 2; ref++) {
        assert_true(delay_take(&delays->near, &entry));
        assert_int_equal(entry.ref, ref);
    }
    delays_descend(delays, due_ms + 1, &moves);
    end(delays);
}

TEST(delays_owe_pieces_of_the_farthest_buckets_first_and_only_above_the_limit)
{
    struct delays *delays = begin();
    struct delays_chunk chunk;
    struct payload_delayed entries[PAYLOAD_DCHUNK_ENTRIES_MAX];

    delays_limit(delays, 8, 3);
    for (uint64_t i = 0; i < 4; i++) {
        add(delays, 10 + i, START_MS + 60000);
        add(delays, 20 + i, START_MS + 3 * DAY_MS);
        assert_int_equal(delays_owes(delays, START_MS, &chunk, entries), 0);
    }
    add(delays, 30, START_MS);
    assert_int_equal(delays_owes(delays, START_MS, &chunk, entries), 3);
    assert_int_equal(chunk.level, 2);
    assert_int_equal(entries[0].ref, 20);
    assert_int_equal(chunk.start_ms + entries[0].due_off, START_MS + 3 * DAY_MS);
    assert_int_equal(delays_owes(delays, chunk.start_ms, &chunk, entries), 0); /* all are about to move */
    end(delays);
}

TEST(delays_time_waits_before_a_bucket_that_is_not_empty)
{
    struct delays *delays = begin();
    struct held held[8];
    uint64_t due_ms = START_MS + 3 * DAY_MS, moves = UINT64_MAX;

    delays_limit(delays, 0, 2);
    for (uint64_t i = 0; i < 5; i++)
        add(delays, 1 + i, due_ms);
    assert_int_equal(spill(delays, held, 8), 2);
    uint64_t begin_ms = held[0].chunk.start_ms;
    assert_true(delays_reach_ms(delays) == begin_ms - 1);
    assert_true(delays_descend_ms(delays) == UINT64_MAX);
    assert_true(delays_load_ms(delays) < begin_ms - 4 * 3600000);
    delays_descend(delays, due_ms, &moves);
    assert_int_equal(delays->near.count, 0);
    assert_true(delays_reach_ms(delays) == begin_ms - 1);
    assert_true(load(delays, &held[0]) && load(delays, &held[1]));
    assert_true(delays_load_ms(delays) == UINT64_MAX);
    delays_descend(delays, due_ms, &moves);
    assert_int_equal(delays->near.count, 5);
    assert_true(delays_reach_ms(delays) == UINT64_MAX);
    assert_int_equal(delays_in_memory(delays), 5);
    end(delays);
}

TEST(delays_take_only_pieces_that_are_there)
{
    struct delays *delays = begin();
    struct held held[8];

    delays_limit(delays, 0, 2);
    for (uint64_t i = 0; i < 5; i++)
        add(delays, 1 + i, START_MS + 3 * DAY_MS + i);
    assert_int_equal(spill(delays, held, 8), 2);
    struct held bad = held[0];
    /* Not the oldest in memory. */
    assert_false(delays_spill(delays, &bad.chunk, slice_of(bad.entries, 2 * PAYLOAD_DELAYED_BYTES)));
    for (unsigned i = 0; i < 5; i++) {
        bad = held[0];
        bad.chunk.level = i == 0 ? 1 : i == 1 ? DELAYS_LEVELS : i == 2 ? UINT32_MAX : bad.chunk.level;
        bad.chunk.start_ms += i == 3;
        bad.chunk.lsn += i == 4 ? 8 : 0;
        assert_false(load(delays, &bad));
        assert_false(delays_put_aside(delays, &bad.chunk));
    }
    put_le32(bad.entries + 12, UINT32_MAX); /* due after its bucket */
    bad.chunk = held[0].chunk;
    assert_false(load(delays, &bad));
    assert_int_equal(delays->chunked, 4);
    assert_true(delays_put_aside(delays, &held[0].chunk));
    assert_false(delays_put_aside(delays, &held[0].chunk));
    assert_int_equal(delays->put_aside, 2);
    assert_true(load(delays, &held[0]));
    assert_false(load(delays, &held[0]));
    assert_int_equal(delays_count(delays), 5);
    end(delays);
}

TEST(delays_move_no_more_than_they_may)
{
    struct delays *delays = begin();
    uint64_t due_ms = START_MS + 60000, moves;

    for (uint64_t i = 0; i < 100; i++)
        add(delays, 1 + i, due_ms);
    for (unsigned i = 1; i <= 4; i++) {
        moves = 25;
        assert_true(delays_descend_ms(delays) <= due_ms);
        delays_descend(delays, due_ms, &moves);
        assert_int_equal(moves, 0);
        assert_int_equal(delays->near.count, 25 * i);
        add(delays, 1000 + i, due_ms); /* behind those that are still there */
    }
    moves = 100;
    delays_descend(delays, due_ms, &moves);
    assert_int_equal(delays->near.count, 104);
    end(delays);
}
