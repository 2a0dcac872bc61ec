/*
 * imager.h - who makes the image of the state for a checkpoint while commands go on
 *
 * What   begin() freezes the state as it is; poll() says when its image is there. Small states need none of this:
 *        the broker saves them within its turn, and so it does when begin() or poll() fails.
 * Who    fork_imager.h in the node; the simulator has its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_IMAGER_H
#define GMQ_GNODE_IMAGER_H

#include "engine/engine.h"

struct image {
    void *bytes;
    size_t count;
    void (*release)(void *bytes, size_t count); /* gives it back, from any thread; NULL = free() */
};

struct imager {
    size_t bytes_min; /* smaller images are not worth it */
    /* One at a time. 0, or -errno: nothing is under way. */
    int (*begin)(struct imager *imager, const struct engine *engine);
    /* 1 = here it is, it is the caller's; 0 = not yet; -errno = there will be none. But for 0 nothing is under way. */
    int (*poll)(struct imager *imager, struct image *ret);
    /* What is under way is forgotten. */
    void (*cancel)(struct imager *imager);
};

#endif
