/* quarantine.c - see quarantine.h. SPDX-License-Identifier: MIT */
#include "store/quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* `what`: of which file, and where in it; from where to where in the log. */
static void write_note(struct disk *disk, const struct path *path, const char *what, uint64_t begin, uint64_t end)
{
    char text[PATH_BYTES + 512];
    int n = snprintf(text, sizeof(text),
                     "Damaged bytes of the log, passed over at a start.\n"
                     "%s"
                     "LSN         %016" PRIx64 " to %016" PRIx64 "\n"
                     "They were durable once. The segment is unchanged; the file beside this one is a copy.\n",
                     what, begin, end);
    int file = create(disk, path);

    if (file < 0)
        return;
    (void)disk->pwrite(disk->ctx, file, text, (size_t)n, 0);
    disk->close(disk->ctx, file);
}

/* [from, to) of the file under `scan`, as it counts. */
static void save(struct disk *disk, const char *dir, struct scan *scan, const struct segment_name *name,
                 uint64_t from, uint64_t to, uint64_t begin, uint64_t end)
{
    struct path folder = path_of(dir, "quarantine"), segment = path_named(dir, name);
    struct path bin = path_quarantine(dir, begin, end, ".bin"), txt = path_quarantine(dir, begin, end, ".txt");
    char what[PATH_BYTES + 128];

    if (disk->make_dir(disk->ctx, folder.text) < 0)
        return;
    copy_bytes(disk, &bin, scan, from, to);
    (void)snprintf(what, sizeof(what),
                   "segment     %s\n"
                   "file offset %" PRIu64 "\n"
                   "bytes       %" PRIu64 "\n",
                   segment.text + strlen(dir) + 1, from - scan->base + SEGMENT_HEADER_BYTES, to - from);
    write_note(disk, &txt, what, begin, end);
    (void)disk->sync_dir(disk->ctx, folder.text);
}

void quarantine_save(struct disk *disk, const char *dir, struct scan *scan, uint64_t begin, uint64_t end)
{
    struct segment_name name = {.base = scan->base};

    save(disk, dir, scan, &name, begin, end, begin, end);
}

void quarantine_save_pack(struct disk *disk, const char *dir, struct pack *pack, uint64_t begin, uint64_t end)
{
    uint32_t first = pack_index(pack, begin), last = pack_index(pack, end);
    uint64_t from = first < pack->count ? pack_offset(pack, first) - SEGMENT_HEADER_BYTES : pack->scan.end;
    uint64_t to = last < pack->count ? pack_offset(pack, last) - SEGMENT_HEADER_BYTES : pack->scan.end;

    save(disk, dir, &pack->scan, &pack->name, from, to, begin, end);
}
