/*
 * health.h - how a node is, why, and since when
 *
 *   OK          everything is done
 *   DEGRADED    everything is done, but something went wrong in this life of the node that somebody should look at:
 *               damage found at the start, a checkpoint or a file that failed, a write that was healed
 *   FULL        pushes and new topics are refused; by itself OK again when there is room
 *   READ_ONLY   nothing is changed or promised until a restart
 *   STOPPING    commands are refused, the node ends
 *
 * The worst counts; reasons of all are listed. What degrades stays until the next start that finds nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_HEALTH_H
#define GMQ_GNODE_HEALTH_H

#include "gnode/broker.h"

enum health_state { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FULL, HEALTH_READ_ONLY, HEALTH_STOPPING };

enum { HEALTH_REASONS_MAX = 8, HEALTH_REASON_BYTES = 320 };

struct health {
    enum health_state state;
    uint64_t since_ms; /* wall clock */
    size_t count;
    char reasons[HEALTH_REASONS_MAX][HEALTH_REASON_BYTES];
};

/* Fills in state and reasons as they are now. True when the state or a reason is another than before. */
bool health_look(struct health *health, const struct broker *broker, uint64_t wall_ms);

/* "ok", "degraded", "full", "read-only", "stopping". */
const char *health_word(enum health_state state);

/* May clients be sent here? */
static inline bool health_is_ready(const struct health *health) { return health->state <= HEALTH_DEGRADED; }

#endif
