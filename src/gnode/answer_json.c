/* answer_json.c - see answer_json.h. SPDX-License-Identifier: MIT */
#include "gnode/answer_json.h"

#include <stdlib.h>

static bool put_ids(struct buf *out, const struct answer *answer)
{
    uint64_t *ids = answer_ids(answer);
    bool ok = report_json_ids(out, ids, answer->count, false);

    free(ids);
    return ok;
}

bool answer_json(struct buf *out, const struct answer *answer, struct slice topics, enum op_encoding encoding)
{
    switch (answer->kind) {
    case ANSWER_REPORT:
        return report_json(out, answer->report, encoding);
    case ANSWER_MESSAGE:
    case ANSWER_MESSAGES:
        return report_json_messages(out, answer->messages, answer->count, topics, encoding);
    case ANSWER_ERROR:
        return report_json_messages(out, NULL, 0, topics, encoding);
    case ANSWER_ID:
        return report_json_ids(out, &answer->id, 1, false);
    case ANSWER_IDS:
        return put_ids(out, answer);
    default:
        return report_json_done(out, answer->number, answer->ids, answer->count);
    }
}

bool answer_text(struct buf *out, const struct answer *answer)
{
    return answer->kind == ANSWER_ERROR ? answer_error_text(answer, out) : answer_refusal_text(answer->report, out);
}

size_t answer_bytes(const struct answer *answer)
{
    size_t bytes = 0;

    if (answer->kind == ANSWER_REPORT)
        return report_bytes(answer->report);
    if (answer->kind == ANSWER_STATS)
        return answer->count * sizeof(answer->stats[0]);
    if (answer->kind == ANSWER_MESSAGE || answer->kind == ANSWER_MESSAGES)
        for (size_t i = 0; i < answer->count; i++)
            bytes += answer->messages[i].body.len;
    return bytes;
}
