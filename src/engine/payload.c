/* payload.c - see payload.h. SPDX-License-Identifier: MIT */
#include "engine/payload.h"

#include "base/bytes.h"
#include "engine/clients.h"
#include "engine/wheel.h"

enum { SIZE64_BITS = 24 };

void payload_put_push(char *to, const struct payload_push *push)
{
    put_le64(to, push->due_ms);
    put_le64(to + 8, push->id);
    put_le32(to + 16, push->ttr_ms);
    put_le32(to + 20, (uint32_t)(push->tlvs.len / 8));
    to += PAYLOAD_PUSH_BYTES;
    if (UNLIKELY(push->tlvs.len > 0)) {
        memcpy(to, push->tlvs.ptr, push->tlvs.len);
        to += push->tlvs.len;
    }
    if (push->body.len > 0)
        memcpy(to, push->body.ptr, push->body.len);
}

void payload_put_pop(char *to, const struct payload_pop *pop, const struct payload_delivery *entries)
{
    put_le64(to, pop->now_ms);
    put_le32(to + 8, pop->holder);
    put_le32(to + 12, pop->count);
    to += PAYLOAD_POP_BYTES;
    for (uint32_t i = 0; i < pop->count; i++, to += PAYLOAD_POP_ENTRY_BYTES) {
        put_le64(to, entries[i].ref);
        put_le64(to + 8, entries[i].id);
        put_le32(to + 16, entries[i].ttr_ms);
        put_le32(to + 20, entries[i].size64 | entries[i].own_retries << SIZE64_BITS);
    }
}

void payload_put_pair(char *to, const struct payload_pair *pair)
{
    put_le64(to, pair->ref);
    put_le64(to + 8, pair->id);
}

void payload_put_bury(char *to, const struct payload_bury *bury, const struct payload_pair *entries)
{
    put_le64(to, bury->now_ms);
    to[8] = (char)bury->reason;
    to[9] = 0;
    put_le16(to + 10, (uint16_t)bury->text.len);
    put_le32(to + 12, bury->count);
    to += PAYLOAD_BURY_BYTES;
    for (uint32_t i = 0; i < bury->count; i++, to += PAYLOAD_PAIR_BYTES)
        payload_put_pair(to, &entries[i]);
    if (bury->text.len > 0)
        memcpy(to, bury->text.ptr, bury->text.len);
}

void payload_put_release(char *to, const struct payload_release *release, const struct payload_pair *entries)
{
    put_le64(to, release->now_ms);
    put_le64(to + 8, release->due_ms);
    to += PAYLOAD_RELEASE_BYTES;
    for (uint32_t i = 0; i < release->count; i++, to += PAYLOAD_PAIR_BYTES)
        payload_put_pair(to, &entries[i]);
}

void payload_put_touch(char *to, const struct payload_touch *touch, const struct payload_touched *entries)
{
    put_le64(to, touch->now_ms);
    put_le32(to + 8, touch->count);
    put_le32(to + 12, 0);
    to += PAYLOAD_TOUCH_BYTES;
    for (uint32_t i = 0; i < touch->count; i++, to += PAYLOAD_TOUCH_ENTRY_BYTES) {
        put_le64(to, entries[i].ref);
        put_le64(to + 8, entries[i].id);
        put_le64(to + 16, entries[i].deadline_ms);
    }
}

void payload_put_client(char *to, const struct payload_client *client)
{
    put_le32(to, client->number);
    put_le16(to + 4, (uint16_t)client->name.len);
    put_le16(to + 6, (uint16_t)client->address.len);
    if (client->name.len > 0)
        memcpy(to + PAYLOAD_CLIENT_BYTES, client->name.ptr, client->name.len);
    if (client->address.len > 0)
        memcpy(to + PAYLOAD_CLIENT_BYTES + client->name.len, client->address.ptr, client->address.len);
}

void payload_put_tick(char *to, const struct payload_tick *tick)
{
    put_le64(to, tick->now_ms);
    put_le32(to + 8, tick->count);
    put_le32(to + 12, tick->moves);
}

void payload_put_purge(char *to, const struct payload_purge *purge)
{
    put_le64(to, purge->now_ms);
    put_le32(to + 8, purge->count);
    put_le32(to + 12, 0);
}

void payload_put_chunk(char *to, const uint64_t *refs, uint32_t count)
{
    put_le32(to, count);
    put_le32(to + 4, 0);
    for (uint32_t i = 0; i < count; i++)
        put_le64(to + PAYLOAD_CHUNK_BYTES + (size_t)i * PAYLOAD_REF_BYTES, refs[i]);
}

void payload_put_load(char *to, const struct payload_load *load)
{
    put_le64(to, load->lsn);
    put_le32(to + 8, load->count);
    put_le32(to + 12, load->kind);
    if (load->refs.len > 0)
        memcpy(to + PAYLOAD_LOAD_BYTES, load->refs.ptr, load->refs.len);
}

static void put_delayed(char *to, const struct payload_delayed *entry)
{
    put_le64(to, entry->ref);
    put_le32(to + 8, entry->queue);
    put_le32(to + 12, entry->due_off);
}

void payload_put_dchunk(char *to, uint64_t start_ms, const struct payload_delayed *entries, uint32_t count)
{
    put_le32(to, count);
    put_le32(to + 4, 0);
    put_le64(to + 8, start_ms);
    for (uint32_t i = 0; i < count; i++)
        put_delayed(to + PAYLOAD_DCHUNK_BYTES + (size_t)i * PAYLOAD_DELAYED_BYTES, &entries[i]);
}

void payload_put_dload(char *to, const struct payload_dload *load)
{
    put_le64(to, load->lsn);
    put_le32(to + 8, load->count);
    put_le32(to + 12, load->kind);
    put_le64(to + 16, load->start_ms);
    if (load->entries.len > 0)
        memcpy(to + PAYLOAD_DLOAD_BYTES, load->entries.ptr, load->entries.len);
}

bool payload_get_push(struct slice payload, struct payload_push *ret)
{
    if (payload.len < PAYLOAD_PUSH_BYTES)
        return false;
    size_t head = PAYLOAD_PUSH_BYTES + (size_t)get_le16(payload.ptr + 20) * 8;
    if (payload.len < head)
        return false;
    *ret = (struct payload_push){
        .due_ms = get_le64(payload.ptr),
        .id = get_le64(payload.ptr + 8),
        .ttr_ms = get_le32(payload.ptr + 16),
        .tlvs = slice_of(payload.ptr + PAYLOAD_PUSH_BYTES, head - PAYLOAD_PUSH_BYTES),
        .body = slice_of(payload.ptr + head, payload.len - head),
    };
    return ret->due_ms <= WHEEL_MS_MAX;
}

bool payload_new_id(const struct record *rec, uint64_t *ret_id)
{
    struct payload_push push;

    if (rec->type != RECORD_PUSH || (rec->flags & RECORD_F_AGAIN) || !payload_get_push(rec->payload, &push))
        return false;
    *ret_id = push.id;
    return push.id != 0;
}

bool payload_get_pop(struct slice payload, struct payload_pop *ret)
{
    if (payload.len < PAYLOAD_POP_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr + 12);
    if (count > (payload.len - PAYLOAD_POP_BYTES) / PAYLOAD_POP_ENTRY_BYTES)
        return false;
    *ret = (struct payload_pop){
        .now_ms = get_le64(payload.ptr),
        .holder = get_le32(payload.ptr + 8),
        .count = count,
        .entries = slice_of(payload.ptr + PAYLOAD_POP_BYTES, payload.len - PAYLOAD_POP_BYTES),
    };
    return ret->now_ms <= WHEEL_MS_MAX;
}

bool payload_get_bury(struct slice payload, struct payload_bury *ret)
{
    if (payload.len < PAYLOAD_BURY_BYTES)
        return false;
    size_t left = payload.len - PAYLOAD_BURY_BYTES, text = get_le16(payload.ptr + 10);
    uint32_t count = get_le32(payload.ptr + 12);
    if (count > left / PAYLOAD_PAIR_BYTES || text > PAYLOAD_TEXT_BYTES_MAX ||
        text > left - (size_t)count * PAYLOAD_PAIR_BYTES)
        return false;
    const char *entries = payload.ptr + PAYLOAD_BURY_BYTES;
    *ret = (struct payload_bury){
        .now_ms = get_le64(payload.ptr),
        .reason = (uint8_t)payload.ptr[8],
        .count = count,
        .entries = slice_of(entries, (size_t)count * PAYLOAD_PAIR_BYTES),
        .text = slice_of(entries + (size_t)count * PAYLOAD_PAIR_BYTES, text),
    };
    return ret->now_ms <= WHEEL_MS_MAX && ret->reason <= PAYLOAD_REASON_MAX;
}

bool payload_get_release(struct slice payload, struct payload_release *ret)
{
    if (payload.len < PAYLOAD_RELEASE_BYTES)
        return false;
    size_t left = payload.len - PAYLOAD_RELEASE_BYTES;
    *ret = (struct payload_release){
        .now_ms = get_le64(payload.ptr),
        .due_ms = get_le64(payload.ptr + 8),
        .count = (uint32_t)(left / PAYLOAD_PAIR_BYTES),
        .entries = slice_of(payload.ptr + PAYLOAD_RELEASE_BYTES, left),
    };
    return left % PAYLOAD_PAIR_BYTES == 0 && ret->now_ms <= WHEEL_MS_MAX && ret->due_ms <= WHEEL_MS_MAX;
}

bool payload_get_touch(struct slice payload, struct payload_touch *ret)
{
    if (payload.len < PAYLOAD_TOUCH_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr + 8);
    if (count > (payload.len - PAYLOAD_TOUCH_BYTES) / PAYLOAD_TOUCH_ENTRY_BYTES)
        return false;
    *ret = (struct payload_touch){
        .now_ms = get_le64(payload.ptr),
        .count = count,
        .entries = slice_of(payload.ptr + PAYLOAD_TOUCH_BYTES, payload.len - PAYLOAD_TOUCH_BYTES),
    };
    return ret->now_ms <= WHEEL_MS_MAX;
}

bool payload_get_client(struct slice payload, struct payload_client *ret)
{
    if (payload.len < PAYLOAD_CLIENT_BYTES)
        return false;
    size_t name = get_le16(payload.ptr + 4), address = get_le16(payload.ptr + 6);
    const char *texts = payload.ptr + PAYLOAD_CLIENT_BYTES;
    if (name > CLIENT_TEXT_BYTES_MAX || address > CLIENT_TEXT_BYTES_MAX ||
        name + address > payload.len - PAYLOAD_CLIENT_BYTES)
        return false;
    *ret = (struct payload_client){
        .number = get_le32(payload.ptr), .name = slice_of(texts, name), .address = slice_of(texts + name, address)};
    return ret->number >= 1 && ret->number <= CLIENTS_MAX;
}

bool payload_get_tick(struct slice payload, struct payload_tick *ret)
{
    if (payload.len < PAYLOAD_TICK_BYTES)
        return false;
    *ret = (struct payload_tick){
        .now_ms = get_le64(payload.ptr), .count = get_le32(payload.ptr + 8), .moves = get_le32(payload.ptr + 12)};
    return ret->now_ms <= WHEEL_MS_MAX;
}

bool payload_get_purge(struct slice payload, struct payload_purge *ret)
{
    if (payload.len < PAYLOAD_PURGE_BYTES)
        return false;
    *ret = (struct payload_purge){.now_ms = get_le64(payload.ptr), .count = get_le32(payload.ptr + 8)};
    return ret->now_ms <= WHEEL_MS_MAX && ret->count <= PAYLOAD_PURGE_MAX;
}

bool payload_get_chunk(struct slice payload, struct payload_chunk *ret)
{
    if (payload.len < PAYLOAD_CHUNK_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr);
    if (count == 0 || count > PAYLOAD_CHUNK_REFS_MAX ||
        count > (payload.len - PAYLOAD_CHUNK_BYTES) / PAYLOAD_REF_BYTES)
        return false;
    *ret = (struct payload_chunk){
        .count = count,
        .refs = slice_of(payload.ptr + PAYLOAD_CHUNK_BYTES, (size_t)count * PAYLOAD_REF_BYTES),
    };
    return true;
}

bool payload_get_load(struct slice payload, struct payload_load *ret)
{
    if (payload.len < PAYLOAD_LOAD_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr + 8), kind = get_le32(payload.ptr + 12);
    size_t refs = kind == PAYLOAD_LOAD_REFS ? count : 0;
    if (kind > PAYLOAD_LOAD_BACK || count > PAYLOAD_CHUNK_REFS_MAX ||
        refs > (payload.len - PAYLOAD_LOAD_BYTES) / PAYLOAD_REF_BYTES)
        return false;
    *ret = (struct payload_load){
        .lsn = get_le64(payload.ptr),
        .count = count,
        .kind = (enum payload_load_kind)kind,
        .refs = slice_of(payload.ptr + PAYLOAD_LOAD_BYTES, refs * PAYLOAD_REF_BYTES),
    };
    return true;
}

bool payload_get_dchunk(struct slice payload, struct payload_dchunk *ret)
{
    if (payload.len < PAYLOAD_DCHUNK_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr);
    if (count == 0 || count > PAYLOAD_DCHUNK_ENTRIES_MAX ||
        count > (payload.len - PAYLOAD_DCHUNK_BYTES) / PAYLOAD_DELAYED_BYTES)
        return false;
    *ret = (struct payload_dchunk){
        .count = count,
        .start_ms = get_le64(payload.ptr + 8),
        .entries = slice_of(payload.ptr + PAYLOAD_DCHUNK_BYTES, (size_t)count * PAYLOAD_DELAYED_BYTES),
    };
    return ret->start_ms <= WHEEL_MS_MAX;
}

bool payload_get_dload(struct slice payload, struct payload_dload *ret)
{
    if (payload.len < PAYLOAD_DLOAD_BYTES)
        return false;
    uint32_t count = get_le32(payload.ptr + 8), kind = get_le32(payload.ptr + 12);
    size_t entries = kind == PAYLOAD_LOAD_REFS ? count : 0;
    if (kind > PAYLOAD_LOAD_ASIDE || count == 0 || count > PAYLOAD_DCHUNK_ENTRIES_MAX ||
        entries > (payload.len - PAYLOAD_DLOAD_BYTES) / PAYLOAD_DELAYED_BYTES)
        return false;
    *ret = (struct payload_dload){
        .lsn = get_le64(payload.ptr),
        .count = count,
        .kind = (enum payload_load_kind)kind,
        .start_ms = get_le64(payload.ptr + 16),
        .entries = slice_of(payload.ptr + PAYLOAD_DLOAD_BYTES, entries * PAYLOAD_DELAYED_BYTES),
    };
    return ret->start_ms <= WHEEL_MS_MAX;
}

struct payload_delayed payload_delayed(struct slice entries, uint32_t i)
{
    const char *at = entries.ptr + (size_t)i * PAYLOAD_DELAYED_BYTES;

    return (struct payload_delayed){
        .ref = get_le64(at), .queue = get_le32(at + 8), .due_off = get_le32(at + 12)};
}

struct payload_delivery payload_delivery(struct slice entries, uint32_t i)
{
    const char *at = entries.ptr + (size_t)i * PAYLOAD_POP_ENTRY_BYTES;

    uint32_t more = get_le32(at + 20);

    return (struct payload_delivery){.ref = get_le64(at), .id = get_le64(at + 8), .ttr_ms = get_le32(at + 16),
                                     .size64 = more & PAYLOAD_SIZE64_MAX, .own_retries = more >> SIZE64_BITS};
}

struct payload_touched payload_touched(struct slice entries, uint32_t i)
{
    const char *at = entries.ptr + (size_t)i * PAYLOAD_TOUCH_ENTRY_BYTES;

    return (struct payload_touched){.ref = get_le64(at), .id = get_le64(at + 8), .deadline_ms = get_le64(at + 16)};
}

struct payload_pair payload_pair(struct slice entries, uint32_t i)
{
    const char *at = entries.ptr + (size_t)i * PAYLOAD_PAIR_BYTES;

    return (struct payload_pair){.ref = get_le64(at), .id = get_le64(at + 8)};
}
