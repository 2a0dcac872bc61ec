/* describe.c - see describe.h. SPDX-License-Identifier: MIT */
#include "gnode/describe.h"

#include "engine/id.h"

void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   enum cmd_body body, uint64_t body_bytes)
{
    message->id = push->id;
    message->bytes = push->body.len;
    message->pushed_ms = id_time_ms(push->id);
    message->ttr_ms = push->ttr_ms;
    message->max_retries = -1;
    message->has_body = body != CMD_BODY_NONE;
    if (!message->has_body)
        return;
    size_t some = body == CMD_BODY_WHOLE ? push->body.len : min_u64(push->body.len, body_bytes);
    message->whole_body = some == push->body.len;
    message->body = report_keep(report, slice_of(push->body.ptr, some));
}
