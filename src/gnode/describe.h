/*
 * describe.h - a message as a report says it: what its record holds, as much of its body as is wanted, and what the
 *              engine knows of its deliveries
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_DESCRIBE_H
#define GMQ_GNODE_DESCRIBE_H

#include "engine/engine.h"
#include "engine/flight.h"
#include "engine/payload.h"
#include "wire/report.h"

/* Fills what the PUSH record says; `body` and, of CMD_BODY_FIRST, `body_bytes`: how much of the body. */
void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   enum cmd_body body, uint64_t body_bytes);

/* Fills its deliveries so far and, of message->place DEAD, since when and why; `lsn` is that of its PUSH. */
void describe_facts(struct report *report, struct report_message *message, const struct engine *engine, uint64_t lsn);

/* IN_FLIGHT: fills since when and until when, but not with whom. */
void describe_lease(struct report_message *message, const struct lease *lease);

#endif
