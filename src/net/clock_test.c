/* clock_test.c - engine time under a wall clock that does what it likes. SPDX-License-Identifier: MIT */
#include "net/clock.h"

#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct hands {
    uint64_t wall_ms, boot_ns;
};

static uint64_t hands_wall(void *ctx) { return ((struct hands *)ctx)->wall_ms; }
static uint64_t hands_boot(void *ctx) { return ((struct hands *)ctx)->boot_ns; }

static struct clock_source source_of(struct hands *hands)
{
    return (struct clock_source){.wall_ms = hands_wall, .boot_ns = hands_boot, .ctx = hands};
}

static void pass_ms(struct hands *hands, uint64_t ms)
{
    hands->wall_ms += ms;
    hands->boot_ns += ms * 1000000;
}

enum { T0 = 1000000000 };

TEST(engine_clock_begins_at_the_wall_clock_and_follows_it)
{
    struct hands hands = {T0, 77};
    struct clock_source source = source_of(&hands);
    struct engine_clock clock;

    engine_clock_init(&clock, &source, 5);
    assert_int_equal(engine_clock_now_ms(&clock), T0);
    for (int i = 0; i < 1000; i++) {
        pass_ms(&hands, 7);
        assert_int_equal(engine_clock_now_ms(&clock), hands.wall_ms);
    }
    assert_int_equal(clock.steps, 0);
}

TEST(engine_clock_begins_at_the_last_time_of_the_log_and_is_drawn_back_slowly)
{
    struct hands hands = {T0, 0};
    struct clock_source source = source_of(&hands);
    struct engine_clock clock;

    engine_clock_init(&clock, &source, T0 + 1000);
    assert_int_equal(engine_clock_now_ms(&clock), T0 + 1000);
    pass_ms(&hands, 1000000);
    assert_int_equal(engine_clock_now_ms(&clock), hands.wall_ms + 500);
    pass_ms(&hands, 2000000);
    assert_int_equal(engine_clock_now_ms(&clock), hands.wall_ms);
    assert_int_equal(clock.steps, 0);
}

TEST(engine_clock_takes_a_step_of_the_wall_clock_at_500_ppm_and_counts_it)
{
    struct hands hands = {T0, 0};
    struct clock_source source = source_of(&hands);
    struct engine_clock clock;
    const uint64_t year_ms = UINT64_C(365) * 86400 * 1000;

    engine_clock_init(&clock, &source, 0);
    hands.wall_ms += year_ms;
    assert_int_equal(engine_clock_now_ms(&clock), T0);
    assert_int_equal(clock.steps, 1);
    assert_int_equal(clock.last_step_ms, year_ms);
    pass_ms(&hands, 10000);
    assert_int_equal(engine_clock_now_ms(&clock), T0 + 10005);
    hands.wall_ms = 3;
    pass_ms(&hands, 10000);
    assert_int_equal(engine_clock_now_ms(&clock), T0 + 20000);
    assert_int_equal(clock.steps, 2);
    assert_true(clock.last_step_ms < 0);
}

TEST(engine_clock_never_runs_backwards_and_never_leaves_500_ppm)
{
    struct hands hands = {T0, 12345};
    struct clock_source source = source_of(&hands);
    struct engine_clock clock;
    unsigned seed = 7;

    engine_clock_init(&clock, &source, 0);
    uint64_t begin_boot = hands.boot_ns, last = engine_clock_now_ms(&clock), begin = last;
    for (int i = 0; i < 100000; i++) {
        uint64_t passed_ns = (uint64_t)rand_r(&seed) % 3000000;

        hands.boot_ns += passed_ns;
        hands.wall_ms = T0 + (hands.boot_ns - begin_boot) / 1000000;
        if (rand_r(&seed) % 100 == 0)
            hands.wall_ms += (uint64_t)rand_r(&seed) % 10000000;
        uint64_t now = engine_clock_now_ms(&clock);
        assert_true(now >= last);
        last = now;
    }
    uint64_t boot_ms = (hands.boot_ns - begin_boot) / 1000000;
    assert_true(last - begin <= boot_ms + boot_ms / 2000 + 1);
    assert_true(last - begin + 1 >= boot_ms - boot_ms / 2000);
}

TEST(engine_clock_gives_the_slew_of_many_short_intervals_in_full)
{
    struct hands hands = {T0 + 10, 0};
    struct clock_source source = source_of(&hands);
    struct engine_clock clock;

    engine_clock_init(&clock, &source, T0 + 100000);
    for (int i = 0; i < 2000000; i++) {
        hands.boot_ns += 500;
        (void)engine_clock_now_ms(&clock);
    }
    /* One second passed: 1000 ms less 0.5 ms. */
    assert_int_equal(clock.engine_ns, UINT64_C(1000000) * (T0 + 100000) + 999500000);
}

TEST(clock_writes_local_time)
{
    char text[CLOCK_TEXT_BYTES];
    char *old = getenv("TZ") ? strdup(getenv("TZ")) : NULL;

    assert_int_equal(setenv("TZ", "UTC-8", 1), 0);
    tzset();
    clock_format_local(UINT64_C(1483200000000), text);
    assert_string_equal(text, "2017-01-01 00:00:00");
    clock_format_local(UINT64_MAX, text);
    assert_string_equal(text, "0000-00-00 00:00:00");
    assert_int_equal(old ? setenv("TZ", old, 1) : unsetenv("TZ"), 0);
    tzset();
    free(old);
}

TEST(clock_of_the_machine_advances)
{
    uint64_t boot = clock_boot_ns();

    assert_true(clock_boot_ns() >= boot);
    assert_true(clock_wall_ms() > UINT64_C(1483228800000));
    assert_true(CLOCK_SYSTEM.wall_ms(NULL) > 0 && CLOCK_SYSTEM.boot_ns(NULL) > 0);
}
