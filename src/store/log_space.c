/*
 * log_space.c - room: the spare, the reserves, what is dead and may go, checkpoints
 *
 * The spare is made one segment ahead; without it no segment is closed. When the disk is too full for one, pushes
 * are refused as soon as the open segment is short, essential appends go on to its end and then into the reserves.
 * There are two of them: when the second is taken, the first is closed, and a checkpoint lets it go and come again;
 * so consumers can drain any backlog, however many pops and acks that takes.
 *
 * A dead segment goes when both kept checkpoints were cut after its death (segment.h: dead_at); on a full disk the
 * newest alone is enough, since it was read back after it was written, and the older one is removed first.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "store/log_impl.h"

enum {
    PAGE = 4096,
    ITEMS_MARGIN = 8,
    CHECKPOINT_LOG_BYTES = 64 * 1024 * 1024,
    CHECKPOINT_RATIO = 8,
    CHECKPOINT_FULL_BYTES = 256 * 1024, /* on a full disk: of log between tries */
    UNLINKS_MAX = 16,                   /* on the way at a time */
    LOOK_NS = 1000000000,               /* between looks at the disk */
    IMAGE_BYTES_A_MESSAGE = 32,         /* engine/save.c: of one in flight, the most that one takes */
    ROOM_PART = 4,                      /* of an image: that part of it is claimed besides, ... */
    ROOM_PART_LEAST = 8,                /* ... and when less than that is left, more is */
    DEAD_RATIO = 512,                   /* of segments, to what their sets of dead records take */
    COPY_RATIO = 16,                    /* of a segment, to what is needed of it when it is nearly dead */
};

/* ---- room ------------------------------------------------------------------------------------------------------ */

static uint64_t next_bytes(const struct log *log)
{
    uint64_t total = log->segments.total_bytes + log->segments.count * SEGMENT_HEADER_BYTES;
    uint64_t bytes = FIRST_SEGMENT_BYTES;

    while (bytes * 2 <= total + FIRST_SEGMENT_BYTES && bytes < log->options.segment_bytes)
        bytes *= 2;
    return max_u64(min_u64(bytes, log->options.segment_bytes), log->spare_bytes_wanted);
}

/* Ring bytes that only essential appends may use. */
static uint64_t ring_margin(const struct log *log)
{
    return log->options.record_bytes_max + min_u64(BATCH_BYTES_MAX, log->ring.bytes / 8);
}

static bool fits_ring(struct log *log, uint64_t need, bool essential)
{
    uint64_t space = log->ring.bytes - (log->tail - log->durable);

    if (need + (essential ? 0 : ring_margin(log)) <= space && chan_room(&log->writer.items) >= ITEMS_MARGIN)
        return true;
    log->want_durable = log->tail; /* what fills the ring is to be synced, whoever waits for it */
    return false;
}

static bool fits_standby(const struct log *log, const struct standby *standby, uint64_t need)
{
    return standby->state == STANDBY_READY && !log->rolling &&
           need + SEGMENT_HEADER_BYTES + SEGMENT_TAIL_BYTES <= standby->bytes;
}

struct standby *log_reserve(struct log *log)
{
    struct standby *best = NULL;

    for (size_t i = 0; i < ARRAY_LEN(log->reserves); i++)
        if (log->reserves[i].state == STANDBY_READY && (!best || log->reserves[i].bytes > best->bytes))
            best = &log->reserves[i];
    return best;
}

static bool fits_reserve(struct log *log, uint64_t need)
{
    const struct standby *reserve = log_reserve(log);

    return reserve && fits_standby(log, reserve, need);
}

/* The least file that has room for `need`. */
static uint64_t file_bytes(uint64_t need)
{
    return (need + SEGMENT_HEADER_BYTES + SEGMENT_TAIL_BYTES + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static void ask_for_larger_spare(struct log *log, uint64_t need)
{
    uint64_t bytes = file_bytes(need);

    if (bytes <= log->spare.bytes || bytes <= log->spare_bytes_wanted)
        return;
    log->spare_bytes_wanted = bytes;
    if (log->spare.state == STANDBY_READY)
        log->spare.state = STANDBY_NONE;
}

/* Is a limit passed that the owner has set? */
static bool is_over(const struct log *log)
{
    return atomic_load_explicit(&log->janitor.watch.over, memory_order_relaxed) != WATCH_NONE;
}

/* What the owner's state may take in a checkpoint. */
static uint64_t image_bytes_max(const struct log *log)
{
    uint64_t live = 0;

    if (log->hooks.image_bytes_max)
        return log->hooks.image_bytes_max(log->hooks.ctx);
    for (size_t i = 0; i < log->segments.count; i++)
        live += log->segments.at[i].live % SEGMENT_DAMAGED;
    return live * IMAGE_BYTES_A_MESSAGE;
}

/* What a checkpoint may take now, and a part more. */
static uint64_t checkpoint_bytes_max(const struct log *log, unsigned part)
{
    uint64_t image = image_bytes_max(log), dead = log->segments.total_bytes / DEAD_RATIO;

    return CHECKPOINT_HEADER_BYTES + (log->segments.count + 2) * CHECKPOINT_SEGMENT_BYTES + dead + image + image / part;
}

/* The state has outgrown the room that is claimed for its checkpoints: with the spare more is asked for. */
static bool outgrown(const struct log *log)
{
    return checkpoint_bytes_max(log, ROOM_PART_LEAST) > max_u64(log->checkpoint_claimed, CHECKPOINT_RESERVE_BYTES_MIN);
}

int log_room(struct log *log, size_t bytes, bool essential)
{
    uint64_t need = bytes + BATCH_STRIDE * (bytes / BATCH_BYTES_MAX + 2) + SEGMENT_TAIL_BYTES;

    if (log->state == LOG_READ_ONLY || log->closed)
        return GMQ_E_READ_ONLY;
    if (bytes > log->ring.bytes / 2)
        return -EMSGSIZE;
    if (!essential && (atomic_load_explicit(&log->writer.full, memory_order_relaxed) || is_over(log)))
        return GMQ_E_DISK_FULL;
    if (!essential && UNLIKELY(log->spare.no_room) && outgrown(log))
        return GMQ_E_DISK_FULL;
    if (!fits_ring(log, need, essential))
        return -EAGAIN;
    if (fits_standby(log, &log->spare, need))
        return 0;
    uint64_t margin = essential ? 0 : min_u64(BATCH_BYTES_MAX, segments_last(&log->segments)->capacity / 8);
    bool fits = log->tail + need + margin <= log->segment_end && (essential || !log->in_reserve);
    if (fits)
        return 0;
    ask_for_larger_spare(log, need);
    bool denied = log->spare.denied != 0 && file_bytes(need) > log->spare.bytes;
    if (log->rolling || (!log->spare.no_room && !denied))
        return -EAGAIN;
    log->refused = true;
    if (!essential)
        return GMQ_E_DISK_FULL;
    if (fits_reserve(log, need))
        return 0;
    /* What is on its way may bring a reserve back. */
    return log->unlinking > 0 || log_checkpoint_busy(log) ? -EAGAIN : GMQ_E_DISK_FULL;
}

static void ask(struct log *log, struct standby *standby, enum job_kind kind, uint64_t bytes)
{
    if (standby->state != STANDBY_NONE || chan_room(&log->janitor.jobs) == 0)
        return;
    struct job job = {.kind = kind, .bytes = bytes, .checkpoint_bytes = checkpoint_bytes_max(log, ROOM_PART)};
    if (log->newest_cut != 0) /* before a checkpoint nothing is copied */
        job.copy_bytes = bytes / COPY_RATIO;
    standby->state = STANDBY_ASKED;
    chan_push(&log->janitor.jobs, &job);
    bell_ring(&log->janitor.bell);
}

static void ask_for_standbys(struct log *log)
{
    if (!log->running || log->closed)
        return;
    if (log->spare.state == STANDBY_READY && !log->rolling && outgrown(log))
        log->spare.state = STANDBY_NONE;
    uint64_t reserve_bytes = min_u64(FIRST_SEGMENT_BYTES, log->options.segment_bytes) / 8 * 3;
    ask(log, &log->reserves[0], JOB_RESERVE, reserve_bytes);
    ask(log, &log->reserves[1], JOB_RESERVE2, reserve_bytes);
    ask(log, &log->spare, JOB_SPARE, next_bytes(log));
}

static void standby_done(struct log *log, struct standby *standby, const struct job *job)
{
    bool reserved = segments_reserve(&log->segments, log->segments.count + 4);

    standby->no_room = job->result < 0;
    if (job->result < 0 && !disk_is_full(job->result)) {
        log->file_errors++;
        log_note_trouble(log, LOG_TROUBLE_FILE, "a file could not be made ahead", job->result);
    }
    if (standby == &log->spare)
        log->refused = log->refused && standby->no_room;
    if (standby == &log->spare && !standby->no_room)
        log->checkpoint_claimed = job->checkpoint_bytes;
    if (standby->no_room)
        return; /* the janitor tries on by itself and reports again */
    standby->state = reserved ? STANDBY_READY : STANDBY_NONE;
    standby->bytes = job->bytes;
    standby->denied = job->bytes < job->wanted_bytes ? job->wanted_bytes : 0;
    if (standby == &log->spare && max_u64(job->bytes, job->wanted_bytes) < log->spare_bytes_wanted)
        standby->state = STANDBY_NONE; /* a larger one is wanted since it was asked for */
    else if (standby == &log->spare)
        log->spare_bytes_wanted = 0;
}

/* ---- what is dead ------------------------------------------------------------------------------------------------ */

void log_dead(struct log *log, uint64_t lsn)
{
    bool counted = segments_drop_live(&log->segments, lsn, log->tail);

    ENSURE(counted || log->degraded || !log->running);
}

void log_dead_queue(struct log *log, uint64_t lsn)
{
    bool counted = segments_drop_pin(&log->segments, lsn, log->tail);

    ENSURE(counted || log->degraded || !log->running);
}

bool log_pinned(const struct log *log, uint64_t *ret_base, uint64_t *ret_end)
{
    for (size_t i = 0; log->segments.pinned > 0 && i < log->segments.count; i++) {
        const struct segment *seg = &log->segments.at[i];
        if (seg->end == 0 || seg->live > 0 || seg->pins == 0)
            continue;
        *ret_base = seg->base;
        *ret_end = seg->end;
        return true;
    }
    return false;
}

bool log_is_dead(const struct log *log, uint64_t lsn)
{
    const struct segment *seg = NULL;

    for (size_t low = 0, high = log->segments.count; low < high;) {
        size_t mid = low + (high - low) / 2;
        if (log->segments.at[mid].base <= lsn) {
            seg = &log->segments.at[mid];
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return seg && segment_is_dead(seg, lsn);
}

bool log_segment(const struct log *log, size_t index, struct log_segment *ret)
{
    if (index >= log->segments.count)
        return false;
    const struct segment *seg = &log->segments.at[index];
    *ret = (struct log_segment){
        .base = seg->base,
        .end = seg->end,
        .live = seg->live,
        .pins = seg->pins,
        .tracked = seg->tracked,
        .dead = lsnset_count(seg->dead),
        .blind = seg->blind,
        .generation = seg->generation,
        .damaged = seg->live >= SEGMENT_DAMAGED / 2,
    };
    return true;
}

bool log_is_short(const struct log *log)
{
    return log->spare.no_room || log->spare.denied != 0 || log->reserves[0].no_room || log->reserves[1].no_room ||
           atomic_load(&log->writer.full) || is_over(log);
}

uint64_t log_history_floor(struct log *log)
{
    const struct segments *all = &log->segments;
    uint64_t kept = 0;

    if (LIKELY(log->options.history_keep == 0) || log_is_short(log))
        return UINT64_MAX;
    if (log->history_base == all->at[all->count - 1].base)
        return log->history_floor;
    log->history_base = all->at[all->count - 1].base;
    log->history_floor = 0;
    for (size_t i = all->count; i-- > 0;) {
        const struct segment *seg = &all->at[i];
        if (kept >= log->options.history_keep) {
            log->history_floor = seg->end;
            break;
        }
        kept += seg->end != 0 ? seg->capacity : 0; /* the open one may be empty */
    }
    return log->history_floor;
}

bool log_push_job(struct log *log, const struct job *job)
{
    if (chan_room(&log->janitor.jobs) < 4)
        return false;
    chan_push(&log->janitor.jobs, job);
    bell_ring(&log->janitor.bell);
    return true;
}

static void remove_dead(struct log *log)
{
    uint64_t safe = log->older_cut;

    if (log->segments.dead == log->unlinking || !log->running || log->closed || log->newest_cut == 0)
        return;
    if (log_is_short(log))
        safe = log->newest_cut;
    uint64_t floor = log_history_floor(log);
    for (size_t i = 0; i < log->segments.count && log->unlinking < UNLINKS_MAX; i++) {
        struct segment *seg = &log->segments.at[i];
        if (seg->end > floor)
            break;
        if (seg->dead_at == 0 || seg->dead_at > safe || seg->leaving || seg->busy)
            continue;
        if (seg->dead_at > log->older_cut && log->older_cut != 0) {
            if (!log_push_job(log, &(struct job){.kind = JOB_DROP_CHECKPOINT, .base = log->older_cut}))
                return;
            log->older_cut = 0;
        }
        if (!log_push_job(log, &(struct job){.kind = JOB_UNLINK, .name = segment_name(seg)}))
            return;
        seg->leaving = true;
        log->unlinking++;
    }
}

static void unlink_done(struct log *log, const struct job *job)
{
    const struct segment *seg = segments_find(&log->segments, job->name.base);

    ENSURE(seg && seg->leaving && seg->base == job->name.base);
    log->unlinking--;
    log->unlinked++;
    if (job->result < 0 && job->result != -ENOENT) {
        log->file_errors++;
        log_note_trouble(log, LOG_TROUBLE_FILE, "a segment could not be removed", job->result);
    }
    segments_remove(&log->segments, (size_t)(seg - log->segments.at));
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */

/* Would a checkpoint free at least as much as it takes? So a backlog of a few large messages gives its room back. */
static bool pays(const struct log *log)
{
    uint64_t freed = 0;

    for (size_t i = 0; i < log->segments.count; i++) {
        const struct segment *seg = &log->segments.at[i];
        if (seg->dead_at > log->newest_cut && !seg->leaving)
            freed += seg->capacity;
    }
    return freed > 0 && freed >= log->checkpoint_bytes && !log->checkpoint_failed;
}

bool log_checkpoint_due(const struct log *log)
{
    uint64_t since = log->tail - log->checkpoint_tail;

    if (log->checkpoint_state != CHECKPOINT_NONE || log->state == LOG_READ_ONLY || log->closed)
        return false;
    /* A pinned segment goes by a checkpoint, too: its owner writes the records anew before it. */
    bool frees = log->segments.dead > log->unlinking || log->segments.pinned > 0;
    if (log_is_short(log) && frees && (since >= CHECKPOINT_FULL_BYTES || (since > 0 && pays(log))))
        return true;
    return since >= max_u64(CHECKPOINT_LOG_BYTES, CHECKPOINT_RATIO * log->checkpoint_bytes);
}

bool log_checkpoint_busy(const struct log *log) { return log->checkpoint_state != CHECKPOINT_NONE; }

/* What the log itself says in a checkpoint of this moment: pointers and counts, which the janitor encodes. */
static struct checkpoint *checkpoint_make(struct log *log)
{
    size_t count = log->segments.count;
    struct checkpoint *ckpt = calloc(1, sizeof(*ckpt));
    struct checkpoint_segment *table = malloc(count * sizeof(*table));
    struct lsnset **dead = malloc(count * sizeof(struct lsnset *));

    if (!ckpt || !table || !dead) {
        free(ckpt);
        free(table);
        free(dead);
        return NULL;
    }
    ckpt->segments = table;
    ckpt->dead = dead;
    ckpt->header = (struct checkpoint_header){
        .cut = log->tail,
        .created_ms = log->options.now_ms,
        .epoch = log->epoch,
        .segments = (uint32_t)count,
    };
    memcpy(ckpt->header.uuid, log->options.uuid, UUID_BYTES);
    segments_freeze(&log->segments);
    for (size_t i = 0; i < count; i++) {
        const struct segment *seg = &log->segments.at[i];
        table[i] = (struct checkpoint_segment){
            .base = seg->base, .end = seg->end, .prev_end = seg->prev_end, .dead_at = seg->dead_at,
            .tracked = seg->tracked, .live = seg->live, .pins = seg->pins, .tracked_bytes = seg->tracked_bytes,
            .epoch = seg->epoch, .generation = seg->generation, .blind = seg->blind,
        };
        dead[i] = lsnset_copy(seg->dead);
    }
    return ckpt;
}

static void hand_checkpoint_over(struct log *log)
{
    if (log->checkpoint_state != CHECKPOINT_WAITS || log->durable < log->checkpoint->header.cut)
        return;
    struct job job = {.kind = JOB_CHECKPOINT, .checkpoint = log->checkpoint, .keep = log->newest_cut,
                      .checkpoint_bytes = checkpoint_bytes_max(log, ROOM_PART)};
    if (chan_room(&log->janitor.jobs) == 0)
        return;
    chan_push(&log->janitor.jobs, &job);
    bell_ring(&log->janitor.bell);
    log->checkpoint = NULL;
    log->checkpoint_state = CHECKPOINT_BUSY;
}

int log_checkpoint_begin(struct log *log)
{
    ENSURE(log->recovered && !log->more);
    if (log->checkpoint_state != CHECKPOINT_NONE || log->state == LOG_READ_ONLY || log->closed)
        return -EBUSY;
    if (log->tail == log->newest_cut) /* nothing was appended since: it is there already */
        return 0;
    log->checkpoint = checkpoint_make(log);
    if (!log->checkpoint)
        return -ENOMEM;
    log->checkpoint_state = CHECKPOINT_OPEN;
    log->checkpoint_spoiled = false;
    log->checkpoint_tail = log->tail;
    log->want_durable = log->tail;
    return 1;
}

void log_checkpoint_image(struct log *log, void *image, size_t bytes, void (*release)(void *image, size_t bytes))
{
    ENSURE(log->checkpoint_state == CHECKPOINT_OPEN && image);
    if (log->checkpoint_spoiled) {
        log->checkpoint->image = image;
        log->checkpoint->release = release;
        log_checkpoint_cancel(log);
        return;
    }
    log->checkpoint->header.image_bytes = bytes;
    log->checkpoint->image = image;
    log->checkpoint->release = release;
    log->checkpoint_state = CHECKPOINT_WAITS;
    hand_checkpoint_over(log);
}

void log_checkpoint_spoil(struct log *log, uint64_t lsn)
{
    bool open = log->checkpoint_state == CHECKPOINT_OPEN;

    if ((!open && log->checkpoint_state != CHECKPOINT_WAITS) || log->checkpoint->header.cut <= lsn)
        return;
    log->checkpoint_spoiled = open;
    if (open)
        return; /* the owner still has its image in hand */
    log->checkpoint_state = CHECKPOINT_OPEN;
    log_checkpoint_cancel(log);
}

void log_checkpoint_cancel(struct log *log)
{
    ENSURE(log->checkpoint_state == CHECKPOINT_OPEN);
    segments_frozen(&log->segments, false);
    checkpoint_free(log->checkpoint);
    log->checkpoint = NULL;
    log->checkpoint_state = CHECKPOINT_NONE;
    segments_frozen(&log->segments, false);
}

static void checkpoint_done(struct log *log, const struct job *job)
{
    log->checkpoint_state = CHECKPOINT_NONE;
    segments_frozen(&log->segments, job->result == 0);
    log->checkpoint_failed = job->result < 0;
    if (job->result < 0) {
        log->checkpoint_errors++;
        log_note_trouble(log, LOG_TROUBLE_CHECKPOINT, "a checkpoint could not be written", job->result);
    }
    if (job->result == 0) {
        log->older_known = log->newest_known;
        log->newest_known = true;
        log->compact_look = true;
        log->older_cut = log->newest_cut;
        log->newest_cut = job->checkpoint->header.cut;
        log->checkpoint_bytes = job->checkpoint->header.image_bytes;
        log->checkpoints++;
    }
    checkpoint_free(job->checkpoint);
}

/* ---- the loop's turn ------------------------------------------------------------------------------------------- */

static bool take_dones(struct log *log)
{
    struct job job;
    bool any = false;

    for (; chan_take(&log->janitor.dones, &job); any = true) {
        switch (job.kind) {
        case JOB_SPARE:
            standby_done(log, &log->spare, &job);
            break;
        case JOB_RESERVE:
            standby_done(log, &log->reserves[0], &job);
            break;
        case JOB_RESERVE2:
            standby_done(log, &log->reserves[1], &job);
            break;
        case JOB_CHECKPOINT:
            checkpoint_done(log, &job);
            break;
        case JOB_UNLINK:
            if (job.replaced)
                log_replaced_gone(log, &job);
            else
                unlink_done(log, &job);
            break;
        case JOB_COMPACT:
            log_compact_done(log, &job);
            break;
        case JOB_DROP_CHECKPOINT:
            break;
        }
    }
    return any;
}

/* A segment that was made: its standby is gone, the next one can be made under the same name. */
static void take_rolls(struct log *log)
{
    uint32_t rolls = atomic_load(&log->writer.rolls);

    if (rolls == log->rolls_seen)
        return;
    log->rolls_seen = rolls;
    log->rolling = false;
    if (log->spare.state == STANDBY_CLAIMED)
        log->spare = (struct standby){.state = STANDBY_NONE};
    for (size_t i = 0; i < ARRAY_LEN(log->reserves); i++)
        if (log->reserves[i].state == STANDBY_CLAIMED)
            log->reserves[i] = (struct standby){.state = STANDBY_NONE};
}

static enum log_state present_state(const struct log *log)
{
    if (atomic_load(&log->writer.failed) != 0 || atomic_load(&log->janitor.watch.gone))
        return LOG_READ_ONLY;
    if (atomic_load(&log->writer.full) || is_over(log) || (log->spare.no_room && (log->in_reserve || log->refused)))
        return LOG_FULL;
    return LOG_OK;
}

/* While something is going on, the janitor looks at the disk and the directory. */
static void look_around(struct log *log)
{
    if (!log->running || log->closed || log->tail == log->looked_tail)
        return;
    uint64_t now = log->options.clock_ns(log->options.clock_ctx);
    if (now - log->looked_ns < LOOK_NS && log->looked_ns != 0)
        return;
    log->dead_bytes = 0;
    for (size_t i = 0; i < log->segments.count; i++)
        log->dead_bytes += lsnset_image_bytes(log->segments.at[i].dead);
    log->looked_tail = log->tail;
    log->looked_ns = now;
    atomic_store(&log->janitor.look, true);
    bell_ring(&log->janitor.bell);
}

bool log_space_poll(struct log *log)
{
    bool changed = take_dones(log);

    look_around(log);

    take_rolls(log);
    hand_checkpoint_over(log);
    ask_for_standbys(log);
    remove_dead(log);
    log_compact_poll(log);
    enum log_state state = present_state(log);
    changed = changed || state != log->state;
    log->state = state;
    return changed;
}
