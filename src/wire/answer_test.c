/* answer_test.c - see answer.h and request.h: what one side writes, the other reads. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/answer.h"
#include "wire/frame.h"
#include "wire/request.h"

#include <errno.h>
#include <stdlib.h>

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

static struct buf out = {.bytes_max = 1 << 20};

/* The answer in `out`, whose every true prefix asks for more. */
static struct answer parse_whole(void)
{
    struct answer answer;
    struct slice in = buf_slice(&out);

    for (size_t len = 0; len < in.len; len++) {
        char *copy = guarded(in.ptr, len);
        assert_int_equal(answer_parse(slice_of(copy, len), in.len, &answer), 0);
        guarded_free(copy, len);
    }
    assert_int_equal(answer_parse(in, in.len, &answer), in.len);
    return answer;
}

static void assert_messages_come_back(const struct reply_message *msgs, size_t count, bool binary)
{
    struct answer_list list;

    buf_clear(&out);
    assert_true(reply_tcp_messages(&out, msgs, count, binary));
    struct answer answer = parse_whole();
    assert_int_equal(answer_read_messages(&answer, &list), 0);
    memset(buf_data(&out), '?', buf_len(&out)); /* the list is a copy */
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(list.msgs[i].id == msgs[i].id);
        assert_int_equal(list.msgs[i].retry_count, msgs[i].retry_count);
        assert_true(slice_equal(list.msgs[i].body, msgs[i].body));
    }
    answer_list_free(&list);
    assert_null(list.msgs);
    answer_list_free(&list);
}

TEST(answer_reads_messages_of_both_kinds_back)
{
    const struct reply_message msgs[] = {
        {.id = UINT64_MAX, .retry_count = 0, .body = BYTES("hello")},
        {.id = 0, .retry_count = 65535, .body = BYTES("z\0z \"\\<>&\n\x7f \xe2\x80\xa8 \xf0\x9f\x98\x80")},
        {.id = 3, .retry_count = 6, .body = BYTES("")},
    };

    for (size_t count = 0; count <= ARRAY_LEN(msgs); count++) {
        assert_messages_come_back(msgs, count, false);
        assert_messages_come_back(msgs, count, true);
    }
    buf_free(&out);
}

TEST(answer_reads_the_object_of_a_pop)
{
    struct reply_message msg = {.id = 7, .retry_count = 1, .body = BYTES("\xff raw")};
    struct answer_list list;

    assert_true(reply_tcp_message(&out, &msg, false));
    struct answer answer = parse_whole();
    assert_int_equal(answer.type, REPLY_MESSAGE);
    assert_int_equal(answer_read_messages(&answer, &list), 0);
    assert_int_equal(list.count, 1);
    assert_true(slice_is(list.msgs[0].body, "\xef\xbf\xbd raw"));
    answer_list_free(&list);
    buf_clear(&out);
    assert_true(reply_tcp_message(&out, &msg, true));
    answer = parse_whole();
    assert_int_equal(answer.type, REPLY_BINARY);
    assert_int_equal(answer_read_messages(&answer, &list), 0);
    assert_true(slice_is(list.msgs[0].body, "\xff raw"));
    answer_list_free(&list);
    buf_free(&out);
}

TEST(answer_refuses_data_that_holds_no_messages)
{
    static const char *const bad[] = {
        "", "{", "{}", "[]x", "null", "1", "\"x\"", "[1]", "[[]]", "{\"id\":\"1\",\"body\":\"x\"}",
        "{\"id\":1,\"body\":\"x\",\"retry_count\":0}", "{\"id\":\"x\",\"body\":\"x\",\"retry_count\":0}",
        "{\"id\":\"1\",\"body\":1,\"retry_count\":0}", "{\"id\":\"1\",\"body\":\"x\",\"retry_count\":\"0\"}",
        "{\"id\":\"1\",\"body\":\"x\",\"retry_count\":-1}", "{\"id\":\"1\",\"body\":\"x\",\"retry_count\":4294967296}",
        "{\"id\":\"1\",\"body\":\"\xff\",\"retry_count\":0}", "[[[[[[]]]]]]",
        "[{\"id\":\"1\",\"body\":\"x\",\"retry_count\":0},{}]"};
    struct answer answer = {.type = REPLY_MESSAGE};
    struct answer_list list;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        answer.data = slice_str(bad[i]);
        assert_int_equal(answer_read_messages(&answer, &list), -EPROTO);
    }
    answer = (struct answer){.type = REPLY_BINARY, .data = BYTES("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1xy")};
    for (size_t len = 1; len <= 18; len++) {
        answer.data.len = len;
        assert_int_equal(answer_read_messages(&answer, &list), len == 17 ? 0 : -EPROTO);
        if (len == 17)
            answer_list_free(&list);
    }
    answer = (struct answer){.type = REPLY_RESULT, .data = slice_str("ok")};
    assert_int_equal(answer_read_messages(&answer, &list), -EPROTO);
}

TEST(answer_reads_ids)
{
    static const uint64_t want[] = {1, UINT64_MAX, 3};
    uint64_t ids[3] = {0};

    assert_true(reply_tcp_ids(&out, want, 3));
    struct answer answer = parse_whole();
    assert_int_equal(answer_read_ids(&answer, ids, 3), 3);
    assert_memory_equal(ids, want, sizeof(ids));
    assert_int_equal(answer_read_ids(&answer, ids, 2), -EPROTO);
    answer.data = slice_str("[]");
    assert_int_equal(answer_read_ids(&answer, ids, 3), 0);
    answer.data = slice_str("ok");
    assert_int_equal(answer_read_ids(&answer, ids, 3), -EPROTO);
    answer.data = slice_str("[1]");
    assert_int_equal(answer_read_ids(&answer, ids, 3), -EPROTO);
    buf_clear(&out);
    assert_true(reply_tcp_id(&out, 42));
    answer = parse_whole();
    assert_int_equal(answer_read_id(&answer, ids), 0);
    assert_true(ids[0] == 42);
    answer.type = REPLY_ERROR;
    assert_int_equal(answer_read_id(&answer, ids), -EPROTO);
    buf_free(&out);
}

TEST(answer_is_refused_by_its_head_when_it_is_too_long)
{
    struct answer answer;

    assert_int_equal(answer_parse(BYTES("\0e\xff\xff\xff\xff"), 1000, &answer), -EMSGSIZE);
    assert_int_equal(answer_parse(BYTES("\0e\0\0\3\xe9"), 1000, &answer), -EMSGSIZE);
    assert_int_equal(answer_parse(BYTES("\0e\0\0\3\xe8"), 1000, &answer), 0);
    assert_int_equal(answer_parse(BYTES("\0e\0\0\0\0\0f"), 1000, &answer), 6);
}

/* ---- requests ------------------------------------------------------------------------------------------------- */
static const struct frame_limits limits = {
    .line_bytes_max = 1000, .body_bytes_max = 1000, .batch_count_max = 10, .delay_s_max = 259200};

static struct frame take_frame(void)
{
    struct frame frame;

    assert_int_equal(frame_parse(&limits, buf_slice(&out), false, &frame), buf_len(&out));
    assert_int_equal(frame.err, 0);
    assert_true(slice_is(frame.cmd.topic, "t1"));
    buf_clear(&out);
    return frame;
}

TEST(request_writes_what_frame_reads)
{
    const struct cmd_item items[] = {{.delay_s = 5, .body = BYTES("a\nb")}, {.delay_s = 0, .body = BYTES("")}};
    const struct slice topic = slice_str("t1");
    struct cmd_item item;

    assert_int_equal(request_pub(&out, topic, 20, BYTES("he\0lo")), 0);
    struct frame frame = take_frame();
    assert_true(frame.cmd.kind == CMD_PUSH && frame.cmd.delay_s == 20 && slice_equal(frame.cmd.body, BYTES("he\0lo")));
    assert_int_equal(request_mpub(&out, topic, items, 2, true), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_MPUSH && frame.cmd.count == 2 && frame.cmd.flags == CMD_F_IDS);
    assert_true(cmd_item_next(&frame.cmd.body, &item) && item.delay_s == 5 && slice_is(item.body, "a\nb"));
    assert_true(cmd_item_next(&frame.cmd.body, &item) && item.delay_s == 0 && item.body.len == 0);
    assert_int_equal(request_pop(&out, topic, true), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_POP && frame.cmd.flags == CMD_F_BINARY);
    assert_int_equal(request_ack(&out, INT64_MAX, topic), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_ACK && frame.cmd.id == INT64_MAX);
    assert_int_equal(request_dead(&out, topic, INT64_MIN, true), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_DEAD && frame.cmd.number == INT64_MIN && frame.cmd.flags == CMD_F_BINARY);
    buf_free(&out);
}

TEST(request_writes_wpop_and_mack_as_frame_reads_them)
{
    static const uint64_t ids[] = {1, UINT64_MAX};
    struct slice topics[CMD_TOPICS_MAX + 1] = {slice_str("t1"), slice_str("ü")};
    struct frame frame;

    assert_int_equal(request_wpop(&out, topics, 1, 0, 1), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_WPOP && frame.cmd.wait_ms == 0 && frame.cmd.number == 1);
    assert_int_equal(request_wpop(&out, topics, 2, UINT32_MAX, UINT32_MAX), 0);
    assert_int_equal(frame_parse(&limits, buf_slice(&out), false, &frame), buf_len(&out));
    assert_true(slice_is(frame.cmd.topic, "t1/ü") && frame.cmd.wait_ms == UINT32_MAX &&
                frame.cmd.number == UINT32_MAX);
    buf_clear(&out);
    assert_int_equal(request_wpop(&out, topics, 0, 0, 1), GMQ_E_TOPIC_LIST);
    assert_int_equal(request_wpop(&out, topics, CMD_TOPICS_MAX + 1, 0, 1), GMQ_E_TOPIC_LIST);
    assert_int_equal(request_wpop(&out, topics, 3, 0, 1), GMQ_E_TOPIC_EMPTY);
    assert_int_equal(request_mack(&out, topics[0], ids, 0), GMQ_E_BATCH_COUNT);
    assert_int_equal(buf_len(&out), 0);
    assert_int_equal(request_mack(&out, topics[0], ids, 2), 0);
    frame = take_frame();
    assert_true(frame.cmd.kind == CMD_MACK && frame.cmd.count == 2 &&
                slice_equal(frame.cmd.body, BYTES("\0\0\0\0\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff")));
    buf_free(&out);
}

static void assert_out(const char *text)
{
    assert_int_equal(buf_len(&out), strlen(text));
    assert_memory_equal(buf_data(&out), text, strlen(text));
    buf_clear(&out);
}

TEST(request_without_options_is_what_clients_of_the_original_send)
{
    const struct cmd_item item = {.body = {"x", 1}};

    assert_int_equal(request_pop(&out, slice_str("t1"), false), 0);
    assert_out("pop t1\n");
    assert_int_equal(request_ack(&out, 5, slice_str("t1")), 0);
    assert_out("ack 5 t1\n");
    assert_int_equal(request_dead(&out, slice_str("t1"), -1, false), 0);
    assert_out("dead t1 -1\n");
    assert_int_equal(request_set(&out, slice_str("t1"), true), 0);
    assert_out("set t1 1\n");
    assert_int_equal(request_set(&out, slice_str("t1"), false), 0);
    assert_out("set t1 0\n");
    assert_int_equal(request_mpub(&out, slice_str("t1"), &item, 1, false), 0);
    assert_memory_equal(buf_data(&out), "mpub t1 1\n\0\0\0\0\0\0\0\1x", 19);
    buf_free(&out);
}

TEST(request_refuses_and_leaves_the_buffer_as_it_was)
{
    const struct cmd_item item = {.body = {"x", 1}};
    struct buf small;

    buf_init(&small, 100);
    assert_true(buf_append_str(&small, "before"));
    assert_int_equal(request_pub(&small, slice_str(""), 0, slice_str("x")), GMQ_E_TOPIC_EMPTY);
    assert_int_equal(request_pop(&small, slice_str("a\npop b"), false), GMQ_E_TOPIC_NAME);
    assert_int_equal(request_ack(&small, 1, slice_str("a b")), GMQ_E_TOPIC_NAME);
    assert_int_equal(request_mpub(&small, slice_str("t"), &item, 0, false), GMQ_E_BATCH_COUNT);
    assert_int_equal(request_pub(&small, slice_str("t"), 0, slice_of("x", (size_t)UINT32_MAX + 1)), GMQ_E_BODY_LIMIT);
    assert_int_equal(request_pub(&small, slice_str("t"), 0, slice_of("x", 99)), -ENOMEM);
    assert_int_equal(buf_len(&small), 6);
    buf_free(&small);
}
