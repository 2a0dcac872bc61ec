/*
 * call.h - an operation of the TCP protocol: `call NAME` with its arguments as JSON
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_CALL_H
#define GMQ_GCLIENT_CALL_H

#include "base/base.h"
#include "base/slice.h"

#include <gmq.h>

/*
 * Asks for the operation with `json`, NUL-terminated; the answer is good until the next call on the handle. Fails as
 * the calls of gmq.h, with gmq_error_text().
 */
NODISCARD int call_node(struct gmq *mq, const char *op, const char *json, struct slice *ret_json);

#endif
