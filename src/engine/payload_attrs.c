/* payload_attrs.c - the TLVs of a PUSH; see payload.h. SPDX-License-Identifier: MIT */
#include "engine/payload.h"

#include "engine/tlv.h"
#include "engine/wheel.h"

enum push_tlv {
    TLV_DEDUP = 1,
    TLV_HEADERS = 3,
    TLV_MAX_RETRIES = 5,
    TLV_EXPIRY = 7,
    TLV_KEY = 8,
    TLV_MOVED = 9,
    TLV_FROM = 10,
    TLV_PUSHED = 11,
};
enum { MOVED_BYTES = 24, DEDUP_BYTES = 24, FROM_BYTES = 16, ALIGN = 8 };

static char *put_moved(char *to, const struct payload_attrs *attrs)
{
    char bytes[MOVED_BYTES] = {(char)attrs->retries, (char)attrs->why};

    put_le64(bytes + 8, attrs->first_ms);
    put_le64(bytes + 16, attrs->last_ms);
    return tlv_put(to, TLV_MOVED, bytes, sizeof(bytes));
}

static char *put_dedup(char *to, const struct payload_dedup *dedup)
{
    char bytes[DEDUP_BYTES];

    put_le64(bytes, dedup->hash[0]);
    put_le64(bytes + 8, dedup->hash[1]);
    put_le64(bytes + 16, dedup->check);
    return tlv_put(to, TLV_DEDUP, bytes, sizeof(bytes));
}

static char *put_from(char *to, const struct payload_attrs *attrs)
{
    char bytes[FROM_BYTES] = {0};

    put_le64(bytes, attrs->from_id);
    put_le32(bytes + 8, attrs->from_queue);
    return tlv_put(to, TLV_FROM, bytes, sizeof(bytes));
}

static char *put_ms(char *to, enum push_tlv type, uint64_t ms)
{
    char bytes[8];

    put_le64(bytes, ms);
    return ms > 0 ? tlv_put(to, type, bytes, sizeof(bytes)) : to;
}

size_t payload_put_attrs(char to[PAYLOAD_ATTRS_BYTES_MAX], const struct payload_attrs *attrs)
{
    char *at = to, retries = (char)(attrs->own_retries - 1);

    ENSURE(attrs->headers.len <= PAYLOAD_HEADERS_BYTES_MAX && attrs->key.len <= PAYLOAD_KEY_BYTES_MAX);
    if (attrs->deduped)
        at = put_dedup(at, &attrs->dedup);
    if (attrs->headers.len > 0)
        at = tlv_put(at, TLV_HEADERS, attrs->headers.ptr, attrs->headers.len);
    if (attrs->own_retries > 0)
        at = tlv_put(at, TLV_MAX_RETRIES, &retries, 1);
    at = put_ms(at, TLV_EXPIRY, attrs->expiry_ms);
    if (attrs->key.len > 0)
        at = tlv_put(at, TLV_KEY, attrs->key.ptr, attrs->key.len);
    if (attrs->moved)
        at = put_moved(at, attrs);
    if (attrs->from_id > 0)
        at = put_from(at, attrs);
    at = put_ms(at, TLV_PUSHED, attrs->pushed_ms);
    while ((size_t)(at - to) % ALIGN != 0)
        *at++ = TLV_END;
    return (size_t)(at - to);
}

void payload_put_stamp(char to[PAYLOAD_STAMP_BYTES], uint64_t pushed_ms)
{
    memset(to, TLV_END, PAYLOAD_STAMP_BYTES);
    (void)put_ms(to, TLV_PUSHED, pushed_ms);
}

static bool take_moved(struct payload_attrs *ret, struct slice value)
{
    if (value.len != MOVED_BYTES || (uint8_t)value.ptr[1] > PAYLOAD_REASON_MAX)
        return false;
    ret->moved = true;
    ret->retries = (uint8_t)value.ptr[0];
    ret->why = (uint8_t)value.ptr[1];
    ret->first_ms = get_le64(value.ptr + 8);
    ret->last_ms = get_le64(value.ptr + 16);
    return ret->first_ms <= WHEEL_MS_MAX && ret->last_ms <= WHEEL_MS_MAX;
}

static bool take_dedup(struct payload_attrs *ret, struct slice value)
{
    if (value.len != DEDUP_BYTES)
        return false;
    ret->deduped = true;
    ret->dedup = (struct payload_dedup){.hash = {get_le64(value.ptr), get_le64(value.ptr + 8)},
                                        .check = get_le32(value.ptr + 16)};
    return true;
}

static bool take_from(struct payload_attrs *ret, struct slice value)
{
    if (value.len != FROM_BYTES)
        return false;
    ret->from_id = get_le64(value.ptr);
    ret->from_queue = get_le32(value.ptr + 8);
    return true;
}

static bool take_ms(uint64_t *ret, struct slice value)
{
    *ret = value.len == 8 ? get_le64(value.ptr) : 0;
    return value.len == 8 && *ret <= WHEEL_MS_MAX;
}

static bool take_tlv(struct payload_attrs *ret, unsigned type, struct slice value)
{
    switch (type) {
    case TLV_DEDUP:
        return take_dedup(ret, value);
    case TLV_HEADERS:
        ret->headers = value;
        return value.len <= PAYLOAD_HEADERS_BYTES_MAX;
    case TLV_MAX_RETRIES:
        ret->own_retries = value.len == 1 ? 1u + (uint8_t)value.ptr[0] : 0;
        return value.len == 1 && ret->own_retries <= TOPIC_RETRIES_MAX + 1;
    case TLV_EXPIRY:
        return take_ms(&ret->expiry_ms, value);
    case TLV_KEY:
        ret->key = value;
        return value.len <= PAYLOAD_KEY_BYTES_MAX;
    case TLV_MOVED:
        return take_moved(ret, value);
    case TLV_FROM:
        return take_from(ret, value);
    case TLV_PUSHED:
        return take_ms(&ret->pushed_ms, value);
    default:
        return true;
    }
}

bool payload_get_attrs(struct slice tlvs, struct payload_attrs *ret)
{
    struct payload_attrs attrs = {.own_retries = 0};
    struct slice value;
    unsigned type;
    int rc;

    *ret = attrs;
    while ((rc = tlv_next(&tlvs, &type, &value)) > 0)
        if (!take_tlv(&attrs, type, value))
            return false;
    if (rc == 0)
        *ret = attrs;
    return rc == 0;
}

uint64_t payload_push_ms(const struct payload_push *push)
{
    struct payload_attrs attrs;

    if (push->tlvs.len > 0 && payload_get_attrs(push->tlvs, &attrs) && attrs.pushed_ms > 0)
        return attrs.pushed_ms;
    return id_time_ms(push->id);
}
