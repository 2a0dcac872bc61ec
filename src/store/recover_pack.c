/*
 * recover_pack.c - compacted segments at a start: which of several files counts, and what a checkpoint says of them
 *
 * A compacted segment has its name only when it is durable, and the segments in whose place it is go after that, one by
 * one. So what a crash leaves besides it is not needed. When the new file is damaged it counts nevertheless, for of the
 * others some may be gone; those that are left go to quarantine/. A checkpoint may be older than the file: it names the
 * segments that were there before, and of each what was dead; together, that is what is dead of the new one, as far as
 * it is still in it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/pack.h"
#include "store/quarantine.h"
#include "store/recover.h"

/* ---- which file counts ------------------------------------------------------------------------------------------- */

static void lose(struct recovery *rv, const struct segment *seg, bool kept)
{
    rv->losers = mem_grow(rv->losers, rv->loser_count + 1, sizeof(rv->losers[0]));
    rv->losers[rv->loser_count++] = (struct recovery_loser){.name = segment_name(seg), .kept = kept};
}

void recover_resolve(struct recovery *rv)
{
    struct segments *all = &rv->log->segments;
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct segment seg = all->at[i];
        const struct segment *before = kept > 0 ? &all->at[kept - 1] : NULL;
        if (before && before->generation > 0 && before->end > seg.base) {
            struct segment_name name = segment_name(before);
            bool whole = before->header_ok && pack_is_whole(rv->disk, rv->log->dir, &name);
            if (!whole)
                recover_note(rv, "compacted segment damaged", before->base, before->end);
            if (seg.generation <= before->generation) {
                lose(rv, &seg, !whole);
                continue;
            }
            lose(rv, before, false);
            kept--;
        }
        all->at[kept++] = seg;
    }
    all->count = kept;
}

static void set_aside(struct recovery *rv, const struct segment_name *name)
{
    struct path folder = path_of(rv->log->dir, "quarantine"), from = path_named(rv->log->dir, name);
    struct path to = path_quarantine(rv->log->dir, name->base, max_u64(name->base, name->end), ".seg");

    if (rv->disk->make_dir(rv->disk->ctx, folder.text) == 0)
        (void)rv->disk->rename(rv->disk->ctx, from.text, to.text);
}

void recover_drop_losers(struct recovery *rv)
{
    for (size_t i = 0; i < rv->loser_count; i++) {
        struct path path = path_named(rv->log->dir, &rv->losers[i].name);
        if (rv->losers[i].kept)
            set_aside(rv, &rv->losers[i].name);
        else
            (void)rv->disk->unlink(rv->disk->ctx, path.text);
    }
}

/* ---- what a checkpoint says -------------------------------------------------------------------------------------- */

/* The file that has what was in `entry`; NULL when there is none. */
static struct segment *file_of(struct segments *all, const struct checkpoint_segment *entry)
{
    size_t low = 0, high = all->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (all->at[mid].base <= entry->base)
            low = mid + 1;
        else
            high = mid;
    }
    struct segment *seg = low == 0 ? NULL : &all->at[low - 1];
    if (!seg || seg->generation < entry->generation)
        return NULL;
    bool same = seg->base == entry->base && seg->generation == entry->generation;
    bool covers = seg->generation > entry->generation && entry->base < seg->end;
    return same || covers ? seg : NULL;
}

/* The set that stands at `from` of the checkpoint; a segment whose set is malformed is blind. */
static struct lsnset *load_dead(const struct checkpoint_view *view, uint64_t from,
                                 const struct checkpoint_segment *entry, bool *ret_bad)
{
    uint64_t end = max_u64(entry->end, entry->end == 0 ? view->header.cut : 0);
    struct lsnset *set = NULL;

    *ret_bad = !lsnset_load(view->dead.ptr + from, entry->dead_bytes, entry->base, end, &set);
    return set;
}

static void take_entry(struct segment *seg, const struct checkpoint_segment *entry, struct lsnset *dead)
{
    bool same = seg->generation == entry->generation;

    seg->leaving = false;
    seg->merged = !same;
    seg->end = same ? entry->end : seg->end;
    seg->dead_at = max_u64(seg->dead_at, entry->dead_at);
    seg->tracked += entry->tracked;
    seg->tracked_bytes += entry->tracked_bytes;
    seg->live += entry->live;
    seg->pins += entry->pins;
    seg->blind = seg->blind || entry->blind;
    if (seg->dead)
        lsnset_join(&seg->dead, dead, NULL);
    else
        seg->dead = lsnset_copy(dead);
}

/* What of a file that is younger than the checkpoint is in it at all. */
static void look_into(struct recovery *rv, struct segment *seg)
{
    struct segment_name name = segment_name(seg);
    struct lsnset *dead = NULL;
    struct pack pack;

    seg->blind = true;
    if (pack_open(&pack, rv->disk, rv->log->dir, &name) < 0)
        return;
    for (uint32_t i = 0; i < pack.count; i++)
        if (lsnset_has(seg->dead, pack_lsn(&pack, i)))
            (void)lsnset_add(&dead, pack_lsn(&pack, i));
    lsnset_free(seg->dead);
    seg->dead = dead;
    seg->tracked = pack.count;
    seg->tracked_bytes = pack.scan.end;
    seg->blind = pack.bad_directory;
    pack_close(&pack);
}

/* After all entries were taken in. */
static void settle(struct recovery *rv, struct segment *seg)
{
    bool damaged = seg->live >= SEGMENT_DAMAGED / 2, told = !seg->blind;

    if (seg->merged && told)
        look_into(rv, seg);
    if (seg->live > 0 || seg->pins > 0)
        seg->dead_at = 0;
    if (damaged || seg->live + seg->pins + lsnset_count(seg->dead) != seg->tracked)
        seg->blind = true;
    if (seg->blind && told && !damaged)
        recover_note(rv, "which records are needed does not add up", seg->base, seg->base);
    if (seg->blind) {
        lsnset_free(seg->dead);
        seg->dead = NULL;
    }
    seg->frozen[FROZEN_NEWEST] = lsnset_copy(seg->dead);
}

/* What the table names must be there, or dead; a file below the cut that it does not name was removed before. */
void recover_take_table(struct recovery *rv, const struct checkpoint_view *view)
{
    struct segments *all = &rv->log->segments;
    uint64_t at = 0;

    for (size_t i = 0; i < all->count; i++)
        all->at[i].leaving = all->at[i].base < view->header.cut;
    for (uint32_t i = 0; i < view->header.segments; i++) {
        struct checkpoint_segment entry;
        bool bad;
        checkpoint_view_segment(view, i, &entry);
        struct lsnset *dead = load_dead(view, at, &entry, &bad);
        if (bad)
            recover_note(rv, "set of dead records malformed", entry.base, entry.base);
        entry.blind = entry.blind || bad;
        at += entry.dead_bytes;
        struct segment *seg = file_of(all, &entry);
        if (!seg && (entry.live > 0 || entry.pins > 0)) {
            rv->report->lost_ranges++;
            recover_note(rv, "segment missing", entry.base, entry.end);
        }
        if (seg)
            take_entry(seg, &entry, dead);
        lsnset_free(dead);
    }
    for (size_t i = 0; i < all->count; i++) {
        struct segment *seg = &all->at[i];
        if (seg->leaving)
            seg->end = seg->base; /* nothing that dies in the replay is in it */
        else if (seg->base < view->header.cut)
            settle(rv, seg);
    }
}

/* ---- replay ------------------------------------------------------------------------------------------------------ */

/* Nobody knows what stood there: as with a raw segment, it stays for ever. */
static void skip_damage(struct recovery *rv, struct segment *seg, struct pack *pack, uint32_t index)
{
    uint64_t begin = pack_lsn(pack, index), end = pack_after(pack, index);

    quarantine_save_pack(rv->disk, rv->log->dir, pack, begin, end);
    rv->report->damaged_bytes += pack_stride(pack, index);
    if (seg->live < SEGMENT_DAMAGED)
        seg->live += SEGMENT_DAMAGED;
    recover_note(rv, "damaged bytes", begin, end);
}

int recover_replay_pack(struct recovery *rv, struct segment *seg, uint64_t from)
{
    struct segment_name name = segment_name(seg);
    struct record rec;
    struct pack pack;
    int rc = pack_open(&pack, rv->disk, rv->log->dir, &name);

    if (rc < 0) {
        struct path path = path_named(rv->log->dir, &name);
        (void)snprintf(rv->error, rv->error_bytes, "cannot read %s: %s", path.text, strerror(-rc));
        return rc;
    }
    if (pack.bad_directory) {
        recover_note(rv, "directory of a compacted segment damaged", seg->base, seg->end);
        if (seg->live < SEGMENT_DAMAGED)
            seg->live += SEGMENT_DAMAGED;
    }
    rv->report->clean = false;
    for (uint32_t i = pack_index(&pack, from); i < pack.count; i++) {
        if (pack_record(&pack, i, &rec))
            recover_apply(rv, seg, &rec);
        else
            skip_damage(rv, seg, &pack, i);
    }
    pack_close(&pack);
    rv->end = max_u64(rv->end, seg->end);
    rv->highest = max_u64(rv->highest, seg->end);
    return 0;
}
