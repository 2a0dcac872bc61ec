/*
 * tlv.h - what a record carries beside its fixed numbers: pieces of a type, a length and so many bytes
 *
 * u8 type, u8 zero, u16 length, the bytes; without padding between them. Type 0 ends the row. A type that a reader does
 * not know is passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_TLV_H
#define GMQ_ENGINE_TLV_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/slice.h"

enum { TLV_END = 0, TLV_HEADER_BYTES = 4 };

/* Writes one; `len` <= UINT16_MAX. Returns where the next goes. */
static inline char *tlv_put(char *to, unsigned type, const void *bytes, size_t len)
{
    ENSURE(len <= UINT16_MAX);
    to[0] = (char)type;
    to[1] = 0;
    put_le16(to + 2, (uint16_t)len);
    if (len > 0)
        memcpy(to + TLV_HEADER_BYTES, bytes, len);
    return to + TLV_HEADER_BYTES + len;
}

/* Takes the next one off `*row`. 1; 0 = there is none; -1 = it says that it is longer than the row. */
static inline int tlv_next(struct slice *row, unsigned *ret_type, struct slice *ret_value)
{
    if (row->len < TLV_HEADER_BYTES || row->ptr[0] == TLV_END)
        return 0;
    size_t len = get_le16(row->ptr + 2);
    if (len > row->len - TLV_HEADER_BYTES)
        return -1;
    *ret_type = (unsigned char)row->ptr[0];
    *ret_value = slice_of(row->ptr + TLV_HEADER_BYTES, len);
    *row = slice_of(row->ptr + TLV_HEADER_BYTES + len, row->len - TLV_HEADER_BYTES - len);
    return 1;
}

#endif
