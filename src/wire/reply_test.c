/* reply_test.c - see reply.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/reply.h"

#include <stdlib.h>

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

static const struct reply_message hello = {
    .id = UINT64_C(1309082115429634048), .retry_count = 0, .body = {"hello", 5}};
static const struct reply_stat fresh = {.name = {"fresh", 5}, .start_time = "2026-11-22 09:04:29"};

static struct buf out = {.bytes_max = 65536};

/* What `call` appends behind other bytes is `want`; cut short of room at any length it appends nothing. */
#define ASSERT_APPENDS(call, want)                                                                                    \
    do {                                                                                                              \
        struct slice want_bytes = (want);                                                                             \
        buf_clear(&out);                                                                                              \
        assert_true(buf_append_str(&out, "before"));                                                                  \
        assert_true(call);                                                                                            \
        assert_int_equal(buf_len(&out), 6 + want_bytes.len);                                                          \
        assert_memory_equal(buf_data(&out) + 6, want_bytes.ptr, want_bytes.len);                                      \
        for (size_t room = 6; room < 6 + want_bytes.len; room++) {                                                    \
            buf_free(&out);                                                                                           \
            out.bytes_max = room;                                                                                     \
            assert_true(buf_append_str(&out, "before"));                                                              \
            assert_false(call);                                                                                       \
            assert_int_equal(buf_len(&out), 6);                                                                       \
        }                                                                                                             \
        buf_free(&out);                                                                                               \
        out.bytes_max = 65536;                                                                                        \
    } while (0)

TEST(reply_tcp_is_the_original_to_the_byte)
{
    static const uint64_t ids[] = {1, UINT64_MAX};

    ASSERT_APPENDS(reply_tcp_id(&out, hello.id), BYTES("\0g\0\0\0\0231309082115429634048"));
    ASSERT_APPENDS(reply_tcp_text(&out, REPLY_RESULT, slice_str("ok")), BYTES("\0g\0\0\0\2ok"));
    ASSERT_APPENDS(reply_tcp_text(&out, REPLY_ERROR, slice_str("no message")), BYTES("\0f\0\0\0\nno message"));
    ASSERT_APPENDS(reply_tcp_message(&out, &hello, false),
                   BYTES("\0e\0\0\0;{\"id\":\"1309082115429634048\",\"body\":\"hello\",\"retry_count\":0}"));
    ASSERT_APPENDS(reply_tcp_ids(&out, ids, 2), BYTES("\0g\0\0\0\x1c[\"1\",\"18446744073709551615\"]"));
    ASSERT_APPENDS(reply_tcp_ids(&out, ids, 0), BYTES("\0g\0\0\0\2[]"));
}

TEST(reply_tcp_writes_dead_messages_as_an_array)
{
    struct reply_message msgs[2] = {{.id = UINT64_C(1309082198023868416), .retry_count = 6, .body = {"die", 3}},
                                    {.id = 2, .retry_count = 65535, .topic = 258, .body = {NULL, 0}}};

    ASSERT_APPENDS(reply_tcp_messages(&out, msgs, 1, false),
                   BYTES("\0e\0\0\0;[{\"id\":\"1309082198023868416\",\"body\":\"die\",\"retry_count\":6}]"));
    ASSERT_APPENDS(reply_tcp_messages(&out, msgs, 2, true),
                   BYTES("\0j\0\0\0\x23\x12\x2a\xcb\x52\xc3\x00\x10\x00"
                         "\0\6\0\0\0\0\0\3die\0\0\0\0\0\0\0\2\xff\xff\1\2\0\0\0\0"));
}

TEST(reply_tcp_escapes_bodies_of_any_bytes)
{
    struct reply_message msg = {.id = 7, .retry_count = 3, .body = BYTES("<a href=\"x\">&\xe4\xb8\xad\xff\0\x7f")};

    ASSERT_APPENDS(reply_tcp_message(&out, &msg, false),
                   BYTES("\0e\0\0\0\x52{\"id\":\"7\",\"body\":\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\xe4\xb8\xad"
                         "\\ufffd\\u0000\x7f\",\"retry_count\":3}"));
}

TEST(reply_tcp_fits_a_large_body_that_the_worst_case_would_not)
{
    size_t len = 60000;
    char *body = malloc(len);
    struct reply_message msg = {.id = 1, .body = slice_of(body, len)};

    memset(body, 'x', len);
    buf_clear(&out);
    assert_true(reply_tcp_message(&out, &msg, false));
    assert_int_equal(buf_len(&out), 6 + 36 + len);
    buf_clear(&out);
    memset(body, '\0', len);
    assert_false(reply_tcp_message(&out, &msg, false));
    assert_false(reply_http_message(&out, &msg));
    assert_int_equal(buf_len(&out), 0);
    buf_free(&out);
    free(body);
}

TEST(reply_http_is_the_original_to_the_byte)
{
    static const uint64_t ids[] = {5, 6};
    struct reply_message msg = {.id = UINT64_C(1309082015869440000), .body = {"a bA", 4}};

    ASSERT_APPENDS(reply_http_ok(&out, NULL), BYTES("{\"code\":0,\"data\":null,\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_ok(&out, "topic.t1 has exit."),
                   BYTES("{\"code\":0,\"data\":null,\"msg\":\"topic.t1 has exit.\"}"));
    ASSERT_APPENDS(reply_http_error(&out, slice_str("invalid character '\\x01' in \"")),
                   BYTES("{\"code\":1,\"data\":null,\"msg\":\"invalid character '\\\\x01' in \\\"\"}"));
    ASSERT_APPENDS(reply_http_id(&out, UINT64_C(1309082010806915072)),
                   BYTES("{\"code\":0,\"data\":{\"msgId\":\"1309082010806915072\"},\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_ids(&out, ids, 2),
                   BYTES("{\"code\":0,\"data\":{\"msgIds\":[\"5\",\"6\"]},\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_message(&out, &msg),
                   BYTES("{\"code\":0,\"data\":{\"id\":\"1309082015869440000\",\"body\":\"a bA\",\"retry_count\":0},"
                         "\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_messages(&out, &msg, 0), BYTES("{\"code\":0,\"data\":[],\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_messages(&out, &msg, 1),
                   BYTES("{\"code\":0,\"data\":[{\"id\":\"1309082015869440000\",\"body\":\"a bA\",\"retry_count\":0}],"
                         "\"msg\":\"success\"}"));
}

TEST(reply_http_stat_has_the_keys_in_the_order_of_the_original)
{
    struct reply_stat stats[2] = {fresh, {.name = {"q\"", 2}, .pop_num = UINT64_MAX, .is_auto_ack = true}};

    ASSERT_APPENDS(reply_http_stat(&out, &fresh),
                   BYTES("{\"code\":0,\"data\":{\"name\":\"fresh\",\"pop_num\":0,\"push_num\":0,\"queue_num\":0,"
                         "\"delay_num\":0,\"wait_ack_num\":0,\"dead_num\":0,\"start_time\":\"2026-11-22 09:04:29\","
                         "\"is_auto_ack\":false},\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_stats(&out, stats, 0), BYTES("{\"code\":0,\"data\":[],\"msg\":\"success\"}"));
    ASSERT_APPENDS(reply_http_stats(&out, stats, 2),
                   BYTES("{\"code\":0,\"data\":[{\"name\":\"fresh\",\"pop_num\":0,\"push_num\":0,\"queue_num\":0,"
                         "\"delay_num\":0,\"wait_ack_num\":0,\"dead_num\":0,\"start_time\":\"2026-11-22 09:04:29\","
                         "\"is_auto_ack\":false},{\"name\":\"q\\\"\",\"pop_num\":18446744073709551615,\"push_num\":0,"
                         "\"queue_num\":0,\"delay_num\":0,\"wait_ack_num\":0,\"dead_num\":0,\"start_time\":\"\","
                         "\"is_auto_ack\":true}],\"msg\":\"success\"}"));
}

TEST(reply_error_text_completes_the_texts_of_the_table)
{
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_NO_MESSAGE, 0, NULL), BYTES("no message"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_ID_UNKNOWN, UINT64_MAX, NULL),
                   BYTES("msgId:18446744073709551615 is not exist"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_PARAMS, 0, "pub"), BYTES("pub params is error"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_BODY_LIMIT, 4194304, NULL),
                   BYTES("body exceeding the maximum of 4194304 bytes"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_JSON, 0, "unexpected end of JSON input"),
                   BYTES("unexpected end of JSON input"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_READ_ONLY, 0, "sync failed"),
                   BYTES("node is read-only: sync failed"));
    ASSERT_APPENDS(reply_error_text(&out, GMQ_E_PARAMS, 0, NULL), BYTES(" params is error"));
    ASSERT_APPENDS(reply_error_text(&out, 12345, 0, NULL), BYTES("unknown error"));
}
