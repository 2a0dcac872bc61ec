/*
 * push_json_fuzz.c - form values through the readers of pushes and batches
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/err.h"
#include "base/utf8.h"
#include "wire/push_json.h"

#include <errno.h>

enum { SCRATCH_BYTES = 1 << 20 };
static const struct frame_limits limits = {.body_bytes_max = 64, .batch_count_max = 4, .delay_s_max = 100};

static void check_error(int err, const struct push_json_error *error)
{
    ENSURE(memchr(error->text, '\0', sizeof(error->text)));
    ENSURE(utf8_valid(slice_str(error->text)));
    ENSURE((err == GMQ_E_JSON) == (error->text[0] != '\0'));
}

static void fuzz_push(struct slice in, int syntax, const char *syntax_text, struct buf *scratch)
{
    struct push_json push;
    struct push_json_error error;
    int err = push_json_read(in, scratch, &push, &error);

    check_error(err, &error);
    if (syntax != 0)
        ENSURE(err == GMQ_E_JSON && strcmp(error.text, syntax_text) == 0);
    else
        ENSURE(err == 0 || strncmp(error.text, "json: cannot unmarshal ", 23) == 0 || err == -ENOMEM);
    if (err != 0)
        return;
    ENSURE(fuzz_within(push.topic, in) || fuzz_within(push.topic, buf_slice(scratch)));
    ENSURE(fuzz_within(push.body, in) || fuzz_within(push.body, buf_slice(scratch)));
    ENSURE(utf8_valid(push.topic) && utf8_valid(push.body));
}

static void fuzz_batch(struct slice in, int syntax, struct buf *scratch)
{
    struct mpush_json batch;
    struct push_json_error error;
    struct cmd_item item;
    uint32_t count = 0;
    size_t bytes = 0;
    int err = mpush_json_read(&limits, in, scratch, &batch, &error);

    check_error(err, &error);
    ENSURE(syntax == 0 || err == GMQ_E_JSON);
    if (err != 0)
        return;
    for (; cmd_item_next(&batch.items, &item); count++) {
        ENSURE(item.delay_s <= limits.delay_s_max && utf8_valid(item.body));
        bytes += item.body.len;
    }
    ENSURE(batch.items.len == 0 && count == batch.count && count > 0 && count <= limits.batch_count_max);
    ENSURE(bytes <= limits.body_bytes_max && utf8_valid(batch.topic));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    char text[JSON_ERROR_BYTES];
    struct buf scratch;
    int syntax = json_check(in, text);

    buf_init(&scratch, SCRATCH_BYTES);
    fuzz_push(in, syntax, text, &scratch);
    buf_clear(&scratch);
    fuzz_batch(in, syntax, &scratch);
    buf_free(&scratch);
    fuzz_free(in);
    return 0;
}
