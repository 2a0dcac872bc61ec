/*
 * clock.h - libgmq's time: a monotonic clock in milliseconds, and deadlines on it
 *
 * A deadline is a point on that clock; a wait never goes beyond it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_CLOCK_H
#define GMQ_CLIENT_CLOCK_H

#include "base/base.h"

uint64_t clock_mono_ms(void);

/* Milliseconds from now to `deadline_ms`, at least 0, at most INT_MAX: what poll() takes. */
int clock_left_ms(uint64_t deadline_ms);

/* Sleeps until `until_ms`, signals or not. */
void clock_sleep_until(uint64_t until_ms);

#endif
