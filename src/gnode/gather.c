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

/* False when the reply is full without this one. */
static bool copy(struct gather *gather, struct gather_item *item, const struct payload_push *push)
{
    if (gather->done > 0 && buf_len(&gather->bodies) + push->body.len > GATHER_BYTES_MAX)
        return false;
    item->id = push->id;
    item->ttr_ms = push->ttr_ms;
    item->offset = buf_len(&gather->bodies);
    item->bytes = push->body.len;
    return buf_append(&gather->bodies, push->body.ptr, push->body.len);
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

size_t gather_cut(struct gather *gather)
{
    size_t n = 0;

    while (n < gather->done && !gather->items[n].unreadable)
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
        gather->messages[gather->message_count++] = (struct reply_message){
            .id = item->id,
            .retry_count = ref_retries(item->ref),
            .topic = gather->topic,
            .body = slice_of(buf_data(&gather->bodies) + item->offset, item->bytes),
        };
    }
}

const struct reply_message *gather_messages(const struct gather *gather, size_t *ret_count)
{
    *ret_count = gather->message_count;
    return gather->messages;
}
