/* frame_test.c - see frame.h and cmd.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/bytes.h"
#include "base/err.h"
#include "wire/frame.h"

#include <stdio.h>

static const struct frame_limits limits = {
    .line_bytes_max = 100, .body_bytes_max = 64, .batch_count_max = 5, .delay_s_max = 259200};

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

/* Parses a copy that ends at an unreadable page; the slices of the result are good until the next call. */
static size_t parse(struct slice in, bool eof, struct frame *ret)
{
    static char *copy;
    static size_t copy_len;

    if (copy)
        guarded_free(copy, copy_len);
    copy = guarded(in.ptr, in.len);
    copy_len = in.len;
    return frame_parse(&limits, slice_of(copy, in.len), eof, ret);
}

/* Every true prefix of a good request asks for more, and for no more than there is; at eof it is never run. */
static void assert_prefixes_wait(struct slice in)
{
    struct frame frame;

    for (size_t len = 0; len < in.len; len++) {
        assert_int_equal(parse(slice_of(in.ptr, len), false, &frame), 0);
        assert_true(frame.need == 0 || (frame.need > len && frame.need <= in.len));
        assert_int_equal(parse(slice_of(in.ptr, len), true, &frame), len);
        assert_true(frame.close || len == 0);
    }
}

static struct frame good(struct slice in, enum cmd_kind kind, const char *topic)
{
    struct frame frame;

    assert_prefixes_wait(in);
    assert_int_equal(parse(in, false, &frame), in.len);
    assert_int_equal(frame.err, 0);
    assert_false(frame.close);
    assert_int_equal(frame.cmd.kind, kind);
    assert_true(slice_is(frame.cmd.topic, topic));
    return frame;
}

static struct frame bad(struct slice in, int err, bool close, size_t consumed)
{
    struct frame frame;

    assert_int_equal(parse(in, false, &frame), consumed);
    assert_int_equal(frame.err, err);
    assert_int_equal(frame.close, close);
    return frame;
}

static void bad_params(const char *line, const char *word)
{
    struct frame frame = bad(slice_str(line), GMQ_E_PARAMS, true, strlen(line));
    assert_string_equal(frame.err_word, word);
}

TEST(frame_reads_pub)
{
    struct frame frame = good(BYTES("pub t1 0\n\0\0\0\5hello"), CMD_PUSH, "t1");
    assert_true(slice_is(frame.cmd.body, "hello"));
    assert_int_equal(frame.cmd.delay_s, 0);
    frame = good(BYTES("pub t1d 259200\r\n\0\0\0\0"), CMD_PUSH, "t1d");
    assert_int_equal(frame.cmd.body.len, 0);
    assert_int_equal(frame.cmd.delay_s, 259200);
    frame = good(BYTES("pub t1n abc\n\0\0\0\2\n\0"), CMD_PUSH, "t1n");
    assert_int_equal(frame.cmd.delay_s, 0);
    assert_memory_equal(frame.cmd.body.ptr, "\n\0", 2);
    (void)good(BYTES("pub t1 \n\0\0\0\2hi"), CMD_PUSH, "t1");
    (void)good(BYTES("pub  0\n\0\0\0\1x"), CMD_PUSH, "");
}

TEST(frame_refuses_pub)
{
    struct frame frame;

    bad_params("pub t1\n", "pub");
    bad_params("pub t1 0 x\n", "pub");
    bad_params("pub t1  0\n", "pub");
    (void)bad(BYTES("pub t1 259201\n\0\0\0\5hello"), GMQ_E_DELAY, true, 14);
    (void)bad(BYTES("pub t1 99999999999999999999\n"), GMQ_E_DELAY, true, 28);
    (void)bad(BYTES("pub t1 -5\n\0\0\0\2hi"), GMQ_E_DELAY_NEGATIVE, false, 16);
    frame = bad(BYTES("pub t1 0\n\0\0\0\101"), GMQ_E_BODY_LIMIT, true, 9);
    assert_int_equal(frame.err_number, 64);
    (void)bad(BYTES("pub t1 0\n\xff\xff\xff\xff"), GMQ_E_BODY_LIMIT, true, 9);
}

TEST(frame_tells_where_the_input_ended)
{
    struct frame frame;
    struct slice in = BYTES("pub t1 0\n\0\0\0\nabc");

    assert_int_equal(parse(in, true, &frame), in.len);
    assert_int_equal(frame.err, GMQ_E_BODY_SHORT);
    assert_int_equal(parse(slice_of(in.ptr, 11), true, &frame), 11);
    assert_int_equal(frame.err, GMQ_E_BODY_LENGTH);
    assert_true(frame.close);
    assert_int_equal(parse(slice_of(in.ptr, 8), true, &frame), 8);
    assert_int_equal(frame.err, 0);
    assert_true(frame.close);
    in = BYTES("mpub t 2\n\0\0\0\0\0\0\0\1a\0\0");
    assert_int_equal(parse(in, true, &frame), in.len);
    assert_int_equal(frame.err, GMQ_E_BODY_LENGTH);
    assert_int_equal(parse(slice_of(in.ptr, 17), true, &frame), 17);
    assert_int_equal(frame.err, GMQ_E_BODY_SHORT);
}

TEST(frame_reads_mpub_into_items)
{
    struct slice in = BYTES("mpub mp1 3\n\0\0\0\0\0\0\0\2m0\0\0\0\7\0\0\0\0\0\3\xf4\x80\0\0\0\2m2");
    struct frame frame = good(in, CMD_MPUSH, "mp1");
    struct cmd_item item;

    assert_int_equal(frame.cmd.count, 3);
    assert_int_equal(frame.cmd.flags, 0);
    assert_true(cmd_item_next(&frame.cmd.body, &item) && slice_is(item.body, "m0") && item.delay_s == 0);
    assert_true(cmd_item_next(&frame.cmd.body, &item) && item.body.len == 0 && item.delay_s == 7);
    assert_true(cmd_item_next(&frame.cmd.body, &item) && slice_is(item.body, "m2") && item.delay_s == 259200);
    assert_false(cmd_item_next(&frame.cmd.body, &item));
    frame = good(BYTES("mpub t 1 ids\n\0\0\0\0\0\0\0\1x"), CMD_MPUSH, "t");
    assert_int_equal(frame.cmd.flags, CMD_F_IDS);
}

TEST(frame_refuses_mpub)
{
    struct frame frame;

    bad_params("mpub mp1\n", "pub");
    bad_params("mpub mp1 1 id\n", "pub");
    bad_params("mpub mp1 1 ids x\n", "pub");
    (void)bad(BYTES("mpub mp1 0\n"), GMQ_E_BATCH_COUNT, true, 11);
    (void)bad(BYTES("mpub mp1 -1\n"), GMQ_E_BATCH_COUNT, true, 12);
    (void)bad(BYTES("mpub mp1 x\n"), GMQ_E_BATCH_COUNT, true, 11);
    frame = bad(BYTES("mpub x 2000000000\n"), GMQ_E_BATCH_LIMIT, true, 18);
    assert_int_equal(frame.err_number, 5);
    (void)bad(BYTES("mpub x 4294967297\n"), GMQ_E_BATCH_LIMIT, true, 18);
    (void)bad(BYTES("mpub x 99999999999999999999\n"), GMQ_E_BATCH_LIMIT, true, 28);
    frame = bad(BYTES("mpub x 2\n\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\100"), GMQ_E_BODY_LIMIT, true, 9);
    assert_int_equal(frame.err_number, 64);
    (void)bad(BYTES("mpub x 1\n\0\0\0\0\xff\xff\xff\xff"), GMQ_E_BODY_LIMIT, true, 9);
    (void)bad(BYTES("mpub x 2\n\0\3\xf4\x81\0\0\0\1a\0\0\0\0\0\0\0\0pop t\n"), GMQ_E_DELAY, false, 26);
}

TEST(frame_knows_how_much_an_mpub_needs_at_least)
{
    struct frame frame;

    assert_int_equal(parse(BYTES("mpub t 3\n"), false, &frame), 0);
    assert_int_equal(frame.need, 9 + 3 * 8);
    assert_int_equal(parse(BYTES("mpub t 3\n\0\0\0\0\0\0\0\5"), false, &frame), 0);
    assert_int_equal(frame.need, 9 + 3 * 8 + 5);
    assert_int_equal(parse(BYTES("pub t 3\n\0\0\0\5"), false, &frame), 0);
    assert_int_equal(frame.need, 8 + 4 + 5);
}

TEST(frame_reads_pop_and_dead)
{
    struct frame frame = good(BYTES("pop t1\n"), CMD_POP, "t1");
    assert_int_equal(frame.cmd.flags, 0);
    frame = good(BYTES("pop t1 bin\r\n"), CMD_POP, "t1");
    assert_int_equal(frame.cmd.flags, CMD_F_BINARY);
    (void)good(BYTES("pop \n"), CMD_POP, "");
    frame = good(BYTES("dead t1 7\n"), CMD_DEAD, "t1");
    assert_int_equal(frame.cmd.number, 7);
    frame = good(BYTES("dead t1 -1 bin\n"), CMD_DEAD, "t1");
    assert_int_equal(frame.cmd.number, -1);
    assert_int_equal(frame.cmd.flags, CMD_F_BINARY);
    frame = good(BYTES("dead t1 x\n"), CMD_DEAD, "t1");
    assert_int_equal(frame.cmd.number, 0);
    bad_params("pop t1 x\n", "pop");
    bad_params("pop t1 \n", "pop");
    bad_params("pop  t1\n", "pop");
    bad_params("pop t1 bin x\n", "pop");
    bad_params("dead t1\n", "dead");
    bad_params("dead t1 1 x\n", "dead");
}

TEST(frame_reads_ack_and_set)
{
    struct frame frame = good(BYTES("ack 1309082115429634048 t1\n"), CMD_ACK, "t1");
    assert_true(frame.cmd.id == UINT64_C(1309082115429634048));
    frame = good(BYTES("ack -1 t1\n"), CMD_ACK, "t1");
    assert_true(frame.cmd.id == UINT64_MAX);
    frame = good(BYTES("ack 99999999999999999999 t1\n"), CMD_ACK, "t1");
    assert_true(frame.cmd.id == INT64_MAX);
    frame = good(BYTES("ack x t1\n"), CMD_ACK, "t1");
    assert_true(frame.cmd.id == 0);
    (void)good(BYTES("ack 5 \n"), CMD_ACK, "");
    frame = good(BYTES("set t1 1\n"), CMD_SET, "t1");
    assert_int_equal(frame.cmd.number, 1);
    frame = good(BYTES("set t1 x\n"), CMD_SET, "t1");
    assert_int_equal(frame.cmd.number, 0);
    bad_params("ack 5\n", "ack");
    bad_params("set t1\n", "ack");
}

TEST(frame_reads_wpop)
{
    struct frame frame = good(BYTES("wpop a/b 30000 10\n"), CMD_WPOP, "a/b");
    assert_int_equal(frame.cmd.flags, CMD_F_BINARY | CMD_F_LIST);
    assert_int_equal(frame.cmd.wait_ms, 30000);
    assert_int_equal(frame.cmd.number, 10);
    frame = good(BYTES("wpop t soon -1\r\n"), CMD_WPOP, "t");
    assert_int_equal(frame.cmd.wait_ms, 0);
    assert_int_equal(frame.cmd.number, -1);
    (void)good(BYTES("wpop  60001 99999\n"), CMD_WPOP, "");
    bad_params("wpop t\n", "wpop");
    bad_params("wpop t 0\n", "wpop");
    bad_params("wpop t 0 1 bin\n", "wpop");
    bad_params("wpop t  0 1\n", "wpop");
}

TEST(frame_reads_mack)
{
    struct frame frame = good(BYTES("mack t 2\n\0\0\0\0\0\0\0\1\x12\x2a\xcb\x52\xc3\0\x10\n"), CMD_MACK, "t");
    assert_int_equal(frame.cmd.count, 2);
    assert_int_equal(frame.cmd.body.len, 16);
    (void)good(BYTES("mack t 5\n0000000011111111222222223333333344444444"), CMD_MACK, "t");
    bad_params("mack t\n", "mack");
    bad_params("mack t 1 x\n", "mack");
    (void)bad(BYTES("mack t 0\n"), GMQ_E_BATCH_COUNT, true, 9);
    (void)bad(BYTES("mack t x\n"), GMQ_E_BATCH_COUNT, true, 9);
    (void)bad(BYTES("mack t -1\n"), GMQ_E_BATCH_COUNT, true, 10);
    frame = bad(BYTES("mack t 6\n"), GMQ_E_BATCH_LIMIT, true, 9);
    assert_int_equal(frame.err_number, 5);
    (void)bad(BYTES("mack t 4294967297\n"), GMQ_E_BATCH_LIMIT, true, 18);
    assert_int_equal(parse(BYTES("mack t 3\n12345678"), false, &frame), 0);
    assert_int_equal(frame.need, 9 + 3 * 8);
    assert_int_equal(parse(BYTES("mack t 3\n12345678"), true, &frame), 17);
    assert_int_equal(frame.err, GMQ_E_BODY_SHORT);
}

TEST(frame_nack_and_touch_carry_ids_and_say_when)
{
    struct frame frame;

    (void)parse(BYTES("nack t 1 -5 noretry\n\0\0\0\0\0\0\0\1"), false, &frame);
    assert_true(frame.err == 0 && frame.cmd.kind == CMD_NACK && frame.cmd.flags == CMD_F_PLAIN);
    assert_true(frame.cmd.args == &frame.args && frame.args.no_retry && frame.args.delay_ms == CMD_NOT_GIVEN);
    (void)parse(BYTES("nack t 1 1500\n\0\0\0\0\0\0\0\1"), false, &frame);
    assert_true(frame.err == 0 && !frame.args.no_retry && frame.args.delay_ms == 1500 && frame.cmd.body.len == 8);
    (void)parse(BYTES("touch t 2 60000\n0000000011111111"), false, &frame);
    assert_true(frame.err == 0 && frame.cmd.kind == CMD_TOUCH && frame.args.ttr_ms == 60000 && frame.cmd.count == 2);
    (void)parse(BYTES("pop t\n"), false, &frame);
    assert_null(frame.cmd.args);
    bad_params("nack t 1\n", "nack");
    bad_params("nack t 1 0 again\n", "nack");
    bad_params("nack t 1 0 noretry x\n", "nack");
    bad_params("touch t 1\n", "touch");
    bad_params("touch t 1 0 x\n", "touch");
    (void)bad(BYTES("nack t 0 0\n"), GMQ_E_BATCH_COUNT, true, 11);
    (void)bad(BYTES("touch t 6 0\n"), GMQ_E_BATCH_LIMIT, true, 12);
    assert_int_equal(parse(BYTES("touch t 3 0\n12345678"), false, &frame), 0);
    assert_int_equal(frame.need, 12 + 3 * 8);
}

TEST(cmd_topic_next_gives_every_topic_of_a_list)
{
    static const char *const lists[] = {"", "a", "a/b", "/", "ab//c", "x/"};
    static const char *const want[] = {"[]", "[a]", "[a][b]", "[][]", "[ab][][c]", "[x][]"};

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char got[32] = "";
        struct slice topic;
        size_t at = 0, len = 0;
        char *copy = guarded(lists[i], strlen(lists[i]));
        while (cmd_topic_next(slice_of(copy, strlen(lists[i])), &at, &topic))
            len += (size_t)snprintf(got + len, sizeof(got) - len, "[%.*s]", (int)topic.len, topic.ptr);
        assert_string_equal(got, want[i]);
        guarded_free(copy, strlen(lists[i]));
    }
}

TEST(frame_closes_without_a_word_or_stays_at_an_unknown_one)
{
    (void)bad(BYTES("\n"), 0, true, 1);
    (void)bad(BYTES("\r\n"), 0, true, 2);
    (void)bad(BYTES("ping\n"), 0, true, 5);
    (void)bad(BYTES("pop\npop t\n"), 0, true, 4);
    (void)bad(BYTES("foo bar\npop t1\n"), GMQ_E_COMMAND_UNKNOWN, false, 8);
    (void)bad(BYTES("POP t1\n"), GMQ_E_COMMAND_UNKNOWN, false, 7);
    (void)bad(BYTES(" pop t1\n"), GMQ_E_COMMAND_UNKNOWN, false, 8);
    (void)bad(BYTES("pop\r t1\n"), GMQ_E_COMMAND_UNKNOWN, false, 8);
}

TEST(frame_holds_the_line_to_its_limit)
{
    char line[110];
    struct frame frame;

    memset(line, 'x', sizeof(line));
    memcpy(line, "pop ", 4);
    assert_int_equal(parse(slice_of(line, 100), false, &frame), 0);
    assert_int_equal(parse(slice_of(line, 101), false, &frame), 101);
    assert_int_equal(frame.err, GMQ_E_LINE_LIMIT);
    assert_int_equal(frame.err_number, 100);
    assert_true(frame.close);
    line[100] = '\r';
    assert_int_equal(parse(slice_of(line, 101), false, &frame), 0);
    assert_int_equal(parse(slice_of(line, 102), false, &frame), 102);
    assert_int_equal(frame.err, GMQ_E_LINE_LIMIT);
    line[101] = '\n';
    assert_int_equal(parse(slice_of(line, 110), false, &frame), 102);
    assert_int_equal(frame.err, 0);
    assert_int_equal(frame.cmd.topic.len, 96);
    line[100] = 'x';
    (void)parse(slice_of(line, 110), false, &frame);
    assert_int_equal(frame.err, GMQ_E_LINE_LIMIT);
}

TEST(frame_leaves_what_comes_after_a_request)
{
    struct slice in = BYTES("pub pl 0\n\0\0\0\1apop pl\npop pl\n");
    struct frame frame;
    size_t used = parse(in, false, &frame);

    assert_int_equal(used, 14);
    assert_int_equal(parse(slice_of(in.ptr + used, in.len - used), false, &frame), 7);
}

TEST(cmd_item_next_refuses_what_is_cut_off)
{
    struct slice whole = BYTES("\0\0\0\1\0\0\0\3abc");
    struct cmd_item item;

    for (size_t len = 0; len < whole.len; len++) {
        char *copy = guarded(whole.ptr, len);
        struct slice packed = slice_of(copy, len);
        assert_false(cmd_item_next(&packed, &item));
        assert_int_equal(packed.len, len);
        guarded_free(copy, len);
    }
}

TEST(frame_reads_call)
{
    struct frame frame = good(BYTES("call topic.get\n\0\0\0\x02{}"), CMD_PUSH, "");

    assert_true(frame.is_call && slice_is(frame.name, "topic.get") && slice_is(frame.json, "{}"));
    frame = good(BYTES("call x\r\n\0\0\0\0"), CMD_PUSH, "");
    assert_true(frame.is_call && frame.json.len == 0);
    bad_params("call a b\n", "call");
    assert_false(good(BYTES("pop t\n"), CMD_POP, "t").is_call);
}

TEST(frame_call_is_held_to_its_limit)
{
    char in[16] = "call x\n";
    size_t max = frame_call_bytes_max(&limits);

    assert_int_equal(max, 96 + 65536);
    put_be32(in + 7, (uint32_t)max + 1);
    struct frame frame = bad(slice_of(in, 11), GMQ_E_BODY_LIMIT, true, 7);
    assert_int_equal(frame.err_number, max);
    put_be32(in + 7, (uint32_t)max);
    assert_int_equal(parse(slice_of(in, 11), false, &frame), 0);
    assert_int_equal(frame.need, 11 + max);
}
