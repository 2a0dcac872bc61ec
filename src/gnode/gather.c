/* gather.c - see gather.h. SPDX-License-Identifier: MIT */
#include "gnode/gather.h"

#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "store/log.h"

#include <stdlib.h>

enum { PREFETCH = 64 };

struct gather *gather_new(const uint64_t *refs, size_t count, size_t body_bytes_max)
{
    struct gather *gather = mem_new(sizeof(*gather));

    gather->items = mem_new(count * sizeof(gather->items[0]));
    gather->count = count;
    for (size_t i = 0; i < count; i++)
        gather->items[i].ref = refs[i];
    buf_init(&gather->bodies, body_bytes_max + GATHER_BYTES_MAX);
    return gather;
}

void gather_free(struct gather *gather)
{
    if (!gather)
        return;
    buf_free(&gather->bodies);
    free(gather->messages);
    free(gather->items);
    free(gather);
}

static void prefetch(const struct gather *gather, struct log *log)
{
    uint64_t lsns[PREFETCH];
    size_t n = 0;

    for (size_t i = gather->done; i < gather->count && n < PREFETCH; i++)
        lsns[n++] = ref_lsn(gather->items[i].ref);
    log_prefetch(log, lsns, n);
}

static bool copy_attrs(struct gather *gather, struct gather_item *item, struct slice tlvs)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(tlvs, &attrs))
        return true;
    item->headers = (uint32_t)attrs.headers.len;
    item->key = (uint32_t)attrs.key.len;
    item->own_retries = attrs.own_retries;
    item->expiry_ms = attrs.expiry_ms;
    item->pushed_ms = attrs.pushed_ms;
    return buf_append(&gather->bodies, attrs.headers.ptr, attrs.headers.len) &&
           buf_append(&gather->bodies, attrs.key.ptr, attrs.key.len);
}

/* False when the reply is full without this one. */
static bool copy(struct gather *gather, struct gather_item *item, const struct payload_push *push)
{
    if (gather->done > 0 && buf_len(&gather->bodies) + push->body.len > GATHER_BYTES_MAX)
        return false;
    item->id = push->id;
    item->ttr_ms = push->ttr_ms;
    item->offset = buf_len(&gather->bodies);
    item->bytes = push->body.len;
    return buf_append(&gather->bodies, push->body.ptr, push->body.len) &&
           (push->tlvs.len == 0 || copy_attrs(gather, item, push->tlvs));
}

bool gather_run(struct gather *gather, struct log *log)
{
    for (; gather->done < gather->count; gather->done++) {
        struct gather_item *item = &gather->items[gather->done];
        struct record rec;
        struct payload_push push;
        int rc = log_read(log, ref_lsn(item->ref), &rec);
        if (rc == 0) {
            prefetch(gather, log);
            return false;
        }
        item->unreadable = rc < 0 || !payload_get_push(rec.payload, &push);
        if (!item->unreadable && !copy(gather, item, &push))
            gather->count = gather->done;
    }
    gather->count = gather->done = gather->done < gather->count ? gather->done : gather->count;
    return true;
}

uint64_t gather_pushed_ms(const struct gather_item *item)
{
    if (item->unreadable)
        return 0;
    return item->pushed_ms > 0 ? item->pushed_ms : id_time_ms(item->id);
}

static bool is_deliverable(const struct gather_item *item, uint64_t now_ms)
{
    return !item->unreadable && (item->expiry_ms == 0 || item->expiry_ms > now_ms);
}

size_t gather_cut(struct gather *gather, uint64_t now_ms)
{
    size_t n = 0;

    while (n < gather->done && is_deliverable(&gather->items[n], now_ms))
        n++;
    gather->count = gather->done = n;
    return n;
}

void gather_finish(struct gather *gather, const bool *keep)
{
    gather->messages = mem_new((gather->count + 1) * sizeof(gather->messages[0]));
    for (size_t i = 0; i < gather->count; i++) {
        const struct gather_item *item = &gather->items[i];
        if (!keep[i] || item->unreadable)
            continue;
        const char *body = buf_data(&gather->bodies) + item->offset;
        gather->messages[gather->message_count++] = (struct reply_message){
            .id = item->id,
            .retry_count = ref_retries(item->ref),
            .topic = gather->topic,
            .body = slice_of(body, item->bytes),
            .headers = slice_of(body + item->bytes, item->headers),
            .key = slice_of(body + item->bytes + item->headers, item->key),
            .deadline_ms = item->deadline_ms,
        };
    }
}

const struct reply_message *gather_messages(const struct gather *gather, size_t *ret_count)
{
    *ret_count = gather->message_count;
    return gather->messages;
}
