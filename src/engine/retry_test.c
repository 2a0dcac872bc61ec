/* retry_test.c - SPDX-License-Identifier: MIT */
#include "engine/retry.h"

#include "engine/ref.h"
#include "unit/unit.h"

static uint64_t delay(const struct retry_policy *retry, unsigned retries)
{
    return retry_delay_ms(retry, ref_make(4096, retries));
}

TEST(retry_delays_follow_the_kind_of_the_policy)
{
    struct retry_policy none = {.kind = RETRY_AT_ONCE};
    struct retry_policy fixed = {.kind = RETRY_FIXED, .count = 1, .delays_ms = {700}};
    struct retry_policy list = {.kind = RETRY_LIST, .count = 3, .delays_ms = {1, 20, 300}};
    struct retry_policy twice = {.kind = RETRY_EXPONENTIAL, .count = 1, .delays_ms = {1000}, .cap_ms = 60000};

    for (unsigned n = 0; n <= REF_RETRIES_MAX; n++) {
        assert_int_equal(delay(&none, n), 0);
        assert_int_equal(delay(&fixed, n), 700);
        assert_int_equal(delay(&list, n), n == 0 ? 1 : n == 1 ? 20 : 300);
        assert_int_equal(delay(&twice, n), n < 6 ? 1000u << n : 60000);
    }
    twice.cap_ms = 0;
    twice.delays_ms[0] = RETRY_DELAY_MS_MAX;
    assert_int_equal(delay(&twice, REF_RETRIES_MAX), RETRY_DELAY_MS_MAX);
}

TEST(retry_jitter_shortens_a_delay_by_up_to_so_much_and_is_the_same_each_time)
{
    struct retry_policy retry = {.kind = RETRY_FIXED, .count = 1, .delays_ms = {1000}, .jitter_percent = 20};
    uint64_t least = UINT64_MAX, most = 0;

    for (uint64_t i = 1; i < 5000; i++) {
        uint64_t ms = retry_delay_ms(&retry, ref_make(64 * i, i % 5));
        assert_int_equal(ms, retry_delay_ms(&retry, ref_make(64 * i, i % 5)));
        least = min_u64(least, ms);
        most = max_u64(most, ms);
    }
    assert_true(least == 800 && most == 1000);
    retry.jitter_percent = 100;
    for (uint64_t i = 1; i < 5000; i++)
        assert_true(retry_delay_ms(&retry, ref_make(64 * i, 0)) <= 1000);
}
