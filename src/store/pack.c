/* pack.c - see pack.h. SPDX-License-Identifier: MIT */
#include "store/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

/* ---- the directory ----------------------------------------------------------------------------------------------- */

static int64_t read_at(struct pack *pack, void *to, size_t bytes, uint64_t at)
{
    return pack->scan.disk->pread(pack->scan.disk->ctx, pack->scan.file, to, bytes, at);
}

/* Every entry above the one before it, in address and in place, and within bounds. */
static bool is_ordered(const struct pack *pack, uint64_t records_end)
{
    for (uint32_t i = 0; i < pack->count; i++) {
        bool rises = i == 0 || (pack_lsn(pack, i) > pack_lsn(pack, i - 1) &&
                                pack_offset(pack, i) >= pack_offset(pack, i - 1) + RECORD_HEADER_BYTES);
        if (!rises || pack_lsn(pack, i) >= pack->name.end || pack_offset(pack, i) < SEGMENT_HEADER_BYTES ||
            pack_offset(pack, i) >= records_end)
            return false;
    }
    return true;
}

/* Checks the blocks of `bytes`, entries and index, and takes them in. */
static bool take_directory(struct pack *pack, const char *bytes, const struct directory_trailer *trailer)
{
    const char *index = bytes + (size_t)trailer->count * DIRECTORY_ENTRY_BYTES;
    uint32_t blocks = directory_blocks(trailer->count);

    if (crc32c(0, index, (size_t)blocks * DIRECTORY_INDEX_BYTES) != trailer->index_crc)
        return false;
    for (uint32_t i = 0; i < blocks; i++) {
        const char *block = bytes + (size_t)i * DIRECTORY_BLOCK_ENTRIES * DIRECTORY_ENTRY_BYTES;
        uint64_t left = trailer->count - (uint64_t)i * DIRECTORY_BLOCK_ENTRIES;
        size_t count = min_u64(left, DIRECTORY_BLOCK_ENTRIES);
        if (get_le32(index + (size_t)i * DIRECTORY_INDEX_BYTES + 4) != crc32c(0, block, count * DIRECTORY_ENTRY_BYTES))
            return false;
    }
    for (size_t i = 0; i < 2 * (size_t)trailer->count; i++)
        pack->entries[i] = get_le32(bytes + 4 * i);
    pack->count = trailer->count;
    return is_ordered(pack, trailer->at);
}

/* 1 = it is sound, 0 = it is not; -ENOMEM. */
static int read_directory(struct pack *pack, uint64_t file_bytes)
{
    char end[DIRECTORY_TRAILER_BYTES];
    struct directory_trailer trailer;

    if (file_bytes < SEGMENT_HEADER_BYTES + DIRECTORY_TRAILER_BYTES ||
        read_at(pack, end, sizeof(end), file_bytes - sizeof(end)) != sizeof(end) ||
        !directory_trailer_decode(end, file_bytes, &trailer))
        return 0;
    size_t bytes = file_bytes - sizeof(end) - trailer.at;
    char *block = malloc(bytes + 1);
    pack->entries = malloc((size_t)trailer.count * DIRECTORY_ENTRY_BYTES + 1);
    int rc = block && pack->entries ? 0 : -ENOMEM;
    if (rc == 0 && read_at(pack, block, bytes, trailer.at) == (int64_t)bytes)
        rc = take_directory(pack, block, &trailer);
    free(block);
    if (rc == 1) {
        pack->room = pack->count;
        pack->scan.end = trailer.at - SEGMENT_HEADER_BYTES;
    }
    return rc;
}

/* ---- a directory made from the records --------------------------------------------------------------------------- */

static bool add_entry(struct pack *pack, uint64_t lsn, uint64_t place)
{
    if (pack->count == pack->room) {
        uint32_t room = pack->room ? 2 * pack->room : 1024;
        uint32_t *entries = realloc(pack->entries, room * (size_t)DIRECTORY_ENTRY_BYTES);
        if (!entries)
            return false;
        pack->entries = entries;
        pack->room = room;
    }
    pack->entries[2 * (size_t)pack->count] = (uint32_t)((lsn - pack->name.base) / RECORD_ALIGN);
    pack->entries[2 * (size_t)pack->count + 1] = (uint32_t)((place + SEGMENT_HEADER_BYTES) / RECORD_ALIGN);
    pack->count++;
    return true;
}

/* Is there a sound record of the range, above `lsn_min`, at `place`? */
static bool found_at(struct pack *pack, uint64_t place, uint64_t lsn_min, struct record *ret)
{
    size_t have;
    const char *at = scan_bytes(&pack->scan, place, RECORD_HEADER_BYTES, &have);
    uint64_t lsn = have >= RECORD_HEADER_BYTES ? get_le64(at + 8) : 0;

    return have >= RECORD_HEADER_BYTES && lsn % RECORD_ALIGN == 0 && lsn >= lsn_min && lsn < pack->name.end &&
           record_is_tracked((uint8_t)at[16]) && scan_record_at(&pack->scan, place, lsn, ret);
}

static int make_directory(struct pack *pack)
{
    uint64_t lsn = pack->name.base;
    struct record rec;

    pack->bad_directory = true;
    pack->count = pack->room = 0;
    free(pack->entries);
    pack->entries = NULL;
    for (uint64_t place = 0; place < pack->scan.end;) {
        if (!found_at(pack, place, lsn, &rec)) {
            place += RECORD_ALIGN;
            continue;
        }
        if (!add_entry(pack, rec.lsn, place))
            return -ENOMEM;
        size_t stride = record_stride(rec.type, rec.payload.len);
        place += stride;
        lsn = rec.lsn + stride;
    }
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int pack_open(struct pack *pack, struct disk *disk, const char *dir, const struct segment_name *name)
{
    struct path path = path_named(dir, name);

    *pack = (struct pack){.name = *name};
    int rc = scan_open(&pack->scan, disk, path.text, 0);
    if (rc < 0)
        return rc;
    rc = read_directory(pack, pack->scan.end + SEGMENT_HEADER_BYTES);
    if (rc == 0)
        rc = make_directory(pack);
    if (rc < 0)
        pack_close(pack);
    return rc < 0 ? rc : 0;
}

void pack_close(struct pack *pack)
{
    scan_close(&pack->scan);
    free(pack->entries);
    pack->entries = NULL;
}

uint64_t pack_lsn(const struct pack *pack, uint32_t index)
{
    return pack->name.base + pack->entries[2 * (size_t)index] * (uint64_t)RECORD_ALIGN;
}

uint64_t pack_offset(const struct pack *pack, uint32_t index)
{
    return pack->entries[2 * (size_t)index + 1] * (uint64_t)RECORD_ALIGN;
}

uint64_t pack_after(const struct pack *pack, uint32_t index)
{
    return index + 1 < pack->count ? pack_lsn(pack, index + 1) : pack->name.end;
}

uint64_t pack_stride(const struct pack *pack, uint32_t index)
{
    uint64_t end = index + 1 < pack->count ? pack_offset(pack, index + 1) : pack->scan.end + SEGMENT_HEADER_BYTES;

    return end - pack_offset(pack, index);
}

bool pack_record(struct pack *pack, uint32_t index, struct record *ret)
{
    return scan_record_at(&pack->scan, pack_offset(pack, index) - SEGMENT_HEADER_BYTES, pack_lsn(pack, index), ret) &&
           record_is_tracked(ret->type);
}

uint32_t pack_index(const struct pack *pack, uint64_t lsn)
{
    uint32_t low = 0, high = pack->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (pack_lsn(pack, mid) < lsn)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool pack_find(struct pack *pack, uint64_t lsn, struct record *ret)
{
    uint32_t index = pack_index(pack, lsn);

    return index < pack->count && pack_lsn(pack, index) == lsn && pack_record(pack, index, ret);
}

bool pack_is_whole(struct disk *disk, const char *dir, const struct segment_name *name)
{
    struct path path = path_named(dir, name);
    struct directory_trailer trailer;
    char end[DIRECTORY_TRAILER_BYTES];
    int file = disk->open(disk->ctx, path.text, DISK_READ);

    if (file < 0)
        return false;
    int64_t size = disk->size(disk->ctx, file);
    bool whole = size >= SEGMENT_HEADER_BYTES + DIRECTORY_TRAILER_BYTES &&
                 disk->pread(disk->ctx, file, end, sizeof(end), (uint64_t)size - sizeof(end)) == sizeof(end) &&
                 directory_trailer_decode(end, (uint64_t)size, &trailer);
    disk->close(disk->ctx, file);
    return whole;
}

/* ---- either kind ------------------------------------------------------------------------------------------------- */

int shelf_open(struct shelf *shelf, struct disk *disk, const char *dir, const struct segment_name *name)
{
    struct path path = path_named(dir, name);

    shelf->packed = name->generation > 0;
    return shelf->packed ? pack_open(&shelf->pack, disk, dir, name)
                         : scan_open(&shelf->scan, disk, path.text, name->base);
}

void shelf_close(struct shelf *shelf)
{
    if (shelf->packed)
        pack_close(&shelf->pack);
    else
        scan_close(&shelf->scan);
}

bool shelf_find(struct shelf *shelf, uint64_t lsn, struct record *ret)
{
    return shelf->packed ? pack_find(&shelf->pack, lsn, ret) : scan_record(&shelf->scan, lsn, ret);
}
