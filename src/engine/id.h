/*
 * id.h - message ids: the original's snowflakes
 *
 *   bits 22..62  milliseconds since 2017-01-01T00:00:00Z
 *   bits 12..21  node, 0..1023 (node id 1024 is stored as 0)
 *   bits  0..11  sequence within the millisecond
 *
 * Ids of one node increase strictly, also when its node id is changed. A millisecond whose 4096 ids are used up
 * borrows from the next. No id is 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_ID_H
#define GMQ_ENGINE_ID_H

#include "base/base.h"

#define ID_EPOCH_MS 1483228800000u

enum { ID_TIME_SHIFT = 22 };

/* The id that follows `last` (0 = none yet) on `node` (1..1024) at `now_ms` (since 1970). */
uint64_t id_next(uint64_t last, unsigned node, uint64_t now_ms);

/* The node in an id, 0..1023 (0 for node 1024); good for id_next(). */
unsigned id_node(uint64_t id);

/* The greatest id there could be before `ms` (since 1970); 0 for a time that no id can have. */
uint64_t id_before(uint64_t ms);

/* The time in an id, in ms since 1970. Ids may run ahead of the clock: when a message was pushed payload.h says. */
static inline uint64_t id_time_ms(uint64_t id) { return (id >> ID_TIME_SHIFT) + ID_EPOCH_MS; }

#endif
