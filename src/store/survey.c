/* survey.c - see survey.h. SPDX-License-Identifier: MIT */
#include "store/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/pack.h"
#include "store/scan.h"

static void add_name(void *arg, const char *name)
{
    struct survey *all = arg;
    struct segment_name found;

    if (!path_parse_segment(name, &found))
        return;
    all->segments = mem_grow(all->segments, all->count + 1, sizeof(all->segments[0]));
    all->segments[all->count++] = (struct survey_segment){.base = found.base, .end = found.base, .name = found};
}

/* Of one base the higher generation first. */
static int by_base(const void *a, const void *b)
{
    const struct segment_name *x = &((const struct survey_segment *)a)->name;
    const struct segment_name *y = &((const struct survey_segment *)b)->name;

    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    return x->generation > y->generation ? -1 : x->generation < y->generation;
}

static void read_header(struct disk *disk, const char *dir, struct survey_segment *seg)
{
    char bytes[SEGMENT_HEADER_BYTES];
    struct path path = path_named(dir, &seg->name);
    unsigned version;
    int file = disk->open(disk->ctx, path.text, DISK_READ);

    seg->header_state = SURVEY_HEADER_BAD;
    seg->error = file < 0 ? file : 0;
    if (file < 0)
        return;
    int64_t size = disk->size(disk->ctx, file);
    int64_t n = scan_header(disk, file, bytes);
    disk->close(disk->ctx, file);
    seg->file_bytes = size > 0 ? (uint64_t)size : 0;
    size_t got = n < 0 ? sizeof(bytes) : (size_t)n;
    if (segment_header_claim(bytes, got, &version) != HEADER_CLAIM_NONE)
        seg->header_state = SURVEY_HEADER_NEWER;
    if (!segment_header_decode(bytes, got, &seg->header))
        return;
    bool own = seg->header.base == seg->base && seg->header.prev_end <= seg->base &&
               seg->header.generation == seg->name.generation && seg->header.end == seg->name.end;
    seg->header_state = own ? SURVEY_HEADER_OK : SURVEY_HEADER_OTHER;
    if (!own)
        seg->header = (struct segment_header){.base = 0};
}

static void add_damage(struct survey_segment *seg, const struct survey_eyes *eyes, uint64_t begin, uint64_t end)
{
    seg->damaged_bytes += end - begin;
    if (seg->damage_count < SURVEY_RANGES_MAX) {
        seg->damage = mem_grow(seg->damage, seg->damage_count + 1, sizeof(seg->damage[0]));
        seg->damage[seg->damage_count++] = (struct survey_range){begin, end};
    }
    if (eyes && eyes->damage)
        eyes->damage(eyes->ctx, seg, begin, end, false);
}

static void add_record(struct survey_segment *seg, const struct survey_eyes *eyes, const struct record *rec)
{
    seg->records++;
    seg->by_type[rec->type % SURVEY_TYPES]++;
    if (rec->type == RECORD_SEAL) {
        seg->sealed = true;
        seg->stopped = rec->aux == SEAL_STOP;
    }
    if (eyes && eyes->record)
        eyes->record(eyes->ctx, seg, rec);
}

/* The records of one file, up to `limit`; below `promised` what is no record is damage. */
static void read_records(struct survey_segment *seg, struct scan *scan, const struct survey_eyes *eyes, uint64_t limit,
                         uint64_t promised, bool end_known)
{
    uint64_t lsn = seg->base;
    struct record rec;

    while (lsn < limit && !seg->sealed) {
        if (scan_record(scan, lsn, &rec)) {
            uint64_t stride = record_stride(rec.type, rec.payload.len);
            add_record(seg, eyes, &rec);
            lsn += stride;
            continue;
        }
        if (lsn >= promised || (!end_known && limit == scan->end && scan_used(scan, lsn) == 0))
            break;
        uint64_t next = scan_resync(scan, lsn + RECORD_ALIGN, limit);
        add_damage(seg, eyes, lsn, next);
        lsn = next;
    }
    seg->end = lsn;
}

static void read_pack(struct disk *disk, const char *dir, struct survey_segment *seg, const struct survey_eyes *eyes)
{
    struct record rec;
    struct pack pack;

    seg->error = pack_open(&pack, disk, dir, &seg->name);
    if (seg->error < 0)
        return;
    seg->end = seg->name.end;
    seg->bad_directory = pack.bad_directory;
    for (uint32_t i = 0; i < pack.count; i++) {
        if (pack_record(&pack, i, &rec))
            add_record(seg, eyes, &rec);
        else
            add_damage(seg, eyes, pack_lsn(&pack, i), pack_after(&pack, i));
    }
    pack_close(&pack);
}

static void read_tail(struct survey_segment *seg, struct scan *scan, const struct survey_eyes *eyes)
{
    if (seg->sealed || seg->end >= scan->end)
        return;
    seg->torn_bytes = scan_used(scan, seg->end);
    if (seg->torn_bytes > 0 && eyes && eyes->damage)
        eyes->damage(eyes->ctx, seg, seg->end, seg->end + seg->torn_bytes, true);
}

static void read_segment(struct disk *disk, const char *dir, const struct survey_eyes *eyes, struct survey *all,
                         size_t index, uint64_t node_hash, uint64_t end)
{
    struct survey_segment *seg = &all->segments[index];
    const struct survey_segment *next = index + 1 < all->count ? seg + 1 : NULL;
    struct path path = path_named(dir, &seg->name);
    struct scan scan;

    if (next && next->header_state != SURVEY_HEADER_OK && !next->told)
        next = NULL;
    seg->is_void = next && next->header.prev_end < seg->base;
    if (seg->is_void)
        return;
    if (seg->name.generation > 0) {
        read_pack(disk, dir, seg, eyes);
        return;
    }
    int rc = scan_open(&scan, disk, path.text, seg->base);
    if (rc < 0) {
        seg->error = rc;
        return;
    }
    uint64_t limit = min_u64(end != 0 ? end : next ? next->header.prev_end : UINT64_MAX, scan.end);
    uint64_t promised = end == 0 && !next ? scan_promised(&scan, seg->base, node_hash) : limit;
    read_records(seg, &scan, eyes, limit, promised, end != 0);
    if (scan.end < end && !seg->sealed) { /* the file was cut */
        add_damage(seg, eyes, max_u64(seg->end, scan.end), end);
        seg->end = end;
    }
    if (!next)
        read_tail(seg, &scan, eyes);
    scan_close(&scan);
}

/* As recover_resolve() does. */
static void drop_replaced(struct survey *all)
{
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct survey_segment seg = all->segments[i];
        const struct survey_segment *before = kept > 0 ? &all->segments[kept - 1] : NULL;
        if (before && before->name.end > seg.base) {
            if (seg.name.generation <= before->name.generation)
                continue;
            kept--;
        }
        all->segments[kept++] = seg;
    }
    all->count = kept;
}

/* As recovery does where a header cannot be read. */
static void ask_first_record(struct disk *disk, const char *dir, const struct survey_segment *before,
                             struct survey_segment *seg, uint64_t node_hash)
{
    struct path path = path_named(dir, &seg->name);
    struct scan scan;

    if (seg->header_state == SURVEY_HEADER_OK || seg->header_state == SURVEY_HEADER_NEWER ||
        seg->name.generation > 0 || before->header_state != SURVEY_HEADER_OK ||
        scan_open(&scan, disk, path.text, seg->base) < 0)
        return;
    seg->told = scan_told(&scan, node_hash, before->header.epoch, &seg->header.prev_end);
    scan_close(&scan);
}

int survey_read(struct disk *disk, const char *dir, const struct survey_eyes *eyes,
                const struct survey_ends *ends, struct survey *ret)
{
    struct survey all = {.segments = NULL};
    struct path path = path_of(dir, "log");
    uint64_t node_hash = 0;
    int rc = disk->list(disk->ctx, path.text, add_name, &all);

    if (rc < 0) {
        survey_free(&all);
        return rc;
    }
    if (all.count > 0)
        qsort(all.segments, all.count, sizeof(all.segments[0]), by_base);
    for (size_t i = 0; i < all.count; i++) {
        read_header(disk, dir, &all.segments[i]);
        if (all.segments[i].header_state == SURVEY_HEADER_OK)
            node_hash = uuid_hash(all.segments[i].header.uuid);
    }
    drop_replaced(&all);
    for (size_t i = 1; i < all.count; i++)
        ask_first_record(disk, dir, &all.segments[i - 1], &all.segments[i], node_hash);
    for (size_t i = 0; i < all.count; i++)
        read_segment(disk, dir, eyes, &all, i, node_hash, ends ? ends->end(ends->ctx, all.segments[i].base) : 0);
    *ret = all;
    return 0;
}

void survey_free(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++)
        free(survey->segments[i].damage);
    free(survey->segments);
    *survey = (struct survey){.segments = NULL};
}
