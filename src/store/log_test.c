/* log_test.c - appending, promises, restarts. SPDX-License-Identifier: MIT */
#include "store/log.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "sim/simdisk.h"
#include "store/life_test.h"
#include "unit/unit.h"

static const char dir[] = "/data";

static void assert_ids(const struct life *life, uint64_t first, uint64_t count)
{
    assert_int_equal(life->count, count);
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(life->live[i].id, first + i);
}

TEST(log_of_a_new_directory_is_fresh_and_empty)
{
    struct simdisk *sim = simdisk_new(1);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    assert_true(life.report.fresh);
    assert_true(life.report.clean);
    assert_int_equal(life.count, 0);
    life_stop(&life);
    assert_int_equal(life_open(&life), 0);
    assert_false(life.report.fresh);
    assert_true(life.report.clean);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_keeps_what_it_promised_over_an_orderly_stop)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 1000; id++)
        (void)life_push(&life, id, 100);
    for (int round = 0; round < 3; round++) {
        life_stop(&life);
        simdisk_power_cut(sim);
        assert_int_equal(life_open(&life), 0);
        assert_true(life.report.clean);
        assert_int_equal(life.report.cut_bytes + life.report.damaged_bytes + life.report.lost_ranges, 0);
        assert_ids(&life, 1, 1000);
    }
    life_fini(&life);
    simdisk_free(sim);
}

static void live_and_die(enum log_sync sync, bool power)
{
    struct simdisk *sim = simdisk_new(3);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = sync;
    for (uint64_t round = 0; round < 10; round++) {
        assert_int_equal(life_open(&life), 0);
        assert_ids(&life, 1, round * 500);
        assert_int_equal(life.report.damaged_bytes + life.report.lost_ranges, 0);
        for (uint64_t i = 1; i <= 500; i++)
            (void)life_push(&life, round * 500 + i, 1000);
        life_promise(&life);
        life_kill(&life);
        if (power)
            simdisk_power_cut(sim);
        else
            simdisk_kill(sim);
    }
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_with_sync_always_keeps_what_it_promised_over_a_power_cut) { live_and_die(LOG_SYNC_ALWAYS, true); }

TEST(log_with_sync_interval_keeps_what_it_promised_over_a_kill) { live_and_die(LOG_SYNC_INTERVAL, false); }

TEST(log_with_sync_none_keeps_what_it_promised_over_a_kill) { live_and_die(LOG_SYNC_NONE, false); }

TEST(log_after_an_unclean_stop_never_uses_an_address_again)
{
    struct simdisk *sim = simdisk_new(4);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    uint64_t lsn = life_push(&life, 1, 10);
    life_kill(&life);
    simdisk_kill(sim);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(life_open(&life), 0);
        assert_false(life.report.clean);
        uint64_t next = life_push(&life, 2, 10);
        assert_true(next >> 32 > lsn >> 32);
        lsn = next;
        life_kill(&life);
        simdisk_power_cut(sim);
    }
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_runs_with_threads_on_a_real_directory)
{
    char *tmp = unit_tmpdir();
    struct disk disk;
    struct life life;

    disk_linux_init(&disk);
    life_init(&life, &disk, tmp);
    life.options.threads = true;
    for (uint64_t round = 0; round < 4; round++) {
        assert_int_equal(life_open(&life), 0);
        assert_ids(&life, 1, round * 3000);
        for (uint64_t i = 1; i <= 3000; i++)
            (void)life_push(&life, round * 3000 + i, 1000);
        life_promise(&life);
        for (size_t i = 0; i < life.count; i += 97)
            assert_int_equal(life_read(&life, life.live[i].lsn, life.live[i].id), 1);
        life_checkpoint(&life);
        if (round % 2)
            life_stop(&life);
        else
            life_kill(&life);
    }
    life_fini(&life);
    free(tmp);
}
