/* keys_test.c - messages by their keys. SPDX-License-Identifier: MIT */
#include "engine/keys.h"

#include <stdlib.h>

#include "engine/tape.h"
#include "unit/unit.h"

TEST(keys_of_one_hash_come_newest_first)
{
    struct keys keys = {.count = 0};

    assert_int_equal(keys_find(&keys, 5, 0), 0);
    assert_int_equal(keys_bytes(&keys), 0);
    assert_true(keys_add(&keys, 5, 100));
    assert_true(keys_add(&keys, 5, 200));
    assert_true(keys_add(&keys, 6, 300));
    assert_true(keys_add(&keys, 5, 400));
    assert_false(keys_add(&keys, 7, 200));
    assert_false(keys_add(&keys, 7, 0));
    assert_int_equal(keys_find(&keys, 5, 0), 400);
    assert_int_equal(keys_find(&keys, 5, 1), 200);
    assert_int_equal(keys_find(&keys, 5, 2), 100);
    assert_int_equal(keys_find(&keys, 5, 3), 0);
    assert_int_equal(keys_find(&keys, 7, 0), 0);
    assert_null(keys_fault(&keys));
    assert_true(keys_remove(&keys, 200));
    assert_false(keys_remove(&keys, 200));
    assert_int_equal(keys_find(&keys, 5, 1), 100);
    assert_true(keys_remove(&keys, 400));
    assert_int_equal(keys_find(&keys, 5, 0), 100);
    assert_null(keys_fault(&keys));
    assert_true(keys_remove(&keys, 100));
    assert_true(keys_remove(&keys, 300));
    assert_int_equal(keys_bytes(&keys), 0);
}

TEST(keys_hash_tells_queues_and_keys_apart)
{
    static const char *const KEYS[] = {"", "a", "b", "ab", "12345678", "123456780", "1234567812345678", "12345678a"};

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        for (size_t j = 0; j < ARRAY_LEN(KEYS); j++) {
            assert_true((keys_hash(1, slice_str(KEYS[i])) == keys_hash(1, slice_str(KEYS[j]))) == (i == j));
            assert_true(keys_hash(1, slice_str(KEYS[i])) != keys_hash(2, slice_str(KEYS[j])));
        }
    assert_true(keys_hash(1, slice_of("a\0", 2)) != keys_hash(1, slice_of("a", 1)));
}

/* Against a plain array: 20,000 adds and removes with few hashes. */
TEST(keys_are_what_a_plain_list_says)
{
    enum { STEPS = 20000, HASHES = 700 };
    struct keys keys = {.count = 0};
    uint64_t *hash_of = calloc(STEPS + 1, sizeof(*hash_of)), dice = 4711, living = 0;

    for (uint64_t lsn = 1; lsn <= STEPS; lsn++) {
        hash_of[lsn] = 1 + tape_below(&dice, HASHES);
        assert_true(keys_add(&keys, hash_of[lsn], lsn));
        living++;
        uint64_t gone = 1 + tape_below(&dice, lsn);
        assert_true(keys_remove(&keys, gone) == (hash_of[gone] != 0));
        living -= hash_of[gone] != 0;
        hash_of[gone] = 0;
        assert_int_equal(keys.count, living);
    }
    assert_null(keys_fault(&keys));
    for (uint64_t hash = 1; hash <= HASHES; hash++) {
        uint32_t i = 0;
        for (uint64_t lsn = STEPS; lsn > 0; lsn--)
            if (hash_of[lsn] == hash)
                assert_int_equal(keys_find(&keys, hash, i++), lsn);
        assert_int_equal(keys_find(&keys, hash, i), 0);
    }
    assert_in_range(keys_bytes(&keys), 1, 400000);
    free(hash_of);
    keys_free(&keys);
}

TEST(keys_with_one_hash_for_all_cost_no_more)
{
    struct keys keys = {.count = 0};

    for (uint64_t lsn = 1; lsn <= 200000; lsn++)
        assert_true(keys_add(&keys, 5, lsn));
    for (uint64_t lsn = 1; lsn <= 200000; lsn += 2)
        assert_true(keys_remove(&keys, lsn));
    assert_int_equal(keys_find(&keys, 5, 0), 200000);
    assert_null(keys_fault(&keys));
    for (uint64_t lsn = 200000; lsn > 0; lsn -= 2)
        assert_true(keys_remove(&keys, lsn));
    assert_int_equal(keys.count, 0);
}
