/*
 * json_walk.h - takes JSON apart that json_check() has accepted
 *
 * What   A cursor over the members of an object or the elements of an array, without a tree and without recursion:
 *        a value that is not wanted is skipped by counting brackets.
 * Owns   Nothing: every slice points into the JSON it was given.
 * Never  Give it JSON that json_check() refused or never saw: it asks no questions, though it never reads beyond the
 *        slice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_JSON_WALK_H
#define GMQ_WIRE_JSON_WALK_H

#include "base/buf.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_kind kind;
    struct slice text; /* as it stands; of a STRING what is between the quotes, escapes and all */
};

/* The value that `json` consists of. */
struct json_value json_walk_value(struct slice json);

/* What is inside an ARRAY or OBJECT, for json_walk_element() or json_walk_member() to take apart. */
struct slice json_walk_inside(const struct json_value *container);

/* The next member of the object that `*rest` is the inside of; false at its end. `ret_key` is as a STRING's text. */
bool json_walk_member(struct slice *rest, struct slice *ret_key, struct json_value *ret_value);

/* The next element of an array in the same way. */
bool json_walk_element(struct slice *rest, struct json_value *ret_value);

/*
 * Appends what a STRING's text stands for, by the rules of Go's decoder: an escaped surrogate without its partner,
 * and each byte that begins no well-formed UTF-8 sequence, becomes U+FFFD; \u0000 is a zero byte.
 * False, with nothing appended, when `out` may not grow that far.
 * (Done here since json-c refuses invalid UTF-8, so that a pass as long as this one would have to mend the text
 * before json-c could read it; fuzz/json_fuzz.c compares the two where both answer.)
 */
NODISCARD bool json_unescape(struct slice text, struct buf *out);

/* Whether a STRING's text stands for itself: no escapes, and well-formed UTF-8. */
bool json_is_plain(struct slice text);

/* Whether a key is `name` (lower-case ASCII letters) in either case, escapes resolved. */
bool json_key_is(struct slice key, const char *name);

#endif
