/*
 * report_json.h - what the operations answer, as JSON
 *
 * What   One object for every report; docs/openapi.yaml has their schemas. Ids are strings, times RFC 3339 in UTC, what
 *        does not apply is left out of a message's facts and null elsewhere. Errors are RFC 9457 problems.
 * Fails  False, with `out` as it was, when it may not grow that far.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_REPORT_JSON_H
#define GMQ_WIRE_REPORT_JSON_H

#include "base/buf.h"
#include "wire/op.h"
#include "wire/reply.h"
#include "wire/report.h"

NODISCARD bool report_json(struct buf *out, const struct report *report, enum op_encoding encoding);

/* The messages of a REPORT_MESSAGES, each in a line of its own. */
NODISCARD bool report_json_lines(struct buf *out, const struct report *report, enum op_encoding encoding);

/* What a pop hands out when it is no report: {"messages":[...]}. `topics` is its list, as in the command. */
NODISCARD bool report_json_messages(struct buf *out, const struct reply_message *messages, size_t count,
                                    struct slice topics, enum op_encoding encoding);

/* {"done":n,"unknown":[...]} */
NODISCARD bool report_json_done(struct buf *out, uint64_t done, const uint64_t *unknown, size_t count);

/* {"ids":[...],"duplicate":false} */
NODISCARD bool report_json_ids(struct buf *out, const uint64_t *ids, size_t count, bool duplicate);

/* {"type":"about:blank","title":"Not Found","status":404,"detail":"...","code":"MESSAGE_UNKNOWN"} */
NODISCARD bool report_json_problem(struct buf *out, int err, struct slice detail);

#endif
