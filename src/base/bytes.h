/*
 * bytes.h - integers in bytes: little-endian on disk, big-endian on the wire; no alignment asked
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_BYTES_H
#define GMQ_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES_LE(bits, v) (v)
#define BYTES_BE(bits, v) __builtin_bswap##bits(v)
#else
#define BYTES_LE(bits, v) __builtin_bswap##bits(v)
#define BYTES_BE(bits, v) (v)
#endif

#define BYTES_DEFINE(order, ORDER, bits)                                                           \
    static inline uint##bits##_t get_##order##bits(const void *from)                               \
    {                                                                                              \
        uint##bits##_t v;                                                                          \
        memcpy(&v, from, sizeof(v));                                                               \
        return BYTES_##ORDER(bits, v);                                                             \
    }                                                                                              \
    static inline void put_##order##bits(void *to, uint##bits##_t v)                               \
    {                                                                                              \
        v = BYTES_##ORDER(bits, v);                                                                \
        memcpy(to, &v, sizeof(v));                                                                 \
    }

BYTES_DEFINE(le, LE, 16)
BYTES_DEFINE(le, LE, 32)
BYTES_DEFINE(le, LE, 64)
BYTES_DEFINE(be, BE, 16)
BYTES_DEFINE(be, BE, 32)
BYTES_DEFINE(be, BE, 64)

#endif
