/* again_test.c - pushes with dedup keys through the broker. SPDX-License-Identifier: MIT */
#include "gnode/desk_test.h"
#include "sim/rng.h"

#include <stdio.h>

enum { BATCH_MAX = 8 };

static struct cmd_put put_of(const char *dedup, const char *body)
{
    return (struct cmd_put){.body = slice_str(body), .delay_ms = CMD_NOT_GIVEN, .max_retries = CMD_NOT_GIVEN,
                            .dedup = slice_str(dedup)};
}

static int put_all(const struct cmd_put *puts, uint32_t count)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .puts = puts, .put_count = count};
    struct cmd cmd = {.kind = CMD_PUT, .topic = slice_str("t"), .args = &args};

    desk.count = 0;
    return desk_run(&cmd);
}

/* The id that is answered. */
static uint64_t put_one(const char *dedup, const char *body)
{
    struct cmd_put put = put_of(dedup, body);

    assert_int_equal(put_all(&put, 1), 0);
    assert_int_equal(desk.count, 1);
    return desk.ids[0];
}

static uint64_t waiting(void) { return waiting_count(&desk_queue()->ready); }

TEST(push_with_a_dedup_key_counts_once)
{
    desk_begin(0);
    uint64_t first = put_one("a", "x");
    assert_false(desk.again);
    assert_true(put_one("a", "x") == first && desk.again);
    assert_int_equal(waiting(), 1);
    assert_true(put_one("b", "x") != first && !desk.again);
    assert_true(put_one("", "x") != first && !desk.again);
    assert_true(put_one("", "x") != first && !desk.again);
    assert_int_equal(waiting(), 4);
    assert_int_equal(desk_pop(), first);
    assert_true(put_one("a", "x") == first && desk.again);
    desk_end();
}

TEST(push_with_a_dedup_key_of_other_content_is_refused)
{
    struct cmd_put put = put_of("a", "x");

    desk_begin(0);
    put.headers = slice_str("h: 1\n");
    put.key = slice_str("k");
    put.delay_ms = 5;
    assert_int_equal(put_all(&put, 1), 0);
    for (unsigned i = 0; i < 8; i++) {
        struct cmd_put other = put;
        switch (i) {
        case 0: other.body = slice_str("y"); break;
        case 1: other.body = slice_str(""); break;
        case 2: other.headers = slice_str("h: 2\n"); break;
        case 3: other.key = slice_str("kk"); break;
        case 4: other.delay_ms = 6; break;
        case 5: other.ttr_ms = 1000; break;
        case 6: other.lifetime_ms = 1000000; break;
        default: other.auto_ack = true; break;
        }
        assert_int_equal(put_all(&other, 1), GMQ_E_DEDUP_MISMATCH);
    }
    assert_int_equal(put_all(&put, 1), 0);
    assert_true(desk.again);
    assert_int_equal(desk_queue()->push_num, 1);
    desk_end();
}

TEST(push_of_a_batch_has_a_dedup_key_a_message)
{
    struct cmd_put puts[BATCH_MAX] = {put_of("a", "1"), put_of("b", "2"), put_of("a", "1"), put_of("", "3")};

    desk_begin(0);
    uint64_t b = put_one("b", "2");
    assert_int_equal(put_all(puts, 4), 0);
    assert_true(desk.again && desk.count == 4);
    uint64_t a = desk.ids[0], plain = desk.ids[3];
    assert_true(desk.ids[1] == b && desk.ids[2] == a && a > b && plain > a);
    assert_int_equal(waiting(), 3);
    assert_int_equal(put_all(puts, 3), 0);
    assert_true(desk.again && desk.ids[0] == a && desk.ids[1] == b && desk.ids[2] == a);
    assert_int_equal(waiting(), 3);
    puts[4] = put_of("c", "4");
    puts[5] = put_of("c", "5");
    assert_int_equal(put_all(puts, 6), GMQ_E_DEDUP_MISMATCH);
    puts[5] = put_of("b", "5");
    assert_int_equal(put_all(puts, 6), GMQ_E_DEDUP_MISMATCH);
    assert_int_equal(waiting(), 3);
    desk_end();
}

/* As the doors make them: one key for all. */
static void spread(struct cmd_put *puts, char (*keys)[2 * CMD_KEY_BYTES_MAX], const char *key, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%s/%u", key, i);
        puts[i] = put_of(keys[i], i == 0 ? "1" : "2");
        puts[i].dedup_of = count;
    }
}

TEST(push_of_a_batch_with_one_dedup_key_is_the_same_batch_or_refused)
{
    char keys[BATCH_MAX][2 * CMD_KEY_BYTES_MAX], longest[CMD_KEY_BYTES_MAX + 2];
    struct cmd_put puts[BATCH_MAX];

    desk_begin(0);
    spread(puts, keys, "a/b", 3);
    assert_int_equal(put_all(puts, 3), 0);
    assert_false(desk.again);
    uint64_t last = desk.ids[2];
    assert_int_equal(put_all(puts, 3), 0);
    assert_true(desk.again && desk.ids[2] == last);
    for (uint32_t count = 1; count <= 5; count++) {
        spread(puts, keys, "a/b", count);
        assert_int_equal(put_all(puts, count), count == 3 ? 0 : GMQ_E_DEDUP_MISMATCH);
    }
    assert_int_equal(waiting(), 3);
    memset(longest, 'k', sizeof(longest));
    longest[CMD_KEY_BYTES_MAX] = '\0';
    spread(puts, keys, longest, 3);
    assert_int_equal(put_all(puts, 3), 0);
    assert_false(desk.again);
    desk_restart();
    assert_int_equal(put_all(puts, 3), 0);
    assert_true(desk.again);
    longest[CMD_KEY_BYTES_MAX] = 'k';
    longest[CMD_KEY_BYTES_MAX + 1] = '\0';
    spread(puts, keys, longest, 3);
    assert_int_equal(put_all(puts, 3), GMQ_E_KEY);
    assert_int_equal(waiting(), 6);
    desk_end();
}

TEST(push_is_known_by_its_dedup_key_over_restarts_and_for_the_window)
{
    desk_begin(0);
    uint64_t first = put_one("a", "x");
    desk_restart();
    assert_true(put_one("a", "x") == first && desk.again);
    desk_live(DESK_DEDUP_MS - 2000);
    desk_restart();
    assert_true(put_one("a", "x") == first && desk.again);
    desk_live(4000);
    uint64_t second = put_one("a", "y");
    assert_true(second > first && !desk.again);
    assert_true(put_one("a", "y") == second && desk.again);
    desk_end();
}

/* With the end of a window the clock of the next life cannot begin within it. */
TEST(push_with_a_dedup_key_whose_time_was_over_is_another_one_though_the_clock_is_set_back)
{
    desk_begin(0);
    uint64_t begun_ms = desk.now_ms;
    uint64_t first = put_one("a", "x"), other = put_one("b", "x");
    desk.now_ms += DESK_DEDUP_MS + 1000;
    assert_true(put_one("a", "x") > first && !desk.again);
    desk_kill();
    desk.now_ms = begun_ms;
    desk_open();
    assert_in_range(desk.now_ms, begun_ms + DESK_DEDUP_MS, begun_ms + DESK_DEDUP_MS + 1000);
    assert_true(put_one("b", "y") > other && !desk.again);
    desk_end();
}

TEST(push_keeps_its_dedup_key_when_its_dead_letter_moves_to_another_topic)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .all = true, .to = slice_str("other")};
    struct cmd move = {.kind = CMD_DEAD_REDRIVE, .topic = slice_str("t"), .args = &args};

    desk_begin(0);
    uint64_t first = put_one("a", "x");
    assert_int_equal(desk_pop(), first);
    desk_live(DESK_TTR_MS + 1000);
    assert_int_equal(desk_run(&move), 0);
    desk_live(1000);
    assert_int_equal(desk_queue()->dead.count, 0);
    assert_true(put_one("a", "x") == first && desk.again);
    desk_restart();
    assert_true(put_one("a", "x") == first && desk.again);
    desk_end();
}

TEST(push_with_a_bad_dedup_key_or_on_a_node_without_is_refused)
{
    char longest[CMD_KEY_BYTES_MAX + 2];
    struct cmd_put put;

    memset(longest, 'k', sizeof(longest));
    longest[CMD_KEY_BYTES_MAX + 1] = '\0';
    desk_begin(0);
    put = put_of(longest, "x");
    assert_int_equal(put_all(&put, 1), GMQ_E_KEY);
    longest[CMD_KEY_BYTES_MAX] = '\0';
    put = put_of(longest, "x");
    assert_int_equal(put_all(&put, 1), 0);
    put = put_of("a\nb", "x");
    assert_int_equal(put_all(&put, 1), GMQ_E_KEY);
    put = put_of("\xff", "x");
    assert_int_equal(put_all(&put, 1), GMQ_E_KEY);
    desk.no_dedup = true;
    desk_restart();
    put = put_of("a", "x");
    assert_int_equal(put_all(&put, 1), GMQ_E_VALUE);
    assert_int_equal(engine_dedup_window_ms(desk.broker.engine), 0);
    desk.no_dedup = false;
    desk_restart();
    put = put_of(longest, "x"); /* it was forgotten meanwhile */
    assert_int_equal(put_all(&put, 1), 0);
    assert_false(desk.again);
    desk_end();
}

/* The second push comes before anything is synced: neither is answered before both are safe. */
TEST(push_again_waits_for_the_promise_of_the_first)
{
    struct cmd_put put = put_of("a", "x");
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .puts = &put, .put_count = 1};
    struct cmd cmd = {.kind = CMD_PUT, .topic = slice_str("t"), .args = &args};
    struct session other;

    desk_begin(0);
    session_init(&other, &desk.broker, desk.session.ops);
    assert_int_equal(broker_execute(&desk.broker, &desk.session, &cmd, desk.now_ms), 0);
    assert_int_equal(broker_execute(&desk.broker, &other, &cmd, desk.now_ms), 0);
    (void)broker_turn(&desk.broker, desk.now_ms);
    assert_int_equal(desk.answers, 0);
    desk_settle();
    assert_int_equal(desk.answers, 2);
    assert_true(desk.again);
    assert_int_equal(waiting(), 1);
    session_fini(&other);
    desk_end();
}

/* ---- crashes ----------------------------------------------------------------------------------------------------- */

enum { CRASH_LIVES = 60, CRASH_STEPS = 60, CRASH_KEYS = 12 };

/* What clients know: the id that was answered to the first push with a key, 0 = none was. */
struct known {
    uint64_t ids[CRASH_KEYS];
};

static const char *crash_key(size_t i)
{
    static const char *const KEYS[CRASH_KEYS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};

    return KEYS[i];
}

/* A push whose answer nobody waits for: its client is gone before. */
static void push_and_go(size_t key)
{
    struct cmd_put put = put_of(crash_key(key), crash_key(key));
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .puts = &put, .put_count = 1};
    struct cmd cmd = {.kind = CMD_PUT, .topic = slice_str("t"), .args = &args};

    assert_int_equal(broker_execute(&desk.broker, &desk.session, &cmd, desk.now_ms), 0);
}

/* After a crash: what was promised is found by its key, and a key is there exactly when its message is. */
static void check_known(struct known *known, bool all_kept)
{
    uint64_t before = desk_queue() ? waiting() : 0, found = 0;

    for (size_t i = 0; i < CRASH_KEYS; i++) {
        uint64_t id = put_one(crash_key(i), crash_key(i));
        found += desk.again;
        if (all_kept && known->ids[i] != 0)
            assert_true(desk.again && id == known->ids[i]);
        if (desk.again && known->ids[i] != 0)
            assert_true(id == known->ids[i]);
        known->ids[i] = id;
    }
    assert_int_equal(found, before);
    assert_int_equal(waiting(), CRASH_KEYS);
}

static void live_and_crash(struct rng *rng)
{
    struct known known = {.ids = {0}};
    bool cut = rng_chance(rng, 500);

    for (unsigned step = 0; step < rng_below(rng, CRASH_STEPS); step++) {
        size_t key = rng_below(rng, CRASH_KEYS);
        uint64_t id = put_one(crash_key(key), crash_key(key));
        assert_true(known.ids[key] == 0 ? !desk.again : desk.again && id == known.ids[key]);
        known.ids[key] = id;
        desk.now_ms += rng_below(rng, 100);
    }
    push_and_go(rng_below(rng, CRASH_KEYS));
    if (rng_chance(rng, 500))
        (void)broker_turn(&desk.broker, desk.now_ms);
    if (rng_chance(rng, 500))
        (void)log_step_writer(desk.broker.log);
    desk_kill();
    if (cut)
        simdisk_power_cut(desk.sim);
    desk_open();
    check_known(&known, !cut || desk.sync == LOG_SYNC_ALWAYS);
}

TEST(push_that_was_answered_is_known_by_its_key_after_any_crash)
{
    struct rng rng = {.state = 4711};

    for (unsigned life = 0; life < CRASH_LIVES; life++) {
        desk_begin(0);
        desk_kill();
        desk.sync = (enum log_sync)(life % 3);
        desk_open();
        live_and_crash(&rng);
        desk_end();
    }
}
