/*
 * request.h - TCP requests as bytes: the writing counterpart of frame.h, for clients
 *
 * Every function appends one whole request to `out` and returns 0, or returns an error and leaves `out` as it was:
 *   GMQ_E_TOPIC_EMPTY, GMQ_E_TOPIC_NAME   the topic would break the line, or no node would take it
 *   GMQ_E_BATCH_COUNT                     an mpub of no messages
 *   GMQ_E_BATCH_LIMIT, GMQ_E_BODY_LIMIT   more messages, or a longer body, than 32 bits can say
 *   -ENOMEM                               `out` may not grow that far
 * Limits of the node (delay, body, batch) are the node's to check: it answers with a REPLY_ERROR.
 * The flags `binary` and `ids` ask for what only gmq nodes understand; the original refuses the request.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_REQUEST_H
#define GMQ_WIRE_REQUEST_H

#include "base/buf.h"
#include "wire/cmd.h"

NODISCARD int request_pub(struct buf *out, struct slice topic, int64_t delay_s, struct slice body);

/* The reply is "ok", or with `ids` a JSON array of the ids (answer_read_ids()). */
NODISCARD int request_mpub(struct buf *out, struct slice topic, const struct cmd_item *items, size_t count, bool ids);

/* With `binary` the reply is a REPLY_BINARY, which alone carries bodies that are not UTF-8. */
NODISCARD int request_pop(struct buf *out, struct slice topic, bool binary);

NODISCARD int request_ack(struct buf *out, uint64_t id, struct slice topic);

/* Takes up to `number` dead messages, all at once. */
NODISCARD int request_dead(struct buf *out, struct slice topic, int64_t number, bool binary);

/*
 * Takes up to `count` messages of the first of the topics that has some; while none has, the node waits `wait_ms`.
 * gmq's own; the reply is a REPLY_BINARY. 1 to CMD_TOPICS_MAX topics, else GMQ_E_TOPIC_LIST.
 */
NODISCARD int request_wpop(struct buf *out, const struct slice *topics, size_t topic_count, uint32_t wait_ms,
                           uint32_t count);

/* gmq's own. The reply is "ok", or a JSON array of the ids that were not in flight (answer_read_ids()). */
NODISCARD int request_mack(struct buf *out, struct slice topic, const uint64_t *ids, size_t count);

/* Of these popped messages: they come again after `delay_ms`, < 0 as their topic says; or have so long from now on. */
NODISCARD int request_nack(struct buf *out, struct slice topic, const uint64_t *ids, size_t count, int64_t delay_ms,
                           bool no_retry);
NODISCARD int request_touch(struct buf *out, struct slice topic, const uint64_t *ids, size_t count, uint32_t ttr_ms);

/*
 * An operation of op.h with the JSON object of its arguments; gmq's own. The reply is a REPLY_JSON. GMQ_E_PARAMS: the
 * name would break the line.
 */
NODISCARD int request_call(struct buf *out, struct slice name, struct slice json);

/* Auto-ack on or off. */
NODISCARD int request_set(struct buf *out, struct slice topic, bool auto_ack);

#endif
