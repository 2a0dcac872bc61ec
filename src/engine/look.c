/* look.c - see look.h. SPDX-License-Identifier: MIT */
#include "engine/look.h"

#include "engine/state.h"

size_t look_flight(const struct engine *engine, uint32_t queue, uint32_t *at, uint32_t *looks, struct lease *ret,
                   uint32_t *ret_places, size_t max)
{
    const struct flight *flight = &engine->flight;
    size_t n = 0;

    for (; n < max && *looks > 0 && *at < flight->places; ++*at, --*looks) {
        const struct lease *lease = flight_place(flight, *at);
        if (!lease || lease->queue != queue)
            continue;
        ret_places[n] = *at;
        ret[n++] = *lease;
    }
    if (*at >= flight->places)
        *at = UINT32_MAX;
    return n;
}

uint32_t look_leases(const struct engine *engine, uint32_t at, uint32_t looks,
                     void (*each)(void *ctx, const struct lease *lease), void *ctx)
{
    const struct flight *flight = &engine->flight;
    uint32_t end = (uint32_t)min_u64((uint64_t)at + looks, flight->places);

    for (; at < end; at++) {
        const struct lease *lease = flight_place(flight, at);
        if (lease)
            each(ctx, lease);
    }
    return at < flight->places ? at : UINT32_MAX;
}
