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

/* The older one was cut right before the death, and a restart came between. */
TEST(log_keeps_a_dead_segment_that_the_older_checkpoint_names)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    open_life(&life, sim);
    (void)life_push(&life, 1, 100);
    life_sync(&life);
    life_kill(&life);
    simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    (void)life_push(&life, 2, 100);
    life_checkpoint_begin(&life);
    assert_true(life_ack(&life, life.live[0].lsn) != 0);
    life_sync(&life);
    life_kill(&life);
    simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    assert_false(life_has(&life, 1));
    life_checkpoint(&life);
    life_turn(&life);
    assert_int_equal(life_stats(&life).unlinked, 0);
    (void)life_push(&life, 3, 100);
    life_checkpoint(&life);
    life_turn(&life);
    assert_int_equal(life_stats(&life).unlinked, 1);
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

/* Pushes until the disk is full; returns how many there are. */
static uint64_t fill(struct life *life, size_t body_bytes)
{
    uint64_t id = 0;

    while (life_push(life, ++id, body_bytes) != 0)
        continue;
    assert_int_equal(life->refused, GMQ_E_DISK_FULL);
    life_promise(life);
    return id - 1;
}

TEST(log_uses_what_is_left_of_a_disk_by_smaller_segments)
{
    for (uint64_t room = 24; room <= 40; room += 4) {
        struct simdisk *sim = simdisk_new(room);
        struct life life;
        life_init(&life, simdisk_disk(sim), dir);
        life.options.segment_bytes = 64 * MIB;
        assert_int_equal(life_open(&life), 0);
        simdisk_set_room(sim, room * MIB);
        uint64_t count = fill(&life, 3000);
        assert_true(simdisk_used(sim) > (room - 1) * MIB);
        /* Two reserves, the checkpoint's, the margins at the ends of segments. */
        assert_true(count * 3000 > (room - 7) * MIB);
        life_kill(&life);
        simdisk_power_cut(sim);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, count);
        life_fini(&life);
        simdisk_free(sim);
    }
}

TEST(log_with_a_small_spare_refuses_what_does_not_fit_and_takes_what_does)
{
    struct simdisk *sim = simdisk_new(12);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.ring_bytes = 16 * MIB;
    life.options.record_bytes_max = 4 * MIB;
    life.options.segment_bytes = 16 * MIB;
    assert_int_equal(life_open(&life), 0);
    assert_true(life_push(&life, 1, 3 * MIB) != 0);
    simdisk_set_room(sim, simdisk_used(sim) + 2 * MIB);
    assert_true(life_push(&life, 2, 3 * MIB) != 0);
    assert_true(life_push(&life, 3, 3 * MIB) != 0);
    assert_int_equal(life_push(&life, 4, 3 * MIB), 0);
    assert_int_equal(life.refused, GMQ_E_DISK_FULL);
    for (uint64_t id = 5; id <= 15; id++)
        assert_true(life_push(&life, id, 200000) != 0);
    simdisk_set_room(sim, 0);
    (void)life_push(&life, 16, 3 * MIB);
    life_turn(&life);
    assert_true(life_push(&life, 17, 3 * MIB) != 0);
    life_fini(&life);
    simdisk_free(sim);
}

/* Every other message first: no segment of theirs is dead before nearly all are acked. */
TEST(log_drains_any_backlog_on_a_disk_without_a_byte_to_spare)
{
    struct simdisk *sim = simdisk_new(13);
    struct life life;

    open_life(&life, sim);
    simdisk_set_room(sim, 12 * MIB);
    uint64_t count = fill(&life, 100);
    simdisk_set_room(sim, simdisk_used(sim));
    assert_true(count > 20000);
    for (size_t i = 0; life.count > 0; i = i + 1 < life.count ? i + 1 : 0) {
        assert_true(life_ack(&life, life.live[i].lsn) != 0);
        if (log_checkpoint_due(life.log))
            life_checkpoint(&life);
    }
    assert_true(life_stats(&life).unlinked >= 2);
    life_checkpoint(&life);
    life_turn(&life);
    assert_true(life_push(&life, count + 1, 100) != 0);
    life_promise(&life);
    life_kill(&life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 1);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_starts_again_and_again_on_a_disk_without_a_byte_to_spare)
{
    struct simdisk *sim = simdisk_new(14);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.segment_bytes = 64 * MIB;
    assert_int_equal(life_open(&life), 0);
    simdisk_set_room(sim, 24 * MIB);
    uint64_t count = fill(&life, 1000);
    simdisk_set_room(sim, simdisk_used(sim));
    for (uint64_t lives = 1; lives <= 20; lives++) {
        if (lives % 5 == 0)
            life_stop(&life);
        else
            life_kill(&life);
        if (lives % 2 == 0)
            simdisk_power_cut(sim);
        else
            simdisk_kill(sim);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, count - 10 * (lives - 1));
        for (int i = 0; i < 10; i++)
            assert_true(life_ack(&life, life.live[0].lsn) != 0);
        life_sync(&life);
    }
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
    simdisk_fail(sim, op, 0, EIO, true); /* once would be healed: heal_test.c */
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

TEST(log_whose_syncs_fail_promises_nothing_more) { fail_and_go_read_only(SIMDISK_SYNC); }

TEST(log_whose_writes_fail_promises_nothing_more) { fail_and_go_read_only(SIMDISK_PWRITE); }

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
