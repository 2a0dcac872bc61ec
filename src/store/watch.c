/* watch.c - see watch.h. SPDX-License-Identifier: MIT */
#include "store/watch.h"

#include "store/paths.h"

enum { SLACK_PART = 16, SLACK_BYTES_MAX = 64 << 20 };

/* What must be free beyond a limit that was reached before it is lifted. */
static uint64_t slack(uint64_t limit, bool reached)
{
    return reached ? min_u64(limit / SLACK_PART, SLACK_BYTES_MAX) : 0;
}

enum watch_limit watch_ask(const struct watch *watch, uint64_t bytes)
{
    uint64_t used = atomic_load(&watch->used), room = atomic_load(&watch->free);
    int reached = atomic_load(&watch->over) != WATCH_NONE ? atomic_load(&watch->over) : atomic_load(&watch->denied);

    if (watch->max_disk != 0 && used + bytes + slack(watch->max_disk, reached == WATCH_MAX_DISK) > watch->max_disk)
        return WATCH_MAX_DISK;
    if (watch->free_min != 0 && room < watch->free_min + bytes + slack(watch->free_min, reached == WATCH_FREE_MIN))
        return WATCH_FREE_MIN;
    return WATCH_NONE;
}

/* 0, or -ENOENT when a directory is gone, or -errno when it cannot be told. */
static int take_in(struct watch *watch, uint64_t *ret_id)
{
    static const char *const folders[] = {"", "log", "ckpt", "quarantine"};
    enum { NEEDED = 3 };
    struct disk_space sum = {0};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct path path = path_of(watch->dir, folders[i]);
        struct disk_space one = {0};
        int rc = watch->disk->space(watch->disk->ctx, path.text, &one);
        if (rc < 0 && (i < NEEDED || rc != -ENOENT))
            return rc;
        sum.used += one.used;
        if (i < NEEDED)
            sum.id = sum.id * 31 + one.id + 1;
        if (i == 0)
            sum.free = one.free;
    }
    atomic_store(&watch->used, sum.used);
    atomic_store(&watch->free, sum.free);
    *ret_id = sum.id;
    return 0;
}

bool watch_look(struct watch *watch)
{
    uint64_t id = 0;
    int rc = take_in(watch, &id);

    if (rc == 0 && watch->id == 0)
        watch->id = id;
    bool gone = rc == -ENOENT || rc == -ENOTDIR || (rc == 0 && id != watch->id);
    if (gone)
        return !atomic_exchange(&watch->gone, true);
    if (rc < 0)
        return false; /* what cannot be told is as it was */
    int over = watch_ask(watch, 0);
    return atomic_exchange(&watch->over, over) != over;
}

const char *watch_reason(const struct watch *watch)
{
    static const char *const REASONS[] = {
        [WATCH_NONE] = NULL,
        [WATCH_MAX_DISK] = "max_disk is reached",
        [WATCH_FREE_MIN] = "less than disk_free_min is free",
    };
    int over = atomic_load(&watch->over);

    return REASONS[over != WATCH_NONE ? over : atomic_load(&watch->denied)];
}
