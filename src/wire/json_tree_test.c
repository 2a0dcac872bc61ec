/* json_tree_test.c - SPDX-License-Identifier: MIT */
#include "wire/json_tree.h"

#include "unit/unit.h"

#include <errno.h>

static int error_of(const char *text)
{
    int err;
    struct json_object *root = json_tree_read(slice_str(text), 4, &err);

    assert_true((root == NULL) == (err != 0));
    (void)json_object_put(root);
    return err;
}

TEST(json_tree_takes_what_go_takes)
{
    assert_int_equal(error_of("{\"a\":[\"\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80\",1,true,null]}"), 0);
    assert_int_equal(error_of("  \"x\"  "), 0);
    assert_int_equal(error_of("12"), 0);
    assert_int_equal(error_of("-1.5e3"), 0);
}

TEST(json_tree_refuses_the_rest)
{
    static const char *const bad[] = {"", "null", "010", "{\"a\":1} x", "{'a':1}", "[1,]", "\"\x01\"", "\"\xff\"",
                                      "[[[[[1]]]]]", "nul", "\"x"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(error_of(bad[i]), -EPROTO);
}
