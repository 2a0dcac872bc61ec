/* payload_queue.c - the TLVs of a QUEUE: a topic and its settings; see payload.h. SPDX-License-Identifier: MIT */
#include "engine/payload.h"

#include "engine/tlv.h"
#include "engine/wheel.h"

enum queue_tlv { TLV_NAME = 1, TLV_BIND_KEY, TLV_START_MS, TLV_FLAGS, TLV_TTR_MS, TLV_MAX_RETRIES, TLV_RETRY_POLICY,
                 TLV_LIMITS, TLV_IDLE_MS, TLV_PAUSES, TLV_DEDUP };
enum { NAME_BYTES_MAX = 1024, RETRY_POLICY_BYTES = 8, TLV_NUMBERS_MAX = 4 };

static char *put_tlv_u32(char *to, enum queue_tlv type, uint32_t value)
{
    char bytes[4];

    put_le32(bytes, value);
    return tlv_put(to, type, bytes, sizeof(bytes));
}

static char *put_retry_policy(char *to, const struct retry_policy *retry)
{
    char bytes[RETRY_POLICY_BYTES + RETRY_DELAYS_MAX * 4];

    bytes[0] = (char)retry->kind;
    bytes[1] = (char)retry->jitter_percent;
    put_le16(bytes + 2, retry->count);
    put_le32(bytes + 4, retry->cap_ms);
    for (unsigned i = 0; i < retry->count; i++)
        put_le32(bytes + RETRY_POLICY_BYTES + 4 * i, retry->delays_ms[i]);
    return tlv_put(to, TLV_RETRY_POLICY, bytes, RETRY_POLICY_BYTES + 4u * retry->count);
}

/* A row of 64-bit numbers. */
static char *put_tlv_u64s(char *to, enum queue_tlv type, const uint64_t *values, size_t count)
{
    char bytes[8 * TLV_NUMBERS_MAX];

    for (size_t i = 0; i < count; i++)
        put_le64(bytes + 8 * i, values[i]);
    return tlv_put(to, type, bytes, 8 * count);
}

size_t payload_settings_bytes(const struct topic_settings *set)
{
    char bytes[PAYLOAD_SETTINGS_BYTES_MAX];

    return (size_t)(payload_put_settings(bytes, set) - bytes);
}

char *payload_put_settings(char *at, const struct topic_settings *set)
{
    const struct topic_limits *limits = &set->limits;

    if (set->retry.kind != RETRY_AT_ONCE)
        at = put_retry_policy(at, &set->retry);
    if (limits->messages || limits->bytes || limits->age_ms)
        at = put_tlv_u64s(at, TLV_LIMITS, (uint64_t[]){limits->messages, limits->bytes, limits->age_ms, limits->over},
                          4);
    if (set->idle_ms)
        at = put_tlv_u64s(at, TLV_IDLE_MS, &set->idle_ms, 1);
    if (set->push_paused_until_ms || set->pop_paused_until_ms)
        at = put_tlv_u64s(at, TLV_PAUSES, (uint64_t[]){set->push_paused_until_ms, set->pop_paused_until_ms}, 2);
    return at;
}

size_t payload_put_queue(char *to, const struct payload_queue *queue)
{
    char *at = to;
    char start[8];

    put_le64(start, queue->start_ms);
    ENSURE(queue->name.len <= NAME_BYTES_MAX && queue->bind_key.len <= NAME_BYTES_MAX);
    at = tlv_put(at, TLV_NAME, queue->name.ptr, queue->name.len);
    at = tlv_put(at, TLV_BIND_KEY, queue->bind_key.ptr, queue->bind_key.len);
    at = tlv_put(at, TLV_START_MS, start, sizeof(start));
    at = put_tlv_u32(at, TLV_FLAGS, queue->flags);
    at = put_tlv_u32(at, TLV_TTR_MS, queue->set.ttr_ms);
    at = put_tlv_u32(at, TLV_MAX_RETRIES, queue->set.max_retries);
    at = payload_put_settings(at, &queue->set);
    if (queue->dedup_given)
        at = put_tlv_u64s(at, TLV_DEDUP, (uint64_t[]){queue->dedup_window_ms, queue->dedup_keys}, 2);
    return (size_t)(at - to);
}

static bool take_retry_policy(struct retry_policy *ret, struct slice value)
{
    if (value.len < RETRY_POLICY_BYTES)
        return false;
    *ret = (struct retry_policy){.kind = (uint8_t)value.ptr[0], .jitter_percent = (uint8_t)value.ptr[1],
                                 .count = get_le16(value.ptr + 2), .cap_ms = get_le32(value.ptr + 4)};
    if (ret->kind < RETRY_FIXED || ret->kind > RETRY_EXPONENTIAL || ret->jitter_percent > 100 || ret->count < 1 ||
        ret->count > RETRY_DELAYS_MAX || value.len != RETRY_POLICY_BYTES + 4u * ret->count)
        return false;
    for (unsigned i = 0; i < ret->count; i++) {
        ret->delays_ms[i] = get_le32(value.ptr + RETRY_POLICY_BYTES + 4 * i);
        if (ret->delays_ms[i] > RETRY_DELAY_MS_MAX)
            return false;
    }
    return ret->cap_ms <= RETRY_DELAY_MS_MAX;
}

static bool take_limits(struct topic_limits *ret, struct slice value)
{
    if (value.len != 32 || get_le64(value.ptr + 24) > OVER_DEAD_LETTER)
        return false;
    *ret = (struct topic_limits){.messages = get_le64(value.ptr), .bytes = get_le64(value.ptr + 8),
                                 .age_ms = get_le64(value.ptr + 16), .over = (uint8_t)get_le64(value.ptr + 24)};
    return true;
}

static bool take_pauses(struct topic_settings *ret, struct slice value)
{
    if (value.len != 16)
        return false;
    ret->push_paused_until_ms = get_le64(value.ptr);
    ret->pop_paused_until_ms = get_le64(value.ptr + 8);
    return ret->push_paused_until_ms <= TOPIC_PAUSED && ret->pop_paused_until_ms <= TOPIC_PAUSED;
}

static bool take_dedup(struct payload_queue *ret, struct slice value)
{
    if (value.len != 16)
        return false;
    ret->dedup_given = true;
    ret->dedup_window_ms = get_le64(value.ptr);
    ret->dedup_keys = get_le64(value.ptr + 8);
    return true;
}

/* One TLV of a QUEUE record into `ret`; false when its length does not fit its type. */
static bool take_tlv(struct payload_queue *ret, unsigned type, struct slice value)
{
    switch (type) {
    case TLV_NAME:
        ret->name = value;
        return value.len <= NAME_BYTES_MAX;
    case TLV_BIND_KEY:
        ret->bind_key = value;
        return value.len <= NAME_BYTES_MAX;
    case TLV_START_MS:
        ret->start_ms = value.len == 8 ? get_le64(value.ptr) : 0;
        return value.len == 8 && ret->start_ms <= WHEEL_MS_MAX;
    case TLV_FLAGS:
        ret->flags = value.len == 4 ? get_le32(value.ptr) : 0;
        return value.len == 4;
    case TLV_TTR_MS:
        ret->set.ttr_ms = value.len == 4 ? get_le32(value.ptr) : 0;
        return value.len == 4;
    case TLV_MAX_RETRIES:
        ret->set.max_retries = value.len == 4 ? get_le32(value.ptr) : 0;
        return value.len == 4;
    case TLV_RETRY_POLICY:
        return take_retry_policy(&ret->set.retry, value);
    case TLV_LIMITS:
        return take_limits(&ret->set.limits, value);
    case TLV_IDLE_MS:
        ret->set.idle_ms = value.len == 8 ? get_le64(value.ptr) : 0;
        return value.len == 8 && ret->set.idle_ms <= TOPIC_PAUSED;
    case TLV_PAUSES:
        return take_pauses(&ret->set, value);
    case TLV_DEDUP:
        return take_dedup(ret, value);
    default:
        return true;
    }
}

bool payload_get_queue(struct slice payload, struct payload_queue *ret)
{
    struct payload_queue queue = {.set = TOPIC_SETTINGS_NONE};
    struct slice value;
    unsigned type;
    int rc;

    while ((rc = tlv_next(&payload, &type, &value)) > 0)
        if (!take_tlv(&queue, type, value))
            return false;
    if (rc == 0)
        *ret = queue;
    return rc == 0;
}
