/* log_space_test.c - dead segments, checkpoints, a full disk, failing writes. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/simdisk.h"
#include "store/life_test.h"
#include "unit/unit.h"

static const char dir[] = "/data";
enum { MIB = 1 << 20 };

static void open_life(struct life *life, struct simdisk *sim)
{
    life_init(life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(life), 0);
}

static void ack_all(struct life *life)
{
    while (life->count > 0)
        assert_true(life_ack(life, life->live[0].lsn) != 0);
}

TEST(log_removes_a_dead_segment_only_when_both_checkpoints_know_it)
{
    struct simdisk *sim = simdisk_new(1);
    struct life life;

    open_life(&life, sim);
    for (uint64_t id = 1; id <= 3000; id++)
        (void)life_push(&life, id, 1000);
    uint64_t segments = life_stats(&life).segments;
    assert_true(segments >= 3);
    life_checkpoint(&life);
    ack_all(&life);
    assert_int_equal(life_stats(&life).unlinked, 0);
    life_checkpoint(&life);
    life_turn(&life);
    assert_int_equal(life_stats(&life).unlinked, 0);
    (void)life_push(&life, 5000, 10);
    life_checkpoint(&life);
    life_turn(&life);
    assert_true(life_stats(&life).unlinked >= segments - 1);
    life_kill(&life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 1);
    assert_int_equal(life.report.lost_ranges, 0);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_keeps_a_segment_for_one_living_message)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    open_life(&life, sim);
    uint64_t old = life_push(&life, 1, 1000);
    for (uint64_t round = 0; round < 30; round++) {
        for (uint64_t i = 0; i < 500; i++)
            (void)life_push(&life, 2 + round * 500 + i, 1000);
        while (life.count > 1)
            (void)life_ack(&life, life.live[1].lsn);
        life_checkpoint(&life);
    }
    assert_true(life_stats(&life).segments <= 6);
    assert_true(life_stats(&life).unlinked >= 10);
    assert_int_equal(life_read(&life, old, 1), 1);
    life_kill(&life);
    simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 1);
    assert_int_equal(life_read(&life, old, 1), 1);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_names_the_segment_that_only_queue_records_hold)
{
    struct simdisk *sim = simdisk_new(3);
    struct life life;
    uint64_t base, end;

    open_life(&life, sim);
    uint64_t queue = life_queue(&life);
    for (uint64_t id = 1; id <= 2500; id++)
        (void)life_push(&life, id, 1000);
    assert_false(log_pinned(life.log, &base, &end));
    ack_all(&life);
    assert_true(log_pinned(life.log, &base, &end));
    assert_true(base <= queue && queue < end);
    (void)life_queue(&life);
    assert_false(log_pinned(life.log, &base, &end));
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_with_a_full_disk_refuses_pushes_and_takes_acks_and_recovers_by_itself)
{
    struct simdisk *sim = simdisk_new(4);
    struct life life;
    uint64_t id = 0;
    const char *reason;

    open_life(&life, sim);
    simdisk_set_room(sim, 12 * MIB);
    while (life_push(&life, ++id, 1000) != 0)
        continue;
    assert_int_equal(life.refused, GMQ_E_DISK_FULL);
    life_turn(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_FULL);
    assert_true(id > 3000);
    uint64_t taken = id - 1;
    assert_int_equal(life.count, taken);
    /* Acks go on, into the reserve if need be; a checkpoint is due as soon as segments are dead. */
    while (life.count > 0) {
        assert_true(life_ack(&life, life.live[0].lsn) != 0);
        if (log_checkpoint_due(life.log))
            life_checkpoint(&life);
    }
    for (int i = 0; i < 400000 && !log_checkpoint_due(life.log) && life_push(&life, ++id, 10) == 0; i++)
        (void)life_queue(&life);
    life_checkpoint(&life);
    life_turn(&life);
    life_turn(&life);
    assert_true(life_stats(&life).unlinked > 0);
    assert_true(life_push(&life, ++id, 1000) != 0);
    assert_int_equal(log_state(life.log, &reason), LOG_OK);
    life_promise(&life);
    life_kill(&life);
    simdisk_power_cut(sim);
    simdisk_set_room(sim, 0);
    assert_int_equal(life_open(&life), 0);
    assert_true(life_has(&life, id));
    assert_int_equal(life.report.lost_ranges, 0);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_starts_on_a_full_disk)
{
    struct simdisk *sim = simdisk_new(5);
    struct life life;
    uint64_t id = 0;

    open_life(&life, sim);
    simdisk_set_room(sim, 10 * MIB);
    while (life_push(&life, ++id, 1000) != 0)
        continue;
    life_promise(&life);
    life_kill(&life);
    simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, id - 1);
    assert_true(life_ack(&life, life.live[0].lsn) != 0);
    life_fini(&life);
    simdisk_free(sim);
}

static void fail_and_go_read_only(enum simdisk_op op)
{
    struct simdisk *sim = simdisk_new(6);
    struct life life;
    const char *reason;

    open_life(&life, sim);
    (void)life_push(&life, 1, 100);
    life_sync(&life);
    simdisk_fail(sim, op, 0, EIO, false);
    uint64_t lsn = life_push(&life, 2, 100);
    life_sync(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_READ_ONLY);
    assert_non_null(strstr(reason, "Input/output error"));
    assert_true(log_durable(life.log) <= lsn);
    assert_true(life_push(&life, 3, 100) == 0);
    assert_int_equal(life.refused, GMQ_E_READ_ONLY);
    assert_int_equal(life_read(&life, lsn, 2), 1);
    assert_true(log_stop(life.log) < 0);
    life_kill(&life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(&life), 0);
    assert_false(life.report.clean);
    assert_true(life_has(&life, 1));
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_whose_sync_fails_promises_nothing_more) { fail_and_go_read_only(SIMDISK_SYNC); }

TEST(log_whose_write_fails_promises_nothing_more) { fail_and_go_read_only(SIMDISK_PWRITE); }

TEST(log_waits_when_a_write_finds_no_room_and_goes_on_after_that)
{
    struct simdisk *sim = simdisk_new(7);
    struct life life;

    open_life(&life, sim);
    simdisk_fail(sim, SIMDISK_PWRITE, 0, ENOSPC, false);
    uint64_t lsn = life_push(&life, 1, 100);
    life_sync(&life);
    assert_true(log_durable(life.log) > lsn);
    life_kill(&life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(&life), 0);
    assert_true(life_has(&life, 1));
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_survives_a_checkpoint_that_cannot_be_written)
{
    struct simdisk *sim = simdisk_new(8);
    struct life life;

    open_life(&life, sim);
    (void)life_push(&life, 1, 100);
    life_sync(&life);
    simdisk_fail(sim, SIMDISK_RENAME, 0, EIO, false);
    life_checkpoint(&life);
    assert_int_equal(life_stats(&life).checkpoints, 0);
    life_checkpoint(&life);
    assert_int_equal(life_stats(&life).checkpoints, 1);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_takes_records_larger_than_a_segment_of_the_usual_size)
{
    struct simdisk *sim = simdisk_new(9);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.ring_bytes = 16 * MIB;
    life.options.record_bytes_max = 4 * MIB;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 6; id++)
        assert_true(life_push(&life, id, 3 * MIB + id * 1000) != 0);
    assert_true(life_push_group(&life, 7, 1000, 5000) != 0);
    assert_int_equal(log_room(life.log, 9 * MIB, true), -EMSGSIZE);
    life_promise(&life);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(life_read(&life, life.live[i].lsn, life.live[i].id), 1);
    life_kill(&life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 1006);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_of_a_fresh_node_takes_at_most_sixteen_mebibytes_of_disk)
{
    struct simdisk *sim = simdisk_new(10);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.segment_bytes = 64 * MIB;
    assert_int_equal(life_open(&life), 0);
    life_turn(&life);
    assert_true(simdisk_used(sim) <= 16 * MIB);
    life_fini(&life);
    simdisk_free(sim);
}
