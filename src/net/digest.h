/*
 * digest.h - a few bytes that stand for many
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_DIGEST_H
#define GMQ_NET_DIGEST_H

#include "base/base.h"
#include "base/slice.h"

/*
 * The first 128 bits of the SHA-256 (FIPS 180-4) of `number`, 4 bytes big-endian, and the bytes behind it, as two words
 * read big-endian: nobody can find two inputs with the same.
 */
void digest_key(uint32_t number, struct slice bytes, uint64_t ret[2]);

#endif
