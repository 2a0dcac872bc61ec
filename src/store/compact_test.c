/* compact_test.c - segments of which little is left: space, reads, restarts, damage. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "sim/simdisk.h"
#include "store/format.h"
#include "store/life_test.h"
#include "store/log_impl.h"
#include "unit/unit.h"

static const char dir[] = "/data";

enum { MIB = 1 << 20, BODY = 1000, CHECKPOINT_EVERY = 500 };

/* Pushes `count` messages from `id` on and acks all but each `keep`-th; checkpoints now and then. */
static void churn(struct life *life, uint64_t id, uint64_t count, uint64_t keep)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t lsn = life_push(life, id + i, BODY);
        assert_true(lsn > 0);
        if (i % keep != 0)
            assert_true(life_ack(life, lsn) > 0);
        if (i % CHECKPOINT_EVERY == 0)
            life_checkpoint(life);
    }
    for (int i = 0; i < 3; i++) {
        (void)life_queue(life);
        life_checkpoint(life);
    }
}

static void check_bodies(struct life *life)
{
    for (size_t i = 0; i < life->count; i++)
        assert_int_equal(life_read(life, life->live[i].lsn, life->live[i].id), 1);
}

/* What the files may take: twice what is needed, the slack, the interval of two checkpoints, and what is open. */
static void check_space(const struct life *life)
{
    struct log_stats stats = life_stats(life);
    uint64_t live = life->count * (BODY + 32), interval = 2 * CHECKPOINT_EVERY * (BODY + 80);

    assert_true(stats.disk_bytes <= 2 * live + life->options.gc_slack + interval + 2 * MIB);
    assert_true(stats.live_bytes >= live);
}

static struct simdisk *open_new(struct life *life, uint64_t seed)
{
    struct simdisk *sim = simdisk_new(seed);

    life_init(life, simdisk_disk(sim), dir);
    life->options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(life), 0);
    return sim;
}

static void close_all(struct life *life, struct simdisk *sim)
{
    life_fini(life);
    simdisk_free(sim);
}

TEST(compaction_keeps_the_disk_flat_under_one_immortal_message)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 1);
    uint64_t most = 0;

    assert_true(life_push(&life, 1, BODY) > 0);
    for (uint64_t round = 0; round < 20; round++) {
        churn(&life, 10 + round * 2000, 2000, UINT64_MAX - 1);
        (void)life_ack(&life, life.live[life.count - 1].lsn); /* i % keep is 0 for the first */
        check_space(&life);
        most = max_u64(most, life_stats(&life).disk_bytes);
    }
    assert_true(life_has(&life, 1) && life.count == 1);
    assert_true(most < 6 * MIB);
    check_bodies(&life);
    close_all(&life, sim);
}

TEST(compaction_gives_back_what_lies_between_scattered_survivors)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 2);

    churn(&life, 1, 20000, 10);
    struct log_stats stats = life_stats(&life);
    assert_int_equal(life.count, 2000);
    check_space(&life);
    assert_true(stats.compactions > 3 && stats.reclaimed_bytes > 12 * (uint64_t)MIB);
    assert_true(stats.compact_bytes < stats.reclaimed_bytes);
    check_bodies(&life);
    for (int restart = 0; restart < 2; restart++) {
        life_kill(&life);
        simdisk_power_cut(sim);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, 2000);
        assert_string_equal(life.report.note, "");
        check_bodies(&life);
        churn(&life, 100000 + 10000 * (uint64_t)restart, 3000, UINT64_MAX - 1);
        (void)life_ack(&life, life.live[life.count - 1].lsn);
        check_space(&life);
        life_sync(&life);
    }
    while (life.count > 0)
        (void)life_ack(&life, life.live[0].lsn);
    for (int i = 0; i < 4; i++) {
        (void)life_queue(&life);
        life_checkpoint(&life);
    }
    assert_true(life_stats(&life).segments <= 2);
    close_all(&life, sim);
}

TEST(compaction_waits_until_the_slack_is_used_up)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 3);

    life_kill(&life);
    simdisk_kill(sim);
    life.options.gc_slack = 8 * MIB;
    assert_int_equal(life_open(&life), 0);
    churn(&life, 1, 7000, 100);
    assert_int_equal(life_stats(&life).compactions, 0);
    churn(&life, 10000, 7000, 100);
    assert_true(life_stats(&life).compactions > 0);
    check_space(&life);
    close_all(&life, sim);
}

TEST(compaction_of_what_is_mostly_needed_never_happens)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 4);

    for (uint64_t i = 1; i <= 9000; i++) {
        uint64_t lsn = life_push(&life, i, BODY);
        if (i % 3 == 0)
            (void)life_ack(&life, lsn);
        if (i % CHECKPOINT_EVERY == 0)
            life_checkpoint(&life);
    }
    assert_int_equal(life_stats(&life).compactions, 0);
    close_all(&life, sim);
}

TEST(compaction_moves_a_record_that_is_being_read)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 5);
    struct record rec;

    life.log->compact_off = true;
    churn(&life, 1, 6000, 50);
    uint64_t first = life.live[0].lsn, second = life.live[20].lsn;
    assert_int_equal(log_read(life.log, first, &rec), 0);
    assert_int_equal(log_read(life.log, second, &rec), 0);
    log_publish(life.log); /* both are asked for in the old files */
    life.log->compact_off = false;
    life.log->compact_look = true;
    life_turn_of_writers(&life);
    assert_true(life_stats(&life).compactions > 0);
    assert_int_equal(life_stats(&life).reads, 0);
    assert_int_equal(life_read(&life, first, life.live[0].id), 1);
    assert_int_equal(life_read(&life, second, life.live[20].id), 1);
    assert_int_equal(life_stats(&life).read_faults, 0);
    assert_int_equal(life_read(&life, first + 8, 0), GMQ_E_UNREADABLE);
    close_all(&life, sim);
}

struct names {
    char path[64][64];
    size_t count;
    const char *with;
};

static void add_name(void *ctx, const char *path, uint64_t bytes)
{
    struct names *names = ctx;

    (void)bytes;
    if (!strstr(path, names->with) || names->count == ARRAY_LEN(names->path))
        return;
    (void)snprintf(names->path[names->count++], sizeof(names->path[0]), "%s", path);
}

static struct names files_with(struct simdisk *sim, const char *with)
{
    struct names names = {.with = with};

    simdisk_each(sim, add_name, &names);
    return names;
}

TEST(compaction_is_followed_by_a_start_from_the_older_checkpoint_or_from_none)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 6);

    churn(&life, 1, 8000, 40);
    uint64_t gone = life.live[3].id;
    (void)life_ack(&life, life.live[3].lsn);
    assert_int_equal(life.count, 199);
    life_sync(&life);
    life_kill(&life);
    for (int bad = 0; bad < 2; bad++) {
        struct simdisk *copy = simdisk_copy(sim);
        struct names ckpts = files_with(copy, ".ckpt");
        assert_int_equal(ckpts.count, 2);
        size_t newest = strcmp(ckpts.path[0], ckpts.path[1]) > 0 ? 0 : 1;
        for (size_t i = 0; i < 2; i++) {
            uint64_t bytes;
            if (bad > 0 || i == newest)
                simdisk_file(copy, ckpts.path[i], &bytes)[40] ^= 1;
        }
        life.options.disk = simdisk_disk(copy);
        assert_int_equal(life_open(&life), 0);
        assert_true(life_has(&life, gone) || life.count == 199); /* its ack may be gone with the checkpoints, no more */
        assert_in_range(life.count, 199, 200);
        for (uint64_t id = 1; id < 8000; id += 40)
            assert_true(life_has(&life, id) || id == gone);
        check_bodies(&life);
        life_kill(&life);
        simdisk_free(copy);
    }
    life.options.disk = NULL;
    close_all(&life, sim);
}

TEST(compaction_of_a_life_before_goes_on_where_it_was)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 7);

    life.log->compact_off = true;
    churn(&life, 1, 8000, 40);
    assert_int_equal(life_stats(&life).compactions, 0);
    life_stop(&life);
    assert_int_equal(life_open(&life), 0);
    (void)life_queue(&life);
    life_checkpoint(&life);
    assert_int_equal(life_stats(&life).compactions, 1); /* the one read at the start is the older now */
    check_space(&life);
    check_bodies(&life);
    close_all(&life, sim);
}

/* A life with compacted segments, all durable and stopped; `ret_path` is one of their files. */
static struct simdisk *make_compacted(struct life *life, char ret_path[64])
{
    struct simdisk *sim = open_new(life, 8);

    churn(life, 1, 8000, 40);
    life_stop(life);
    struct names files = files_with(sim, "-");
    assert_true(files.count > 0);
    (void)snprintf(ret_path, 64, "%s", files.path[0]);
    return sim;
}

TEST(compaction_survives_damage_in_its_directory_with_every_message)
{
    struct life life;
    char path[64];
    struct simdisk *sim = make_compacted(&life, path);
    uint64_t bytes;

    (void)simdisk_file(sim, path, &bytes);
    for (uint64_t back = 1; back < 200; back += 6) {
        struct simdisk *copy = simdisk_copy(sim);
        simdisk_file(copy, path, &bytes)[bytes - back] ^= 4;
        life.options.disk = simdisk_disk(copy);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, 200);
        check_bodies(&life);
        churn(&life, 10000, 4000, 40); /* it is not compacted again: what is damaged stays as it is */
        check_bodies(&life);
        life_kill(&life);
        simdisk_free(copy);
    }
    close_all(&life, sim);
}

TEST(compaction_loses_to_damage_only_the_record_that_it_hits)
{
    struct life life;
    char path[64];
    struct simdisk *sim = make_compacted(&life, path);
    uint64_t bytes;
    size_t lost = 0;

    simdisk_file(sim, path, &bytes)[SEGMENT_HEADER_BYTES + 3 * (BODY + 32) + 500] ^= 4;
    for (int start = 0; start < 2; start++) {
        assert_int_equal(life_open(&life), 0);
        for (size_t i = 0; i < life.count; i++)
            lost += life_read(&life, life.live[i].lsn, life.live[i].id) == GMQ_E_UNREADABLE;
        assert_int_equal(lost, 1);
        struct names ckpts = files_with(sim, ".ckpt");
        for (size_t i = 0; i < ckpts.count; i++)
            assert_true(simdisk_remove_file(sim, ckpts.path[i]));
        life_kill(&life);
        simdisk_kill(sim);
    }
    assert_int_equal(life.report.damaged_bytes, BODY + 32);
    assert_int_equal(files_with(sim, "quarantine").count, 2);
    close_all(&life, sim);
}

TEST(compaction_result_that_is_damaged_counts_and_the_files_that_it_replaced_are_kept)
{
    struct life life;
    bool seen = false;

    for (uint64_t ops = 0; ops < 400; ops++) {
        struct simdisk *sim = open_new(&life, 9);
        life.log->compact_off = true;
        churn(&life, 1, 3000, 40);
        life.log->compact_off = false;
        life.log->compact_look = true;
        simdisk_stop_after(sim, ops);
        life_turn_of_writers(&life);
        life_kill(&life);
        simdisk_kill(sim);
        struct names files = files_with(sim, "-");
        uint64_t bytes;
        struct names raw = files_with(sim, "/log/0000000000001000.seg");
        bool both = files.count == 1 && raw.count == 1;
        if (both)
            simdisk_file(sim, files.path[0], &bytes)[bytes - 20] ^= 1;
        if (both || files.count == 0) {
            assert_int_equal(life_open(&life), 0);
            assert_int_equal(life.count, 75);
            check_bodies(&life);
            assert_int_equal(files_with(sim, "quarantine").count > 0, both);
        }
        seen = seen || both;
        bool done = files.count == 1 && raw.count == 0;
        close_all(&life, sim);
        if (done)
            break;
    }
    assert_true(seen);
}

/* A checkpoint as the version before wrote it. */
static void make_version_one(char *file, uint64_t bytes, uint64_t *ret_bytes)
{
    struct checkpoint_view view;
    char *old = calloc(1, bytes);

    assert_non_null(old);
    assert_true(checkpoint_view_read(file, bytes, &view));
    size_t count = view.header.segments, table = count * CHECKPOINT_SEGMENT_BYTES_V1;
    memcpy(old, file, 72);
    for (size_t i = 0; i < count; i++)
        memcpy(old + CHECKPOINT_HEADER_BYTES + i * CHECKPOINT_SEGMENT_BYTES_V1,
               view.table + i * CHECKPOINT_SEGMENT_BYTES, CHECKPOINT_SEGMENT_BYTES_V1);
    memcpy(old + CHECKPOINT_HEADER_BYTES + table, view.image.ptr, view.image.len);
    put_le16(old + 8, 1);
    put_le32(old + 12, 0);
    put_le32(old + 56, crc32c(0, old + CHECKPOINT_HEADER_BYTES, table));
    put_le32(old + 12, crc32c(0, old, CHECKPOINT_HEADER_BYTES));
    *ret_bytes = CHECKPOINT_HEADER_BYTES + table + view.image.len;
    memcpy(file, old, *ret_bytes);
    free(old);
}

TEST(compaction_leaves_alone_what_an_old_checkpoint_does_not_tell_of)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 10);

    life.log->compact_off = true;
    churn(&life, 1, 6000, 40);
    life_stop(&life);
    struct names ckpts = files_with(sim, ".ckpt");
    for (size_t i = 0; i < ckpts.count; i++) {
        uint64_t bytes, old_bytes;
        char *file = simdisk_file(sim, ckpts.path[i], &bytes);
        make_version_one(file, bytes, &old_bytes);
        assert_true(simdisk_cut_file(sim, ckpts.path[i], old_bytes));
    }
    assert_int_equal(life_open(&life), 0);
    assert_string_equal(life.report.note, "");
    assert_true(life.report.checkpoint_lsn > 0);
    assert_int_equal(life.count, 150);
    uint64_t segments = life_stats(&life).segments;
    churn(&life, 10000, 100, 2);
    assert_int_equal(life_stats(&life).compactions, 0);
    assert_in_range(life_stats(&life).segments, segments, segments + 2);
    while (life.count > 0)
        (void)life_ack(&life, life.live[0].lsn);
    for (int i = 0; i < 4; i++) {
        (void)life_queue(&life);
        life_checkpoint(&life);
    }
    assert_true(life_stats(&life).segments <= 2);
    close_all(&life, sim);
}

TEST(compaction_of_old_checkpoints_knows_where_it_is_blind)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 14);

    life.log->compact_off = true;
    churn(&life, 1, 6000, 40);
    assert_false(log_is_blind(life.log, life.live[0].lsn));
    life_stop(&life);
    struct names ckpts = files_with(sim, ".ckpt");
    for (size_t i = 0; i < ckpts.count; i++) {
        uint64_t bytes, old_bytes;
        char *file = simdisk_file(sim, ckpts.path[i], &bytes);
        make_version_one(file, bytes, &old_bytes);
        assert_true(simdisk_cut_file(sim, ckpts.path[i], old_bytes));
    }
    assert_int_equal(life_open(&life), 0);
    assert_true(log_is_blind(life.log, life.live[0].lsn));
    assert_false(log_is_dead(life.log, life.live[0].lsn + 8));
    uint64_t lsn = life_push(&life, 10000, BODY);
    assert_false(log_is_blind(life.log, lsn));
    assert_false(log_is_blind(life.log, 0));
    close_all(&life, sim);
}

/* What log_read_kept() answers in the end. */
static int read_kept(struct life *life, uint64_t lsn)
{
    struct record rec;
    int rc;

    while ((rc = log_read_kept(life->log, lsn, &rec)) == 0)
        life_turn(life);
    if (rc == 1)
        assert_true(rec.lsn == lsn);
    return rc;
}

TEST(compaction_leaves_out_what_is_not_kept_though_it_may_be_at_hand)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 15);

    uint64_t stays = life_push(&life, 1, BODY), goes = life_push(&life, 2, BODY);
    life.log->compact_off = true;
    churn(&life, 10, 3000, UINT64_MAX - 1);
    assert_int_equal(life_read(&life, goes, 2), 1);
    assert_int_equal(read_kept(&life, goes), 1);
    assert_true(life_ack(&life, goes) > 0);
    assert_int_equal(read_kept(&life, goes), 1); /* its file is as it was */
    life.log->compact_off = false;
    churn(&life, 20000, 3000, UINT64_MAX - 1);
    assert_true(life_stats(&life).compactions > 0);
    assert_int_equal(read_kept(&life, goes), GMQ_E_UNREADABLE);
    assert_int_equal(read_kept(&life, stays), 1);
    uint64_t young = life_push(&life, 30000, BODY);
    assert_int_equal(read_kept(&life, young), 1);
    assert_int_equal(read_kept(&life, life_tail(&life) + MIB), GMQ_E_UNREADABLE);
    close_all(&life, sim);
}

TEST(compaction_makes_room_on_a_disk_that_is_full)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 11);
    uint64_t id = 1;

    life_kill(&life);
    simdisk_kill(sim);
    life.options.gc_slack = 1024 * (uint64_t)MIB; /* nothing but the need of room */
    assert_int_equal(life_open(&life), 0);
    simdisk_set_room(sim, 24 * MIB);
    for (; id < 60000; id++) {
        uint64_t lsn = life_push(&life, id, BODY);
        for (int i = 0; lsn == 0 && i < 20; i++) {
            assert_int_equal(life.refused, GMQ_E_DISK_FULL);
            (void)life_queue(&life);
            life_checkpoint(&life);
            life_turn(&life);
            lsn = life_push(&life, id, BODY);
        }
        assert_true(lsn > 0);
        if (id % 40 != 0)
            (void)life_ack(&life, lsn);
        if (log_checkpoint_due(life.log))
            life_checkpoint(&life);
    }
    assert_int_equal(life.count, 1499);
    assert_true(life_stats(&life).compactions > 0);
    check_bodies(&life);
    close_all(&life, sim);
}

TEST(compaction_goes_on_beside_reads_and_appends_with_threads)
{
    struct life life;
    char *tmp = unit_tmpdir();
    struct disk disk;

    disk_linux_init(&disk);
    life_init(&life, &disk, tmp);
    life.options.sync = LOG_SYNC_NONE;
    life.options.threads = true;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t round = 0; life_stats(&life).compactions < 3; round++) {
        churn(&life, 1 + round * 2000, 2000, 20);
        for (size_t i = 0; i < life.count; i += 7)
            assert_int_equal(life_read(&life, life.live[i].lsn, life.live[i].id), 1);
        assert_true(round < 100);
    }
    life_stop(&life);
    assert_int_equal(life_open(&life), 0);
    check_bodies(&life);
    life_fini(&life);
    free(tmp);
}

/* ---- ended anywhere ---------------------------------------------------------------------------------------------- */

/* A life with a compaction at its end, ended at the n-th operation on the disk. True when it got to its end. */
static bool compact_until(uint64_t ops, bool power)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 12 + ops);

    life.log->compact_off = true;
    churn(&life, 1, 2600, 30);
    life_sync(&life);
    size_t count = life.count;
    life.log->compact_off = false;
    life.log->compact_look = true;
    simdisk_stop_after(sim, ops);
    life_turn_of_writers(&life);
    (void)life_queue(&life);
    life_checkpoint(&life);
    bool whole = log_stop(life.log) == 0;
    assert_true(!whole || files_with(sim, "-").count > 0);
    life_kill(&life);
    for (int start = 0; start < 2; start++) {
        if (power)
            simdisk_power_cut(sim);
        else
            simdisk_kill(sim);
        assert_int_equal(life_open(&life), 0);
        assert_string_equal(life.report.note, "");
        assert_int_equal(life.count, count);
        check_bodies(&life);
        if (start == 0)
            life_kill(&life);
    }
    churn(&life, 5000, 1000, 30);
    check_bodies(&life);
    close_all(&life, sim);
    return whole;
}

TEST(compaction_can_end_at_every_operation_on_the_disk)
{
    uint64_t ops = 0;

    while (!compact_until(ops, false) || !compact_until(ops, true))
        ops++;
    assert_true(ops > 20);
}
