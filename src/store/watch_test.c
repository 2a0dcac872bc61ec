/* watch_test.c - limits of the disk, and a directory that goes away. SPDX-License-Identifier: MIT */
#include "store/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/simdisk.h"
#include "store/life_test.h"
#include "unit/unit.h"

static const char dir[] = "/data";
enum { MIB = 1 << 20 };

/* A clock that the test moves. */
static uint64_t clock_ns = 1;
static uint64_t tell_clock(void *ctx)
{
    (void)ctx;
    return clock_ns;
}

/* So much later that the janitor is asked to look around again, in the first turn. */
static void later(struct life *life)
{
    clock_ns += 2000000000;
    life_turn(life);
    life_turn(life);
}

static void open_limited(struct life *life, struct simdisk *sim, uint64_t max_disk, uint64_t free_min)
{
    life_init(life, simdisk_disk(sim), dir);
    life->options.max_disk = max_disk;
    life->options.disk_free_min = free_min;
    life->options.clock_ns = tell_clock;
    assert_int_equal(life_open(life), 0);
}

static uint64_t fill(struct life *life, uint64_t id, size_t body_bytes)
{
    while (life_push(life, id, body_bytes) != 0)
        id++;
    assert_int_equal(life->refused, GMQ_E_DISK_FULL);
    life_promise(life);
    return id;
}

/* Acks everything; a checkpoint whenever the log says so, as its owner would. */
static void drain(struct life *life)
{
    while (life->count > 0) {
        assert_true(life_ack(life, life->live[0].lsn) != 0);
        if (log_checkpoint_due(life->log))
            life_checkpoint(life);
    }
    for (int i = 0; i < 8; i++) {
        if (log_checkpoint_due(life->log))
            life_checkpoint(life);
        later(life);
    }
}

static void check_limit(struct life *life, struct simdisk *sim, const char *reason)
{
    const char *said;
    uint64_t id = fill(life, 1, 3000);

    assert_true(id > 3000);
    assert_string_equal(log_limit(life->log), reason);
    life_turn(life);
    assert_int_equal(log_state(life->log, &said), LOG_FULL);
    assert_string_equal(said, reason);
    assert_int_equal(life->count, id - 1);
    drain(life);
    assert_true(life_push(life, id, 3000) != 0); /* by itself */
    assert_int_equal(log_state(life->log, &said), LOG_OK);
    id = fill(life, id + 1, 100000); /* a few large ones: their acks make no log to speak of */
    drain(life);
    assert_true(life_push(life, id, 100000) != 0);
    life_promise(life);
    life_kill(life);
    simdisk_power_cut(sim);
    assert_int_equal(life_open(life), 0);
    assert_int_equal(life->count, 1);
    life_fini(life);
    simdisk_free(sim);
}

TEST(watch_keeps_the_directory_below_max_disk)
{
    struct simdisk *sim = simdisk_new(1);
    struct life life;

    open_limited(&life, sim, 24 * MIB, 0);
    uint64_t id = fill(&life, 1, 3000);
    assert_true(simdisk_used(sim) <= 24 * MIB);
    assert_true(simdisk_used(sim) > 22 * MIB);
    assert_true(id * 3000 > 15 * MIB);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(watch_at_max_disk_refuses_drains_and_takes_pushes_again)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    open_limited(&life, sim, 24 * MIB, 0);
    check_limit(&life, sim, "max_disk is reached");
}

TEST(watch_at_disk_free_min_refuses_drains_and_takes_pushes_again)
{
    struct simdisk *sim = simdisk_new(3);
    struct life life;

    simdisk_set_room(sim, 32 * MIB);
    open_limited(&life, sim, 0, 8 * MIB);
    check_limit(&life, sim, "less than disk_free_min is free");
}

TEST(watch_refuses_at_once_when_others_take_the_room_and_stops_with_a_little_more_than_the_limit)
{
    struct simdisk *sim = simdisk_new(4);
    struct life life;
    const char *reason;

    simdisk_set_room(sim, 100 * MIB);
    open_limited(&life, sim, 0, 16 * MIB);
    assert_true(life_push(&life, 1, 100) != 0);
    simdisk_set_room(sim, simdisk_used(sim) + 16 * MIB - 1);
    assert_true(life_push(&life, 2, 100) != 0); /* this one is what makes it look */
    life_promise(&life);
    later(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_FULL);
    assert_int_equal(life_push(&life, 3, 100), 0);
    assert_int_equal(life.refused, GMQ_E_DISK_FULL);
    assert_true(life_ack(&life, life.live[0].lsn) != 0);
    simdisk_set_room(sim, simdisk_used(sim) + 16 * MIB); /* enough, but it would come and go */
    later(&life);
    assert_int_equal(life_push(&life, 3, 100), 0);
    simdisk_set_room(sim, simdisk_used(sim) + 17 * MIB);
    later(&life);
    assert_true(life_push(&life, 3, 100) != 0);
    assert_int_equal(log_state(life.log, &reason), LOG_OK);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(watch_starts_above_its_limit_and_drains)
{
    struct simdisk *sim = simdisk_new(5);
    struct life life;

    open_limited(&life, sim, 0, 0);
    for (uint64_t id = 1; id <= 10000; id++)
        assert_true(life_push(&life, id, 3000) != 0);
    life_promise(&life);
    life_kill(&life);
    simdisk_kill(sim);
    life.options.max_disk = 16 * MIB;
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life_push(&life, 10001, 100), 0);
    assert_int_equal(life.refused, GMQ_E_DISK_FULL);
    drain(&life);
    assert_true(simdisk_used(sim) <= 16 * MIB);
    assert_true(life_push(&life, 10001, 100) != 0);
    life_fini(&life);
    simdisk_free(sim);
}

static void take_directory_away(uint64_t id)
{
    struct simdisk *sim = simdisk_new(6);
    struct life life;
    const char *reason;

    open_limited(&life, sim, 0, 0);
    assert_true(life_push(&life, 1, 100) != 0);
    life_promise(&life);
    simdisk_replace(sim, id);
    assert_true(life_push(&life, 2, 100) != 0);
    later(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_READ_ONLY);
    assert_non_null(strstr(reason, "directory"));
    uint64_t promised = log_promised(life.log);
    assert_int_equal(life_push(&life, 3, 100), 0);
    assert_int_equal(life.refused, GMQ_E_READ_ONLY);
    assert_int_equal(life_ack(&life, life.live[0].lsn), 0);
    later(&life);
    assert_int_equal(log_promised(life.log), promised);
    simdisk_replace(sim, 1);
    later(&life);
    assert_int_equal(log_state(life.log, &reason), LOG_READ_ONLY); /* for good */
    assert_int_equal(log_stop(life.log), -ENOENT);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(watch_makes_the_log_read_only_when_its_directory_is_removed) { take_directory_away(0); }

TEST(watch_makes_the_log_read_only_when_its_directory_is_replaced) { take_directory_away(2); }
