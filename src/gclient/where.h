/*
 * where.h - which node and which registry a command speaks to
 *
 * What   The first of these that gives an address decides, for each address alone:
 *            1  its flag: --node, --http, --register
 *            2  the context that --context names
 *            3  its variable: GMQ_NODE, GMQ_HTTP, GMQ_REGISTER
 *            4  GMQ_URL, tcp://HOST[:PORT]: the node, and its HTTP door at HOST:9504
 *            5  the context that GMQ_CONTEXT names
 *            6  the context that was selected
 *            7  the default on this machine
 *        4 to 6 are looked at only when an address that the command needs is still open by then. What is looked at
 *        and cannot be read is an error, and never passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_WHERE_H
#define GMQ_GCLIENT_WHERE_H

#include "gclient/command.h"
#include "gclient/context.h"

enum { WHERE_ERROR_BYTES = 1200, WHERE_ADDR_BYTES = 300 };

/* Owns the addresses that values point to. */
struct where {
    struct context context;
    char url_node[WHERE_ADDR_BYTES], url_http[WHERE_ADDR_BYTES];
};

/* Settles the addresses that the commands in `bits` use; false with one line in `ret_error`. where_free() afterwards
   either way. */
NODISCARD bool where_settle(struct where *where, uint64_t bits, struct values *values,
                            char ret_error[WHERE_ERROR_BYTES]);

void where_free(struct where *where);

/* The same with another environment than the process's own, for tests. */
NODISCARD bool where_settle_in(struct where *where, uint64_t bits, struct values *values,
                               char *(*env)(const char *name), char ret_error[WHERE_ERROR_BYTES]);

/* GMQ_URL taken apart; false when it is none. */
NODISCARD bool where_read_url(const char *url, char ret_node[WHERE_ADDR_BYTES], char ret_http[WHERE_ADDR_BYTES]);

#endif
