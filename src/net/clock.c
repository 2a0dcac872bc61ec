/* clock.c - the two clocks of the machine and the one of the engine. SPDX-License-Identifier: MIT */
#include "net/clock.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define SLEW_PARTS UINT64_C(2000) /* 1/2000 = 500 ppm */

static uint64_t read_ns(clockid_t id)
{
    struct timespec ts;

    ENSURE(clock_gettime(id, &ts) == 0);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_ms(void) { return read_ns(CLOCK_REALTIME) / NS_PER_MS; }
uint64_t clock_boot_ns(void) { return read_ns(CLOCK_BOOTTIME); }
uint64_t clock_monotonic_ns(void) { return read_ns(CLOCK_MONOTONIC); }
uint64_t clock_boot_ms(void) { return clock_boot_ns() / NS_PER_MS; }

static uint64_t system_wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static uint64_t system_boot_ns(void *ctx)
{
    (void)ctx;
    return clock_boot_ns();
}

const struct clock_source CLOCK_SYSTEM = {.wall_ms = system_wall_ms, .boot_ns = system_boot_ns};

void clock_format_local(uint64_t wall_ms, char to[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    /* Beyond the year 9999 the text would not fit. */
    if (wall_ms / 1000 > UINT64_C(253402214400) || !localtime_r(&seconds, &tm) ||
        strftime(to, CLOCK_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(to, CLOCK_TEXT_BYTES, "0000-00-00 00:00:00");
}

void engine_clock_init(struct engine_clock *clock, const struct clock_source *source, uint64_t last_ms)
{
    *clock = (struct engine_clock){.source = *source};
    clock->wall_ms = source->wall_ms(source->ctx);
    clock->boot_ns = source->boot_ns(source->ctx);
    clock->engine_ns = max_u64(last_ms, clock->wall_ms) * NS_PER_MS;
}

/* Counts what the wall clock did beyond passing. NTP slews by 500 ppm, so 0.1 % of the time is no step. */
static void watch_wall(struct engine_clock *clock, uint64_t wall_ms, uint64_t passed_ns)
{
    int64_t passed_ms = (int64_t)(passed_ns / NS_PER_MS);
    int64_t step_ms = (int64_t)(wall_ms - clock->wall_ms) - passed_ms;
    int64_t allowed_ms = CLOCK_STEP_MS + passed_ms / 1000;

    if (step_ms > allowed_ms || step_ms < -allowed_ms) {
        clock->steps++;
        clock->last_step_ms = step_ms;
    }
}

uint64_t engine_clock_now_ms(struct engine_clock *clock)
{
    uint64_t wall_ms = clock->source.wall_ms(clock->source.ctx);
    uint64_t boot_ns = clock->source.boot_ns(clock->source.ctx);
    uint64_t passed_ns = boot_ns > clock->boot_ns ? boot_ns - clock->boot_ns : 0;

    watch_wall(clock, wall_ms, passed_ns);
    clock->wall_ms = wall_ms;
    clock->boot_ns += passed_ns;

    uint64_t slew = clock->slew_carry + passed_ns;
    uint64_t wall_ns = wall_ms * NS_PER_MS;
    uint64_t engine_ns = clock->engine_ns + passed_ns;

    clock->slew_carry = slew % SLEW_PARTS;
    slew /= SLEW_PARTS;
    if (wall_ns > engine_ns)
        engine_ns += min_u64(slew, wall_ns - engine_ns);
    else
        engine_ns -= min_u64(min_u64(slew, passed_ns), engine_ns - wall_ns);
    clock->engine_ns = max_u64(clock->engine_ns, engine_ns);
    return clock->engine_ns / NS_PER_MS;
}
