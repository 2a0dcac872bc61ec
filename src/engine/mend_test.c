/* mend_test.c - replays of logs of which part is gone. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <stdlib.h>

#include "engine/tape.h"
#include "unit/unit.h"

static const uint64_t NOW_MS = UINT64_C(1700000000000);

enum { TTR_MS = 1000, RECORDS = 4000, PIECE = 40, PUSHES = RECORDS };

/* What a life wrote, record by record. */
struct lived {
    struct tape tape;
    uint64_t lsns[RECORDS + 1];
    bool gone[RECORDS]; /* the record is lost */
    size_t count;
    uint64_t pushed[PUSHES]; /* LSNs */
    size_t push_records[PUSHES], ack_records[PUSHES]; /* 0 = not acked */
    size_t pushes;
    uint64_t now_ms, seed;
};

static void note(struct lived *lived) { lived->lsns[++lived->count] = tape_lsn(&lived->tape); }

static size_t push_at(const struct lived *lived, uint64_t lsn)
{
    size_t i = 0;

    while (lived->pushed[i] != lsn)
        i++;
    return i;
}

static void push(struct lived *lived, uint32_t queue)
{
    uint64_t due_ms = tape_below(&lived->seed, 4) == 0 ? lived->now_ms + tape_below(&lived->seed, 3000) + 1 : 0;

    lived->push_records[lived->pushes] = lived->count;
    lived->pushed[lived->pushes] = ref_lsn(tape_push(&lived->tape, queue, lived->pushes + 1, due_ms));
    lived->pushes++;
}

static void pop(struct lived *lived, uint32_t queue)
{
    uint64_t ref;

    if (engine_decide_pop(engine_queue(lived->tape.engine, queue), PUSHES, &ref) != 0) {
        push(lived, queue);
        return;
    }
    size_t which = push_at(lived, ref_lsn(ref));
    bool auto_ack = tape_below(&lived->seed, 8) == 0;
    if (auto_ack)
        lived->ack_records[which] = lived->count;
    tape_pop(&lived->tape, queue, lived->now_ms,
             &(struct payload_delivery){.ref = ref, .id = which + 1, .ttr_ms = TTR_MS}, auto_ack);
}

/* Acks a message in flight or dead, chosen at random; a push when there is none. */
static void ack(struct lived *lived, uint32_t queue)
{
    const struct queue *of = engine_queue(lived->tape.engine, queue);
    uint64_t ref = 0;

    for (size_t i = 0; i < lived->pushes && ref == 0; i++) {
        if (tape_below(&lived->seed, 3) == 0 && engine_decide_ack(lived->tape.engine, of, i + 1, &ref) == 0) {
            lived->ack_records[i] = lived->count;
            tape_ack(&lived->tape, queue, PAYLOAD_LIST_FLIGHT, ref, i + 1);
        }
    }
    if (ref == 0 && refset_oldest(&of->dead, &ref, 1) == 1) {
        lived->ack_records[push_at(lived, ref_lsn(ref))] = lived->count;
        tape_ack(&lived->tape, queue, PAYLOAD_LIST_DEAD, ref, 0);
    }
    if (ref == 0)
        push(lived, queue);
}

static void live(struct lived *lived, uint64_t seed)
{
    *lived = (struct lived){.now_ms = NOW_MS, .seed = seed};
    tape_open(&lived->tape);
    lived->lsns[0] = TAPE_LSN_FIRST;
    (void)tape_queue(&lived->tape, 1, "one", 0, 1);
    note(lived);
    (void)tape_queue(&lived->tape, 2, "two", 0, 1);
    note(lived);
    while (lived->count < RECORDS) {
        uint64_t dice = tape_below(&lived->seed, 100);
        uint32_t queue = 1 + (uint32_t)tape_below(&lived->seed, 2);
        if (dice < 40)
            push(lived, queue);
        else if (dice < 75)
            pop(lived, queue);
        else if (dice < 95)
            ack(lived, queue);
        else
            tape_tick(&lived->tape, lived->now_ms += tape_below(&lived->seed, 500), 4096);
        note(lived);
    }
}

static void replay(const struct lived *lived, struct engine *engine)
{
    for (size_t i = 0; i < lived->count; i++) {
        struct record rec = tape_read(&lived->tape, lived->lsns[i]);
        if (!lived->gone[i])
            engine_apply(engine, &rec);
    }
}

struct seen {
    const struct lived *lived;
    unsigned char times[PUSHES];
};

static void see(void *ctx, const struct engine_message *message)
{
    struct seen *seen = ctx;

    seen->times[push_at(seen->lived, ref_lsn(message->ref))]++;
}

/* Every message whose push is left and whose end is not is there, once; none whose end is left. */
static void check_left(const struct lived *lived, const struct engine *engine)
{
    struct seen seen = {.lived = lived};

    assert_null(engine_fault(engine));
    engine_each(engine, see, &seen);
    for (size_t i = 0; i < lived->pushes; i++) {
        bool acked = lived->ack_records[i] != 0 && !lived->gone[lived->ack_records[i]];
        assert_int_equal(seen.times[i], !lived->gone[lived->push_records[i]] && !acked ? 1 : 0);
    }
}

TEST(mend_leaves_every_push_without_a_surviving_ack_and_no_other_whatever_part_of_the_log_is_gone)
{
    struct lived *lived = malloc(sizeof(*lived));

    assert_non_null(lived);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tape_deaths deaths;
        struct engine *engine = tape_engine(&deaths);
        live(lived, seed);
        for (size_t piece = 0; piece < RECORDS / PIECE; piece++)
            if (tape_below(&lived->seed, 3) == 0)
                memset(lived->gone + piece * PIECE, 1, PIECE);
        replay(lived, engine);
        uint64_t before = deaths.messages;
        uint64_t dropped = engine_mend(engine);
        assert_true(dropped > 0);
        assert_int_equal(deaths.messages, before + dropped);
        check_left(lived, engine);
        assert_int_equal(engine_mend(engine), 0);
        engine_free(engine);
        tape_close(&lived->tape);
    }
    free(lived);
}

TEST(mend_has_nothing_to_do_when_the_log_is_whole)
{
    struct lived *lived = malloc(sizeof(*lived));
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);

    assert_non_null(lived);
    live(lived, 99);
    replay(lived, engine);
    assert_int_equal(engine_ignored(engine), 0);
    assert_int_equal(engine_mend(engine), 0);
    assert_true(engine_digest(engine) == engine_digest(lived->tape.engine));
    check_left(lived, engine);
    engine_free(engine);
    tape_close(&lived->tape);
    free(lived);
}

TEST(engine_keeps_messages_of_a_queue_whose_number_is_far_ahead)
{
    struct tape tape;

    tape_open(&tape);
    (void)tape_push(&tape, 200000, 1, 0);
    (void)tape_queue(&tape, 1, "first", 0, 1);
    (void)tape_queue(&tape, 200000, "far", 0, 1);
    assert_int_equal(engine_ignored(tape.engine), 0);
    assert_int_equal(engine_find(tape.engine, slice_str("far"))->ready.count, 1);
    engine_check(tape.engine);
    tape_close(&tape);
}
