/* tries_test.c - see tries.h. SPDX-License-Identifier: MIT */
#include "gweb/tries.h"

#include "unit/unit.h"

#include <stdio.h>

TEST(tries_end_and_come_back_one_by_one)
{
    struct tries tries;
    struct slice key = slice_str("10.0.0.1");
    bool first;

    tries_init(&tries, 3, 1000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tries_take(&tries, key, 50, &first), 0);
    assert_int_equal(tries_take(&tries, key, 50, &first), 1000);
    assert_true(first);
    assert_int_equal(tries_take(&tries, key, 550, &first), 500);
    assert_false(first);
    assert_int_equal(tries_take(&tries, slice_str("10.0.0.2"), 550, &first), 0);
    assert_int_equal(tries_take(&tries, key, 1049, &first), 1);
    assert_int_equal(tries_take(&tries, key, 1050, &first), 0);
    assert_int_equal(tries_take(&tries, key, 1050, &first), 1000);
    assert_true(first);
    tries_give(&tries, key);
    assert_int_equal(tries_take(&tries, key, 1050, &first), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tries_take(&tries, key, 1000000, &first), 0);
    assert_int_not_equal(tries_take(&tries, key, 1000000, &first), 0);
    tries_fini(&tries);
}

TEST(tries_know_only_so_many)
{
    struct tries tries;
    char key[32];
    bool first;

    tries_init(&tries, 1, 1000);
    for (int i = 0; i < 3 * TRIES_MAX; i++) {
        int len = snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(tries_take(&tries, slice_of(key, (size_t)len), 0, &first), 0);
    }
    assert_int_equal(tries.count, TRIES_MAX);
    assert_int_not_equal(tries_take(&tries, slice_str("k12287"), 0, &first), 0);
    assert_int_equal(tries_take(&tries, slice_str("k0"), 0, &first), 0);
    tries_give(&tries, slice_str("k1"));
    tries_fini(&tries);
}

TEST(tries_forget_who_was_only_made_known_as_well)
{
    struct tries tries;
    char key[16];

    tries_init(&tries, 1, 1000);
    for (int i = 0; i < 2 * TRIES_MAX; i++) {
        int len = snprintf(key, sizeof(key), "k%d", i);
        tries_know(&tries, slice_of(key, (size_t)len));
    }
    assert_int_equal(tries.count, TRIES_MAX);
    assert_false(tries_knows(&tries, slice_str("k0")));
    assert_true(tries_knows(&tries, slice_str(key)));
    tries_fini(&tries);
    assert_int_equal(tries.count, 0);
}

TEST(tries_look_at_no_more_of_a_key_than_there_is_room)
{
    struct tries tries;
    char *key = guarded("a long key", 10);
    char longer[2 * TRIES_KEY_BYTES] = {0};
    bool first;

    tries_init(&tries, 1, 1000);
    assert_int_equal(tries_take(&tries, slice_of(key, 10), 0, &first), 0);
    assert_int_equal(tries_take(&tries, slice_of(key, 9), 0, &first), 0);
    assert_int_equal(tries_take(&tries, slice_of(longer, sizeof(longer)), 0, &first), 0);
    assert_int_equal(tries_take(&tries, slice_of(NULL, 0), 0, &first), 1000);
    guarded_free(key, 10);
    tries_fini(&tries);
}

TEST(tries_of_ipv6_are_those_of_a_network)
{
    static const char *const CASES[][2] = {
        {"10.0.0.1", "10.0.0.1"}, {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"}, {"::1", "::"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.1"}, {"", ""}, {"no address", "no address"},
    };
    char key[TRIES_KEY_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        tries_address_key(CASES[i][0], key);
        assert_string_equal(key, CASES[i][1]);
    }
}
