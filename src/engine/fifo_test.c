/* fifo_test.c - SPDX-License-Identifier: MIT */
#include "engine/fifo.h"

#include "engine/tape.h"
#include "unit/unit.h"

TEST(fifo_gives_back_what_came_first)
{
    struct fifo fifo = {.count = 0};

    for (uint64_t ref = 1; ref <= 3000; ref++)
        fifo_push(&fifo, ref);
    assert_int_equal(fifo.count, 3000);
    for (uint64_t ref = 1; ref <= 3000; ref++) {
        assert_int_equal(fifo_first(&fifo), ref);
        assert_int_equal(fifo_pop(&fifo), ref);
    }
    assert_int_equal(fifo.count, 0);
    fifo_free(&fifo);
}

TEST(fifo_grows_and_shrinks_at_random_like_an_array)
{
    struct fifo fifo = {.count = 0};
    uint64_t dice = 11, pushed = 0, popped = 0;

    for (unsigned round = 0; round < 400; round++) {
        bool fills = tape_below(&dice, 2);
        for (uint64_t n = tape_below(&dice, 1200); n > 0; n--) {
            if (fills)
                fifo_push(&fifo, ++pushed);
            else if (popped < pushed)
                assert_int_equal(fifo_pop(&fifo), ++popped);
        }
        assert_int_equal(fifo.count, pushed - popped);
    }
    fifo_free(&fifo);
    assert_int_equal(fifo.count, 0);
}

TEST(fifo_cursor_walks_all_blocks_and_ends)
{
    struct fifo fifo = {.count = 0};
    uint64_t ref = 0, expected = 8;

    for (uint64_t i = 1; i <= 2000; i++)
        fifo_push(&fifo, i);
    for (uint64_t i = 1; i <= 7; i++)
        (void)fifo_pop(&fifo);
    struct fifo_cursor at = fifo_begin(&fifo);
    for (; fifo_next(&at, &ref); expected++)
        assert_int_equal(ref, expected);
    assert_int_equal(expected, 2001);
    assert_false(fifo_next(&at, &ref));
    fifo_free(&fifo);
}

TEST(fifo_that_became_empty_has_nothing_to_walk)
{
    struct fifo fifo = {.count = 0};
    uint64_t ref = 0;

    struct fifo_cursor at = fifo_begin(&fifo);
    assert_false(fifo_next(&at, &ref));
    fifo_push(&fifo, 1);
    (void)fifo_pop(&fifo);
    at = fifo_begin(&fifo);
    assert_false(fifo_next(&at, &ref));
    fifo_push(&fifo, 2);
    assert_int_equal(fifo_first(&fifo), 2);
    fifo_free(&fifo);
}

TEST(fifo_take_of_the_oldest_is_a_pop)
{
    struct fifo fifo = {.count = 0};

    assert_false(fifo_take(&fifo, 1));
    fifo_push(&fifo, 1);
    fifo_push(&fifo, 2);
    assert_true(fifo_take(&fifo, 1));
    assert_int_equal(fifo_first(&fifo), 2);
    fifo_free(&fifo);
}

TEST(fifo_take_of_a_later_one_moves_those_before_it_to_the_tail)
{
    static const uint64_t EXPECTED[] = {4, 5, 1, 2};
    struct fifo fifo = {.count = 0};

    for (uint64_t ref = 1; ref <= 5; ref++)
        fifo_push(&fifo, ref);
    assert_true(fifo_take(&fifo, 3));
    assert_int_equal(fifo.count, ARRAY_LEN(EXPECTED));
    for (size_t i = 0; i < ARRAY_LEN(EXPECTED); i++)
        assert_int_equal(fifo_pop(&fifo), EXPECTED[i]);
    fifo_free(&fifo);
}

TEST(fifo_take_of_what_is_not_there_changes_nothing)
{
    struct fifo fifo = {.count = 0};

    for (uint64_t ref = 1; ref <= 600; ref++)
        fifo_push(&fifo, ref);
    assert_false(fifo_take(&fifo, 601));
    assert_int_equal(fifo.count, 600);
    assert_int_equal(fifo_first(&fifo), 1);
    fifo_free(&fifo);
}
