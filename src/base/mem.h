/*
 * mem.h - memory that is there, or the process ends
 *
 * The engine may not fail half-way through a record, so it takes its small pieces from here. Limits on what clients
 * can make it hold are checked before, in decide; a failing malloc is then the end of the process, which loses
 * nothing that was answered (docs/durability.md).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_MEM_H
#define GMQ_BASE_MEM_H

#include <stddef.h>

/* `bytes` > 0 zeroed bytes; free() takes them. */
void *mem_new(size_t bytes);

/* `ptr` (or NULL) grown to `count` elements of `bytes` each; the new ones are not initialised. */
void *mem_grow(void *ptr, size_t count, size_t bytes);

/* What the allocator takes for a piece of so many bytes: 8 of its own, in steps of 16. */
static inline size_t mem_taken(size_t bytes) { return (bytes + 8 + 15) & ~(size_t)15; }

#endif
