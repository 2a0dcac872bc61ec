/* apply_test.c - each transition of a message and of a queue, by its record. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/err.h"
#include "engine/tape.h"
#include "engine/wheel.h"
#include "unit/unit.h"

enum { TTR_MS = 60000, ALL = 4096, NODE = TOPIC_NODE_RETRIES };

static const uint64_t NOW_MS = UINT64_C(1700000000000);

/* A tape whose engine has queue 1, "jobs", and has seen the time. */
static void begin(struct tape *tape)
{
    tape_open(tape);
    (void)tape_queue(tape, 1, "jobs", 0, NODE);
    tape_tick(tape, NOW_MS, ALL);
}

/* Also checks that nothing was ignored but `ignored` records, and that replaying gives the same state. */
static void end(struct tape *tape, uint64_t ignored)
{
    struct tape_deaths deaths;
    struct engine *again = tape_engine(&deaths);

    engine_check(tape->engine);
    assert_int_equal(engine_ignored(tape->engine), ignored);
    tape_replay(tape, TAPE_LSN_FIRST, again);
    assert_true(engine_digest(again) == engine_digest(tape->engine));
    assert_int_equal(deaths.message_sum, tape->deaths.message_sum);
    engine_free(again);
    tape_close(tape);
}

static const struct queue *jobs(const struct tape *tape) { return engine_queue(tape->engine, 1); }

/* ready, delayed, in flight, dead */
static void holds(const struct tape *tape, uint64_t ready, uint64_t delayed, uint64_t in_flight, uint64_t dead)
{
    assert_int_equal(waiting_count(&jobs(tape)->ready), ready);
    assert_int_equal(jobs(tape)->delayed, delayed);
    assert_int_equal(jobs(tape)->in_flight, in_flight);
    assert_int_equal(jobs(tape)->dead.count, dead);
}

static uint64_t first(const struct tape *tape)
{
    uint64_t ref = 0;

    assert_int_equal(engine_decide_pop(jobs(tape), ALL, &ref), 0);
    return ref;
}

/* Pops the oldest, with its id; returns its ref. */
static uint64_t pop(struct tape *tape, uint64_t id, uint64_t now_ms)
{
    uint64_t ref = first(tape);

    tape_pop(tape, 1, now_ms, &(struct payload_delivery){.ref = ref, .id = id, .ttr_ms = TTR_MS}, false);
    return ref;
}

static int decide_ack(const struct tape *tape, uint64_t id)
{
    uint64_t ref;

    return engine_decide_ack(tape->engine, jobs(tape), id, &ref);
}

/* ---- ready, in flight, gone ------------------------------------------------------------------------------------- */

TEST(engine_push_makes_messages_ready_in_order)
{
    struct tape tape;
    uint64_t refs[3], seen[4];

    begin(&tape);
    for (unsigned i = 0; i < 3; i++)
        refs[i] = tape_push(&tape, 1, 10 + i, 0);
    holds(&tape, 3, 0, 0, 0);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, ARRAY_LEN(seen)), 3);
    assert_memory_equal(seen, refs, sizeof(refs));
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, 2), 2);
    assert_int_equal(jobs(&tape)->push_num, 3);
    assert_int_equal(engine_last_id(tape.engine), 12);
    end(&tape, 0);
}

TEST(engine_pop_puts_the_oldest_in_flight_and_counts_it)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 1, 10, 0), second = tape_push(&tape, 1, 11, 0);
    assert_int_equal(pop(&tape, 10, NOW_MS), ref);
    holds(&tape, 1, 0, 1, 0);
    assert_int_equal(jobs(&tape)->pop_num, 1);
    assert_int_equal(first(&tape), second);
    assert_true(engine_next_due_ms(tape.engine) <= NOW_MS + TTR_MS);
    assert_int_equal(tape.deaths.messages, 0);
    end(&tape, 0);
}

TEST(engine_ack_ends_a_message_and_says_so)
{
    struct tape tape;
    uint64_t ref = 0;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, 0);
    uint64_t popped = pop(&tape, 10, NOW_MS);
    assert_int_equal(engine_decide_ack(tape.engine, jobs(&tape), 10, &ref), 0);
    assert_int_equal(ref, popped);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 10);
    holds(&tape, 0, 0, 0, 0);
    assert_int_equal(tape.deaths.last_message, ref_lsn(ref));
    end(&tape, 0);
}

TEST(engine_ack_of_what_is_not_in_flight_is_refused_and_ignored)
{
    struct tape tape;

    begin(&tape);
    uint64_t waiting = tape_push(&tape, 1, 10, 0);
    (void)tape_push(&tape, 1, 11, 0);
    assert_int_equal(decide_ack(&tape, 10), GMQ_E_ID_UNKNOWN);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, waiting, 10); /* never popped */
    uint64_t ref = pop(&tape, 10, NOW_MS);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref + 256, 10); /* another record's */
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 99);       /* another id */
    tape_ack(&tape, 1, PAYLOAD_LIST_DEAD, ref, 10);         /* another list */
    tape_ack(&tape, 1, (enum payload_list)2, ref, 10);      /* an unknown list */
    tape_ack(&tape, 2, PAYLOAD_LIST_FLIGHT, ref, 10);       /* a queue that is not there */
    holds(&tape, 1, 0, 1, 0);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 10);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 10); /* twice */
    assert_int_equal(decide_ack(&tape, 10), GMQ_E_ID_UNKNOWN);
    holds(&tape, 1, 0, 0, 0);
    assert_int_equal(tape.deaths.messages, 1);
    end(&tape, 7);
}

TEST(engine_auto_ack_pop_ends_a_message_at_once)
{
    struct tape tape;

    begin(&tape);
    (void)tape_queue(&tape, 1, "jobs", PAYLOAD_QUEUE_AUTO_ACK, NODE);
    uint64_t ref = tape_push(&tape, 1, 10, 0);
    assert_true(jobs(&tape)->auto_ack);
    tape_pop(&tape, 1, NOW_MS, &(struct payload_delivery){.ref = ref, .id = 10, .ttr_ms = TTR_MS}, true);
    holds(&tape, 0, 0, 0, 0);
    assert_int_equal(jobs(&tape)->pop_num, 1);
    assert_int_equal(tape.deaths.last_message, ref_lsn(ref));
    assert_int_equal(decide_ack(&tape, 10), GMQ_E_ID_UNKNOWN);
    end(&tape, 0);
}

TEST(engine_decide_pop_knows_empty_queues_and_the_limit_in_flight)
{
    struct tape tape;
    uint64_t ref = 0;

    begin(&tape);
    assert_int_equal(engine_decide_pop(jobs(&tape), 1, &ref), GMQ_E_NO_MESSAGE);
    (void)tape_push(&tape, 1, 10, 0);
    (void)tape_push(&tape, 1, 11, 0);
    (void)pop(&tape, 10, NOW_MS);
    assert_int_equal(engine_decide_pop(jobs(&tape), 1, &ref), GMQ_E_IN_FLIGHT_LIMIT);
    assert_int_equal(engine_decide_pop(jobs(&tape), 2, &ref), 0);
    (void)tape_queue(&tape, 1, "jobs", PAYLOAD_QUEUE_AUTO_ACK, NODE);
    assert_int_equal(engine_decide_pop(jobs(&tape), 1, &ref), 0);
    end(&tape, 0);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

TEST(engine_delayed_message_waits_for_its_time_and_joins_the_tail)
{
    struct tape tape;

    begin(&tape);
    uint64_t late = tape_push(&tape, 1, 10, NOW_MS + 5000);
    uint64_t ready = tape_push(&tape, 1, 11, 0);
    holds(&tape, 1, 1, 0, 0);
    tape_tick(&tape, NOW_MS + 4999, ALL);
    holds(&tape, 1, 1, 0, 0);
    assert_true(engine_next_due_ms(tape.engine) == NOW_MS + 5000);
    tape_tick(&tape, NOW_MS + 5000, ALL);
    holds(&tape, 2, 0, 0, 0);
    assert_int_equal(pop(&tape, 11, NOW_MS + 5000), ready);
    assert_int_equal(first(&tape), late);
    assert_int_equal(jobs(&tape)->push_num, 2);
    end(&tape, 0);
}

TEST(engine_message_that_is_not_acked_in_time_goes_to_the_tail_once_more)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 1, 10, 0), second = tape_push(&tape, 1, 11, 0);
    (void)pop(&tape, 10, NOW_MS);
    tape_tick(&tape, NOW_MS + TTR_MS - 1, ALL);
    holds(&tape, 1, 0, 1, 0);
    tape_tick(&tape, NOW_MS + TTR_MS, ALL);
    holds(&tape, 2, 0, 0, 0);
    assert_int_equal(pop(&tape, 11, NOW_MS + TTR_MS), second);
    assert_int_equal(first(&tape), ref_again(ref));
    assert_int_equal(ref_retries(first(&tape)), 1);
    assert_int_equal(jobs(&tape)->push_num, 2);
    end(&tape, 0);
}

TEST(engine_late_ack_is_refused_until_the_message_is_popped_again)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, 0);
    uint64_t ref = pop(&tape, 10, NOW_MS);
    tape_tick(&tape, NOW_MS + TTR_MS, ALL);
    assert_int_equal(decide_ack(&tape, 10), GMQ_E_ID_UNKNOWN);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 10);
    holds(&tape, 1, 0, 0, 0);
    uint64_t again = pop(&tape, 10, NOW_MS + TTR_MS);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 10); /* of the first delivery */
    holds(&tape, 0, 0, 1, 0);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, again, 10);
    holds(&tape, 0, 0, 0, 0);
    end(&tape, 2);
}

/* Delivers one message until it is dead; returns how often. */
static unsigned deliveries_until_dead(struct tape *tape)
{
    uint64_t now_ms = NOW_MS;
    unsigned n = 0;

    for (; waiting_count(&jobs(tape)->ready) > 0; n++) {
        assert_int_equal(ref_retries(pop(tape, 10, now_ms)), n);
        now_ms += TTR_MS;
        tape_tick(tape, now_ms, ALL);
    }
    holds(tape, 0, 0, 0, 1);
    return n;
}

TEST(engine_message_is_dead_after_one_delivery_and_the_retries_of_the_node)
{
    static const uint32_t RETRIES[] = {0, 1, 5, 254};

    for (size_t i = 0; i < ARRAY_LEN(RETRIES); i++) {
        struct tape tape;
        uint64_t dead = 0;
        begin(&tape);
        (void)tape_queue(&tape, 0, "", 0, RETRIES[i]);
        (void)tape_push(&tape, 1, 10, 0);
        assert_int_equal(deliveries_until_dead(&tape), 1 + RETRIES[i]);
        assert_int_equal(refset_oldest(&jobs(&tape)->dead, &dead, 1), 1);
        assert_int_equal(ref_retries(dead), RETRIES[i] + 1);
        end(&tape, 0);
    }
}

TEST(engine_queue_with_its_own_retries_does_not_ask_the_node)
{
    struct tape tape;

    begin(&tape);
    (void)tape_queue(&tape, 0, "", 0, 5);
    (void)tape_queue(&tape, 1, "jobs", 0, 2);
    (void)tape_push(&tape, 1, 10, 0);
    assert_int_equal(deliveries_until_dead(&tape), 3);
    end(&tape, 0);
}

TEST(engine_tick_fires_no_more_than_it_says)
{
    struct tape tape;
    uint64_t refs[9], seen[9];

    begin(&tape);
    for (unsigned i = 0; i < 9; i++)
        refs[i] = tape_push(&tape, 1, 10 + i, NOW_MS + 1000 + i / 3);
    tape_tick(&tape, NOW_MS + 9000, 4);
    holds(&tape, 4, 5, 0, 0);
    assert_true(engine_next_due_ms(tape.engine) <= NOW_MS + 9000);
    tape_tick(&tape, NOW_MS + 9000, 0);
    holds(&tape, 4, 5, 0, 0);
    tape_tick(&tape, NOW_MS + 9000, 5);
    holds(&tape, 9, 0, 0, 0);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, 9), 9);
    assert_memory_equal(seen, refs, sizeof(refs));
    assert_true(engine_next_due_ms(tape.engine) == UINT64_MAX);
    end(&tape, 0);
}

TEST(engine_fires_messages_before_leases_of_the_same_millisecond)
{
    struct tape tape;
    uint64_t seen[2];

    begin(&tape);
    uint64_t popped = tape_push(&tape, 1, 10, 0);
    (void)pop(&tape, 10, NOW_MS);
    uint64_t late = tape_push(&tape, 1, 11, NOW_MS + TTR_MS);
    tape_tick(&tape, NOW_MS + TTR_MS, ALL);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, 2), 2);
    assert_int_equal(seen[0], late);
    assert_int_equal(seen[1], ref_again(popped));
    end(&tape, 0);
}

TEST(engine_tick_that_goes_back_in_time_does_nothing)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, NOW_MS + 10);
    tape_tick(&tape, NOW_MS - 100000, ALL);
    holds(&tape, 0, 1, 0, 0);
    (void)tape_push(&tape, 1, 11, NOW_MS - 5000);
    assert_true(engine_next_due_ms(tape.engine) == NOW_MS);
    tape_tick(&tape, NOW_MS, ALL);
    holds(&tape, 1, 1, 0, 0);
    assert_int_equal(engine_last_time_ms(tape.engine), NOW_MS);
    end(&tape, 0);
}

TEST(engine_takes_no_time_that_its_wheel_cannot_hold)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, WHEEL_MS_MAX + 1);
    tape_tick(&tape, UINT64_MAX, ALL);
    holds(&tape, 0, 0, 0, 0);
    assert_int_equal(engine_last_time_ms(tape.engine), NOW_MS);
    (void)tape_push(&tape, 1, 11, WHEEL_MS_MAX);
    uint64_t ref = tape_push(&tape, 1, 12, 0);
    tape_pop(&tape, 1, WHEEL_MS_MAX, &(struct payload_delivery){.ref = ref, .id = 12, .ttr_ms = UINT32_MAX - 1}, false);
    holds(&tape, 0, 1, 1, 0);
    tape_tick(&tape, WHEEL_MS_MAX, ALL);
    holds(&tape, 2, 0, 0, 0);
    end(&tape, 2);
}

/* ---- dead letters ----------------------------------------------------------------------------------------------- */

TEST(engine_dead_letters_are_sorted_by_age_and_taken_by_ack)
{
    struct tape tape;
    uint64_t refs[3], dead[4];

    begin(&tape);
    (void)tape_queue(&tape, 0, "", 0, 0);
    for (unsigned i = 0; i < 3; i++)
        refs[i] = tape_push(&tape, 1, 10 + i, 0);
    for (unsigned i = 0; i < 3; i++) /* the oldest is delivered with the longest TTR and dies last */
        tape_pop(&tape, 1, NOW_MS, &(struct payload_delivery){.ref = refs[i], .id = 10 + i, .ttr_ms = 9000 - 1000 * i},
                 false);
    tape_tick(&tape, NOW_MS + 7000, ALL);
    assert_int_equal(refset_oldest(&jobs(&tape)->dead, dead, ARRAY_LEN(dead)), 1);
    assert_int_equal(dead[0], ref_again(refs[2]));
    tape_tick(&tape, NOW_MS + 9000, ALL);
    assert_int_equal(refset_oldest(&jobs(&tape)->dead, dead, ARRAY_LEN(dead)), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(dead[i], ref_again(refs[i]));
    tape_ack(&tape, 1, PAYLOAD_LIST_DEAD, dead[1], 11);
    tape_ack(&tape, 1, PAYLOAD_LIST_DEAD, dead[1], 11);
    holds(&tape, 0, 0, 0, 2);
    assert_int_equal(tape.deaths.messages, 1);
    assert_int_equal(tape.deaths.last_message, ref_lsn(refs[1]));
    end(&tape, 1);
}

TEST(engine_bury_moves_a_waiting_message_to_the_dead_letters)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 1, 10, 0);
    (void)tape_push(&tape, 1, 11, 0);
    tape_bury(&tape, 1, NOW_MS, ref);
    holds(&tape, 1, 0, 0, 1);
    assert_true(refset_has(&jobs(&tape)->dead, ref));
    tape_bury(&tape, 1, NOW_MS, ref);
    tape_bury(&tape, 2, NOW_MS, ref);
    holds(&tape, 1, 0, 0, 1);
    assert_int_equal(tape.deaths.messages, 0);
    end(&tape, 2);
}

/* ---- queues ----------------------------------------------------------------------------------------------------- */

TEST(engine_queue_record_replaces_the_one_before_it)
{
    struct tape tape;

    tape_open(&tape);
    uint64_t made = tape_queue(&tape, 1, "jobs", 0, NODE);
    assert_int_equal(tape.deaths.queues, 0);
    assert_int_equal(jobs(&tape)->record_lsn, made);
    assert_int_equal(jobs(&tape)->start_ms, 1000);
    uint64_t exited = tape_queue(&tape, 1, "jobs", PAYLOAD_QUEUE_EXITED, 7);
    assert_int_equal(tape.deaths.queues, 1);
    assert_int_equal(tape.deaths.last_queue, made);
    assert_true(jobs(&tape)->exited);
    assert_false(jobs(&tape)->auto_ack);
    assert_int_equal(jobs(&tape)->set.max_retries, 7);
    assert_ptr_equal(engine_find(tape.engine, slice_str("jobs")), jobs(&tape));
    (void)tape_queue(&tape, 1, "jobs", 0, NODE);
    assert_int_equal(tape.deaths.last_queue, exited);
    assert_false(jobs(&tape)->exited);
    end(&tape, 0);
}

TEST(engine_exit_keeps_messages_counters_and_timers)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, 0);
    (void)tape_push(&tape, 1, 11, NOW_MS + 10);
    (void)pop(&tape, 10, NOW_MS);
    (void)tape_queue(&tape, 1, "jobs", PAYLOAD_QUEUE_EXITED, NODE);
    holds(&tape, 0, 1, 1, 0);
    tape_tick(&tape, NOW_MS + TTR_MS, ALL);
    holds(&tape, 2, 0, 0, 0);
    assert_int_equal(jobs(&tape)->push_num, 2);
    assert_int_equal(jobs(&tape)->pop_num, 1);
    end(&tape, 0);
}

TEST(engine_queue_can_be_renamed_but_not_to_a_name_that_is_taken)
{
    struct tape tape;

    begin(&tape);
    (void)tape_queue(&tape, 2, "mail", 0, NODE);
    (void)tape_queue(&tape, 2, "jobs", 0, NODE);
    (void)tape_queue(&tape, 3, "mail", 0, NODE);
    (void)tape_queue(&tape, 3, "", 0, NODE);
    assert_int_equal(engine_queues(tape.engine), 2);
    assert_int_equal(engine_next_queue(tape.engine), 3);
    assert_int_equal(engine_find(tape.engine, slice_str("mail"))->number, 2);
    (void)tape_queue(&tape, 2, "post", 0, NODE);
    assert_null(engine_find(tape.engine, slice_str("mail")));
    assert_int_equal(engine_find(tape.engine, slice_str("post"))->number, 2);
    end(&tape, 3);
}

TEST(engine_node_record_sets_the_retries_of_the_node)
{
    struct tape tape;

    tape_open(&tape);
    assert_int_equal(engine_max_retries(tape.engine), 5);
    assert_int_equal(engine_node_record_lsn(tape.engine), 0);
    uint64_t one = tape_queue(&tape, 0, "", 0, 9);
    assert_int_equal(engine_max_retries(tape.engine), 9);
    assert_int_equal(engine_node_record_lsn(tape.engine), one);
    (void)tape_queue(&tape, 0, "", 0, 3);
    assert_int_equal(tape.deaths.last_queue, one);
    assert_int_equal(engine_max_retries(tape.engine), 3);
    (void)tape_record(&tape, &(struct record){.type = RECORD_QUEUE}, NULL, 0);
    assert_int_equal(engine_max_retries(tape.engine), 3);
    assert_int_equal(engine_queues(tape.engine), 0);
    end(&tape, 0);
}

/* ---- a log with holes ------------------------------------------------------------------------------------------- */

TEST(engine_push_to_a_queue_whose_record_is_lost_is_kept)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 3, 10, 0);
    assert_int_equal(engine_queues(tape.engine), 3);
    assert_null(engine_queue(tape.engine, 3)->name);
    assert_int_equal(fifo_first(&engine_queue(tape.engine, 3)->ready.tail), ref);
    (void)tape_queue(&tape, 3, "found", 0, NODE);
    assert_int_equal(engine_find(tape.engine, slice_str("found"))->ready.tail.count, 1);
    end(&tape, 0);
}

TEST(engine_queue_numbers_out_of_all_bounds_are_ignored)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 0, 10, 0);
    (void)tape_push(&tape, UINT32_MAX, 11, 0);
    (void)tape_queue(&tape, UINT32_MAX, "far", 0, NODE);
    assert_int_equal(engine_queues(tape.engine), 1);
    assert_int_equal(engine_last_id(tape.engine), 0);
    end(&tape, 3);
}

TEST(engine_pop_that_names_a_later_message_drops_none_of_those_before_it)
{
    struct tape tape;
    uint64_t refs[3], seen[3];

    begin(&tape);
    for (unsigned i = 0; i < 3; i++)
        refs[i] = tape_push(&tape, 1, 10 + i, 0);
    tape_pop(&tape, 1, NOW_MS, &(struct payload_delivery){.ref = refs[1], .id = 11, .ttr_ms = TTR_MS}, false);
    holds(&tape, 2, 0, 1, 0);
    assert_int_equal(engine_peek_ready(tape.engine, jobs(&tape), seen, 3), 2);
    assert_int_equal(seen[0], refs[2]);
    assert_int_equal(seen[1], refs[0]);
    end(&tape, 0);
}

/* ---- those who watch --------------------------------------------------------------------------------------------- */

TEST(engine_tells_who_watches_a_queue_when_a_pop_may_succeed)
{
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 1, 0);
    assert_int_equal(tape.deaths.stirs, 0); /* nobody watches */
    engine_queue(tape.engine, 1)->watch = &tape;
    (void)tape_push(&tape, 1, 2, 0);
    assert_int_equal(tape.deaths.stirs, 1);
    (void)tape_push(&tape, 1, 3, NOW_MS + 10);
    assert_int_equal(tape.deaths.stirs, 1);
    tape_tick(&tape, NOW_MS + 10, ALL); /* the delay is over */
    assert_int_equal(tape.deaths.stirs, 2);
    uint64_t ref = pop(&tape, 1, NOW_MS + 10);
    assert_int_equal(tape.deaths.stirs, 2);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 1); /* one in flight less */
    assert_int_equal(tape.deaths.stirs, 3);
    (void)pop(&tape, 2, NOW_MS + 10);
    ref = pop(&tape, 3, NOW_MS + 10);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, ref, 3); /* none is ready */
    assert_int_equal(tape.deaths.stirs, 3);
    tape_tick(&tape, NOW_MS + 10 + TTR_MS, ALL); /* the lease is over */
    assert_int_equal(tape.deaths.stirs, 4);
    holds(&tape, 1, 0, 0, 0);
    end(&tape, 0);
}

TEST(engine_records_that_name_what_is_not_there_are_ignored_and_counted)
{
    struct tape tape;

    begin(&tape);
    uint64_t ref = tape_push(&tape, 1, 10, 0);
    struct payload_delivery lost = {.ref = ref + 256, .id = 77, .ttr_ms = TTR_MS};
    tape_pop(&tape, 1, NOW_MS, &lost, false);
    tape_pop(&tape, 2, NOW_MS, &lost, false);
    tape_bury(&tape, 1, NOW_MS, ref + 256);
    tape_ack(&tape, 9, PAYLOAD_LIST_FLIGHT, ref, 10);
    holds(&tape, 1, 0, 0, 0);
    assert_int_equal(jobs(&tape)->pop_num, 0);
    end(&tape, 4);
}

TEST(engine_records_that_are_cut_off_are_ignored_and_counted)
{
    static const uint8_t TYPES[] = {RECORD_PUSH, RECORD_POP, RECORD_BURY, RECORD_TICK};
    struct tape tape;

    begin(&tape);
    (void)tape_push(&tape, 1, 10, 0);
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
        (void)tape_record(&tape, &(struct record){.type = TYPES[i], .queue = 1}, "cut", 3);
    (void)tape_record(&tape, &(struct record){.type = RECORD_QUEUE, .queue = 1}, "\1\0\x20\0", 4);
    holds(&tape, 1, 0, 0, 0);
    end(&tape, 5);
}

TEST(engine_passes_over_record_types_of_other_versions)
{
    struct tape tape;

    begin(&tape);
    uint64_t before = engine_digest(tape.engine);
    for (unsigned type = 0; type < 256; type++)
        if (type != RECORD_PUSH && type != RECORD_POP && type != RECORD_ACK && type != RECORD_BURY &&
            type != RECORD_TICK && type != RECORD_QUEUE && type != RECORD_CHUNK && type != RECORD_LOAD &&
            type != RECORD_DCHUNK && type != RECORD_PURGE &&
            type != RECORD_RELEASE && type != RECORD_TOUCH && type != RECORD_CLIENT)
            (void)tape_record(&tape, &(struct record){.type = (uint8_t)type, .queue = 1}, "whatever", 8);
    assert_true(engine_digest(tape.engine) == before);
    char body_only[PAYLOAD_PUSH_BYTES] = {0};
    struct record head = {.type = RECORD_PUSH, .queue = 1, .flags = RECORD_F_BODY_ONLY};
    (void)tape_record(&tape, &head, body_only, sizeof(body_only));
    holds(&tape, 0, 0, 0, 0);
    end(&tape, 1);
}
