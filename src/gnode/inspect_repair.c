/*
 * inspect_repair.c - gnode --repair: what cannot be kept is set aside, the rest is opened as a start would, and closed
 *
 * 1. Check, and say what is lost. Ask.
 * 2. Copy damaged bytes, headers and checkpoints to quarantine/. From here on nothing is dropped that has no copy.
 * 3. Make headers anew whose segment is known by its name; remove checkpoints that cannot be read.
 * 4. Open the node's data, which rebuilds what must be rebuilt, and close it in order, which writes a checkpoint.
 * 5. Check again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/inspect.h"

#include "app/log.h"
#include "engine/dedup.h"
#include "gnode/broker.h"
#include "net/clock.h"
#include "store/quarantine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    COPY_BYTES = 1 << 16,
    RING_BYTES = 16 << 20,
    RECORD_BYTES_LIMIT = 4 << 20,
    TTR_MS = 60000,
};

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static bool may_go_on(const struct inspect_options *options)
{
    char answer = 0, rest;

    if (options->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        log_print_err("gnode: nothing was changed; say --yes to repair without being asked\n");
        return false;
    }
    log_print_out("\nWhat is damaged goes to quarantine/, the rest is kept. Repair it now? [y/N] ");
    bool any = read(STDIN_FILENO, &answer, 1) == 1;
    while (any && answer != '\n' && read(STDIN_FILENO, &rest, 1) == 1 && rest != '\n')
        continue;
    return any && (answer == 'y' || answer == 'Y');
}

/* ---- setting aside ---------------------------------------------------------------------------------------------- */

/* Copies the first `bytes` bytes of a file, durably; a shorter one whole. 0 or -errno. */
static int copy_file(struct disk *disk, const char *from, const char *to, uint64_t bytes)
{
    char *block = malloc(COPY_BYTES);
    int in = disk->open(disk->ctx, from, DISK_READ);
    int out = in < 0 ? in : disk->open(disk->ctx, to, DISK_CREATE);
    int rc = out < 0 ? out : block ? disk->truncate(disk->ctx, out, 0) : -ENOMEM;

    for (uint64_t at = 0; rc == 0 && at < bytes;) {
        int64_t n = disk->pread(disk->ctx, in, block, min_u64(COPY_BYTES, bytes - at), at);
        if (n <= 0)
            break; /* unreadable bytes have no copy */
        rc = disk->pwrite(disk->ctx, out, block, (size_t)n, at);
        at += (uint64_t)n;
    }
    if (rc == 0)
        rc = disk->sync(disk->ctx, out);
    if (in >= 0)
        disk->close(disk->ctx, in);
    if (out >= 0)
        disk->close(disk->ctx, out);
    free(block);
    return rc;
}

static int set_damage_aside(const struct check *check, const struct survey_segment *seen)
{
    struct shelf shelf;
    int rc = shelf_open(&shelf, check->disk, check->dir, &seen->name);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < seen->damage_count; i++) {
        const struct survey_range *range = &seen->damage[i];
        if (check_is_quarantined(check->disk, check->dir, range))
            continue;
        if (shelf.packed)
            quarantine_save_pack(check->disk, check->dir, &shelf.pack, range->begin, range->end);
        else
            quarantine_save(check->disk, check->dir, &shelf.scan, range->begin, range->end);
    }
    shelf_close(&shelf);
    return 0;
}

/* Who the node is and how often it was started, from what is sound; a new name when nothing is. */
static struct segment_header identity(const struct check *check, size_t index)
{
    struct segment_header header = {.epoch = 0};
    bool found = false;

    for (size_t i = 0; i < check->survey.count; i++) {
        const struct survey_segment *seg = &check->survey.segments[i];
        if (seg->header_state != SURVEY_HEADER_OK || (found && i > index))
            continue;
        header = seg->header;
        found = true;
    }
    for (size_t i = 0; i < check->checkpoint_count && !found; i++) {
        if (check->checkpoints[i].fault)
            continue;
        memcpy(header.uuid, check->checkpoints[i].header.uuid, UUID_BYTES);
        header.epoch = check->checkpoints[i].header.epoch;
        found = true;
    }
    if (!found && getrandom(header.uuid, UUID_BYTES, 0) != UUID_BYTES)
        header.uuid[0] = 1;
    return header;
}

/*
 * A header says where the log before the segment ended; the segment before tells. It is written in place: it was of
 * no use before, and has a copy.
 */
static int make_header(const struct check *check, size_t index)
{
    const struct survey_segment *seen = &check->survey.segments[index];
    struct segment_header header = identity(check, index);
    char bytes[SEGMENT_HEADER_BYTES], name[64];

    header.base = seen->base;
    header.end = seen->name.end;
    header.generation = seen->name.generation;
    header.compacted = seen->name.generation > 0;
    header.prev_end = seen->base == LSN_FIRST ? 0 : seen->base;
    for (size_t i = 0; i < index; i++)
        if (check->segments[i].kept)
            header.prev_end = check->survey.segments[i].end;
    segment_header_encode(bytes, &header);
    (void)snprintf(name, sizeof(name), "quarantine/%016" PRIx64 ".header", seen->base);
    struct path from = path_named(check->dir, &seen->name), to = path_of(check->dir, name);
    int rc = copy_file(check->disk, from.text, to.text, SEGMENT_HEADER_BYTES);
    if (rc < 0)
        return rc;
    int file = check->disk->open(check->disk->ctx, from.text, DISK_WRITE);
    rc = file < 0 ? file : check->disk->pwrite(check->disk->ctx, file, bytes, sizeof(bytes), 0);
    if (rc == 0)
        rc = check->disk->sync(check->disk->ctx, file);
    if (file >= 0)
        check->disk->close(check->disk->ctx, file);
    return rc;
}

static int set_checkpoint_aside(const struct check *check, uint64_t cut)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "quarantine/%016" PRIx64 ".ckpt", cut);
    struct path from = path_checkpoint(check->dir, cut), to = path_of(check->dir, name);
    int rc = copy_file(check->disk, from.text, to.text, UINT64_MAX);

    return rc < 0 ? rc : check->disk->unlink(check->disk->ctx, from.text);
}

static int set_aside(const struct check *check)
{
    struct path folder = path_of(check->dir, "quarantine"), ckpt = path_of(check->dir, "ckpt");
    int rc = check->damaged > 0 ? check->disk->make_dir(check->disk->ctx, folder.text) : 0;

    for (size_t i = 0; rc == 0 && i < check->survey.count; i++) {
        const struct survey_segment *seen = &check->survey.segments[i];
        if (!check->segments[i].kept || seen->error != 0)
            continue;
        if (seen->damage_count > 0)
            rc = set_damage_aside(check, seen);
        if (rc == 0 && seen->header_state != SURVEY_HEADER_OK)
            rc = make_header(check, i);
    }
    for (size_t i = 0; rc == 0 && i < check->checkpoint_count; i++)
        if (check->checkpoints[i].fault)
            rc = set_checkpoint_aside(check, check->checkpoints[i].cut);
    if (rc == 0 && check->damaged > 0)
        rc = check->disk->sync_dir(check->disk->ctx, folder.text);
    if (rc == 0 && check->damaged > 0)
        rc = check->disk->sync_dir(check->disk->ctx, ckpt.text);
    return rc;
}

/* ---- a start and a stop ----------------------------------------------------------------------------------------- */

static void no_wake(void *ctx) { (void)ctx; }

static uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return max_u64(last_ms, clock_wall_ms());
}

static uint64_t clock_ns(void *ctx)
{
    (void)ctx;
    return clock_boot_ns();
}

/* The settings of a node that its log holds, as they were; without an engine those that a new one begins with. */
static struct broker_options options_of(const struct engine *engine)
{
    struct broker_options options = {
        .node_id = 1, .ttr_ms = TTR_MS, .max_message = RECORD_BYTES_LIMIT, .sync = LOG_SYNC_ALWAYS,
        .dedup_window_ms = 1000 * DEDUP_WINDOW_S_DEFAULT, .dedup_keys = DEDUP_KEYS_DEFAULT,
        .format_time = clock_format_local};

    if (engine) {
        options.max_retries = engine_max_retries(engine);
        options.dedup_window_ms = engine_dedup_window_ms(engine);
        options.dedup_keys = engine_dedup_keys(engine);
    }
    return options;
}

static int start_and_stop(struct disk *disk, const char *dir, const struct broker_options *options)
{
    struct log_options log_options = {
        .disk = disk, .dir = dir, .ring_bytes = RING_BYTES, .read_cache_bytes = RECORD_BYTES_LIMIT,
        .segment_bytes = 64 << 20, .gc_slack = UINT64_MAX, .record_bytes_max = RECORD_BYTES_LIMIT,
        .sync = LOG_SYNC_ALWAYS, .threads = true,
        .repair = true, .now_ms = clock_wall_ms(), .clock_ns = clock_ns};
    struct broker broker;
    char error[512] = "";

    if (getrandom(log_options.uuid, sizeof(log_options.uuid), 0) != (ssize_t)sizeof(log_options.uuid))
        return -EIO;
    int rc = broker_open(&broker, options, &log_options, no_wake, start_clock, NULL, error, sizeof(error));
    if (rc < 0) {
        log_print_err("gnode: ");
        log_print_err(error);
        log_print_err("\n");
        return rc;
    }
    return broker_close(&broker);
}

static bool report(struct check *check, struct disk *disk, const char *dir, enum check_verdict *ret)
{
    struct out out;

    *ret = check_run(check, disk, dir, true);
    out_init(&out);
    inspect_print_check(check, *ret, &out);
    out_end(&out);
    return *ret == CHECK_DAMAGED;
}

int inspect_repair(struct disk *disk, const struct inspect_options *options)
{
    struct check check;
    enum check_verdict verdict;
    int lock, rc = 0;

    if (inspect_hold(disk, options->repair, &lock) < 0)
        return CHECK_IMPOSSIBLE;
    bool damaged = report(&check, disk, options->repair, &verdict);
    if (!damaged && verdict == CHECK_SOUND)
        log_print_out("\nnothing is to be repaired\n");
    bool go = damaged && may_go_on(options);
    if (go)
        rc = set_aside(&check);
    struct broker_options broker_options = options_of(check.engine);
    check_free(&check);
    if (lock >= 0)
        disk->unlock(disk->ctx, lock); /* the start takes it for itself */
    if (!go)
        return verdict;
    if (rc == 0)
        rc = start_and_stop(disk, options->repair, &broker_options);
    if (rc < 0) {
        log_print_err("gnode: the repair failed: ");
        log_print_err(strerror(-rc));
        log_print_err("\n");
        return CHECK_IMPOSSIBLE;
    }
    log_print_out("\nrepaired; what it is now:\n\n");
    (void)report(&check, disk, options->repair, &verdict);
    check_free(&check);
    return verdict;
}
