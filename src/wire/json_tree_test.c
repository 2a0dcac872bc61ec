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

static void check_string(const char *json, const char *should)
{
    int err;
    struct json_object *root = json_tree_read(slice_str(json), 4, &err);

    assert_non_null(root);
    assert_int_equal(json_object_get_string_len(root), strlen(should));
    assert_string_equal(json_object_get_string(root), should);
    (void)json_object_put(root);
}

TEST(json_tree_reads_escaped_characters_beyond_the_basic_plane)
{
    check_string("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80");
    check_string("\"\\ud83d\\ude00\\uD83D\\uDE01\\ud83d\\ude02x\"",
                 "\xf0\x9f\x98\x80\xf0\x9f\x98\x81\xf0\x9f\x98\x82x");
    check_string("\"\\udbff\\udfff\\ud800\\udc00\"", "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80");
    check_string("\"\\\\ud83d\\\\ude00\"", "\\ud83d\\ude00");
    check_string("\"\\\\\\ud83d\\ude00\"", "\\\xf0\x9f\x98\x80");
    check_string("\"\\ud83dx\\ude00\"", "\xef\xbf\xbdx\xef\xbf\xbd");
    check_string("\"\\u00e4\\n\"", "\xc3\xa4\n");
}

static bool is_whole(const char *json)
{
    int err;
    struct json_object *root = json_tree_read(slice_str(json), 8, &err);

    assert_non_null(root);
    struct json_size size = json_tree_size(slice_str(json));
    bool whole = !size.has_nul && json_tree_has_members(root, size.members);
    (void)json_object_put(root);
    return whole;
}

TEST(json_tree_with_every_member_is_told_from_one_that_lost_some)
{
    static const char *const whole[] = {
        "{}", "[]", "\"a:b\"", "{\"a\":null}", "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":\"c:\\\"d\\\":\"}",
        "{\"a\":\"\\u0000\"}", "{\"\":1,\" \":2}", "{\"a\" : 1 , \"A\" : 2}",
    };
    static const char *const lossy[] = {
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":1}", "{\"a\\u0000\":1}", "{\"b\":[{\"a\":{\"x\":1,\"x\":2}}]}",
        "{\"a\":null,\"a\":2}",
    };

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        assert_true(is_whole(whole[i]));
    for (size_t i = 0; i < ARRAY_LEN(lossy); i++)
        assert_false(is_whole(lossy[i]));
}

TEST(json_tree_is_counted_before_it_is_read)
{
    struct json_size size = json_tree_size(slice_str("{\"a{,:\\\"\":[{},{},1,\"[,]\"],\"b\":{\"c\":null}}"));

    assert_int_equal(size.objects, 4);
    assert_int_equal(size.members, 3);
    assert_int_equal(size.values, 9);
    assert_false(size.has_nul);
    size = json_tree_size(slice_str("7"));
    assert_int_equal(size.values, 0);
}
