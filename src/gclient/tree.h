/*
 * tree.h - what stands in a JSON answer of a node
 *
 * What   A node is not trusted: what is missing or of another type reads as nothing, which is "", 0, false, NULL. Texts
 *        are printed by out_append_readable() only.
 * Owns   Texts point into the tree.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TREE_H
#define GMQ_GCLIENT_TREE_H

#include "base/buf.h"
#include "wire/json_tree.h"

struct json_object *tree_at(struct json_object *tree, const char *key);
struct slice tree_text(struct json_object *tree, const char *key);
uint64_t tree_number(struct json_object *tree, const char *key);
double tree_real(struct json_object *tree, const char *key);
bool tree_is(struct json_object *tree, const char *key);

/* A time; 0 where there is none. */
uint64_t tree_ms(struct json_object *tree, const char *key);

/* The array of that name: how many, and each of them. */
size_t tree_count(struct json_object *tree, const char *key);
struct json_object *tree_item(struct json_object *tree, const char *key, size_t at);

/* A body: its text, or the bytes of its base64. The bytes are added to `room`, and good until it grows again. */
NODISCARD bool tree_body(struct json_object *tree, struct buf *room, struct slice *ret);

/* Prints a tree as one line of JSON; false when it cannot be written. */
NODISCARD bool tree_print(struct json_object *tree);

#endif
