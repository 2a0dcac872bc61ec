/* topic_name.c - see topic_name.h. SPDX-License-Identifier: MIT */
#include "wire/topic_name.h"

#include "base/err.h"
#include "base/utf8.h"

int topic_name_check(struct slice name)
{
    unsigned char high = 0;

    if (name.len == 0)
        return GMQ_E_TOPIC_EMPTY;
    if (name.len > TOPIC_NAME_BYTES_MAX)
        return GMQ_E_TOPIC_NAME;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c == 0x7f || c == '/' || c == '"')
            return GMQ_E_TOPIC_NAME;
        high |= c;
    }
    if (high >= 0x80 && !utf8_valid(name))
        return GMQ_E_TOPIC_NAME;
    if (name.ptr[0] == '.' && (name.len == 1 || (name.len == 2 && name.ptr[1] == '.')))
        return GMQ_E_TOPIC_NAME;
    return 0;
}
