/* waiting_test.c - SPDX-License-Identifier: MIT */
#include "engine/waiting.h"

#include "base/bytes.h"
#include "engine/tape.h"
#include "unit/unit.h"

#include <stdlib.h>

enum { CHUNK = 4, LSN = 8000, NODE = TOPIC_NODE_RETRIES };

static struct slice refs_from(char *to, uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_le64(to + 8 * (size_t)i, first + i);
    return slice_of(to, 8 * (size_t)count);
}

/* Refs from..to-1 in the tail of a new list. */
static void fill(struct waiting_pool *pool, struct waiting *list, uint64_t from, uint64_t to)
{
    *list = (struct waiting){.out = NULL};
    waiting_init(pool, list);
    for (uint64_t ref = from; ref < to; ref++)
        waiting_push(pool, list, ref);
}

static bool spill(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, uint64_t first, unsigned count)
{
    char refs[8 * (WAITING_CHUNK_REFS_MAX + 1)];

    bool done = waiting_spill(pool, list, lsn, refs_from(refs, first, count));
    assert_null(waiting_fault(list));
    return done;
}

static bool load(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, uint64_t first, unsigned count)
{
    char refs[8 * (WAITING_CHUNK_REFS_MAX + 1)];

    bool done = waiting_load(pool, list, lsn, refs_from(refs, first, count));
    assert_null(waiting_fault(list));
    return done;
}

/* Takes `from` to `to` - 1 in this order. */
static void take(struct waiting_pool *pool, struct waiting *list, uint64_t from, uint64_t to)
{
    for (; from < to; from++) {
        assert_non_null(waiting_oldest(list));
        assert_int_equal(fifo_first(waiting_oldest(list)), from);
        assert_true(waiting_take(pool, list, from));
    }
}

TEST(waiting_list_without_a_limit_owes_nothing)
{
    struct waiting_pool pool;
    struct waiting list;

    waiting_pool_init(&pool);
    fill(&pool, &list, 1, 100000);
    assert_null(waiting_owes(&pool));
    assert_int_equal(pool.refs, 99999);
    take(&pool, &list, 1, 100);
    waiting_free(&list);
}

TEST(waiting_list_that_is_too_long_owes_its_middle_and_gives_it_back_in_order)
{
    struct waiting_pool pool;
    struct waiting list;
    uint64_t refs[WAITING_CHUNK_REFS_MAX];
    uint64_t lsn = LSN, first = 0;

    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 20, CHUNK);
    fill(&pool, &list, 1, 51);
    for (; waiting_owes(&pool) == &list; lsn += 64) {
        assert_int_equal(waiting_chunk(&pool, &list, refs), CHUNK);
        first = first ? first : refs[0];
        assert_true(spill(&pool, &list, lsn, refs[0], CHUNK));
    }
    assert_int_equal(first, 1 + 2 * CHUNK); /* the oldest stay */
    assert_int_equal(pool.refs, 18);
    assert_int_equal(waiting_count(&list), 50);
    take(&pool, &list, 1, first);
    assert_null(waiting_oldest(&list));
    for (uint64_t at = LSN; at < lsn; at += 64, first += CHUNK) {
        assert_true(load(&pool, &list, at, first, CHUNK));
        take(&pool, &list, first, first + CHUNK);
    }
    take(&pool, &list, first, 51);
    assert_null(list.out);
    assert_int_equal(pool.refs, 0);
    waiting_free(&list);
}

TEST(waiting_lists_owe_in_the_order_in_which_they_became_long)
{
    struct waiting_pool pool;
    struct waiting lists[3];

    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 29, CHUNK);
    fill(&pool, &lists[0], 1, 12); /* one short of owing */
    fill(&pool, &lists[1], 100, 113);
    fill(&pool, &lists[2], 200, 213);
    assert_ptr_equal(waiting_owes(&pool), &lists[1]);
    assert_true(spill(&pool, &lists[1], LSN, 108, CHUNK));
    assert_ptr_equal(waiting_owes(&pool), &lists[2]);
    assert_true(spill(&pool, &lists[2], LSN + 64, 208, CHUNK));
    assert_null(waiting_owes(&pool));
    for (unsigned i = 0; i < ARRAY_LEN(lists); i++)
        waiting_free(&lists[i]);
}

/* What waiting_owes() names and waiting_chunk() gives is spilled; returns how many refs, 0 = nothing is owed. */
static size_t spill_owed(struct waiting_pool *pool, struct waiting **ret_list, uint64_t lsn)
{
    uint64_t refs[WAITING_CHUNK_REFS_MAX];
    struct waiting *list = *ret_list = waiting_owes(pool);

    if (!list)
        return 0;
    size_t n = waiting_chunk(pool, list, refs);
    assert_true(n > 0 && spill(pool, list, lsn, refs[0], (unsigned)n));
    return n;
}

TEST(waiting_lists_that_are_short_owe_what_nobody_takes)
{
    struct waiting_pool pool;
    struct waiting lists[3], *owes;

    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 20, CHUNK);
    for (unsigned i = 0; i < ARRAY_LEN(lists); i++)
        fill(&pool, &lists[i], 1 + i * 100, 11 + i * 100);
    take(&pool, &lists[0], 1, 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(spill_owed(&pool, &owes, LSN + i * 64), CHUNK);
        assert_ptr_equal(owes, i < 2 ? &lists[1] : &lists[2]);
    }
    assert_null(waiting_owes(&pool));
    assert_null(lists[0].out);
    assert_null(waiting_oldest(&lists[1]));
    assert_int_equal(waiting_in_memory(&lists[1]), 10 - 2 * CHUNK);
    assert_true(load(&pool, &lists[1], LSN, 101, CHUNK));
    assert_true(load(&pool, &lists[1], LSN + 64, 105, CHUNK));
    take(&pool, &lists[1], 101, 111);
    for (unsigned i = 0; i < ARRAY_LEN(lists); i++)
        waiting_free(&lists[i]);
}

TEST(waiting_list_that_is_taken_from_keeps_its_head)
{
    struct waiting_pool pool;
    struct waiting list, *owes;

    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 10, CHUNK);
    fill(&pool, &list, 1, 12);
    take(&pool, &list, 1, 2);
    for (uint64_t ref = 12; ref < 15; ref++)
        waiting_push(&pool, &list, ref);
    assert_int_equal(pool.refs, 3 * CHUNK + 1);
    assert_int_equal(spill_owed(&pool, &owes, LSN), CHUNK);
    assert_int_equal(list.out->head.count, 2 * CHUNK);
    assert_false(waiting_wants(&pool, &list));
    waiting_free(&list);
}

/* However little fits into memory: a record for each message would cost more than it gives. */
TEST(waiting_lists_owe_no_tiny_chunks_and_smaller_ones_the_more_lists_there_are)
{
    struct waiting_pool pool;
    struct waiting *lists = calloc(1000, sizeof(lists[0])), *owes;

    assert_non_null(lists);
    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 10000, WAITING_CHUNK_REFS_MAX);
    for (unsigned i = 0; i < 1000; i++)
        fill(&pool, &lists[i], 1 + i * 1000, WAITING_SHORT_REFS_MIN + i * 1000);
    assert_true(pool.refs > 10000);
    for (unsigned i = 0; i < 1000; i++)
        assert_null(waiting_owes(&pool));
    for (unsigned i = 0; i < 1000; i++)
        waiting_push(&pool, &lists[i], WAITING_SHORT_REFS_MIN + i * 1000);
    for (uint64_t lsn = LSN; pool.refs > 10000; lsn += 64)
        assert_int_equal(spill_owed(&pool, &owes, lsn), WAITING_SHORT_REFS_MIN);
    for (unsigned i = 0; i < 1000; i++)
        waiting_free(&lists[i]);
    free(lists);
    struct waiting few;
    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 400, WAITING_CHUNK_REFS_MAX);
    fill(&pool, &few, 1, 1000);
    assert_int_equal(spill_owed(&pool, &owes, LSN), WAITING_SHORT_REFS_MIN);
    waiting_free(&few);
}

TEST(waiting_list_lets_nothing_go_that_it_does_not_have)
{
    struct waiting_pool pool;
    struct waiting list;

    waiting_pool_init(&pool);
    fill(&pool, &list, 1, 21);
    assert_false(spill(&pool, &list, LSN, 1, 0));
    assert_false(spill(&pool, &list, LSN, 1, 21));
    assert_false(spill(&pool, &list, LSN, 18, CHUNK));
    assert_false(spill(&pool, &list, LSN, 99, CHUNK));
    assert_false(spill(&pool, &list, UINT64_C(1) << 58, 1, CHUNK));
    assert_int_equal(pool.refs, 20);
    assert_true(spill(&pool, &list, LSN, 5, CHUNK));
    assert_false(spill(&pool, &list, LSN + 64, 10, CHUNK)); /* 9 would come before its time */
    assert_true(spill(&pool, &list, LSN + 64, 9, CHUNK));
    assert_int_equal(waiting_count(&list), 20);
    assert_int_equal(pool.refs, 12);
    waiting_free(&list);
}

TEST(waiting_list_loads_nothing_that_it_did_not_let_go)
{
    struct waiting_pool pool;
    struct waiting list;

    waiting_pool_init(&pool);
    fill(&pool, &list, 1, 21);
    assert_false(load(&pool, &list, LSN, 5, CHUNK));
    assert_false(waiting_put_aside(&list, LSN, CHUNK));
    assert_true(spill(&pool, &list, LSN, 5, CHUNK));
    assert_false(load(&pool, &list, LSN, 5, CHUNK + 1));
    assert_false(load(&pool, &list, LSN + 8, 5, CHUNK));
    assert_false(load(&pool, &list, LSN, 5, WAITING_CHUNK_REFS_MAX + 1));
    assert_false(waiting_put_aside(&list, LSN, CHUNK - 1));
    assert_false(waiting_put_aside(&list, LSN, CHUNK + 512));
    assert_false(waiting_take(&pool, &list, 5));
    assert_true(load(&pool, &list, LSN, 5, CHUNK));
    assert_false(load(&pool, &list, LSN, 5, CHUNK));
    take(&pool, &list, 1, 21);
    waiting_free(&list);
}

TEST(waiting_list_whose_records_are_lost_loses_nothing_that_it_has)
{
    struct waiting_pool pool;
    struct waiting list;

    waiting_pool_init(&pool);
    fill(&pool, &list, 1, 31);
    assert_true(spill(&pool, &list, LSN, 5, CHUNK));
    assert_true(spill(&pool, &list, LSN + 64, 9, CHUNK));
    assert_true(waiting_take(&pool, &list, 3));  /* 1 and 2 go behind 4 */
    assert_true(waiting_take(&pool, &list, 14)); /* 13 goes to the end */
    assert_true(load(&pool, &list, LSN + 64, 9, CHUNK));
    assert_int_equal(waiting_count(&list), 28);
    assert_true(waiting_take(&pool, &list, 4));
    take(&pool, &list, 1, 3);
    take(&pool, &list, 9, 13);
    assert_true(load(&pool, &list, LSN, 5, CHUNK));
    take(&pool, &list, 5, 9);
    take(&pool, &list, 15, 31);
    take(&pool, &list, 13, 14);
    assert_null(list.out);
    waiting_free(&list);
}

TEST(waiting_chunk_that_was_put_aside_comes_back_as_the_first)
{
    struct waiting_pool pool;
    struct waiting list;

    waiting_pool_init(&pool);
    fill(&pool, &list, 1, 21);
    assert_false(waiting_bring_back(&list));
    assert_true(spill(&pool, &list, LSN, 3, CHUNK));
    assert_true(spill(&pool, &list, LSN + 64, 7, CHUNK));
    assert_true(waiting_put_aside(&list, LSN, CHUNK));
    assert_int_equal(waiting_count(&list), 16);
    take(&pool, &list, 1, 3);
    assert_true(load(&pool, &list, LSN + 64, 7, CHUNK));
    take(&pool, &list, 7, 15);
    assert_non_null(list.out);
    assert_true(waiting_bring_back(&list));
    assert_int_equal(waiting_count(&list), 10);
    assert_null(waiting_oldest(&list));
    assert_true(load(&pool, &list, LSN, 3, CHUNK));
    take(&pool, &list, 3, 7);
    take(&pool, &list, 15, 21);
    assert_null(list.out);
    waiting_free(&list);
}

/* ---- by records ------------------------------------------------------------------------------------------------ */

TEST(engine_chunk_is_dead_when_it_is_loaded_and_not_before)
{
    struct tape tape;
    uint64_t ref = 0, lsn = 0;

    tape_open(&tape);
    engine_limit_lists(tape.engine, 3 * CHUNK - 1, CHUNK);
    (void)tape_queue(&tape, 1, "jobs", 0, NODE);
    const struct queue *jobs = engine_queue(tape.engine, 1);
    for (unsigned i = 0; i < 3 * CHUNK; i++)
        (void)tape_push(&tape, 1, 1 + i, 0);
    assert_int_equal(tape_spill(&tape), CHUNK);
    assert_int_equal(tape_spill(&tape), 0);
    assert_true(!engine_wants_chunk(tape.engine, jobs));
    assert_int_equal(engine_peek_chunks(jobs, &lsn, 9), 1);
    assert_int_equal(tape.deaths.messages, 0);
    for (unsigned i = 0; i < 2 * CHUNK; i++) {
        assert_int_equal(engine_decide_pop(jobs, UINT64_MAX, &ref), 0);
        tape_pop(&tape, 1, 1, &(struct payload_delivery){.ref = ref, .id = 1 + i}, true);
        assert_true(engine_wants_chunk(tape.engine, jobs));
    }
    assert_true(engine_decide_pop(jobs, UINT64_MAX, &ref) < 0);
    assert_int_equal(tape.deaths.messages, 2 * CHUNK);
    assert_true(tape_load(&tape, 1, PAYLOAD_LOAD_REFS));
    assert_int_equal(tape.deaths.messages, 2 * CHUNK + 1);
    assert_int_equal(tape.deaths.last_message, lsn);
    assert_int_equal(engine_decide_pop(jobs, UINT64_MAX, &ref), 0);
    assert_int_equal(engine_ignored(tape.engine), 0);
    tape_close(&tape);
}

TEST(engine_chunk_that_fits_no_list_is_ignored_and_dead)
{
    char payload[PAYLOAD_CHUNK_BYTES + 2 * PAYLOAD_REF_BYTES] = {0};
    struct tape tape;
    uint64_t refs[] = {4096 << 5, 4160 << 5};

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, NODE);
    for (unsigned i = 0; i < 8; i++)
        (void)tape_push(&tape, 1, 1 + i, 0);
    uint64_t before = engine_digest(tape.engine);
    payload_put_chunk(payload, refs, 2);
    struct record heads[] = {
        {.type = RECORD_CHUNK, .queue = 1}, {.type = RECORD_CHUNK, .queue = 2},
        {.type = RECORD_CHUNK, .queue = 1, .aux = 1}, {.type = RECORD_LOAD, .queue = 1},
        {.type = RECORD_LOAD, .queue = 0}, {.type = RECORD_LOAD, .queue = 1, .aux = 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(heads); i++)
        for (size_t bytes = 0; bytes <= sizeof(payload); bytes++)
            (void)tape_record(&tape, &heads[i], payload, bytes);
    assert_true(engine_digest(tape.engine) == before);
    assert_int_equal(engine_ignored(tape.engine), ARRAY_LEN(heads) * (sizeof(payload) + 1));
    assert_int_equal(tape.deaths.messages, 3 * (sizeof(payload) + 1));
    engine_check(tape.engine);
    tape_close(&tape);
}

/* Every place of a list holds the ref that is one more. */
static void expect_places(const struct waiting *list)
{
    struct waiting_stretch stretch;
    uint64_t refs[200], place = list->passed, end = place + waiting_count(list);

    assert_false(waiting_stretch_at(list, end, &stretch));
    assert_false(place > 0 && waiting_stretch_at(list, place - 1, &stretch));
    for (; place < end; place++) {
        assert_true(waiting_stretch_at(list, place, &stretch));
        assert_true(stretch.begin <= place && place < stretch.end);
        size_t n = waiting_copy(list, place, refs, ARRAY_LEN(refs));
        assert_int_equal(n, stretch.chunk ? 0 : stretch.end - place);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(refs[i], place + 1 + i);
        if (stretch.chunk)
            assert_int_equal(waiting_chunk_lsn(stretch.chunk), LSN + 64 * (stretch.begin + 1));
    }
}

TEST(waiting_list_keeps_the_place_of_each_message_whatever_is_taken_spilled_and_loaded)
{
    struct waiting_pool pool;
    struct waiting list;
    uint64_t refs[WAITING_CHUNK_REFS_MAX], taken = 1;

    waiting_pool_init(&pool);
    waiting_pool_limit(&pool, 20, CHUNK);
    fill(&pool, &list, 1, 80);
    expect_places(&list);
    while (waiting_owes(&pool) == &list) {
        size_t n = waiting_chunk(&pool, &list, refs);
        assert_true(spill(&pool, &list, LSN + 64 * refs[0], refs[0], (unsigned)n));
        expect_places(&list);
    }
    for (; taken < 80; taken++) {
        if (!waiting_oldest(&list))
            assert_true(load(&pool, &list, LSN + 64 * taken, taken, CHUNK));
        take(&pool, &list, taken, taken + 1);
        expect_places(&list);
    }
    waiting_free(&list);
}

TEST(engine_image_of_a_long_list_is_short)
{
    enum { MESSAGES = 100000 };
    struct tape_deaths deaths;
    struct engine *other = tape_engine(&deaths);
    struct tape tape;
    struct buf image;

    tape_open(&tape);
    engine_limit_lists(tape.engine, 4000, PAYLOAD_CHUNK_REFS_MAX);
    (void)tape_queue(&tape, 1, "jobs", 0, NODE);
    for (unsigned i = 0; i < MESSAGES; i++) {
        (void)tape_push(&tape, 1, 1 + i, 0);
        (void)tape_spill(&tape);
    }
    assert_int_equal(waiting_count(&engine_queue(tape.engine, 1)->ready), MESSAGES);
    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, &image));
    assert_true(buf_len(&image) < 4000 * 8 + MESSAGES / 507 * 8 + 1000);
    assert_int_equal(engine_load(other, buf_data(&image), buf_len(&image)), 0);
    assert_true(engine_digest(other) == engine_digest(tape.engine));
    buf_free(&image);
    engine_free(other);
    tape_close(&tape);
}
