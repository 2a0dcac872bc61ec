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
 * Whether `tree`, which was read of `json`, has every member of it: json-c keeps the last of those with the same name,
 * and ends a name at a NUL.
 */
NODISCARD bool json_tree_is_whole(struct json_object *tree, struct slice json);

#endif
