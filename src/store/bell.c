/* bell.c - see bell.h. SPDX-License-Identifier: MIT */
#include "store/bell.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void bell_arm(struct bell *bell) { atomic_store(&bell->armed, 1); }

void bell_wait(struct bell *bell, int64_t timeout_ns)
{
    struct timespec limit = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};

    (void)syscall(SYS_futex, &bell->armed, FUTEX_WAIT_PRIVATE, 1, timeout_ns < 0 ? NULL : &limit, NULL, 0);
    atomic_store(&bell->armed, 0);
}

void bell_ring(struct bell *bell)
{
    if (atomic_exchange(&bell->armed, 0) == 1)
        (void)syscall(SYS_futex, &bell->armed, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
