/* checkpoint.c - see checkpoint.h. SPDX-License-Identifier: MIT */
#include "store/checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "store/paths.h"

enum { RESERVES = 2, RESERVE_SHRINK = 4, CUTS_MAX = 64 };

void checkpoint_drop_image(struct checkpoint *ckpt)
{
    if (ckpt->image && ckpt->release)
        ckpt->release(ckpt->image, ckpt->header.image_bytes);
    else
        free(ckpt->image);
    ckpt->image = NULL;
}

void checkpoint_free(struct checkpoint *ckpt)
{
    if (!ckpt)
        return;
    checkpoint_drop_image(ckpt);
    free(ckpt->table);
    free(ckpt);
}

static size_t table_bytes(const struct checkpoint *ckpt)
{
    return (size_t)ckpt->header.segments * CHECKPOINT_SEGMENT_BYTES;
}

static uint64_t file_bytes(const struct checkpoint *ckpt)
{
    return CHECKPOINT_HEADER_BYTES + table_bytes(ckpt) + ckpt->header.image_bytes;
}

/*
 * Claims the room first: a full disk shows before anything is written. What a file that is there has beyond the
 * checkpoint is given back, or stays claimed.
 */
static int write_file(struct disk *disk, const struct checkpoint *ckpt, const char *path, bool give_back)
{
    char head[CHECKPOINT_HEADER_BYTES];
    int file = disk->open(disk->ctx, path, DISK_CREATE);

    if (file < 0)
        return file;
    checkpoint_header_encode(head, &ckpt->header);
    int64_t size = disk->size(disk->ctx, file);
    int rc = disk->allocate(disk->ctx, file, file_bytes(ckpt));
    if (rc == 0 && give_back && size > 0 && (uint64_t)size > file_bytes(ckpt))
        rc = disk->truncate(disk->ctx, file, file_bytes(ckpt));
    if (rc == 0)
        rc = disk->pwrite(disk->ctx, file, head, sizeof(head), 0);
    if (rc == 0)
        rc = disk->pwrite(disk->ctx, file, ckpt->table, table_bytes(ckpt), sizeof(head));
    if (rc == 0)
        rc = disk->pwrite(disk->ctx, file, ckpt->image, ckpt->header.image_bytes, sizeof(head) + table_bytes(ckpt));
    if (rc == 0)
        rc = disk->sync(disk->ctx, file);
    disk->close(disk->ctx, file);
    return rc;
}

static int read_file(struct disk *disk, const char *path, char **ret_bytes, struct checkpoint_view *ret)
{
    char *bytes = NULL;
    int file = disk->open(disk->ctx, path, DISK_READ);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    int rc = size < 0 ? (int)size : size < CHECKPOINT_HEADER_BYTES ? -EBADMSG : 0;
    if (rc == 0 && !(bytes = malloc((size_t)size)))
        rc = -ENOMEM;
    int64_t n = rc == 0 ? disk->pread(disk->ctx, file, bytes, (size_t)size, 0) : rc;
    disk->close(disk->ctx, file);
    if (n < 0)
        rc = (int)n;
    else if (n != size || !checkpoint_view_read(bytes, (size_t)size, ret))
        rc = -EBADMSG;
    if (rc == 0)
        *ret_bytes = bytes;
    else
        free(bytes);
    return rc;
}

static int read_back(struct disk *disk, const char *path)
{
    struct checkpoint_view view;
    char *bytes;
    int rc = read_file(disk, path, &bytes, &view);

    if (rc == 0)
        free(bytes);
    return rc;
}

struct cuts {
    uint64_t *cuts;
    size_t count, count_max;
};

/* Keeps the greatest ones, descending. */
static void add_cut(void *arg, const char *name)
{
    struct cuts *list = arg;
    uint64_t cut;

    if (!path_parse(name, ".ckpt", &cut) || cut >= LSN_LIMIT || cut % RECORD_ALIGN != 0)
        return;
    size_t at = list->count;
    while (at > 0 && list->cuts[at - 1] < cut)
        at--;
    if (at == list->count_max)
        return;
    if (list->count < list->count_max)
        list->count++;
    for (size_t i = list->count - 1; i > at; i--)
        list->cuts[i] = list->cuts[i - 1];
    list->cuts[at] = cut;
}

static int64_t size_of(struct disk *disk, const char *path)
{
    int file = disk->open(disk->ctx, path, DISK_READ);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    disk->close(disk->ctx, file);
    return size;
}

/*
 * Gives the file of a checkpoint another use. Its old name is gone for good before anything is written into it: a
 * power cut must not bring it back with other contents.
 */
static int take_over(struct disk *disk, const char *dir, uint64_t cut, const char *to)
{
    struct path path = path_checkpoint(dir, cut), folder = path_of(dir, "ckpt");
    int rc = disk->rename(disk->ctx, path.text, to);

    return rc < 0 ? rc : disk->sync_dir(disk->ctx, folder.text);
}

static struct path reserve_path(const char *dir, unsigned which)
{
    return path_of(dir, which == 0 ? "ckpt/reserve.tmp" : "ckpt/reserve2.tmp");
}

/* The reserve with the most room, or the least. */
static struct path find_reserve(struct disk *disk, const char *dir, bool most)
{
    struct path first = reserve_path(dir, 0), second = reserve_path(dir, 1);

    return (size_of(disk, first.text) >= size_of(disk, second.text)) == most ? first : second;
}

int checkpoint_drop(struct disk *disk, const char *dir, uint64_t cut)
{
    struct path path = path_checkpoint(dir, cut), reserve = find_reserve(disk, dir, false);

    if (size_of(disk, path.text) > size_of(disk, reserve.text))
        return take_over(disk, dir, cut, reserve.text);
    return disk->unlink(disk->ctx, path.text);
}

void checkpoint_drop_unfinished(struct disk *disk, const char *dir, uint64_t cut)
{
    struct path tmp = path_checkpoint_tmp(dir, cut), reserve = find_reserve(disk, dir, false);

    if (size_of(disk, tmp.text) > size_of(disk, reserve.text))
        (void)disk->rename(disk->ctx, tmp.text, reserve.text);
    else
        (void)disk->unlink(disk->ctx, tmp.text);
}

int checkpoint_list(struct disk *disk, const char *dir, uint64_t *cuts, size_t cuts_max)
{
    struct cuts list = {.cuts = cuts, .count_max = cuts_max};
    struct path path = path_of(dir, "ckpt");
    int rc = disk->list(disk->ctx, path.text, add_cut, &list);

    return rc < 0 ? rc : (int)list.count;
}

static void remove_others(struct disk *disk, const char *dir, uint64_t cut, uint64_t keep)
{
    uint64_t cuts[CUTS_MAX];
    int count = checkpoint_list(disk, dir, cuts, CUTS_MAX);

    for (int i = 0; i < count; i++)
        if (cuts[i] != cut && cuts[i] != keep)
            (void)checkpoint_drop(disk, dir, cuts[i]);
}

static int reserve_one(struct disk *disk, const char *path, uint64_t bytes)
{
    int file = disk->open(disk->ctx, path, DISK_CREATE);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    uint64_t has = size > 0 ? (uint64_t)size : 0;
    if (has / RESERVE_SHRINK > bytes)
        (void)disk->truncate(disk->ctx, file, has = bytes);
    int first = disk->allocate(disk->ctx, file, bytes), rc = first;
    while (disk_is_full(rc) && bytes / 2 > has) { /* a failed one may have claimed a part, or nothing */
        (void)disk->truncate(disk->ctx, file, has);
        bytes /= 2;
        rc = disk->allocate(disk->ctx, file, bytes);
    }
    disk->close(disk->ctx, file);
    return first;
}

int checkpoint_reserve(struct disk *disk, const char *dir, uint64_t bytes)
{
    int rc = 0;

    for (unsigned which = 0; which < RESERVES && rc == 0; which++) {
        struct path path = reserve_path(dir, which);
        rc = reserve_one(disk, path.text, max_u64(bytes, CHECKPOINT_RESERVE_BYTES_MIN));
    }
    return rc;
}

/*
 * On a full disk the file of a reserve becomes the checkpoint's, else that of a checkpoint which is older than the
 * newest one. Nothing that is claimed is given back meanwhile: somebody else would take it.
 */
static int write_claimed(struct disk *disk, const char *dir, const struct checkpoint *ckpt, uint64_t keep)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut), reserve = find_reserve(disk, dir, true);
    uint64_t cuts[CUTS_MAX];
    int rc = disk->rename(disk->ctx, reserve.text, tmp.text);

    rc = rc == 0 ? write_file(disk, ckpt, tmp.text, false) : -ENOSPC;
    int count = disk_is_full(rc) && keep != 0 ? checkpoint_list(disk, dir, cuts, CUTS_MAX) : 0;
    for (int i = 0; i < count && disk_is_full(rc); i++) {
        struct path older = path_checkpoint(dir, cuts[i]);
        if (cuts[i] == keep || size_of(disk, older.text) <= size_of(disk, tmp.text))
            continue;
        (void)disk->rename(disk->ctx, tmp.text, reserve.text);
        if (take_over(disk, dir, cuts[i], tmp.text) == 0)
            rc = write_file(disk, ckpt, tmp.text, false);
    }
    return rc;
}

static int write_somehow(struct disk *disk, const char *dir, const struct checkpoint *ckpt, uint64_t keep)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut);
    int rc = write_file(disk, ckpt, tmp.text, true);

    return disk_is_full(rc) ? write_claimed(disk, dir, ckpt, keep) : rc;
}

int checkpoint_write(struct disk *disk, const char *dir, struct checkpoint *ckpt, uint64_t keep, uint64_t next_bytes)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut), path = path_checkpoint(dir, ckpt->header.cut);
    struct path folder = path_of(dir, "ckpt");

    ckpt->header.table_crc = crc32c(0, ckpt->table, table_bytes(ckpt));
    ckpt->header.image_crc = crc32c(0, ckpt->image, ckpt->header.image_bytes);
    int rc = write_somehow(disk, dir, ckpt, keep);
    if (rc == 0)
        rc = read_back(disk, tmp.text);
    if (rc == 0)
        rc = disk->rename(disk->ctx, tmp.text, path.text);
    if (rc == 0)
        rc = disk->sync_dir(disk->ctx, folder.text);
    if (rc < 0) {
        checkpoint_drop_unfinished(disk, dir, ckpt->header.cut); /* recovery does it otherwise */
        return rc;
    }
    remove_others(disk, dir, ckpt->header.cut, keep);
    (void)disk->sync_dir(disk->ctx, folder.text); /* removed ones that come back do no harm */
    (void)checkpoint_reserve(disk, dir, max_u64(next_bytes, file_bytes(ckpt))); /* as far as there is room */
    return 0;
}

int checkpoint_claim(struct disk *disk, const char *dir, uint64_t cut, enum header_claim *ret, unsigned *ret_version)
{
    struct path path = path_checkpoint(dir, cut);
    char head[CHECKPOINT_HEADER_BYTES];
    int file = disk->open(disk->ctx, path.text, DISK_READ);

    if (file < 0)
        return file;
    int64_t n = disk->pread(disk->ctx, file, head, sizeof(head), 0);
    disk->close(disk->ctx, file);
    *ret = n < 0 ? HEADER_CLAIM_NONE : checkpoint_header_claim(head, (size_t)n, ret_version);
    return n < 0 ? (int)n : 0;
}

int checkpoint_read(struct disk *disk, const char *dir, uint64_t cut, char **ret_bytes, struct checkpoint_view *ret)
{
    struct path path = path_checkpoint(dir, cut);
    int rc = read_file(disk, path.text, ret_bytes, ret);

    if (rc == 0 && ret->header.cut != cut) {
        free(*ret_bytes);
        rc = -EBADMSG;
    }
    return rc;
}
