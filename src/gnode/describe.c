/* describe.c - see describe.h. SPDX-License-Identifier: MIT */
#include "gnode/describe.h"

#include "engine/id.h"
#include "engine/ref.h"

static void describe_attrs(struct report *report, struct report_message *message, struct slice tlvs)
{
    struct payload_attrs attrs;

    if (tlvs.len == 0 || !payload_get_attrs(tlvs, &attrs))
        return;
    message->headers = report_keep(report, attrs.headers);
    message->key = report_keep(report, attrs.key);
    message->expires_ms = attrs.expiry_ms;
    if (attrs.own_retries > 0)
        message->max_retries = (int)attrs.own_retries - 1;
    if (attrs.moved) {
        message->first_ms = attrs.first_ms;
        message->last_ms = attrs.last_ms;
    }
}

void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   enum cmd_body body, uint64_t body_bytes)
{
    message->id = push->id;
    message->bytes = push->body.len;
    message->pushed_ms = id_time_ms(push->id);
    message->auto_ack = push->ttr_ms == PAYLOAD_TTR_AUTO_ACK;
    message->ttr_ms = message->auto_ack ? 0 : push->ttr_ms;
    message->max_retries = -1;
    describe_attrs(report, message, push->tlvs);
    message->has_body = body != CMD_BODY_NONE;
    if (!message->has_body)
        return;
    size_t some = body == CMD_BODY_WHOLE ? push->body.len : min_u64(push->body.len, body_bytes);
    message->whole_body = some == push->body.len;
    message->body = report_keep(report, slice_of(push->body.ptr, some));
}

static enum dead_why why_of(unsigned reason)
{
    switch (reason) {
    case PAYLOAD_REASON_UNREADABLE:
        return DEAD_UNREADABLE;
    case PAYLOAD_REASON_REJECTED:
        return DEAD_REJECTED;
    case PAYLOAD_REASON_LIMIT:
        return DEAD_LIMIT;
    default:
        return DEAD_RETRIES;
    }
}

void describe_facts(struct report *report, struct report_message *message, const struct engine *engine, uint64_t lsn)
{
    struct engine_facts facts;

    if (!engine_facts(engine, lsn, &facts))
        return;
    message->first_ms = facts.first_ms;
    message->last_ms = facts.last_ms;
    if (message->place != PLACE_DEAD || !facts.is_dead)
        return;
    message->since_ms = facts.dead_ms;
    message->why = why_of(facts.why);
    message->text = report_keep(report, facts.text);
}

void describe_lease(struct report_message *message, const struct lease *lease)
{
    message->due_ms = lease->deadline_ms;
    message->since_ms = lease->since_ms;
    message->retries = ref_retries(lease->ref);
}
