/*
 * form_fuzz.c - queries, multipart bodies, header parameters and paths
 *
 * The input is used as each of them; the multipart boundary is its first line, the body what follows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "wire/form.h"

#include <stdio.h>

enum { SCRATCH_BYTES = 1 << 20 };

static void check_value(struct slice value, struct slice in, struct buf *scratch)
{
    ENSURE(value.len <= in.len);
    ENSURE(fuzz_within(value, in) || fuzz_within(value, buf_slice(scratch)));
    (void)fuzz_touch(value);
}

static void fuzz_query(struct slice in, struct buf *scratch)
{
    static const char *const keys[] = {"topic", "data", "", "a"};
    struct slice value;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (form_get(in, keys[i], scratch, &value))
            check_value(value, in, scratch);
    if (form_param(in, "boundary", scratch, &value))
        check_value(value, in, scratch);
    if (form_post_get(in, in, "data", scratch, &value))
        check_value(value, in, scratch);
}

static void fuzz_multipart(struct slice in, struct buf *scratch)
{
    const char *end = in.len > 0 ? memchr(in.ptr, '\n', in.len) : NULL;
    struct slice value;

    if (!end)
        return;
    size_t len = (size_t)(end - in.ptr);
    struct slice body = slice_of(end + 1, in.len - len - 1);
    size_t before = buf_len(scratch);
    if (form_multipart_get(body, slice_of(in.ptr, len), "data", scratch, &value)) {
        ENSURE(fuzz_within(value, body));
        (void)fuzz_touch(value);
    }
    ENSURE(buf_len(scratch) == before);
}

/* What is escaped byte by byte comes back as it was. */
static void fuzz_escaped(struct slice in, struct buf *scratch)
{
    char *query = malloc(in.len * 3 + 3);
    size_t len = 2;
    struct slice value;

    ENSURE(query);
    memcpy(query, "k=", 2);
    for (size_t i = 0; i < in.len; i++, len += 3)
        (void)snprintf(query + len, 4, "%%%02X", (unsigned)(unsigned char)in.ptr[i]);
    buf_clear(scratch);
    ENSURE(form_get(slice_of(query, len), "k", scratch, &value) && slice_equal(value, in));
    free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    struct buf scratch;

    buf_init(&scratch, SCRATCH_BYTES);
    fuzz_query(in, &scratch);
    fuzz_multipart(in, &scratch);
    if (size <= SCRATCH_BYTES / 3)
        fuzz_escaped(in, &scratch);
    buf_free(&scratch);
    fuzz_free(in);
    return 0;
}
