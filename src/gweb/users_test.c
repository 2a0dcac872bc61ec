/* users_test.c - see users.h. SPDX-License-Identifier: MIT */
#include "gweb/users.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"

static const char TEXT[] = "gmq-users 1\n"
                           "ann viewer 1732300000000 $y$j9T$x$y\n"
                           "bob admin 0 $6$a\n"
                           "\xe5\xb0\x8f admin 18446744073709551615 $y$\n"
                           "end 3\n";

static int edit(struct users *users, enum user_edit_kind kind, const char *name, enum role role, const char *hash)
{
    struct user_edit one = {.kind = kind, .role = role, .now_ms = 7};

    (void)snprintf(one.name, sizeof(one.name), "%s", name);
    (void)snprintf(one.hash, sizeof(one.hash), "%s", hash);
    return users_edit(users, &one);
}

TEST(users_are_read_and_written_as_they_were)
{
    struct users users = {.list = NULL};
    struct buf out;
    unsigned line;

    buf_init(&out, USERS_FILE_BYTES);
    assert_int_equal(users_decode(&users, slice_str(TEXT), &line), 0);
    assert_int_equal(users.count, 3);
    assert_int_equal(users_find(&users, slice_str("bob"))->role, ROLE_ADMIN);
    assert_null(users_find(&users, slice_str("bo")));
    assert_null(users_find(&users, slice_str("")));
    assert_true(users_encode(&users, &out));
    assert_true(slice_is(buf_slice(&out), TEXT));
    users_free(&users);
    buf_free(&out);
}

TEST(users_refuse_every_part_of_a_file)
{
    for (size_t len = 0; len < sizeof(TEXT) - 1; len++) {
        struct users users = {.list = NULL};
        char *text = guarded(TEXT, len);
        unsigned line;

        assert_int_equal(users_decode(&users, slice_of(text, len), &line), -EBADMSG);
        assert_null(users.list);
        guarded_free(text, len);
    }
}

TEST(users_refuse_what_was_not_written_by_them)
{
    static const char *const BAD[] = {
        "gmq-users 1\nann admin 0 $y$\nend 2\n",        "gmq-users 1\nann admin 0 $y$\nend 1\nmore",
        "gmq-users 1\nann root 0 $y$\nend 1\n",         "gmq-users 1\nann admin -1 $y$\nend 1\n",
        "gmq-users 1\nann admin 0 $y $\nend 1\n",       "gmq-users 1\nann admin 0 \nend 1\n",
        "gmq-users 1\nann anybody 0 $y$\nend 1\n",      "gmq-users 1\nbob admin 0 $y$\nann admin 0 $y$\nend 2\n",
        "gmq-users 1\nann admin 0 $y$\nann admin 0 $y$\nend 2\n", "gmq-users 1\nann  admin 0 $y$\nend 1\n",
        "gmq-users 1\r\nend 0\r\n",                     "users\n",
        "gmq-users 1\nann admin 0 \xff\xff\xff\nend 1\n", "gmq-users 1\n/ admin 0 $y$\nend 1\n",
    };
    struct users users = {.list = NULL};
    unsigned line;

    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_int_equal(users_decode(&users, slice_str(BAD[i]), &line), -EBADMSG);
    assert_int_equal(users_decode(&users, slice_str("gmq-users 2\nend 0\n"), &line), -ENOTSUP);
    assert_int_equal(users_decode(&users, slice_str("gmq-users 1\nend 0\n"), &line), 0);
    assert_int_equal(users_decode(&users, slice_str("gmq-users 1\na admin 0 $y$\nx\n"), &line), -EBADMSG);
    assert_int_equal(line, 3);
}

TEST(users_change_one_by_one)
{
    struct users users = {.list = NULL};

    assert_int_equal(edit(&users, USER_ADD, "mia", ROLE_ADMIN, "$1"), 0);
    assert_int_equal(edit(&users, USER_ADD, "ann", ROLE_VIEWER, "$2"), 0);
    assert_int_equal(edit(&users, USER_ADD, "zoe", ROLE_VIEWER, "$3"), 0);
    assert_int_equal(edit(&users, USER_ADD, "ann", ROLE_VIEWER, "$2"), GMQ_E_USER_EXISTS);
    assert_string_equal(users.list[0].name, "ann");
    assert_string_equal(users.list[2].name, "zoe");
    assert_int_equal(edit(&users, USER_REMOVE, "mia", ROLE_ANYBODY, ""), GMQ_E_LAST_ADMIN);
    assert_int_equal(edit(&users, USER_CHANGE, "mia", ROLE_VIEWER, ""), GMQ_E_LAST_ADMIN);
    assert_int_equal(edit(&users, USER_CHANGE, "mia", ROLE_ADMIN, "$4"), 0);
    assert_string_equal(users_find(&users, slice_str("mia"))->hash, "$4");
    assert_int_equal(edit(&users, USER_CHANGE, "ann", ROLE_ADMIN, ""), 0);
    assert_string_equal(users_find(&users, slice_str("ann"))->hash, "$2");
    assert_int_equal(edit(&users, USER_REMOVE, "mia", ROLE_ANYBODY, ""), 0);
    assert_int_equal(edit(&users, USER_REMOVE, "mia", ROLE_ANYBODY, ""), GMQ_E_USER_UNKNOWN);
    assert_int_equal(edit(&users, USER_REMOVE, "zoe", ROLE_ANYBODY, ""), 0);
    assert_int_equal(edit(&users, USER_REMOVE, "ann", ROLE_ANYBODY, ""), GMQ_E_LAST_ADMIN);
    assert_int_equal(users.count, 1);
    users_free(&users);
}

TEST(users_of_a_full_list_fit_into_its_file)
{
    struct users users = {.list = NULL};
    struct users again = {.list = NULL};
    char name[USER_NAME_BYTES_MAX + 1], hash[PASSWORD_HASH_BYTES];
    struct buf out;
    unsigned line;

    memset(hash, '$', sizeof(hash) - 1);
    hash[sizeof(hash) - 1] = '\0';
    for (int i = 0; i < USERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%064d", (i * 7919) % USERS_MAX);
        assert_int_equal(edit(&users, USER_ADD, name, ROLE_VIEWER, hash), 0);
    }
    assert_int_equal(edit(&users, USER_ADD, "x", ROLE_ADMIN, hash), GMQ_E_USER_LIMIT);
    buf_init(&out, USERS_FILE_BYTES);
    assert_true(users_encode(&users, &out));
    assert_int_equal(users_decode(&again, buf_slice(&out), &line), 0);
    assert_int_equal(again.count, USERS_MAX);
    users_free(&users);
    users_free(&again);
    buf_free(&out);
}

TEST(users_have_names_and_passwords_of_their_rules)
{
    assert_true(user_name_ok(slice_str("a")) && user_name_ok(slice_str("Zo\xc3\xab@x.org")));
    assert_false(user_name_ok(slice_str("")) || user_name_ok(slice_str("..")) || user_name_ok(slice_str("a\xff")));
    assert_false(user_name_ok(slice_of("a\0b", 3)) || user_name_ok(slice_str("a\x7f")) ||
                 user_name_ok(slice_str("a\\b")));
    assert_true(password_ok(slice_str("12345678")) && password_ok(slice_str("mit Leer zeichen: \"")));
    assert_false(password_ok(slice_str("1234567")) || password_ok(slice_of("1234\0" "5678", 9)) ||
                 password_ok(slice_str("tab\tis none")));
}
