/* json_tree.c - see json_tree.h. SPDX-License-Identifier: MIT */
#include "wire/json_tree.h"

#include "wire/json_check.h"

#include <errno.h>
#include <limits.h>

struct json_object *json_tree_read(struct slice json, int depth_max, int *ret_err)
{
    char text[JSON_ERROR_BYTES];

    *ret_err = -EPROTO;
    if (json.len > INT_MAX || json_check(json, text) < 0)
        return NULL;
    struct json_tokener *tok = json_tokener_new_ex(depth_max);
    *ret_err = tok ? 0 : -ENOMEM;
    if (!tok)
        return NULL;
    json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tok, json.ptr, (int)json.len);
    /* A number at the very end waits for what follows it. */
    if (!root && json_tokener_get_error(tok) == json_tokener_continue)
        root = json_tokener_parse_ex(tok, " ", 1);
    if (!root)
        *ret_err = -EPROTO;
    json_tokener_free(tok);
    return root;
}
