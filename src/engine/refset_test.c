/* refset_test.c - SPDX-License-Identifier: MIT */
#include "engine/refset.h"

#include "engine/tape.h"
#include "unit/unit.h"

enum { REFS = 3000 };

/* The naive set: `has[ref]` for refs below REFS. */
static void compare(const struct refset *set, const bool *has)
{
    static uint64_t refs[REFS + 1];
    size_t n = refset_oldest(set, refs, ARRAY_LEN(refs)), at = 0;

    assert_int_equal(n, set->count);
    for (uint64_t ref = 0; ref < REFS; ref++) {
        assert_int_equal(refset_has(set, ref), has[ref]);
        if (has[ref])
            assert_int_equal(refs[at++], ref);
    }
    assert_int_equal(at, n);
}

static void toggle(struct refset *set, bool *has, uint64_t ref)
{
    if (has[ref])
        assert_true(refset_remove(set, ref));
    else
        refset_add(set, ref);
    has[ref] = !has[ref];
}

TEST(refset_behaves_like_a_sorted_array_when_refs_come_and_go_at_random)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct refset set = {.count = 0};
        bool has[REFS] = {false};
        uint64_t dice = seed;
        for (unsigned step = 0; step < 20000; step++) {
            toggle(&set, has, tape_below(&dice, REFS));
            if (step % 2000 == 0)
                compare(&set, has);
        }
        compare(&set, has);
        refset_free(&set);
        assert_int_equal(set.count, 0);
    }
}

TEST(refset_splits_full_blocks_when_refs_come_in_falling_order)
{
    struct refset set = {.count = 0};
    bool has[REFS] = {false};

    for (uint64_t ref = REFS; ref-- > 0;)
        toggle(&set, has, ref);
    compare(&set, has);
    for (uint64_t ref = 0; ref < REFS; ref += 2)
        toggle(&set, has, ref);
    compare(&set, has);
    refset_free(&set);
}

TEST(refset_gives_the_oldest_first_while_newer_ones_arrive)
{
    struct refset set = {.count = 0};
    uint64_t ref = 0, next = 0;

    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 300; i++)
            refset_add(&set, next++);
        for (unsigned i = 0; i < 290; i++) {
            assert_int_equal(refset_oldest(&set, &ref, 1), 1);
            assert_int_equal(ref, round * 290 + i);
            assert_true(refset_remove(&set, ref));
        }
    }
    assert_int_equal(set.count, 2000);
    refset_free(&set);
}

TEST(refset_removes_only_what_is_there)
{
    struct refset set = {.count = 0};
    uint64_t ref;

    assert_false(refset_remove(&set, 5));
    assert_false(refset_has(&set, 5));
    assert_int_equal(refset_oldest(&set, &ref, 1), 0);
    refset_add(&set, 5);
    assert_false(refset_remove(&set, 4));
    assert_false(refset_remove(&set, 6));
    assert_true(refset_remove(&set, 5));
    assert_false(refset_remove(&set, 5));
    assert_int_equal(set.count, 0);
    assert_null(set.blocks);
}

TEST(refset_oldest_gives_no_more_than_asked_for)
{
    struct refset set = {.count = 0};
    uint64_t refs[600];

    for (uint64_t ref = 0; ref < 1000; ref++)
        refset_add(&set, 3 * ref);
    assert_int_equal(refset_oldest(&set, refs, 0), 0);
    assert_int_equal(refset_oldest(&set, refs, ARRAY_LEN(refs)), ARRAY_LEN(refs));
    for (size_t i = 0; i < ARRAY_LEN(refs); i++)
        assert_int_equal(refs[i], 3 * i);
    refset_free(&set);
}

TEST(refset_gives_out_pieces_from_any_ref_on_in_both_directions)
{
    struct refset set = {.count = 0};
    uint64_t refs[REFS], dice = 7;
    bool has[REFS] = {false};

    assert_int_equal(refset_from(&set, 0, refs, REFS), 0);
    assert_int_equal(refset_before(&set, UINT64_MAX, refs, REFS), 0);
    for (unsigned i = 0; i < REFS; i++)
        toggle(&set, has, tape_below(&dice, REFS));
    for (unsigned i = 0; i < 500; i++) {
        uint64_t from = tape_below(&dice, REFS + 1), at = from;
        size_t max = tape_below(&dice, 600), n = refset_from(&set, from, refs, max);
        for (size_t k = 0; k < n; k++, at++) {
            while (!has[at])
                at++;
            assert_int_equal(refs[k], at);
        }
        while (n < max && at < REFS)
            assert_false(has[at++]);
        n = refset_before(&set, from, refs, max);
        at = from;
        for (size_t k = 0; k < n; k++) {
            while (!has[--at])
                continue;
            assert_int_equal(refs[k], at);
        }
        while (n < max && at > 0)
            assert_false(has[--at]);
    }
    refset_free(&set);
}
