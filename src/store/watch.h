/*
 * watch.h - the disk and the data directory as they are seen from time to time, and the limits that the owner has set
 *
 * What   max_disk    what the files in the data directory may take
 *        free_min    what is to stay free on the file system
 *        Before a file is claimed the janitor asks watch_ask(); besides, watch_look() looks at the present state,
 *        at most once a second while there is activity, and every second while a limit is reached.
 *        A limit that was reached holds until there is room for a little more, so that it does not come and go.
 *        It looks, too, whether the directory is still the one that the node began in.
 * Thread One at a time looks (the janitor; the loop before its thread starts); anybody reads the atomics.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_WATCH_H
#define GMQ_STORE_WATCH_H

#include <stdatomic.h>

#include "store/disk.h"

enum watch_limit { WATCH_NONE, WATCH_MAX_DISK, WATCH_FREE_MIN };

struct watch {
    struct disk *disk;
    const char *dir;
    uint64_t max_disk, free_min; /* bytes; 0 = no limit */

    _Atomic uint64_t used, free; /* as of the last look */
    _Atomic int over;            /* enum watch_limit: passed at the last look */
    _Atomic int denied;          /* enum watch_limit: what refused the last file that was asked for */
    _Atomic bool gone;           /* the directory was removed or replaced: for good */

    uint64_t id; /* of the directories at the first look, 0 = there was none */
};

/* Looks around. True when `over` or `gone` changed. */
bool watch_look(struct watch *watch);

/* What forbids that files take `bytes` more, as of the last look. The caller sets `denied` once it has given up. */
enum watch_limit watch_ask(const struct watch *watch, uint64_t bytes);

/* The limit that is reached, in words for those who are refused; NULL when none is. */
const char *watch_reason(const struct watch *watch);

#endif
