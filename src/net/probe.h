/*
 * probe.h - does somebody listen at this address?
 *
 * Resolves and connects on the libuv loop without blocking it, closes the connection at once and says how it went.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_PROBE_H
#define GMQ_NET_PROBE_H

#include "base/base.h"
#include "base/slice.h"

#include <uv.h>

struct tcp_probe;

/* `err` is NULL, or the reason as Go says it: `dial tcp 127.0.0.1:5: connect: connection refused`. */
typedef void tcp_probe_done(void *ctx, const char *err);

/*
 * Connects to `addr` ("host:port") within `timeout_ms` (> 0). `done` is called exactly once unless cancelled, never
 * from inside this function, and also for an address that cannot be read. `ret` may be NULL.
 * Returns 0 or -errno (then there is no callback).
 */
NODISCARD int tcp_probe(struct tcp_probe **ret, uv_loop_t *loop, struct slice addr, unsigned timeout_ms,
                        tcp_probe_done *done, void *ctx);

/* Ends the probe; its callback does not come. Not after the callback. The memory goes with the loop's next turn. */
void tcp_probe_cancel(struct tcp_probe *probe);

#endif
