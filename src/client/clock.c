/* clock.c - see clock.h. SPDX-License-Identifier: MIT */
#include "client/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

uint64_t clock_mono_ms(void)
{
    struct timespec now;

    ENSURE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int clock_left_ms(uint64_t deadline_ms)
{
    uint64_t now_ms = clock_mono_ms();

    return now_ms >= deadline_ms ? 0 : (int)min_u64(deadline_ms - now_ms, INT_MAX);
}

void clock_sleep_until(uint64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}
