/* file_test.c - the file is replaced as a whole. SPDX-License-Identifier: MIT */
#include "app/file.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>

TEST(file_saves_replaces_and_loads)
{
    char *dir = unit_tmpdir();
    struct buf got;

    buf_init(&got, 16);
    assert_int_equal(file_load(dir, "nodes", &got), -ENOENT);
    assert_int_equal(file_save(dir, "nodes", slice_str("a long content"), 0644), 0);
    assert_int_equal(file_save(dir, "nodes", slice_str("short"), 0600), 0);
    assert_int_equal(file_load(dir, "nodes", &got), 0);
    assert_true(slice_is(buf_slice(&got), "short"));
    assert_int_equal(file_load(dir, "nodes.new", &got), -ENOENT);
    assert_int_equal(file_set_aside(dir, "nodes"), 0);
    assert_int_equal(file_load(dir, "nodes", &got), -ENOENT);
    assert_int_equal(file_set_aside(dir, "nodes"), -ENOENT);
    buf_clear(&got);
    assert_int_equal(file_load(dir, "nodes.bad", &got), 0);
    assert_int_equal(file_save(dir, "nodes", slice_str("more than sixteen bytes"), 0600), 0);
    assert_int_equal(file_load(dir, "nodes", &got), -EFBIG);
    buf_free(&got);
    free(dir);
}

TEST(file_says_when_the_directory_is_not_there)
{
    struct buf got;

    buf_init(&got, 16);
    assert_int_equal(file_save("/nowhere", "x", slice_str("x"), 0600), -ENOENT);
    assert_int_equal(file_load("/nowhere", "x", &got), -ENOENT);
    assert_int_equal(file_set_aside("/nowhere", "x"), -ENOENT);
    buf_free(&got);
}
