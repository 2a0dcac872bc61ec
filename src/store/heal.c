/* heal.c - the log goes on in a new file after a write or a sync failed; see heal.h. SPDX-License-Identifier: MIT */
#include "store/heal.h"

#include <stdio.h>
#include <string.h>

#include "store/paths.h"

/*
 * Makes the segment of writer->healed: its header, and [base, written) from the ring. The name HEAL_NAME is of a file
 * that nobody has written to before; what failed is never touched again.
 */
static int fill(struct writer *writer, int file)
{
    const struct segment_header *header = &writer->header;
    struct disk *disk = writer->disk;
    char bytes[SEGMENT_HEADER_BYTES];
    uint64_t written = atomic_load(&writer->written);
    int rc = disk->allocate(disk->ctx, file, SEGMENT_HEADER_BYTES + writer->capacity);

    if (rc < 0 && !disk_is_full(rc))
        return rc;
    segment_header_encode(bytes, header);
    rc = disk->pwrite(disk->ctx, file, bytes, sizeof(bytes), 0);
    if (rc == 0 && written > header->base)
        rc = disk->pwrite(disk->ctx, file, ring_at(writer->ring, header->base), written - header->base,
                          SEGMENT_HEADER_BYTES);
    return rc == 0 ? disk->sync(disk->ctx, file) : rc;
}

static int make(struct writer *writer)
{
    struct disk *disk = writer->disk;
    struct path tmp = path_of(writer->dir, HEAL_NAME), folder = path_of(writer->dir, "log");
    struct path name = path_segment(writer->dir, writer->header.base);

    (void)disk->unlink(disk->ctx, tmp.text);
    int file = disk->open(disk->ctx, tmp.text, DISK_CREATE);
    if (file < 0)
        return file;
    int rc = fill(writer, file);
    if (rc == 0)
        rc = disk->rename(disk->ctx, tmp.text, name.text);
    if (rc == 0)
        rc = disk->sync_dir(disk->ctx, folder.text);
    if (rc == 0)
        return file;
    disk->close(disk->ctx, file);
    (void)disk->unlink(disk->ctx, tmp.text);
    return rc;
}

static void describe(const struct writer *writer, const char *what, int rc, struct writer_split *ret)
{
    char text[64];

    (void)snprintf(ret->reason, sizeof(ret->reason), "%s of segment %016llx failed (%s), the log goes on in a new file",
                   what, (unsigned long long)writer->base, strerror_r(-rc, text, sizeof(text)));
}

bool heal(struct writer *writer, const char *what, int rc)
{
    uint64_t durable = atomic_load(&writer->durable), written = atomic_load(&writer->written);
    struct writer_split split = {.base = durable};

    if (chan_room(&writer->splits) == 0)
        return false;
    describe(writer, what, rc, &split);
    if (durable > writer->base) {
        writer->capacity -= durable - writer->base;
        writer->header.base = writer->header.prev_end = durable;
    }
    split.epoch = ++writer->header.epoch;
    int file = make(writer);
    if (file < 0)
        return false;
    if (writer->file >= 0)
        writer->disk->close(writer->disk->ctx, writer->file);
    writer->file = file;
    writer->base = writer->header.base;
    chan_push(&writer->splits, &split); /* the loop hears of it before it sees `durable` move */
    atomic_fetch_add(&writer->heals, 1);
    atomic_store(&writer->durable, written);
    writer->wake(writer->wake_ctx);
    return true;
}
