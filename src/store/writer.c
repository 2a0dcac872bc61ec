/* writer.c - see writer.h. SPDX-License-Identifier: MIT */
#include "store/writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/heal.h"
#include "store/paths.h"

enum { FULL_RETRY_NS = 200000000 };

bool writer_init(struct writer *writer)
{
    writer->file = -1;
    return chan_init(&writer->items, sizeof(struct writer_item), WRITER_ITEMS) &&
           chan_init(&writer->splits, sizeof(struct writer_split), WRITER_SPLITS);
}

void writer_fini(struct writer *writer)
{
    if (writer->file >= 0)
        writer->disk->close(writer->disk->ctx, writer->file);
    writer->file = -1;
    chan_free(&writer->items);
    chan_free(&writer->splits);
}

void writer_open(struct writer *writer, int file, const struct segment_header *header, uint64_t capacity)
{
    writer->file = file;
    writer->base = header->base;
    writer->header = *header;
    writer->capacity = capacity;
    atomic_store(&writer->written, header->base);
    atomic_store(&writer->durable, header->base);
}

static void fail(struct writer *writer, const char *what, int rc)
{
    char text[64];

    (void)snprintf(writer->reason, sizeof(writer->reason), "%s of segment %016llx failed: %s", what,
                   (unsigned long long)writer->base, strerror_r(-rc, text, sizeof(text)));
    atomic_store(&writer->failed, -rc);
    writer->wake(writer->wake_ctx);
}

static uint64_t now_ns(const struct writer *writer) { return writer->clock_ns(writer->clock_ctx); }

/* 0 = due now; UINT64_MAX = not until something happens; else nanoseconds until it is. */
static uint64_t sync_due_in(const struct writer *writer)
{
    uint64_t written = atomic_load_explicit(&writer->written, memory_order_relaxed);
    uint64_t durable = atomic_load_explicit(&writer->durable, memory_order_relaxed);

    if (written == durable)
        return UINT64_MAX;
    if (atomic_load(&writer->want_durable) > durable || written - durable >= writer->ring->bytes / 4)
        return 0;
    if (writer->interval_ns == 0)
        return UINT64_MAX;
    uint64_t age = now_ns(writer) - writer->unsynced_ns;
    return age >= writer->interval_ns ? 0 : writer->interval_ns - age;
}

static bool sync_now(struct writer *writer)
{
    uint64_t begin = now_ns(writer);
    int rc = writer->disk->sync(writer->disk->ctx, writer->file);

    if (rc < 0 && !heal(writer, "sync", rc)) {
        fail(writer, "sync", rc);
        return false;
    }
    uint64_t took = now_ns(writer) - begin;
    atomic_fetch_add(&writer->syncs, 1);
    atomic_store(&writer->sync_ns_last, took);
    if (took > atomic_load(&writer->sync_ns_max))
        atomic_store(&writer->sync_ns_max, took);
    atomic_store(&writer->durable, atomic_load_explicit(&writer->written, memory_order_relaxed));
    return true;
}

static int write_at_base(struct writer *writer, uint64_t begin, uint64_t end)
{
    uint64_t at = SEGMENT_HEADER_BYTES + (begin - writer->base);

    return writer->disk->pwrite(writer->disk->ctx, writer->file, ring_at(writer->ring, begin), end - begin, at);
}

/* True when the batch is in the file. */
static bool write_batch(struct writer *writer, uint64_t end)
{
    uint64_t begin = atomic_load_explicit(&writer->written, memory_order_relaxed);

    if (atomic_load_explicit(&writer->full, memory_order_relaxed) && now_ns(writer) < writer->retry_ns)
        return false;
    ENSURE(end > begin && end - begin <= writer->ring->bytes);
    int rc = write_at_base(writer, begin, end);
    if (rc < 0 && rc != -ENOSPC && rc != -EDQUOT && heal(writer, "write", rc))
        rc = write_at_base(writer, begin, end);
    if (rc == -ENOSPC || rc == -EDQUOT) {
        writer->retry_ns = now_ns(writer) + FULL_RETRY_NS;
        if (!atomic_exchange(&writer->full, true))
            writer->wake(writer->wake_ctx);
        return false;
    }
    if (rc < 0) {
        fail(writer, "write", rc);
        return false;
    }
    if (begin == atomic_load_explicit(&writer->durable, memory_order_relaxed))
        writer->unsynced_ns = now_ns(writer);
    atomic_store_explicit(&writer->full, false, memory_order_release);
    atomic_fetch_add(&writer->batches, 1);
    atomic_store(&writer->written, end);
    return true;
}

int segment_make(struct disk *disk, const char *dir, const char *from, const struct segment_header *header)
{
    char bytes[SEGMENT_HEADER_BYTES];
    struct path from_path = path_of(dir, from), log_path = path_of(dir, "log");
    struct path to_path = path_segment(dir, header->base);
    int file = disk->open(disk->ctx, from_path.text, DISK_WRITE);

    if (file < 0)
        return file;
    segment_header_encode(bytes, header);
    int rc = disk->pwrite(disk->ctx, file, bytes, sizeof(bytes), 0);
    if (rc == 0)
        rc = disk->sync(disk->ctx, file);
    if (rc == 0)
        rc = disk->rename(disk->ctx, from_path.text, to_path.text);
    if (rc == 0)
        rc = disk->sync_dir(disk->ctx, log_path.text);
    if (rc == 0)
        return file;
    disk->close(disk->ctx, file);
    return rc;
}

/* The spare failed on its way to become the successor: nothing of it is used again. */
static bool roll_anew(struct writer *writer, const char *from, int rc)
{
    struct path path = path_of(writer->dir, from);

    (void)writer->disk->unlink(writer->disk->ctx, path.text);
    return heal(writer, "making", rc);
}

static bool roll(struct writer *writer, const struct writer_item *item)
{
    if (atomic_load(&writer->written) > atomic_load(&writer->durable) && !sync_now(writer))
        return false;
    uint32_t epoch = (uint32_t)max_u64(item->header.epoch, writer->header.epoch);
    int last = writer->file;
    writer->header = item->header;
    writer->header.epoch = epoch;
    writer->capacity = item->capacity;
    writer->base = item->header.base;
    writer->file = segment_make(writer->disk, writer->dir, item->from, &writer->header);
    writer->disk->close(writer->disk->ctx, last);
    if (writer->file < 0) {
        int rc = writer->file;
        writer->file = -1;
        if (!roll_anew(writer, item->from, rc)) {
            fail(writer, "making", rc);
            return false;
        }
    }
    atomic_fetch_add(&writer->rolls, 1);
    return true;
}

static void report_done(struct writer *writer)
{
    atomic_store(&writer->done, writer->taken);
    writer->wake(writer->wake_ctx);
}

static bool run_item(struct writer *writer, const struct writer_item *item)
{
    uint64_t before = atomic_load_explicit(&writer->written, memory_order_relaxed);

    if (item->roll ? !roll(writer, item) : !write_batch(writer, item->end))
        return false;
    chan_drop(&writer->items);
    writer->taken++;
    if (sync_due_in(writer) != 0)
        report_done(writer);
    else if (atomic_load(&writer->want_written) > before)
        writer->wake(writer->wake_ctx);
    return true;
}

bool writer_step(struct writer *writer)
{
    struct writer_item item;

    if (atomic_load_explicit(&writer->failed, memory_order_relaxed) != 0)
        return false;
    bool due = sync_due_in(writer) == 0;
    uint64_t unsynced = atomic_load_explicit(&writer->written, memory_order_relaxed) -
                        atomic_load_explicit(&writer->durable, memory_order_relaxed);
    if ((!due || unsynced < writer->ring->bytes / 8) && chan_peek(&writer->items, &item) && run_item(writer, &item))
        return true;
    if (!due || atomic_load_explicit(&writer->failed, memory_order_relaxed) != 0 || !sync_now(writer))
        return false;
    report_done(writer);
    return true;
}

/* How long to sleep when writer_step() found nothing to do. */
static int64_t sleep_ns(const struct writer *writer)
{
    if (atomic_load(&writer->failed) != 0)
        return BELL_FOREVER;
    if (atomic_load(&writer->full))
        return FULL_RETRY_NS;
    if (!chan_empty(&writer->items))
        return 0;
    uint64_t due_in = sync_due_in(writer);
    return due_in == UINT64_MAX ? BELL_FOREVER : (int64_t)due_in;
}

static void finish(struct writer *writer)
{
    if (atomic_load(&writer->failed) == 0 && atomic_load(&writer->written) > atomic_load(&writer->durable))
        (void)sync_now(writer); /* a failure stands in `failed` */
}

void *writer_main(void *arg)
{
    struct writer *writer = arg;

    for (;;) {
        int order = atomic_load(&writer->order);

        if (order == WRITER_KILL)
            return NULL;
        if (writer_step(writer))
            continue;
        if (order == WRITER_FINISH) {
            finish(writer);
            return NULL;
        }
        bell_arm(&writer->bell);
        int64_t sleep = sleep_ns(writer);
        if (sleep != 0 && atomic_load(&writer->order) == order)
            bell_wait(&writer->bell, sleep);
    }
}
