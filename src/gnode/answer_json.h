/*
 * answer_json.h - answers to operations, the same JSON for every door
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_ANSWER_JSON_H
#define GMQ_GNODE_ANSWER_JSON_H

#include "base/err.h"
#include "gnode/session.h"
#include "wire/report_json.h"

/* Is it an error? A pop that finds nothing is none: it hands out nothing. */
static inline bool answer_is_error(const struct answer *answer)
{
    if (answer->kind == ANSWER_ERROR)
        return answer->err != GMQ_E_NO_MESSAGE;
    return answer->kind == ANSWER_REPORT && answer->report->kind == REPORT_REFUSAL;
}

/* What an answer that is no error says. `topics`: of a pop, its list. False as report_json(). */
NODISCARD bool answer_json(struct buf *out, const struct answer *answer, struct slice topics,
                           enum op_encoding encoding);

/* Of one that is: its code, and its text. */
static inline int answer_err(const struct answer *answer)
{
    return answer->kind == ANSWER_ERROR ? answer->err : answer->report->err;
}
NODISCARD bool answer_text(struct buf *out, const struct answer *answer);

/* Bytes of bodies that it carries, for the limits on what is being sent. */
size_t answer_bytes(const struct answer *answer);

#endif
