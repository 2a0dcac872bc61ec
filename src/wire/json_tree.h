/*
 * json_tree.h - JSON as a tree, by json-c
 *
 * json_check() decides what is JSON: json-c's own strict mode lets some things pass (`010`) and its release 0.18
 * refuses every string that is not ASCII.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_JSON_TREE_H
#define GMQ_WIRE_JSON_TREE_H

#include "base/base.h"
#include "base/slice.h"

#include <json-c/json.h>

/*
 * The tree of all of `json`, nested at most `depth_max` deep; the caller gives it back by json_object_put().
 * NULL with -EPROTO (not JSON, not UTF-8, too deep, a lone null, longer than INT_MAX) or -ENOMEM.
 */
struct json_object *json_tree_read(struct slice json, int depth_max, int *ret_err);

/*
 * What a tree is made of, counted in the text, which json_check() has passed. A tree takes up to 100 bytes of memory
 * for each of its values and 900 for each object, whatever few bytes stand for them: `[{},{},...]`.
 */
struct json_size {
    size_t objects;
    size_t members;
    size_t values;  /* members and elements; one too many for an empty array or object */
    bool has_nul;   /* in a name, which json-c would end there */
};

struct json_size json_tree_size(struct slice json);

/* Whether `tree` has so many members: json-c keeps the last one of those with the same name. */
NODISCARD bool json_tree_has_members(struct json_object *tree, size_t members);

#endif
