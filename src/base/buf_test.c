/* buf_test.c - see buf.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/buf.h"

static void assert_holds(const struct buf *buf, const char *text)
{
    assert_int_equal(buf_len(buf), strlen(text));
    if (text[0])
        assert_memory_equal(buf_slice(buf).ptr, text, strlen(text));
}

TEST(buf_gives_back_what_was_appended)
{
    struct buf buf;

    buf_init(&buf, 1000);
    assert_int_equal(buf_len(&buf), 0);
    assert_int_equal(buf_slice(&buf).len, 0);
    assert_true(buf_append(&buf, "abc", 3));
    assert_true(buf_append(&buf, NULL, 0));
    assert_true(buf_append_str(&buf, "def"));
    assert_true(buf_printf(&buf, "-%d-%s", 42, "x"));
    assert_holds(&buf, "abcdef-42-x");
    buf_consume(&buf, 3);
    assert_holds(&buf, "def-42-x");
    buf_consume(&buf, 8);
    assert_holds(&buf, "");
    assert_int_equal(buf.head, 0);
    buf_free(&buf);
    assert_true(buf_append_str(&buf, "again"));
    assert_holds(&buf, "again");
    buf_free(&buf);
}

TEST(buf_refuses_to_pass_its_maximum_and_is_unchanged)
{
    struct buf buf;
    char block[400] = {0};

    buf_init(&buf, 1000);
    assert_true(buf_append(&buf, block, 400));
    assert_true(buf_append(&buf, block, 400));
    assert_false(buf_append(&buf, block, 201));
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_false(buf_printf(&buf, "%0300d", 1));
    assert_int_equal(buf_len(&buf), 800);
    assert_true(buf_append(&buf, block, 200));
    assert_int_equal(buf_len(&buf), 1000);
    assert_int_equal(buf.size, 1000);
    buf_free(&buf);
}

TEST(buf_uses_consumed_room_again_before_it_grows)
{
    struct buf buf;
    char block[200];

    memset(block, 'x', sizeof(block));
    buf_init(&buf, 256);
    for (int i = 0; i < 100; i++) {
        assert_true(buf_append(&buf, block, sizeof(block)));
        assert_true(buf_append(&buf, "tail", 4));
        buf_consume(&buf, sizeof(block));
        assert_holds(&buf, "tail");
        buf_consume(&buf, 3);
        assert_true(buf_append(&buf, "yy", 2));
        assert_holds(&buf, "lyy");
        buf_consume(&buf, 3);
    }
    assert_int_equal(buf.size, 256);
    buf_free(&buf);
}

TEST(buf_cut_takes_back_what_was_appended)
{
    struct buf buf;

    buf_init(&buf, 256);
    assert_true(buf_append_str(&buf, "abcdef"));
    buf_consume(&buf, 2);
    size_t len = buf_len(&buf);
    assert_true(buf_append_str(&buf, "ghi"));
    buf_cut(&buf, len);
    assert_holds(&buf, "cdef");
    buf_cut(&buf, 0);
    assert_holds(&buf, "");
    buf_free(&buf);
}
