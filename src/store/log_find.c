/*
 * log_find.c - records by their keys, and walks: which segment is to be looked into, and what comes of it
 *
 * Which segment has a key follows from the first keys of all, by bisection. Those of the segments of this life are
 * known from the moment they begin; of the others they are read when they are asked for, once. What is not yet written
 * is searched in the ring. The rest is the scout's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <uthash.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/log_impl.h"

enum {
    FINDS_MAX = 1024,
    FIND_POLLS = 64, /* what was found stays at least for so many */
    LOST_POLLS = 1024, /* a segment of which no key could be read is tried again after so many */
    NEXT_KNOWN = 1,
    NEXT_UNKNOWN = 0,
};

struct find {
    struct scout_job job;
    uint64_t key, lsn;
    int result;
    bool done, fresh; /* fresh: nobody has asked since it was done */
    uint64_t polled;
    struct list used;
    UT_hash_handle hh;
};

struct log_walk {
    struct scout_job job;
    struct log *log; /* NULL: it is gone */
    struct list node;
    uint64_t bytes, bytes_max;
    struct log_walked walked;
    bool done, dropped;
    void (*release)(void *ctx);
};

uint64_t log_find_bytes(const struct log *log) { return log->finds_count * mem_taken(sizeof(struct find)); }

uint64_t log_next_key(const struct log *log)
{
    return log->hooks.key_of ? log->hooks.last_key(log->hooks.ctx) + 1 : 0;
}

/* ---- the ring ---------------------------------------------------------------------------------------------------- */

/* The first keyed record of the ring in [*at, end); *at moves behind it. */
static bool next_in_ring(const struct log *log, uint64_t *at, uint64_t end, uint64_t *ret_lsn, uint64_t *ret_key)
{
    while (*at < end) {
        struct record rec = record_decode(ring_at(&log->ring, *at));
        *ret_lsn = *at;
        *at += record_stride(rec.type, rec.payload.len);
        if (log->hooks.key_of(&rec, ret_key))
            return true;
    }
    return false;
}

static bool find_in_ring(const struct log *log, uint64_t key, uint64_t *ret_lsn)
{
    uint64_t found = 0;

    for (uint64_t at = log->written; next_in_ring(log, &at, log->tail, ret_lsn, &found);)
        if (found >= key)
            break;
    return found == key;
}

void log_find_split(struct log *log, uint64_t lsn)
{
    struct segment *seg = segments_find(&log->segments, lsn);
    uint64_t at = lsn, found;

    if (!seg || seg->base != lsn || seg->first_key != 0 || !log->hooks.key_of)
        return;
    if (!next_in_ring(log, &at, seg->end != 0 ? seg->end : log->tail, &found, &seg->first_key))
        seg->first_key = seg->end != 0 ? SEGMENT_KEYLESS : log_next_key(log);
}

/* ---- what the scout is asked ------------------------------------------------------------------------------------- */

static void send(struct log *log, struct scout_job *job, enum scout_kind kind, const struct segment *seg)
{
    job->kind = kind;
    job->name = segment_name(seg);
    job->base = seg->base;
    job->end = max_u64(min_u64(seg->end != 0 ? seg->end : log->written, log->written), seg->base);
    list_add_tail(&log->scout_jobs, &job->node);
}

bool log_find_flush(struct log *log)
{
    bool any = false;

    for (; log->scout_away < SCOUT_JOBS && !list_empty(&log->scout_jobs); any = true) {
        struct scout_job *job = CONTAINER_OF(list_pop(&log->scout_jobs), struct scout_job, node);
        job->away = true;
        log->scout_away++;
        chan_push(&log->scout.requests, &job);
    }
    return any;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* Nothing is known of its keys, or nothing could be read when it was tried, long ago. */
static bool is_unknown(const struct log *log, const struct segment *seg)
{
    bool lost = seg->first_key == SEGMENT_KEYLESS && seg->key_lost;

    return seg->first_key == 0 || (lost && log->finds_polls - seg->key_polls > LOST_POLLS);
}

/*
 * The segment in which `key` would stand: NEXT_KNOWN; or one whose first key must be known before that can be said:
 * NEXT_UNKNOWN; GMQ_E_MESSAGE_UNKNOWN: all first keys are greater.
 */
static int choose(const struct log *log, uint64_t key, size_t *ret)
{
    const struct segment *at = log->segments.at;
    int rc = GMQ_E_MESSAGE_UNKNOWN;

    for (size_t low = 0, high = log->segments.count; low < high;) {
        size_t mid = low + (high - low) / 2, i = mid;
        while (i < high && (at[i].leaving || (at[i].first_key == SEGMENT_KEYLESS && !is_unknown(log, &at[i]))))
            i++;
        if (i < high && is_unknown(log, &at[i])) {
            *ret = i;
            return NEXT_UNKNOWN;
        }
        if (i < high && at[i].first_key <= key) {
            *ret = i;
            rc = NEXT_KNOWN;
            low = i + 1;
        } else {
            high = mid;
        }
    }
    return rc;
}

static void settle(struct log *log, struct find *find, int result)
{
    find->result = result;
    find->done = find->fresh = true;
    find->polled = log->finds_polls;
    list_add_tail(&log->finds_used, &find->used);
}

/* May a key between the last one of a segment and the first of the next, that at `index`, be lost? */
static bool may_be_lost(const struct log *log, size_t index)
{
    for (; index < log->segments.count; index++) {
        const struct segment *seg = &log->segments.at[index];
        if (seg->leaving)
            continue;
        if (seg->key_lost || seg->first_key != SEGMENT_KEYLESS)
            return seg->key_lost;
    }
    return false;
}

static void seek(struct log *log, struct find *find)
{
    size_t at;
    int rc = choose(log, find->key, &at);

    if (rc < 0)
        settle(log, find, may_be_lost(log, 0) ? GMQ_E_UNREADABLE : rc);
    else if (rc == NEXT_KNOWN && log->segments.at[at].base >= log->written) /* all of it is in the ring */
        settle(log, find, GMQ_E_MESSAGE_UNKNOWN);
    else
        send(log, &find->job, rc == NEXT_KNOWN ? SCOUT_LOOK : SCOUT_FIRST, &log->segments.at[at]);
}

static void forget(struct log *log, struct find *find)
{
    list_remove(&find->used);
    HASH_DEL(log->finds, find);
    log->finds_count--;
    free(find);
}

/* Makes room for one more; false when all are under way or their askers have not come back yet. */
static bool make_room(struct log *log)
{
    if (log->finds_count < FINDS_MAX)
        return true;
    if (list_empty(&log->finds_used))
        return false;
    struct find *oldest = CONTAINER_OF(log->finds_used.next, struct find, used);
    if (oldest->fresh && log->finds_polls - oldest->polled <= FIND_POLLS)
        return false;
    forget(log, oldest);
    return true;
}

static struct find *find_new(struct log *log, uint64_t key)
{
    struct find *find = mem_new(sizeof(*find));

    find->key = find->job.key = key;
    list_init(&find->used);
    list_init(&find->job.node);
    HASH_ADD(hh, log->finds, key, sizeof(find->key), find);
    log->finds_count++;
    return find;
}

int log_find(struct log *log, uint64_t key, uint64_t *ret_lsn)
{
    struct find *find;

    if (!log->hooks.key_of || key == 0 || key > log->hooks.last_key(log->hooks.ctx))
        return GMQ_E_MESSAGE_UNKNOWN;
    HASH_FIND(hh, log->finds, &key, sizeof(key), find);
    if (!find && find_in_ring(log, key, ret_lsn))
        return 1;
    if (!find && (log->closed || !make_room(log))) {
        log->finds_refused = true;
        return 0;
    }
    if (!find) {
        find = find_new(log, key);
        seek(log, find);
    }
    if (!find->done)
        return 0;
    if (find->result == GMQ_E_UNREADABLE && !find->fresh && log->finds_polls - find->polled > FIND_POLLS) {
        find->done = false; /* it may have been the disk */
        list_remove(&find->used);
        seek(log, find);
        return find->done ? find->result : 0;
    }
    find->fresh = false;
    list_remove(&find->used);
    list_add_tail(&log->finds_used, &find->used);
    *ret_lsn = find->lsn;
    if (find->result == 1 && !segments_find(&log->segments, find->lsn))
        return GMQ_E_MESSAGE_UNKNOWN;
    return find->result;
}

/* The entry that the job is about, if it is still that. */
static struct segment *segment_of(struct log *log, const struct scout_job *job)
{
    struct segment *seg = segments_find(&log->segments, job->base);

    return seg && seg->base == job->base && seg->generation == job->name.generation ? seg : NULL;
}

/* True when it has come to an end. */
static bool find_answered(struct log *log, struct find *find)
{
    const struct scout_job *job = &find->job;
    struct segment *seg = segment_of(log, job);

    if (job->result == SCOUT_GONE && seg && !seg->leaving)
        settle(log, find, GMQ_E_UNREADABLE);
    else if (job->result < 0 && job->kind == SCOUT_LOOK)
        settle(log, find, job->result);
    else if (job->result == SCOUT_GONE || (job->kind == SCOUT_LOOK && job->result == 0 && !seg))
        seek(log, find);
    else if (job->kind == SCOUT_LOOK && job->result == 1) {
        find->lsn = job->found_lsn;
        settle(log, find, 1);
    } else if (job->kind == SCOUT_LOOK) {
        bool lost = job->damaged || (job->past && may_be_lost(log, (size_t)(seg - log->segments.at) + 1));
        settle(log, find, lost ? GMQ_E_UNREADABLE : GMQ_E_MESSAGE_UNKNOWN);
    } else {
        if (seg && is_unknown(log, seg)) {
            seg->first_key = job->result == 1 ? max_u64(job->found_key, 1) : SEGMENT_KEYLESS;
            seg->key_lost = job->damaged || job->result < 0;
            seg->key_polls = log->finds_polls;
        }
        seek(log, find);
    }
    return find->done;
}

/* ---- walking ----------------------------------------------------------------------------------------------------- */

/* What is not yet written, as far as one piece goes. */
static void walk_ring(struct log *log, struct log_walk *walk)
{
    uint64_t *at = &walk->walked.at, end = min_u64(log->tail, *at + SCOUT_PIECE_BYTES);

    while (*at < end && !walk->walked.stopped) {
        struct record rec;
        if (record_read(ring_at(&log->ring, *at), log->tail - *at, *at, &rec) != RECORD_OK) {
            walk->walked.gap = true; /* no record begins where it was told to begin */
            break;
        }
        *at += record_stride(rec.type, rec.payload.len);
        walk->walked.stopped = !walk->job.visit(walk->job.ctx, &rec);
    }
    walk->walked.whole = *at >= log->tail;
    walk->done = true;
}

/* Past segments that have nothing for it. False when there are none beyond `at`. */
static const struct segment *next_segment(struct log *log, struct log_walked *walked)
{
    size_t low = 0, high = log->segments.count;

    while (low < high) { /* the first one that ends above, or is open */
        size_t mid = low + (high - low) / 2;
        const struct segment *seg = &log->segments.at[mid];
        if (seg->end != 0 && seg->end <= walked->at)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < log->segments.count; low++) {
        const struct segment *seg = &log->segments.at[low];
        if (seg->base > walked->at) {
            walked->gap = walked->gap || seg->prev_end > walked->at;
            walked->at = seg->base;
        }
        if (seg->generation == 0 && !seg->leaving)
            return seg;
        walked->gap = true;
        walked->at = seg->end;
    }
    return NULL;
}

static void go_on(struct log *log, struct log_walk *walk)
{
    const struct segment *seg = NULL;

    walk->done = walk->walked.stopped || walk->bytes >= walk->bytes_max;
    if (walk->done)
        return;
    if (walk->walked.at < log->written)
        seg = next_segment(log, &walk->walked);
    if (!seg || walk->walked.at >= log->written) {
        walk_ring(log, walk);
        return;
    }
    walk->job.from = walk->walked.at;
    send(log, &walk->job, SCOUT_WALK, seg);
}

struct log_walk *log_walk_begin(struct log *log, uint64_t from, uint64_t bytes_max,
                                bool (*visit)(void *ctx, const struct record *rec), void *ctx,
                                void (*release)(void *ctx))
{
    struct log_walk *walk = mem_new(sizeof(*walk));

    walk->log = log;
    walk->walked.at = min_u64(from & ~(uint64_t)(RECORD_ALIGN - 1), log->tail);
    walk->bytes_max = bytes_max;
    walk->job.visit = visit;
    walk->job.ctx = ctx;
    walk->release = release;
    list_init(&walk->job.node);
    list_add_tail(&log->walks, &walk->node);
    go_on(log, walk);
    return walk;
}

int log_walk_look(const struct log_walk *walk, struct log_walked *ret)
{
    *ret = walk->walked;
    return walk->done;
}

static void walk_free(struct log_walk *walk)
{
    list_remove(&walk->job.node);
    list_remove(&walk->node);
    if (walk->release)
        walk->release(walk->job.ctx);
    free(walk);
}

void log_walk_end(struct log_walk *walk)
{
    if (!walk)
        return;
    walk->dropped = true;
    if (!walk->job.away)
        walk_free(walk);
}

static bool walk_answered(struct log *log, struct log_walk *walk)
{
    const struct scout_job *job = &walk->job;

    if (walk->dropped) {
        walk_free(walk);
        return false;
    }
    if (job->result == SCOUT_GONE || job->result < 0) {
        const struct segment *seg = segment_of(log, job);
        if (seg && !seg->leaving) { /* else the table says by now what is there */
            walk->walked.gap = true;
            walk->walked.at = job->end;
        }
    } else {
        walk->bytes += job->at - job->from;
        walk->walked.at = job->at;
        walk->walked.gap = walk->walked.gap || job->damaged;
        walk->walked.stopped = job->stopped;
    }
    go_on(log, walk);
    return walk->done;
}

/* ---- the loop's turn --------------------------------------------------------------------------------------------- */

bool log_find_poll(struct log *log)
{
    struct scout_job *job;
    bool any = log->finds_refused;

    log->finds_polls++;
    if (UNLIKELY(log->finds_refused)) { /* there is room when others have come back, or some turns later */
        log->finds_refused = false;
        log->hooks.wake(log->hooks.ctx);
    }
    while (UNLIKELY(log->scout_away > 0) && chan_take(&log->scout.replies, &job)) {
        job->away = false;
        log->scout_away--;
        if (job->kind == SCOUT_WALK)
            any = walk_answered(log, CONTAINER_OF(job, struct log_walk, job)) || any;
        else
            any = find_answered(log, CONTAINER_OF(job, struct find, job)) || any;
    }
    if (UNLIKELY(!list_empty(&log->scout_jobs)) && log_find_flush(log))
        bell_ring(&log->scout.bell);
    return any;
}

void log_find_fini(struct log *log)
{
    struct find *find, *next;

    HASH_ITER(hh, log->finds, find, next) {
        HASH_DEL(log->finds, find);
        free(find);
    }
    LIST_EACH(&log->walks, node, after) {
        struct log_walk *walk = CONTAINER_OF(node, struct log_walk, node);
        walk->job.away = false;
        list_init(&walk->job.node);
        list_remove(&walk->node);
        walk->log = NULL;
        if (walk->dropped)
            walk_free(walk);
    }
}
