/*
 * json.h - JSON strings as Go's encoding/json writes them
 *
 * What   The original's replies are Go's, to the byte: `"` and `\` are escaped by a backslash, \n \r \t so too, all
 *        other bytes below U+0020 as \u00xx, `<` `>` `&` U+2028 U+2029 as \uxxxx in lower-case hex; U+007F is raw.
 *        Each byte that begins no well-formed UTF-8 sequence becomes \ufffd, while a U+FFFD in the text stays raw.
 * Why    json-c's writer follows other rules and is several times slower; its reader checks ours in fuzz/json_fuzz.c.
 * Cost   About 20 ns for 128 bytes of plain ASCII (16 bytes a step).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_JSON_H
#define GMQ_WIRE_JSON_H

#include "base/buf.h"

/* No byte takes more room than this, \u00xx; the quotes come on top. */
enum { JSON_BYTES_PER_BYTE_MAX = 6, JSON_QUOTES_BYTES = 2 };

/* The exact length of `text` as a JSON string, quotes included. */
size_t json_string_bytes(struct slice text);

/* Writes the JSON string at `to`, which has json_string_bytes() of room; returns one past its end. */
char *json_write_string(char *to, struct slice text);

/* Appends the JSON string; false, with nothing appended, when `out` may not grow that far. */
NODISCARD bool json_append_string(struct buf *out, struct slice text);

#endif
