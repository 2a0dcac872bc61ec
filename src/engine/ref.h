/*
 * ref.h - eight bytes that name a message in a list: where its record stands, and how often it came back
 *
 *   bits 8..63  LSN of the PUSH >> 3
 *   bits 0..7   retries so far, 0..255
 *
 * Refs of one queue sort by age: LSNs and ids grow together.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_REF_H
#define GMQ_ENGINE_REF_H

#include "base/base.h"

enum { REF_RETRIES_MAX = 255 };

static inline uint64_t ref_make(uint64_t lsn, unsigned retries) { return lsn >> 3 << 8 | retries; }
static inline uint64_t ref_lsn(uint64_t ref) { return ref >> 8 << 3; }
static inline unsigned ref_retries(uint64_t ref) { return (unsigned)(ref & 0xff); }

/* The same message, one retry later. */
static inline uint64_t ref_again(uint64_t ref)
{
    return ref_retries(ref) < REF_RETRIES_MAX ? ref + 1 : ref;
}

#endif
