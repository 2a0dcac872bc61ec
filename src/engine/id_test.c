/* id_test.c - SPDX-License-Identifier: MIT */
#include "engine/id.h"

#include "engine/tape.h"
#include "unit/unit.h"

enum { SEQUENCES = 4096 };

static const uint64_t NOW_MS = UINT64_C(1700000000000);

TEST(id_holds_time_node_and_sequence)
{
    uint64_t id = id_next(0, 5, NOW_MS);

    assert_int_equal(id >> 22, NOW_MS - ID_EPOCH_MS);
    assert_int_equal(id >> 12 & 0x3ff, 5);
    assert_int_equal(id & 0xfff, 0);
    assert_int_equal(id_time_ms(id), NOW_MS);
    assert_int_equal(id_next(id, 5, NOW_MS), id + 1);
}

TEST(id_of_node_1024_stands_as_node_0)
{
    assert_int_equal(id_next(0, 1024, NOW_MS) >> 12 & 0x3ff, 0);
    assert_int_equal(id_next(0, 1023, NOW_MS) >> 12 & 0x3ff, 1023);
}

TEST(id_borrows_from_the_next_millisecond_when_one_is_used_up)
{
    uint64_t id = id_next(0, 1, NOW_MS);

    for (unsigned i = 1; i < SEQUENCES; i++)
        id = id_next(id, 1, NOW_MS);
    assert_int_equal(id_time_ms(id), NOW_MS);
    assert_int_equal(id & 0xfff, SEQUENCES - 1);
    id = id_next(id, 1, NOW_MS);
    assert_int_equal(id_time_ms(id), NOW_MS + 1);
    assert_int_equal(id & 0xfff, 0);
    assert_int_equal(id_next(id, 1, NOW_MS + 1), id + 1);
}

TEST(id_goes_on_from_the_last_one_when_the_time_goes_back)
{
    uint64_t id = id_next(0, 1, NOW_MS);

    assert_int_equal(id_next(id, 1, NOW_MS - 86400000), id + 1);
    assert_int_equal(id_next(id, 1, 0), id + 1);
}

TEST(id_increases_strictly_whatever_the_clock_and_the_node_id_do)
{
    uint64_t dice = 3, last = 0, now_ms = NOW_MS;

    for (unsigned step = 0; step < 200000; step++) {
        now_ms += tape_below(&dice, 3);
        if (tape_below(&dice, 100) == 0)
            now_ms -= tape_below(&dice, 1000);
        uint64_t id = id_next(last, 1 + (unsigned)(step / 1000 * 7919 % 1024), now_ms);
        assert_true(id > last);
        last = id;
    }
}

TEST(id_is_never_0)
{
    assert_int_not_equal(id_next(0, 1024, 0), 0);
    assert_int_not_equal(id_next(0, 1024, ID_EPOCH_MS), 0);
    assert_int_equal(id_next(0, 1, ID_EPOCH_MS + 1) >> 22, 1);
}

TEST(id_after_id_before_a_time_is_of_that_time_or_later)
{
    assert_int_equal(id_next(id_before(NOW_MS), 1, 0), id_next(0, 1, NOW_MS));
    assert_true(id_next(id_before(NOW_MS), 1, NOW_MS + 1) > id_next(0, 1, NOW_MS));
    assert_int_equal(id_before(0), 0);
    assert_int_equal(id_before(ID_EPOCH_MS), 0);
    assert_int_equal(id_before(UINT64_MAX), 0);
}

TEST(id_says_which_node_made_it)
{
    assert_int_equal(id_node(id_next(0, 1, ID_EPOCH_MS + 5)), 1);
    assert_int_equal(id_node(id_next(0, 1023, ID_EPOCH_MS + 5)), 1023);
    assert_int_equal(id_node(id_next(0, 1024, ID_EPOCH_MS + 5)), 0);
    uint64_t id = id_next(0, 1024, ID_EPOCH_MS + 5);
    assert_true(id_next(id, id_node(id), 0) == id_next(id, 1024, 0));
}
