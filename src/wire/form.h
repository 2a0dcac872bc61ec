/*
 * form.h - query strings, HTML forms and paths, as Go's net/url and mime/multipart read them
 *
 * What   A query is pairs between `&`; `+` is a space, %XX a byte. A pair that holds a `;` or a `%` without two hex
 *        digits is dropped, the others stay. Keys are compared after decoding. The first value of a key counts.
 *        The original reads /push's `data` from the body only, all others from the URL's query only.
 * Owns   Values point into what was given, or into `scratch` when they had to be decoded: they are good until
 *        `scratch` is next appended to. A caller that keeps several reserves room for all of them first
 *        (a decoded value is never longer than it was).
 * Never  Nothing here allocates but through `scratch`. A value that `scratch` may not hold counts as missing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_FORM_H
#define GMQ_WIRE_FORM_H

#include "base/arena.h"
#include "base/buf.h"

enum {
    FORM_PARTS_MAX = 1000,        /* parts of a multipart form; one with more has no fields */
    FORM_PART_HEAD_MAX = 8 * 1024 /* bytes of one part's header lines */
};

/* A key or value of a query with its %XX and `+` resolved, in the arena; false at a bad `%`. */
NODISCARD bool form_decode(struct slice text, struct arena *arena, struct slice *ret_text);

/* The first value of `key` in a query string or urlencoded form; false when there is none. */
bool form_get(struct slice query, const char *key, struct buf *scratch, struct slice *ret_value);

/*
 * The first value of `key` in the body of a POST, whose Content-Type header decides what it is: an urlencoded or a
 * multipart form; a body of any other type has no fields.
 */
bool form_post_get(struct slice content_type, struct slice body, const char *key, struct buf *scratch,
                   struct slice *ret_value);

/*
 * Whether a Content-Type header names `type` ("application/json", lower-case): in either case, whatever parameters
 * follow after a `;`.
 */
bool form_type_is(struct slice content_type, const char *type);

/*
 * The parameter `name` (lower-case) of a header like `form-data; name="x"`, without its quotes; escapes inside of
 * them are resolved into `scratch`. False when there is none.
 */
bool form_param(struct slice header, const char *name, struct buf *scratch, struct slice *ret_value);

/*
 * The first field `key` of a multipart/form-data body, which must be whole up to its final boundary. Files (parts
 * with a file name) are no fields, nor are parts in quoted-printable, which no client of today sends.
 */
bool form_multipart_get(struct slice body, struct slice boundary, const char *key, struct buf *scratch,
                        struct slice *ret_value);

#endif
