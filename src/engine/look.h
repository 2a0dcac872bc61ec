/*
 * look.h - the messages of one queue, a piece at a time, without taking them
 *
 * What   For pages that a client asks for. The waiting list is looked at by waiting_stretch_at() and waiting_copy(),
 *        dead letters by refset_from() and refset_before(); what stands among the messages of other queues, in flight
 *        and delayed, is here. Each call does a bounded piece of the work; between calls everything may change.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_LOOK_H
#define GMQ_ENGINE_LOOK_H

#include "engine/engine.h"
#include "engine/flight.h"

/*
 * Messages of the queue in flight, up to `max` copies and their places, from place `*at` on, which goes on; UINT32_MAX:
 * that was the last. Looks at up to `*looks` places, which is counted down. Returns how many.
 */
size_t look_flight(const struct engine *engine, uint32_t queue, uint32_t *at, uint32_t *looks, struct lease *ret,
                   uint32_t *ret_places, size_t max);

#endif
