/* disk_dry.c - see disk_dry.h. SPDX-License-Identifier: MIT */
#include "store/disk_dry.h"

#include <errno.h>

enum { DRY_FIRST = 1 << 24, DRY_LOCK = DRY_FIRST + DRY_FILES_MAX }; /* handles above those of any process */

static bool is_new(int file) { return file >= DRY_FIRST; }

static int make(struct disk_dry *dry)
{
    for (int i = 0; i < DRY_FILES_MAX; i++) {
        if (dry->files[i].used)
            continue;
        dry->files[i].used = true;
        dry->files[i].bytes = 0;
        return DRY_FIRST + i;
    }
    return -EMFILE;
}

/* A file that was "made" and renamed is opened anew by its name: it is not there, and is made again. */
static int dry_open(void *ctx, const char *path, enum disk_open how)
{
    struct disk_dry *dry = ctx;
    int file = dry->inner->open(dry->inner->ctx, path, DISK_READ);

    return file == -ENOENT && how != DISK_READ ? make(dry) : file;
}

static void dry_close(void *ctx, int file)
{
    struct disk_dry *dry = ctx;

    if (is_new(file))
        dry->files[file - DRY_FIRST].used = false;
    else
        dry->inner->close(dry->inner->ctx, file);
}

static int dry_pwrite(void *ctx, int file, const void *from, size_t bytes, uint64_t at)
{
    (void)ctx, (void)file, (void)from, (void)bytes, (void)at;
    return 0;
}

static int64_t dry_pread(void *ctx, int file, void *to, size_t bytes, uint64_t at)
{
    struct disk_dry *dry = ctx;

    return is_new(file) ? 0 : dry->inner->pread(dry->inner->ctx, file, to, bytes, at);
}

static void dry_forget(void *ctx, int file)
{
    struct disk_dry *dry = ctx;

    if (!is_new(file))
        dry->inner->forget(dry->inner->ctx, file);
}

static void dry_go_last(void *ctx, bool last)
{
    struct disk_dry *dry = ctx;

    dry->inner->go_last(dry->inner->ctx, last);
}

static int dry_sync(void *ctx, int file)
{
    (void)ctx, (void)file;
    return 0;
}

static int dry_allocate(void *ctx, int file, uint64_t bytes)
{
    struct disk_dry *dry = ctx;

    if (is_new(file))
        dry->files[file - DRY_FIRST].bytes = max_u64(dry->files[file - DRY_FIRST].bytes, bytes);
    return 0;
}

static int dry_truncate(void *ctx, int file, uint64_t bytes)
{
    struct disk_dry *dry = ctx;

    if (is_new(file))
        dry->files[file - DRY_FIRST].bytes = bytes;
    return 0;
}

static int64_t dry_size(void *ctx, int file)
{
    struct disk_dry *dry = ctx;

    return is_new(file) ? (int64_t)dry->files[file - DRY_FIRST].bytes : dry->inner->size(dry->inner->ctx, file);
}

static int dry_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx, (void)from, (void)to;
    return 0;
}

static int dry_unlink(void *ctx, const char *path)
{
    struct disk_dry *dry = ctx;

    if (dry->unlinked)
        dry->unlinked(dry->ctx, path);
    return 0;
}

static int dry_dir(void *ctx, const char *path)
{
    (void)ctx, (void)path;
    return 0;
}

static int dry_space(void *ctx, const char *path, struct disk_space *ret)
{
    struct disk_dry *dry = ctx;

    return dry->inner->space(dry->inner->ctx, path, ret);
}

static int dry_list(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    struct disk_dry *dry = ctx;
    int rc = dry->inner->list(dry->inner->ctx, path, each, arg);

    return rc == -ENOENT ? 0 : rc; /* it would have been made */
}

static int dry_lock(void *ctx, const char *path, uint64_t *ret_pid)
{
    (void)ctx, (void)path, (void)ret_pid;
    return DRY_LOCK;
}

static void dry_unlock(void *ctx, int lock) { (void)ctx, (void)lock; }

void disk_dry_init(struct disk_dry *dry, struct disk *inner)
{
    *dry = (struct disk_dry){
        .inner = inner,
        .disk = {
            .ctx = dry,
            .open = dry_open,
            .close = dry_close,
            .pwrite = dry_pwrite,
            .pread = dry_pread,
            .sync = dry_sync,
            .allocate = dry_allocate,
            .truncate = dry_truncate,
            .size = dry_size,
            .rename = dry_rename,
            .unlink = dry_unlink,
            .make_dir = dry_dir,
            .sync_dir = dry_dir,
            .space = dry_space,
            .forget = dry_forget,
            .go_last = dry_go_last,
            .list = dry_list,
            .lock = dry_lock,
            .hold = dry_lock,
            .unlock = dry_unlock,
        },
    };
}
