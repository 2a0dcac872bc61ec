/* json_check_test.c - see json_check.h and json_walk.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/json_check.h"
#include "wire/json_walk.h"

#include <stdlib.h>

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

static void assert_error(struct slice json, const char *text)
{
    char error[JSON_ERROR_BYTES] = "";
    char *copy = guarded(json.ptr, json.len);

    assert_int_equal(json_check(slice_of(copy, json.len), error), text[0] ? GMQ_E_JSON : 0);
    assert_string_equal(error, text);
    guarded_free(copy, json.len);
}

TEST(json_check_accepts_what_go_accepts)
{
    static const char *const good[] = {
        "{}", "[]", " \t\r\n[ 1 , 2 ]\n", "null", "true", "false", "0", "-0", "-0.0", "12", "1.5", "1e2", "1E+2",
        "0e-7", "1.25e10", "\"\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"", "{\"a\":{\"b\":[{}]},\"a\":1}",
        "\"\x7f\xff\xfe\"", "{ \"a\" : [ ] , \"b\" : { } }", "[[],[[]],{\"\":0}]",
        "\"\\ud800\"", "[1,\"a\",null,true,{\"x\":[0]}]"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_error(slice_str(good[i]), "");
}

TEST(json_check_speaks_like_go)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{bad", "invalid character 'b' looking for beginning of object key string"},
        {"{\"body\":\"x\",\"topic\":\"game_1\"}x", "invalid character 'x' after top-level value"},
        {"{\"body\":\"x\",\"topic\":\"game_1\"", "unexpected end of JSON input"},
        {"{\"body\":\"a b", "unexpected end of JSON input"},
        {"{\"body\":\"a\x01" "b\",\"topic\":\"esc\"}", "invalid character '\\x01' in string literal"},
        {"", "unexpected end of JSON input"},
        {"  ", "unexpected end of JSON input"},
        {"x", "invalid character 'x' looking for beginning of value"},
        {"'a'", "invalid character '\\'' looking for beginning of value"},
        {"[1,]", "invalid character ']' looking for beginning of value"},
        {"[1 2]", "invalid character '2' after array element"},
        {"{\"a\" 1}", "invalid character '1' after object key"},
        {"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"},
        {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
        {"{,}", "invalid character ',' looking for beginning of object key string"},
        {"\"\\x\"", "invalid character 'x' in string escape code"},
        {"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"},
        {"\"a\nb\"", "invalid character '\\n' in string literal"},
        {"-", "invalid character ' ' in numeric literal"},
        {"-a", "invalid character 'a' in numeric literal"},
        {"01", "invalid character '1' after top-level value"},
        {"1.", "invalid character ' ' after decimal point in numeric literal"},
        {"1.e", "invalid character 'e' after decimal point in numeric literal"},
        {"1e", "invalid character ' ' in exponent of numeric literal"},
        {"1e+x", "invalid character 'x' in exponent of numeric literal"},
        {"tr", "invalid character ' ' in literal true (expecting 'u')"},
        {"tx", "invalid character 'x' in literal true (expecting 'r')"},
        {"fals", "invalid character ' ' in literal false (expecting 'e')"},
        {"nil", "invalid character 'i' in literal null (expecting 'u')"},
        {"nullx", "invalid character 'x' after top-level value"},
        {"{\\", "invalid character '\\\\' looking for beginning of object key string"},
        {"\x7f", "invalid character '\\x7f' looking for beginning of value"},
        {"\xe4", "invalid character '\xc3\xa4' looking for beginning of value"},
        {"\x80", "invalid character '\\u0080' looking for beginning of value"},
        {"\xa0", "invalid character '\\u00a0' looking for beginning of value"},
        {"[]]", "invalid character ']' after top-level value"},
        {"[}", "invalid character '}' looking for beginning of value"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_error(slice_str(cases[i].json), cases[i].text);
    assert_error(BYTES("\0"), "invalid character '\\x00' looking for beginning of value");
    assert_error(BYTES("\"\\\0\""), "invalid character '\\x00' in string escape code");
}

TEST(json_check_refuses_every_prefix_of_an_object)
{
    static const char json[] = "{\"k\":[true,false,null,-1.5e+3,\"\\u00e9\\n\",{}],\"\":{\"a\":[]}}";
    char error[JSON_ERROR_BYTES];

    for (size_t len = 0; len + 1 < sizeof(json); len++) {
        char *copy = guarded(json, len);
        assert_int_equal(json_check(slice_of(copy, len), error), GMQ_E_JSON);
        guarded_free(copy, len);
    }
    assert_error(slice_str(json), "");
}

TEST(json_check_stops_at_its_depth)
{
    size_t depth = JSON_DEPTH_MAX + 1;
    char *json = malloc(2 * depth);

    memset(json, '[', depth);
    memset(json + depth, ']', depth);
    assert_error(slice_of(json + 1, 2 * depth - 2), "");
    assert_error(slice_of(json, 2 * depth), "invalid character '[' exceeded max depth");
    free(json);
}

static void assert_unescapes(struct slice text, struct slice want)
{
    struct buf buf;

    buf_init(&buf, 1000);
    assert_true(buf_append_str(&buf, "before"));
    assert_true(json_unescape(text, &buf));
    assert_int_equal(buf_len(&buf), 6 + want.len);
    assert_memory_equal(buf_data(&buf) + 6, want.ptr, want.len);
    buf_free(&buf);
}

TEST(json_unescape_follows_go)
{
    assert_unescapes(BYTES("plain"), BYTES("plain"));
    assert_unescapes(BYTES(""), BYTES(""));
    assert_unescapes(BYTES("q\\\" b\\\\ s\\/ \\b\\f\\n\\r\\t z\\u0000."), BYTES("q\" b\\ s/ \b\f\n\r\t z\0."));
    assert_unescapes(BYTES("\\u4e2d\\u00e9\\u0041\\uFFFD"), BYTES("\xe4\xb8\xad\xc3\xa9" "A\xef\xbf\xbd"));
    assert_unescapes(BYTES("\\ud83d\\ude00"), BYTES("\xf0\x9f\x98\x80"));
    assert_unescapes(BYTES("lone\\ud800"), BYTES("lone\xef\xbf\xbd"));
    assert_unescapes(BYTES("\\ud800\\u0041"), BYTES("\xef\xbf\xbd" "A"));
    assert_unescapes(BYTES("\\ud800\\ud83d\\ude00"), BYTES("\xef\xbf\xbd\xf0\x9f\x98\x80"));
    assert_unescapes(BYTES("\\ude00\\ud83d"), BYTES("\xef\xbf\xbd\xef\xbf\xbd"));
    assert_unescapes(BYTES("\xff\xfe\x80ok\xe4\xb8\xad"), BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdok\xe4\xb8\xad"));
}

TEST(json_unescape_appends_all_or_nothing)
{
    struct buf buf;

    buf_init(&buf, 5);
    assert_true(json_unescape(BYTES("ab"), &buf));
    assert_false(json_unescape(BYTES("c\\u4e2d"), &buf));
    assert_int_equal(buf_len(&buf), 2);
    assert_true(json_unescape(BYTES("\xff"), &buf));
    buf_free(&buf);
}

TEST(json_walk_finds_members_and_elements_without_a_tree)
{
    struct slice json = BYTES(" { \"a\" : [ 1 , [\"]\\\"\"], {}, \"x\" ] ,\"b}\":{\"c\":{}},\"d\":-2} ");
    struct json_value top = json_walk_value(json);
    struct slice rest = json_walk_inside(&top), key, inner;
    struct json_value value, element;

    assert_int_equal(top.kind, JSON_OBJECT);
    assert_true(json_walk_member(&rest, &key, &value) && slice_is(key, "a") && value.kind == JSON_ARRAY);
    inner = json_walk_inside(&value);
    assert_true(json_walk_element(&inner, &element) && element.kind == JSON_NUMBER && slice_is(element.text, "1"));
    assert_true(json_walk_element(&inner, &element) && slice_is(element.text, "[\"]\\\"\"]"));
    assert_true(json_walk_element(&inner, &element) && slice_is(element.text, "{}"));
    assert_true(json_walk_element(&inner, &element) && element.kind == JSON_STRING && slice_is(element.text, "x"));
    assert_false(json_walk_element(&inner, &element));
    assert_true(json_walk_member(&rest, &key, &value) && slice_is(key, "b}") && slice_is(value.text, "{\"c\":{}}"));
    assert_true(json_walk_member(&rest, &key, &value) && slice_is(key, "d") && slice_is(value.text, "-2"));
    assert_false(json_walk_member(&rest, &key, &value));
}

TEST(json_key_is_blind_to_case_and_escapes)
{
    assert_true(json_key_is(BYTES("body"), "body"));
    assert_true(json_key_is(BYTES("BoDY"), "body"));
    assert_true(json_key_is(BYTES("\\u0062o\\u0044y"), "body"));
    assert_false(json_key_is(BYTES("bod"), "body"));
    assert_false(json_key_is(BYTES("bodyx"), "body"));
    assert_false(json_key_is(BYTES("bod\\u0059\\u0000"), "body"));
    assert_false(json_key_is(BYTES(""), "body"));
    assert_false(json_key_is(BYTES("\xff"), "body"));
}
