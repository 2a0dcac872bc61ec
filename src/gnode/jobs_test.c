/* jobs_test.c - SPDX-License-Identifier: MIT */
#include "gnode/desk_test.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGES = 300 };

static uint64_t ids[MESSAGES];

static struct cmd_args all_args(void) { return (struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .all = true}; }

static int run_job(enum cmd_kind kind, const struct cmd_args *args, const uint64_t *chosen, uint32_t count)
{
    static char packed[8 * 3000];
    struct cmd cmd = {.kind = kind, .topic = slice_str("t"), .args = args, .count = count,
                      .body = slice_of(packed, 8 * (size_t)count)};

    for (uint32_t i = 0; i < count && i < 3000; i++)
        put_be64(packed + 8 * (size_t)i, chosen[i]);
    return desk_run(&cmd);
}

static int ask(enum cmd_kind kind, uint64_t id)
{
    struct cmd cmd = {.kind = kind, .id = id};

    return desk_run(&cmd);
}

/* Takes all messages of the topic, in this order. */
static void expect_ready(const char *topic, const uint64_t *expected, size_t count)
{
    struct cmd cmd = {.kind = CMD_POP, .topic = slice_str(topic)};

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(desk_run(&cmd), 0);
        if (expected)
            assert_int_equal(desk.id, expected[i]);
    }
    assert_int_equal(desk_run(&cmd), GMQ_E_NO_MESSAGE);
}

TEST(job_that_redrives_all_is_over_when_it_is_answered_and_messages_come_again_as_new)
{
    struct cmd_args args = all_args();

    desk_begin(0);
    desk_kill_messages(ids, MESSAGES);
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].state, JOB_DONE);
    assert_int_equal(desk.jobs[0].done, MESSAGES);
    assert_int_equal(desk.jobs[0].looked_at, MESSAGES);
    assert_int_equal(desk_queue()->dead.count, 0);
    struct cmd_args page = {.delay_ms = CMD_NOT_GIVEN, .place = PLACE_READY, .limit = 1};
    assert_int_equal(desk_peek(&page), 0);
    assert_int_equal(desk.messages[0].retries, 0);
    desk_restart();
    expect_ready("t", ids, MESSAGES);
    desk_end();
}

TEST(job_that_deletes_by_id_leaves_the_others)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};
    uint64_t chosen[] = {0, 0, 0, 12345};

    desk_begin(0);
    desk_kill_messages(ids, MESSAGES);
    chosen[0] = ids[200];
    chosen[1] = ids[7];
    chosen[2] = ids[7];
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, chosen, ARRAY_LEN(chosen)), 0);
    assert_int_equal(desk.jobs[0].state, JOB_DONE);
    assert_int_equal(desk.jobs[0].done, 2);
    assert_int_equal(desk_queue()->dead.count, MESSAGES - 2);
    args.all = true;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].done, MESSAGES - 2);
    assert_int_equal(desk_queue()->dead.count, 0);
    desk_end();
}

TEST(job_finds_its_ids_among_many_dead_letters)
{
    enum { MANY = 5000, CHOSEN = 40 };
    static uint64_t many[MANY], chosen[CHOSEN + 2];
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};

    desk_begin(0);
    desk_kill_messages(many, MANY);
    for (size_t i = 0; i < CHOSEN; i++)
        chosen[i] = many[MANY - 1 - 100 * i];
    chosen[CHOSEN] = 12345;
    chosen[CHOSEN + 1] = desk_push(0); /* it is not dead */
    desk_restart();
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, chosen, ARRAY_LEN(chosen)), 0);
    assert_int_equal(desk.jobs[0].state, JOB_DONE);
    assert_int_equal(desk.jobs[0].done, CHOSEN);
    assert_int_equal(desk.jobs[0].looked_at, ARRAY_LEN(chosen));
    assert_int_equal(desk_queue()->dead.count, MANY - CHOSEN);
    assert_int_equal(waiting_count(&desk_queue()->ready), 1);
    desk_end();
}

TEST(job_moves_messages_to_another_topic_that_is_made_for_them)
{
    struct cmd_args args = all_args();

    desk_begin(0);
    desk_kill_messages(ids, MESSAGES);
    args.to = slice_str("other");
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].done, MESSAGES);
    assert_int_equal(desk_queue()->dead.count, 0);
    desk_restart();
    assert_int_equal(desk_queue()->dead.count, 0);
    expect_ready("other", NULL, MESSAGES);
    assert_int_equal(desk_pop(), 0);
    desk_end();
}

TEST(job_gives_messages_a_delay)
{
    struct cmd_args args = all_args();

    desk_begin(0);
    desk_kill_messages(ids, 10);
    args.delay_ms = 5000;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk_queue()->delayed, 10);
    assert_int_equal(desk_pop(), 0);
    desk_live(5000);
    expect_ready("t", ids, 10);
    desk_end();
}

TEST(job_chooses_by_age_and_by_a_piece_of_text)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .text = slice_str("needle")};
    uint64_t needle;

    desk_begin(0);
    desk_kill_messages(ids, 10);
    desk_live(10000);
    needle = desk_push_body(0, slice_str("hay needle hay"));
    assert_int_equal(desk_pop(), needle);
    desk_live(DESK_TTR_MS + 1);
    assert_int_equal(desk_queue()->dead.count, 11);
    args.older_ms = 3600000;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].done, 0);
    args.text = slice_str("");
    args.older_ms = 5000;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].done, 10);
    args.text = slice_str("needle");
    args.older_ms = 0;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].done, 1);
    expect_ready("t", &needle, 1);
    desk_end();
}

TEST(job_with_a_rate_takes_its_time_and_can_be_cancelled)
{
    struct cmd_args args = all_args();

    desk_begin(0);
    desk_kill_messages(ids, 100);
    args.rate = 10;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    uint64_t job = desk.jobs[0].id;
    assert_int_equal(desk.jobs[0].state, JOB_RUNNING);
    assert_int_equal(desk.jobs[0].done, 1);
    for (unsigned i = 0; i < 50; i++) {
        desk.now_ms += 100;
        desk_turn();
    }
    assert_int_equal(ask(CMD_JOB, job), 0);
    assert_int_equal(desk.jobs[0].done, 51);
    assert_int_equal(ask(CMD_JOB_CANCEL, job), 0);
    assert_int_equal(desk.jobs[0].state, JOB_CANCELLED);
    desk_live(10000);
    assert_int_equal(ask(CMD_JOB_CANCEL, job), 0);
    assert_int_equal(desk.jobs[0].done, 51);
    assert_int_equal(desk.jobs[0].state, JOB_CANCELLED);
    assert_int_equal(desk_queue()->dead.count, 49);
    desk_end();
}

TEST(job_asks_to_be_called_when_its_rate_allows_the_next)
{
    struct cmd_args args = all_args();

    desk_begin(0);
    desk_kill_messages(ids, 3);
    args.rate = 1;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), 0);
    desk_settle();
    assert_int_equal(broker_turn(&desk.broker, desk.now_ms), desk.now_ms + 1000);
    desk_live(2000);
    assert_int_equal(desk_queue()->dead.count, 0);
    assert_int_equal(ask(CMD_JOBS, 0), 0);
    assert_int_equal(desk.jobs[0].state, JOB_DONE);
    desk_end();
}

TEST(job_takes_only_what_was_dead_when_it_began)
{
    struct cmd_args args = all_args();
    uint64_t late;

    desk_begin(0);
    desk_kill_messages(ids, 20);
    args.rate = 1;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    late = desk_push(0);
    assert_int_equal(desk_pop(), ids[0]);
    assert_int_equal(desk_pop(), late);
    desk_live(30000);
    assert_int_equal(ask(CMD_JOBS, 0), 0);
    assert_int_equal(desk.jobs[0].state, JOB_DONE);
    assert_int_equal(desk.jobs[0].done, 20);
    assert_int_equal(desk_queue()->dead.count, 2);
    desk_end();
}

TEST(job_fails_with_the_error_of_its_target)
{
    struct cmd_args args = all_args();
    struct cmd push = {.kind = CMD_PUSH, .body = slice_str("x")};
    char name[16];

    desk_begin(0);
    desk_kill_messages(ids, 5);
    for (unsigned i = 1; i < 10; i++) {
        (void)snprintf(name, sizeof(name), "t%u", i);
        push.topic = slice_str(name);
        assert_int_equal(desk_run(&push), 0);
    }
    args.to = slice_str("one-too-many");
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk.jobs[0].state, JOB_FAILED);
    assert_int_equal(desk.jobs[0].done, 0);
    assert_int_equal(desk_queue()->dead.count, 5);
    desk_end();
}

TEST(job_ends_when_its_topic_is_deleted)
{
    struct cmd_args args = all_args();
    struct cmd cmd = {.kind = CMD_TOPIC_DELETE, .topic = slice_str("t")};

    desk_begin(0);
    desk_kill_messages(ids, 20);
    args.rate = 1;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(desk_run(&cmd), 0);
    desk_live(3000);
    assert_int_equal(ask(CMD_JOBS, 0), 0);
    assert_true(desk.jobs[0].state != JOB_RUNNING);
    assert_int_equal(desk.jobs[0].done, 1);
    desk_end();
}

TEST(job_commands_are_held_to_their_limits)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN}, bad;
    static uint64_t many[2001];

    desk_begin(0);
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, many, 1), GMQ_E_TOPIC_UNKNOWN);
    desk_kill_messages(ids, 2);
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), GMQ_E_VALUE);
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, many, 2000), 0);
    assert_int_equal(run_job(CMD_DEAD_DELETE, &args, many, 2001), GMQ_E_BATCH_LIMIT);
    bad = all_args();
    assert_int_equal(run_job(CMD_DEAD_DELETE, &bad, many, 1), GMQ_E_VALUE);
    bad.older_ms = 1;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &bad, NULL, 0), GMQ_E_VALUE);
    bad = all_args();
    bad.rate = -1;
    assert_int_equal(run_job(CMD_DEAD_DELETE, &bad, NULL, 0), GMQ_E_VALUE);
    bad = all_args();
    bad.delay_ms = -1;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &bad, NULL, 0), GMQ_E_DELAY_NEGATIVE);
    bad.delay_ms = 259200001;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &bad, NULL, 0), GMQ_E_DELAY);
    bad.delay_ms = 259200000;
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &bad, NULL, 0), 0);
    bad.to = slice_str("a/b");
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &bad, NULL, 0), GMQ_E_TOPIC_NAME);
    assert_int_equal(ask(CMD_JOB, 1), GMQ_E_JOB_UNKNOWN);
    assert_int_equal(ask(CMD_JOB_CANCEL, UINT64_MAX), GMQ_E_JOB_UNKNOWN);
    desk_end();
}

TEST(jobs_are_so_many_at_a_time_and_the_newest_are_remembered)
{
    struct cmd_args args = all_args();
    uint64_t first;

    desk_begin(0);
    desk_kill_messages(ids, 50);
    args.rate = 1;
    for (unsigned i = 0; i < JOBS_RUNNING_MAX; i++)
        assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), 0);
    assert_int_equal(run_job(CMD_DEAD_REDRIVE, &args, NULL, 0), GMQ_E_JOB_LIMIT);
    assert_int_equal(ask(CMD_JOBS, 0), 0);
    assert_int_equal(desk.count, JOBS_RUNNING_MAX);
    for (unsigned i = 0; i < JOBS_RUNNING_MAX; i++)
        assert_int_equal(ask(CMD_JOB_CANCEL, desk.jobs[0].id - (i > 0)), 0);
    first = desk.jobs[0].id;
    args.rate = 0;
    for (unsigned i = 0; i < JOBS_KEPT - 1; i++)
        assert_int_equal(run_job(CMD_DEAD_DELETE, &args, NULL, 0), 0);
    assert_int_equal(ask(CMD_JOB, first), GMQ_E_JOB_UNKNOWN);
    assert_int_equal(ask(CMD_JOB, first + JOBS_RUNNING_MAX), 0);
    assert_int_equal(ask(CMD_JOBS, 0), 0);
    assert_int_equal(desk.count, JOBS_KEPT);
    assert_true(desk.jobs[0].id > desk.jobs[JOBS_KEPT - 1].id);
    desk_end();
}

/* A crash anywhere in a move to another topic leaves each message in one of the two, once. */
TEST(job_that_is_cut_off_by_a_crash_leaves_each_message_in_exactly_one_place)
{
    struct cmd_args args = all_args();
    struct cmd cmd = {.kind = CMD_DEAD_REDRIVE, .topic = slice_str("t"), .args = &args};

    args.to = slice_str("other");
    for (uint64_t ops = 0; ops < 12; ops++) {
        desk_begin(0);
        desk_kill_messages(ids, MESSAGES);
        desk_settle();
        int rc = broker_execute(&desk.broker, &desk.session, &cmd, desk.now_ms);
        assert_true(rc == 0 || rc == -EAGAIN);
        simdisk_stop_after(desk.sim, ops);
        for (unsigned i = 0; i < 5; i++)
            desk_turn();
        session_fini(&desk.session);
        broker_abandon(&desk.broker);
        simdisk_power_cut(desk.sim);
        desk_open();
        const struct queue *other = engine_find(desk.broker.engine, slice_str("other"));
        uint64_t moved = other ? waiting_count(&other->ready) : 0;
        /* What led to their death may be gone, too. */
        const struct queue *queue = desk_queue();
        uint64_t stayed = waiting_count(&queue->ready) + queue->in_flight + queue->dead.count;
        assert_int_equal(stayed + moved, MESSAGES);
        engine_check(desk.broker.engine);
        desk_end();
    }
}
