/*
 * log_compact.c - compaction: which segments are copied together, and what comes in their place
 *
 * A segment may be compacted when all of it is below the cut of the older kept checkpoint (on a disk that is short of
 * room the newest alone counts, as for removal), so that whatever is not a message, a piece of a list or a topic has
 * been taken in by both; of the rest what was dead at that cut is left out. Which records these are, the segments'
 * frozen sets say; after a restart they are known from the second checkpoint on.
 *
 * How much a copy would take is an estimate where messages of several sizes have died. When it matters, such segments
 * are weighed first: read, and what is needed of them counted.
 *
 * Lazy: nothing is copied until these segments take more than twice what a copy of all of them would, and gc_slack;
 * short of room: more than 1.25 times. So the emptiest of them is less than half needed, and what is written is never
 * more than what comes free. It is taken first, with such neighbours as are worth it or so small that they cost little.
 *
 * What died while it was copied is known: the new entry begins with it. The victims' files go when the new one is
 * durable and has taken their place in the table; a reader that finds one gone asks again (cache.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>

#include "store/log_impl.h"

enum {
    SMALL_RATIO = 8,  /* a full neighbour is taken along when it costs less than 1/8 of what is won */
    WEIGH_RATIO = 64, /* weighed anew when 1/64 of what was needed is not any more */
};

/* The frozen set that says what may be left out, and the cut it was taken at; 0 = none can be trusted. */
static uint64_t safe_cut(struct log *log, int *ret_frozen)
{
    bool newest = log_is_short(log);

    *ret_frozen = newest ? FROZEN_NEWEST : FROZEN_OLDER;
    if (newest)
        return log->newest_known ? log->newest_cut : 0;
    return log->older_known ? min_u64(log->older_cut, log_history_floor(log)) : 0;
}

static bool is_candidate(const struct segment *seg, uint64_t cut)
{
    return seg->end != 0 && seg->end <= cut && seg->live > 0 && seg->live < SEGMENT_DAMAGED / 2 && !seg->blind &&
           !seg->leaving && !seg->busy;
}

static uint64_t file_bytes(const struct segment *seg) { return seg->capacity + SEGMENT_HEADER_BYTES; }

static uint64_t needed_records(const struct segment *seg, int frozen)
{
    uint64_t dead = lsnset_count(seg->frozen[frozen]);

    return seg->tracked > dead ? seg->tracked - dead : 0;
}

/* What a copy of the segment alone would take, at most what it takes now. */
static uint64_t copy_bytes(const struct segment *seg, int frozen)
{
    uint64_t records = needed_records(seg, frozen);
    uint64_t bytes = segment_needed_bytes(seg, seg->tracked - records) + records * DIRECTORY_ENTRY_BYTES +
                     directory_blocks((uint32_t)records) * (uint64_t)DIRECTORY_INDEX_BYTES + SEGMENT_HEADER_BYTES +
                     DIRECTORY_TRAILER_BYTES;

    return min_u64(bytes, file_bytes(seg));
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

/* A run of neighbours: [first, first + count) of the table. */
struct run {
    size_t first, count;
    uint64_t copy, gain; /* bytes */
};

/* What was found: the candidates together, those that are not estimated, and the best of each kind. */
struct finding {
    uint64_t bytes, needed, certain;
    size_t emptiest, uncertain; /* SIZE_MAX = none */
};

static bool is_fuller(const struct segment *a, const struct segment *b, int frozen)
{
    double part_a = (double)copy_bytes(a, frozen) / (double)file_bytes(a);

    return part_a > (double)copy_bytes(b, frozen) / (double)file_bytes(b);
}

/* Its last weighing, if there was one, says little by now. */
static bool is_uncertain(const struct segment *seg, int frozen)
{
    uint64_t dead = lsnset_count(seg->frozen[frozen]);

    return !segment_is_exact(seg, dead) &&
           (dead < seg->weighed_dead || dead - seg->weighed_dead > needed_records(seg, frozen) / WEIGH_RATIO);
}

static struct finding find(const struct log *log, uint64_t cut, int frozen)
{
    struct finding all = {.emptiest = SIZE_MAX, .uncertain = SIZE_MAX};
    const struct segment *at = log->segments.at;
    uint64_t most = 0;

    for (size_t i = 0; i < log->segments.count; i++) {
        if (!is_candidate(&at[i], cut))
            continue;
        uint64_t copy = copy_bytes(&at[i], frozen);
        bool uncertain = is_uncertain(&at[i], frozen);
        all.bytes += file_bytes(&at[i]);
        all.needed += copy;
        all.certain += uncertain ? 0 : copy;
        if (all.emptiest == SIZE_MAX || is_fuller(&at[all.emptiest], &at[i], frozen))
            all.emptiest = i;
        if (uncertain && copy > most) {
            most = copy;
            all.uncertain = i;
        }
    }
    return all;
}

/* Do the candidates take too much, if so much is needed of them? */
static bool is_time(const struct log *log, uint64_t bytes, uint64_t needed)
{
    if (log_is_short(log))
        return bytes - needed > needed / 4;
    return bytes - needed > needed && bytes - 2 * needed > log->options.gc_slack;
}

static bool is_worth_it(const struct log *log, const struct run *run, size_t index, uint64_t cut, int frozen)
{
    if (index >= log->segments.count || run->count == COMPACT_VICTIMS_MAX)
        return false;
    const struct segment *seg = &log->segments.at[index];
    if (!is_candidate(seg, cut))
        return false;
    size_t first = min_u64(index, run->first), last = max_u64(index, run->first + run->count - 1);
    if (log->segments.at[last].end - log->segments.at[first].base > COMPACTED_SPAN_MAX)
        return false;
    uint64_t copy = copy_bytes(seg, frozen), gain = file_bytes(seg) - copy;
    return run->copy + copy <= log->options.segment_bytes && (copy <= gain || copy <= run->gain / SMALL_RATIO);
}

static void take_neighbours(const struct log *log, struct run *run, uint64_t cut, int frozen)
{
    bool more = true;

    while (more) {
        size_t next[] = {run->first + run->count, run->first == 0 ? SIZE_MAX : run->first - 1};
        more = false;
        for (size_t i = 0; i < ARRAY_LEN(next); i++) {
            if (!is_worth_it(log, run, next[i], cut, frozen))
                continue;
            uint64_t copy = copy_bytes(&log->segments.at[next[i]], frozen);
            run->first = next[i] < run->first ? next[i] : run->first;
            run->count++;
            run->copy += copy;
            run->gain += file_bytes(&log->segments.at[next[i]]) - copy;
            more = true;
            break;
        }
    }
}

/* ---- the beginning ----------------------------------------------------------------------------------------------- */

static void begin(struct log *log, const struct run *run, int frozen, bool weigh)
{
    struct compaction *compaction = compact_new();
    const struct segment *first = &log->segments.at[run->first], *last = first + run->count - 1;
    struct segment_header *header = &compaction->header;

    *header = (struct segment_header){.base = first->base, .end = last->end, .prev_end = first->prev_end,
                                      .created_ms = log->options.now_ms, .compacted = true};
    memcpy(header->uuid, log->options.uuid, UUID_BYTES);
    for (size_t i = 0; i < run->count; i++) {
        struct segment *seg = &log->segments.at[run->first + i];
        compaction->victims[i] = (struct victim){
            .name = segment_name(seg), .end = seg->end, .drop = lsnset_copy(seg->frozen[frozen])};
        header->generation = (uint32_t)max_u64(header->generation, seg->generation + UINT64_C(1));
        header->epoch = (uint32_t)max_u64(header->epoch, seg->epoch);
        seg->busy = true;
    }
    compaction->count = run->count;
    compaction->hurry = log_is_short(log);
    compaction->weigh = weigh;
    log->compacting = true;
    ENSURE(log_push_job(log, &(struct job){.kind = JOB_COMPACT, .compaction = compaction}));
}

static bool may_begin(const struct log *log)
{
    return !log->compacting && !log->compact_off && log->doomed_count == 0 && log->running && !log->closed &&
           log->state != LOG_READ_ONLY && chan_room(&log->janitor.jobs) >= 8;
}

static void look(struct log *log)
{
    int frozen;
    uint64_t cut = safe_cut(log, &frozen);
    struct finding all = find(log, cut, frozen);

    if (cut == 0 || all.emptiest == SIZE_MAX)
        return;
    if (!is_time(log, all.bytes, all.needed)) {
        if (all.uncertain != SIZE_MAX && is_time(log, all.bytes, all.certain))
            begin(log, &(struct run){.first = all.uncertain, .count = 1}, frozen, true);
        return;
    }
    struct run run = {.first = all.emptiest, .count = 1,
                      .copy = copy_bytes(&log->segments.at[all.emptiest], frozen)};
    run.gain = file_bytes(&log->segments.at[all.emptiest]) - run.copy;
    if (frozen == FROZEN_NEWEST && log->older_cut != 0) { /* it would name what is not copied */
        if (!log_push_job(log, &(struct job){.kind = JOB_DROP_CHECKPOINT, .base = log->older_cut}))
            return;
        log->older_cut = 0;
    }
    if (frozen == FROZEN_OLDER) /* short of room: as little as can be at a time */
        take_neighbours(log, &run, cut, frozen);
    begin(log, &run, frozen, false);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void remove_replaced(struct log *log)
{
    while (log->doomed_count > 0 && log->running && !log->closed) {
        struct job job = {.kind = JOB_UNLINK, .name = log->doomed[log->doomed_count - 1], .replaced = true,
                          .bytes = log->doomed_bytes[log->doomed_count - 1]};
        if (!log_push_job(log, &job))
            return;
        log->doomed_count--;
    }
}

void log_replaced_gone(struct log *log, const struct job *job) { log->replaced_bytes -= job->bytes; }

/* The entry of the new file, made of those of the victims, which stand at `first`. */
static struct segment merge(const struct log *log, const struct compaction *c, const struct segment *first)
{
    struct segment seg = {
        .base = c->header.base, .end = c->header.end, .prev_end = c->header.prev_end,
        .capacity = c->file_bytes - SEGMENT_HEADER_BYTES, .tracked = c->records, .tracked_bytes = c->record_bytes,
        .epoch = c->header.epoch, .generation = c->header.generation, .header_ok = true,
        .first_key = SEGMENT_KEYLESS,
    };

    for (size_t i = 0; i < c->count; i++) {
        const struct segment *victim = first + i;
        seg.live += victim->live;
        seg.pins += victim->pins;
        seg.dead_at = max_u64(seg.dead_at, victim->dead_at);
        seg.first_key = seg.first_key == SEGMENT_KEYLESS ? victim->first_key : seg.first_key;
        seg.key_lost = seg.key_lost || (victim->key_lost && seg.first_key == victim->first_key);
        lsnset_join(&seg.dead, victim->dead, c->victims[i].drop);
        for (size_t k = 0; k < FROZEN_COUNT; k++)
            lsnset_join(&seg.frozen[k], victim->frozen[k], c->victims[i].drop);
    }
    if (seg.live > 0 || seg.pins > 0)
        seg.dead_at = 0;
    else if (seg.dead_at == 0)
        seg.dead_at = log->tail;
    return seg;
}

static void give_up(struct log *log, const struct job *job, struct segment *first)
{
    const struct compaction *c = job->compaction;

    for (size_t i = 0; i < c->count; i++)
        first[i].busy = false;
    if (job->result == -EBADMSG)
        first[c->bad_victim].blind = true; /* it is damaged: as it is, it stays */
    else if (!disk_is_full(job->result) || c->named)
        log->compact_off = true; /* what has its name, perhaps, must not be met by another one that overlaps */
}

static void replace(struct log *log, const struct compaction *c, struct segment *first, const struct segment *seg)
{
    struct segments *all = &log->segments;
    size_t index = (size_t)(first - all->at);
    uint64_t before = 0;

    for (size_t i = 0; i < c->count; i++) {
        log->doomed[i] = c->victims[i].name;
        log->doomed_bytes[i] = file_bytes(&first[i]);
        before += file_bytes(&first[i]);
    }
    log->doomed_count = c->count;
    log->replaced_bytes += before;
    log->compactions++;
    log->compacted_segments += c->count;
    log->compact_read_bytes += c->read_bytes;
    log->compact_bytes += c->file_bytes;
    log->reclaimed_bytes += before - min_u64(before, c->file_bytes);
    segments_replace(all, index, c->count, seg);
}

static void weighed(struct segment *seg, const struct compaction *c)
{
    uint64_t dead = lsnset_count(c->victims[0].drop);

    seg->busy = false;
    seg->weighed_dead = dead;
    seg->weighed_bytes = c->record_bytes;
    seg->blind = seg->blind || c->records + dead != seg->tracked; /* it is not what it is said to be */
}

void log_compact_done(struct log *log, const struct job *job)
{
    struct compaction *c = job->compaction;
    struct segment *first = segments_find(&log->segments, c->header.base);

    ENSURE(log->compacting && first && first->base == c->header.base && first->busy);
    log->compacting = false;
    log->compact_look = job->result == 0 || job->result == -EBADMSG; /* without room: at the next checkpoint */
    if (job->result == 0 && c->weigh) {
        weighed(first, c);
    } else if (job->result == 0) {
        struct segment seg = merge(log, c, first);
        seg.blind = seg.live + seg.pins + lsnset_count(seg.dead) != seg.tracked;
        ENSURE(!seg.blind || log->degraded);
        replace(log, c, first, &seg);
    } else {
        give_up(log, job, first);
    }
    compact_free(c);
}

void log_compact_poll(struct log *log)
{
    bool is_short = log_is_short(log);

    remove_replaced(log);
    if (is_short != log->compact_short)
        log->compact_look = true;
    log->compact_short = is_short;
    if (!log->compact_look || !may_begin(log))
        return;
    log->compact_look = false;
    look(log);
}
