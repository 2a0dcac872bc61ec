/* compact.c - see compact.h. SPDX-License-Identifier: MIT */
#include "store/compact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mem.h"

enum {
    OUT_BYTES = 1024 * 1024,      /* gathered for one write */
    SYNC_BYTES = 8 * 1024 * 1024, /* written between syncs, so that the last one is short */
};

struct compaction *compact_new(void)
{
    struct compaction *compaction = mem_new(sizeof(*compaction));

    compaction->file = -1;
    buf_init(&compaction->out, OUT_BYTES + RECORD_BYTES_MAX);
    return compaction;
}

void compact_free(struct compaction *compaction)
{
    if (!compaction)
        return;
    for (size_t i = 0; i < compaction->count; i++)
        lsnset_free(compaction->victims[i].drop);
    buf_free(&compaction->out);
    free(compaction->entries);
    free(compaction);
}

/* ---- the new file ------------------------------------------------------------------------------------------------ */

static int begin_file(struct compaction *c, struct disk *disk, const char *dir)
{
    struct path path = path_of(dir, COMPACT_NAME);
    char header[SEGMENT_HEADER_BYTES];
    int rc = c->file = disk->open(disk->ctx, path.text, DISK_CREATE);

    segment_header_encode(header, &c->header);
    if (rc >= 0 && !buf_append(&c->out, header, sizeof(header)))
        rc = -ENOMEM;
    return rc;
}

static int flush(struct compaction *c, struct disk *disk)
{
    size_t bytes = buf_len(&c->out);
    int rc = disk->pwrite(disk->ctx, c->file, buf_data(&c->out), bytes, c->written);

    if (rc < 0)
        return rc;
    c->written += bytes;
    buf_clear(&c->out);
    if (c->written - c->synced < SYNC_BYTES)
        return 0;
    c->synced = c->written;
    return disk->sync(disk->ctx, c->file);
}

/* Where the next byte goes. */
static uint64_t out_at(const struct compaction *c) { return c->written + buf_len(&c->out); }

static int copy(struct compaction *c, struct disk *disk, const struct record *rec)
{
    size_t len = RECORD_HEADER_BYTES + rec->payload.len, stride = record_stride(rec->type, rec->payload.len);

    if (c->weigh) {
        c->records++;
        c->record_bytes += stride;
        return 0;
    }
    if (c->records == c->entries_room) {
        c->entries_room = c->entries_room ? 2 * c->entries_room : 4096;
        c->entries = mem_grow(c->entries, c->entries_room, DIRECTORY_ENTRY_BYTES);
    }
    char *entry = (char *)&c->entries[2 * c->records];
    put_le32(entry, (uint32_t)((rec->lsn - c->header.base) / RECORD_ALIGN));
    put_le32(entry + 4, (uint32_t)(out_at(c) / RECORD_ALIGN));
    char *to = buf_reserve(&c->out, stride);
    if (!to)
        return -ENOMEM;
    memcpy(to, rec->payload.ptr - RECORD_HEADER_BYTES, len);
    memset(to + len, 0, stride - len);
    buf_commit(&c->out, stride);
    c->records++;
    c->record_bytes += stride;
    return buf_len(&c->out) >= OUT_BYTES ? flush(c, disk) : 0;
}

/* Directory, index, trailer. */
static int add_directory(struct compaction *c, struct disk *disk)
{
    struct directory_trailer trailer = {.at = out_at(c), .count = (uint32_t)c->records};
    uint32_t blocks = directory_blocks(trailer.count);
    size_t index_bytes = (size_t)blocks * DIRECTORY_INDEX_BYTES;
    char *index = mem_new(index_bytes + DIRECTORY_TRAILER_BYTES);
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < blocks; i++) {
        const char *block = (const char *)&c->entries[2 * (size_t)i * DIRECTORY_BLOCK_ENTRIES];
        size_t count = min_u64(trailer.count - (uint64_t)i * DIRECTORY_BLOCK_ENTRIES, DIRECTORY_BLOCK_ENTRIES);
        memcpy(index + (size_t)i * DIRECTORY_INDEX_BYTES, block, 4);
        put_le32(index + (size_t)i * DIRECTORY_INDEX_BYTES + 4, crc32c(0, block, count * DIRECTORY_ENTRY_BYTES));
        if (!buf_append(&c->out, block, count * DIRECTORY_ENTRY_BYTES))
            rc = -ENOMEM;
        else if (buf_len(&c->out) >= OUT_BYTES)
            rc = flush(c, disk);
    }
    trailer.index_crc = crc32c(0, index, index_bytes);
    directory_trailer_encode(index + index_bytes, &trailer);
    if (rc == 0 && !buf_append(&c->out, index, index_bytes + DIRECTORY_TRAILER_BYTES))
        rc = -ENOMEM;
    free(index);
    return rc < 0 ? rc : flush(c, disk);
}

static int end_file(struct compaction *c, struct disk *disk, const char *dir)
{
    struct segment_name name = compact_name(c);
    struct path from = path_of(dir, COMPACT_NAME), to = path_named(dir, &name), folder = path_of(dir, "log");
    int rc = add_directory(c, disk);

    if (rc == 0) /* what is left of the room that was kept for it */
        rc = disk->truncate(disk->ctx, c->file, c->written);
    if (rc == 0)
        rc = disk->sync(disk->ctx, c->file);
    if (rc < 0)
        return rc;
    disk->forget(disk->ctx, c->file);
    disk->close(disk->ctx, c->file);
    c->file = -1;
    c->file_bytes = c->written;
    c->named = true;
    rc = disk->rename(disk->ctx, from.text, to.text);
    return rc < 0 ? rc : disk->sync_dir(disk->ctx, folder.text);
}

/* ---- the victims ------------------------------------------------------------------------------------------------- */

static int open_victim(struct compaction *c, struct disk *disk, const char *dir)
{
    const struct victim *victim = &c->victims[c->at];
    struct path path = path_named(dir, &victim->name);
    int rc = victim->name.generation > 0 ? pack_open(&c->pack, disk, dir, &victim->name)
                                         : scan_open(&c->scan, disk, path.text, victim->name.base);

    c->is_open = rc == 0;
    c->lsn = victim->name.base;
    c->next = 0;
    if (rc == 0 && victim->name.generation > 0 && c->pack.bad_directory)
        return -EBADMSG;
    return rc;
}

/* Those who need what was in it will ask for the new file. */
static void close_victim(struct compaction *c, struct disk *disk)
{
    if (!c->is_open)
        return;
    c->is_open = false;
    if (c->victims[c->at].name.generation > 0) {
        disk->forget(disk->ctx, c->pack.scan.file);
        pack_close(&c->pack);
    } else {
        disk->forget(disk->ctx, c->scan.file);
        scan_close(&c->scan);
    }
}

/* 1 = `ret` is the next record, 0 = there is none; -EBADMSG. */
static int next_record(struct compaction *c, struct record *ret)
{
    const struct victim *victim = &c->victims[c->at];

    if (victim->name.generation > 0) {
        if (c->next == c->pack.count)
            return 0;
        return pack_record(&c->pack, c->next++, ret) ? 1 : -EBADMSG;
    }
    if (c->lsn >= victim->end)
        return 0;
    if (!scan_record(&c->scan, c->lsn, ret))
        return -EBADMSG;
    c->lsn += record_stride(ret->type, ret->payload.len);
    return 1;
}

/* One piece of the victim that is open. 1 = there is more of it. */
static int copy_piece(struct compaction *c, struct disk *disk, uint64_t *ret_bytes)
{
    const struct victim *victim = &c->victims[c->at];
    struct record rec;
    int rc = 1;

    while (rc == 1 && *ret_bytes < COMPACT_STEP_BYTES) {
        rc = next_record(c, &rec);
        if (rc != 1)
            break;
        *ret_bytes += record_stride(rec.type, rec.payload.len);
        int failed = 0;
        if (record_is_tracked(rec.type) && !lsnset_has(victim->drop, rec.lsn))
            failed = copy(c, disk, &rec);
        if (failed < 0)
            return failed;
    }
    return rc;
}

static int step(struct compaction *c, struct disk *disk, const char *dir, uint64_t *ret_bytes)
{
    int rc = c->file < 0 && !c->weigh ? begin_file(c, disk, dir) : 0;

    if (rc < 0)
        return rc;
    if (c->at == c->count)
        return c->weigh ? 0 : end_file(c, disk, dir);
    rc = c->is_open ? 0 : open_victim(c, disk, dir);
    if (rc == 0)
        rc = copy_piece(c, disk, ret_bytes);
    c->read_bytes += *ret_bytes;
    if (rc == -EBADMSG)
        c->bad_victim = c->at;
    if (rc != 0)
        return rc;
    close_victim(c, disk);
    c->at++;
    return 1;
}

void compact_close(struct compaction *c, struct disk *disk)
{
    close_victim(c, disk);
    if (c->file >= 0)
        disk->close(disk->ctx, c->file);
    c->file = -1;
}

void compact_cancel(struct compaction *c, struct disk *disk, const char *dir)
{
    struct segment_name name = compact_name(c);
    struct path path = path_named(dir, &name);

    compact_close(c, disk);
    if (c->named)
        (void)disk->unlink(disk->ctx, path.text);
}

int compact_step(struct compaction *c, struct disk *disk, const char *dir, uint64_t *ret_bytes)
{
    uint64_t before = c->written;

    *ret_bytes = 0;
    int rc = step(c, disk, dir, ret_bytes);
    *ret_bytes += c->written - before;
    if (rc < 0)
        compact_cancel(c, disk, dir);
    return rc;
}
