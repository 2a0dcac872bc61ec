/*
 * fields.h - the small JSON objects that come with requests
 *
 * What   A list says which fields an object may have; anything else in it, a field given twice, one of the wrong type
 *        or out of its range is refused, in words.
 * Owns   The values point into the struct, good until fields_free(), which is due whatever fields_read() said.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_FIELDS_H
#define GMQ_GWEB_FIELDS_H

#include "base/base.h"
#include "base/slice.h"

enum { FIELDS_MAX = 8, FIELDS_ERROR_BYTES = 256 };

enum field_type { FIELD_TEXT, FIELD_NUMBER };

struct field {
    const char *name;
    enum field_type type;
    bool required;
    int64_t min, max; /* of a text: bytes */
};

struct field_value {
    bool given;
    struct slice text; /* UTF-8; may hold any character, U+0000 too */
    int64_t number;
};

struct json_object;

struct fields {
    struct field_value values[FIELDS_MAX]; /* in the order of the list */
    char error[FIELDS_ERROR_BYTES];        /* UTF-8 */
    struct json_object *tree;              /* fields.c's */
};

/* 0, or GMQ_E_JSON, GMQ_E_VALUE with `error`, -ENOMEM. */
NODISCARD int fields_read(struct fields *fields, struct slice json, const struct field *list, size_t count);

void fields_free(struct fields *fields);

#endif
