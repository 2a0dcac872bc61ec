/* push_json_test.c - see push_json.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/push_json.h"

#include <errno.h>

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

static struct buf scratch = {.bytes_max = 4096};

static int read_one(struct slice json, struct push_json *ret, struct push_json_error *error)
{
    char *copy = guarded(json.ptr, json.len);

    buf_clear(&scratch);
    int err = push_json_read(slice_of(copy, json.len), &scratch, ret, error);
    if (err == 0) {
        /* What is not in the scratch is in the copy, so compare by offset into the caller's text. */
        if (ret->topic.ptr >= copy && ret->topic.ptr <= copy + json.len)
            ret->topic.ptr = json.ptr + (ret->topic.ptr - copy);
        if (ret->body.ptr >= copy && ret->body.ptr <= copy + json.len)
            ret->body.ptr = json.ptr + (ret->body.ptr - copy);
    }
    guarded_free(copy, json.len);
    return err;
}

static void assert_push(struct slice json, const char *topic, struct slice body, int64_t delay_s)
{
    struct push_json push;
    struct push_json_error error;

    assert_int_equal(read_one(json, &push, &error), 0);
    assert_true(slice_is(push.topic, topic));
    assert_int_equal(push.body.len, body.len);
    assert_true(slice_equal(push.body, body));
    assert_true(push.delay_s == delay_s);
    for (size_t len = 0; len < json.len; len++)
        if (json.ptr[0] == '{')
            assert_int_equal(read_one(slice_of(json.ptr, len), &push, &error), GMQ_E_JSON);
}

static void assert_refused(const char *json, const char *text)
{
    struct push_json push;
    struct push_json_error error;

    assert_int_equal(read_one(slice_str(json), &push, &error), GMQ_E_JSON);
    assert_string_equal(error.text, text);
}

TEST(push_json_reads_the_form_of_the_original)
{
    assert_push(BYTES("{\"body\":\"this is a job\",\"topic\":\"game_1\",\"delay\":20}"), "game_1",
                BYTES("this is a job"), 20);
    assert_push(BYTES("{\"BODY\":\"first\",\"Topic\":\"case\",\"extra\":[1,{\"a\":null}],\"body\":\"second\"}"), "case",
                BYTES("second"), 0);
    assert_push(BYTES("{\"body\":null,\"topic\":\"nulls\",\"delay\":null}"), "nulls", BYTES(""), 0);
    assert_push(BYTES("{\"body\":\"x\",\"body\":null,\"topic\":\"t\"}"), "t", BYTES("x"), 0);
    assert_push(BYTES("{\"topic\":\"hd\",\"delay\":-5}"), "hd", BYTES(""), -5);
    assert_push(BYTES("{\"topic\":\"\\u0074\",\"delay\":9223372036854775807}"), "t", BYTES(""), INT64_MAX);
    assert_push(BYTES("{}"), "", BYTES(""), 0);
    assert_push(BYTES("null"), "", BYTES(""), 0);
}

TEST(push_json_keeps_bodies_as_go_decodes_them)
{
    assert_push(BYTES("{\"body\":\"q\\\" b\\\\ s/ t\\t n\\n r\\r z\\u0000 e\\u001b d\\u007f <>& \xe2\x80\xa8 \\u4e2d "
                      "\\ud83d\\ude00 lone\\ud800\",\"topic\":\"esc\"}"),
                "esc",
                BYTES("q\" b\\ s/ t\t n\n r\r z\0 e\x1b d\x7f <>& \xe2\x80\xa8 \xe4\xb8\xad "
                      "\xf0\x9f\x98\x80 lone\xef\xbf\xbd"),
                0);
    assert_push(BYTES("{\"body\":\"\xff\xfe\x80ok\",\"topic\":\"\\u0065\"}"), "e",
                BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdok"), 0);
}

TEST(push_json_refuses_in_the_words_of_go)
{
    assert_refused("{bad", "invalid character 'b' looking for beginning of object key string");
    assert_refused("[1]", "json: cannot unmarshal array into Go value of type gnode.RecvMsgData");
    assert_refused("\"x\"", "json: cannot unmarshal string into Go value of type gnode.RecvMsgData");
    assert_refused("1", "json: cannot unmarshal number into Go value of type gnode.RecvMsgData");
    assert_refused("true", "json: cannot unmarshal bool into Go value of type gnode.RecvMsgData");
    assert_refused("{\"body\":1,\"topic\":\"game_1\"}",
                   "json: cannot unmarshal number into Go struct field RecvMsgData.body of type string");
    assert_refused("{\"topic\":[\"a\"],\"body\":1}",
                   "json: cannot unmarshal array into Go struct field RecvMsgData.topic of type string");
    assert_refused("{\"delay\":\"5\"}",
                   "json: cannot unmarshal string into Go struct field RecvMsgData.delay of type int");
    assert_refused("{\"delay\":1.5}",
                   "json: cannot unmarshal number 1.5 into Go struct field RecvMsgData.delay of type int");
    assert_refused("{\"delay\":1e2}",
                   "json: cannot unmarshal number 1e2 into Go struct field RecvMsgData.delay of type int");
    assert_refused("{\"delay\":{}}",
                   "json: cannot unmarshal object into Go struct field RecvMsgData.delay of type int");
    assert_refused("{\"delay\":false}",
                   "json: cannot unmarshal bool into Go struct field RecvMsgData.delay of type int");
    assert_refused("{\"delay\":9223372036854775808}", "json: cannot unmarshal number 9223372036854775808 into Go "
                                                      "struct field RecvMsgData.delay of type int");
}

TEST(push_json_fails_when_the_scratch_is_full)
{
    struct buf small;
    struct push_json push;
    struct push_json_error error;

    buf_init(&small, 4);
    assert_int_equal(push_json_read(BYTES("{\"body\":\"\\u4e2d\\u4e2d\"}"), &small, &push, &error), -ENOMEM);
    buf_free(&small);
}

/* ---- batches -------------------------------------------------------------------------------------------------- */
static const struct frame_limits limits = {.body_bytes_max = 10, .batch_count_max = 3, .delay_s_max = 100};

static int read_batch(const char *json, struct mpush_json *ret, struct push_json_error *error)
{
    buf_clear(&scratch);
    return mpush_json_read(&limits, slice_str(json), &scratch, ret, error);
}

static struct mpush_json good_batch(const char *json, uint32_t count)
{
    struct mpush_json batch;
    struct push_json_error error;

    assert_int_equal(read_batch(json, &batch, &error), 0);
    assert_int_equal(batch.count, count);
    return batch;
}

static void assert_item(struct mpush_json *batch, const char *body, uint32_t delay_s)
{
    struct cmd_item item;

    assert_true(cmd_item_next(&batch->items, &item));
    assert_true(slice_is(item.body, body));
    assert_int_equal(item.delay_s, delay_s);
}

static void bad_batch(const char *json, int err, uint64_t number, const char *text)
{
    struct mpush_json batch;
    struct push_json_error error;

    assert_int_equal(read_batch(json, &batch, &error), err);
    assert_int_equal(error.number, number);
    assert_string_equal(error.text, text);
}

TEST(mpush_json_packs_what_frame_would)
{
    struct mpush_json batch = good_batch(
        "{\"topic\":\"\\u0074\",\"messages\":[{\"body\":\"a\\n\",\"delay\":5},{},"
        "{\"Body\":\"xyz\",\"topic\":\"u\"}]}",
        3);

    assert_true(slice_is(batch.topic, "t"));
    assert_item(&batch, "a\n", 5);
    assert_item(&batch, "", 0);
    assert_item(&batch, "xyz", 0);
    assert_int_equal(batch.items.len, 0);
    batch = good_batch("[{\"body\":\"0123456789\",\"delay\":100}]", 1);
    assert_int_equal(batch.topic.len, 0);
    assert_item(&batch, "0123456789", 100);
}

TEST(mpush_json_holds_its_limits)
{
    bad_batch("[]", GMQ_E_BATCH_COUNT, 0, "");
    bad_batch("[{},{},{},{}]", GMQ_E_BATCH_LIMIT, 3, "");
    bad_batch("[{\"body\":\"012345\"},{\"body\":\"01234\"}]", GMQ_E_BODY_LIMIT, 10, "");
    bad_batch("[{\"delay\":101}]", GMQ_E_DELAY, 0, "");
    bad_batch("[{\"delay\":-1}]", GMQ_E_DELAY_NEGATIVE, 0, "");
    bad_batch("[{\"delay\":4294967297}]", GMQ_E_DELAY, 0, "");
}

TEST(mpush_json_refuses_other_shapes)
{
    static const char *const shapes[] = {"{}", "null", "1", "{\"messages\":null}", "{\"messages\":{}}", "[1]",
                                         "[null]", "[[]]", "{\"topic\":\"t\"}"};

    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        bad_batch(shapes[i], GMQ_E_JSON, 0, "messages must be an array of objects");
    bad_batch("[{},]", GMQ_E_JSON, 0, "invalid character ']' looking for beginning of value");
    bad_batch("[{\"body\":1}]", GMQ_E_JSON, 0,
              "json: cannot unmarshal number into Go struct field RecvMsgData.body of type string");
    bad_batch("{\"topic\":1,\"messages\":[{}]}", GMQ_E_JSON, 0,
              "json: cannot unmarshal number into Go struct field RecvMsgData.topic of type string");
}
