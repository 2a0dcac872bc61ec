/* wheel_test.c - SPDX-License-Identifier: MIT */
#include "engine/wheel.h"

#include "engine/tape.h"
#include "unit/unit.h"

/* One time for every level, counted from 0. */
static const uint64_t DUES_MS[WHEEL_LEVELS] = {
    5, 5 << 8, 5 << 16, UINT64_C(5) << 24, UINT64_C(5) << 32, UINT64_C(5) << 40,
};

TEST(wheel_that_is_empty_never_asks)
{
    struct wheel wheel = {.now_ms = 12345};

    assert_true(wheel_next(&wheel) == UINT64_MAX);
    assert_int_equal(wheel.moving, 0);
}

TEST(wheel_slot_is_in_the_level_of_the_highest_byte_that_differs)
{
    struct wheel wheel = {.now_ms = 0};

    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        unsigned slot = wheel_slot(&wheel, DUES_MS[level]);
        assert_int_equal(slot, level * WHEEL_SLOTS + 5);
        assert_true(wheel_is_used(&wheel, slot));
    }
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        assert_true(wheel_next(&wheel) == DUES_MS[level]);
        wheel_clear(&wheel, level * WHEEL_SLOTS + 5);
    }
    assert_true(wheel_next(&wheel) == UINT64_MAX);
}

TEST(wheel_takes_what_is_overdue_as_due_now)
{
    struct wheel wheel = {.now_ms = 1000};

    assert_int_equal(wheel_slot(&wheel, 3), wheel_due_slot(&wheel));
    assert_int_equal(wheel_next(&wheel), 1000);
}

TEST(wheel_reaches_to_its_last_millisecond)
{
    struct wheel wheel = {.now_ms = 0};

    assert_int_equal(wheel_slot(&wheel, WHEEL_MS_MAX), WHEEL_ALL_SLOTS - 1);
    wheel_clear(&wheel, WHEEL_ALL_SLOTS - 1);
    wheel.now_ms = WHEEL_MS_MAX;
    assert_int_equal(wheel_slot(&wheel, WHEEL_MS_MAX), WHEEL_SLOTS - 1);
    assert_true(wheel_next(&wheel) == WHEEL_MS_MAX);
}

TEST(wheel_moves_the_slot_whose_time_has_begun)
{
    struct wheel wheel = {.now_ms = 0};
    unsigned minute = wheel_slot(&wheel, (3 << 16) + 200), second = 1 * WHEEL_SLOTS + 9;

    assert_int_equal(wheel_next(&wheel), 3 << 16);
    wheel_advance(&wheel, 3 << 16);
    assert_int_equal(wheel.moving, minute);
    wheel_clear(&wheel, minute);
    assert_int_equal(wheel.moving, 0);
    assert_int_equal(wheel_slot(&wheel, (3 << 16) + (9 << 8)), second);
    wheel_advance(&wheel, wheel_next(&wheel));
    assert_int_equal(wheel.moving, second);
}

TEST(wheel_puts_what_comes_in_behind_what_is_still_moving)
{
    struct wheel wheel = {.now_ms = 0};
    unsigned minute = wheel_slot(&wheel, (3 << 16) + 200);

    wheel_advance(&wheel, 3 << 16);
    assert_int_equal(wheel_move(&wheel, (3 << 16) + 200), 200);
    assert_int_equal(wheel_slot(&wheel, (3 << 16) + 200), minute);
    assert_int_equal(wheel_slot(&wheel, 7), minute); /* overdue: now */
    assert_int_equal(wheel_slot(&wheel, 4 << 16), 2 * WHEEL_SLOTS + 4);
    assert_int_equal(wheel_next(&wheel), 3 << 16);
    wheel_advance(&wheel, 3 << 16);
    assert_int_equal(wheel.moving, minute);
    wheel_clear(&wheel, minute);
    assert_int_equal(wheel_next(&wheel), (3 << 16) + 200);
    assert_int_equal(wheel_slot(&wheel, (3 << 16) + 200), 200);
}
