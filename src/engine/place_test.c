/* place_test.c - where one message is, from the address of its record. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/state.h"
#include "engine/tape.h"
#include "unit/unit.h"

#include <errno.h>

enum { NOW_MS = 1000000, SOME = 60, MANY = ENGINE_PLACE_LOOKS + 2 };

static void begin(struct tape *tape)
{
    tape_open(tape);
    (void)tape_queue(tape, 1, "jobs", 0, 5);
    tape_tick(tape, NOW_MS, 1);
}

/* The place, or -EAGAIN; a delayed message becomes ready when it is due, a ready one has no time. */
static int place(const struct tape *tape, uint64_t ref, uint64_t due_ms)
{
    struct engine_pushed pushed = {.lsn = ref_lsn(ref), .id = ref, .due_ms = due_ms};
    struct engine_where where;
    int rc = engine_place(tape->engine, engine_queue(tape->engine, 1), &pushed, &where);

    if (rc < 0)
        return rc;
    assert_int_equal(rc, 1);
    assert_int_equal(where.due_ms, where.place == ENGINE_DELAYED ? due_ms : 0);
    return (int)where.place;
}

/* What the lists say, all entries looked at. */
static enum engine_place truth(const struct tape *tape, uint64_t ref)
{
    struct delays_cursor at = delays_begin(&tape->engine->delays);
    struct delay_entry entry;

    while (delays_next(&at, &entry))
        if (entry.ref == ref)
            return ENGINE_DELAYED;
    return ENGINE_READY;
}

TEST(place_of_a_message_is_known_however_little_of_what_is_due_has_fired)
{
    uint64_t dice = 7, overdue = 0, moving = 0;

    for (int round = 0; round < 50; round++) {
        struct tape tape;
        uint64_t refs[SOME], dues_ms[SOME], now_ms = NOW_MS;
        begin(&tape);
        for (int i = 0; i < SOME; i++) {
            dues_ms[i] = NOW_MS + 1 + tape_below(&dice, 12) * (i % 3 == 0 ? 1000 : 1);
            refs[i] = tape_push(&tape, 1, (uint64_t)i + 1, dues_ms[i]);
        }
        for (int k = 0; k < 200; k++) {
            now_ms += tape_below(&dice, 200);
            tape_tick_moves(&tape, now_ms, (uint32_t)tape_below(&dice, 4), 1 + (uint32_t)tape_below(&dice, 4));
            moving += tape.engine->delays.near.wheel.moving != 0;
            for (int i = 0; i < SOME; i++) {
                enum engine_place is = truth(&tape, refs[i]);
                assert_int_equal(place(&tape, refs[i], dues_ms[i]), is);
                overdue += is == ENGINE_DELAYED && dues_ms[i] <= engine_now_ms(tape.engine);
            }
        }
        tape_close(&tape);
    }
    assert_true(overdue > 0 && moving > 0);
}

TEST(place_of_a_message_among_very_many_that_are_due_is_told_after_the_next_tick)
{
    struct tape tape;
    uint64_t refs[MANY];

    begin(&tape);
    for (uint64_t i = 0; i < MANY; i++)
        refs[i] = tape_push(&tape, 1, i + 1, NOW_MS + 1);
    assert_int_equal(place(&tape, refs[MANY - 1], NOW_MS + 1), ENGINE_DELAYED);
    tape_tick(&tape, NOW_MS + 1, 1);
    assert_int_equal(place(&tape, refs[1], NOW_MS + 1), ENGINE_DELAYED);
    assert_int_equal(place(&tape, refs[MANY - 1], NOW_MS + 1), -EAGAIN);
    assert_int_equal(place(&tape, refs[0], NOW_MS + 1), -EAGAIN);
    tape_tick(&tape, NOW_MS + 1, 1);
    assert_int_equal(place(&tape, refs[MANY - 1], NOW_MS + 1), ENGINE_DELAYED);
    assert_int_equal(place(&tape, refs[0], NOW_MS + 1), ENGINE_READY);
    tape_close(&tape);
}
