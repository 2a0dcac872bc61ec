/* quarantine.c - see quarantine.h. SPDX-License-Identifier: MIT */
#include "store/quarantine.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/format.h"
#include "store/paths.h"

enum { PIECE_BYTES = 65536 };

static int create(struct disk *disk, const struct path *path)
{
    int file = disk->open(disk->ctx, path->text, DISK_CREATE);

    if (file >= 0)
        (void)disk->truncate(disk->ctx, file, 0);
    return file;
}

static void copy_bytes(struct disk *disk, const struct path *path, struct scan *scan, uint64_t begin, uint64_t end)
{
    int file = create(disk, path);
    int rc = file;

    for (uint64_t lsn = begin; rc >= 0 && lsn < end;) {
        size_t have;
        const char *at = scan_bytes(scan, lsn, PIECE_BYTES, &have);
        have = min_u64(have, end - lsn);
        if (have == 0)
            break;
        rc = disk->pwrite(disk->ctx, file, at, have, lsn - begin);
        lsn += have;
    }
    if (file >= 0) {
        (void)disk->sync(disk->ctx, file);
        disk->close(disk->ctx, file);
    }
}

static void write_note(struct disk *disk, const struct path *path, uint64_t base, uint64_t begin, uint64_t end)
{
    char text[512];
    int n = snprintf(text, sizeof(text),
                     "Damaged bytes of the log, passed over at a start.\n"
                     "segment     log/%016" PRIx64 ".seg\n"
                     "LSN         %016" PRIx64 " to %016" PRIx64 "\n"
                     "file offset %" PRIu64 "\n"
                     "bytes       %" PRIu64 "\n"
                     "They were durable once. The segment is unchanged; the file beside this one is a copy.\n",
                     base, begin, end, begin - base + SEGMENT_HEADER_BYTES, end - begin);
    int file = create(disk, path);

    if (file < 0)
        return;
    (void)disk->pwrite(disk->ctx, file, text, (size_t)n, 0);
    disk->close(disk->ctx, file);
}

void quarantine_save(struct disk *disk, const char *dir, struct scan *scan, uint64_t begin, uint64_t end)
{
    struct path folder = path_of(dir, "quarantine");
    struct path bin = path_quarantine(dir, begin, end, ".bin"), txt = path_quarantine(dir, begin, end, ".txt");

    if (disk->make_dir(disk->ctx, folder.text) < 0)
        return;
    copy_bytes(disk, &bin, scan, begin, end);
    write_note(disk, &txt, scan->base, begin, end);
    (void)disk->sync_dir(disk->ctx, folder.text);
}
