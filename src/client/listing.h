/*
 * listing.h - the lists that the HTTP doors give: nodes of a registry, topics of a node
 *
 * What   {"code":0,"data":...,"msg":"success"} taken apart, from both the original's programs and gmq's. An entry that
 *        lacks what makes it usable, or holds control bytes, is left out; unknown members are passed over.
 * Fails  0, or -EPROTO with the cause: not JSON, another shape, code 1; -ENOMEM.
 * PURE   but for memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_LISTING_H
#define GMQ_CLIENT_LISTING_H

#include "base/base.h"
#include "base/slice.h"

#include <gmq.h>

enum { LISTING_NODES_MAX = 4096, LISTING_BYTES_MAX = 64 << 20, LISTING_ERR_BYTES = 256 };

NODISCARD int listing_nodes(struct slice json, struct gmq_nodes *ret_nodes, char *ret_err_text);

/* Sorted by name. */
NODISCARD int listing_topics(struct slice json, struct gmq_topics *ret_topics, char *ret_err_text);

/* Takes the next address off a comma list, blanks around it cut off; false when there is none. */
bool listing_next_addr(struct slice *list, struct slice *ret_addr);

#endif
