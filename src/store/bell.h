/*
 * bell.h - lets a helper thread sleep until the loop has something for it
 *
 * Order of the sleeper: bell_arm, look once more whether there is work, bell_wait. Of the other side: make the work
 * visible (a sequentially consistent store, as chan_push does), bell_ring. Then no ring is missed.
 * Cost: ringing for a thread that is awake is one atomic exchange; for a sleeping one a futex wake.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_BELL_H
#define GMQ_STORE_BELL_H

#include <stdatomic.h>
#include <stdint.h>

struct bell {
    _Atomic uint32_t armed;
};

enum { BELL_FOREVER = -1 };

void bell_arm(struct bell *bell);

/* Sleeps until bell_ring() or for `timeout_ns` nanoseconds, BELL_FOREVER = no limit; may return early. */
void bell_wait(struct bell *bell, int64_t timeout_ns);

void bell_ring(struct bell *bell);

#endif
