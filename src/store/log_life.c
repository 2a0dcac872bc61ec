/* log_life.c - the life of a log: new, recover, start, stop, free. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/heal.h"
#include "store/log_impl.h"
#include "store/paths.h"

static void no_wake(void *ctx) { (void)ctx; }

/* hooks.wake is known only from log_recover() on. */
static void wake(void *ctx)
{
    struct log *log = ctx;

    log->hooks.wake(log->hooks.ctx);
}

static void check_options(const struct log_options *options)
{
    ENSURE(options->disk && options->dir && options->clock_ns);
    ENSURE(options->ring_bytes >= 1024 * 1024 && options->ring_bytes <= 1024 * 1024 * 1024);
    ENSURE(options->record_bytes_max >= 1024 && options->record_bytes_max <= options->ring_bytes / 4);
    ENSURE(options->record_bytes_max <= RECORD_BYTES_MAX);
    ENSURE(options->read_cache_bytes >= 1024 * 1024);
    ENSURE(options->gc_rate <= 1 << 30);
    ENSURE(options->segment_bytes >= 1024 * 1024 && options->segment_bytes <= 1024 * 1024 * 1024);
    ENSURE(options->sync != LOG_SYNC_INTERVAL || (options->interval_ms >= 1 && options->interval_ms <= 60000));
}

static uint64_t interval_ns(const struct log_options *options)
{
    if (options->sync == LOG_SYNC_NONE)
        return 0;
    return (options->sync == LOG_SYNC_ALWAYS ? ALWAYS_INTERVAL_MS : options->interval_ms) * UINT64_C(1000000);
}

static bool init_helpers(struct log *log)
{
    const struct log_options *o = &log->options;

    log->writer.disk = log->reader.disk = log->janitor.disk = log->scout.disk = o->disk;
    log->writer.dir = log->reader.dir = log->janitor.dir = log->scout.dir = log->dir;
    log->writer.wake = log->reader.wake = log->janitor.wake = log->scout.wake = wake;
    log->writer.wake_ctx = log->reader.wake_ctx = log->janitor.wake_ctx = log->scout.wake_ctx = log;
    log->writer.clock_ns = log->janitor.clock_ns = o->clock_ns;
    log->writer.clock_ctx = log->janitor.clock_ctx = o->clock_ctx;
    log->janitor.compact_rate = o->gc_rate;
    log->janitor.taken_in = &log->writer.written;
    log->writer.ring = &log->ring;
    log->writer.interval_ns = interval_ns(o);
    log->janitor.watch.max_disk = o->max_disk;
    log->janitor.watch.free_min = o->disk_free_min;
    log->reader.budget = o->read_cache_bytes / 2;
    bool good = writer_init(&log->writer) && reader_init(&log->reader) && janitor_init(&log->janitor) &&
                scout_init(&log->scout);
    cache_init(&log->cache, o->read_cache_bytes, &log->reader.requests, &log->reader.replies);
    log->cache.locate = log_locate;
    log->cache.locate_ctx = log;
    return good;
}

struct log *log_new(const struct log_options *options)
{
    check_options(options);
    struct log *log = calloc(1, sizeof(*log));
    if (!log)
        return NULL;
    log->options = *options;
    log->hooks.wake = no_wake;
    log->lock = -1;
    list_init(&log->finds_used);
    list_init(&log->scout_jobs);
    list_init(&log->walks);
    log->writer.file = -1;
    cache_init(&log->cache, options->read_cache_bytes, NULL, NULL);
    log->dir = strdup(options->dir);
    if (!log->dir || ring_init(&log->ring, options->ring_bytes) < 0 || !init_helpers(log)) {
        log_free(log);
        return NULL;
    }
    return log;
}

/* Makes `dir` and what leads to it; a directory that was made is durable when it returns. */
static int make_dirs(struct disk *disk, const char *dir)
{
    struct path path = path_of(dir, "");

    for (char *end = path.text + 1; *end; end++) {
        if (*end != '/' || end[-1] == '/')
            continue;
        *end = '\0';
        int rc = disk->make_dir(disk->ctx, path.text);
        *end = '/';
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void sync_parent(struct disk *disk, const char *dir)
{
    struct path path = path_of(dir, "");
    size_t len = strlen(path.text);

    while (len > 1 && path.text[len - 1] == '/')
        len--;
    while (len > 1 && path.text[len - 1] != '/')
        len--;
    path.text[len] = '\0';
    if (path.text[0] != '/' && len <= 1)
        path = (struct path){"."};
    (void)disk->sync_dir(disk->ctx, path.text); /* a parent that may not be opened: then the admin made it */
}

static int prepare_dir(struct log *log)
{
    static const char *const folders[] = {"log", "ckpt"};
    struct disk *disk = log->options.disk;
    int rc = strlen(log->dir) <= PATH_DIR_BYTES_MAX ? make_dirs(disk, log->dir) : -ENAMETOOLONG;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(folders); i++) {
        struct path path = path_of(log->dir, folders[i]);
        rc = disk->make_dir(disk->ctx, path.text);
    }
    if (rc == 0)
        rc = disk->sync_dir(disk->ctx, log->dir);
    if (rc == 0)
        sync_parent(disk, log->dir);
    return rc;
}

static int take_lock(struct log *log, char *ret_error, size_t error_bytes)
{
    struct path path = path_of(log->dir, "LOCK");
    uint64_t pid = 0;

    log->lock = log->options.disk->lock(log->options.disk->ctx, path.text, &pid);
    if (log->lock >= 0)
        return 0;
    int rc = log->lock;
    log->lock = -1;
    if (rc == -EWOULDBLOCK)
        (void)snprintf(ret_error, error_bytes,
                       "%s is used by another gnode, pid %" PRIu64 ": stop it, or give this one its own "
                       "-data_save_path", log->dir, pid);
    else
        (void)snprintf(ret_error, error_bytes, "cannot lock %s: %s", path.text, strerror(-rc));
    return rc;
}

int log_recover(struct log *log, const struct log_hooks *hooks, struct log_report *ret_report, char *ret_error,
                size_t error_bytes)
{
    struct log_report report = {0};

    ENSURE(!log->recovered && error_bytes > 0);
    ret_error[0] = '\0';
    log->hooks = *hooks;
    if (!log->hooks.wake)
        log->hooks.wake = no_wake;
    int rc = prepare_dir(log);
    if (rc < 0) {
        (void)snprintf(ret_error, error_bytes, "cannot use %s: %s", log->dir, strerror(-rc));
        return rc;
    }
    rc = take_lock(log, ret_error, error_bytes);
    if (rc == 0) {
        struct path heal = path_of(log->dir, HEAL_NAME);
        (void)log->options.disk->unlink(log->options.disk->ctx, heal.text); /* of a life that ended while it healed */
    }
    if (rc == 0 && log->options.max_disk != 0) /* the spare of a life without a limit, in which the log will go on */
        janitor_shrink(log->options.disk, log->dir, SPARE_NAME, log->options.segment_bytes);
    if (rc == 0)
        rc = recover_directory(log, &report, ret_error, error_bytes);
    if (rc < 0)
        return rc;
    log->recovered = true;
    *ret_report = report;
    return 0;
}

static int start_thread(pthread_t *thread, void *(*fn)(void *), void *arg, const char *name)
{
    int rc = pthread_create(thread, NULL, fn, arg);

    if (rc == 0)
        (void)pthread_setname_np(*thread, name);
    return -rc;
}

static void end_writer(struct log *log, enum writer_order order)
{
    atomic_store(&log->writer.order, order);
    bell_ring(&log->writer.bell);
    (void)pthread_join(log->writer_thread, NULL);
}

static void end_janitor(struct log *log, enum janitor_order order)
{
    atomic_store(&log->janitor.order, order);
    bell_ring(&log->janitor.bell);
    (void)pthread_join(log->janitor_thread, NULL);
}

static void end_reader(struct log *log)
{
    atomic_store(&log->reader.end, true);
    bell_ring(&log->reader.bell);
    (void)pthread_join(log->reader_thread, NULL);
}

static void end_scout(struct log *log)
{
    atomic_store(&log->scout.end, true);
    bell_ring(&log->scout.bell);
    (void)pthread_join(log->scout_thread, NULL);
}

int log_start(struct log *log)
{
    int rc = 0;

    ENSURE(log->recovered && !log->running);
    log->scout.key_of = log->hooks.key_of;
    segments_last(&log->segments)->first_key = log_next_key(log);
    (void)watch_look(&log->janitor.watch);
    if (log->options.threads) {
        rc = start_thread(&log->writer_thread, writer_main, &log->writer, "gmq-log");
        if (rc < 0)
            return rc;
        rc = start_thread(&log->reader_thread, reader_main, &log->reader, "gmq-reader");
        if (rc < 0)
            goto out_writer;
        rc = start_thread(&log->janitor_thread, janitor_main, &log->janitor, "gmq-janitor");
        if (rc < 0)
            goto out_reader;
        rc = start_thread(&log->scout_thread, scout_main, &log->scout, "gmq-scout");
        if (rc < 0)
            goto out_janitor;
    }
    log->running = true;
    (void)log_poll(log);
    return 0;
out_janitor:
    end_janitor(log, JANITOR_KILL);
out_reader:
    end_reader(log);
out_writer:
    end_writer(log, WRITER_KILL);
    return rc;
}

/* Everything appended is written and synced, as far as the disk lets it be; then no helper works any more. */
static void drain(struct log *log)
{
    log->want_durable = log->tail;
    log_close_batch(log);
    log_publish(log);
    if (log->options.threads) {
        end_writer(log, WRITER_FINISH);
    } else {
        while (writer_step(&log->writer))
            continue;
    }
    (void)log_poll(log);
    if (log->options.threads) {
        end_janitor(log, JANITOR_FINISH);
        end_reader(log);
        end_scout(log);
    } else {
        while (!chan_empty(&log->janitor.jobs))
            (void)janitor_step(&log->janitor);
    }
    janitor_cancel(&log->janitor);
    log->running = false;
    (void)log_poll(log);
}

/* The SEAL that says: all before it was durable when it was written. */
static int mark_clean(struct log *log)
{
    struct disk *disk = log->options.disk;

    log_open_batch(log);
    log_append_seal(log, SEAL_STOP);
    log->want_durable = log->tail;
    log_close_batch(log);
    log_publish(log);
    while (writer_step(&log->writer))
        continue;
    if (atomic_load(&log->writer.durable) != log->tail)
        return -EIO;
    log_take_splits(log);
    log->durable = log->written = log->tail;
    uint64_t used = SEGMENT_HEADER_BYTES + (log->tail - log->writer.base);
    if (disk->truncate(disk->ctx, log->writer.file, used) == 0)
        (void)disk->sync(disk->ctx, log->writer.file); /* only to give room back: the mark is durable */
    return 0;
}

int log_stop(struct log *log)
{
    int rc = 0;

    ENSURE(log->recovered && !log->closed && !log->more);
    if (log->running)
        drain(log);
    if (log->state == LOG_READ_ONLY)
        rc = atomic_load(&log->writer.failed) != 0 ? -atomic_load(&log->writer.failed) : -ENOENT;
    else if (log->durable != log->tail)
        rc = -ENOSPC;
    else
        rc = mark_clean(log);
    log->closed = true;
    writer_fini(&log->writer);
    log->options.disk->unlock(log->options.disk->ctx, log->lock);
    log->lock = -1;
    return rc;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    if (log->running && log->options.threads) {
        end_writer(log, WRITER_KILL);
        end_janitor(log, JANITOR_KILL);
        end_reader(log);
        end_scout(log);
    }
    log_find_fini(log);
    scout_fini(&log->scout);
    writer_fini(&log->writer);
    janitor_fini(&log->janitor);
    cache_fini(&log->cache);
    reader_fini(&log->reader);
    checkpoint_free(log->checkpoint);
    segments_free(&log->segments);
    ring_fini(&log->ring);
    if (log->lock >= 0)
        log->options.disk->unlock(log->options.disk->ctx, log->lock);
    free(log->dir);
    free(log);
}
