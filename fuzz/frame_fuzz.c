/*
 * frame_fuzz.c - a connection's bytes through frame_parse()
 *
 * The first byte chooses the limits, the rest is the stream.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/err.h"
#include "wire/frame.h"

static const struct frame_limits small = {
    .line_bytes_max = 24, .body_bytes_max = 16, .batch_count_max = 3, .delay_s_max = 100};
static const struct frame_limits usual = {
    .line_bytes_max = 65536, .body_bytes_max = 4 << 20, .batch_count_max = 10000, .delay_s_max = 259200};

/* The topics of a list, and what stands between them, are all of it. */
static void check_list(struct slice list)
{
    struct slice topic;
    size_t at = 0, bytes = 0;

    for (; cmd_topic_next(list, &at, &topic); bytes += topic.len + 1)
        ENSURE(fuzz_within(topic, list) && !(topic.len > 0 && memchr(topic.ptr, '/', topic.len)));
    ENSURE(bytes == list.len + 1);
}

static void check_good(const struct frame_limits *limits, const struct frame *frame, struct slice used)
{
    struct slice packed = frame->cmd.body;
    struct cmd_item item;
    uint32_t count = 0;
    size_t bytes = 0;

    if (frame->is_call) {
        ENSURE(fuzz_within(frame->name, used) && fuzz_within(frame->json, used));
        ENSURE(frame->name.len <= limits->line_bytes_max && frame->json.len <= frame_call_bytes_max(limits));
        ENSURE(used.len >= frame->json.len && frame->json.ptr + frame->json.len == used.ptr + used.len);
        return;
    }
    ENSURE(fuzz_within(frame->cmd.topic, used) && fuzz_within(frame->cmd.body, used));
    ENSURE(frame->cmd.topic.len <= limits->line_bytes_max);
    if (frame->cmd.kind == CMD_PUSH) {
        ENSURE(frame->cmd.body.len <= limits->body_bytes_max);
        ENSURE(frame->cmd.delay_s >= 0 && (uint64_t)frame->cmd.delay_s <= limits->delay_s_max);
    }
    if (frame->cmd.kind == CMD_WPOP)
        check_list(frame->cmd.topic);
    ENSURE(!frame->cmd.args || frame->cmd.args == &frame->args);
    if (frame->cmd.kind == CMD_MACK || frame->cmd.kind == CMD_NACK || frame->cmd.kind == CMD_TOUCH)
        ENSURE(frame->cmd.count > 0 && frame->cmd.count <= limits->batch_count_max &&
               frame->cmd.body.len == (size_t)frame->cmd.count * CMD_ID_BYTES);
    if (frame->cmd.kind != CMD_MPUSH)
        return;
    for (; cmd_item_next(&packed, &item); count++) {
        bytes += item.body.len;
        ENSURE(item.delay_s <= limits->delay_s_max);
    }
    ENSURE(packed.len == 0 && count == frame->cmd.count && count > 0);
    ENSURE(count <= limits->batch_count_max && bytes <= limits->body_bytes_max);
}

static bool same(const struct frame *a, const struct frame *b)
{
    return a->err == b->err && a->close == b->close && a->cmd.kind == b->cmd.kind && a->cmd.id == b->cmd.id &&
           a->cmd.number == b->cmd.number && a->cmd.delay_s == b->cmd.delay_s && a->cmd.flags == b->cmd.flags &&
           a->is_call == b->is_call && a->json.len == b->json.len && a->cmd.wait_ms == b->cmd.wait_ms &&
           a->cmd.count == b->cmd.count &&
           a->cmd.body.len == b->cmd.body.len && a->cmd.topic.len == b->cmd.topic.len;
}

/* A request's own bytes alone give the same; its prefixes only ask for more, or fail as the whole did. */
static void check_prefixes(const struct frame_limits *limits, struct slice used, const struct frame *frame)
{
    struct frame part;

    ENSURE(frame_parse(limits, used, false, &part) == used.len && same(&part, frame));
    size_t step = used.len / 64 + 1;
    for (size_t len = 0; len < used.len; len += step) {
        struct slice copy = fuzz_copy(used.ptr, len);
        size_t got = frame_parse(limits, copy, false, &part);
        ENSURE(got == 0 && (part.need == 0 || (part.need > len && part.need <= used.len)));
        ENSURE(frame_parse(limits, copy, true, &part) == len && (len == 0 || part.close));
        fuzz_free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct frame_limits *limits = data[0] & 1 ? &small : &usual;
    struct slice all = fuzz_copy(data + 1, size - 1), rest = all;
    struct frame frame;

    while (rest.len > 0) {
        size_t used = frame_parse(limits, rest, false, &frame);
        ENSURE(used <= rest.len);
        if (used == 0) {
            ENSURE(frame.need == 0 || frame.need > rest.len);
            used = frame_parse(limits, rest, true, &frame);
            ENSURE(used == rest.len && frame.close);
            break;
        }
        if (frame.close)
            break;
        if (frame.err == 0)
            check_good(limits, &frame, slice_of(rest.ptr, used));
        else
            ENSURE(frame.err == GMQ_E_COMMAND_UNKNOWN || frame.err == GMQ_E_DELAY ||
                   frame.err == GMQ_E_DELAY_NEGATIVE);
        check_prefixes(limits, slice_of(rest.ptr, used), &frame);
        rest = slice_of(rest.ptr + used, rest.len - used);
    }
    fuzz_free(all);
    return 0;
}
