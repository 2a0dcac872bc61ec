/*
 * segment_fuzz.c - arbitrary bytes as the only segment of a directory that a node starts in
 *
 * Input: u8 flags, then the file. flags 1: it has no header, a sound one is put before it; 2: the records' lengths,
 * addresses and CRCs are put right, one behind the other; 4: a sound, empty segment follows, so that all of it was
 * promised. Other flags are for other formats of segments. The file lies on a simulated disk; the log recovers it into
 * an engine, twice: whatever it is, the state must be sound, and the second start must find what the first one did.
 * After the first, a message is pushed and the broker is killed: it is there in the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"
#include "fuzz/segment.h"

#include "engine/engine.h"
#include "engine/payload.h"
#include "sim/simdisk.h"
#include "store/log.h"
#include "store/paths.h"

#include <stdio.h>

enum { HEADER = 1, RECORDS = 2, SUCCESSOR = 4, FILE_BYTES_MAX = 1 << 18, TURNS_MAX = 1000, ENOUGH_ID = 77 };

static const char DIR[] = "d";

struct node {
    struct log *log;
    struct engine *engine;
    struct log_report report;
};

/* ---- the directory ----------------------------------------------------------------------------------------------- */

static void put_file(struct simdisk *sim, struct path path, const char *bytes, size_t count)
{
    struct disk *disk = simdisk_disk(sim);
    int file = disk->open(disk->ctx, path.text, DISK_CREATE);

    ENSURE(file >= 0 && disk->pwrite(disk->ctx, file, bytes, count, 0) == 0 && disk->sync(disk->ctx, file) == 0);
    disk->close(disk->ctx, file);
}

static void put_files(struct simdisk *sim, unsigned flags, const uint8_t *data, size_t size)
{
    static char file[SEGMENT_HEADER_BYTES + FILE_BYTES_MAX];
    size_t head = (flags & HEADER) ? SEGMENT_HEADER_BYTES : 0, count = head + min_u64(size, FILE_BYTES_MAX);
    struct segment_header header = {.base = LSN_FIRST, .epoch = 1};

    memcpy(file + head, data, count - head);
    if (flags & HEADER)
        segment_header_encode(file, &header);
    if (flags & RECORDS)
        segment_fix_records(file, count, LSN_FIRST);
    put_file(sim, path_segment(DIR, LSN_FIRST), file, count);
    if (!(flags & SUCCESSOR) || count < SEGMENT_HEADER_BYTES)
        return;
    header = (struct segment_header){.base = LSN_JUMP, .epoch = 2,
                                     .prev_end = LSN_FIRST + (count - SEGMENT_HEADER_BYTES) / 8 * 8};
    memset(file, 0, 2 * SEGMENT_HEADER_BYTES);
    segment_header_encode(file, &header);
    put_file(sim, path_segment(DIR, LSN_JUMP), file, 2 * SEGMENT_HEADER_BYTES);
}

/* ---- the node ---------------------------------------------------------------------------------------------------- */

static void on_dead(void *ctx, uint64_t lsn) { log_dead(((struct node *)ctx)->log, lsn); }
static void on_dead_queue(void *ctx, uint64_t lsn) { log_dead_queue(((struct node *)ctx)->log, lsn); }
static void on_reset(void *ctx) { engine_reset(((struct node *)ctx)->engine); }
static void on_apply(void *ctx, const struct record *rec) { engine_apply(((struct node *)ctx)->engine, rec); }
static void on_wake(void *ctx) { (void)ctx; }

static int on_load(void *ctx, const void *image, size_t bytes)
{
    return engine_load(((struct node *)ctx)->engine, image, bytes);
}

static uint64_t no_clock(void *ctx)
{
    (void)ctx;
    return 0;
}

static bool start(struct node *node, struct simdisk *sim)
{
    struct engine_hooks engine_hooks = {.ctx = node, .dead = on_dead, .dead_queue = on_dead_queue};
    struct log_hooks hooks = {.ctx = node, .reset = on_reset, .load = on_load, .apply = on_apply, .wake = on_wake};
    struct log_options options = {
        .disk = simdisk_disk(sim), .dir = DIR, .ring_bytes = 1 << 20, .read_cache_bytes = 1 << 20,
        .segment_bytes = 1 << 20, .record_bytes_max = 1 << 16, .sync = LOG_SYNC_ALWAYS, .uuid = {1},
        .repair = true, .clock_ns = no_clock,
    };
    char error[640] = "";

    *node = (struct node){.engine = engine_new(&engine_hooks), .log = log_new(&options)};
    ENSURE(node->log);
    if (log_recover(node->log, &hooks, &node->report, error, sizeof(error)) < 0) {
        ENSURE(error[0] != '\0');
        return false;
    }
    engine_check(node->engine);
    return true;
}

static void stop(struct node *node, struct simdisk *sim)
{
    log_free(node->log);
    engine_free(node->engine);
    simdisk_kill(sim);
}

static void push(struct node *node)
{
    struct payload_push message = {.id = ENOUGH_ID, .body = slice_str("one more")};
    size_t bytes = PAYLOAD_PUSH_BYTES + message.body.len;
    struct record rec;

    ENSURE(log_start(node->log) == 0);
    for (int turns = 0; log_room(node->log, record_stride(RECORD_PUSH, bytes), false) != 0; turns++) {
        ENSURE(turns < TURNS_MAX);
        (void)log_poll(node->log);
        (void)log_step_janitor(node->log);
    }
    payload_put_push(log_begin(node->log, RECORD_PUSH, 0, 0, 1, bytes), &message);
    (void)log_end(node->log, &rec);
    engine_apply(node->engine, &rec);
    log_need_durable(node->log);
    do {
        (void)log_poll(node->log);
        log_publish(node->log);
    } while (log_step_writer(node->log));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct simdisk *sim = simdisk_new(1);
    struct node node;

    if (size == 0 || !sim) {
        simdisk_free(sim);
        return 0;
    }
    put_files(sim, data[0], data + 1, size - 1);
    bool opens = start(&node, sim);
    if (opens)
        push(&node);
    uint64_t digest = engine_digest(node.engine);
    stop(&node, sim);
    if (opens) {
        ENSURE(start(&node, sim));
        ENSURE(engine_digest(node.engine) == digest);
        stop(&node, sim);
    }
    simdisk_free(sim);
    return 0;
}
