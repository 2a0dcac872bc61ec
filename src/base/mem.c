/* mem.c - see mem.h. SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include "base/base.h"

#include <stdlib.h>

void *mem_new(size_t bytes)
{
    void *ptr = calloc(1, bytes);

    ENSURE(ptr && "out of memory");
    return ptr;
}

void *mem_grow(void *ptr, size_t count, size_t bytes)
{
    size_t all;

    ENSURE(!__builtin_mul_overflow(count, bytes, &all));
    ptr = realloc(ptr, all);
    ENSURE(ptr && "out of memory");
    return ptr;
}
