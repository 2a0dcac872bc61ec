/* waiting_look.c - what stands at a place of a waiting list; see waiting.h. SPDX-License-Identifier: MIT */
#include "engine/waiting.h"

static bool is_within(const struct waiting_stretch *stretch, uint64_t place)
{
    return place >= stretch->begin && place < stretch->end;
}

bool waiting_stretch_at(const struct waiting *list, uint64_t place, struct waiting_stretch *ret)
{
    const struct waiting_out *out = list->out;
    uint64_t chunk;

    *ret = (struct waiting_stretch){.begin = list->passed, .end = list->passed};
    if (place < list->passed)
        return false;
    if (out) {
        ret->end += out->head.count;
        if (is_within(ret, place))
            return true;
        /* Behind all chunks there is no need to count them. */
        struct fifo_cursor at = fifo_begin(&out->chunks);
        while (place < list->passed + out->head.count + out->chunked && fifo_next(&at, &chunk)) {
            *ret = (struct waiting_stretch){
                .begin = ret->end, .end = ret->end + waiting_chunk_refs(chunk), .chunk = chunk};
            if (is_within(ret, place))
                return true;
        }
        *ret = (struct waiting_stretch){.end = list->passed + out->head.count + out->chunked};
    }
    *ret = (struct waiting_stretch){.begin = ret->end, .end = ret->end + list->tail.count};
    return is_within(ret, place);
}

size_t waiting_copy(const struct waiting *list, uint64_t place, uint64_t *ret_refs, size_t max)
{
    struct waiting_stretch stretch;
    size_t n = 0;

    if (!waiting_stretch_at(list, place, &stretch) || stretch.chunk)
        return 0;
    bool in_head = list->out && stretch.begin == list->passed && list->out->head.count > 0;
    struct fifo_cursor at = fifo_begin(in_head ? &list->out->head : &list->tail);
    (void)fifo_skip(&at, place - stretch.begin);
    while (n < max && fifo_next(&at, &ret_refs[n]))
        n++;
    return n;
}
