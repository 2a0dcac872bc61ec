/* checkpoint.c - see checkpoint.h. SPDX-License-Identifier: MIT */
#include "store/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/paths.h"

enum { RESERVES = 2, RESERVE_SHRINK = 4, CUTS_MAX = 64, COMPARE_BYTES = 64 * 1024 };

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
    for (uint32_t i = 0; ckpt->dead && i < ckpt->header.segments; i++)
        lsnset_free(ckpt->dead[i]);
    free(ckpt->dead);
    free(ckpt->segments);
    checkpoint_drop_image(ckpt);
    free(ckpt);
}

/* What stands before the image: header, table and sets. */
struct head {
    char *bytes;
    size_t count;
};

static NODISCARD bool head_make(struct checkpoint *ckpt, struct head *ret)
{
    struct checkpoint_header *header = &ckpt->header;
    size_t table_bytes = header->segments * (size_t)CHECKPOINT_SEGMENT_BYTES;

    header->dead_bytes = 0;
    for (uint32_t i = 0; i < header->segments; i++) {
        ckpt->segments[i].dead_bytes = (uint32_t)lsnset_image_bytes(ckpt->dead[i]);
        header->dead_bytes += ckpt->segments[i].dead_bytes;
    }
    ret->count = CHECKPOINT_HEADER_BYTES + table_bytes + header->dead_bytes;
    ret->bytes = malloc(ret->count);
    if (!ret->bytes)
        return false;
    char *table = ret->bytes + CHECKPOINT_HEADER_BYTES, *dead = table + table_bytes;
    for (uint32_t i = 0; i < header->segments; i++) {
        checkpoint_segment_encode(table + i * (size_t)CHECKPOINT_SEGMENT_BYTES, &ckpt->segments[i]);
        lsnset_save(ckpt->dead[i], dead);
        dead += ckpt->segments[i].dead_bytes;
    }
    header->table_crc = crc32c(0, table, table_bytes);
    header->dead_crc = crc32c(0, table + table_bytes, header->dead_bytes);
    header->image_crc = crc32c(0, ckpt->image, header->image_bytes);
    checkpoint_header_encode(ret->bytes, header);
    return true;
}

/*
 * Claims the room first: a full disk shows before anything is written. What a file that is there has beyond the
 * checkpoint is given back, or stays claimed.
 */
static int write_file(struct disk *disk, const struct checkpoint *ckpt, const struct head *head, const char *path,
                      bool give_back)
{
    uint64_t bytes = head->count + ckpt->header.image_bytes;
    int file = disk->open(disk->ctx, path, DISK_CREATE);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    int rc = disk->allocate(disk->ctx, file, bytes);
    if (rc == 0 && give_back && size > 0 && (uint64_t)size > bytes)
        rc = disk->truncate(disk->ctx, file, bytes);
    if (rc == 0)
        rc = disk->pwrite(disk->ctx, file, head->bytes, head->count, 0);
    if (rc == 0)
        rc = disk->pwrite(disk->ctx, file, ckpt->image, ckpt->header.image_bytes, head->count);
    if (rc == 0)
        rc = disk->sync(disk->ctx, file);
    disk->close(disk->ctx, file);
    return rc;
}

/* What the checkpoint in the file takes of it, as its header says; the file may keep more room. 0 or -errno. */
static int used_bytes(struct disk *disk, int file, uint64_t *ret)
{
    char head[CHECKPOINT_HEADER_BYTES];
    int64_t size = disk->size(disk->ctx, file);
    int64_t n = size < 0 ? size : disk->pread(disk->ctx, file, head, sizeof(head), 0);

    if (n < 0)
        return (int)n;
    *ret = checkpoint_bytes(head, (size_t)n);
    return *ret == 0 || *ret > (uint64_t)size ? -EBADMSG : 0;
}

static int read_file(struct disk *disk, const char *path, char **ret_bytes, struct checkpoint_view *ret)
{
    char *bytes = NULL;
    uint64_t size = 0;
    int file = disk->open(disk->ctx, path, DISK_READ);

    if (file < 0)
        return file;
    int rc = used_bytes(disk, file, &size);
    if (rc == 0 && !(bytes = malloc(size)))
        rc = -ENOMEM;
    int64_t n = rc == 0 ? disk->pread(disk->ctx, file, bytes, size, 0) : rc;
    disk->close(disk->ctx, file);
    if (n < 0)
        rc = (int)n;
    else if ((uint64_t)n != size || !checkpoint_view_read(bytes, size, ret))
        rc = -EBADMSG;
    if (rc == 0)
        *ret_bytes = bytes;
    else
        free(bytes);
    return rc;
}

/* Do the `bytes` bytes at `at` stand in the file? 0 or -errno. */
static int compare(struct disk *disk, int file, const char *with, uint64_t bytes, uint64_t at)
{
    char piece[COMPARE_BYTES];
    int rc = 0;

    for (uint64_t done = 0; rc == 0 && done < bytes; done += sizeof(piece)) {
        size_t some = min_u64(sizeof(piece), bytes - done);
        int64_t n = disk->pread(disk->ctx, file, piece, some, at + done);
        if (n < 0)
            rc = (int)n;
        else if ((size_t)n != some || memcmp(piece, with + done, some) != 0)
            rc = -EBADMSG;
    }
    return rc;
}

static int read_back(struct disk *disk, const struct checkpoint *ckpt, const struct head *head, const char *path)
{
    int file = disk->open(disk->ctx, path, DISK_READ);

    if (file < 0)
        return file;
    int rc = compare(disk, file, head->bytes, head->count, 0);
    if (rc == 0)
        rc = compare(disk, file, ckpt->image, ckpt->header.image_bytes, head->count);
    disk->close(disk->ctx, file);
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
    struct path folder = path_of(dir, "ckpt");

    if (size_of(disk, path.text) > size_of(disk, reserve.text))
        return take_over(disk, dir, cut, reserve.text);
    int rc = disk->unlink(disk->ctx, path.text);
    return rc < 0 ? rc : disk->sync_dir(disk->ctx, folder.text);
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
static int write_claimed(struct disk *disk, const char *dir, const struct checkpoint *ckpt, const struct head *head,
                         uint64_t keep)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut), reserve = find_reserve(disk, dir, true);
    uint64_t cuts[CUTS_MAX];
    int rc = disk->rename(disk->ctx, reserve.text, tmp.text);

    rc = rc == 0 ? write_file(disk, ckpt, head, tmp.text, false) : -ENOSPC;
    int count = disk_is_full(rc) && keep != 0 ? checkpoint_list(disk, dir, cuts, CUTS_MAX) : 0;
    for (int i = 0; i < count && disk_is_full(rc); i++) {
        struct path older = path_checkpoint(dir, cuts[i]);
        if (cuts[i] == keep || size_of(disk, older.text) <= size_of(disk, tmp.text))
            continue;
        (void)disk->rename(disk->ctx, tmp.text, reserve.text);
        if (take_over(disk, dir, cuts[i], tmp.text) == 0)
            rc = write_file(disk, ckpt, head, tmp.text, false);
    }
    return rc;
}

static int write_somehow(struct disk *disk, const char *dir, const struct checkpoint *ckpt, const struct head *head,
                         uint64_t keep)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut);
    int rc = write_file(disk, ckpt, head, tmp.text, true);

    return disk_is_full(rc) ? write_claimed(disk, dir, ckpt, head, keep) : rc;
}

int checkpoint_write(struct disk *disk, const char *dir, struct checkpoint *ckpt, uint64_t keep, uint64_t next_bytes)
{
    struct path tmp = path_checkpoint_tmp(dir, ckpt->header.cut), path = path_checkpoint(dir, ckpt->header.cut);
    struct path folder = path_of(dir, "ckpt");
    struct head head;

    if (!head_make(ckpt, &head))
        return -ENOMEM;
    int rc = write_somehow(disk, dir, ckpt, &head, keep);
    if (rc == 0)
        rc = read_back(disk, ckpt, &head, tmp.text);
    free(head.bytes);
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
    next_bytes = max_u64(next_bytes, head.count + ckpt->header.image_bytes);
    (void)checkpoint_reserve(disk, dir, next_bytes); /* as far as there is room */
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
