/* topic_stats.c - see topic_stats.h. SPDX-License-Identifier: MIT */
#include "gnode/topic_stats.h"

#include "base/num.h"
#include "gnode/describe.h"
#include "wire/json.h"

#include <string.h>

bool topic_stats_shown(const struct queue *queue) { return queue && queue->name && !queue->exited; }

static void look_at_ready(const struct broker *broker, const struct queue *queue, struct topic_told *told,
                          uint64_t now_ms, unsigned *fetches)
{
    uint64_t ref, at_ms;

    if (engine_peek_ready(broker->engine, queue, &ref, 1) == 0 || ref == told->ready_ref || *fetches == 0)
        return;
    if (!describe_pushed_ms(broker, ref, now_ms, &at_ms)) {
        (*fetches)--;
        return;
    }
    told->ready_ref = ref;
    told->ready_ms = at_ms;
}

void topic_stats_look(struct broker *broker, struct queue *queue, struct topic_told *told, uint64_t now_ms,
                      unsigned *fetches, struct report_topic *ret)
{
    describe_topic(ret, broker, queue, now_ms);
    if (ret->ready > 0) {
        look_at_ready(broker, queue, told, now_ms, fetches);
        ret->oldest_ready_ms = told->ready_ms;
    }
    if (ret->in_flight > 0)
        ret->oldest_in_flight_ms = told->lease_ms;
}

/* A topic is told anew when one of these has changed, so there is nothing here that changes with time alone. */
uint64_t topic_stats_sum(const struct report_topic *topic)
{
    const uint64_t values[] = {topic->ready, topic->delayed, topic->in_flight, topic->dead, topic->waiting,
                               topic->consumers, topic->pushed, topic->popped, topic->acked, topic->push_rate_mhz,
                               topic->pop_rate_mhz, topic->ack_rate_mhz, topic->dead_rate_mhz,
                               topic->redeliver_rate_mhz, topic->oldest_ready_ms, topic->oldest_in_flight_ms,
                               topic->last_push_ms, topic->last_pop_ms, topic->auto_ack, topic->ttr_ms,
                               topic->max_retries, topic->settings.push_paused_until_ms,
                               topic->settings.pop_paused_until_ms};
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        h = (h ^ values[i]) * 1099511628211u ^ h >> 32;
    return h | 1;
}

/* ---- JSON: by hand, since thousands are written at a time -------------------------------------------------------- */

static char *put_text(char *to, const char *text)
{
    size_t bytes = strlen(text);

    memcpy(to, text, bytes);
    return to + bytes;
}

static char *put_name(char *to, const char *name)
{
    to = put_text(to, ",\"");
    to = put_text(to, name);
    return put_text(to, "\":");
}

static char *put_number(char *to, const char *name, uint64_t value)
{
    to = put_name(to, name);
    return to + num_write_u64(to, value);
}

static char *put_rate(char *to, const char *name, uint64_t mhz)
{
    unsigned rest = (unsigned)(mhz % 1000);

    to = put_number(to, name, mhz / 1000);
    *to++ = '.';
    *to++ = (char)('0' + rest / 100);
    *to++ = (char)('0' + rest / 10 % 10);
    *to++ = (char)('0' + rest % 10);
    return to;
}

static char *put_bool(char *to, const char *name, bool value)
{
    return put_text(put_name(to, name), value ? "true" : "false");
}

static char *put_pause(char *to, const char *name, const char *until_name, uint64_t until_ms)
{
    to = put_bool(to, name, until_ms > 0);
    return put_number(to, until_name, until_ms >= TOPIC_PAUSED ? 0 : until_ms);
}

static char *put_figures(char *to, const struct report_topic *topic)
{
    to = put_number(to, "ready", topic->ready);
    to = put_number(to, "delayed", topic->delayed);
    to = put_number(to, "in_flight", topic->in_flight);
    to = put_number(to, "dead", topic->dead);
    to = put_number(to, "waiting", topic->waiting);
    to = put_number(to, "consumers", topic->consumers);
    to = put_number(to, "pushed", topic->pushed);
    to = put_number(to, "popped", topic->popped);
    to = put_number(to, "acked", topic->acked);
    to = put_rate(to, "push_rate", topic->push_rate_mhz);
    to = put_rate(to, "pop_rate", topic->pop_rate_mhz);
    to = put_rate(to, "ack_rate", topic->ack_rate_mhz);
    to = put_rate(to, "dead_rate", topic->dead_rate_mhz);
    return put_rate(to, "redeliver_rate", topic->redeliver_rate_mhz);
}

bool topic_stats_put(struct buf *out, const struct report_topic *topic)
{
    char *begin = buf_reserve(out, TOPIC_STATS_BYTES_MAX), *to = begin;

    if (!to)
        return false;
    to = put_text(to, buf_len(out) > 0 ? ",{\"topic\":" : "{\"topic\":");
    to = json_write_string(to, topic->name);
    to = put_figures(to, topic);
    to = put_number(to, "oldest_ready_at", topic->oldest_ready_ms);
    to = put_number(to, "oldest_in_flight_at", topic->oldest_in_flight_ms);
    to = put_number(to, "last_push_at", topic->last_push_ms);
    to = put_number(to, "last_pop_at", topic->last_pop_ms);
    to = put_number(to, "created_at", topic->created_ms);
    to = put_bool(to, "auto_ack", topic->auto_ack);
    to = put_number(to, "ttr_ms", topic->ttr_ms);
    to = put_number(to, "max_retries", topic->max_retries);
    to = put_pause(to, "push_paused", "push_paused_until", topic->settings.push_paused_until_ms);
    to = put_pause(to, "pop_paused", "pop_paused_until", topic->settings.pop_paused_until_ms);
    to = put_text(to, "}");
    buf_commit(out, (size_t)(to - begin));
    return true;
}
