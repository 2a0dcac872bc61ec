/* users_file_test.c - see users_file.h. SPDX-License-Identifier: MIT */
#include "gweb/users_file.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static struct user_edit edit_of(enum user_edit_kind kind, const char *name, enum role role)
{
    struct user_edit edit = {.kind = kind, .role = role, .hash = "$y$x"};

    (void)snprintf(edit.name, sizeof(edit.name), "%s", name);
    return edit;
}

static int now(struct users_file *file, enum user_edit_kind kind, const char *name)
{
    struct user_edit edit = edit_of(kind, name, ROLE_ADMIN);

    return users_file_edit_now(file, &edit);
}

struct seen {
    int errs[8];
    size_t count;
};

static void on_done(void *ctx, int err)
{
    struct seen *seen = ctx;

    seen->errs[seen->count++] = err;
}

static void later(struct users_file *file, enum user_edit_kind kind, const char *name, struct seen *seen)
{
    struct user_edit edit = edit_of(kind, name, ROLE_VIEWER);

    assert_int_equal(users_file_edit(file, &edit, on_done, seen), 0);
}

TEST(users_file_keeps_what_was_changed)
{
    char *dir = unit_tmpdir(), path[4200];
    struct users_file file;
    struct stat stat_now;

    assert_int_equal(users_file_open(&file, NULL, dir), 0);
    assert_int_equal(file.users.count, 0);
    assert_int_equal(now(&file, USER_ADD, "ann"), 0);
    assert_int_equal(now(&file, USER_ADD, "ann"), GMQ_E_USER_EXISTS);
    assert_int_equal(now(&file, USER_ADD, "bob"), 0);
    users_file_close(&file);
    assert_int_equal(users_file_open(&file, NULL, dir), 0);
    assert_int_equal(file.users.count, 2);
    users_file_close(&file);
    (void)snprintf(path, sizeof(path), "%s/users", dir);
    assert_int_equal(stat(path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 0777, 0600);
    free(dir);
}

TEST(users_file_makes_changes_in_their_order)
{
    char *dir = unit_tmpdir();
    struct users_file file;
    struct seen seen = {.count = 0};
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(users_file_open(&file, &loop, dir), 0);
    assert_int_equal(now(&file, USER_ADD, "root"), 0);
    later(&file, USER_ADD, "ann", &seen);
    later(&file, USER_ADD, "ann", &seen);
    later(&file, USER_REMOVE, "ann", &seen);
    later(&file, USER_REMOVE, "root", &seen);
    later(&file, USER_ADD, "bob", &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(file.users.count, 1);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.errs[0], 0);
    assert_int_equal(seen.errs[1], GMQ_E_USER_EXISTS);
    assert_int_equal(seen.errs[2], 0);
    assert_int_equal(seen.errs[3], GMQ_E_LAST_ADMIN);
    assert_int_equal(seen.errs[4], 0);
    assert_int_equal(file.users.count, 2);
    users_file_close(&file);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(dir);
}

TEST(users_file_that_cannot_be_written_changes_nobody)
{
    char *dir = unit_tmpdir(), gone[4200];
    struct users_file file;
    struct seen seen = {.count = 0};
    uv_loop_t loop;

    (void)snprintf(gone, sizeof(gone), "%s/gone", dir);
    assert_int_equal(mkdir(gone, 0700), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(users_file_open(&file, &loop, gone), 0);
    assert_int_equal(now(&file, USER_ADD, "root"), 0);
    (void)snprintf(gone, sizeof(gone), "%s/gone/users", dir);
    assert_int_equal(unlink(gone), 0);
    (void)snprintf(gone, sizeof(gone), "%s/gone", dir);
    assert_int_equal(rmdir(gone), 0);
    later(&file, USER_ADD, "ann", &seen);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.errs[0], -ENOENT);
    assert_int_equal(now(&file, USER_ADD, "bob"), -ENOENT);
    assert_int_equal(file.users.count, 1);
    users_file_close(&file);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(dir);
}
