/*
 * op_impl.h - what op_value.c (one argument) and op_parse.c (all of them) share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_OP_IMPL_H
#define GMQ_WIRE_OP_IMPL_H

#include "wire/op.h"

/* Writes the text of an error, cut to fit; returns `err`. */
int op_fail(struct op_error *error, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As much of a client's text as an error shows: whole characters of at most 64 bytes. */
struct slice op_shown(struct slice text);

/*
 * Stores an argument at `base` (the call, or a put). `value` is not null. JSON strings that are stored point into the
 * call's tree.
 */
NODISCARD int op_put_json(struct op_call *call, const struct op_param *param, void *base, struct json_object *value,
                          struct op_error *error);

/* Null: a setting goes back to the node's. */
void op_put_null(struct op_call *call, const struct op_param *param, void *base);

/* The same from text, which stays good as long as the call. */
NODISCARD int op_put_text(struct op_call *call, const struct op_param *param, void *base, struct slice text,
                          struct op_error *error);

/* Several messages: op_parse.c. */
NODISCARD int op_put_messages(struct op_call *call, struct json_object *list, struct op_error *error);

/* op_object.c: objects as values. */
NODISCARD int op_put_headers(struct op_call *call, struct slice *ret, struct json_object *value,
                             struct op_error *error);
NODISCARD int op_put_header(struct op_call *call, struct slice *lines, struct slice name, struct slice text,
                            struct op_error *error);

/* What of it is named is added to `*given`, as enum cmd_given; a policy with its kind is a whole one. */
NODISCARD int op_put_retry(struct retry_policy *ret, unsigned *given, struct json_object *value,
                           struct op_error *error);
NODISCARD int op_put_limits(struct topic_limits *ret, unsigned *given, struct json_object *value,
                            struct op_error *error);

/* The index of `text` in the words, or -1. */
int op_word_index(const char *const *words, struct slice text);

/* A string's bytes. */
struct slice op_string(struct json_object *value);

/* JSON's integers, none with a fraction. */
NODISCARD bool op_integer(struct json_object *value, int64_t min, int64_t max, int64_t *ret);

#endif
