/* cmd.c - see cmd.h. SPDX-License-Identifier: MIT */
#include "wire/cmd.h"

#include "base/bytes.h"

bool cmd_item_next(struct slice *packed, struct cmd_item *ret_item)
{
    if (packed->len < CMD_ITEM_HEADER_BYTES)
        return false;
    size_t len = get_be32(packed->ptr + 4);
    if (len > packed->len - CMD_ITEM_HEADER_BYTES)
        return false;
    *ret_item = (struct cmd_item){
        .delay_s = get_be32(packed->ptr),
        .body = slice_of(packed->ptr + CMD_ITEM_HEADER_BYTES, len),
    };
    packed->ptr += CMD_ITEM_HEADER_BYTES + len;
    packed->len -= CMD_ITEM_HEADER_BYTES + len;
    return true;
}

bool cmd_topic_next(struct slice list, size_t *at, struct slice *ret_topic)
{
    if (*at > list.len)
        return false;
    const char *from = list.len > 0 ? list.ptr + *at : list.ptr;
    const char *end = list.len > *at ? memchr(from, '/', list.len - *at) : NULL;
    *ret_topic = slice_of(from, end ? (size_t)(end - from) : list.len - *at);
    *at += ret_topic->len + 1;
    return true;
}
