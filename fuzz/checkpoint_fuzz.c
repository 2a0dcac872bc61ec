/*
 * checkpoint_fuzz.c - arbitrary bytes as a checkpoint file, as they are and with their CRCs put right
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/lsnset.h"
#include "store/format.h"

static bool look(struct slice input)
{
    struct checkpoint_view view;

    if (!checkpoint_view_read(input.ptr, input.len, &view))
        return false;
    ENSURE(fuzz_within(view.image, input) && fuzz_within(view.dead, input));
    (void)fuzz_touch(view.image);
    const char *dead = view.dead.ptr;
    for (uint32_t i = 0; i < view.header.segments; i++) {
        struct checkpoint_segment seg;
        struct lsnset *set;
        checkpoint_view_segment(&view, i, &seg);
        ENSURE(fuzz_within(slice_of(dead, seg.dead_bytes), view.dead));
        if (lsnset_load(dead, seg.dead_bytes, seg.base, seg.end, &set)) {
            ENSURE(lsnset_image_bytes(set) <= seg.dead_bytes);
            lsnset_free(set);
        }
        dead += seg.dead_bytes;
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
    if (table <= rest) {
        char *from = bytes + CHECKPOINT_HEADER_BYTES;
        for (uint32_t i = 0; i < header.segments; i++) {
            char *entry = from + (size_t)i * CHECKPOINT_SEGMENT_BYTES;
            put_le32(entry + 76, get_le32(entry + 76) % (uint32_t)(rest - table + 1));
            header.dead_bytes += get_le32(entry + 76);
        }
        header.dead_bytes = min_u64(header.dead_bytes, rest - table);
        if (input.ptr[0] % 2 == 0)
            header.image_bytes = rest - table - header.dead_bytes;
        header.table_crc = crc32c(0, from, table);
        header.dead_crc = crc32c(0, from + table, header.dead_bytes);
        header.image_crc = crc32c(0, from + table + header.dead_bytes, rest - table - header.dead_bytes);
    }
    checkpoint_header_encode(bytes, &header);
    (void)look(slice_of(bytes, input.len));
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
