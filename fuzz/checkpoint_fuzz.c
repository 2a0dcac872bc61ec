/*
 * checkpoint_fuzz.c - arbitrary bytes as a checkpoint file, as they are and with their CRCs put right
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "store/format.h"

static bool look(struct slice input)
{
    struct checkpoint_view view;

    if (!checkpoint_view_read(input.ptr, input.len, &view))
        return false;
    ENSURE(fuzz_within(view.image, input));
    ENSURE(fuzz_within(slice_of(view.table, (size_t)view.header.segments * CHECKPOINT_SEGMENT_BYTES), input));
    (void)fuzz_touch(view.image);
    for (uint32_t i = 0; i < view.header.segments; i++) {
        struct checkpoint_segment seg;
        checkpoint_segment_decode(view.table + (size_t)i * CHECKPOINT_SEGMENT_BYTES, &seg);
    }
    return true;
}

/* The header is decoded from the input and encoded again, so that its CRC holds; then the CRCs of the rest. */
static void look_patched(struct slice input)
{
    char *bytes = malloc(input.len);

    ENSURE(bytes);
    memcpy(bytes, input.ptr, input.len);
    size_t rest = input.len - CHECKPOINT_HEADER_BYTES;
    struct checkpoint_header header = {
        .cut = get_le64(bytes + 16) & ~UINT64_C(7),
        .segments = get_le32(bytes + 44) % 64,
        .image_bytes = get_le64(bytes + 48),
    };
    size_t table = (size_t)header.segments * CHECKPOINT_SEGMENT_BYTES;
    bool fits = table <= rest;
    if (fits) {
        if (input.ptr[0] % 2 == 0)
            header.image_bytes = rest - table;
        header.table_crc = crc32c(0, bytes + CHECKPOINT_HEADER_BYTES, table);
        header.image_crc = crc32c(0, bytes + CHECKPOINT_HEADER_BYTES + table, rest - table);
    }
    checkpoint_header_encode(bytes, &header);
    ENSURE(look(slice_of(bytes, input.len)) == (fits && header.image_bytes == rest - table));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = fuzz_copy(data, size);

    (void)look(input);
    if (size >= CHECKPOINT_HEADER_BYTES)
        look_patched(input);
    fuzz_free(input);
    return 0;
}
