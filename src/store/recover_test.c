/* recover_test.c - torn tails, damage, lost files, and whole lives ended anywhere. SPDX-License-Identifier: MIT */
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
#include "unit/unit.h"

static const char dir[] = "/data";
static const char first_segment[] = "/data/log/0000000000001000.seg";

enum { PUSHES = 40, BODY = 100 };

/* A disk with a log of PUSHES messages, all durable, the process killed; `ret_ends` says where each record ended. */
static struct simdisk *make_log(uint64_t *ret_ends, bool sync_each)
{
    struct simdisk *sim = simdisk_new(7);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    for (uint64_t i = 0; i < PUSHES; i++) {
        uint64_t lsn = life_push(&life, i + 1, BODY);
        ret_ends[i] = lsn + record_stride(RECORD_PUSH, BODY + 8);
        if (sync_each)
            life_sync(&life);
    }
    life_sync(&life);
    life_fini(&life);
    simdisk_kill(sim);
    return sim;
}

TEST(recovery_keeps_every_whole_record_before_a_cut_at_any_byte)
{
    uint64_t ends[PUSHES], bytes;
    struct simdisk *sim = make_log(ends, false);
    struct life life;

    assert_non_null(simdisk_file(sim, first_segment, &bytes));
    for (uint64_t at = LSN_FIRST; at <= ends[PUSHES - 1]; at += 3) {
        struct simdisk *copy = simdisk_copy(sim);
        uint64_t whole = 0;
        while (whole < PUSHES && ends[whole] - (8 - (BODY + 8) % 8) % 8 <= at)
            whole++;
        assert_true(simdisk_cut_file(copy, first_segment, SEGMENT_HEADER_BYTES + at - LSN_FIRST));
        life_init(&life, simdisk_disk(copy), dir);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, whole);
        assert_int_equal(life.report.damaged_bytes, 0);
        assert_true(life_push(&life, 1000, 5) > ends[PUSHES - 1]);
        life_sync(&life);
        life_kill(&life);
        simdisk_power_cut(copy);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, whole + 1);
        assert_int_equal(life.report.lost_ranges, 0);
        life_fini(&life);
        simdisk_free(copy);
    }
    simdisk_free(sim);
}

TEST(recovery_loses_only_the_record_that_a_flipped_byte_hits)
{
    uint64_t ends[PUSHES], bytes;
    struct simdisk *sim = make_log(ends, true);
    struct life life;

    /* What the last BATCH does not vouch for may be a torn tail: flip only before it. */
    for (uint64_t at = LSN_FIRST; at < ends[PUSHES - 2]; at += 13) {
        struct simdisk *copy = simdisk_copy(sim);
        simdisk_file(copy, first_segment, &bytes)[SEGMENT_HEADER_BYTES + at - LSN_FIRST] ^= 0x40;
        life_init(&life, simdisk_disk(copy), dir);
        assert_int_equal(life_open(&life), 0);
        assert_true(life.count >= PUSHES - 1);
        assert_true(life_has(&life, 1) || life_has(&life, 2));
        assert_true(life_has(&life, PUSHES));
        assert_true(life.count == PUSHES || life.report.damaged_bytes > 0);
        assert_true(life.report.damaged_bytes < 400);
        life_fini(&life);
        simdisk_free(copy);
    }
    simdisk_free(sim);
}

TEST(recovery_quarantines_damage_and_says_so)
{
    uint64_t ends[PUSHES], bytes;
    struct simdisk *sim = make_log(ends, true);
    struct life life;
    char path[128];

    memset(simdisk_file(sim, first_segment, &bytes) + SEGMENT_HEADER_BYTES + ends[4] - LSN_FIRST, 0xee, 512);
    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    assert_true(life.count < PUSHES && life.count >= PUSHES - 4);
    assert_true(life.report.damaged_bytes >= 512);
    assert_true(strstr(life.report.note, "damaged bytes") != NULL);
    (void)snprintf(path, sizeof(path), "/data/quarantine/%016" PRIx64 "-%016" PRIx64 ".bin", ends[4],
                   ends[4] + life.report.damaged_bytes);
    assert_non_null(simdisk_file(sim, path, &bytes));
    assert_int_equal(bytes, life.report.damaged_bytes);
    /* Accounts of what stood there are ignored, and the segment never goes. */
    for (size_t i = life.count; i > 0; i--)
        (void)life_ack(&life, life.live[i - 1].lsn);
    life_checkpoint(&life);
    (void)life_push(&life, 77, 10);
    life_checkpoint(&life);
    (void)life_push(&life, 78, 10);
    life_checkpoint(&life);
    assert_int_equal(life_stats(&life).unlinked, 0);
    life_stop(&life);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, 2);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(recovery_knows_from_the_name_of_a_damaged_checkpoint_how_far_the_log_was_durable)
{
    struct simdisk *sim = simdisk_new(1);
    uint64_t lsn[8], bytes;
    struct life life;
    char path[128];

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    for (size_t i = 0; i < ARRAY_LEN(lsn); i++)
        lsn[i] = life_push(&life, 1 + i, 100);
    life_checkpoint(&life);
    (void)snprintf(path, sizeof(path), "/data/ckpt/%016" PRIx64 ".ckpt", life_stats(&life).checkpoint_lsn);
    life_kill(&life);
    simdisk_kill(sim);
    simdisk_file(sim, path, &bytes)[40] ^= 1;
    simdisk_file(sim, first_segment, &bytes)[SEGMENT_HEADER_BYTES + lsn[3] - LSN_FIRST + 30] ^= 1;
    assert_int_equal(life_open(&life), 0);
    assert_true(life.report.damaged_bytes > 0);
    for (size_t i = 0; i < ARRAY_LEN(lsn); i++)
        assert_int_equal(life_has(&life, 1 + i), i != 3);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(recovery_takes_a_torn_mark_of_an_orderly_stop_for_a_torn_tail)
{
    struct simdisk *sim = simdisk_new(1);
    uint64_t bytes;
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    assert_true(life_push(&life, 1, 100) > 0);
    life_sync(&life);
    uint64_t batch = life_tail(&life);
    life_stop(&life);
    simdisk_file(sim, first_segment, &bytes)[SEGMENT_HEADER_BYTES + batch - LSN_FIRST] ^= 1;
    assert_int_equal(life_open(&life), 0);
    assert_false(life.report.clean);
    assert_int_equal(life.report.damaged_bytes, 0);
    assert_string_equal(life.report.note, "");
    assert_true(life_has(&life, 1));
    life_fini(&life);
    simdisk_free(sim);
}

TEST(recovery_never_takes_what_the_disk_fails_to_read_for_a_torn_tail)
{
    uint64_t ends[PUSHES];
    struct life life;

    for (uint64_t skip = 0; skip < 6; skip++) {
        struct simdisk *sim = make_log(ends, false);
        life_init(&life, simdisk_disk(sim), dir);
        simdisk_fail(sim, SIMDISK_PREAD, skip, EIO, true);
        int rc = life_open(&life);
        assert_true(rc < 0 || life.count == PUSHES || life.report.damaged_bytes > 0);
        life_fini(&life);
        simdisk_kill(sim);
        life_init(&life, simdisk_disk(sim), dir);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, PUSHES);
        life_fini(&life);
        simdisk_free(sim);
    }
}

TEST(recovery_takes_a_group_whole_or_not_at_all)
{
    struct simdisk *sim = simdisk_new(8);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    uint64_t alone = life_push(&life, 1, BODY);
    uint64_t last = life_push_group(&life, 100, 20, BODY);
    uint64_t end = last + record_stride(RECORD_PUSH, BODY + 8);
    life_sync(&life);
    life_fini(&life);
    simdisk_kill(sim);
    for (uint64_t at = alone + 144; at < end + 8; at += 8) {
        struct simdisk *copy = simdisk_copy(sim);
        assert_true(simdisk_cut_file(copy, first_segment, SEGMENT_HEADER_BYTES + at - LSN_FIRST));
        life_init(&life, simdisk_disk(copy), dir);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, at + 4 < end ? 1 : 21);
        life_fini(&life);
        simdisk_free(copy);
    }
    simdisk_free(sim);
}

TEST(recovery_falls_back_to_the_older_checkpoint_and_then_to_the_log)
{
    struct simdisk *sim = simdisk_new(9);
    struct life life;
    uint64_t bytes;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    for (uint64_t round = 0; round < 4; round++) {
        for (uint64_t i = 1; i <= 100; i++)
            (void)life_push(&life, round * 100 + i, BODY);
        (void)life_ack(&life, life.live[0].lsn);
        life_checkpoint(&life);
    }
    assert_int_equal(life_stats(&life).checkpoints, 4);
    uint64_t newest_cut = life_stats(&life).checkpoint_lsn;
    life_kill(&life);
    for (int bad = 0; bad < 3; bad++) {
        simdisk_power_cut(sim);
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, 396);
        assert_true(bad == 0 ? life.report.checkpoint_lsn == newest_cut : life.report.checkpoint_lsn < newest_cut);
        assert_int_equal(bad == 2, life.report.checkpoint_lsn == 0);
        assert_int_equal(bad == 0, life.report.note[0] == '\0');
        life_kill(&life);
        char path[64];
        (void)snprintf(path, sizeof(path), "/data/ckpt/%016" PRIx64 ".ckpt", life.report.checkpoint_lsn);
        char *file = simdisk_file(sim, path, &bytes);
        if (file)
            file[bytes / 2] ^= 1;
        simdisk_kill(sim);
    }
    life_fini(&life);
    simdisk_free(sim);
}

/* Where the log before the second segment ended stands in its header, and once more in its first record. */
TEST(recovery_knows_where_a_log_ended_though_the_next_header_is_damaged)
{
    for (int decay = 0; decay < 2; decay++) {
        uint64_t ends[PUSHES], bytes;
        struct simdisk *sim = make_log(ends, false);
        struct life life;
        char next[64];

        life_init(&life, simdisk_disk(sim), dir);
        assert_int_equal(life_open(&life), 0);
        (void)snprintf(next, sizeof(next), "%s/log/%016" PRIx64 ".seg", dir, life_tail(&life));
        (void)life_push(&life, 1000, BODY);
        life_sync(&life);
        life_kill(&life);
        simdisk_kill(sim);
        if (decay == 0)
            memset(simdisk_file(sim, next, &bytes), 'x', SEGMENT_HEADER_BYTES);
        else
            assert_true(simdisk_spoil(sim, next, 0, SEGMENT_HEADER_BYTES));
        simdisk_file(sim, first_segment, &bytes)[SEGMENT_HEADER_BYTES + ends[PUSHES - 2] - LSN_FIRST + 30] ^= 1;
        assert_int_equal(life_open(&life), 0);
        assert_int_equal(life.count, PUSHES);
        assert_false(life_has(&life, PUSHES));
        assert_true(life_has(&life, 1000));
        assert_int_not_equal(life.report.damaged_bytes, 0); /* it was promised: no torn tail */
        life_fini(&life);
        simdisk_free(sim);
    }
}

/* A power cut may bring back a segment that was removed: nothing that dies later counts as dead in it. */
TEST(recovery_counts_no_death_in_a_segment_that_came_back)
{
    struct simdisk *sim = simdisk_new(3);
    struct disk *disk = simdisk_disk(sim);
    struct log_segment seg;
    struct life life;
    uint64_t bytes, counted = 0;

    life_init(&life, disk, dir);
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; !log_segment(life.log, 1, &seg); id++)
        (void)life_push(&life, id, 20000);
    life_sync(&life);
    char *old = malloc(simdisk_file(sim, first_segment, &bytes) ? bytes : 1);
    assert_non_null(old);
    memcpy(old, simdisk_file(sim, first_segment, &bytes), bytes);
    for (uint64_t id = 5000; id < 5010; id++)
        (void)life_push(&life, id, BODY);
    while (life.live[0].lsn < seg.base)
        (void)life_ack(&life, life.live[0].lsn);
    for (int i = 0; i < 3; i++) {
        life_checkpoint(&life);
        (void)life_push(&life, 6000 + (uint64_t)i, BODY);
    }
    life_sync(&life);
    assert_true(life_stats(&life).unlinked > 0);
    (void)life_ack(&life, life.live[0].lsn);
    life_sync(&life);
    life_kill(&life);
    simdisk_kill(sim);
    int file = disk->open(disk->ctx, first_segment, DISK_CREATE);
    assert_int_equal(disk->pwrite(disk->ctx, file, old, bytes, 0), 0);
    disk->close(disk->ctx, file);
    assert_int_equal(life_open(&life), 0);
    for (size_t i = 0; log_segment(life.log, i, &seg); i++)
        counted += seg.live;
    assert_int_equal(counted, life.count);
    free(old);
    life_fini(&life);
    simdisk_free(sim);
}

TEST(recovery_reports_a_segment_that_is_missing)
{
    struct simdisk *sim = simdisk_new(10);
    struct life life;

    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    for (uint64_t i = 1; i <= 5000; i++)
        (void)life_push(&life, i, 1000);
    life_sync(&life);
    assert_true(life_stats(&life).segments >= 4);
    uint64_t lsn = life.live[1500].lsn;
    life_kill(&life);
    simdisk_kill(sim);
    char path[128];
    uint64_t bytes, base = LSN_FIRST;
    for (uint64_t at = LSN_FIRST; at < lsn; at += 8) {
        (void)snprintf(path, sizeof(path), "/data/log/%016" PRIx64 ".seg", at);
        if (simdisk_file(sim, path, &bytes))
            base = at;
    }
    (void)snprintf(path, sizeof(path), "/data/log/%016" PRIx64 ".seg", base);
    assert_true(simdisk_remove_file(sim, path));
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.report.lost_ranges, 1);
    assert_true(life.count > 3000 && life.count < 5000);
    assert_true(life_has(&life, 5000));
    life_fini(&life);
    simdisk_free(sim);
}

TEST(recovery_refuses_a_directory_in_use_and_the_segment_of_another_node)
{
    struct simdisk *sim = simdisk_new(11);
    struct life life, other;

    life_init(&life, simdisk_disk(sim), dir);
    life_init(&other, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life_open(&other), -EWOULDBLOCK);
    assert_non_null(strstr(other.error, "pid 1"));
    assert_non_null(strstr(other.error, "-data_save_path"));
    life_fini(&other);
    (void)life_push(&life, 1, 1);
    life_sync(&life);
    life_kill(&life);
    simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    life_fini(&life);
    uint64_t bytes;
    struct segment_header header;
    char *file = simdisk_file(sim, first_segment, &bytes);
    assert_true(segment_header_decode(file, bytes, &header));
    header.uuid[0]++;
    segment_header_encode(file, &header);
    simdisk_kill(sim);
    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), -EXDEV);
    life_fini(&life);
    simdisk_free(sim);
}

/* Makes the header of a file claim another format; its CRC covers `crc_bytes` and is put right if `sound`. */
static void claim_version(char *file, unsigned version, size_t crc_bytes, bool sound)
{
    put_le16(file + 8, (uint16_t)version);
    if (!sound)
        return;
    put_le32(file + 12, 0);
    put_le32(file + 12, crc32c(0, file, crc_bytes));
}

static void check_refused(struct simdisk *sim, const char *path, const char *says, bool repairable)
{
    uint64_t bytes;
    char *before = malloc(1 << 20);
    struct life life;

    assert_non_null(before);
    char *file = simdisk_file(sim, path, &bytes);
    bytes = min_u64(bytes, 1 << 20);
    memcpy(before, file, bytes);
    life_init(&life, simdisk_disk(sim), dir);
    assert_int_equal(life_open(&life), -EPROTONOSUPPORT);
    assert_non_null(strstr(life.error, path));
    assert_non_null(strstr(life.error, says));
    assert_int_equal(strstr(life.error, "--repair") != NULL, repairable);
    life_kill(&life);
    simdisk_kill(sim);
    uint64_t after;
    file = simdisk_file(sim, path, &after);
    assert_memory_equal(file, before, bytes);
    life.options.repair = true;
    assert_int_equal(life_open(&life), repairable ? 0 : -EPROTONOSUPPORT);
    assert_int_equal(life.report.note[0] != '\0', repairable);
    life_fini(&life);
    simdisk_kill(sim);
    free(before);
}

TEST(recovery_refuses_a_segment_or_checkpoint_of_a_newer_format_and_touches_nothing)
{
    for (int sound = 0; sound < 2; sound++) {
        for (int of_segment = 0; of_segment < 2; of_segment++) {
            struct simdisk *sim = simdisk_new(12);
            struct life life;
            char path[64];
            uint64_t bytes;
            life_init(&life, simdisk_disk(sim), dir);
            assert_int_equal(life_open(&life), 0);
            for (uint64_t round = 0; round < 2; round++) {
                (void)life_push(&life, round + 1, BODY);
                life_checkpoint(&life);
            }
            /* The older one counts too: it would be removed by the next. */
            (void)snprintf(path, sizeof(path), "/data/ckpt/%016" PRIx64 ".ckpt", life_stats(&life).checkpoint_lsn);
            life_fini(&life);
            simdisk_kill(sim);
            if (of_segment)
                (void)snprintf(path, sizeof(path), "%s", first_segment);
            char *file = simdisk_file(sim, path, &bytes);
            assert_non_null(file);
            claim_version(file, FORMAT_VERSION + 1, of_segment ? 72 : CHECKPOINT_HEADER_BYTES, sound);
            check_refused(sim, path, "format 3", !sound);
            simdisk_free(sim);
        }
    }
}

TEST(recovery_takes_a_file_whose_name_is_no_address_for_none_of_its_own)
{
    uint64_t ends[PUSHES];
    struct simdisk *sim = make_log(ends, true);
    struct disk *disk = simdisk_disk(sim);
    struct life life;

    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"/data/log/ffffffffffffffff.seg", "/data/log/fffffffffffffff8.seg",
                                            "/data/ckpt/ffffffffffffffff.ckpt", "/data/ckpt/fffffffffffffff8.ckpt"};
        int file = disk->open(disk->ctx, names[i], DISK_CREATE);
        assert_true(file >= 0);
        assert_int_equal(disk->pwrite(disk->ctx, file, "GMQ", 3, 0), 0);
        disk->close(disk->ctx, file);
    }
    life_init(&life, disk, dir);
    assert_int_equal(life_open(&life), 0);
    assert_int_equal(life.count, PUSHES);
    assert_true(life.report.end_lsn == LSN_JUMP);
    life_fini(&life);
    simdisk_free(sim);
}

/* ---- whole lives ------------------------------------------------------------------------------------------------ */

enum { STEPS_MAX = 20000 };

/* digest[k] is the state after k steps, end[k] where the log ended then. A group is one step. */
struct history {
    uint64_t digest[STEPS_MAX], end[STEPS_MAX];
    size_t count;
    uint64_t next_id;
};

static uint64_t digest_of(const struct life *life)
{
    uint64_t digest = life->queue_lsn;

    for (size_t i = 0; i < life->count; i++)
        digest = (digest ^ life->live[i].id) * UINT64_C(0x100000001b3) + life->live[i].lsn;
    return digest;
}

static void remember(struct history *history, const struct life *life)
{
    assert_true(history->count < STEPS_MAX);
    history->digest[history->count] = digest_of(life);
    history->end[history->count++] = life_tail(life);
}

/* One random step; false when the log takes no more. */
static bool live_on(struct life *life, struct history *history, struct simdisk *sim)
{
    uint64_t dice = simdisk_random(sim, 100), done;

    if (dice < 50)
        done = life_push(life, history->next_id++, simdisk_random(sim, dice < 2 ? 200000 : 2000));
    else if (dice < 60) {
        size_t count = 1 + simdisk_random(sim, 30);
        done = life_push_group(life, history->next_id, count, simdisk_random(sim, 500));
        history->next_id += count;
    } else if (dice < 85 && life->count > 0)
        done = life_ack(life, life->live[simdisk_random(sim, simdisk_random(sim, 4) ? 1 : life->count)].lsn);
    else
        done = life_queue(life);
    if (done != 0)
        remember(history, life);
    if (done != 0 && dice % 4 == 0)
        life_promise(life);
    else if (dice % 8 == 1)
        life_turn(life);
    if (dice == 7)
        life_checkpoint(life);
    return done != 0 && !life_is_read_only(life);
}

/* The state that came back is one that was lived, and not one before what was promised. */
static void check_history(struct history *history, const struct life *life, uint64_t promised)
{
    uint64_t digest = digest_of(life);
    size_t at = history->count;

    while (at > 0 && history->digest[at - 1] != digest)
        at--;
    assert_true(at > 0);
    assert_true(at == history->count || history->end[at] > promised);
    assert_int_equal(life->report.damaged_bytes + life->report.lost_ranges, 0);
    history->count = 0;
    remember(history, life);
}

static void live_many_times(uint64_t seed, enum log_sync sync)
{
    struct history *history = calloc(1, sizeof(*history));
    struct simdisk *sim = simdisk_new(seed);
    struct life life;
    uint64_t promised = 0;

    assert_non_null(history);
    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = sync;
    for (int lives = 0; lives < 12; lives++) {
        if (simdisk_random(sim, 2))
            simdisk_stop_after(sim, simdisk_random(sim, 200));
        int rc = life_open(&life);
        if (rc == 0) {
            if (lives == 0)
                remember(history, &life);
            check_history(history, &life, promised);
            for (uint64_t i = simdisk_random(sim, 1500); i > 0 && live_on(&life, history, sim); i--)
                continue;
            (void)log_poll(life.log);
            bool power = simdisk_random(sim, 2);
            promised = power ? log_durable(life.log) : log_written(life.log);
            if (simdisk_random(sim, 4) == 0 && log_stop(life.log) == 0)
                promised = history->end[history->count - 1];
            life_kill(&life);
            if (power)
                simdisk_power_cut(sim);
            else
                simdisk_kill(sim);
        } else {
            simdisk_kill(sim);
            if (lives == 0)
                lives--;
        }
    }
    life_fini(&life);
    simdisk_free(sim);
    free(history);
}

TEST(recovery_of_random_lives_with_sync_always_gives_a_lived_and_promised_state)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        live_many_times(seed, LOG_SYNC_ALWAYS);
}

TEST(recovery_of_random_lives_with_sync_interval_gives_a_lived_and_promised_state)
{
    for (uint64_t seed = 101; seed <= 108; seed++)
        live_many_times(seed, LOG_SYNC_INTERVAL);
}

TEST(recovery_of_random_lives_with_sync_none_gives_a_lived_and_promised_state)
{
    for (uint64_t seed = 201; seed <= 208; seed++)
        live_many_times(seed, LOG_SYNC_NONE);
}

/* One short life with everything in it, ended at the n-th operation on the disk. True when it got to its end. */
static bool live_until(uint64_t ops, bool power)
{
    struct history *history = calloc(1, sizeof(*history));
    struct simdisk *sim = simdisk_new(ops);
    struct life life;
    bool whole = false;

    assert_non_null(history);
    life_init(&life, simdisk_disk(sim), dir);
    life.options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(&life), 0);
    for (uint64_t id = 1; id <= 600; id++)
        (void)life_push(&life, id, 1000);
    life_checkpoint(&life);
    life_kill(&life);
    simdisk_kill(sim);
    simdisk_stop_after(sim, ops);
    uint64_t promised = 0;
    if (life_open(&life) == 0) {
        remember(history, &life);
        for (uint64_t id = 601; id <= 1800; id++) {
            if (life.count > 300 && life_ack(&life, life.live[0].lsn) != 0)
                remember(history, &life);
            if (life_push(&life, id, 1000) == 0)
                break;
            remember(history, &life);
            if (id % 300 == 0)
                life_checkpoint(&life);
        }
        (void)log_poll(life.log);
        promised = power ? log_durable(life.log) : log_written(life.log);
        whole = log_stop(life.log) == 0;
        promised = whole ? history->end[history->count - 1] : promised;
    }
    life_kill(&life);
    if (power)
        simdisk_power_cut(sim);
    else
        simdisk_kill(sim);
    assert_int_equal(life_open(&life), 0);
    if (history->count > 0)
        check_history(history, &life, promised);
    else
        assert_int_equal(life.count, 600);
    life_fini(&life);
    simdisk_free(sim);
    free(history);
    return whole;
}

TEST(recovery_follows_an_end_at_every_operation_on_the_disk)
{
    uint64_t ops = 0;

    while (!live_until(ops, ops % 2 == 0) || !live_until(ops, ops % 2 != 0))
        ops++;
    assert_true(ops > 50);
}
