/* delay_test.c - SPDX-License-Identifier: MIT */
#include "engine/delay.h"

#include "engine/tape.h"
#include "unit/unit.h"

#include <stdlib.h>

enum { NAIVE_MAX = 4000 };

static const uint64_t START_MS = UINT64_C(1700000000000);
static const uint64_t YEAR_MS = UINT64_C(31536000000);

/* The naive index: an unsorted array in order of insertion. */
struct naive {
    struct {
        struct delay_entry entry;
        uint64_t at_ms; /* when it comes out: what was overdue comes at once */
    } waits[NAIVE_MAX];
    size_t count;
};

static void naive_add(struct naive *naive, const struct delay_entry *entry, uint64_t now_ms)
{
    assert_true(naive->count < NAIVE_MAX);
    naive->waits[naive->count].entry = *entry;
    naive->waits[naive->count++].at_ms = max_u64(entry->due_ms, now_ms);
}

/* The first of the earliest, if it is due. */
static bool naive_take(struct naive *naive, uint64_t now_ms, struct delay_entry *ret)
{
    size_t best = 0;

    for (size_t i = 1; i < naive->count; i++)
        if (naive->waits[i].at_ms < naive->waits[best].at_ms)
            best = i;
    if (naive->count == 0 || naive->waits[best].at_ms > now_ms)
        return false;
    *ret = naive->waits[best].entry;
    naive->count--;
    memmove(&naive->waits[best], &naive->waits[best + 1], (naive->count - best) * sizeof(naive->waits[0]));
    return true;
}

static void same(const struct delay_entry *a, const struct delay_entry *b)
{
    assert_int_equal(a->ref, b->ref);
    assert_int_equal(a->due_ms, b->due_ms);
    assert_int_equal(a->queue, b->queue);
}

static void advance(struct delay *delay, struct naive *naive, uint64_t to_ms)
{
    struct delay_entry got, expected;

    for (uint64_t next; (next = wheel_next(&delay->wheel)) <= to_ms;) {
        (void)delay_advance(delay, next, &(uint64_t){UINT64_MAX});
        while (delay_take(delay, &got)) {
            assert_true(naive_take(naive, delay->wheel.now_ms, &expected));
            same(&got, &expected);
        }
    }
    (void)delay_advance(delay, to_ms, &(uint64_t){UINT64_MAX});
    assert_false(naive_take(naive, to_ms, &expected));
    assert_int_equal(delay->count, naive->count);
}

/* How far ahead: the same millisecond, a few, seconds, days, years, or in the past. */
static uint64_t some_due(uint64_t *dice, uint64_t now_ms)
{
    static const uint64_t SPANS_MS[] = {1, 4, 300, 70000, 259200000};
    uint64_t span = tape_below(dice, 7);

    if (span < ARRAY_LEN(SPANS_MS))
        return now_ms + tape_below(dice, SPANS_MS[span]);
    return span == 5 ? now_ms + tape_below(dice, 20 * YEAR_MS) : now_ms - tape_below(dice, 100000);
}

static void live(uint64_t seed, uint64_t start_ms)
{
    struct delay *delay = malloc(sizeof(*delay));
    struct naive *naive = calloc(1, sizeof(*naive));
    uint64_t dice = seed;

    delay_init(delay);
    (void)delay_advance(delay, start_ms, &(uint64_t){UINT64_MAX});
    for (unsigned step = 1; step < 8000; step++) {
        uint64_t now_ms = delay->wheel.now_ms;
        if (naive->count < NAIVE_MAX && tape_below(&dice, 4) > 0) {
            struct delay_entry entry = {.ref = step, .due_ms = some_due(&dice, now_ms), .queue = step % 9};
            delay_add(delay, &entry);
            naive_add(naive, &entry, now_ms);
        } else {
            uint64_t far_ms = max_u64(now_ms, some_due(&dice, now_ms));
            advance(delay, naive, tape_below(&dice, 3) ? now_ms + tape_below(&dice, 5) : far_ms);
        }
    }
    advance(delay, naive, delay->wheel.now_ms + 21 * YEAR_MS);
    assert_int_equal(delay->count, 0);
    delay_free(delay);
    free(delay);
    free(naive);
}

TEST(delay_gives_out_by_due_time_and_then_by_insertion)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        live(seed, seed % 2 ? START_MS : 100000);
}

TEST(delay_keeps_the_order_of_one_millisecond_over_all_cascades)
{
    struct delay *delay = malloc(sizeof(*delay));
    uint64_t due_ms = START_MS + 3 * YEAR_MS, ref = 1;
    struct delay_entry entry;

    delay_init(delay);
    /* From now 0 on, so that the later ones are inserted at lower levels, behind those that came down. */
    for (uint64_t ahead_ms = due_ms; ahead_ms > 0; ahead_ms /= 3) {
        while (wheel_next(&delay->wheel) <= due_ms - ahead_ms)
            (void)delay_advance(delay, wheel_next(&delay->wheel), &(uint64_t){UINT64_MAX});
        (void)delay_advance(delay, due_ms - ahead_ms, &(uint64_t){UINT64_MAX});
        for (unsigned i = 0; i < 60; i++)
            delay_add(delay, &(struct delay_entry){.ref = ref++, .due_ms = due_ms, .queue = 1});
    }
    while (wheel_next(&delay->wheel) < due_ms)
        (void)delay_advance(delay, wheel_next(&delay->wheel), &(uint64_t){UINT64_MAX});
    (void)delay_advance(delay, due_ms, &(uint64_t){UINT64_MAX});
    for (uint64_t expected = 1; expected < ref; expected++) {
        assert_true(delay_take(delay, &entry));
        assert_int_equal(entry.ref, expected);
    }
    assert_false(delay_take(delay, &entry));
    delay_free(delay);
    free(delay);
}

TEST(delay_cursor_sees_each_entry_once)
{
    struct delay *delay = malloc(sizeof(*delay));
    struct delay_entry entry;
    uint64_t dice = 5, sum = 0, n = 0;

    delay_init(delay);
    (void)delay_advance(delay, START_MS, &(uint64_t){UINT64_MAX});
    struct delay_cursor at = delay_begin(delay);
    assert_false(delay_next(&at, &entry));
    for (uint64_t ref = 1; ref <= 3000; ref++)
        delay_add(delay, &(struct delay_entry){.ref = ref, .due_ms = some_due(&dice, START_MS), .queue = 1});
    for (at = delay_begin(delay); delay_next(&at, &entry); n++)
        sum += entry.ref;
    assert_int_equal(n, 3000);
    assert_int_equal(sum, 3000 * 3001 / 2);
    assert_false(delay_next(&at, &entry));
    delay_free(delay);
    free(delay);
}
