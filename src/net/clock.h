/*
 * clock.h - the only place that reads the time
 *
 * What   Raw readings of the two clocks gmq uses, their human form, and engine time.
 *        wall: CLOCK_REALTIME, milliseconds since 1970-01-01 UTC; people and other machines set it at will.
 *        boot: CLOCK_BOOTTIME, since the machine started; never set, runs on while it sleeps.
 * Why    Leases, delays and ids must not move when somebody sets the wall clock. Engine time begins at the larger of
 *        the wall clock and the last time in the log, advances with the boot clock, and is drawn towards the wall
 *        clock by at most 500 ppm (1.8 s an hour), so it never jumps and never runs backwards.
 * Tests  All sources come through struct clock_source, so a test can be the clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_CLOCK_H
#define GMQ_NET_CLOCK_H

#include "base/base.h"

enum { CLOCK_TEXT_BYTES = 20 }; /* "2006-01-02 15:04:05" and its NUL */

/* Where the readings come from. */
struct clock_source {
    uint64_t (*wall_ms)(void *ctx); /* milliseconds since 1970-01-01 UTC */
    uint64_t (*boot_ns)(void *ctx); /* nanoseconds, never less than before */
    void *ctx;
};

/* The machine's clocks. */
extern const struct clock_source CLOCK_SYSTEM;

uint64_t clock_wall_ms(void);
uint64_t clock_boot_ms(void);
uint64_t clock_boot_ns(void);
uint64_t clock_monotonic_ns(void); /* what the event loop counts by: it stands still while the machine sleeps */

/* Writes `wall_ms` as local time, "2006-01-02 15:04:05", always with its NUL. */
void clock_format_local(uint64_t wall_ms, char to[CLOCK_TEXT_BYTES]);

/* A clock for the engine. The fields below `steps` are its own. */
struct engine_clock {
    uint64_t steps;       /* how often the wall clock was set by more than CLOCK_STEP_MS while we ran */
    int64_t last_step_ms; /* by how much the last time: > 0 forwards, < 0 backwards */

    struct clock_source source;
    uint64_t engine_ns;  /* engine time at the last reading, nanoseconds since 1970-01-01 UTC */
    uint64_t boot_ns;    /* the sources at the last reading */
    uint64_t wall_ms;
    uint64_t slew_carry; /* parts of a nanosecond of slew not yet given, in 1/2000 */
};

enum { CLOCK_STEP_MS = 500 };

/*
 * Starts the clock. `last_ms` is the latest engine time found in the log, 0 when there is none.
 * `source` is copied; &CLOCK_SYSTEM outside of tests.
 */
void engine_clock_init(struct engine_clock *clock, const struct clock_source *source, uint64_t last_ms);

/*
 * Engine time in milliseconds; never less than what it said before. Compare `steps` before and after to log a step
 * of the wall clock.
 */
uint64_t engine_clock_now_ms(struct engine_clock *clock);

#endif
