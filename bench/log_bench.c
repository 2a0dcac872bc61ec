/*
 * log_bench.c - what an append costs, and how many records a second the log takes with W replies outstanding
 *
 *   build/bench/log [DIR] [SECONDS]     DIR is made and emptied by the caller; by default below $TMPDIR or /tmp
 *
 * dead     ns of log_dead, messages of 150 bytes acked in the order of their pushes, and in a scattered one
 * append   ns of log_begin + fill + log_end for records of 150 and 1072 bytes, the log thread writing meanwhile
 * W        a round: append until W replies wait, publish, wait for a wake; each reply waits for its own record
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "store/disk.h"
#include "store/log.h"

enum { MIB = 1 << 20, RING_BYTES = 16 * MIB, HEADER = 24 };

struct bench {
    struct log *log;
    int event;
    uint64_t base, newest; /* LSNs whose segments are all dead: what was appended is acked at once */
};

static uint64_t now_ns(void *ctx)
{
    struct timespec now;

    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_reset(void *ctx) { (void)ctx; }

static int on_load(void *ctx, const void *image, size_t bytes)
{
    (void)ctx;
    (void)image;
    (void)bytes;
    return 0;
}

static void on_apply(void *ctx, const struct record *rec)
{
    (void)ctx;
    (void)rec;
}

static void on_wake(void *ctx)
{
    struct bench *bench = ctx;
    uint64_t one = 1;

    (void)!write(bench->event, &one, sizeof(one));
}

static void wait_for_wake(struct bench *bench)
{
    uint64_t count;

    (void)!read(bench->event, &count, sizeof(count));
    (void)log_poll(bench->log);
}

static void open_log(struct bench *bench, struct disk *disk, const char *dir, enum log_sync sync)
{
    struct log_options options = {
        .disk = disk, .dir = dir, .ring_bytes = RING_BYTES, .read_cache_bytes = 4 * MIB,
        .segment_bytes = 64 * MIB, .gc_slack = 256 * MIB, .record_bytes_max = 4 * MIB, .sync = sync, .interval_ms = 50,
        .threads = true, .uuid = {1}, .clock_ns = now_ns,
    };
    struct log_hooks hooks = {.ctx = bench, .reset = on_reset, .load = on_load, .apply = on_apply, .wake = on_wake};
    struct log_report report;
    char error[512];

    bench->log = log_new(&options);
    ENSURE(bench->log);
    if (log_recover(bench->log, &hooks, &report, error, sizeof(error)) < 0) {
        (void)fprintf(stderr, "%s\n", error);
        exit(1);
    }
    ENSURE(log_start(bench->log) == 0);
}

/* Untracked records: nothing keeps their segments, so that two checkpoints remove them. */
static void append(struct bench *bench, size_t bytes, char fill)
{
    struct record rec;
    char *at = log_begin(bench->log, RECORD_ACK, 0, 0, 1, bytes - HEADER);

    memset(at, fill, bytes - HEADER);
    (void)log_end(bench->log, &rec);
}

static void keep_disk_small(struct bench *bench)
{
    if (log_checkpoint_due(bench->log) && log_checkpoint_begin(bench->log) > 0)
        log_checkpoint_image(bench->log, calloc(1, 8), 8, NULL);
}

static void bench_append(struct bench *bench, size_t bytes)
{
    uint64_t spent = 0, count = 0, best = UINT64_MAX;

    for (int round = 0; round < 400; round++) {
        enum { BURST = 1000 };
        while (log_room(bench->log, BURST * (bytes + 8), false) != 0) {
            log_publish(bench->log);
            wait_for_wake(bench);
        }
        uint64_t begin = now_ns(NULL);
        for (int i = 0; i < BURST; i++)
            append(bench, bytes, (char)i);
        uint64_t took = now_ns(NULL) - begin;
        spent += took;
        best = min_u64(best, took);
        count += BURST;
        keep_disk_small(bench);
        log_publish(bench->log);
        (void)log_poll(bench->log);
    }
    (void)printf("append %4zu B: mean %5.1f ns, best burst %5.1f ns\n", bytes, (double)spent / (double)count,
                 (double)best / 1000);
}

enum { DEATHS = 40000, SCATTER = 7919 /* no divisor of DEATHS: every one is reached once */ };

static uint64_t push(struct bench *bench, size_t bytes)
{
    struct record rec;
    char *at = log_begin(bench->log, RECORD_PUSH, 0, 0, 1, bytes - HEADER);

    memset(at, 'x', bytes - HEADER);
    (void)log_end(bench->log, &rec);
    return rec.lsn;
}

static void bench_dead(struct bench *bench, bool scattered)
{
    static uint64_t lsns[DEATHS];
    uint64_t spent = 0, best = UINT64_MAX;
    enum { ROUNDS = 40 };

    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < DEATHS; i++) {
            while (log_room(bench->log, 152, false) != 0) {
                log_publish(bench->log);
                wait_for_wake(bench);
            }
            lsns[i] = push(bench, 150);
        }
        uint64_t begin = now_ns(NULL);
        for (size_t i = 0; i < DEATHS; i++)
            log_dead(bench->log, lsns[scattered ? i * SCATTER % DEATHS : i]);
        uint64_t took = now_ns(NULL) - begin;
        spent += took;
        best = min_u64(best, took);
        keep_disk_small(bench);
        log_publish(bench->log);
        (void)log_poll(bench->log);
    }
    (void)printf("dead %s: mean %5.1f ns, best round %5.1f ns\n", scattered ? "scattered" : "in order ",
                 (double)spent / DEATHS / ROUNDS, (double)best / DEATHS);
}

/* Records a second with `outstanding` replies waiting at a time. */
static double bench_window(struct bench *bench, size_t bytes, size_t outstanding, double seconds, bool durable)
{
    static uint64_t ends[1 << 17];
    uint64_t head = 0, tail = 0, begin = now_ns(NULL), until = begin + (uint64_t)(seconds * 1e9);
    struct log_stats stats;

    while (now_ns(NULL) < until) {
        while (tail - head < outstanding && log_room(bench->log, bytes + 8, false) == 0) {
            append(bench, bytes, (char)tail);
            log_stats(bench->log, &stats);
            ends[tail++ & (ARRAY_LEN(ends) - 1)] = stats.tail_lsn;
        }
        if (durable)
            log_need_durable(bench->log);
        else
            log_need_written(bench->log);
        keep_disk_small(bench);
        log_publish(bench->log);
        wait_for_wake(bench);
        while (head < tail && ends[head & (ARRAY_LEN(ends) - 1)] <= log_promised(bench->log))
            head++;
    }
    return (double)head / ((double)(now_ns(NULL) - begin) / 1e9);
}

static void bench_mode(struct disk *disk, const char *dir, enum log_sync sync, double seconds)
{
    static const char *const names[] = {"always", "interval", "none"};
    static const size_t windows[] = {1, 8, 64, 512, 4096, 65536};
    struct bench bench = {.event = eventfd(0, EFD_CLOEXEC)};

    open_log(&bench, disk, dir, sync);
    if (sync == LOG_SYNC_INTERVAL) {
        bench_dead(&bench, false);
        bench_dead(&bench, true);
        bench_append(&bench, 150);
        bench_append(&bench, 1072);
    }
    for (size_t bytes = 176; bytes <= 1072; bytes += 896) {
        (void)printf("%-8s %4zu B:", names[sync], bytes);
        for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
            double rate = bench_window(&bench, bytes, windows[i], seconds, sync == LOG_SYNC_ALWAYS);
            (void)printf("  W=%zu %.0f/s", windows[i], rate);
            (void)fflush(stdout);
        }
        (void)printf("\n");
    }
    if (log_stop(bench.log) < 0)
        (void)fprintf(stderr, "the log did not stop cleanly\n");
    log_free(bench.log);
    (void)close(bench.event);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/gmq-bench-XXXXXX";
    const char *path = argc > 1 ? argv[1] : mkdtemp(dir);
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
    struct disk disk;

    if (!path) {
        perror("mkdtemp");
        return 1;
    }
    disk_linux_init(&disk);
    for (int sync = LOG_SYNC_ALWAYS; sync <= LOG_SYNC_NONE; sync++)
        bench_mode(&disk, path, (enum log_sync)sync, seconds);
    if (argc < 2)
        (void)printf("the log is in %s: remove it\n", path);
    return 0;
}
