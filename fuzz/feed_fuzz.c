/*
 * feed_fuzz.c - what a node's stream of events, or a registry's list, may hold
 *
 * The first byte cuts the rest into pieces of a stream. However it is cut, it must come to the same events, topics and
 * sums; every topic must be written as good JSON in one line, and all sums be 0 when all topics are gone. The rest is
 * also read as a registry's list.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "gweb/feed.h"
#include "gweb/fleet.h"
#include "gweb/pick.h"

#include <stdlib.h>

enum { EVENT_BYTES = 1 << 16, OUT_BYTES = 1 << 20 };

static struct model *model;

static void on_event(void *ctx, const char *name, struct slice data)
{
    struct feed_node node;
    unsigned *good = ctx;

    (void)name;
    *good += feed_read(model, 1, data, &node);
}

/* What all comes to, as text: how many events, and the topics by their slots. */
static void read_stream(struct slice bytes, size_t piece, struct buf *out)
{
    unsigned good = 0;
    struct sse sse;

    model_init(model);
    sse_init(&sse, EVENT_BYTES);
    for (size_t at = 0, len; at < bytes.len; at += len) {
        len = min_u64(piece, bytes.len - at);
        if (!sse_feed(&sse, slice_of(bytes.ptr + at, len), on_event, &good))
            break;
    }
    ENSURE(buf_printf(out, "%u", good));
    for (uint32_t i = 0; i < model->slot_count; i++) {
        size_t from = buf_len(out);
        if (!model->slots[i] || model->slots[i]->gone)
            continue;
        ENSURE(model_write(model->slots[i], out));
        struct slice json = slice_of(buf_data(out) + from, buf_len(out) - from);
        ENSURE(pick_ok(json) && !memchr(json.ptr, '\n', json.len) && !memchr(json.ptr, '\r', json.len));
        ENSURE(model_find(model, 1, model_name(model->slots[i])) == model->slots[i]);
    }
    model_drop(model, 1);
    for (unsigned f = 0; f < FIGURES; f++)
        ENSURE(model->nodes[1].sums.values[f] == 0 && model->nodes[1].knowing[f] == 0);
    ENSURE(model->nodes[1].topics == 0);
    model_fini(model);
    sse_reset(&sse);
}

static void read_list(struct slice json)
{
    struct fleet_listed *list;
    size_t count;

    if (!fleet_read_list(json, &list, &count))
        return;
    for (size_t i = 0; i < count; i++)
        ENSURE(list[i].id >= 1 && list[i].id <= MODEL_NODE_MAX && !strpbrk(list[i].http_addr, "/@?# \r\n"));
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, cut;

    if (size == 0)
        return 0;
    if (!model)
        model = malloc(sizeof(*model));
    struct slice bytes = slice_of(data + 1, size - 1);
    buf_init(&whole, OUT_BYTES);
    buf_init(&cut, OUT_BYTES);
    read_stream(bytes, SIZE_MAX, &whole);
    read_stream(bytes, (size_t)data[0] + 1, &cut);
    ENSURE(slice_equal(buf_slice(&whole), buf_slice(&cut)));
    buf_free(&whole);
    buf_free(&cut);
    read_list(bytes);
    return 0;
}
