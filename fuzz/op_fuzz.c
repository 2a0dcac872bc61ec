/*
 * op_fuzz.c - the arguments of operations through op_parse(), and through path, query and raw body as HTTP takes them
 *
 * The first byte chooses the operation, the second the door; the rest is the JSON, or path, query and body, each ended
 * by a newline.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/err.h"
#include "base/utf8.h"
#include "wire/op.h"

#include <errno.h>

static const struct op_limits limits = {.count_max = 8};

static void check_error(int err, const struct op_error *error)
{
    ENSURE(memchr(error->text, '\0', sizeof(error->text)));
    ENSURE(utf8_valid(slice_str(error->text)));
    switch (err) {
    case GMQ_E_VALUE:
    case GMQ_E_JSON:
    case GMQ_E_HEADERS:
        ENSURE(error->text[0] != '\0');
        return;
    case GMQ_E_BATCH_LIMIT:
        ENSURE(error->number == limits.count_max);
        return;
    default:
        ENSURE(err == GMQ_E_TOPIC_EMPTY || err == GMQ_E_TOPIC_NAME || err == -ENOMEM);
    }
}

static void check_lines(struct slice lines)
{
    ENSURE(lines.len == 0 || lines.ptr[lines.len - 1] == '\n');
    ENSURE(lines.len <= CMD_HEADERS_BYTES_MAX);
    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = (size_t)(end - lines.ptr);
        ENSURE(len > 0 && memchr(lines.ptr, ':', len) && lines.ptr[0] != ':');
        lines = slice_of(end + 1, lines.len - len - 1);
    }
}

/* What a command may be that comes out: its slices can be read, its numbers are within their ranges. */
static void check_call(const struct op_call *call)
{
    const struct cmd_args *args = call->cmd.args;

    ENSURE(args == &call->args && call->cmd.kind == call->op->kind);
    (void)(fuzz_touch(call->cmd.topic) + fuzz_touch(call->cmd.body) + fuzz_touch(args->cursor) +
           fuzz_touch(args->text) + fuzz_touch(args->key) + fuzz_touch(args->to) + fuzz_touch(call->client));
    ENSURE(call->cmd.body.len == (size_t)call->cmd.count * CMD_ID_BYTES && call->cmd.count <= limits.count_max);
    ENSURE(args->limit >= 0 && args->limit <= CMD_LIMIT_MAX && args->place <= PLACE_DEAD);
    ENSURE(args->body <= CMD_BODY_WHOLE && args->body_bytes <= CMD_BODY_FIRST_MAX);
    ENSURE(args->delay_ms == CMD_NOT_GIVEN || args->delay_ms >= 0);
    ENSURE(args->settings.retry.count <= RETRY_DELAYS_MAX && args->settings.retry.kind <= RETRY_EXPONENTIAL);
    ENSURE(args->settings.limits.over <= OVER_DEAD_LETTER && args->text.len <= CMD_TEXT_BYTES_MAX);
    ENSURE((call->cmd.kind == CMD_PUT) == (args->put_count > 0) && args->put_count <= limits.count_max);
    for (uint32_t i = 0; i < args->put_count; i++) {
        const struct cmd_put *put = &args->puts[i];
        (void)(fuzz_touch(put->body) + fuzz_touch(put->dedup));
        check_lines(put->headers);
        ENSURE(put->ttr_ms >= 0 && !(put->auto_ack && put->ttr_ms > 0));
        ENSURE(put->dedup_of <= args->put_count);
        ENSURE(put->key.len <= CMD_KEY_BYTES_MAX && (put->delay_ms == CMD_NOT_GIVEN || put->delay_ms >= 0));
    }
}

static void fuzz_json(const struct op *op, struct slice in)
{
    struct op_error error = {.number = 0};
    struct op_call *call = NULL;
    int err = op_parse(op, &limits, in, &call, &error);

    if (err < 0) {
        ENSURE(!call);
        check_error(err, &error);
        return;
    }
    check_call(call);
    op_call_free(call);
}

static struct slice line(struct slice *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    struct slice first = slice_of(rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len);
    size_t used = first.len + (end ? 1 : 0);

    *rest = slice_of(rest->ptr + used, rest->len - used);
    return first;
}

static void fuzz_http(const struct op *op, struct slice in, bool octets)
{
    struct op_call *call = op_call_new(op, &limits);
    struct op_error error = {.number = 0};
    struct slice path = line(&in), query = line(&in);
    int err = 0;

    octets = octets && op->octets;
    if (op_fits(op, path))
        err = op_take_path(call, path, &error);
    if (octets)
        op_take_octets(call, in);
    else if (err == 0 && in.len > 0)
        err = op_take_json(call, in, OP_BODY, &error);
    if (err == 0)
        err = op_take_query(call, query, octets, &error);
    if (err == 0 && octets)
        err = op_take_header(call, query, path, &error);
    if (err == 0)
        err = op_finish(call, &error);
    if (err == 0)
        check_call(call);
    else
        check_error(err, &error);
    op_call_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct op *op = &OPS[data[0] % OPS_COUNT];
    struct slice in = fuzz_copy(data + 2, size - 2);

    if (data[1] % 3 == 0)
        fuzz_json(op, in);
    else
        fuzz_http(op, in, data[1] % 3 == 1);
    fuzz_free(in);
    return 0;
}
