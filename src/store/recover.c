/*
 * recover.c - from a directory to the state it held, and a fresh segment to go on in
 *
 * 1. List segments and read their headers. A file of a newer format is refused before anything is touched.
 * 2. Load the newest sound checkpoint; compare its segment table with the files. Without one the state is rebuilt
 *    from all records that there are: part of the log may be gone, as it should be, and what is left names it.
 * 3. From its cut read on, segment after segment, and apply. The successor's header says where a segment ended
 *    (prev_end), and exists only when everything before it was durable; so an invalid byte before that is damage.
 *    In the last segment damage is told from a torn tail by what was promised: scan_promised().
 *      torn tail   never promised: cut off, a group that has begun with it
 *      damage      copied to quarantine/; reading goes on at the next sound record; what is left of a group counts
 * 4. Make the segment to go on in; its header says where the log before it ended, and that is what cuts a torn
 *    tail. Then give back the room behind the cut and remove what is superseded. A power cut between any two of
 *    these steps leaves a directory that recovers to the same state.
 *
 * After an unclean stop the log goes on at the next multiple of LSN_JUMP above every address ever named, after a
 * clean one right behind the SEAL; always in a new file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/paths.h"
#include "store/quarantine.h"
#include "store/recover.h"
#include "store/scan.h"

enum { CHECKPOINTS_MAX = 16, REWRITE_BYTES = 1024 * 1024, OPEN_BYTES_MIN = 256 * 1024 };

static int refuse(struct recovery *rv, int rc, const char *what, const char *path)
{
    (void)snprintf(rv->error, rv->error_bytes, "%s %s: %s", what, path, strerror(-rc));
    return rc;
}

void recover_note(struct recovery *rv, const char *what, uint64_t begin, uint64_t end)
{
    rv->log->degraded = true;
    if (rv->log->hooks.found)
        rv->log->hooks.found(rv->log->hooks.ctx, what, begin, end);
    if (rv->report->note[0] == '\0')
        (void)snprintf(rv->report->note, sizeof(rv->report->note), "%s, %016" PRIx64 " to %016" PRIx64, what, begin,
                       end);
}

/* A file of a newer format is no damage, and nothing here may touch it. */
static int refuse_newer(struct recovery *rv, enum header_claim claim, unsigned version, const char *path)
{
    if (claim == HEADER_CLAIM_NONE || (claim == HEADER_CLAIM_UNSURE && rv->log->options.repair))
        return 0;
    int n = snprintf(rv->error, rv->error_bytes, "%s is of format %u, this version reads formats up to %d: %s", path,
                     version, FORMAT_VERSION, "nothing was changed; start the version that wrote it");
    if (claim == HEADER_CLAIM_UNSURE && n > 0 && (size_t)n < rv->error_bytes)
        (void)snprintf(rv->error + n, rv->error_bytes - (size_t)n,
                       ". Or its header is damaged, for its checksum is wrong: then use gnode --repair");
    return -EPROTONOSUPPORT;
}

/* ---- 1. segments -------------------------------------------------------------------------------- */

static void add_name(void *arg, const char *name)
{
    struct recovery *rv = arg;
    struct segment_name found;
    struct segments *all = &rv->log->segments;

    if (!path_parse_segment(name, &found))
        return;
    if (!segments_reserve(all, all->count + 8)) {
        rv->rc = -ENOMEM;
        return;
    }
    all->at[all->count++] = (struct segment){.base = found.base, .end = found.end, .generation = found.generation};
}

/* Ascending by base; of one base the higher generation first. */
static int by_base(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;

    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    return x->generation > y->generation ? -1 : x->generation < y->generation;
}

static int take_header(struct recovery *rv, struct segment *seg, const struct segment_header *header,
                       const char *path)
{
    bool other = header->base != seg->base || header->prev_end > header->base ||
                 (seg->generation > 0 ? !header->compacted || header->end != seg->end : header->compacted) ||
                 header->generation != seg->generation;
    if (other) {
        recover_note(rv, "segment header of another file", seg->base, seg->base);
        return 0; /* misdirected: the file is read by its name, record by record */
    }
    if (rv->has_uuid && memcmp(rv->log->options.uuid, header->uuid, UUID_BYTES) != 0)
        return refuse(rv, -EXDEV, "this segment belongs to another node, take it away:", path);
    memcpy(rv->log->options.uuid, header->uuid, UUID_BYTES);
    rv->has_uuid = true;
    seg->header_ok = true;
    seg->prev_end = header->prev_end;
    seg->epoch = header->epoch;
    rv->log->epoch = (uint32_t)max_u64(rv->log->epoch, header->epoch);
    return 0;
}

static int read_header(struct recovery *rv, struct segment *seg)
{
    char bytes[SEGMENT_HEADER_BYTES];
    struct segment_header header;
    unsigned version = 0;
    struct segment_name name = segment_name(seg);
    struct path path = path_named(rv->log->dir, &name);
    int file = rv->disk->open(rv->disk->ctx, path.text, DISK_READ);

    if (file < 0)
        return refuse(rv, file, "cannot open", path.text);
    int64_t size = rv->disk->size(rv->disk->ctx, file);
    int64_t n = scan_header(rv->disk, file, bytes);
    if (n < 0) /* once more: a header that is missed changes who the node is */
        n = scan_header(rv->disk, file, bytes);
    rv->disk->close(rv->disk->ctx, file);
    if (size < 0)
        return refuse(rv, (int)size, "cannot tell the size of", path.text);
    seg->capacity = size > SEGMENT_HEADER_BYTES ? (uint64_t)size - SEGMENT_HEADER_BYTES : 0;
    rv->highest = max_u64(rv->highest, seg->generation > 0 ? seg->end : seg->base + seg->capacity);
    if ((n < 0 || n == sizeof(bytes)) && segment_header_decode(bytes, sizeof(bytes), &header))
        return take_header(rv, seg, &header, path.text);
    if (n < 0)
        rv->header_rc = (int)n;
    enum header_claim claim = n < 0 ? HEADER_CLAIM_NONE : segment_header_claim(bytes, (size_t)n, &version);
    int rc = refuse_newer(rv, claim, version, path.text);
    if (rc == 0)
        recover_note(rv, "segment header unreadable", seg->base, seg->base);
    return rc;
}

static int find_segments(struct recovery *rv)
{
    struct path folder = path_of(rv->log->dir, "log");
    struct segments *all = &rv->log->segments;
    int rc = rv->disk->list(rv->disk->ctx, folder.text, add_name, rv);

    if (rc == 0)
        rc = rv->rc;
    if (rc < 0)
        return refuse(rv, rc, "cannot list", folder.text);
    if (all->count > 0)
        qsort(all->at, all->count, sizeof(all->at[0]), by_base);
    for (size_t i = 0; rc == 0 && i < all->count; i++)
        rc = read_header(rv, &all->at[i]);
    if (rc == 0)
        recover_resolve(rv);
    return rc;
}

/* ---- 2. checkpoint -------------------------------------------------------------------------------- */

static void forget_counts(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;

    for (size_t i = 0; i < all->count; i++) {
        struct segment *seg = &all->at[i];
        segment_clear(seg);
        seg->end = seg->generation > 0 ? seg->end : 0;
        seg->dead_at = seg->tracked = seg->tracked_bytes = seg->live = seg->pins = 0;
        seg->leaving = seg->blind = seg->merged = false;
    }
    rv->log->hooks.reset(rv->log->hooks.ctx);
}

/* 1 = loaded, 0 = no use. */
static int load_checkpoint(struct recovery *rv, uint64_t cut)
{
    struct log *log = rv->log;
    struct checkpoint_view view;
    char *bytes;
    int rc = checkpoint_read(rv->disk, log->dir, cut, &bytes, &view);

    if (rc < 0)
        return 0;
    bool ours = !rv->has_uuid || memcmp(view.header.uuid, log->options.uuid, UUID_BYTES) == 0;
    if (ours)
        forget_counts(rv);
    rc = ours ? log->hooks.load(log->hooks.ctx, view.image.ptr, view.image.len) : -EXDEV;
    if (rc >= 0) {
        recover_take_table(rv, &view);
        log->newest_known = true;
        memcpy(log->options.uuid, view.header.uuid, UUID_BYTES);
        rv->has_uuid = true;
        log->epoch = (uint32_t)max_u64(log->epoch, view.header.epoch);
        log->checkpoint_bytes = view.image.len;
        rv->report->checkpoint_lsn = cut;
    }
    free(bytes);
    return rc >= 0;
}

static int refuse_newer_checkpoints(struct recovery *rv, const uint64_t *cuts, int count)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < count; i++) {
        enum header_claim claim;
        unsigned version = 0;
        struct path path = path_checkpoint(rv->log->dir, cuts[i]);
        if (checkpoint_claim(rv->disk, rv->log->dir, cuts[i], &claim, &version) == 0)
            rc = refuse_newer(rv, claim, version, path.text);
    }
    return rc;
}

static int find_checkpoint(struct recovery *rv)
{
    uint64_t cuts[CHECKPOINTS_MAX];
    int count = checkpoint_list(rv->disk, rv->log->dir, cuts, CHECKPOINTS_MAX);

    if (count < 0)
        return refuse(rv, count, "cannot list the checkpoints of", rv->log->dir);
    int rc = refuse_newer_checkpoints(rv, cuts, count);
    if (rc < 0)
        return rc;
    for (int i = 0; i < count; i++)
        rv->named = max_u64(rv->named, cuts[i]);
    rv->highest = max_u64(rv->highest, rv->named);
    for (int i = 0; i < count; i++) {
        if (load_checkpoint(rv, cuts[i])) {
            rv->log->newest_cut = cuts[i];
            rv->log->older_cut = i + 1 < count ? cuts[i + 1] : 0;
            return 0;
        }
        rv->report->bad_checkpoints++;
        recover_note(rv, "checkpoint unreadable", cuts[i], cuts[i]);
    }
    forget_counts(rv);
    return 0;
}

/* ---- 3. replay -------------------------------------------------------------------------------- */

void recover_apply(struct recovery *rv, struct segment *seg, const struct record *rec)
{
    struct batch batch;

    rv->log->tail = rec->lsn + record_stride(rec->type, rec->payload.len);
    if (batch_decode(rec, &batch) && batch.node_hash == rv->log->node_hash && batch.durable <= rec->lsn)
        rv->durable = max_u64(rv->durable, batch.durable);
    if (rec->type == RECORD_BATCH || rec->type == RECORD_SEAL)
        return;
    segment_count(seg, rec->type, record_stride(rec->type, rec->payload.len));
    rv->report->records++;
    rv->log->hooks.apply(rv->log->hooks.ctx, rec);
}

/* Where the group that begins at `lsn` ends, or where it breaks off: then `ret_bad` is the same. */
static uint64_t group_end(struct scan *scan, uint64_t lsn, uint64_t limit, uint64_t *ret_bad)
{
    struct record rec;
    bool more = true;

    while (more) {
        if (lsn >= limit || !scan_record(scan, lsn, &rec)) {
            *ret_bad = lsn;
            return lsn;
        }
        more = (rec.flags & RECORD_F_MORE) != 0;
        lsn += record_stride(rec.type, rec.payload.len);
    }
    return lsn;
}

static void apply_range(struct recovery *rv, struct segment *seg, struct scan *scan, uint64_t lsn, uint64_t end)
{
    struct record rec;

    while (lsn < end && scan_record(scan, lsn, &rec)) {
        recover_apply(rv, seg, &rec);
        lsn += record_stride(rec.type, rec.payload.len);
    }
}

/*
 * Skips [bad, ret): copies it to the quarantine and counts it. Since nobody knows how many messages stood there,
 * the segment's count of live ones is good for nothing any more: SEGMENT_DAMAGED keeps the file for ever.
 */
static uint64_t skip_damage(struct recovery *rv, struct segment *seg, struct scan *scan, uint64_t bad, uint64_t limit)
{
    uint64_t next = scan_resync(scan, bad + RECORD_ALIGN, limit);

    quarantine_save(rv->disk, rv->log->dir, scan, bad, next);
    rv->report->damaged_bytes += next - bad;
    if (seg->live < SEGMENT_DAMAGED)
        seg->live += SEGMENT_DAMAGED;
    recover_note(rv, "damaged bytes", bad, next);
    return next;
}

/*
 * How far the log was promised, as far as the file under `scan` and the names of checkpoints tell; `limit` when a
 * successor proves all of it. What the disk fails to read may have been promised, and may be there again when the disk
 * is.
 */
static uint64_t promised_up_to(struct recovery *rv, struct scan *scan, uint64_t bad, uint64_t limit, bool last)
{
    uint64_t promised = last ? max_u64(scan_promised(scan, bad, rv->log->node_hash), rv->named) : limit;

    return max_u64(promised, scan->unreadable_end);
}

/*
 * Applies the records of `seg` from `lsn` on. `limit` is where its successor says it ended, or the end of the file;
 * `last` when there is no successor. Returns where the sound part ends.
 */
static uint64_t replay_records(struct recovery *rv, struct segment *seg, struct scan *scan, uint64_t lsn,
                               uint64_t limit, bool last)
{
    while (lsn < limit) {
        struct record rec;
        uint64_t bad = lsn;
        if (scan_record(scan, lsn, &rec)) {
            uint64_t end = lsn + record_stride(rec.type, rec.payload.len);
            if (rec.type == RECORD_SEAL) {
                rv->report->clean = rec.aux == SEAL_STOP;
                return end;
            }
            bool more = (rec.flags & RECORD_F_MORE) != 0;
            if (more)
                end = group_end(scan, lsn, limit, &bad);
            if (!more)
                recover_apply(rv, seg, &rec);
            else if (end != bad)
                apply_range(rv, seg, scan, lsn, end);
            if (!more || end != bad) {
                lsn = end;
                continue;
            }
        }
        if (bad >= promised_up_to(rv, scan, bad, limit, last))
            return lsn;
        apply_range(rv, seg, scan, lsn, bad);
        if (limit == scan->end && scan_used(scan, bad) == 0 && scan->unreadable_end <= bad)
            return bad; /* its direct successor is gone, or its end is: the next segment says what is missing */
        lsn = skip_damage(rv, seg, scan, bad, limit);
    }
    return lsn;
}

static int replay_segment(struct recovery *rv, size_t index, uint64_t from, uint64_t limit, bool last)
{
    struct segment *seg = &rv->log->segments.at[index];
    struct path path = path_segment(rv->log->dir, seg->base);
    struct scan scan;

    if (seg->generation > 0)
        return recover_replay_pack(rv, seg, from);
    int rc = scan_open(&scan, rv->disk, path.text, seg->base);

    if (rc < 0)
        return refuse(rv, rc, "cannot read", path.text);
    seg->end = 0;
    rv->report->clean = false;
    uint64_t end = replay_records(rv, seg, &scan, from, min_u64(limit, scan.end), last);
    if (last && !rv->report->clean)
        rv->report->cut_bytes = scan_used(&scan, end);
    if (end > seg->base) /* an empty one does not count: its successor will pass over it */
        rv->end = end;
    rv->highest = max_u64(rv->highest, end);
    seg->end = end;
    scan_close(&scan);
    return 0;
}

/* Where a header cannot be read, the first record may say where the log before it ended. */
static void ask_first_records(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;

    for (size_t i = 1; i < all->count; i++) {
        struct segment *seg = &all->at[i];
        struct segment_name name = segment_name(seg);
        struct path path = path_named(rv->log->dir, &name);
        struct scan scan;
        if (seg->header_ok || seg->generation > 0 || !seg[-1].header_ok ||
            scan_open(&scan, rv->disk, path.text, seg->base) < 0)
            continue;
        seg->told = scan_told(&scan, rv->log->node_hash, seg[-1].epoch, &seg->prev_end);
        scan_close(&scan);
    }
}

static bool is_begin_known(const struct segment *seg) { return seg->header_ok || seg->told; }

/* A segment that its successor passes over: a start that ended before anything in it was kept. */
static bool is_void(const struct segment *seg, const struct segment *next)
{
    return next && is_begin_known(next) && next->prev_end < seg->base;
}

static int replay(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;
    uint64_t cut = rv->report->checkpoint_lsn;
    int rc = 0;

    rv->end = max_u64(cut, LSN_FIRST);
    rv->durable = cut;
    ask_first_records(rv);
    for (size_t i = 0; rc == 0 && i < all->count; i++) {
        struct segment *seg = &all->at[i], *next = i + 1 < all->count ? &all->at[i + 1] : NULL;
        if (seg->leaving || (seg->end != 0 && seg->end <= cut))
            continue;
        if (is_void(seg, next)) {
            seg->leaving = true;
            continue;
        }
        if (seg->base > cut && is_begin_known(seg) && seg->prev_end > rv->end) {
            rv->report->lost_ranges++;
            recover_note(rv, "part of the log missing", rv->end, seg->prev_end);
        }
        bool last = !next || !is_begin_known(next);
        /* What has an address of the next file is in that one, whoever wrote it here: heal.h. */
        uint64_t limit = !next ? UINT64_MAX : last ? next->base : next->prev_end;
        rc = replay_segment(rv, i, max_u64(seg->base, cut), limit, last);
    }
    return rc;
}

/* ---- 4. going on -------------------------------------------------------------------------------- */

/* Writes [from, seg->end) over itself. */
static int rewrite(struct recovery *rv, const struct segment *seg, int file, uint64_t from)
{
    uint64_t at = SEGMENT_HEADER_BYTES + (from - seg->base), end = SEGMENT_HEADER_BYTES + (seg->end - seg->base);
    char *bytes = malloc(REWRITE_BYTES);
    int rc = bytes ? 0 : -ENOMEM;

    while (rc == 0 && at < end) {
        size_t piece = min_u64(REWRITE_BYTES, end - at);
        int64_t n = rv->disk->pread(rv->disk->ctx, file, bytes, piece, at);
        if (n == 0) /* the file ends within the padding of its last record */
            break;
        rc = n < 0 ? (int)n : rv->disk->pwrite(rv->disk->ctx, file, bytes, (size_t)n, at);
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(bytes);
    return rc;
}

/*
 * What was replayed may be in the page cache only. It becomes durable before a successor says that it is, and so
 * does the name of the checkpoint that it began with. A sync alone would not do: when one failed in the life before,
 * the pages count as clean, though they never reached the disk. So what is not known to be durable is written anew.
 */
static int make_durable(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;
    struct path path = path_of(rv->log->dir, "ckpt");
    int rc = rv->disk->sync_dir(rv->disk->ctx, path.text);

    for (size_t i = all->count; rc == 0 && i > 0; i--) {
        const struct segment *seg = &all->at[i - 1];
        if (seg->leaving)
            continue;
        if (seg->generation > 0) /* it was durable before it had its name */
            break;
        path = path_segment(rv->log->dir, seg->base);
        int file = rv->disk->open(rv->disk->ctx, path.text, DISK_WRITE);
        rc = file < 0 ? file : rewrite(rv, seg, file, max_u64(seg->base, rv->durable));
        if (rc == 0)
            rc = rv->disk->sync(rv->disk->ctx, file);
        if (file >= 0)
            rv->disk->close(rv->disk->ctx, file);
        break; /* those before it were synced before it was made */
    }
    return rc < 0 ? refuse(rv, rc, "cannot sync", path.text) : 0;
}

/* Gives back what follows the end of a segment. Its successor says where it ended: this only saves room. */
static void cut_file(struct recovery *rv, struct segment *seg)
{
    if (seg->leaving || seg->generation > 0 || seg->end <= seg->base || seg->end >= seg->base + seg->capacity)
        return;
    struct path path = path_segment(rv->log->dir, seg->base);
    int file = rv->disk->open(rv->disk->ctx, path.text, DISK_WRITE);
    if (file < 0)
        return;
    if (rv->disk->truncate(rv->disk->ctx, file, SEGMENT_HEADER_BYTES + (seg->end - seg->base)) == 0)
        seg->capacity = seg->end - seg->base;
    rv->disk->close(rv->disk->ctx, file);
}

/*
 * A file to go on in: the spare or a reserve that is there already, or a new one. On a full disk it is as large as
 * they happen to be.
 */
static int make_open_file(struct recovery *rv, const struct segment_header *header, uint64_t *ret_bytes)
{
    static const char *const names[] = {SPARE_NAME, RESERVE_NAME, RESERVE2_NAME};
    static const uint64_t sizes[] = {FIRST_SEGMENT_BYTES, OPEN_BYTES_MIN};
    struct log *log = rv->log;
    int rc = -ENOSPC;

    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(sizes) && rc < 0; i++) {
        const char *name = names[i % ARRAY_LEN(names)];
        uint64_t bytes = min_u64(sizes[i / ARRAY_LEN(names)], log->options.segment_bytes);
        rc = janitor_prepare(rv->disk, log->dir, name, bytes, ret_bytes);
        if (rc == 0)
            rc = segment_make(rv->disk, log->dir, name, header);
        log->in_reserve = i % ARRAY_LEN(names) > 0;
    }
    return rc < 0 ? refuse(rv, rc, "cannot make a new segment in", log->dir) : rc;
}

static int open_next(struct recovery *rv)
{
    struct log *log = rv->log;
    uint64_t jump = (max_u64(rv->highest, rv->end) / LSN_JUMP + 1) * LSN_JUMP, bytes;
    struct segment_header header = {
        .base = rv->report->fresh ? LSN_FIRST : rv->report->clean ? rv->end : jump,
        .prev_end = rv->report->fresh ? 0 : rv->end,
        .created_ms = log->options.now_ms,
        .epoch = ++log->epoch,
    };

    memcpy(header.uuid, log->options.uuid, UUID_BYTES);
    int file = make_open_file(rv, &header, &bytes);
    if (file < 0)
        return file;
    writer_open(&log->writer, file, &header, bytes - SEGMENT_HEADER_BYTES);
    struct segment seg = {
        .base = header.base,
        .prev_end = header.prev_end,
        .capacity = bytes - SEGMENT_HEADER_BYTES,
        .epoch = header.epoch,
        .header_ok = true,
    };
    if (!segments_reserve(&log->segments, log->segments.count + 8))
        return refuse(rv, -ENOMEM, "cannot go on in", log->dir);
    log->segments.at[log->segments.count++] = seg;
    log->tail = log->written = log->durable = log->ring_first = header.base;
    log->ended_before = header.prev_end;
    log->segment_end = seg.base + seg.capacity - SEGMENT_TAIL_BYTES;
    rv->report->end_lsn = header.base;
    return 0;
}

/*
 * The segment that was open at the stop is cut; and those for which that failed at an earlier start, if their successor
 * says beyond doubt where they end.
 */
static void cut_files(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;

    for (size_t i = 0; i + 1 < all->count; i++) {
        const struct segment *next = &all->at[i + 1];
        if (i + 2 == all->count || (next->header_ok && next->generation == 0 && next->prev_end == all->at[i].end))
            cut_file(rv, &all->at[i]);
    }
}

/* Removes segments that hold nothing or were superseded, cuts files. What stays behind goes at the next start. */
static void tidy_segments(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;
    size_t kept = 0;

    cut_files(rv);
    for (size_t i = 0; i < all->count; i++) {
        struct segment *seg = &all->at[i];
        bool empty = i + 1 < all->count && seg->end != 0 && seg->end == seg->base;
        if (!seg->leaving && !empty) {
            if (seg->end != 0 && seg->live == 0 && seg->pins == 0 && seg->dead_at == 0)
                seg->dead_at = rv->log->tail;
            all->at[kept++] = *seg;
            continue;
        }
        segment_clear(seg);
        struct segment_name name = segment_name(seg);
        struct path path = path_named(rv->log->dir, &name);
        (void)rv->disk->unlink(rv->disk->ctx, path.text);
    }
    all->count = kept;
    recover_drop_losers(rv);
    segments_recount(all);
}

static void remove_tmp(void *arg, const char *name)
{
    struct recovery *rv = arg;
    uint64_t cut;

    if (!path_parse(name, ".tmp", &cut))
        return;
    checkpoint_drop_unfinished(rv->disk, rv->log->dir, cut);
}

static int recover_all(struct recovery *rv)
{
    struct log *log = rv->log;
    struct log_report *report = rv->report;
    struct path ckpt = path_of(log->dir, "ckpt");
    int rc = find_segments(rv);

    if (rc == 0)
        rc = find_checkpoint(rv);
    if (rc < 0)
        return rc;
    if (!rv->has_uuid && rv->header_rc < 0) /* a log that is there must not be taken for another node's */
        return refuse(rv, rv->header_rc, "cannot read any segment in", log->dir);
    log->node_hash = uuid_hash(log->options.uuid);
    report->fresh = log->segments.count == 0 && report->checkpoint_lsn == 0;
    rc = replay(rv);
    if (rc == 0)
        rc = make_durable(rv);
    if (rc < 0)
        return rc;
    report->clean = report->clean || report->fresh;
    report->rebuilt = report->checkpoint_lsn == 0 && (report->bad_checkpoints > 0 || report->lost_ranges > 0);
    rc = open_next(rv);
    if (rc < 0)
        return rc;
    tidy_segments(rv);
    (void)rv->disk->list(rv->disk->ctx, ckpt.text, remove_tmp, rv);
    log->checkpoint_tail = max_u64(report->checkpoint_lsn, LSN_FIRST);
    return 0;
}

int recover_directory(struct log *log, struct log_report *ret_report, char *ret_error, size_t error_bytes)
{
    struct recovery rv = {.log = log, .disk = log->options.disk, .report = ret_report, .error = ret_error,
                          .error_bytes = error_bytes};
    int rc = recover_all(&rv);

    free(rv.losers);
    return rc;
}
