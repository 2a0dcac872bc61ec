/*
 * op.h - the operations of gmq's own API: the one table of them, for all doors
 *
 * What   An operation has a name, a place in HTTP (method and path), parameters, and a command that it becomes. HTTP
 *        finds it by method and path and takes arguments from path, query and JSON body; TCP's `call NAME` takes them
 *        all from JSON; op_parse() makes the same struct cmd of both.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_OP_H
#define GMQ_WIRE_OP_H

#include "base/buf.h"
#include "wire/cmd.h"

struct op {
    const char *name;   /* "topic.pause" */
    const char *method; /* "POST"; NULL: not over HTTP */
    const char *path;   /* "/api/v1/topics/{topic}/pause" */
    enum cmd_kind kind;
    unsigned status;    /* of success: 200, 201, 202 */
    const char *help;   /* one line */
};

extern const struct op OPS[];
extern const size_t OPS_COUNT;

/* NULL when there is none of that name. */
const struct op *op_find(struct slice name);

#endif
