/* digest_test.c - SHA-256 over number and key. SPDX-License-Identifier: MIT */
#include "net/digest.h"

#include "unit/unit.h"

TEST(digest_of_a_key_is_the_front_of_a_sha256)
{
    uint64_t words[2];

    digest_key(7, slice_str("order-17"), words);
    assert_int_equal(words[0], UINT64_C(0x471b7cde47ee9402));
    assert_int_equal(words[1], UINT64_C(0xfa37bddec86be663));
    digest_key(0, slice_str(""), words);
    assert_int_equal(words[0], UINT64_C(0xdf3f619804a92fdb));
    assert_int_equal(words[1], UINT64_C(0x4057192dc43dd748));
}

TEST(digest_of_a_key_is_another_in_another_queue)
{
    uint64_t one[2], two[2];

    digest_key(1, slice_str("order-17"), one);
    digest_key(2, slice_str("order-17"), two);
    assert_true(one[0] != two[0] && one[1] != two[1]);
}
