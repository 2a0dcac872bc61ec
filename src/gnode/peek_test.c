/* peek_test.c - SPDX-License-Identifier: MIT */
#include "engine/tape.h"
#include "gnode/cursor.h"
#include "gnode/desk_test.h"

#include <errno.h>
#include <stdlib.h>

enum { MESSAGES = 100, PIECE = 4 };

static struct cmd_args page_args(enum message_place place, bool from_tail, int64_t limit)
{
    return (struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .place = place, .from_tail = from_tail, .limit = limit};
}

/* All pages one after the other; returns how many ids, in order. The state is as before. */
static size_t read_all(struct cmd_args args, uint64_t *ret_ids, size_t max)
{
    uint64_t digest = engine_digest(desk.broker.engine);
    char cursor[DESK_TEXT_MAX] = "";
    size_t n = 0;

    do {
        args.cursor = slice_str(cursor);
        assert_int_equal(desk_peek(&args), 0);
        for (size_t i = 0; i < desk.count; i++) {
            assert_true(n < max);
            ret_ids[n++] = desk.messages[i].id;
        }
        memcpy(cursor, desk.next, sizeof(cursor));
    } while (cursor[0]);
    assert_int_equal(engine_digest(desk.broker.engine), digest);
    return n;
}

static void expect_both_ways(enum message_place place, const uint64_t *ids, size_t count)
{
    static const int64_t LIMITS[] = {1, 3, 99, 100, 101, 1000};
    static uint64_t seen[2 * DESK_PAGE_MAX];

    for (size_t i = 0; i < ARRAY_LEN(LIMITS); i++) {
        assert_int_equal(read_all(page_args(place, false, LIMITS[i]), seen, ARRAY_LEN(seen)), count);
        assert_memory_equal(seen, ids, count * sizeof(ids[0]));
        assert_int_equal(read_all(page_args(place, true, LIMITS[i]), seen, ARRAY_LEN(seen)), count);
        for (size_t at = 0; at < count; at++)
            assert_int_equal(seen[at], ids[count - 1 - at]);
    }
}

TEST(peek_shows_the_waiting_list_in_order_and_newest_first)
{
    uint64_t ids[MESSAGES];

    desk_begin(0);
    for (size_t i = 0; i < MESSAGES; i++)
        ids[i] = desk_push(0);
    expect_both_ways(PLACE_READY, ids, MESSAGES);
    for (size_t i = 0; i < MESSAGES / 2; i++)
        assert_int_equal(desk_pop(), ids[i]);
    expect_both_ways(PLACE_READY, ids + MESSAGES / 2, MESSAGES - MESSAGES / 2);
    desk_end();
}

TEST(peek_shows_a_list_that_is_larger_than_memory)
{
    uint64_t ids[MESSAGES];

    desk_begin(PIECE);
    for (size_t i = 0; i < MESSAGES; i++) {
        ids[i] = desk_push(0);
        desk_settle();
    }
    assert_true(waiting_in_memory(&desk_queue()->ready) < MESSAGES / 2);
    expect_both_ways(PLACE_READY, ids, MESSAGES);
    desk_restart();
    expect_both_ways(PLACE_READY, ids, MESSAGES);
    for (size_t i = 0; i < MESSAGES - 10; i++)
        assert_int_equal(desk_pop(), ids[i]);
    expect_both_ways(PLACE_READY, ids + MESSAGES - 10, 10);
    desk_end();
}

TEST(peek_shows_an_empty_list_and_a_topic_without_messages)
{
    uint64_t ids[1];

    desk_begin(0);
    ids[0] = desk_push(0);
    assert_int_equal(desk_pop(), ids[0]);
    for (enum message_place place = PLACE_READY; place <= PLACE_DEAD; place++)
        assert_int_equal(read_all(page_args(place, false, 0), ids, 1), place == PLACE_IN_FLIGHT);
    struct cmd_args args = page_args(PLACE_READY, false, 0);
    struct cmd cmd = {.kind = CMD_PEEK, .topic = slice_str("other"), .args = &args};
    assert_int_equal(desk_run(&cmd), GMQ_E_TOPIC_UNKNOWN);
    desk_end();
}

TEST(peek_goes_on_where_it_was_when_messages_come_and_go)
{
    uint64_t ids[MESSAGES];
    struct cmd_args args = page_args(PLACE_READY, false, 10), back = page_args(PLACE_READY, true, 10);
    char next[DESK_TEXT_MAX], before[DESK_TEXT_MAX];

    desk_begin(PIECE);
    for (size_t i = 0; i < MESSAGES; i++)
        ids[i] = desk_push(0);
    assert_int_equal(desk_peek(&back), 0);
    memcpy(before, desk.next, sizeof(before));
    assert_int_equal(desk_peek(&args), 0);
    memcpy(next, desk.next, sizeof(next));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(desk_pop(), ids[i]);
    (void)desk_push(0);
    args.cursor = slice_str(next);
    assert_int_equal(desk_peek(&args), 0);
    assert_int_equal(desk.messages[0].id, ids[10]);
    for (size_t i = 5; i < 40; i++)
        assert_int_equal(desk_pop(), ids[i]);
    assert_int_equal(desk_peek(&args), 0); /* what stood there is gone: it begins with the oldest */
    assert_int_equal(desk.messages[0].id, ids[40]);
    back.cursor = slice_str(before);
    assert_int_equal(desk_peek(&back), 0);
    assert_int_equal(desk.messages[0].id, ids[MESSAGES - 11]);
    desk_end();
}

TEST(peek_takes_no_cursor_of_another_list_or_another_life)
{
    struct cmd_args args = page_args(PLACE_READY, false, 1);
    char next[DESK_TEXT_MAX];

    desk_begin(0);
    (void)desk_push(0);
    (void)desk_push(0);
    assert_int_equal(desk_peek(&args), 0);
    memcpy(next, desk.next, sizeof(next));
    args.cursor = slice_str(next);
    assert_int_equal(desk_peek(&args), 0);
    args.from_tail = true;
    assert_int_equal(desk_peek(&args), GMQ_E_CURSOR);
    args.from_tail = false;
    args.place = PLACE_DEAD;
    assert_int_equal(desk_peek(&args), GMQ_E_CURSOR);
    args.place = PLACE_READY;
    args.cursor = slice_str("r1.2.3");
    assert_int_equal(desk_peek(&args), GMQ_E_CURSOR);
    desk_restart();
    args.cursor = slice_str(next);
    assert_int_equal(desk_peek(&args), GMQ_E_CURSOR);
    desk_end();
}

TEST(peek_shows_dead_letters_by_age_in_pages_that_survive_a_restart)
{
    static uint64_t ids[600], seen[600];
    struct cmd_args args = page_args(PLACE_DEAD, false, 250);
    char next[DESK_TEXT_MAX];

    desk_begin(0);
    desk_kill_messages(ids, ARRAY_LEN(ids));
    assert_int_equal(read_all(page_args(PLACE_DEAD, true, 7), seen, ARRAY_LEN(seen)), ARRAY_LEN(ids));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        assert_int_equal(seen[i], ids[ARRAY_LEN(ids) - 1 - i]);
    assert_int_equal(desk_peek(&args), 0);
    assert_int_equal(desk.count, 250);
    assert_int_equal(desk.messages[0].retries, 1);
    memcpy(next, desk.next, sizeof(next));
    desk_restart();
    args.cursor = slice_str(next);
    assert_int_equal(desk_peek(&args), 0);
    for (size_t i = 0; i < 250; i++)
        assert_int_equal(desk.messages[i].id, ids[250 + i]);
    desk_end();
}

TEST(peek_finds_dead_letters_by_a_piece_of_their_body)
{
    static uint64_t ids[600], seen[600];
    struct cmd_args args = page_args(PLACE_DEAD, false, 10);

    desk_begin(0);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = desk_push_body(0, slice_str(i % 50 == 49 ? "a needle in hay" : "hay"));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        (void)desk_pop();
    desk_live(DESK_TTR_MS + 1);
    args.text = slice_str("needle");
    assert_int_equal(read_all(args, seen, ARRAY_LEN(seen)), 12);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(seen[i], ids[50 * i + 49]);
    args.text = slice_str("needles");
    assert_int_equal(read_all(args, seen, ARRAY_LEN(seen)), 0);
    args.text = slice_str("");
    args.older_ms = 3600000;
    assert_int_equal(read_all(args, seen, ARRAY_LEN(seen)), 0);
    desk_live(3600000);
    assert_int_equal(read_all(args, seen, ARRAY_LEN(seen)), ARRAY_LEN(ids));
    assert_int_equal(desk.messages[0].why, DEAD_RETRIES);
    assert_true(desk.messages[0].since_ms >= desk.messages[0].first_ms + DESK_TTR_MS);
    assert_true(desk.messages[0].first_ms >= DESK_START_MS);
    assert_int_equal(desk.messages[0].first_ms, desk.messages[0].last_ms);
    desk_end();
}

TEST(peek_shows_what_is_in_flight_with_its_end)
{
    uint64_t ids[MESSAGES], seen[MESSAGES];

    desk_begin(0);
    for (size_t i = 0; i < MESSAGES; i++)
        ids[i] = desk_push(0);
    struct cmd other = {.kind = CMD_PUSH, .topic = slice_str("other"), .body = slice_str("x")};
    assert_int_equal(desk_run(&other), 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        (void)desk_pop();
        other.kind = CMD_POP;
        (void)desk_run(&other);
    }
    assert_int_equal(read_all(page_args(PLACE_IN_FLIGHT, false, 7), seen, MESSAGES), MESSAGES);
    assert_int_equal(desk.messages[0].due_ms, desk.now_ms + DESK_TTR_MS);
    assert_int_equal(desk.messages[0].since_ms, desk.now_ms);
    for (size_t i = 0; i < MESSAGES; i++) {
        bool found = false;
        for (size_t at = 0; at < MESSAGES; at++)
            found = found || seen[at] == ids[i];
        assert_true(found);
    }
    desk_end();
}

/* `count` delayed messages with times as the dice fall, among those of another topic; ids in order of their time. */
static void push_delayed(uint64_t *ret_ids, size_t count, uint64_t seconds)
{
    uint64_t *due = calloc(count, sizeof(*due)), dice = 7;
    struct cmd other = {.kind = CMD_PUSH, .topic = slice_str("other"), .body = slice_str("x")};

    for (size_t i = 0; i < count; i++) {
        uint64_t delay_s = 1 + tape_below(&dice, seconds), id = desk_push((int64_t)delay_s);
        size_t at = i;
        for (; at > 0 && due[at - 1] > desk.now_ms + 1000 * delay_s; at--) {
            due[at] = due[at - 1];
            ret_ids[at] = ret_ids[at - 1];
        }
        due[at] = desk.now_ms + 1000 * delay_s;
        ret_ids[at] = id;
        other.delay_s = (int64_t)delay_s;
        assert_int_equal(desk_run(&other), 0);
        desk.now_ms += i % 3;
    }
    desk_settle();
    free(due);
}

static void expect_delayed(const uint64_t *ids, size_t count)
{
    static const int64_t LIMITS[] = {7, 1000};
    static uint64_t seen[DESK_PAGE_MAX];

    for (size_t i = 0; i < ARRAY_LEN(LIMITS); i++) {
        assert_int_equal(read_all(page_args(PLACE_DELAYED, false, LIMITS[i]), seen, ARRAY_LEN(seen)), count);
        assert_memory_equal(seen, ids, count * sizeof(ids[0]));
    }
}

TEST(peek_shows_delayed_messages_in_order_of_their_time)
{
    static const uint64_t SECONDS[] = {10, 300, 20000, 259200};
    uint64_t ids[MESSAGES];

    for (size_t i = 0; i < ARRAY_LEN(SECONDS); i++) {
        desk_begin(0);
        push_delayed(ids, MESSAGES, SECONDS[i]);
        expect_delayed(ids, MESSAGES);
        desk_end();
    }
}

static void count_chunk(void *ctx, const struct engine_chunk *chunk)
{
    *(size_t *)ctx += chunk->list != PAYLOAD_WAITING;
}

TEST(peek_shows_delayed_messages_that_are_not_in_memory)
{
    static const uint64_t SECONDS[] = {300, 20000, 259200};
    uint64_t ids[MESSAGES];

    for (size_t i = 0; i < ARRAY_LEN(SECONDS); i++) {
        desk_begin(PIECE);
        push_delayed(ids, MESSAGES, SECONDS[i]);
        size_t chunks = 0;
        engine_each_chunk(desk.broker.engine, count_chunk, &chunks);
        assert_true(chunks > 0);
        expect_delayed(ids, MESSAGES);
        desk_restart();
        expect_delayed(ids, MESSAGES);
        desk_end();
    }
}

static void cancel(uint64_t id)
{
    struct cmd cmd = {.kind = CMD_CANCEL, .id = id};

    assert_int_equal(desk_run(&cmd), 0);
}

TEST(peek_leaves_out_what_was_cancelled_in_the_middle_of_a_list)
{
    static const uint32_t PIECES[] = {0, PIECE};
    uint64_t ids[MESSAGES], left[MESSAGES];

    for (size_t i = 0; i < ARRAY_LEN(PIECES); i++) {
        desk_begin(PIECES[i]);
        for (size_t k = 0; k < MESSAGES; k++)
            ids[k] = desk_push(0);
        for (size_t k = 0; k < MESSAGES; k++)
            if (k % 10 != 0)
                cancel(ids[k]);
            else
                left[k / 10] = ids[k];
        expect_both_ways(PLACE_READY, left, MESSAGES / 10);
        push_delayed(ids, MESSAGES, 300);
        for (size_t k = 0; k < MESSAGES; k++)
            if (k % 10 != 0)
                cancel(ids[k]);
            else
                left[k / 10] = ids[k];
        expect_delayed(left, MESSAGES / 10);
        desk_end();
    }
}

TEST(peek_shows_each_delayed_message_until_it_is_due)
{
    enum { SECONDS = 2000 };
    uint64_t ids[MESSAGES];

    desk_begin(PIECE);
    push_delayed(ids, MESSAGES, SECONDS);
    for (unsigned i = 0; i < 20; i++) {
        desk_live(1000 * SECONDS / 20);
        uint64_t left = desk_queue()->delayed;
        expect_delayed(ids + MESSAGES - left, left);
    }
    desk_live(1000);
    assert_int_equal(desk_queue()->delayed, 0);
    desk_end();
}

/* A body of `bytes`; returns its id. */
static uint64_t push_large(size_t bytes)
{
    char *body = calloc(1, bytes);
    uint64_t id = desk_push_body(0, slice_of(body, bytes));

    free(body);
    return id;
}

TEST(peek_ends_a_page_before_it_would_hold_more_than_a_mebibyte_of_bodies)
{
    uint64_t ids[9], seen[9];
    struct cmd_args args = page_args(PLACE_READY, false, 9);

    desk_begin(0);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = push_large(1 << 17);
    args.body = CMD_BODY_WHOLE;
    assert_int_equal(desk_peek(&args), 0);
    assert_int_equal(desk.count, 8);
    assert_true(desk.messages[7].whole && desk.messages[7].body_bytes == 1 << 17);
    assert_int_equal(read_all(args, seen, ARRAY_LEN(seen)), ARRAY_LEN(ids));
    assert_memory_equal(seen, ids, sizeof(ids));
    args.body = CMD_BODY_FIRST;
    assert_int_equal(desk_peek(&args), 0);
    assert_int_equal(desk.count, 9);
    assert_true(!desk.messages[0].whole && desk.messages[0].body_bytes == CMD_BODY_FIRST_BYTES);
    assert_int_equal(desk.messages[0].bytes, 1 << 17);
    args.body_bytes = CMD_BODY_FIRST_MAX;
    assert_int_equal(desk_peek(&args), 0);
    assert_int_equal(desk.messages[0].body_bytes, CMD_BODY_FIRST_MAX);
    desk_end();
}

TEST(peek_holds_its_arguments_to_their_limits)
{
    static char text[CMD_TEXT_BYTES_MAX + 1] = {'x'};
    struct cmd_args good = page_args(PLACE_READY, false, CMD_LIMIT_MAX), bad = good;

    desk_begin(0);
    (void)desk_push(0);
    good.body_bytes = CMD_BODY_FIRST_MAX;
    assert_int_equal(desk_peek(&good), 0);
    bad.limit = CMD_LIMIT_MAX + 1;
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad.limit = -1;
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad = good;
    bad.body_bytes = CMD_BODY_FIRST_MAX + 1;
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad = good;
    bad.place = PLACE_GONE;
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad = page_args(PLACE_DELAYED, true, 1);
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad = page_args(PLACE_IN_FLIGHT, true, 1);
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad = page_args(PLACE_READY, false, 1);
    bad.text = slice_str("x");
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad.place = PLACE_DEAD;
    bad.text = slice_of(text, CMD_TEXT_BYTES_MAX);
    assert_int_equal(desk_peek(&bad), 0);
    bad.text = slice_of(text, CMD_TEXT_BYTES_MAX + 1);
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    bad.text = slice_str("");
    bad.older_ms = -1;
    assert_int_equal(desk_peek(&bad), GMQ_E_VALUE);
    desk_end();
}

TEST(peek_that_is_cut_off_in_the_middle_leaves_nothing_behind)
{
    struct cmd_args args = page_args(PLACE_READY, false, 0);
    struct cmd cmd = {.kind = CMD_PEEK, .topic = slice_str("t"), .args = &args};
    uint64_t ids[MESSAGES];

    desk_begin(PIECE);
    for (size_t i = 0; i < MESSAGES; i++)
        ids[i] = desk_push(0);
    desk_restart();
    assert_int_equal(broker_execute(&desk.broker, &desk.session, &cmd, desk.now_ms), -EAGAIN);
    assert_int_equal(desk.broker.lookers, 1);
    desk_restart();
    assert_int_equal(desk.broker.lookers, 0);
    assert_int_equal(desk_pop(), ids[0]);
    desk_end();
}

TEST(peek_of_a_topic_that_is_deleted_meanwhile_is_refused)
{
    struct cmd_args args = page_args(PLACE_READY, false, 0);
    struct cmd cmd = {.kind = CMD_PEEK, .topic = slice_str("t"), .args = &args};
    struct cmd delete = {.kind = CMD_TOPIC_DELETE, .topic = slice_str("t")};
    struct session other;

    desk_begin(PIECE);
    for (size_t i = 0; i < MESSAGES; i++)
        (void)desk_push(0);
    desk_restart();
    session_init(&other, &desk.broker, desk.session.ops);
    assert_int_equal(broker_execute(&desk.broker, &other, &cmd, desk.now_ms), -EAGAIN);
    assert_int_equal(desk_run(&delete), 0);
    (void)desk_push(0);
    assert_int_equal(broker_execute(&desk.broker, &other, &cmd, desk.now_ms), 0);
    assert_int_equal(desk.err, GMQ_E_TOPIC_UNKNOWN);
    session_fini(&other);
    desk_end();
}

TEST(cursor_comes_back_as_it_was_and_nothing_else_is_one)
{
    struct cursor cursor = {.list = 'r', .queue = UINT32_MAX, .life = UINT64_MAX, .a = 0, .b = 0x123}, back;
    char text[CURSOR_CHARS_MAX + 1];
    size_t n = cursor_write(text, &cursor);

    assert_true(cursor_read(slice_of(text, n), &back));
    assert_true(back.list == cursor.list && back.queue == cursor.queue && back.life == cursor.life &&
                back.a == cursor.a && back.b == cursor.b);
    for (size_t prefix = 0; prefix < n; prefix++) {
        char *bytes = guarded(text, prefix);
        bool read = cursor_read(slice_of(bytes, prefix), &back);
        assert_true(!read || prefix == n - 1 || prefix == n - 2); /* a shorter last number is a number */
        guarded_free(bytes, prefix);
    }
    assert_false(cursor_read(slice_str("r1.2.3.4.5"), &back));
    assert_false(cursor_read(slice_str("r1.2.3.-4"), &back));
    assert_false(cursor_read(slice_str("r100000000.2.3.4"), &back));
    assert_false(cursor_read(slice_str("r1.2.3.11111111111111111"), &back));
    cursor = (struct cursor){.list = 'd', .queue = UINT32_MAX, .life = UINT64_MAX, .a = UINT64_MAX, .b = UINT64_MAX};
    assert_true(cursor_write(text, &cursor) <= CURSOR_CHARS_MAX);
}
