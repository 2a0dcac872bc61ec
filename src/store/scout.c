/* scout.c - see scout.h. SPDX-License-Identifier: MIT */
#include "store/scout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/pack.h"
#include "store/scan.h"

enum { STEP_BYTES = 64 * 1024 };

/* The first keyed record at or above every STEP_BYTES of a raw segment, as far as it was read. */
struct scout_index {
    struct segment_name name;
    uint64_t covered; /* [base, covered) was read */
    uint64_t next;    /* a key at or above it is noted */
    uint64_t used;
    size_t count;
    struct scout_entry {
        uint64_t key, lsn;
    } *entries;
};

bool scout_init(struct scout *scout)
{
    return chan_init(&scout->requests, sizeof(struct scout_job *), SCOUT_JOBS) &&
           chan_init(&scout->replies, sizeof(struct scout_job *), SCOUT_JOBS);
}

static void index_free(struct scout_index *index)
{
    if (index)
        free(index->entries);
    free(index);
}

void scout_fini(struct scout *scout)
{
    for (size_t i = 0; i < SCOUT_INDEXES; i++)
        index_free(scout->indexes[i]);
    memset(scout->indexes, 0, sizeof(scout->indexes));
    chan_free(&scout->requests);
    chan_free(&scout->replies);
}

/* ---- raw segments ------------------------------------------------------------------------------------------------ */

/* The next sound record in [*at, end), and *at moves behind it. What is passed over is damage. */
static bool next_record(struct scan *scan, uint64_t *at, uint64_t end, struct record *ret, bool *ret_damaged)
{
    while (*at < end && *at < scan->end) {
        if (scan_record(scan, *at, ret)) {
            *at += record_stride(ret->type, ret->payload.len);
            return true;
        }
        *ret_damaged = true;
        *at = scan_resync(scan, *at + RECORD_ALIGN, end);
    }
    if (*at < end) /* the file was cut */
        *ret_damaged = true;
    *at = end;
    return false;
}

static struct scout_index *index_of(struct scout *scout, const struct segment_name *name)
{
    size_t oldest = 0;

    for (size_t i = 0; i < SCOUT_INDEXES; i++) {
        struct scout_index *index = scout->indexes[i];
        if (index && index->name.base == name->base) {
            index->used = ++scout->uses;
            return index;
        }
        const struct scout_index *least = scout->indexes[oldest];
        if (least && (!index || index->used < least->used))
            oldest = i;
    }
    index_free(scout->indexes[oldest]);
    struct scout_index *index = mem_new(sizeof(*index));
    *index = (struct scout_index){.name = *name, .covered = name->base, .next = name->base, .used = ++scout->uses};
    scout->indexes[oldest] = index;
    return index;
}

static void index_drop(struct scout *scout, const struct segment_name *name)
{
    for (size_t i = 0; i < SCOUT_INDEXES; i++) {
        if (!scout->indexes[i] || scout->indexes[i]->name.base != name->base)
            continue;
        index_free(scout->indexes[i]);
        scout->indexes[i] = NULL;
    }
}

static void count_memory(struct scout *scout)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < SCOUT_INDEXES; i++)
        if (scout->indexes[i])
            bytes += sizeof(struct scout_index) + scout->indexes[i]->count * sizeof(struct scout_entry);
    atomic_store(&scout->index_bytes, bytes);
}

/* Reads what was written since the index was made, or all. */
static void extend(struct scout *scout, struct scout_index *index, struct scan *scan, uint64_t end)
{
    bool damaged = false;
    struct record rec;
    uint64_t key;

    if (index->covered >= end)
        return;
    for (uint64_t at = index->covered; next_record(scan, &at, end, &rec, &damaged);) {
        if (rec.lsn < index->next || !scout->key_of(&rec, &key))
            continue;
        index->entries = mem_grow(index->entries, index->count + 1, sizeof(index->entries[0]));
        index->entries[index->count++] = (struct scout_entry){.key = key, .lsn = rec.lsn};
        index->next = rec.lsn + STEP_BYTES;
    }
    index->covered = end;
    count_memory(scout);
}

/* From where on, and up to where, the record with `key` is to be looked for. */
static void bounds(const struct scout_index *index, const struct scout_job *job, uint64_t *ret_from, uint64_t *ret_to)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (index->entries[mid].key <= job->key)
            low = mid + 1;
        else
            high = mid;
    }
    *ret_from = low == 0 ? job->base : index->entries[low - 1].lsn;
    *ret_to = low < index->count ? min_u64(index->entries[low].lsn, job->end) : job->end;
}

static int look_raw(struct scout *scout, struct scan *scan, struct scout_job *job)
{
    struct scout_index *index = index_of(scout, &job->name);
    uint64_t at, to, key;
    bool damaged = false;
    struct record rec;

    extend(scout, index, scan, job->end);
    bounds(index, job, &at, &to);
    job->past = to == job->end;
    while (next_record(scan, &at, to, &rec, &damaged)) {
        if (!scout->key_of(&rec, &key))
            continue;
        if (key > job->key) {
            job->past = false;
            break;
        }
        if (key == job->key) {
            job->found_lsn = rec.lsn;
            return 1;
        }
        damaged = false; /* what is lost is before it, and so are its keys */
    }
    job->damaged = damaged;
    return 0;
}

static int first_raw(const struct scout *scout, struct scan *scan, struct scout_job *job)
{
    uint64_t at = job->base;
    struct record rec;

    while (next_record(scan, &at, job->end, &rec, &job->damaged))
        if (scout->key_of(&rec, &job->found_key))
            return 1;
    return 0;
}

static int walk_raw(struct scan *scan, struct scout_job *job)
{
    uint64_t end = job->end - job->from > SCOUT_PIECE_BYTES ? job->from + SCOUT_PIECE_BYTES : job->end;
    struct record rec;

    job->at = job->from;
    while (job->at < end && !job->stopped && next_record(scan, &job->at, job->end, &rec, &job->damaged))
        job->stopped = !job->visit(job->ctx, &rec);
    return 0;
}

static int do_raw(struct scout *scout, struct scout_job *job)
{
    struct path path = path_named(scout->dir, &job->name);
    struct scan scan;
    int rc = scan_open(&scan, scout->disk, path.text, job->base);

    if (rc < 0)
        return rc;
    if (job->kind == SCOUT_WALK)
        rc = walk_raw(&scan, job);
    else
        rc = job->kind == SCOUT_LOOK ? look_raw(scout, &scan, job) : first_raw(scout, &scan, job);
    if (rc == 0 && job->kind == SCOUT_LOOK && scan.unreadable_end > 0)
        index_drop(scout, &job->name); /* the disk may be able to read it the next time */
    scan_close(&scan);
    return rc;
}

/* ---- compacted segments ------------------------------------------------------------------------------------------ */

/* The first keyed record from `index` on, below `end`; `end` when there is none. */
static uint32_t next_key(const struct scout *scout, struct pack *pack, uint32_t index, uint32_t end, uint64_t *ret_key,
                         bool *ret_damaged)
{
    struct record rec;

    for (; index < end; index++) {
        if (!pack_record(pack, index, &rec))
            *ret_damaged = true;
        else if (scout->key_of(&rec, ret_key))
            break;
    }
    return index;
}

static int look_pack(const struct scout *scout, struct pack *pack, struct scout_job *job)
{
    uint32_t low = 0, high = pack->count;
    uint64_t key;

    /* All keyed records below `low` have keys below it, those from `high` on are above. */
    job->past = true;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        bool damaged = false;
        uint32_t at = next_key(scout, pack, mid, high, &key, &damaged);
        if (at < high && key == job->key) {
            job->found_lsn = pack_lsn(pack, at);
            return 1;
        }
        if (at < high && key < job->key) {
            low = at + 1;
        } else {
            job->damaged = damaged || (job->damaged && at == high); /* just below the least key above */
            job->past = job->past && at == high;
            high = mid;
        }
    }
    return 0;
}

static int do_pack(const struct scout *scout, struct scout_job *job)
{
    struct pack pack;
    int rc = pack_open(&pack, scout->disk, scout->dir, &job->name);

    if (rc < 0)
        return rc;
    if (job->kind == SCOUT_LOOK)
        rc = look_pack(scout, &pack, job);
    else
        rc = next_key(scout, &pack, 0, pack.count, &job->found_key, &job->damaged) < pack.count;
    if (pack.bad_directory) /* what it has lost, nobody knows */
        job->damaged = true;
    pack_close(&pack);
    return rc;
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

bool scout_step(struct scout *scout)
{
    struct scout_job *job;

    if (!chan_take(&scout->requests, &job))
        return false;
    job->damaged = job->past = job->stopped = false;
    int rc = job->name.generation == 0 ? do_raw(scout, job) : do_pack(scout, job);
    job->result = rc >= 0 ? rc : rc == -ENOENT ? (int)SCOUT_GONE : GMQ_E_UNREADABLE;
    chan_push(&scout->replies, &job);
    scout->wake(scout->wake_ctx);
    return true;
}

void *scout_main(void *arg)
{
    struct scout *scout = arg;

    while (!atomic_load(&scout->end)) {
        if (scout_step(scout))
            continue;
        bell_arm(&scout->bell);
        if (atomic_load(&scout->end) || !chan_empty(&scout->requests))
            continue;
        bell_wait(&scout->bell, BELL_FOREVER);
    }
    return NULL;
}
