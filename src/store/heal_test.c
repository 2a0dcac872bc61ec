/* heal_test.c - a write or a sync fails, and the log goes on. SPDX-License-Identifier: MIT */
#include "store/heal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/simdisk.h"
#include "store/life_test.h"
#include "unit/unit.h"

static const char dir[] = "/data";
enum { MIB = 1 << 20, PUSHES = 2500, BODY = 1000 };

static void open_life(struct life *life, struct simdisk *sim)
{
    life_init(life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(life), 0);
}

/* Ends the life by a power cut or a kill, and begins the next one, which finds no damage. */
static void restart(struct life *life, struct simdisk *sim, bool power)
{
    life_kill(life);
    if (power)
        simdisk_power_cut(sim);
    else
        simdisk_kill(sim);
    assert_int_equal(life_open(life), 0);
    assert_string_equal(life->report.note, "");
}

static void end(struct life *life, struct simdisk *sim)
{
    life_fini(life);
    simdisk_free(sim);
}

static void fail_once(enum simdisk_op op, bool power, bool at_base)
{
    struct simdisk *sim = simdisk_new(1);
    struct life life;
    const char *reason;

    open_life(&life, sim);
    for (uint64_t id = 1; id <= 10 && !at_base; id++)
        (void)life_push(&life, id, BODY);
    life_sync(&life);
    uint64_t segments = life_stats(&life).segments;
    simdisk_fail(sim, op, 0, EIO, false);
    uint64_t lsn = life_push(&life, 11, BODY);
    life_sync(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_OK);
    assert_true(log_durable(life.log) > lsn);
    assert_int_equal(life_stats(&life).heals, 1);
    assert_int_equal(life_stats(&life).segments, segments + !at_base);
    assert_non_null(strstr(log_trouble(life.log, LOG_TROUBLE_HEALED), "Input/output error"));
    (void)life_push(&life, 12, BODY);
    life_sync(&life);
    restart(&life, sim, power);
    assert_true(life_has(&life, 11) && life_has(&life, 12));
    assert_int_equal(life.count, at_base ? 2 : 12);
    assert_int_equal(life_read(&life, lsn, 11), 1);
    end(&life, sim);
}

TEST(heal_after_a_failed_sync_or_write_goes_on_in_a_new_segment)
{
    for (int at_base = 0; at_base < 2; at_base++) {
        for (int power = 0; power < 2; power++) {
            fail_once(SIMDISK_SYNC, power, at_base);
            fail_once(SIMDISK_PWRITE, power, at_base);
        }
    }
}

/* The medium never gets what the failed sync should have written: what is promised must stand in the new file. */
TEST(heal_writes_anew_what_the_failed_sync_has_lost)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 100; id++)
        (void)life_push(&life, id, BODY);
    life_promise(&life); /* written, not synced */
    simdisk_fail(sim, SIMDISK_SYNC, 0, EIO, false);
    life_sync(&life);
    restart(&life, sim, true);
    assert_int_equal(life.count, 100);
    end(&life, sim);
}

/* The file that failed still has the same addresses, and the one that tells where it ended cannot be read. */
TEST(heal_leaves_nothing_twice_when_the_new_header_is_damaged)
{
    struct simdisk *sim = simdisk_new(5);
    struct life life;
    struct log_segment one, two;
    char path[64];
    uint64_t bytes;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 50; id++)
        (void)life_push(&life, id, BODY);
    life_sync(&life);
    for (uint64_t id = 51; id <= 100; id++)
        (void)life_push(&life, id, BODY);
    life_promise(&life);
    simdisk_fail(sim, SIMDISK_SYNC, 0, EIO, false);
    life_sync(&life);
    assert_true(log_segment(life.log, 0, &one) && log_segment(life.log, 1, &two));
    assert_int_equal(two.live, 50);
    life_kill(&life);
    simdisk_kill(sim);
    (void)snprintf(path, sizeof(path), "%s/log/%016llx.seg", dir, (unsigned long long)two.base);
    char *file = simdisk_file(sim, path, &bytes);
    assert_non_null(file);
    memset(file, 'x', 64);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 100);
    assert_string_not_equal(life.report.note, "");
    end(&life, sim);
}

TEST(heal_that_fails_is_the_end)
{
    static const enum simdisk_op OPS[] = {SIMDISK_OPEN, SIMDISK_ALLOCATE, SIMDISK_RENAME, SIMDISK_SYNC_DIR};
    const char *reason;

    for (size_t i = 0; i < ARRAY_LEN(OPS); i++) {
        struct simdisk *sim = simdisk_new(3);
        struct life life;
        open_life(&life, sim);
        for (uint64_t id = 1; id <= 10; id++)
            (void)life_push(&life, id, BODY);
        life_sync(&life);
        uint64_t durable = log_durable(life.log);
        simdisk_fail(sim, SIMDISK_SYNC, 0, EIO, false);
        simdisk_fail(sim, OPS[i], 0, EIO, false);
        (void)life_push(&life, 11, BODY);
        life_sync(&life);
        assert_int_equal(log_state(life.log, &reason), LOG_READ_ONLY);
        assert_int_equal(log_durable(life.log), durable);
        restart(&life, sim, true);
        assert_true(life.count >= 10);
        end(&life, sim);
    }
}

/* Segments that are half dead, half alive, are shared out by record. */
TEST(heal_counts_what_is_needed_in_both_segments)
{
    struct simdisk *sim = simdisk_new(4);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(&life), 0);
    (void)life_queue(&life);
    for (uint64_t id = 1; id <= 50; id++)
        (void)life_push(&life, id, BODY);
    life_sync(&life);
    for (uint64_t id = 51; id <= 100; id++)
        (void)life_push(&life, id, BODY);
    (void)life_queue(&life);
    for (size_t i = 0; life.count > 50; i++)
        assert_true(life_ack(&life, life.live[i].lsn) != 0); /* every other one */
    life_promise(&life);
    simdisk_fail(sim, SIMDISK_SYNC, 0, EIO, false);
    life_sync(&life);
    struct log_segment one, two;
    assert_true(log_segment(life.log, 0, &one) && log_segment(life.log, 1, &two));
    assert_int_equal(one.end, two.base);
    assert_int_equal(one.live, 25);
    assert_int_equal(two.live, 25);
    assert_int_equal(one.pins, 0);
    assert_int_equal(two.pins, 1);
    while (life.count > 0)
        assert_true(life_ack(&life, life.live[0].lsn) != 0);
    assert_true(log_segment(life.log, 0, &one) && log_segment(life.log, 1, &two));
    assert_int_equal(one.live + two.live, 0);
    life_promise(&life);
    restart(&life, sim, false);
    assert_int_equal(life.count, 0);
    end(&life, sim);
}

/* ---- everything, everywhere -------------------------------------------------------------------------------------- */

/* Pushes, acks, groups, rolls and checkpoints; until the log is read-only. Returns the ids that were promised. */
static uint64_t live(struct life *life, bool *acked)
{
    uint64_t promised = 0, id = 1;

    while (id <= PUSHES && !life_is_read_only(life)) {
        uint64_t first = id;
        if (id % 100 == 0)
            id += life_push_group(life, id, 20, BODY / 2) ? 20 : 0;
        else
            id += life_push(life, id, BODY) ? 1 : 0;
        if (id == first)
            break;
        if (id % 7 == 0) {
            life_promise(life);
            promised = log_promised(life->log) == life_tail(life) ? id - 1 : promised;
        }
        if (id % 11 == 0 && life->count > 20 && !life_is_read_only(life)) {
            uint64_t gone = life->live[5].id;
            acked[gone] = life_ack(life, life->live[5].lsn) != 0 || acked[gone];
        }
        if (id % 500 == 3)
            life_checkpoint(life);
    }
    return promised;
}

static uint64_t live_with_a_fault(enum log_sync sync, enum simdisk_op op, uint64_t skip, bool power)
{
    static bool acked[PUSHES + 100];
    struct simdisk *sim = simdisk_new(skip);
    struct life life;

    memset(acked, 0, sizeof(acked));
    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = sync;
    assert_int_equal(life_open(&life), 0);
    simdisk_fail(sim, op, skip, EIO, false);
    uint64_t promised = live(&life, acked);
    bool read_only = life_is_read_only(&life);
    uint64_t heals = life_stats(&life).heals;
    assert_true(!read_only || (op != SIMDISK_SYNC && op != SIMDISK_PWRITE)); /* one failure is always healed */
    if (promised > 0 && !read_only)
        life_sync(&life);
    restart(&life, sim, power);
    for (uint64_t id = 1; id <= promised; id++)
        assert_true(acked[id] || life_has(&life, id));
    for (size_t i = 0; i < life.count; i++)
        assert_int_equal(life_read(&life, life.live[i].lsn, life.live[i].id), 1);
    while (life.count > 0)
        assert_true(life_ack(&life, life.live[0].lsn) != 0);
    end(&life, sim);
    return heals;
}

TEST(heal_keeps_every_promise_wherever_one_operation_fails)
{
    static const enum simdisk_op OPS[] = {SIMDISK_PWRITE, SIMDISK_SYNC, SIMDISK_RENAME, SIMDISK_SYNC_DIR,
                                          SIMDISK_OPEN, SIMDISK_ALLOCATE};
    uint64_t heals = 0;

    for (size_t i = 0; i < ARRAY_LEN(OPS); i++)
        for (uint64_t skip = 0; skip < 60; skip += i < 2 ? 1 + skip / 8 : 2)
            for (int sync = LOG_SYNC_ALWAYS; sync <= LOG_SYNC_NONE; sync++)
                heals += live_with_a_fault((enum log_sync)sync, OPS[i], skip, skip % 2 == 0);
    assert_true(heals > 50);
}
