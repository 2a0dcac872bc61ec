/*
 * fork_imager.h - images of large states, written by a forked child
 *
 * What   The child has the state as it was at the fork, and writes it into memory that it shares with the node; the
 *        kernel copies what the node changes meanwhile, page by page.
 * Why    To save 1 million leases takes the loop 20 to 30 ms, a fork 1 to 6 ms (docs/durability.md has the figures).
 * Never  Does the child take a lock, memory from malloc, or a file: it closes all of them first, so that neither the
 *        lock of the data directory nor a connection outlives the node in it. It ends with the node.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_FORK_IMAGER_H
#define GMQ_GNODE_FORK_IMAGER_H

#include "gnode/imager.h"

#include <sys/types.h>

struct fork_imager {
    struct imager base;
    pid_t child; /* 0 = nothing is under way */
    char *map;   /* shared with it */
    size_t bytes;
};

/* For the thread that will call it alone; the child ends with that thread. Images from `bytes_min` on. */
void fork_imager_init(struct fork_imager *imager, size_t bytes_min);

#endif
