/* log.c - appending, publishing, watermarks; see log.h and log_impl.h. SPDX-License-Identifier: MIT */
#include "store/log.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/log_impl.h"

void log_set_limit(struct log *log)
{
    uint64_t limit = log->segment_end;

    if (log->batch_begin == 0)
        limit = 0;
    else
        limit = min_u64(limit, max_u64(log->batch_begin + BATCH_BYTES_MAX, log->group_end));
    log->limit = min_u64(limit, log->durable + log->ring.bytes);
}

/* Writes a record of `stride` bytes whose payload stands in the ring already. */
static void seal_record(struct log *log, struct record *rec, size_t stride)
{
    char *at = ring_at(&log->ring, log->tail);

    rec->lsn = log->tail;
    rec->payload.ptr = at + RECORD_HEADER_BYTES;
    record_seal(at, rec);
    log->tail += stride;
}

void log_open_batch(struct log *log)
{
    struct batch batch = {.durable = log->durable, .node_hash = log->node_hash, .epoch = log->epoch};
    struct record rec = {.type = RECORD_BATCH, .payload = {.len = BATCH_PAYLOAD_BYTES}};

    ENSURE(log->batch_begin == 0);
    if (log->ended_before != 0) /* scan_told() */
        batch.durable = log->ended_before;
    log->ended_before = 0;
    log->batch_begin = log->tail;
    batch_encode(ring_at(&log->ring, log->tail) + RECORD_HEADER_BYTES, &batch);
    seal_record(log, &rec, BATCH_STRIDE);
}

void log_append_seal(struct log *log, enum seal_reason reason)
{
    struct record rec = {.type = RECORD_SEAL, .aux = (uint16_t)reason, .payload = {.len = SEAL_PAYLOAD_BYTES}};

    put_le64(ring_at(&log->ring, log->tail) + RECORD_HEADER_BYTES, log->tail + SEAL_STRIDE);
    seal_record(log, &rec, SEAL_STRIDE);
}

static void push_item(struct log *log, const struct writer_item *item)
{
    chan_push(&log->writer.items, item);
    log->pushed++;
}

void log_close_batch(struct log *log)
{
    struct writer_item item = {.end = log->tail};

    if (log->batch_begin == 0)
        return;
    log->batch_begin = 0;
    log->group_end = 0;
    log->limit = 0;
    push_item(log, &item);
}

void log_roll(struct log *log, enum seal_reason reason)
{
    bool spare = log->spare.state == STANDBY_READY;
    struct standby *from = spare ? &log->spare : log_reserve(log);

    ENSURE(!log->rolling && from);
    if (log->batch_begin == 0)
        log_open_batch(log);
    log_append_seal(log, reason);
    log_close_batch(log);
    segments_close(&log->segments, segments_last(&log->segments), log->tail);
    struct writer_item item = {
        .roll = true,
        .capacity = from->bytes - SEGMENT_HEADER_BYTES,
        .from = spare ? SPARE_NAME : from == &log->reserves[0] ? RESERVE_NAME : RESERVE2_NAME,
        .header = {.base = log->tail, .prev_end = log->tail, .epoch = log->epoch, .created_ms = log->options.now_ms},
    };
    memcpy(item.header.uuid, log->options.uuid, UUID_BYTES);
    push_item(log, &item);
    struct segment seg = {
        .base = log->tail,
        .prev_end = log->tail,
        .capacity = from->bytes - SEGMENT_HEADER_BYTES,
        .epoch = log->epoch,
        .first_key = log_next_key(log),
        .header_ok = true,
    };
    (void)segments_add(&log->segments, &seg);
    log->segment_end = seg.base + seg.capacity - SEGMENT_TAIL_BYTES;
    from->state = STANDBY_CLAIMED;
    log->rolling = true;
    log->in_reserve = !spare;
    bell_ring(&log->writer.bell);
}

/* Makes [tail, tail + bytes) stand in one segment and one open batch. */
static void make_way(struct log *log, size_t bytes)
{
    ENSURE(log->recovered && !log->closed && !log->more);
    if (log->batch_begin != 0 && log->tail + bytes - log->batch_begin > BATCH_BYTES_MAX &&
        chan_room(&log->writer.items) > 4) {
        log_close_batch(log);
        bell_ring(&log->writer.bell);
    }
    if (log->tail + bytes + (log->batch_begin == 0 ? BATCH_STRIDE : 0) > log->segment_end)
        log_roll(log, SEAL_FULL);
    if (log->batch_begin == 0)
        log_open_batch(log);
    log->group_end = log->tail + bytes;
    ENSURE(log->group_end <= log->segment_end && log->group_end <= log->durable + log->ring.bytes);
    log_set_limit(log);
}

void log_group(struct log *log, size_t bytes) { make_way(log, bytes); }

char *log_begin(struct log *log, uint8_t type, uint8_t flags, uint16_t aux, uint32_t queue, size_t payload_bytes)
{
    size_t stride = record_stride(type, payload_bytes);

    if (UNLIKELY(log->tail + stride > log->limit))
        make_way(log, stride);
    log->begun_stride = stride;
    log->begun = (struct record){
        .queue = queue, .aux = aux, .type = type, .flags = flags, .payload = {.len = payload_bytes}};
    return ring_at(&log->ring, log->tail) + RECORD_HEADER_BYTES;
}

uint64_t log_end(struct log *log, struct record *ret)
{
    seal_record(log, &log->begun, log->begun_stride);
    log->more = (log->begun.flags & RECORD_F_MORE) != 0;
    segment_count(segments_last(&log->segments), log->begun.type, log->begun_stride);
    *ret = log->begun;
    return log->tail;
}

uint64_t log_tail(const struct log *log) { return log->tail; }

void log_need_written(struct log *log) { log->want_written = log->tail; }

void log_need_durable(struct log *log) { log->want_durable = log->tail; }

static bool raise_want(_Atomic uint64_t *shared, uint64_t want)
{
    if (want <= atomic_load_explicit(shared, memory_order_relaxed))
        return false;
    atomic_store(shared, want);
    return true;
}

void log_publish(struct log *log)
{
    bool idle = atomic_load(&log->writer.done) == log->pushed;
    bool ring = raise_want(&log->writer.want_written, log->want_written);

    ring = raise_want(&log->writer.want_durable, log->want_durable) || ring;
    if (log->batch_begin != 0 && idle && !log->more) {
        log_close_batch(log);
        ring = true;
    }
    if (ring)
        bell_ring(&log->writer.bell);
    if (cache_flush(&log->cache))
        bell_ring(&log->reader.bell);
    if (UNLIKELY(!list_empty(&log->scout_jobs)) && log_find_flush(log))
        bell_ring(&log->scout.bell);
}

uint64_t log_written(const struct log *log) { return log->written; }

uint64_t log_durable(const struct log *log) { return log->durable; }

uint64_t log_promised(const struct log *log)
{
    return log->options.sync == LOG_SYNC_ALWAYS ? log->durable : log->written;
}

void log_take_splits(struct log *log)
{
    struct writer_split split;

    while (chan_take(&log->writer.splits, &split)) {
        log_checkpoint_spoil(log, split.base);
        segments_split(&log->segments, &log->ring, split.base, log->tail, split.epoch);
        log_find_split(log, split.base);
        log->epoch = (uint32_t)max_u64(log->epoch, split.epoch);
        (void)snprintf(log->troubles[LOG_TROUBLE_HEALED], sizeof(log->troubles[0]), "%s", split.reason);
    }
}

bool log_poll(struct log *log)
{
    uint64_t durable = atomic_load(&log->writer.durable), written = atomic_load(&log->writer.written);
    bool stuck, changed = durable != log->durable || written != log->written;

    ENSURE(durable >= log->durable && written >= durable && written <= log->tail);
    log_take_splits(log); /* those before the watermarks above */
    /* In a directory that is gone nothing is promised any more. */
    if (log->state != LOG_READ_ONLY && !atomic_load(&log->janitor.watch.gone)) {
        log->durable = durable;
        log->written = written;
    }
    changed = log_space_poll(log) || changed;
    bool waiting = log->cache.away > 0;
    changed = cache_poll(&log->cache, &stuck) || changed;
    if (cache_flush(&log->cache) || waiting) /* it may have waited for room among its replies */
        bell_ring(&log->reader.bell);
    changed = log_find_poll(log) || changed;
    if (stuck)
        log->hooks.wake(log->hooks.ctx);
    log_set_limit(log);
    return changed;
}

enum log_state log_state(const struct log *log, const char **ret_reason)
{
    bool failed = atomic_load(&log->writer.failed) != 0;
    const char *limit = log_limit(log);

    switch (log->state) {
    case LOG_OK:
        *ret_reason = "";
        break;
    case LOG_FULL:
        *ret_reason = limit ? limit : "disk full";
        break;
    case LOG_READ_ONLY:
        *ret_reason = failed ? log->writer.reason : "the data directory was removed or replaced";
        break;
    }
    return log->state;
}

const char *log_limit(const struct log *log)
{
    return atomic_load(&log->writer.full) ? NULL : watch_reason(&log->janitor.watch);
}

/* For one that finds no room nothing is done but wait. */
static bool is_under_way(const struct standby *standby)
{
    return standby->state == STANDBY_ASKED && !standby->no_room;
}

/* A spare or reserve that is being made, checkpoints and removals under way. */
static uint64_t log_jobs(const struct log *log)
{
    uint64_t jobs = log->unlinking + (log->checkpoint_state != CHECKPOINT_NONE) +
                    (is_under_way(&log->spare) || log->rolling);

    for (size_t i = 0; i < ARRAY_LEN(log->reserves); i++)
        jobs += is_under_way(&log->reserves[i]);
    return jobs;
}

void log_stats(const struct log *log, struct log_stats *ret)
{
    *ret = (struct log_stats){
        .tail_lsn = log->tail,
        .written_lsn = log->written,
        .durable_lsn = log->durable,
        .segments = log->segments.count,
        .segment_bytes = log->segments.total_bytes,
        .batches = atomic_load(&log->writer.batches),
        .syncs = atomic_load(&log->writer.syncs),
        .sync_ns_last = atomic_load(&log->writer.sync_ns_last),
        .sync_ns_max = atomic_load(&log->writer.sync_ns_max),
        .reads = atomic_load(&log->reader.reads),
        .read_bytes = atomic_load(&log->reader.read_bytes),
        .read_faults = atomic_load(&log->reader.faults),
        .checkpoints = log->checkpoints,
        .checkpoint_lsn = log->newest_cut,
        .unlinked = log->unlinked,
        .jobs = log_jobs(log),
        .heals = atomic_load(&log->writer.heals),
        .checkpoint_errors = log->checkpoint_errors,
        .file_errors = log->file_errors,
        .disk_used = atomic_load(&log->janitor.watch.used),
        .disk_free = atomic_load(&log->janitor.watch.free),
        .disk_bytes = log->segments.total_bytes + log->segments.count * SEGMENT_HEADER_BYTES + log->replaced_bytes,
        .compactions = log->compactions,
        .compacted_segments = log->compacted_segments,
        .compact_read_bytes = log->compact_read_bytes,
        .compact_bytes = log->compact_bytes,
        .reclaimed_bytes = log->reclaimed_bytes,
    };
    for (size_t i = 0; i < log->segments.count; i++)
        ret->live_bytes += segment_live_bytes(&log->segments.at[i]);
}

const char *log_trouble(const struct log *log, enum log_trouble kind) { return log->troubles[kind]; }

void log_note_trouble(struct log *log, enum log_trouble kind, const char *what, int rc)
{
    char text[64];

    if (disk_is_full(rc))
        return;
    (void)snprintf(log->troubles[kind], sizeof(log->troubles[kind]), "%s: %s", what,
                   strerror_r(-rc, text, sizeof(text)));
}

uint64_t log_memory(const struct log *log)
{
    return log->ring.bytes + log->options.read_cache_bytes + log->segments.room * sizeof(log->segments.at[0]) +
           log->dead_bytes + atomic_load(&log->scout.index_bytes) + log_find_bytes(log);
}

bool log_step_writer(struct log *log) { return writer_step(&log->writer); }

bool log_step_reader(struct log *log) { return reader_step(&log->reader); }

bool log_step_janitor(struct log *log) { return janitor_step(&log->janitor); }

bool log_step_scout(struct log *log) { return scout_step(&log->scout); }
