/* ghosts_test.c - messages that leave the middle of a list. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/err.h"
#include "engine/state.h"
#include "engine/tape.h"
#include "unit/unit.h"

#include <errno.h>

enum { NOW_MS = 1000000, ALL = 4096, MANY = 5000 };

static void begin(struct tape *tape)
{
    tape_open(tape);
    (void)tape_queue(tape, 1, "jobs", 0, 5);
    (void)tape_queue(tape, 2, "more", 0, 5);
    tape_tick(tape, NOW_MS, ALL);
}

/* Also checks that nothing was ignored but `ignored` records, and that a replay and an image give the same state. */
static void end(struct tape *tape, uint64_t ignored)
{
    struct tape_deaths deaths;
    struct engine *again = tape_engine(&deaths);
    struct buf image;

    engine_check(tape->engine);
    assert_int_equal(engine_ignored(tape->engine), ignored);
    tape_replay(tape, TAPE_LSN_FIRST, again);
    assert_true(engine_digest(again) == engine_digest(tape->engine));
    assert_memory_equal(&deaths, &tape->deaths, sizeof(deaths));
    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(tape->engine, &image));
    assert_int_equal(engine_load(again, buf_data(&image), buf_len(&image)), 0);
    engine_check(again);
    assert_true(engine_digest(again) == engine_digest(tape->engine));
    buf_free(&image);
    engine_free(again);
    tape_close(tape);
}

static const struct queue *jobs(const struct tape *tape) { return engine_queue(tape->engine, 1); }

static void cancel(struct tape *tape, enum payload_list list, uint64_t ref, uint64_t id)
{
    tape_ack(tape, 1, payload_ack_aux(list, PAYLOAD_HOW_DELETED), ref, id);
}

static uint64_t pop(struct tape *tape)
{
    uint64_t ref = 0;

    if (engine_decide_pop(jobs(tape), UINT64_MAX, &ref) < 0)
        return 0;
    tape_pop(tape, 1, NOW_MS, &(struct payload_delivery){.ref = ref, .id = ref_lsn(ref), .ttr_ms = 1000}, false);
    return ref;
}

TEST(ghosts_of_a_waiting_list_are_passed_over_and_counted_at_once)
{
    struct tape tape;
    uint64_t refs[6], seen[6];

    begin(&tape);
    for (uint64_t i = 0; i < 6; i++)
        refs[i] = tape_push(&tape, 1, i + 1, 0);
    cancel(&tape, PAYLOAD_LIST_READY, refs[1], 2);
    assert_int_equal(tape.deaths.last_message, ref_lsn(refs[1]));
    cancel(&tape, PAYLOAD_LIST_READY, refs[2], 3);
    cancel(&tape, PAYLOAD_LIST_READY, refs[4], 5);
    cancel(&tape, PAYLOAD_LIST_READY, refs[4], 5); /* again: ignored */
    assert_int_equal(queue_ready(jobs(&tape)), 3);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, 6), 3);
    assert_true(seen[0] == refs[0] && seen[1] == refs[3] && seen[2] == refs[5]);
    assert_true(engine_is_ghost(tape.engine, jobs(&tape), refs[2], ENGINE_READY));
    assert_true(pop(&tape) == refs[0]);
    assert_false(engine_is_ghost(tape.engine, jobs(&tape), refs[2], ENGINE_READY));
    assert_true(pop(&tape) == refs[3]);
    assert_true(pop(&tape) == refs[5]);
    assert_int_equal(waiting_count(&jobs(&tape)->ready), 0);
    assert_int_equal(tape.deaths.messages, 3);
    end(&tape, 1);
}

TEST(ghosts_that_are_the_oldest_leave_at_once_and_many_of_them_by_a_purge)
{
    struct tape tape;
    static uint64_t refs[MANY];
    uint64_t ref;

    begin(&tape);
    for (uint64_t i = 0; i < MANY; i++)
        refs[i] = tape_push(&tape, 1, i + 1, 0);
    cancel(&tape, PAYLOAD_LIST_READY, refs[0], 1);
    assert_int_equal(waiting_count(&jobs(&tape)->ready), MANY - 1);
    for (uint64_t i = 2; i < MANY - 1; i++)
        cancel(&tape, PAYLOAD_LIST_READY, refs[i], i + 1);
    assert_int_equal(queue_ready(jobs(&tape)), 2);
    assert_true(pop(&tape) == refs[1]);
    assert_true(jobs(&tape)->ghosts.at_head);
    assert_int_equal(engine_decide_pop(jobs(&tape), UINT64_MAX, &ref), -EAGAIN);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), &ref, 1), 0);
    engine_check(tape.engine);
    tape_purge(&tape, 1, PAYLOAD_LIST_READY, 0);
    assert_false(jobs(&tape)->ghosts.at_head);
    assert_true(pop(&tape) == refs[MANY - 1]);
    assert_int_equal(engine_decide_pop(jobs(&tape), UINT64_MAX, &ref), GMQ_E_NO_MESSAGE);
    assert_int_equal(tape.engine->ghosts.ready.members, 0);
    assert_int_equal(tape.engine->ghosts.ready.bytes, 0);
    end(&tape, 0);
}

TEST(ghosts_among_the_delayed_never_become_ready)
{
    struct tape tape;
    uint64_t refs[4];

    begin(&tape);
    for (uint64_t i = 0; i < 4; i++)
        refs[i] = tape_push(&tape, 1, i + 1, NOW_MS + (i < 2 ? 10 : 5000000));
    cancel(&tape, PAYLOAD_LIST_DELAYED, refs[0], 1);
    cancel(&tape, PAYLOAD_LIST_DELAYED, refs[2], 3);
    assert_int_equal(jobs(&tape)->delayed, 2);
    assert_int_equal(tape.deaths.messages, 2);
    tape_tick(&tape, NOW_MS + 10, ALL);
    assert_int_equal(queue_ready(jobs(&tape)), 1);
    tape_tick(&tape, NOW_MS + 6000000, ALL);
    assert_int_equal(queue_ready(jobs(&tape)), 2);
    assert_int_equal(jobs(&tape)->delayed, 0);
    assert_int_equal(tape.engine->ghosts.delayed.members, 0);
    assert_true(pop(&tape) == refs[1]);
    end(&tape, 0);
}

TEST(ghosts_of_a_purge_are_gone_at_once_and_give_their_space_back_when_due)
{
    struct tape tape;

    begin(&tape);
    for (uint64_t i = 0; i < 4; i++)
        (void)tape_push(&tape, 1, i + 1, NOW_MS + 1000);
    (void)tape_push(&tape, 2, 5, NOW_MS + 1000);
    tape_purge(&tape, 1, PAYLOAD_LIST_DELAYED, 0);
    assert_int_equal(jobs(&tape)->delayed, 0);
    assert_int_equal(tape.deaths.messages, 0);
    uint64_t later = tape_push(&tape, 1, 6, NOW_MS + 1000);
    assert_int_equal(jobs(&tape)->delayed, 1);
    engine_check(tape.engine);
    tape_tick(&tape, NOW_MS + 1000, ALL);
    assert_int_equal(tape.deaths.messages, 4);
    assert_int_equal(queue_ready(jobs(&tape)), 1);
    assert_int_equal(queue_ready(engine_queue(tape.engine, 2)), 1);
    assert_true(pop(&tape) == later);
    assert_int_equal(jobs(&tape)->ghosts.purge_lsn, 0);
    end(&tape, 0);
}

TEST(ghosts_named_by_records_that_cannot_be_true_are_ignored)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 1, 1, 0);
    cancel(&tape, PAYLOAD_LIST_DELAYED, ref, 1);         /* nothing is delayed */
    cancel(&tape, PAYLOAD_LIST_READY, UINT64_MAX, 1);    /* stands behind the record itself */
    tape_ack(&tape, 1, 4, ref, 1);                       /* no such list */
    tape_ack(&tape, 2, PAYLOAD_LIST_READY, ref, 1);      /* an empty one */
    tape_purge(&tape, 1, PAYLOAD_LIST_FLIGHT, 1);
    tape_purge(&tape, 1, PAYLOAD_LIST_READY, PAYLOAD_PURGE_MAX + 1);
    tape_purge(&tape, 9, PAYLOAD_LIST_READY, 1);
    (void)pop(&tape);
    cancel(&tape, PAYLOAD_LIST_READY, ref, ref_lsn(ref)); /* it is in flight */
    assert_int_equal(tape.deaths.messages, 0);
    end(&tape, 8);
}

TEST(ghosts_and_what_a_mend_drops_are_reported_dead_once)
{
    struct tape tape;
    uint64_t refs[3];

    begin(&tape);
    for (uint64_t i = 0; i < 3; i++)
        refs[i] = tape_push(&tape, 1, i + 1, 0);
    cancel(&tape, PAYLOAD_LIST_READY, refs[1], 2);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, refs[0], 1); /* its POP is lost */
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, refs[1], 2);
    assert_int_equal(engine_mend(tape.engine), 1);
    assert_int_equal(tape.deaths.messages, 2);
    engine_check(tape.engine);
    assert_true(pop(&tape) == refs[2]);
    engine_check(tape.engine);
    tape_close(&tape);
}

TEST(ghosts_far_apart_in_the_log_are_one_set)
{
    static const uint64_t LSNS[] = {4096, 1ull << 38, (1ull << 38) + 64, 1ull << 45, 3ull << 50, (1ull << 62) + 640};
    struct ghost_set set = {.members = 0};

    for (size_t i = 0; i < ARRAY_LEN(LSNS); i++) {
        assert_true(ghost_set_add(&set, LSNS[ARRAY_LEN(LSNS) - 1 - i]));
        assert_false(ghost_set_add(&set, LSNS[ARRAY_LEN(LSNS) - 1 - i]));
    }
    char image[8 * 64];
    assert_int_equal(ghost_set_save(image, &set) - image, 8 * ghost_set_words(&set));
    struct ghost_set back = {.members = 0};
    struct state_reader in = {.at = image, .words = ghost_set_words(&set)};
    assert_true(ghost_set_load(&back, &in));
    assert_true(ghost_set_digest(&back) == ghost_set_digest(&set));
    for (size_t i = 0; i < ARRAY_LEN(LSNS); i++) {
        assert_true(ghost_set_has(&back, LSNS[i]));
        assert_true(ghost_set_remove(&set, LSNS[i]));
        assert_false(ghost_set_has(&set, LSNS[i]));
        assert_false(ghost_set_remove(&set, LSNS[i]));
    }
    assert_true(set.members == 0 && set.words == 0 && set.bytes == 0 && !set.regions);
    ghost_set_free(&back);
}
