/* deadset_test.c - sets of addresses against a plain array. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/deadset.h"
#include "unit/unit.h"

enum { PAGE = 4 << 20, SLOTS = 3 * 65536 };

#define BASE (UINT64_C(1) << 40)

static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void check_equal(const struct deadset *set, const bool *model)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < SLOTS; i++) {
        assert_int_equal(deadset_has(set, BASE + i * DEADSET_SLOT_BYTES + 8), model[i]);
        count += model[i];
    }
    assert_int_equal(deadset_count(set), count);
}

TEST(deadset_is_the_set_of_what_was_added_and_tells_what_comes_twice)
{
    bool *model = calloc(SLOTS, sizeof(*model));
    struct deadset *set = NULL;
    uint64_t state = 1;

    assert_non_null(model);
    assert_false(deadset_has(set, 0));
    for (int i = 0; i < 60000; i++) {
        uint64_t slot = dice(&state) % (i < 3000 ? SLOTS : 65536);
        assert_int_equal(deadset_add(&set, BASE + slot * DEADSET_SLOT_BYTES + dice(&state) % 8 * 8), !model[slot]);
        model[slot] = true;
        if (i % 20000 == 0)
            check_equal(set, model);
    }
    check_equal(set, model);
    assert_false(deadset_has(set, BASE - 8));
    assert_false(deadset_has(set, 0));
    deadset_free(set);
    free(model);
}

TEST(deadset_takes_addresses_in_falling_and_rising_order)
{
    struct deadset *set = NULL;

    for (uint64_t i = 5000; i > 0; i--)
        assert_true(deadset_add(&set, BASE + i * 4096));
    for (uint64_t i = 5001; i < 10000; i++)
        assert_true(deadset_add(&set, BASE + i * 4096));
    assert_int_equal(deadset_count(set), 9999);
    assert_true(deadset_has(set, BASE + 4096));
    assert_false(deadset_has(set, BASE));
    deadset_free(set);
}

TEST(deadset_copies_stay_what_they_were)
{
    struct deadset *set = NULL, *copies[4];

    for (uint64_t i = 0; i < 4; i++) {
        for (uint64_t k = 0; k < 1000; k++)
            assert_true(deadset_add(&set, BASE + (k * 4 + i) * 128));
        copies[i] = deadset_copy(set);
    }
    assert_true(deadset_add(&set, BASE + 9 * PAGE));
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(deadset_count(copies[i]), 1000 * (i + 1));
        for (uint64_t k = 0; k < 4; k++)
            assert_int_equal(deadset_has(copies[i], BASE + k * 128), k <= i);
        assert_false(deadset_has(copies[i], BASE + 9 * PAGE));
    }
    for (uint64_t i = 0; i < 4; i++)
        deadset_free(copies[i]);
    deadset_free(set);
    assert_null(deadset_copy(NULL));
}

TEST(deadset_join_adds_what_is_not_excepted)
{
    struct deadset *a = NULL, *b = NULL, *but = NULL;

    for (uint64_t i = 0; i < 6000; i++) {
        (void)deadset_add(i % 2 ? &a : &b, BASE + i * 64);
        if (i % 3 == 0)
            (void)deadset_add(&but, BASE + i * 64);
    }
    deadset_join(&a, b, but);
    deadset_join(&a, NULL, NULL);
    for (uint64_t i = 0; i < 6000; i++)
        assert_int_equal(deadset_has(a, BASE + i * 64), i % 2 != 0 || i % 3 != 0);
    deadset_free(a);
    deadset_free(b);
    deadset_free(but);
}

static struct deadset *sample(void)
{
    struct deadset *set = NULL;

    for (uint64_t i = 0; i < 3000; i++)
        (void)deadset_add(&set, BASE + i * 128);
    for (uint64_t i = 0; i < 7; i++)
        (void)deadset_add(&set, BASE + 5 * PAGE + i * 192);
    return set;
}

TEST(deadset_comes_back_from_its_image_and_from_no_part_of_it)
{
    struct deadset *set = sample(), *back = NULL;
    size_t bytes = deadset_image_bytes(set);
    char *image = malloc(bytes), *again = malloc(bytes);

    assert_non_null(image);
    assert_non_null(again);
    deadset_save(set, image);
    assert_true(deadset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    assert_int_equal(deadset_image_bytes(back), bytes);
    deadset_save(back, again);
    assert_memory_equal(image, again, bytes);
    deadset_free(back);
    for (size_t cut = 0; cut < bytes; cut++) {
        char *guarded_image = guarded(image, cut);
        bool whole_pages = cut == 0 || cut == 16 + 8192;
        assert_int_equal(deadset_load(guarded_image, cut, BASE, BASE + 6 * PAGE, &back), whole_pages);
        deadset_free(back);
        guarded_free(guarded_image, cut);
    }
    deadset_free(set);
    free(image);
    free(again);
}

TEST(deadset_refuses_an_image_that_names_what_it_may_not)
{
    struct deadset *set = sample(), *back;
    size_t bytes = deadset_image_bytes(set);
    char *image = malloc(bytes);

    assert_non_null(image);
    deadset_save(set, image);
    assert_false(deadset_load(image, bytes, BASE + 64, BASE + 6 * PAGE, &back));
    assert_false(deadset_load(image, bytes, BASE, BASE + 5 * PAGE + 6 * 192, &back));
    assert_false(deadset_load(image, bytes, BASE + PAGE, BASE + PAGE, &back));
    put_le16(image + bytes - 10, 3); /* a slot twice */
    put_le16(image + bytes - 8, 3);
    assert_false(deadset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    deadset_save(set, image);
    put_le32(image + 8, 3001); /* one member more than there is */
    assert_false(deadset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    put_le32(image + 8, UINT32_MAX);
    assert_false(deadset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    assert_null(back);
    deadset_free(set);
    free(image);
}
