/*
 * json_check.h - is it JSON, and if not, what does Go's encoding/json say about it?
 *
 * What   Accepts and refuses exactly what Go 1.19 does, with its error texts, which the original's HTTP API hands to
 *        the client. Bytes above 0x7f inside strings are not looked at: invalid UTF-8 is no error in Go.
 * Why    json-c words its errors differently and takes other texts (NaN, single quotes); a client that matches on
 *        the original's texts must find them here.
 * Cost   One pass, no recursion, no allocation; the stack of open objects and arrays is JSON_DEPTH_MAX bits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_JSON_CHECK_H
#define GMQ_WIRE_JSON_CHECK_H

#include "base/base.h"
#include "base/slice.h"

enum {
    JSON_DEPTH_MAX = 10000, /* objects and arrays inside each other */
    JSON_ERROR_BYTES = 200, /* room for any error text of the JSON readers, with its NUL */
};

/* 0, or GMQ_E_JSON with Go's text (printable UTF-8, at most JSON_ERROR_BYTES with its NUL) at `ret_error`. */
NODISCARD int json_check(struct slice json, char ret_error[JSON_ERROR_BYTES]);

#endif
