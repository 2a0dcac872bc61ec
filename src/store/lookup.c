/* lookup.c - see lookup.h. SPDX-License-Identifier: MIT */
#include "store/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

enum { BLOCK_BYTES = DIRECTORY_BLOCK_ENTRIES * DIRECTORY_ENTRY_BYTES };

static void forget(struct lookup *of)
{
    free(of->index);
    free(of->block);
    *of = (struct lookup){.block_at = UINT32_MAX};
}

void lookups_free(struct lookups *all)
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        forget(&all->at[i]);
}

static bool read_whole(struct disk *disk, int file, void *to, size_t bytes, uint64_t at)
{
    return disk->pread(disk->ctx, file, to, bytes, at) == (int64_t)bytes;
}

/* Reads trailer and index. */
static bool learn(struct lookup *of, struct disk *disk, int file, const struct segment_name *name)
{
    char end[DIRECTORY_TRAILER_BYTES];
    int64_t size = disk->size(disk->ctx, file);

    if (size < SEGMENT_HEADER_BYTES + DIRECTORY_TRAILER_BYTES ||
        !read_whole(disk, file, end, sizeof(end), (uint64_t)size - sizeof(end)) ||
        !directory_trailer_decode(end, (uint64_t)size, &of->trailer))
        return false;
    size_t bytes = (size_t)directory_blocks(of->trailer.count) * DIRECTORY_INDEX_BYTES;
    of->index = malloc(bytes + 1);
    of->block = malloc(BLOCK_BYTES);
    uint64_t at = of->trailer.at + (uint64_t)of->trailer.count * DIRECTORY_ENTRY_BYTES;
    if (!of->index || !of->block || !read_whole(disk, file, of->index, bytes, at) ||
        crc32c(0, of->index, bytes) != of->trailer.index_crc)
        return false;
    of->name = *name;
    return true;
}

static struct lookup *find(struct lookups *all, struct disk *disk, int file, const struct segment_name *name)
{
    struct lookup *oldest = &all->at[0];

    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        struct lookup *of = &all->at[i];
        if (of->name.generation == name->generation && of->name.base == name->base && of->name.end == name->end)
            return of;
        if (of->used < oldest->used)
            oldest = of;
    }
    forget(oldest);
    if (learn(oldest, disk, file, name))
        return oldest;
    forget(oldest);
    return NULL;
}

/* The last of the `count` ascending keys, `step` bytes apart, that is not above `key`; `count` when all are. */
static uint32_t last_not_above(const char *keys, uint32_t count, size_t step, uint32_t key)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (get_le32(keys + mid * step) <= key)
            low = mid + 1;
        else
            high = mid;
    }
    return low == 0 ? count : low - 1;
}

/* Has block `at` of the directory in memory, and says how many entries it has; 0 = it is damaged. */
static uint32_t load_block(struct lookup *of, struct disk *disk, int file, uint32_t at)
{
    uint32_t count = of->trailer.count - at * DIRECTORY_BLOCK_ENTRIES;

    count = count < DIRECTORY_BLOCK_ENTRIES ? count : DIRECTORY_BLOCK_ENTRIES;
    if (of->block_at == at)
        return count;
    size_t bytes = (size_t)count * DIRECTORY_ENTRY_BYTES;
    of->block_at = UINT32_MAX;
    if (!read_whole(disk, file, of->block, bytes, of->trailer.at + (uint64_t)at * BLOCK_BYTES) ||
        crc32c(0, of->block, bytes) != get_le32(of->index + (size_t)at * DIRECTORY_INDEX_BYTES + 4))
        return 0;
    of->block_at = at;
    return count;
}

int lookup(struct lookups *all, struct disk *disk, int file, const struct segment_name *name, uint64_t lsn,
           uint64_t *ret_offset)
{
    struct lookup *of = find(all, disk, file, name);
    uint32_t key = (uint32_t)((lsn - name->base) / RECORD_ALIGN);

    if (!of)
        return -EBADMSG;
    of->used = ++all->uses;
    uint32_t blocks = directory_blocks(of->trailer.count);
    uint32_t at = last_not_above(of->index, blocks, DIRECTORY_INDEX_BYTES, key);
    if (at == blocks)
        return 0;
    uint32_t count = load_block(of, disk, file, at);
    if (count == 0)
        return -EBADMSG;
    uint32_t entry = last_not_above(of->block, count, DIRECTORY_ENTRY_BYTES, key);
    if (entry == count || get_le32(of->block + (size_t)entry * DIRECTORY_ENTRY_BYTES) != key)
        return 0;
    *ret_offset = get_le32(of->block + (size_t)entry * DIRECTORY_ENTRY_BYTES + 4) * (uint64_t)RECORD_ALIGN;
    return 1;
}
