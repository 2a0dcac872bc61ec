/* stalls.c - see stalls.h. SPDX-License-Identifier: MIT */
#include "net/stalls.h"

#include "base/base.h"
#include "net/clock.h"

void stalls_prepare(uv_loop_t *loop) { (void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME); }

/* Both on libuv's clock; so the difference stands still while the loop waits. */
static uint64_t busy_ns(uv_loop_t *loop) { return clock_monotonic_ns() - uv_metrics_idle_time(loop); }

void stalls_begin(struct stalls *stalls, uv_loop_t *loop)
{
    *stalls = (struct stalls){.busy_ns = busy_ns(loop)};
}

void stalls_turn(struct stalls *stalls, uv_loop_t *loop)
{
    uint64_t busy = busy_ns(loop), took = busy - stalls->busy_ns;

    stalls->busy_ns = busy;
    stalls->turns++;
    stalls->max_ns = max_u64(stalls->max_ns, took);
    stalls->over_1ms += took > 1000000;
    stalls->over_10ms += took > 10000000;
}
