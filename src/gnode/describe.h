/*
 * describe.h - a message as a report says it: what its record holds, and as much of its body as is wanted
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_DESCRIBE_H
#define GMQ_GNODE_DESCRIBE_H

#include "engine/payload.h"
#include "wire/report.h"

/* Fills what the PUSH record says; `body` and, of CMD_BODY_FIRST, `body_bytes`: how much of the body. */
void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   enum cmd_body body, uint64_t body_bytes);

#endif
