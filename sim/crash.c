/*
 * crash.c - ends of a broker and what must be there when it comes back
 *
 *   kill -9     the page cache stays: everything written, and so everything that was answered
 *   power cut   everything durable; with sync=always so everything that was promised. An answered ack may be forgotten
 *   stop        everything
 *
 * What comes back is a state that there was: its digest is that of some moment since the last restart, at or after
 * the latest one that had to stay. And it is the same whether a checkpoint was used or the log was read from its
 * very beginning.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/check.h"
#include "sim/scratch.h"
#include "store/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET_BACK_MS_MAX = 50000 };

/* ---- the log from its beginning -------------------------------------------------------------- */

struct checkpoints {
    char *paths[8];
    size_t count;
    bool compacted; /* part of what happened is gone */
};

static void find_checkpoint(void *ctx, const char *path, uint64_t bytes)
{
    struct checkpoints *all = ctx;
    const char *dot = strrchr(path, '.');

    (void)bytes;
    if (strchr(path, '-'))
        all->compacted = true;
    if (!dot || strcmp(dot, ".ckpt") != 0 || all->count == ARRAY_LEN(all->paths))
        return;
    all->paths[all->count] = strdup(path);
    ENSURE(all->paths[all->count++]);
}

/* The digest of what a copy of the disk gives without any checkpoint; 0 when segments are gone. */
static uint64_t digest_from_scratch(struct life *life)
{
    struct simdisk *disk = simdisk_copy_cache(life->disk);
    struct checkpoints all = {.count = 0};
    struct scratch scratch;

    ENSURE(disk);
    simdisk_each(disk, find_checkpoint, &all);
    for (size_t i = 0; i < all.count; i++) {
        ENSURE(simdisk_remove_file(disk, all.paths[i]));
        free(all.paths[i]);
    }
    if (scratch_open(&scratch, life, disk) < 0)
        life_fail(life, "the log cannot be read from its beginning: %s", scratch.error);
    /* What decayed while the broker lived was not needed any more, but may be missing here: it is told. */
    bool whole = scratch.report.lost_ranges == 0 && scratch.report.note[0] == '\0' && !all.compacted;
    uint64_t digest = whole ? engine_digest(scratch.engine) : 0;
    scratch_close(&scratch);
    simdisk_free(disk);
    return digest;
}

/* ---- what lies on the disk ------------------------------------------------------------------- */

/* Every message that is needed stands in its segment, whole; pieces that a crash left of a compaction do not count. */
static void check_shelves(struct life *life)
{
    struct simdisk *copy = simdisk_copy(life->disk);
    struct log_segment seg;
    struct shelf shelf;
    struct record rec;
    size_t seen = 0;

    ENSURE(copy);
    simdisk_kill(copy); /* of the faults to come */

    for (size_t i = 0; log_segment(life->broker.log, i, &seg); i++) {
        struct segment_name name = {.base = seg.base, .generation = seg.generation};
        name.end = seg.generation > 0 ? seg.end : 0;
        if (shelf_open(&shelf, simdisk_disk(copy), life->log_options.dir, &name) < 0)
            life_fail(life, "segment %" PRIx64 " cannot be opened", seg.base);
        for (size_t k = 0; k < life->oracle.now.count; k++) {
            const struct oracle_message *m = &life->oracle.now.live[k];
            if (m->lsn < seg.base || (seg.end != 0 && m->lsn >= seg.end))
                continue;
            seen++;
            if (!shelf_find(&shelf, m->lsn, &rec))
                life_fail(life, "message %" PRIu64 " at %" PRIx64 " is not on the disk", m->id, m->lsn);
        }
        shelf_close(&shelf);
    }
    if (seen < life->oracle.now.count)
        life_fail(life, "%zu messages are in no segment", life->oracle.now.count - seen);
    simdisk_free(copy);
}

/* ---- coming back ----------------------------------------------------------------------------- */

static void wake(void *ctx) { (void)ctx; }

static uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    struct life *life = ctx;
    uint64_t digest = engine_digest(life->broker.engine);
    size_t lost;

    if (last_ms > life->latest_ms)
        life_fail(life, "engine time begins %" PRIu64 " ms ahead of the clock", last_ms - life->latest_ms);
    if (engine_ignored(life->broker.engine) > 0)
        life_fail(life, "%" PRIu64 " records were ignored in the replay", engine_ignored(life->broker.engine));
    life_must(life, oracle_restarts(&life->oracle, digest, life->at_least, &lost));
    life_must(life, oracle_agrees(&life->oracle, life->broker.engine));
    engine_check(life->broker.engine);
    if (life->scratch != 0 && life->scratch != digest)
        life_fail(life, "the log from its beginning gives another state than from the checkpoint");
    life->lost += lost;
    life_start_clock(life, last_ms);
    life_say(life, "   open: %zu events lost, checkpoint %" PRIx64 ", %" PRIu64 " records replayed, log at %" PRIx64,
             lost, life->broker.report.checkpoint_lsn, life->broker.report.records, life->broker.report.end_lsn);
    return life->now_ms;
}

static void check_report(struct life *life, bool clean)
{
    const struct log_report *report = &life->broker.report;

    if (report->damaged_bytes > 0 || report->lost_ranges > 0 || report->note[0] != '\0')
        life_fail(life, "recovery found damage: %s (%" PRIu64 " bytes, %" PRIu64 " segments missing)", report->note,
                  report->damaged_bytes, report->lost_ranges);
    if (clean && !report->clean)
        life_fail(life, "an orderly stop was not recognised");
}

static void lift_limit(struct life *life)
{
    simdisk_set_room(life->disk, 0);
    life->limited = false;
}

/* What a crash leaves is sound, whatever the disk did to what was not synced. */
static void look_first(struct life *life)
{
    struct check check;

    if (life->restarts == 0)
        return;
    if (check_run(&check, life->log_options.disk, life->log_options.dir, false) != CHECK_SOUND)
        life_fail(life, "a check is not content: %s%.*s", check.error, (int)buf_len(&check.damage),
                  buf_data(&check.damage));
    check_free(&check);
}

/*
 * What tells which ids may have been given is gone when the power fails before it was synced; then the clock must not
 * be set back by more than the gap that is left between ids.
 */
static void set_right(struct life *life, enum crash crash)
{
    if (crash == CRASH_POWER && life->options.sync != LOG_SYNC_ALWAYS)
        life->lossy_ms = life->latest_ms;
    if (life->lossy_ms > 0)
        life->wall_ms = max_u64(life->wall_ms, life->lossy_ms - SET_BACK_MS_MAX);
}

static void open_anew(struct life *life, bool clean)
{
    struct rng *rng = &life->rng;
    char error[512] = "";
    int rc;

    do {
        look_first(life);
        bool stops = life->restarts > 0 && rng_chance(rng, 80);
        if (stops)
            simdisk_stop_after(life->disk, rng_below(rng, 60));
        life->disturbed = stops || life->limited;
        life->unreadable = life->broken = stops;
        life->decayed = false;
        life->healable = false;
        life->doom = stops ? life->step + (uint32_t)rng_between(rng, 1, 20) : 0;
        error[0] = '\0';
        rc = broker_open(&life->broker, &life->options, &life->log_options, wake, start_clock, life, error,
                         sizeof(error));
        if (rc == 0)
            break;
        life_say(life, "   does not open: %s", error);
        if (!life->disturbed || error[0] == '\0')
            life_fail(life, "does not open: %d %s", rc, error);
        lift_limit(life);
        clean = false;
        if (rng_chance(rng, 500)) {
            simdisk_power_cut(life->disk);
            set_right(life, CRASH_POWER);
            life->scratch = 0;
            life->at_least = min_u64(life->at_least, life->at_least_power);
        } else {
            simdisk_kill(life->disk);
        }
    } while (rc != 0);
    check_report(life, clean);
    check_shelves(life);
}

/* Time goes by, and sometimes the clock is set back a little, or by anything. */
static void pass_downtime(struct life *life, enum crash crash)
{
    struct rng *rng = &life->rng;

    life->wall_ms += rng_chance(rng, 500) ? rng_below(rng, 2000) : rng_below(rng, 120000);
    if (rng_chance(rng, 200))
        life->wall_ms -= rng_below(rng, SET_BACK_MS_MAX);
    if (life->steps_clock && rng_chance(rng, 200))
        life_set_wall(life);
    if (rng_chance(rng, 500)) /* the machine was restarted, too */
        life->boot_ns = rng_below(rng, UINT64_C(100000000000));
    set_right(life, crash);
}

static void open_life(struct life *life, enum crash crash, bool clean)
{
    struct rng *rng = &life->rng;

    pass_downtime(life, crash);
    if (life->limited && rng_chance(rng, 500))
        lift_limit(life);
    life->scratch = 0;
    if (life->unlinked == 0 && !life->limited && life->restarts > 0 && rng_chance(rng, 150))
        life->scratch = digest_from_scratch(life);
    open_anew(life, clean);
    life->vouched_written = life->vouched_promised = life->at_least = 0;
    life->loaded = (struct piece){.lsn = 0};
    life->restarts++;
    memset(life->busy_until, 0, sizeof(life->busy_until));
    for (int i = 0; i < LIFE_CLIENTS; i++)
        client_connect(life, i);
    desk_connect(life);
}

void crash_open(struct life *life) { open_life(life, CRASH_KILL, false); }

/* ---- going ----------------------------------------------------------------------------------- */

static void leave_all(struct life *life)
{
    for (int i = 0; i < LIFE_CLIENTS; i++)
        client_leave(&life->clients[i]);
    desk_leave(life);
}

/* How far the log must be there after this end of the broker. */
static uint64_t must_stay(const struct life *life, enum crash crash)
{
    const struct log *log = life->broker.log;
    uint64_t promised = life->options.sync == LOG_SYNC_ALWAYS ? life->vouched_promised : 0;

    if (crash == CRASH_POWER)
        return max_u64(log_durable(log), promised);
    return max_u64(log_written(log), max_u64(life->vouched_written, life->vouched_promised));
}

/* An orderly stop; true when it was one. */
static bool stop(struct life *life)
{
    int rc = broker_close(&life->broker);

    if (rc != 0 && !life->disturbed)
        life_fail(life, "an orderly stop fails with %d", rc);
    if (rc == 0)
        life->at_least = life->at_least_power = UINT64_MAX;
    return rc == 0;
}

/* Who waits is told that the node stops. Not while a command is to be tried again: it would be refused now. */
static void announce_stop(struct life *life)
{
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].stalled)
            return;
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].gone) {
            client_leave(&life->clients[i]);
            client_connect(life, i);
        }
    life->broker.stopping = true;
    (void)broker_turn(&life->broker, life->now_ms);
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].waits > 0)
            life_fail(life, "c%d waits for a node that stops", life->clients[i].name);
}

void crash_now(struct life *life, enum crash crash)
{
    static const char *const NAMES[] = {"kill -9", "power cut", "stop"};
    struct log_stats stats;
    bool clean = false;

    if (crash == CRASH_STOP)
        announce_stop(life);
    leave_all(life);
    life->at_least = must_stay(life, crash);
    life->at_least_power = must_stay(life, CRASH_POWER);
    log_stats(life->broker.log, &stats);
    life->unlinked += stats.unlinked;
    life->compactions += stats.compactions;
    life->copied += stats.compact_bytes;
    life->reclaimed += stats.reclaimed_bytes;
    life_say(life, "---- %s; tail %" PRIx64 " written %" PRIx64 " durable %" PRIx64, NAMES[crash], stats.tail_lsn,
             stats.written_lsn, stats.durable_lsn);
    if (crash == CRASH_STOP)
        clean = stop(life);
    else
        broker_abandon(&life->broker);
    if (crash == CRASH_POWER || (clean && rng_chance(&life->rng, 500)))
        simdisk_power_cut(life->disk);
    else
        simdisk_kill(life->disk);
    decay_try(life);
    simdisk_heal(life->disk);
    if (rng_chance(&life->rng, 200))
        life->options.max_retries = (uint32_t)rng_below(&life->rng, 4);
    if (rng_chance(&life->rng, 200))
        life->options.dedup_keys = rng_between(&life->rng, 1, rng_chance(&life->rng, 300) ? 8 : ORACLE_DEDUP_MAX);
    if (rng_chance(&life->rng, 200))
        life_draw_lists(life);
    open_life(life, crash == CRASH_STOP && !clean ? CRASH_KILL : crash, clean);
}
