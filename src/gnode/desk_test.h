/*
 * desk_test.h - a broker on a disk in memory, and commands that are answered before the call returns; for tests
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_DESK_TEST_H
#define GMQ_GNODE_DESK_TEST_H

#include "gnode/rig_test.h"

#define DESK_START_MS RIG_START_MS

enum { DESK_PAGE_MAX = 1000, DESK_TEXT_MAX = 128, DESK_RETRIES = 0, DESK_TTR_MS = 1000,
       DESK_DEDUP_MS = 60000, DESK_BODY_MAX = 1 << 18 };

struct desk_message {
    uint64_t id, due_ms, bytes, body_bytes, since_ms, first_ms, last_ms;
    unsigned retries, why;
    bool unreadable, whole;
};

struct desk {
    struct broker broker;
    struct simdisk *sim;
    struct session session;
    uint64_t now_ms;
    enum log_sync sync;  /* before desk_open() */
    bool no_dedup;       /* the node keeps no dedup keys */
    uint32_t chunk_refs; /* > 0: lists and delayed messages leave memory at once, in such pieces */
    /* the last answer */
    uint64_t answers;
    int err;
    uint64_t id;
    size_t count;
    struct desk_message messages[DESK_PAGE_MAX];
    char next[DESK_TEXT_MAX];
    uint64_t ids[DESK_PAGE_MAX]; /* of a push, `again`: they are those of an earlier one */
    bool again;
    struct report_job jobs[DESK_PAGE_MAX];
    void (*see)(const struct report *report); /* each report, in whole; NULL = nobody */
    uint64_t turns; /* that it took */
};

static struct desk desk;

static inline void desk_keep(const struct report *report)
{
    desk.count = report->count;
    assert_true(report->count <= DESK_PAGE_MAX && report->next.len < sizeof(desk.next));
    if (report->next.len > 0)
        memcpy(desk.next, report->next.ptr, report->next.len);
    desk.next[report->next.len] = '\0';
    for (size_t i = 0; i < report->count && report->kind == REPORT_MESSAGES; i++) {
        const struct report_message *from = &report->messages[i];
        desk.messages[i] = (struct desk_message){
            .id = from->id, .due_ms = from->due_ms, .bytes = from->bytes, .body_bytes = from->body.len,
            .since_ms = from->since_ms, .first_ms = from->first_ms, .last_ms = from->last_ms,
            .retries = from->retries, .why = (unsigned)from->why, .unreadable = from->unreadable,
            .whole = from->whole_body};
    }
    desk.again = report->again;
    for (size_t i = 0; i < report->count && report->kind == REPORT_PUT; i++)
        desk.ids[i] = report->ids[i];
    for (size_t i = 0; i < report->count && (report->kind == REPORT_JOB || report->kind == REPORT_JOBS); i++)
        desk.jobs[i] = report->jobs[i];
}

static inline bool desk_answer(struct session *session, const struct answer *answer)
{
    (void)session;
    desk.answers++;
    desk.err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    desk.id = answer->kind == ANSWER_MESSAGE ? answer->messages[0].id : answer->id;
    if (answer->kind == ANSWER_REPORT)
        desk_keep(answer->report);
    if (answer->kind == ANSWER_REPORT && desk.see)
        desk.see(answer->report);
    return true;
}

static inline void desk_resume(struct session *session) { (void)session; }

static inline uint64_t desk_start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return desk.now_ms = last_ms > desk.now_ms ? last_ms : desk.now_ms + 1;
}

static inline void desk_open(void)
{
    static const struct session_ops OPS = {.answer = desk_answer, .resume = desk_resume};
    struct broker_options options = rig_options(desk.chunk_refs);

    options.ttr_ms = DESK_TTR_MS;
    options.max_retries = DESK_RETRIES;
    options.dedup_window_ms = desk.no_dedup ? 0 : DESK_DEDUP_MS;
    options.dedup_keys = 1000;
    options.max_message = DESK_BODY_MAX;
    options.max_batch = 2000;
    options.max_in_flight = 100000;
    options.sync = desk.sync;
    rig_open(&desk.broker, desk.sim, &options, desk_start_clock);
    session_init(&desk.session, &desk.broker, &OPS);
}

static inline void desk_begin(uint32_t chunk_refs)
{
    memset(&desk, 0, sizeof(desk));
    desk.now_ms = DESK_START_MS;
    desk.chunk_refs = chunk_refs;
    desk.sync = LOG_SYNC_ALWAYS;
    desk.sim = simdisk_new(1);
    desk_open();
}

static inline void desk_kill(void)
{
    session_fini(&desk.session);
    broker_abandon(&desk.broker);
    simdisk_kill(desk.sim);
}

/* The process is killed and started again. */
static inline void desk_restart(void)
{
    desk_kill();
    desk_open();
}

static inline void desk_end(void)
{
    session_fini(&desk.session);
    broker_abandon(&desk.broker);
    simdisk_free(desk.sim);
}

static inline void desk_turn(void) { (void)rig_turn(&desk.broker, desk.now_ms); }
static inline void desk_settle(void) { (void)rig_settle(&desk.broker, desk.now_ms, 20); }

/* Time goes on, a turn at least every second. */
static inline void desk_live(uint64_t ms)
{
    for (uint64_t end = desk.now_ms + ms; desk.now_ms < end; desk_settle())
        desk.now_ms = desk.now_ms + 1000 < end ? desk.now_ms + 1000 : end;
}

/* Returns the error of the answer, 0 = none. */
static inline int desk_run(const struct cmd *cmd)
{
    uint64_t before = desk.answers;
    bool taken = false;

    desk.turns = 0;
    for (int tries = 0; tries < 100000 && desk.answers == before; tries++) {
        if (!taken && list_empty(&desk.session.in_stalled))
            taken = broker_execute(&desk.broker, &desk.session, cmd, desk.now_ms) == 0;
        desk.turns++;
        desk_turn();
    }
    assert_int_equal(desk.answers, before + 1);
    return desk.err;
}

static inline uint64_t desk_push_body(int64_t delay_s, struct slice body)
{
    struct cmd cmd = {.kind = CMD_PUSH, .topic = slice_str("t"), .body = body, .delay_s = delay_s};

    assert_int_equal(desk_run(&cmd), 0);
    return desk.id;
}

static inline uint64_t desk_push(int64_t delay_s) { return desk_push_body(delay_s, slice_str("a body")); }

/* 0 = there is none. */
static inline uint64_t desk_pop(void)
{
    struct cmd cmd = {.kind = CMD_POP, .topic = slice_str("t")};

    return desk_run(&cmd) == 0 ? desk.id : 0;
}

static inline struct queue *desk_queue(void) { return engine_find(desk.broker.engine, slice_str("t")); }

/* `count` dead letters; their ids. */
static inline void desk_kill_messages(uint64_t *ret_ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret_ids[i] = desk_push(0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(desk_pop(), ret_ids[i]);
    desk_live(DESK_TTR_MS + 1);
    assert_int_equal(desk_queue()->dead.count, count);
}

static inline int desk_peek(const struct cmd_args *args)
{
    struct cmd cmd = {.kind = CMD_PEEK, .topic = slice_str("t"), .args = args};

    return desk_run(&cmd);
}

#endif
