/*
 * topic_name.h - what a topic may be called
 *
 * 1 to 128 bytes of well-formed UTF-8 without control bytes (below U+0020, and U+007F), spaces, `/` and `"`, and
 * not "." or "..": a name stands in request lines, in URLs and in file names alike.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_TOPIC_NAME_H
#define GMQ_WIRE_TOPIC_NAME_H

#include "base/base.h"
#include "base/slice.h"

enum { TOPIC_NAME_BYTES_MAX = 128 };

/* 0, GMQ_E_TOPIC_EMPTY or GMQ_E_TOPIC_NAME. */
NODISCARD int topic_name_check(struct slice name);

#endif
