/* lsnset_test.c - sets of addresses against a plain array. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lsnset.h"
#include "unit/unit.h"

enum { PAGE = 4 << 20, SLOTS = 3 * 65536 };

#define BASE (UINT64_C(1) << 40)

static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void check_equal(const struct lsnset *set, const bool *model)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < SLOTS; i++) {
        assert_int_equal(lsnset_has(set, BASE + i * LSNSET_SLOT_BYTES + 8), model[i]);
        count += model[i];
    }
    assert_int_equal(lsnset_count(set), count);
}

TEST(lsnset_is_the_set_of_what_was_added_and_tells_what_comes_twice)
{
    bool *model = calloc(SLOTS, sizeof(*model));
    struct lsnset *set = NULL;
    uint64_t state = 1;

    assert_non_null(model);
    assert_false(lsnset_has(set, 0));
    for (int i = 0; i < 60000; i++) {
        uint64_t slot = dice(&state) % (i < 3000 ? SLOTS : 65536);
        assert_int_equal(lsnset_add(&set, BASE + slot * LSNSET_SLOT_BYTES + dice(&state) % 8 * 8), !model[slot]);
        model[slot] = true;
        if (i % 20000 == 0)
            check_equal(set, model);
    }
    check_equal(set, model);
    assert_false(lsnset_has(set, BASE - 8));
    assert_false(lsnset_has(set, 0));
    lsnset_free(set);
    free(model);
}

/* Walks the set by lsnset_next(). */
static void check_walk(const struct lsnset *set, const bool *model)
{
    uint64_t at = 0, slot = 0;

    for (; lsnset_next(set, at, &at); at += LSNSET_SLOT_BYTES, slot++) {
        while (slot < SLOTS && !model[slot])
            slot++;
        assert_int_equal(at, BASE + slot * LSNSET_SLOT_BYTES);
    }
    while (slot < SLOTS && !model[slot])
        slot++;
    assert_int_equal(slot, SLOTS);
}

static void check_image(const struct lsnset *set)
{
    size_t bytes = lsnset_image_bytes(set);
    char *image = malloc(bytes + 1), *again = malloc(bytes + 1);
    struct lsnset *back;

    assert_non_null(image);
    assert_non_null(again);
    lsnset_save(set, image);
    assert_true(lsnset_load(image, bytes, BASE, BASE + 3 * PAGE, &back));
    assert_int_equal(lsnset_image_bytes(back), bytes);
    assert_int_equal(lsnset_count(back), lsnset_count(set));
    lsnset_save(back, again);
    assert_memory_equal(image, again, bytes);
    lsnset_free(back);
    free(image);
    free(again);
}

TEST(lsnset_loses_what_is_removed_and_gives_its_memory_back)
{
    bool *model = calloc(SLOTS, sizeof(*model));
    struct lsnset *set = NULL;
    uint64_t state = 7;

    assert_non_null(model);
    assert_false(lsnset_remove(&set, BASE));
    for (int i = 0; i < 40000; i++) {
        uint64_t slot = dice(&state) % (i < 20000 ? 9000 : SLOTS), lsn = BASE + slot * LSNSET_SLOT_BYTES;
        model[slot] = i % 3 != 0;
        if (model[slot])
            (void)lsnset_add(&set, lsn);
        else
            (void)lsnset_remove(&set, lsn);
        assert_int_equal(lsnset_has(set, lsn), model[slot]);
        if (i % 8000 == 0)
            check_image(set);
    }
    check_equal(set, model);
    check_walk(set, model);
    struct lsnset *copy = lsnset_copy(set);
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        assert_int_equal(lsnset_remove(&set, BASE + slot * LSNSET_SLOT_BYTES), model[slot]);
        if (slot % 9000 == 0)
            check_image(set);
    }
    assert_null(set);
    assert_int_equal(lsnset_memory(set), 0);
    check_equal(copy, model);
    lsnset_free(copy);
    free(model);
}

TEST(lsnset_takes_addresses_in_falling_and_rising_order)
{
    struct lsnset *set = NULL;

    for (uint64_t i = 5000; i > 0; i--)
        assert_true(lsnset_add(&set, BASE + i * 4096));
    for (uint64_t i = 5001; i < 10000; i++)
        assert_true(lsnset_add(&set, BASE + i * 4096));
    assert_int_equal(lsnset_count(set), 9999);
    assert_true(lsnset_has(set, BASE + 4096));
    assert_false(lsnset_has(set, BASE));
    lsnset_free(set);
}

TEST(lsnset_copies_stay_what_they_were)
{
    struct lsnset *set = NULL, *copies[4];

    for (uint64_t i = 0; i < 4; i++) {
        for (uint64_t k = 0; k < 1000; k++)
            assert_true(lsnset_add(&set, BASE + (k * 4 + i) * 128));
        copies[i] = lsnset_copy(set);
    }
    assert_true(lsnset_add(&set, BASE + 9 * PAGE));
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(lsnset_count(copies[i]), 1000 * (i + 1));
        for (uint64_t k = 0; k < 4; k++)
            assert_int_equal(lsnset_has(copies[i], BASE + k * 128), k <= i);
        assert_false(lsnset_has(copies[i], BASE + 9 * PAGE));
    }
    for (uint64_t i = 0; i < 4; i++)
        lsnset_free(copies[i]);
    lsnset_free(set);
    assert_null(lsnset_copy(NULL));
}

TEST(lsnset_join_adds_what_is_not_excepted)
{
    struct lsnset *a = NULL, *b = NULL, *but = NULL;

    for (uint64_t i = 0; i < 6000; i++) {
        (void)lsnset_add(i % 2 ? &a : &b, BASE + i * 64);
        if (i % 3 == 0)
            (void)lsnset_add(&but, BASE + i * 64);
    }
    lsnset_join(&a, b, but);
    lsnset_join(&a, NULL, NULL);
    for (uint64_t i = 0; i < 6000; i++)
        assert_int_equal(lsnset_has(a, BASE + i * 64), i % 2 != 0 || i % 3 != 0);
    lsnset_free(a);
    lsnset_free(b);
    lsnset_free(but);
}

static struct lsnset *sample(void)
{
    struct lsnset *set = NULL;

    for (uint64_t i = 0; i < 3000; i++)
        (void)lsnset_add(&set, BASE + i * 128);
    for (uint64_t i = 0; i < 7; i++)
        (void)lsnset_add(&set, BASE + 5 * PAGE + i * 192);
    return set;
}

TEST(lsnset_comes_back_from_its_image_and_from_no_part_of_it)
{
    struct lsnset *set = sample(), *back = NULL;
    size_t bytes = lsnset_image_bytes(set);
    char *image = malloc(bytes), *again = malloc(bytes);

    assert_non_null(image);
    assert_non_null(again);
    lsnset_save(set, image);
    assert_true(lsnset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    assert_int_equal(lsnset_image_bytes(back), bytes);
    lsnset_save(back, again);
    assert_memory_equal(image, again, bytes);
    lsnset_free(back);
    for (size_t cut = 0; cut < bytes; cut++) {
        char *guarded_image = guarded(image, cut);
        bool whole_pages = cut == 0 || cut == 16 + 8192;
        assert_int_equal(lsnset_load(guarded_image, cut, BASE, BASE + 6 * PAGE, &back), whole_pages);
        lsnset_free(back);
        guarded_free(guarded_image, cut);
    }
    lsnset_free(set);
    free(image);
    free(again);
}

TEST(lsnset_refuses_an_image_that_names_what_it_may_not)
{
    struct lsnset *set = sample(), *back;
    size_t bytes = lsnset_image_bytes(set);
    char *image = malloc(bytes);

    assert_non_null(image);
    lsnset_save(set, image);
    assert_false(lsnset_load(image, bytes, BASE + 64, BASE + 6 * PAGE, &back));
    assert_false(lsnset_load(image, bytes, BASE, BASE + 5 * PAGE + 6 * 192, &back));
    assert_false(lsnset_load(image, bytes, BASE + PAGE, BASE + PAGE, &back));
    put_le16(image + bytes - 10, 3); /* a slot twice */
    put_le16(image + bytes - 8, 3);
    assert_false(lsnset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    lsnset_save(set, image);
    put_le32(image + 8, 3001); /* one member more than there is */
    assert_false(lsnset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    put_le32(image + 8, UINT32_MAX);
    assert_false(lsnset_load(image, bytes, BASE, BASE + 6 * PAGE, &back));
    assert_null(back);
    lsnset_free(set);
    free(image);
}
