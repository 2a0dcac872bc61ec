/* janitor.c - see janitor.h. SPDX-License-Identifier: MIT */
#include "store/janitor.h"

#include "store/format.h"
#include "store/paths.h"

enum { RETRY_NS = 1000000000 };

bool janitor_init(struct janitor *janitor)
{
    return chan_init(&janitor->jobs, sizeof(struct job), JANITOR_JOBS) &&
           chan_init(&janitor->dones, sizeof(struct job), 2 * JANITOR_JOBS);
}

static void free_jobs(struct chan *chan)
{
    struct job job;

    while (chan->items && chan_take(chan, &job))
        checkpoint_free(job.checkpoint);
    chan_free(chan);
}

void janitor_fini(struct janitor *janitor)
{
    free_jobs(&janitor->jobs);
    free_jobs(&janitor->dones);
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

static void report(struct janitor *janitor, const struct job *job)
{
    chan_push(&janitor->dones, job);
    janitor->wake(janitor->wake_ctx);
}

static uint64_t now_ns(const struct janitor *janitor) { return janitor->clock_ns(janitor->clock_ctx); }

/* A small segment on a disk that is nearly full is better than refusing pushes. */
static int prepare_spare(struct janitor *janitor, struct job *job)
{
    uint64_t least = min_u64(job->wanted_bytes, SPARE_BYTES_MIN);
    int rc = checkpoint_reserve(janitor->disk, janitor->dir, job->checkpoint_bytes);

    if (disk_is_full(rc))
        return rc;
    for (uint64_t bytes = job->wanted_bytes;; bytes = max_u64(bytes / 2, least)) {
        rc = janitor_prepare(janitor->disk, janitor->dir, SPARE_NAME, bytes, &job->bytes);
        if (!disk_is_full(rc) || bytes == least)
            return rc;
    }
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
    for (int kind = JANITOR_FILES - 1; kind >= JOB_SPARE; kind--) {
        struct job job = janitor->unmet[kind];
        if (job.wanted_bytes > 0)
            prepare(janitor, &job, true);
    }
}

static bool lacks_room(const struct janitor *janitor)
{
    bool lacks = false;

    for (size_t kind = 0; kind < JANITOR_FILES; kind++)
        lacks = lacks || janitor->unmet[kind].wanted_bytes > 0;
    return lacks;
}

/* What was waiting for the room is there when the removal is reported. */
static void remove_file(struct janitor *janitor, struct job *job)
{
    struct path path = path_segment(janitor->dir, job->base);

    if (job->kind == JOB_UNLINK)
        job->result = janitor->disk->unlink(janitor->disk->ctx, path.text);
    else
        job->result = checkpoint_drop(janitor->disk, janitor->dir, job->base);
    retry(janitor);
    report(janitor, job);
}

bool janitor_step(struct janitor *janitor)
{
    struct job job;

    if (!chan_take(&janitor->jobs, &job)) {
        if (!lacks_room(janitor) || now_ns(janitor) < janitor->retry_ns)
            return false;
        janitor->retry_ns = now_ns(janitor) + RETRY_NS;
        retry(janitor);
        return true;
    }
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
    }
    return true;
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
        if (chan_empty(&janitor->jobs) && atomic_load(&janitor->order) == order)
            bell_wait(&janitor->bell, lacks_room(janitor) ? RETRY_NS : BELL_FOREVER);
    }
}
