/* log_read_test.c - records from the ring, the cache and the disk. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "sim/simdisk.h"
#include "store/format.h"
#include "store/life_test.h"
#include "unit/unit.h"

static const char dir[] = "/data";

static void fill(struct life *life, struct simdisk *sim, uint64_t count, size_t body_bytes)
{
    life_init(life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(life), 0);
    for (uint64_t id = 1; id <= count; id++)
        assert_true(life_push(life, id, body_bytes) != 0);
    life_sync(life);
}

TEST(log_reads_every_record_whether_in_the_ring_or_not)
{
    struct simdisk *sim = simdisk_new(1);
    struct life life;

    fill(&life, sim, 5000, 1000);
    for (size_t i = 0; i < life.count; i += 3)
        assert_int_equal(life_read(&life, life.live[i].lsn, life.live[i].id), 1);
    assert_true(life_stats(&life).reads > 100);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_answers_unreadable_for_what_is_no_record)
{
    struct simdisk *sim = simdisk_new(2);
    struct life life;

    fill(&life, sim, 5000, 1000);
    uint64_t old = life.live[3].lsn, young = life.live[life.count - 1].lsn;
    assert_int_equal(life_read(&life, old + 8, 1), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, old + 3, 1), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, young + 8, 1), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, life_tail(&life), 1), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, LSN_FIRST, 1), GMQ_E_UNREADABLE); /* a BATCH */
    assert_int_equal(life_read(&life, UINT64_MAX & ~UINT64_C(7), 1), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, 8, 1), GMQ_E_UNREADABLE);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_reports_the_one_record_that_the_disk_spoiled)
{
    struct simdisk *sim = simdisk_new(3);
    struct life life;
    uint64_t bytes;
    char path[64];

    fill(&life, sim, 4000, 1000);
    (void)snprintf(path, sizeof(path), "/data/log/%016" PRIx64 ".seg", (uint64_t)LSN_FIRST);
    char *file = simdisk_file(sim, path, &bytes);
    file[SEGMENT_HEADER_BYTES + life.live[10].lsn - LSN_FIRST + 500] ^= 1;
    assert_int_equal(life_read(&life, life.live[10].lsn, 11), GMQ_E_UNREADABLE);
    assert_int_equal(life_read(&life, life.live[11].lsn, 12), 1);
    assert_int_equal(life_stats(&life).read_faults, 1);
    simdisk_fail(sim, SIMDISK_PREAD, 0, EIO, true);
    assert_int_equal(life_read(&life, life.live[500].lsn, 501), GMQ_E_UNREADABLE);
    simdisk_fail(sim, SIMDISK_PREAD, UINT64_MAX, EIO, false);
    assert_int_equal(life_read(&life, life.live[900].lsn, 901), 1);
    life_fini(&life);
    simdisk_free(sim);
}

/* A block is read for many records; one bad sector in it fails the whole read. */
TEST(log_reads_each_record_on_its_own_when_their_block_cannot_be_read)
{
    struct simdisk *sim = simdisk_new(6);
    struct life life;
    struct record rec;
    uint64_t lsns[30];

    fill(&life, sim, 4000, 1000);
    for (size_t i = 0; i < 30; i++)
        lsns[i] = life.live[i].lsn;
    simdisk_fail(sim, SIMDISK_PREAD, 0, EIO, false);
    log_prefetch(life.log, lsns, 30);
    life_turn(&life);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(log_read(life.log, lsns[i], &rec), 1);
    assert_int_equal(life_stats(&life).read_faults, 0);
    life_fini(&life);
    simdisk_free(sim);
}

/* Many askers at once, more than the cache holds: each comes to its record in a bounded number of turns. */
TEST(log_serves_many_waiting_readers_through_a_small_cache)
{
    struct simdisk *sim = simdisk_new(4);
    struct life life;
    enum { COUNT = 400 };
    bool served[COUNT] = {false};
    size_t left = COUNT, turns = 0;

    fill(&life, sim, COUNT + 60, 40000);
    while (left > 0) {
        for (size_t i = 0; i < COUNT; i++) {
            struct record rec;
            if (served[i])
                continue;
            int rc = log_read(life.log, life.live[i].lsn, &rec);
            assert_true(rc >= 0);
            served[i] = rc == 1;
            left -= served[i];
        }
        life_turn(&life);
        assert_true(++turns < 400);
    }
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_prefetches_without_pushing_out_what_is_waited_for)
{
    struct simdisk *sim = simdisk_new(5);
    struct life life;
    struct record rec;
    uint64_t lsns[300];

    fill(&life, sim, 5000, 1000);
    for (size_t i = 0; i < 300; i++)
        lsns[i] = life.live[i].lsn;
    assert_int_equal(log_read(life.log, life.live[1000].lsn, &rec), 0);
    log_prefetch(life.log, lsns, 300);
    life_turn(&life);
    assert_int_equal(log_read(life.log, life.live[1000].lsn, &rec), 1);
    uint64_t reads = life_stats(&life).reads;
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(log_read(life.log, lsns[i], &rec), 1);
    assert_int_equal(life_stats(&life).reads, reads);
    assert_true(reads < 20);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(log_reads_with_threads_while_it_writes)
{
    char *tmp = unit_tmpdir();
    struct disk disk;
    struct life life;

    disk_linux_init(&disk);
    life_init(&life, &disk, tmp);
    life.options.threads = true;
    life.options.sync = LOG_SYNC_INTERVAL;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 20000; id++) {
        assert_true(life_push(&life, id, 500) != 0);
        const struct life_item *item = &life.live[id * 7 % life.count];
        if (id % 10 == 0)
            assert_int_equal(life_read(&life, item->lsn, item->id), 1);
        if (id % 5000 == 0)
            life_checkpoint(&life);
    }
    life_stop(&life);
    life_fini(&life);
    free(tmp);
}
