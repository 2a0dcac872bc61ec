/* dedup_test.c - the window of dedup keys. SPDX-License-Identifier: MIT */
#include "engine/dedup.h"

#include "engine/id.h"
#include "unit/unit.h"

#define NOW_MS (ID_EPOCH_MS + UINT64_C(1000000000))

static struct dedup_entry entry_of(uint64_t key, uint64_t ms, uint32_t check)
{
    return (struct dedup_entry){.hash = {chains_mix(key), key}, .id = id_next(0, 1, ms), .check = check};
}

static void add(struct dedup *dedup, uint64_t key, uint64_t ms, uint64_t now_ms)
{
    struct dedup_entry entry = entry_of(key, ms, (uint32_t)key);

    (void)dedup_add(dedup, &entry, now_ms);
}

static const struct dedup_entry *find(const struct dedup *dedup, uint64_t key)
{
    struct dedup_entry entry = entry_of(key, NOW_MS, 0);

    return dedup_find(dedup, entry.hash);
}

TEST(dedup_finds_what_was_added_and_nothing_else)
{
    struct dedup dedup;

    dedup_init(&dedup);
    assert_null(find(&dedup, 1));
    assert_int_equal(dedup_bytes(&dedup), 0);
    for (uint64_t key = 1; key <= 5000; key++)
        add(&dedup, key, NOW_MS + key, 0);
    assert_null(dedup_fault(&dedup));
    assert_int_equal(dedup.count, 5000);
    for (uint64_t key = 1; key <= 5000; key++)
        assert_int_equal(find(&dedup, key)->check, key);
    assert_null(find(&dedup, 5001));
    dedup_free(&dedup);
    assert_int_equal(dedup_bytes(&dedup), 0);
}

TEST(dedup_keeps_so_many_and_the_oldest_go)
{
    struct dedup dedup;

    dedup_init(&dedup);
    dedup_limit(&dedup, 1000, 3000);
    for (uint64_t key = 1; key <= 100000; key++)
        add(&dedup, key, NOW_MS + key / 1000, 0);
    assert_int_equal(dedup.count, 3000);
    assert_null(find(&dedup, 97000));
    assert_non_null(find(&dedup, 97001));
    assert_in_range(dedup_bytes(&dedup), 3000 * 32, 300000);
    dedup_limit(&dedup, 1000, 10);
    assert_int_equal(dedup.count, 10);
    assert_null(find(&dedup, 99990));
    assert_non_null(find(&dedup, 99991));
    assert_null(dedup_fault(&dedup));
    dedup_limit(&dedup, 0, 10);
    assert_int_equal(dedup_bytes(&dedup), 0);
    add(&dedup, 1, NOW_MS, 0);
    assert_null(find(&dedup, 1));
    dedup_free(&dedup);
}

TEST(dedup_lets_go_what_is_older_than_the_window_and_not_before)
{
    struct dedup dedup;

    dedup_init(&dedup);
    dedup_limit(&dedup, 1000, 3000);
    add(&dedup, 1, NOW_MS, 0);
    add(&dedup, 2, NOW_MS + 1, NOW_MS + 1000);
    assert_non_null(find(&dedup, 1));
    assert_false(dedup_is_over(&dedup, find(&dedup, 1), NOW_MS + 1000));
    assert_true(dedup_is_over(&dedup, find(&dedup, 1), NOW_MS + 1001));
    add(&dedup, 3, NOW_MS + 1001, NOW_MS + 1001);
    assert_null(find(&dedup, 1));
    assert_non_null(find(&dedup, 2));
    dedup_free(&dedup);
}

TEST(dedup_key_used_again_tells_that_its_time_was_over)
{
    struct dedup_entry entry = entry_of(1, NOW_MS, 1), again = entry_of(1, NOW_MS + 5000, 2);
    struct dedup dedup;

    dedup_init(&dedup);
    dedup_limit(&dedup, 1000, 3000);
    assert_int_equal(dedup_add(&dedup, &entry, 7), 7);
    add(&dedup, 2, NOW_MS, 0);
    add(&dedup, 3, NOW_MS + 1, 0);
    assert_int_equal(dedup_add(&dedup, &again, 7), NOW_MS + 1001);
    assert_null(find(&dedup, 2));
    assert_non_null(find(&dedup, 3));
    assert_int_equal(dedup_add(&dedup, &again, NOW_MS + 9000), NOW_MS + 9000);
    /* Never later than the push, though it came too early for the window. */
    again = entry_of(1, NOW_MS + 5500, 2);
    assert_int_equal(dedup_add(&dedup, &again, 7), NOW_MS + 5500);
    dedup_free(&dedup);
}

TEST(dedup_key_used_again_is_that_of_the_newest_push)
{
    struct dedup dedup;

    dedup_init(&dedup);
    dedup_limit(&dedup, 1000, 3000);
    add(&dedup, 1, NOW_MS, 0);
    add(&dedup, 2, NOW_MS + 100, 0);
    add(&dedup, 1, NOW_MS + 5000, 0);
    assert_int_equal(id_time_ms(find(&dedup, 1)->id), NOW_MS + 5000);
    assert_null(dedup_fault(&dedup));
    assert_int_equal(dedup.count, 2);
    /* Over and over by the same keys: what they leave behind is given back. */
    for (uint64_t i = 0; i < 100000; i++)
        add(&dedup, 1 + i % 2, NOW_MS + 10000 + i * 1000, 0);
    assert_in_range(dedup.end - dedup.first, 1, 8);
    assert_in_range(dedup_bytes(&dedup), 1, 150000);
    dedup_free(&dedup);
}

/* The place whose name would be 0 is left out. */
TEST(dedup_goes_on_beyond_2_to_the_32_pushes)
{
    struct dedup dedup;
    uint64_t at = 0, n = 0;

    dedup_init(&dedup);
    dedup_limit(&dedup, 1000, 3000);
    dedup.first = dedup.end = UINT64_C(1) << 32;
    add(&dedup, 1, NOW_MS, 0);
    assert_int_equal(dedup.end - dedup.first, 1);
    assert_null(dedup_fault(&dedup));
    dedup_free(&dedup);
    dedup.first = dedup.end = UINT32_MAX - 1500;
    for (uint64_t key = 1; key <= 5000; key++)
        add(&dedup, key, NOW_MS, 0);
    assert_null(dedup_fault(&dedup));
    assert_true(dedup.end > UINT32_MAX);
    while (dedup_next(&dedup, &at))
        n++;
    assert_int_equal(n, 3000);
    dedup_free(&dedup);
}
