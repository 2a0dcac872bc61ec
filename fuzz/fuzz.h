/*
 * fuzz.h - what every fuzzer shares
 *
 * A fuzzer is fuzz/NAME_fuzz.c with one LLVMFuzzerTestOneInput() and hand-made inputs in fuzz/corpus/NAME/.
 * `make fuzz-NAME SECONDS=60` lets libFuzzer look for more (tools/fuzz); `make fuzz-replay` runs the corpora
 * with any compiler. The input is copied to memory of its own size, so that a read beyond it is seen.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_FUZZ_FUZZ_H
#define GMQ_FUZZ_FUZZ_H

#include "base/base.h"
#include "base/slice.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct slice fuzz_copy(const void *ptr, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);

    ENSURE(copy);
    if (len > 0)
        memcpy(copy, ptr, len);
    return slice_of(copy, len);
}

static inline void fuzz_free(struct slice copy)
{
    union {
        const char *ptr;
        void *mem;
    } as = {.ptr = copy.ptr};
    free(as.mem);
}

/* Whether `part` lies within `whole`; an empty slice may point anywhere. */
static inline bool fuzz_within(struct slice part, struct slice whole)
{
    return part.len == 0 || ((uintptr_t)part.ptr >= (uintptr_t)whole.ptr && part.len <= whole.len &&
                             (uintptr_t)part.ptr - (uintptr_t)whole.ptr <= whole.len - part.len);
}

/* Reads every byte, so that the address sanitizer has a look at each. */
static inline unsigned fuzz_touch(struct slice text)
{
    volatile unsigned sum = 0;

    for (size_t i = 0; i < text.len; i++)
        sum += (unsigned char)text.ptr[i];
    return sum;
}

#endif
