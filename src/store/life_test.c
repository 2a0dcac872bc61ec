/* life_test.c - see life_test.h. SPDX-License-Identifier: MIT */
#include "store/life_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/err.h"
#include "unit/unit.h"

enum { ID_BYTES = 8 };

uint64_t life_now(void *ctx)
{
    struct timespec now;

    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void life_init(struct life *life, struct disk *disk, const char *dir)
{
    *life = (struct life){
        .options = {.disk = disk,
                    .dir = dir,
                    .ring_bytes = 1 << 20,
                    .read_cache_bytes = 1 << 20,
                    .segment_bytes = 1 << 20,
                    .record_bytes_max = 1 << 18,
                    .sync = LOG_SYNC_ALWAYS,
                    .interval_ms = 50,
                    .uuid = {1, 2, 3, 4},
                    .now_ms = 1700000000000,
                    .clock_ns = life_now},
    };
}

void life_fini(struct life *life)
{
    log_free(life->log);
    free(life->live);
    life->log = NULL;
    life->live = NULL;
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

static void life_reset(void *ctx)
{
    struct life *life = ctx;

    life->count = 0;
    life->queue_lsn = 0;
    life->applied = 0;
}

static void add(struct life *life, uint64_t lsn, uint64_t id)
{
    if (life->count == life->room) {
        life->room = life->room * 2 + 64;
        life->live = realloc(life->live, life->room * sizeof(life->live[0]));
        assert_non_null(life->live);
    }
    life->live[life->count++] = (struct life_item){.lsn = lsn, .id = id};
    life->last_id = id > life->last_id ? id : life->last_id;
}

static void drop(struct life *life, uint64_t lsn)
{
    for (size_t i = 0; i < life->count; i++) {
        if (life->live[i].lsn != lsn)
            continue;
        life->count--;
        memmove(&life->live[i], &life->live[i + 1], (life->count - i) * sizeof(life->live[0]));
        log_dead(life->log, lsn);
        return;
    }
}

static void life_apply(void *ctx, const struct record *rec)
{
    struct life *life = ctx;

    life->applied++;
    if (rec->type == RECORD_PUSH)
        add(life, rec->lsn, get_le64(rec->payload.ptr));
    if (rec->type == RECORD_ACK)
        for (size_t at = 0; at < rec->payload.len; at += ID_BYTES)
            drop(life, get_le64(rec->payload.ptr + at));
    if (rec->type == RECORD_QUEUE) {
        if (life->queue_lsn != 0)
            log_dead_queue(life->log, life->queue_lsn);
        life->queue_lsn = rec->lsn;
    }
}

static int life_load(void *ctx, const void *image, size_t bytes)
{
    struct life *life = ctx;
    const char *at = image;

    if (life->refuse_load || bytes < 8 || bytes % 16 != 8)
        return -EINVAL;
    life->queue_lsn = get_le64(at);
    for (size_t i = 8; i < bytes; i += 16)
        add(life, get_le64(at + i), get_le64(at + i + 8));
    return 0;
}

static void life_wake(void *ctx)
{
    struct life *life = ctx;

    atomic_store(&life->rung, 1);
    bell_ring(&life->bell);
}

static bool life_key_of(const struct record *rec, uint64_t *ret_key)
{
    if (rec->type != RECORD_PUSH || rec->payload.len < ID_BYTES)
        return false;
    *ret_key = get_le64(rec->payload.ptr);
    return true;
}

static uint64_t life_last_key(void *ctx) { return ((struct life *)ctx)->last_id; }

/* ---- life ------------------------------------------------------------------------------------------------------- */

int life_open(struct life *life)
{
    struct log_hooks hooks = {.ctx = life, .reset = life_reset, .load = life_load, .apply = life_apply,
                              .wake = life_wake, .key_of = life_key_of, .last_key = life_last_key};

    life_reset(life);
    life->log = log_new(&life->options);
    assert_non_null(life->log);
    int rc = log_recover(life->log, &hooks, &life->report, life->error, sizeof(life->error));
    if (rc == 0)
        assert_int_equal(log_start(life->log), 0);
    if (rc < 0)
        life_kill(life);
    else
        life_turn(life);
    return rc;
}

void life_kill(struct life *life)
{
    log_free(life->log);
    life->log = NULL;
}

void life_stop(struct life *life)
{
    assert_int_equal(log_stop(life->log), 0);
    life_kill(life);
}

static bool step(struct log *log)
{
    bool any = log_step_writer(log);

    any = log_step_reader(log) || any;
    any = log_step_scout(log) || any;
    return log_step_janitor(log) || any;
}

void life_turn(struct life *life)
{
    log_publish(life->log);
    if (life->options.threads) {
        while (!atomic_exchange(&life->rung, 0)) {
            bell_arm(&life->bell);
            if (atomic_load(&life->rung) == 0)
                bell_wait(&life->bell, BELL_FOREVER);
        }
    } else {
        while (step(life->log))
            (void)log_poll(life->log);
    }
    (void)log_poll(life->log);
    log_publish(life->log);
}

void life_turn_of_writers(struct life *life)
{
    bool any = true;

    while (any) {
        log_publish(life->log);
        (void)log_poll(life->log);
        any = log_step_writer(life->log);
        any = log_step_janitor(life->log) || any;
        (void)log_poll(life->log);
    }
}

bool life_is_read_only(const struct life *life)
{
    const char *reason;

    return log_state(life->log, &reason) == LOG_READ_ONLY;
}

static bool wait_for_room(struct life *life, size_t bytes, bool essential)
{
    life->refused = log_room(life->log, bytes, essential);
    while (life->refused == -EAGAIN) {
        life_turn(life);
        life->refused = log_room(life->log, bytes, essential);
    }
    return life->refused == 0;
}

static void fill_body(char *to, size_t bytes, uint64_t id)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (char)(id * 31 + i * 7);
}

static uint64_t append_push(struct life *life, uint64_t id, size_t body_bytes, uint8_t flags)
{
    struct record rec;
    char *at = log_begin(life->log, RECORD_PUSH, flags, 0, 1, ID_BYTES + body_bytes);

    put_le64(at, id);
    fill_body(at + ID_BYTES, body_bytes, id);
    (void)log_end(life->log, &rec);
    life_apply(life, &rec);
    return rec.lsn;
}

uint64_t life_push(struct life *life, uint64_t id, size_t body_bytes)
{
    if (!wait_for_room(life, record_stride(RECORD_PUSH, ID_BYTES + body_bytes), false))
        return 0;
    return append_push(life, id, body_bytes, 0);
}

uint64_t life_push_group(struct life *life, uint64_t first_id, size_t count, size_t body_bytes)
{
    size_t bytes = count * record_stride(RECORD_PUSH, ID_BYTES + body_bytes);
    uint64_t lsn = 0;

    if (!wait_for_room(life, bytes, false))
        return 0;
    log_group(life->log, bytes);
    for (size_t i = 0; i < count; i++)
        lsn = append_push(life, first_id + i, body_bytes, i + 1 < count ? RECORD_F_MORE : 0);
    return lsn;
}

uint64_t life_ack(struct life *life, uint64_t lsn)
{
    struct record rec;

    if (!wait_for_room(life, record_stride(RECORD_ACK, ID_BYTES), true))
        return 0;
    put_le64(log_begin(life->log, RECORD_ACK, 0, 0, 1, ID_BYTES), lsn);
    (void)log_end(life->log, &rec);
    life_apply(life, &rec);
    return rec.lsn;
}

uint64_t life_queue(struct life *life)
{
    struct record rec;

    if (!wait_for_room(life, record_stride(RECORD_QUEUE, ID_BYTES), true))
        return 0;
    put_le64(log_begin(life->log, RECORD_QUEUE, 0, 0, 1, ID_BYTES), life->applied);
    (void)log_end(life->log, &rec);
    life_apply(life, &rec);
    return rec.lsn;
}

struct log_stats life_stats(const struct life *life)
{
    struct log_stats stats;

    log_stats(life->log, &stats);
    return stats;
}

uint64_t life_tail(const struct life *life) { return life_stats(life).tail_lsn; }

void life_promise(struct life *life)
{
    if (life->options.sync == LOG_SYNC_ALWAYS)
        log_need_durable(life->log);
    else
        log_need_written(life->log);
    while (log_promised(life->log) < life_tail(life) && !life_is_read_only(life))
        life_turn(life);
}

void life_sync(struct life *life)
{
    log_need_durable(life->log);
    while (log_durable(life->log) < life_tail(life) && !life_is_read_only(life))
        life_turn(life);
}

void life_checkpoint_begin(struct life *life)
{
    size_t bytes = 8 + life->count * 16;
    char *image = malloc(bytes);

    assert_non_null(image);
    put_le64(image, life->queue_lsn);
    for (size_t i = 0; i < life->count; i++) {
        put_le64(image + 8 + i * 16, life->live[i].lsn);
        put_le64(image + 16 + i * 16, life->live[i].id);
    }
    if (log_checkpoint_begin(life->log) > 0)
        log_checkpoint_image(life->log, image, bytes, NULL);
    else
        free(image);
}

void life_checkpoint(struct life *life)
{
    life_checkpoint_begin(life);
    while (log_checkpoint_busy(life->log) && !life_is_read_only(life))
        life_turn(life);
}

int life_read(struct life *life, uint64_t lsn, uint64_t id)
{
    struct record rec;
    int rc = log_read(life->log, lsn, &rec);

    while (rc == 0) {
        life_turn(life);
        rc = log_read(life->log, lsn, &rec);
    }
    if (rc != 1)
        return rc;
    assert_int_equal(rec.lsn, lsn);
    assert_int_equal(get_le64(rec.payload.ptr), id);
    for (size_t i = 0; i < rec.payload.len - ID_BYTES; i++)
        assert_int_equal((uint8_t)rec.payload.ptr[ID_BYTES + i], (uint8_t)(id * 31 + i * 7));
    return rc;
}

int life_find(struct life *life, uint64_t id, uint64_t *ret_lsn)
{
    int rc = log_find(life->log, id, ret_lsn);

    while (rc == 0) {
        life_turn(life);
        rc = log_find(life->log, id, ret_lsn);
    }
    return rc;
}

bool life_has(const struct life *life, uint64_t id)
{
    for (size_t i = 0; i < life->count; i++)
        if (life->live[i].id == id)
            return true;
    return false;
}
