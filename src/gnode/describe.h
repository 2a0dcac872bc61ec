/*
 * describe.h - a message or a topic as a report says it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_DESCRIBE_H
#define GMQ_GNODE_DESCRIBE_H

#include "engine/payload.h"
#include "wire/report.h"

struct broker;
struct located;
struct queue;

/* Fills what the PUSH record says by now; `body` and, of CMD_BODY_FIRST, `body_bytes`: how much of the body. */
void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   uint64_t now_ms, enum cmd_body body, uint64_t body_bytes);

/* What is known of a message whose PUSH stands at `lsn` and that came back, or is dead; message->place is set. */
void describe_facts(struct report *report, struct report_message *message, const struct broker *broker, uint64_t lsn);

/* All of it. Of one that is gone, how that was is left as it is. */
void describe_located(struct report *report, struct report_message *message, const struct broker *broker,
                      const struct located *at, uint64_t now_ms, enum cmd_body body, uint64_t body_bytes);

/* The name of a client by its number, or its address when it has none; empty when it is not known any more. */
struct slice describe_holder(struct report *report, const struct broker *broker, uint32_t number);

/*
 * What is known of a topic without reading a record, by a look at it now: all but the ages of its oldest messages. Its
 * name is borrowed.
 */
void describe_topic(struct report_topic *topic, struct broker *broker, struct queue *queue, uint64_t now_ms);

/* When the message of the ref was pushed, by now; 0 = its record cannot be read. False: it is being fetched. */
NODISCARD bool describe_pushed_ms(const struct broker *broker, uint64_t ref, uint64_t now_ms, uint64_t *ret_ms);

/* From enum payload_reason. */
enum dead_why describe_why(unsigned reason);

#endif
