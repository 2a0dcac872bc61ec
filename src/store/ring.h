/*
 * ring.h - the bytes of the log that are in memory, addressed by LSN
 *
 * What   `bytes` (a power of two) of memory; the byte of an LSN stands at LSN mod bytes. The same pages are mapped
 *        twice, one copy right behind the other.
 * Why    With the second mapping every range of up to `bytes` is contiguous at every LSN: a record is never split,
 *        a batch is one write. It is memory of this process only (memfd); no file of the store is mapped.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_RING_H
#define GMQ_STORE_RING_H

#include "base/base.h"

struct ring {
    char *map;
    size_t bytes;
};

/* 0 or -errno. `bytes` is a power of two and a multiple of the page size. */
NODISCARD int ring_init(struct ring *ring, size_t bytes);
void ring_fini(struct ring *ring);

/* Where the byte of `lsn` stands; `ring->bytes` bytes can be used from there. */
static inline char *ring_at(const struct ring *ring, uint64_t lsn) { return ring->map + (lsn & (ring->bytes - 1)); }

#endif
