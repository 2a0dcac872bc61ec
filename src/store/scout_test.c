/* scout_test.c - records found by their keys, walks. SPDX-License-Identifier: MIT */
#include "store/scout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "sim/simdisk.h"
#include "store/format.h"
#include "store/life_test.h"
#include "store/log_impl.h"
#include "unit/unit.h"

static const char dir[] = "/data";

enum { BODY = 1000, STEP = 10 };

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

/* Ids STEP apart, so that there are some just below and above each. */
static void push_many(struct life *life, uint64_t from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        assert_true(life_push(life, STEP * (from + i), BODY) != 0);
}

static void check_all(struct life *life, size_t step)
{
    uint64_t lsn;

    for (size_t i = 0; i < life->count; i += step) {
        assert_int_equal(life_find(life, life->live[i].id, &lsn), 1);
        assert_int_equal(lsn, life->live[i].lsn);
        assert_int_equal(life_find(life, life->live[i].id - 1, &lsn), GMQ_E_MESSAGE_UNKNOWN);
        assert_int_equal(life_find(life, life->live[i].id + 1, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    }
}

static void check_ends(struct life *life)
{
    uint64_t lsn;

    assert_int_equal(life_find(life, 0, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    assert_int_equal(life_find(life, 1, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    assert_int_equal(life_find(life, life->last_id + 1, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    assert_int_equal(life_find(life, UINT64_MAX, &lsn), GMQ_E_MESSAGE_UNKNOWN);
}

TEST(scout_finds_messages_of_this_life_and_of_lives_before)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 1);

    push_many(&life, 1, 5000);
    check_all(&life, 37);
    check_ends(&life);
    for (int end = 0; end < 3; end++) {
        life_sync(&life);
        if (end == 0)
            life_stop(&life);
        else
            life_kill(&life);
        if (end == 2)
            simdisk_power_cut(sim);
        assert_int_equal(life_open(&life), 0);
        check_ends(&life);
        check_all(&life, 41);
        push_many(&life, 10000 * (uint64_t)(end + 1), 1500);
        check_all(&life, 43);
    }
    check_all(&life, 1);
    close_all(&life, sim);
}

/* The first of a segment follows upon the last of the one before it. */
TEST(scout_finds_ids_without_a_gap_between_them)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 18);
    uint64_t lsn;

    for (uint64_t id = 1; id <= 4000; id++)
        assert_true(life_push(&life, id, BODY) != 0);
    life_sync(&life);
    assert_true(life_stats(&life).segments > 3);
    for (size_t i = 0; i < life.count; i++) {
        assert_int_equal(life_find(&life, life.live[i].id, &lsn), 1);
        assert_int_equal(lsn, life.live[i].lsn);
    }
    close_all(&life, sim);
}

TEST(scout_finds_what_is_not_yet_written)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 2);
    uint64_t lsn;

    push_many(&life, 1, 10);
    life_sync(&life);
    push_many(&life, 11, 20);
    assert_true(log_written(life.log) < life_tail(&life));
    for (size_t i = 10; i < life.count; i++) {
        assert_int_equal(log_find(life.log, life.live[i].id, &lsn), 1); /* at once */
        assert_int_equal(lsn, life.live[i].lsn);
    }
    check_all(&life, 1);
    close_all(&life, sim);
}

TEST(scout_finds_messages_in_an_empty_log_nowhere)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 3);

    check_ends(&life);
    (void)life_queue(&life);
    life_sync(&life);
    check_ends(&life);
    close_all(&life, sim);
}

TEST(scout_passes_segments_without_a_key)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 4);

    push_many(&life, 1, 100);
    for (int i = 0; i < 100000; i++)
        (void)life_ack(&life, 8); /* of nothing: they fill segments */
    push_many(&life, 200, 100);
    assert_true(life_stats(&life).segments > 3);
    check_all(&life, 1);
    life_sync(&life);
    life_kill(&life);
    assert_int_equal(life_open(&life), 0);
    check_all(&life, 1);
    assert_int_equal(life.log->segments.at[0].key_lost, false);
    close_all(&life, sim);
}

static void checkpoints(struct life *life)
{
    for (int i = 0; i < 4; i++) {
        (void)life_queue(life);
        life_checkpoint(life);
    }
}

TEST(scout_finds_what_is_left_in_compacted_segments)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 5);
    uint64_t gone = 0, lsn;

    push_many(&life, 1, 8000);
    for (size_t i = 0; i < life.count;) { /* all but each 16th */
        gone = life.live[i].id;
        for (size_t k = 0; k < 15 && i < life.count; k++)
            (void)life_ack(&life, life.live[i].lsn);
        i++;
    }
    checkpoints(&life);
    assert_true(life_stats(&life).compactions > 0);
    check_all(&life, 1);
    check_ends(&life);
    int rc = life_find(&life, gone, &lsn);
    assert_true(rc == GMQ_E_MESSAGE_UNKNOWN || rc == 1); /* its segment may still be there */
    assert_int_equal(life_find(&life, STEP, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    life_sync(&life);
    life_kill(&life);
    assert_int_equal(life_open(&life), 0);
    check_all(&life, 1);
    push_many(&life, 20000, 1000);
    check_all(&life, 1);
    close_all(&life, sim);
}

TEST(scout_asks_again_when_a_segment_goes_while_it_is_sent_there)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 6);
    uint64_t lsn, kept, dead;

    life.log->compact_off = true;
    push_many(&life, 1, 8000);
    kept = life.live[16].id;
    for (size_t i = 0; i < life.count; i++)
        for (size_t k = 0; k < 15 && i < life.count; k++)
            (void)life_ack(&life, life.live[i].lsn);
    dead = STEP;
    checkpoints(&life);
    lsn = 0;
    uint64_t where = 0;
    for (size_t i = 0; i < life.count; i++)
        if (life.live[i].id >= kept && where == 0) {
            kept = life.live[i].id;
            where = life.live[i].lsn;
        }
    assert_int_equal(log_find(life.log, kept, &lsn), 0);
    assert_int_equal(log_find(life.log, dead, &lsn), 0);
    log_publish(life.log); /* both are asked for in the old files */
    life.log->compact_off = false;
    life.log->compact_look = true;
    life_turn_of_writers(&life);
    assert_true(life_stats(&life).compactions > 0);
    assert_int_equal(life_find(&life, kept, &lsn), 1);
    assert_int_equal(lsn, where);
    assert_int_equal(life_find(&life, dead, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    close_all(&life, sim);
}

TEST(scout_says_unknown_of_what_went_with_its_segment)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 7);
    uint64_t lsn;

    push_many(&life, 1, 6000);
    check_all(&life, 100);
    while (life.count > 100)
        (void)life_ack(&life, life.live[0].lsn);
    checkpoints(&life);
    assert_true(life_stats(&life).unlinked > 0);
    assert_int_equal(life_find(&life, STEP, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    assert_int_equal(life_find(&life, 101 * STEP, &lsn), GMQ_E_MESSAGE_UNKNOWN); /* that was found before */
    check_all(&life, 1);
    close_all(&life, sim);
}

static void spoil(struct simdisk *sim, uint64_t base, uint64_t lsn)
{
    char path[64];
    uint64_t bytes;

    (void)snprintf(path, sizeof(path), "/data/log/%016" PRIx64 ".seg", base);
    char *file = simdisk_file(sim, path, &bytes);
    file[SEGMENT_HEADER_BYTES + lsn - base + 100] ^= 1;
}

TEST(scout_says_unreadable_of_what_may_be_damaged_and_finds_the_rest)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 8);
    uint64_t lsn;

    push_many(&life, 1, 6000);
    life_sync(&life);
    life_kill(&life);
    for (int i = 0; i < 3; i++) /* the first, two neighbours in the middle */
        spoil(sim, LSN_FIRST, life.live[i == 0 ? 0 : 998 + i].lsn);
    assert_int_equal(life_open(&life), 0);
    assert_true(life.report.damaged_bytes > 0);
    assert_int_equal(life_find(&life, STEP, &lsn), GMQ_E_UNREADABLE);
    assert_int_equal(life_find(&life, 1000 * STEP, &lsn), GMQ_E_UNREADABLE);
    assert_int_equal(life_find(&life, 1001 * STEP, &lsn), GMQ_E_UNREADABLE);
    assert_int_equal(life_find(&life, 1001 * STEP + 1, &lsn), GMQ_E_UNREADABLE); /* nobody knows what was there */
    assert_int_equal(life_find(&life, 1002 * STEP + 1, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    for (size_t i = 0; i < life.count; i += 7) {
        assert_int_equal(life_find(&life, life.live[i].id, &lsn), 1);
        assert_int_equal(lsn, life.live[i].lsn);
    }
    close_all(&life, sim);
}

TEST(scout_goes_on_where_a_failed_write_was_healed)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 9);

    push_many(&life, 1, 300);
    life_sync(&life);
    check_all(&life, 17);
    simdisk_fail(sim, SIMDISK_PWRITE, 0, EIO, false);
    push_many(&life, 301, 300);
    life_sync(&life);
    assert_int_equal(life_stats(&life).heals, 1);
    check_all(&life, 1);
    push_many(&life, 601, 3000);
    check_all(&life, 11);
    life_kill(&life);
    assert_int_equal(life_open(&life), 0);
    check_all(&life, 11);
    close_all(&life, sim);
}

TEST(scout_serves_more_askers_than_it_remembers)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 10);
    uint64_t lsn;

    push_many(&life, 1, 3000);
    life_sync(&life);
    for (size_t i = 0; i < life.count; i++)
        (void)!log_find(life.log, life.live[i].id, &lsn); /* none comes back for its answer at first */
    check_all(&life, 1);
    assert_true(log_memory(life.log) < 4u << 20);
    close_all(&life, sim);
}

/* ---- walks ------------------------------------------------------------------------------------------------------- */

struct seen {
    uint64_t pushes, acks, last;
    uint64_t stop_at; /* a push with this id; 0 = never */
    bool released;
};

static bool see(void *ctx, const struct record *rec)
{
    struct seen *seen = ctx;

    assert_true(rec->lsn > seen->last);
    seen->last = rec->lsn;
    seen->pushes += rec->type == RECORD_PUSH;
    seen->acks += rec->type == RECORD_ACK;
    return rec->type != RECORD_PUSH || get_le64(rec->payload.ptr) != seen->stop_at;
}

static void release(void *ctx) { ((struct seen *)ctx)->released = true; }

static struct log_walked walk(struct life *life, uint64_t from, uint64_t bytes_max, struct seen *seen)
{
    struct log_walk *walk = log_walk_begin(life->log, from, bytes_max, see, seen, release);
    struct log_walked walked;

    while (log_walk_look(walk, &walked) == 0)
        life_turn(life);
    log_walk_end(walk);
    assert_true(seen->released);
    return walked;
}

TEST(scout_walks_over_all_that_was_appended)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 11);
    struct seen seen = {.pushes = 0}, again = {.pushes = 0};

    push_many(&life, 1, 4000);
    for (int i = 0; i < 100; i++)
        (void)life_ack(&life, life.live[0].lsn);
    struct log_walked walked = walk(&life, LSN_FIRST, UINT64_MAX, &seen);
    assert_true(walked.whole && !walked.gap && !walked.stopped);
    assert_int_equal(walked.at, life_tail(&life));
    assert_int_equal(seen.pushes, 4000);
    assert_int_equal(seen.acks, 100);
    life_sync(&life);
    life_kill(&life);
    assert_int_equal(life_open(&life), 0);
    push_many(&life, 5000, 10);
    walked = walk(&life, LSN_FIRST, UINT64_MAX, &again); /* over the gap of addresses between two lives */
    assert_true(walked.whole && !walked.gap);
    assert_int_equal(again.pushes, 4010);
    close_all(&life, sim);
}

TEST(scout_walks_in_pieces_and_stops_when_told)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 12);
    struct seen seen = {.stop_at = 2000 * STEP};
    uint64_t from = LSN_FIRST;
    int pieces = 0;

    push_many(&life, 1, 4000);
    for (bool stopped = false; !stopped; pieces++) {
        struct log_walked walked = walk(&life, from, 1 << 19, &seen);
        assert_true(walked.at > from && !walked.gap);
        from = walked.at;
        stopped = walked.stopped;
    }
    assert_true(pieces >= 2);
    assert_int_equal(seen.pushes, 2000);
    close_all(&life, sim);
}

TEST(scout_says_of_a_walk_that_something_is_missing)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 13);
    struct seen seen = {.pushes = 0}, odd = {.pushes = 0};

    life.log->compact_off = true;
    push_many(&life, 1, 6000);
    while (life.count > 100)
        (void)life_ack(&life, life.live[0].lsn);
    uint64_t first = life.live[0].lsn;
    checkpoints(&life);
    assert_true(life_stats(&life).unlinked > 0);
    struct log_walked walked = walk(&life, LSN_FIRST, UINT64_MAX, &seen);
    assert_true(walked.whole && walked.gap);
    walked = walk(&life, first + 8, UINT64_MAX, &odd); /* where no record stands */
    assert_true(walked.whole && walked.gap);
    assert_int_equal(odd.pushes, 99);
    close_all(&life, sim);
}

TEST(scout_forgets_a_walk_whose_asker_has_gone)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 14);
    struct seen asked = {.pushes = 0}, away = {.pushes = 0}, left = {.pushes = 0};

    push_many(&life, 1, 1000);
    life_sync(&life);
    log_walk_end(log_walk_begin(life.log, LSN_FIRST, UINT64_MAX, see, &asked, release));
    assert_true(asked.released && asked.pushes == 0);
    struct log_walk *one = log_walk_begin(life.log, LSN_FIRST, UINT64_MAX, see, &away, release);
    log_publish(life.log);
    log_walk_end(one);
    assert_false(away.released);
    life_turn(&life);
    assert_true(away.released);
    struct log_walk *two = log_walk_begin(life.log, LSN_FIRST, UINT64_MAX, see, &left, release);
    log_publish(life.log);
    life_kill(&life); /* the log goes before it */
    log_walk_end(two);
    assert_true(left.released);
    close_all(&life, sim);
}

TEST(scout_works_beside_writer_reader_and_janitor)
{
    struct simdisk *sim = simdisk_new(15);
    struct life life;
    uint64_t lsn;

    life_init(&life, simdisk_disk(sim), dir);
    life.options.threads = true;
    life.options.sync = LOG_SYNC_NONE;
    assert_int_equal(life_open(&life), 0);
    struct seen seen = {.pushes = 0};
    struct log_walk *beside = NULL;
    struct log_walked walked;
    for (uint64_t round = 0; round < 40; round++) {
        push_many(&life, 1 + 200 * round, 200);
        if (round == 20)
            beside = log_walk_begin(life.log, LSN_FIRST, UINT64_MAX, see, &seen, release);
        while (life.count > 300)
            (void)life_ack(&life, life.live[life.count % 7].lsn);
        for (size_t i = 0; i < life.count; i += 50) {
            assert_int_equal(life_find(&life, life.live[i].id, &lsn), 1);
            assert_int_equal(lsn, life.live[i].lsn);
            (void)!log_find(life.log, STEP * round + i, &lsn);
        }
        if (round % 8 == 7)
            life_checkpoint(&life);
    }
    while (log_walk_look(beside, &walked) == 0)
        life_turn(&life);
    log_walk_end(beside);
    life_stop(&life);
    close_all(&life, sim);
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

/* Pushes and acks `count` messages. */
static void churn(struct life *life, uint64_t from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        assert_true(life_push(life, STEP * (from + i), BODY) != 0);
        assert_true(life_ack(life, life->live[0].lsn) != 0);
        if (i % 500 == 0)
            life_checkpoint(life);
    }
    checkpoints(life);
}

static uint64_t raw_bytes(const struct life *life)
{
    struct log_segment seg;
    uint64_t bytes = 0;

    for (size_t i = 0; log_segment(life->log, i, &seg); i++)
        bytes += seg.generation == 0 && seg.end != 0 ? seg.end - seg.base : 0;
    return bytes;
}

TEST(history_keeps_the_newest_of_the_log_as_it_is)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 16);
    uint64_t lsn;

    life_kill(&life);
    simdisk_kill(sim);
    life.options.history_keep = 3 << 20;
    assert_int_equal(life_open(&life), 0);
    (void)life_push(&life, 1, BODY);
    for (uint64_t round = 0; round < 5; round++) {
        churn(&life, 10 + 3000 * round, 3000);
        uint64_t last = STEP * (10 + 3000 * round + 2998);
        if (round > 1)
            assert_true(raw_bytes(&life) >= 3 << 20 && raw_bytes(&life) < 6 << 20);
        assert_int_equal(life_find(&life, last, &lsn), 1); /* though it is acked */
        struct seen seen = {.pushes = 0};
        struct log_walked walked = walk(&life, lsn, UINT64_MAX, &seen);
        assert_true(walked.whole && !walked.gap && seen.acks >= 2);
        life_sync(&life);
        life_kill(&life);
        simdisk_kill(sim);
        assert_int_equal(life_open(&life), 0);
    }
    assert_int_equal(life_find(&life, STEP * 10, &lsn), GMQ_E_MESSAGE_UNKNOWN);
    close_all(&life, sim);
}

TEST(history_goes_before_a_push_is_refused)
{
    struct life life;
    struct simdisk *sim = open_new(&life, 17);

    life_kill(&life);
    simdisk_kill(sim);
    life.options.history_keep = UINT64_C(1) << 40;
    life.options.max_disk = 16 << 20;
    assert_int_equal(life_open(&life), 0);
    churn(&life, 1, 20000);
    assert_true(raw_bytes(&life) > 4 << 20);
    assert_true(life_stats(&life).unlinked > 0);
    close_all(&life, sim);
}
