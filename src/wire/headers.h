/*
 * headers.h - the headers of a message: what a producer may attach to it, and consumers get back
 *
 * Lines `name: value`, each ended by \n; blanks around the value do not belong to it. A name is a token, as of an HTTP
 * field (RFC 9110, 5.6.2) and is kept in lower case; a value is UTF-8 without control bytes, perhaps empty. Names may
 * repeat. All lines together have at most CMD_HEADERS_BYTES_MAX bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_HEADERS_H
#define GMQ_WIRE_HEADERS_H

#include "wire/cmd.h"

/*
 * Writes the headers as they are kept, `name: value\n` each, to `to`; returns their bytes, or GMQ_E_HEADERS, then
 * `ret_why` says what is wrong, in words that are good for ever.
 */
NODISCARD int headers_keep(struct slice headers, char to[CMD_HEADERS_BYTES_MAX], const char **ret_why);

/* Takes the next line off headers as they are kept; false when there is none. Begin with `*at` = 0. */
bool headers_next(struct slice kept, size_t *at, struct slice *ret_name, struct slice *ret_value);

/* Is it 1 to CMD_KEY_BYTES_MAX bytes of UTF-8 without control bytes: 0 or GMQ_E_KEY. For keys of all kinds. */
NODISCARD int key_check(struct slice key);

/* UTF-8 without bytes below U+0020, U+007F and the controls of U+0080..U+009F? */
bool text_is_plain(struct slice text);

#endif
