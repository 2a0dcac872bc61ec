/* janitor.c - see janitor.h. SPDX-License-Identifier: MIT */
#include "store/janitor.h"

#include <errno.h>

#include "store/format.h"
#include "store/paths.h"

enum {
    RETRY_NS = 1000000000,
    PACE_SECOND = 1000000000,
    PACE_NS_MAX = 1000000000,
    PACE_BYTES_MAX = 64 * 1024 * 1024,
    PACE_BURST_BYTES = 4 * COMPACT_STEP_BYTES,
    PACE_LEAST_NS = 1000000,
    PACE_MOST_NS = 10000000, /* what the log takes in may set another pace by then */
};

bool janitor_init(struct janitor *janitor)
{
    janitor->watch.disk = janitor->disk;
    janitor->watch.dir = janitor->dir;
    return chan_init(&janitor->jobs, sizeof(struct job), JANITOR_JOBS) &&
           chan_init(&janitor->dones, sizeof(struct job), 2 * JANITOR_JOBS);
}

static void free_jobs(struct chan *chan)
{
    struct job job;

    while (chan->items && chan_take(chan, &job)) {
        checkpoint_free(job.checkpoint);
        compact_free(job.compaction);
    }
    chan_free(chan);
}

void janitor_fini(struct janitor *janitor)
{
    free_jobs(&janitor->jobs);
    free_jobs(&janitor->dones);
    if (janitor->compacting.compaction)
        compact_close(janitor->compacting.compaction, janitor->disk);
    compact_free(janitor->compacting.compaction);
    janitor->compacting.compaction = NULL;
}

int janitor_prepare(struct disk *disk, const char *dir, const char *name, uint64_t bytes, uint64_t *ret_bytes)
{
    struct path path = path_of(dir, name), folder = path_of(dir, "log");
    int file = disk->open(disk->ctx, path.text, DISK_CREATE);

    if (file < 0)
        return file;
    int64_t size = disk->size(disk->ctx, file);
    int rc = size < 0 ? (int)size : 0;
    if (rc == 0) /* also where the size is right: a crash may have left a size without its room */
        rc = disk->allocate(disk->ctx, file, max_u64(bytes, (uint64_t)size));
    if (rc < 0 && size >= 0) /* what was claimed before the disk was full would be missing elsewhere */
        (void)disk->truncate(disk->ctx, file, (uint64_t)size);
    if (rc == 0)
        rc = disk->sync(disk->ctx, file);
    disk->close(disk->ctx, file);
    if (rc == 0)
        rc = disk->sync_dir(disk->ctx, folder.text);
    if (rc == 0)
        *ret_bytes = max_u64(bytes, (uint64_t)size);
    return rc;
}

void janitor_shrink(struct disk *disk, const char *dir, const char *name, uint64_t bytes)
{
    struct path path = path_of(dir, name);
    int file = disk->open(disk->ctx, path.text, DISK_WRITE);

    if (file < 0)
        return;
    if (disk->size(disk->ctx, file) > (int64_t)bytes)
        (void)disk->truncate(disk->ctx, file, bytes);
    disk->close(disk->ctx, file);
}

static void report(struct janitor *janitor, const struct job *job)
{
    chan_push(&janitor->dones, job);
    janitor->wake(janitor->wake_ctx);
}

static uint64_t now_ns(const struct janitor *janitor) { return janitor->clock_ns(janitor->clock_ctx); }

static void look(struct janitor *janitor)
{
    if (watch_look(&janitor->watch))
        janitor->wake(janitor->wake_ctx);
    if (atomic_load(&janitor->watch.over) != WATCH_NONE)
        janitor->retry_ns = now_ns(janitor) + RETRY_NS;
}

static uint64_t spare_bytes(struct janitor *janitor)
{
    struct path path = path_of(janitor->dir, SPARE_NAME);
    int file = janitor->disk->open(janitor->disk->ctx, path.text, DISK_READ);
    int64_t size = file < 0 ? 0 : janitor->disk->size(janitor->disk->ctx, file);

    if (file >= 0)
        janitor->disk->close(janitor->disk->ctx, file);
    return size > 0 ? (uint64_t)size : 0;
}

/* Room for a copy of the little that is needed of a segment, which lets that segment go. */
static int reserve_for_copy(struct janitor *janitor, uint64_t bytes)
{
    struct disk *disk = janitor->disk;
    struct path path = path_of(janitor->dir, COMPACT_NAME);
    int file = disk->open(disk->ctx, path.text, DISK_READ);
    int64_t size = file < 0 ? 0 : disk->size(disk->ctx, file);

    if (file >= 0)
        disk->close(disk->ctx, file);
    return size >= (int64_t)bytes ? 0 : janitor_prepare(disk, janitor->dir, COMPACT_NAME, bytes, &bytes);
}

/* A small segment on a disk that is nearly full is better than refusing pushes. */
static int prepare_spare(struct janitor *janitor, struct job *job)
{
    uint64_t least = min_u64(job->wanted_bytes, SPARE_BYTES_MIN), has = 0;
    enum watch_limit limit = WATCH_NONE;
    int rc = checkpoint_reserve(janitor->disk, janitor->dir, job->checkpoint_bytes);

    if (!disk_is_full(rc) && !janitor->compacting.compaction)
        rc = reserve_for_copy(janitor, job->copy_bytes);
    if (disk_is_full(rc))
        return rc;
    look(janitor);
    if (janitor->watch.max_disk != 0 || janitor->watch.free_min != 0)
        has = spare_bytes(janitor);
    for (uint64_t bytes = job->wanted_bytes;; bytes = max_u64(bytes / 2, least)) {
        limit = watch_ask(&janitor->watch, bytes - min_u64(bytes, has) + job->checkpoint_bytes);
        rc = limit != WATCH_NONE ? -EDQUOT
                                 : janitor_prepare(janitor->disk, janitor->dir, SPARE_NAME, bytes, &job->bytes);
        if (!disk_is_full(rc) || bytes == least)
            break;
    }
    atomic_store(&janitor->watch.denied, limit);
    return rc;
}

static void prepare(struct janitor *janitor, struct job *job, bool again)
{
    const char *name = job->kind == JOB_RESERVE ? RESERVE_NAME : RESERVE2_NAME;

    if (job->kind == JOB_SPARE)
        job->result = prepare_spare(janitor, job);
    else
        job->result = janitor_prepare(janitor->disk, janitor->dir, name, job->wanted_bytes, &job->bytes);
    janitor->unmet[job->kind] = job->result < 0 ? *job : (struct job){.wanted_bytes = 0};
    if (job->result < 0)
        janitor->retry_ns = now_ns(janitor) + RETRY_NS;
    if (!again || job->result == 0)
        report(janitor, job);
}

/* Tries again what found no room, the reserves first: they are what keeps consumers going. */
static void retry(struct janitor *janitor)
{
    if (atomic_load(&janitor->watch.over) != WATCH_NONE)
        look(janitor);
    for (int kind = JANITOR_FILES - 1; kind >= JOB_SPARE; kind--) {
        struct job job = janitor->unmet[kind];
        if (job.wanted_bytes > 0)
            prepare(janitor, &job, true);
    }
}

static bool lacks_room(const struct janitor *janitor)
{
    bool lacks = atomic_load(&janitor->watch.over) != WATCH_NONE;

    for (size_t kind = 0; kind < JANITOR_FILES; kind++)
        lacks = lacks || janitor->unmet[kind].wanted_bytes > 0;
    return lacks;
}

/* What was waiting for the room is there when the removal is reported. */
static void remove_file(struct janitor *janitor, struct job *job)
{
    struct path path = path_named(janitor->dir, &job->name);

    if (job->kind == JOB_UNLINK)
        job->result = janitor->disk->unlink(janitor->disk->ctx, path.text);
    else
        job->result = checkpoint_drop(janitor->disk, janitor->dir, job->base);
    retry(janitor);
    report(janitor, job);
}

/* ---- compaction -------------------------------------------------------------------------------------------------- */

/* How long until the next step may be made; 0 = now. */
static uint64_t pace(struct janitor *janitor)
{
    uint64_t now = now_ns(janitor), taken = atomic_load_explicit(janitor->taken_in, memory_order_relaxed);
    uint64_t rate = janitor->compact_rate;

    if (rate == 0 || janitor->compacting.compaction->hurry)
        return 0;
    uint64_t passed = min_u64(now - janitor->pace_ns, PACE_NS_MAX);
    uint64_t came = min_u64(taken - janitor->pace_taken, PACE_BYTES_MAX);
    janitor->pace_ns = now;
    janitor->pace_taken = taken;
    janitor->pace_bytes += (int64_t)max_u64(passed * rate / PACE_SECOND, 2 * came); /* both read and written */
    if (janitor->pace_bytes > PACE_BURST_BYTES)
        janitor->pace_bytes = PACE_BURST_BYTES;
    if (janitor->pace_bytes > 0)
        return 0;
    return min_u64((uint64_t)-janitor->pace_bytes * PACE_SECOND / rate + PACE_LEAST_NS, PACE_MOST_NS);
}

static bool compact(struct janitor *janitor)
{
    struct job *job = &janitor->compacting;
    uint64_t bytes;

    if (!job->compaction || pace(janitor) > 0)
        return false;
    bool last = !job->compaction->hurry;
    if (last)
        janitor->disk->go_last(janitor->disk->ctx, true);
    job->result = compact_step(job->compaction, janitor->disk, janitor->dir, &bytes);
    if (last)
        janitor->disk->go_last(janitor->disk->ctx, false);
    janitor->pace_bytes -= (int64_t)bytes;
    if (job->result == 1)
        return true;
    report(janitor, job);
    job->compaction = NULL;
    return true;
}

void janitor_cancel(struct janitor *janitor)
{
    struct job *job = &janitor->compacting;

    if (!job->compaction)
        return;
    compact_cancel(job->compaction, janitor->disk, janitor->dir);
    job->result = -ECANCELED;
    report(janitor, job);
    job->compaction = NULL;
}

static bool work_unasked(struct janitor *janitor)
{
    if (compact(janitor))
        return true;
    if (!lacks_room(janitor) || now_ns(janitor) < janitor->retry_ns)
        return false;
    janitor->retry_ns = now_ns(janitor) + RETRY_NS;
    retry(janitor);
    return true;
}

bool janitor_step(struct janitor *janitor)
{
    struct job job;

    if (atomic_exchange(&janitor->look, false)) {
        look(janitor);
        return true;
    }
    if (!chan_take(&janitor->jobs, &job))
        return work_unasked(janitor);
    switch (job.kind) {
    case JOB_SPARE:
    case JOB_RESERVE:
    case JOB_RESERVE2:
        job.wanted_bytes = job.bytes;
        prepare(janitor, &job, false);
        break;
    case JOB_CHECKPOINT:
        job.result = checkpoint_write(janitor->disk, janitor->dir, job.checkpoint, job.keep,
                                      job.checkpoint_bytes);
        checkpoint_drop_image(job.checkpoint); /* here, so that the loop need not */
        report(janitor, &job);
        break;
    case JOB_UNLINK:
    case JOB_DROP_CHECKPOINT:
        remove_file(janitor, &job);
        break;
    case JOB_COMPACT:
        ENSURE(!janitor->compacting.compaction);
        janitor->compacting = job;
        break;
    }
    return true;
}

static int64_t sleep_ns(struct janitor *janitor)
{
    int64_t sleep = lacks_room(janitor) ? RETRY_NS : BELL_FOREVER;

    if (!janitor->compacting.compaction)
        return sleep;
    uint64_t wait = pace(janitor);
    return sleep == BELL_FOREVER || wait < (uint64_t)sleep ? (int64_t)wait : sleep;
}

void *janitor_main(void *arg)
{
    struct janitor *janitor = arg;

    for (;;) {
        int order = atomic_load(&janitor->order);

        if (order == JANITOR_KILL || (order == JANITOR_FINISH && chan_empty(&janitor->jobs)))
            return NULL;
        if (janitor_step(janitor))
            continue;
        bell_arm(&janitor->bell);
        if (chan_empty(&janitor->jobs) && !atomic_load(&janitor->look) && atomic_load(&janitor->order) == order)
            bell_wait(&janitor->bell, sleep_ns(janitor));
    }
}
