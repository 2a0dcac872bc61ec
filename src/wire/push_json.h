/*
 * push_json.h - the JSON that a message is pushed with over HTTP
 *
 * What   push_json_read() reads the original's form value {"body":string,"topic":string,"delay":integer} by the rules
 *        of Go's decoder and with its error texts: keys in either case, the last of equal keys wins, others are
 *        ignored, null leaves what is there, a missing key is empty or 0. A lone null is a push without a topic.
 *        mpush_json_read() reads gmq's own batch, {"topic":string,"messages":[{"body":...,"delay":...},...]} or only
 *        the array, with the same rules for each message (a "topic" in a message is ignored).
 * Owns   What is returned points into `json` or `scratch` and is good until either changes. `scratch` belongs to the
 *        caller and is appended to; three times the length of `json` and CMD_ITEM_HEADER_BYTES for each message of
 *        a batch suffice. What it held before, and what a failure leaves in it, is the caller's to drop.
 * Fails  GMQ_E_JSON with its text in `error`; -ENOMEM when `scratch` may not grow that far; for a batch also
 *        GMQ_E_BATCH_COUNT (no message), GMQ_E_BATCH_LIMIT, GMQ_E_BODY_LIMIT (all bodies together, decoded), both
 *        with the limit in `error`, GMQ_E_DELAY and GMQ_E_DELAY_NEGATIVE. reply_error_text() takes `error`'s fields.
 *        An integer that is quoted in a text is cut after 64 characters.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_PUSH_JSON_H
#define GMQ_WIRE_PUSH_JSON_H

#include "base/buf.h"
#include "wire/frame.h"
#include "wire/json_check.h"

struct push_json {
    struct slice topic, body; /* unchecked */
    int64_t delay_s;          /* unchecked: any int64 */
};

struct mpush_json {
    struct slice topic; /* unchecked; empty when only the array was given */
    struct slice items; /* packed, see cmd_item_next(); their delays are within the limit */
    uint32_t count;
};

struct push_json_error {
    char text[JSON_ERROR_BYTES]; /* of GMQ_E_JSON, else "" */
    uint64_t number;             /* of a *_LIMIT, else 0 */
};

NODISCARD int push_json_read(struct slice json, struct buf *scratch, struct push_json *ret,
                             struct push_json_error *error);

NODISCARD int mpush_json_read(const struct frame_limits *limits, struct slice json, struct buf *scratch,
                              struct mpush_json *ret, struct push_json_error *error);

#endif
