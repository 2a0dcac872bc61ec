/* describe.c - see describe.h. SPDX-License-Identifier: MIT */
#include "gnode/describe.h"

#include "engine/ref.h"
#include "gnode/broker.h"
#include "gnode/consumers.h"
#include "gnode/holders.h"
#include "gnode/locate.h"

static struct slice keep(struct report *report, struct slice bytes)
{
    return bytes.len > 0 ? report_keep(report, bytes) : slice_of("", 0);
}

static void describe_attrs(struct report *report, struct report_message *message, const struct payload_push *push)
{
    struct payload_attrs attrs;

    message->auto_ack = push->ttr_ms == PAYLOAD_TTR_AUTO_ACK;
    message->ttr_ms = message->auto_ack ? 0 : push->ttr_ms;
    message->max_retries = -1;
    if (push->tlvs.len == 0 || !payload_get_attrs(push->tlvs, &attrs))
        return;
    message->max_retries = (int)attrs.own_retries - 1;
    message->expires_ms = attrs.expiry_ms;
    message->headers = keep(report, attrs.headers);
    message->key = keep(report, attrs.key);
    if (attrs.moved) {
        message->first_ms = attrs.first_ms;
        message->last_ms = attrs.last_ms;
    }
}

void describe_push(struct report *report, struct report_message *message, const struct payload_push *push,
                   uint64_t now_ms, enum cmd_body body, uint64_t body_bytes)
{
    message->id = push->id;
    message->bytes = push->body.len;
    message->pushed_ms = min_u64(payload_push_ms(push), now_ms);
    describe_attrs(report, message, push);
    message->has_body = body != CMD_BODY_NONE;
    if (!message->has_body)
        return;
    size_t some = body == CMD_BODY_WHOLE ? push->body.len : min_u64(push->body.len, body_bytes);
    message->whole_body = some == push->body.len;
    message->body = report_keep(report, slice_of(push->body.ptr, some));
}

enum dead_why describe_why(unsigned reason)
{
    static const enum dead_why WHYS[] = {
        [PAYLOAD_REASON_RETRIES] = DEAD_RETRIES, [PAYLOAD_REASON_UNREADABLE] = DEAD_UNREADABLE,
        [PAYLOAD_REASON_REJECTED] = DEAD_REJECTED, [PAYLOAD_REASON_LIMIT] = DEAD_LIMIT};

    return reason < ARRAY_LEN(WHYS) ? WHYS[reason] : DEAD_RETRIES;
}

void describe_facts(struct report *report, struct report_message *message, const struct broker *broker, uint64_t lsn)
{
    struct engine_facts facts;

    if (!engine_facts(broker->engine, lsn, &facts))
        return;
    message->first_ms = facts.first_ms;
    message->last_ms = facts.last_ms;
    if (message->place == PLACE_DELAYED && facts.due_ms != 0)
        message->due_ms = facts.due_ms;
    if (message->place != PLACE_DEAD || !facts.is_dead)
        return;
    message->since_ms = facts.dead_ms;
    message->why = describe_why(facts.why);
    message->text = keep(report, facts.text);
}

struct slice describe_holder(struct report *report, const struct broker *broker, uint32_t number)
{
    return keep(report, client_name(broker, number));
}

/* Who holds a message that is in flight, since when and until when. */
static void describe_lease(struct report *report, struct report_message *message, const struct broker *broker,
                           const struct lease *lease)
{
    message->due_ms = lease->deadline_ms;
    message->since_ms = lease->since_ms;
    message->holder = describe_holder(report, broker, lease->holder);
}

void describe_located(struct report *report, struct report_message *message, const struct broker *broker,
                      const struct located *at, uint64_t now_ms, enum cmd_body body, uint64_t body_bytes)
{
    if (at->queue && at->queue->name)
        message->topic = report_keep(report, slice_of(at->queue->name, at->queue->name_len));
    message->place = at->place;
    message->retries = at->retries;
    message->due_ms = at->due_ms;
    describe_push(report, message, &at->push, now_ms, body, body_bytes);
    describe_facts(report, message, broker, at->lsn);
    if (at->lease)
        describe_lease(report, message, broker, at->lease);
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

void describe_topic(struct report_topic *topic, struct broker *broker, struct queue *queue, uint64_t now_ms)
{
    uint32_t retries = queue->set.max_retries;

    usage_look(broker, queue, now_ms);
    *topic = (struct report_topic){
        .name = slice_of(queue->name, queue->name_len),
        .created_ms = queue->start_ms,
        .ready = queue_ready(queue),
        .delayed = queue->delayed,
        .in_flight = queue->in_flight,
        .dead = queue->dead.count,
        .bytes = queue->bytes,
        .pushed = queue->push_num,
        .popped = queue->pop_num,
        .consumers = consumers_seen(queue, now_ms),
        .waiting = wait_count(queue),
        .auto_ack = queue->auto_ack,
        .settings = queue->set,
        .ttr_ms = queue->set.ttr_ms > 0 ? queue->set.ttr_ms : broker->options.ttr_ms,
        .max_retries = retries == TOPIC_NODE_RETRIES ? engine_max_retries(broker->engine) : retries,
    };
    usage_report(queue, now_ms, topic);
    if (topic->settings.push_paused_until_ms <= now_ms)
        topic->settings.push_paused_until_ms = 0;
    if (topic->settings.pop_paused_until_ms <= now_ms)
        topic->settings.pop_paused_until_ms = 0;
}

bool describe_pushed_ms(const struct broker *broker, uint64_t ref, uint64_t now_ms, uint64_t *ret_ms)
{
    struct payload_push push;
    struct record rec;
    int rc = log_read(broker->log, ref_lsn(ref), &rec);

    *ret_ms = rc > 0 && payload_get_push(rec.payload, &push) ? min_u64(payload_push_ms(&push), now_ms) : 0;
    return rc != 0;
}
