/* password_test.c - see password.h. SPDX-License-Identifier: MIT */
#include "gweb/password.h"

#include "unit/unit.h"

#include <stdio.h>

#include "base/err.h"

TEST(password_matches_its_hash_alone)
{
    char hash[PASSWORD_HASH_BYTES], other[PASSWORD_HASH_BYTES];

    assert_int_equal(password_hash("correct horse", hash), 0);
    assert_int_equal(strncmp(hash, "$y$", 3), 0);
    assert_true(password_matches("correct horse", hash));
    assert_false(password_matches("correct hors", hash));
    assert_false(password_matches("correct horse ", hash));
    assert_false(password_matches("", hash));
    assert_int_equal(password_hash("correct horse", other), 0);
    assert_string_not_equal(hash, other);
}

TEST(password_matches_no_broken_hash)
{
    static const char *const BAD[] = {"", "*0", "*1", "$y$", "x", "$9$a$b", "$y$j9T$", "correct horse"};

    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_false(password_matches("correct horse", BAD[i]));
}

TEST(password_made_is_good_and_another_each_time)
{
    char one[PASSWORD_MADE_BYTES], two[PASSWORD_MADE_BYTES];

    assert_int_equal(password_make(one), 0);
    assert_int_equal(password_make(two), 0);
    assert_string_not_equal(one, two);
    assert_true(password_ok(slice_str(one)));
}

struct seen {
    unsigned count, matched, made;
};

static void on_done(void *ctx, bool matches, const char *hash)
{
    struct seen *seen = ctx;

    seen->count++;
    seen->matched += matches;
    seen->made += strncmp(hash, "$y$", 3) == 0;
}

TEST(passwords_are_worked_on_elsewhere_and_only_so_many)
{
    uv_loop_t loop;
    struct passwords passwords;
    struct seen seen = {.count = 0};
    char hash[PASSWORD_HASH_BYTES];
    int err = 0, taken = 0;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(passwords_open(&passwords, &loop), 0);
    assert_int_equal(password_hash("right one", hash), 0);
    assert_int_equal(passwords_check(&passwords, slice_str("right one"), hash, on_done, &seen), 0);
    assert_int_equal(passwords_check(&passwords, slice_str("wrong one"), hash, on_done, &seen), 0);
    assert_int_equal(passwords_check(&passwords, slice_str("nobody"), NULL, on_done, &seen), 0);
    assert_int_equal(passwords_make(&passwords, slice_str("a new one"), on_done, &seen), 0);
    assert_int_equal(passwords.running, PASSWORDS_RUNNING_MAX);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.matched, 1);
    assert_int_equal(seen.made, 4);
    while (err == 0) {
        err = passwords_check(&passwords, slice_str("x"), "*", on_done, &seen);
        taken += err == 0;
    }
    assert_int_equal(err, GMQ_E_TOO_MANY_LOGINS);
    assert_int_equal(taken, PASSWORDS_RUNNING_MAX + PASSWORDS_WAITING_MAX);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.count, 4 + taken);
    assert_int_equal(uv_loop_close(&loop), 0);
}
