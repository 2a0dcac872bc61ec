/*
 * simdisk_file.c - the two images of a file, and what reads see of them; see simdisk_impl.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/simdisk_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- images ------------------------------------------------------------------------------------------------------ */

enum { ROOM_MIN = 4096, SPARES_MAX = 64 };

struct spare {
    char *bytes; /* all zero */
    uint64_t room;
};

static struct {
    pthread_mutex_t lock;
    struct spare at[SPARES_MAX];
    size_t count;
} spares = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *image_new(uint64_t room)
{
    char *bytes = NULL;

    (void)pthread_mutex_lock(&spares.lock);
    for (size_t i = 0; i < spares.count && !bytes; i++) {
        if (spares.at[i].room != room)
            continue;
        bytes = spares.at[i].bytes;
        spares.at[i] = spares.at[--spares.count];
    }
    (void)pthread_mutex_unlock(&spares.lock);
    if (!bytes)
        bytes = calloc(1, room);
    ENSURE(bytes);
    return bytes;
}

static void image_free(char *bytes, uint64_t room, uint64_t touched)
{
    if (!bytes)
        return;
    (void)pthread_mutex_lock(&spares.lock);
    bool keep = spares.count < SPARES_MAX;
    if (keep) {
        memset(bytes, 0, touched);
        spares.at[spares.count++] = (struct spare){bytes, room};
    }
    (void)pthread_mutex_unlock(&spares.lock);
    if (!keep)
        free(bytes);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

struct inode *inode_new(struct simdisk *sim)
{
    struct inode *inode = calloc(1, sizeof(*inode));

    ENSURE(inode);
    inode->no_media = sim->no_media;
    inode->next = sim->inodes;
    sim->inodes = inode;
    return inode;
}

void inode_free(struct inode *inode)
{
    image_free(inode->cache, inode->room, inode->touched);
    image_free(inode->media, inode->room, inode->touched);
    free(inode);
}

static char *image_grow(char *image, const struct inode *inode, uint64_t room)
{
    char *larger = image_new(room);

    if (inode->touched > 0)
        memcpy(larger, image, inode->touched);
    image_free(image, inode->room, inode->touched);
    return larger;
}

void inode_grow(struct inode *inode, uint64_t bytes)
{
    uint64_t room = max_u64(inode->room, ROOM_MIN);

    if (bytes <= inode->room)
        return;
    while (room < bytes)
        room *= 2;
    inode->cache = image_grow(inode->cache, inode, room);
    if (!inode->no_media)
        inode->media = image_grow(inode->media, inode, room);
    inode->room = room;
}

static void widen(struct range *range, uint64_t from, uint64_t to)
{
    if (from >= to)
        return;
    if (range->from >= range->to)
        *range = (struct range){.from = from, .to = to};
    range->from = min_u64(range->from, from);
    range->to = max_u64(range->to, to);
}

static void mark(struct inode *inode, uint64_t from, uint64_t to)
{
    for (uint64_t block = from / BLOCK; from < to && block <= (to - 1) / BLOCK; block++)
        inode->since[block / 64 % SINCE_WORDS] |= UINT64_C(1) << block % 64;
}

static bool is_marked(const struct inode *inode, uint64_t block)
{
    return (inode->since[block / 64 % SINCE_WORDS] >> block % 64 & 1) != 0;
}

void inode_touch(struct inode *inode, uint64_t from, uint64_t to)
{
    widen(&inode->dirty, from, to);
    widen(&inode->differs, from, to);
    mark(inode, from, to);
    inode->touched = max_u64(inode->touched, to);
}

void inode_sync(struct inode *inode)
{
    struct range *dirty = &inode->dirty;
    bool all = dirty->from <= inode->differs.from && dirty->to >= inode->differs.to;

    if (dirty->from < dirty->to && !inode->no_media)
        memcpy(inode->media + dirty->from, inode->cache + dirty->from, dirty->to - dirty->from);
    if (all)
        inode->differs = (struct range){0};
    *dirty = (struct range){0};
    inode->media_bytes = inode->cache_bytes;
}

void inode_tear(struct inode *inode, uint64_t (*random)(struct simdisk *sim), struct simdisk *sim)
{
    for (uint64_t at = inode->differs.from / SECTOR * SECTOR; at < inode->differs.to; at += SECTOR) {
        size_t bytes = min_u64(SECTOR, inode->room - at);
        if (memcmp(inode->cache + at, inode->media + at, bytes) == 0)
            continue;
        bool keep = random(sim) % 2 == 0;
        memcpy((keep ? inode->media : inode->cache) + at, (keep ? inode->cache : inode->media) + at, bytes);
        mark(inode, at, at + bytes);
    }
    if (inode->cache_bytes != inode->media_bytes && random(sim) % 2 == 0)
        inode->media_bytes = inode->cache_bytes;
    inode->cache_bytes = inode->media_bytes;
    if (inode->touched > inode->cache_bytes) {
        memset(inode->cache + inode->cache_bytes, 0, inode->touched - inode->cache_bytes);
        memset(inode->media + inode->cache_bytes, 0, inode->touched - inode->cache_bytes);
        mark(inode, inode->cache_bytes, inode->touched);
    }
    inode->dirty = inode->differs = (struct range){0};
}

/* ---- copies ------------------------------------------------------------------------------------------------------ */

static void copy_figures(struct inode *to, const struct inode *from)
{
    to->dirty = from->dirty;
    to->differs = from->differs;
    to->cache_bytes = from->cache_bytes;
    to->media_bytes = from->media_bytes;
    to->claimed = from->claimed;
    memset(to->since, 0, sizeof(to->since));
    to->origin = from;
}

void inode_copy(struct inode *to, const struct inode *from)
{
    inode_grow(to, from->room);
    if (from->touched > 0)
        memcpy(to->cache, from->cache, from->touched);
    if (from->touched > 0 && !to->no_media)
        memcpy(to->media, from->media, from->touched);
    to->touched = from->touched;
    copy_figures(to, from);
}

static void rewind_image(char *image, const char *from, uint64_t at, uint64_t bytes, uint64_t from_touched)
{
    uint64_t both = at < from_touched ? min_u64(bytes, from_touched - at) : 0;

    if (both > 0)
        memcpy(image + at, from + at, both);
    memset(image + at + both, 0, bytes - both);
}

void inode_rewind(struct inode *inode)
{
    const struct inode *from = inode->origin;

    for (uint64_t at = 0; at < inode->touched; at += BLOCK) {
        uint64_t bytes = min_u64(BLOCK, inode->touched - at);
        if (!is_marked(inode, at / BLOCK))
            continue;
        rewind_image(inode->cache, from->cache, at, bytes, from->touched);
        if (!inode->no_media)
            rewind_image(inode->media, from->media, at, bytes, from->touched);
    }
    inode->touched = from->touched;
    copy_figures(inode, from);
}

/* ---- patches ----------------------------------------------------------------------------------------------------- */

void patch_add(struct simdisk *sim, struct inode *inode, uint64_t at, const void *seen, size_t bytes)
{
    if (bytes == 0 || sim->patch_count == PATCHES_MAX)
        return;
    char *copy = seen ? malloc(bytes) : NULL;
    ENSURE(copy || !seen);
    if (seen)
        memcpy(copy, seen, bytes);
    sim->patches[sim->patch_count++] = (struct patch){.inode = inode, .at = at, .bytes = bytes, .seen = copy};
}

/* Where both the patch and [at, at + bytes) are. */
static struct range common(const struct patch *patch, const struct inode *inode, uint64_t at, size_t bytes)
{
    if (patch->inode != inode)
        return (struct range){0};
    return (struct range){.from = max_u64(at, patch->at), .to = min_u64(at + bytes, patch->at + patch->bytes)};
}

bool patch_forbids(const struct simdisk *sim, const struct inode *inode, uint64_t at, size_t bytes)
{
    for (size_t i = 0; i < sim->patch_count; i++) {
        struct range both = common(&sim->patches[i], inode, at, bytes);
        if (!sim->patches[i].seen && both.from < both.to)
            return true;
    }
    return false;
}

void patch_read(const struct simdisk *sim, const struct inode *inode, char *to, uint64_t at, size_t bytes)
{
    for (size_t i = 0; i < sim->patch_count; i++) {
        const struct patch *patch = &sim->patches[i];
        struct range both = common(patch, inode, at, bytes);
        if (both.from < both.to && patch->seen)
            memcpy(to + (both.from - at), patch->seen + (both.from - patch->at), both.to - both.from);
    }
}

void patch_write(struct simdisk *sim, const struct inode *inode, const char *from, uint64_t at, size_t bytes)
{
    for (size_t i = sim->patch_count; i > 0; i--) {
        const struct patch *patch = &sim->patches[i - 1];
        struct range both = common(patch, inode, at, bytes);
        if (both.from >= both.to)
            continue;
        if (!patch->seen && both.from == patch->at && both.to == patch->at + patch->bytes)
            patch_drop(sim, i - 1);
        else if (patch->seen)
            memcpy(patch->seen + (both.from - patch->at), from + (both.from - at), both.to - both.from);
    }
}

void patch_drop(struct simdisk *sim, size_t index)
{
    free(sim->patches[index].seen);
    memmove(&sim->patches[index], &sim->patches[index + 1],
            (--sim->patch_count - index) * sizeof(sim->patches[0]));
}
