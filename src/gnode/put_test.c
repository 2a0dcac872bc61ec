/* put_test.c - pushes with attributes, nack, touch, reject, expiry. SPDX-License-Identifier: MIT */
#include "gnode/desk_test.h"

/* What was answered last. */
static struct {
    struct session session;
    unsigned answers;
    enum answer_kind kind;
    int err;
    uint64_t id, deadline_ms, ids[16], done;
    size_t count;
    unsigned retries;
    char body[64], headers[256], key[64];
} desk_of;

static void keep_text(char *to, size_t room, struct slice from)
{
    assert_true(from.len < room);
    memset(to, 0, room);
    if (from.len > 0)
        memcpy(to, from.ptr, from.len);
}

static bool take(struct session *session, const struct answer *answer)
{
    (void)session;
    desk_of.answers++;
    desk_of.kind = answer->kind;
    desk_of.err = answer->kind == ANSWER_ERROR ? answer->err : 0;
    desk_of.count = answer->count;
    if (answer->kind == ANSWER_MESSAGE || answer->kind == ANSWER_MESSAGES) {
        const struct reply_message *last = &answer->messages[answer->count - 1];
        desk_of.id = last->id;
        desk_of.deadline_ms = last->deadline_ms;
        desk_of.retries = last->retry_count;
        keep_text(desk_of.body, sizeof(desk_of.body), last->body);
        keep_text(desk_of.headers, sizeof(desk_of.headers), last->headers);
        keep_text(desk_of.key, sizeof(desk_of.key), last->key);
    }
    if (answer->kind == ANSWER_MISSING)
        memcpy(desk_of.ids, answer->ids, answer->count * sizeof(desk_of.ids[0]));
    if (answer->kind == ANSWER_REPORT) {
        assert_true(answer->report->count <= ARRAY_LEN(desk_of.ids));
        desk_of.count = answer->report->count;
        desk_of.done = answer->report->done;
        memcpy(desk_of.ids, answer->report->ids, desk_of.count * sizeof(desk_of.ids[0]));
    }
    return true;
}

static void begin(void)
{
    static const struct session_ops OPS = {.answer = take, .resume = desk_resume};

    desk_begin(0);
    memset(&desk_of, 0, sizeof(desk_of));
    session_init(&desk_of.session, &desk.broker, &OPS);
}

static void end(void)
{
    session_fini(&desk_of.session);
    engine_check(desk.broker.engine);
    desk_end();
}

/* Returns the error of the answer, 0 = none. */
static int run(const struct cmd *cmd)
{
    unsigned before = desk_of.answers;
    bool taken = false;

    for (int tries = 0; tries < 100 && desk_of.answers == before; tries++) {
        if (!taken && list_empty(&desk_of.session.in_stalled))
            taken = broker_execute(&desk.broker, &desk_of.session, cmd, desk.now_ms) == 0;
        desk_turn();
    }
    assert_int_equal(desk_of.answers, before + 1);
    return desk_of.err;
}

static const struct cmd_put PLAIN = {.body = {"a body", 6}, .max_retries = CMD_NOT_GIVEN};

static int put(const struct cmd_put *puts, uint32_t count)
{
    struct cmd_args args = {.puts = puts, .put_count = count, .delay_ms = CMD_NOT_GIVEN};

    return run(&(struct cmd){.kind = CMD_PUT, .topic = slice_str("t"), .args = &args});
}

static uint64_t pop(void)
{
    return run(&(struct cmd){.kind = CMD_POP, .topic = slice_str("t")}) == 0 ? desk_of.id : 0;
}

/* Of up to two ids. */
static int say(enum cmd_kind kind, const struct cmd_args *args, uint64_t id, uint64_t other, unsigned flags)
{
    char ids[16];

    put_be64(ids, id);
    put_be64(ids + 8, other);
    uint32_t count = other ? 2 : 1;
    return run(&(struct cmd){.kind = kind, .topic = slice_str("t"), .args = args, .count = count, .flags = flags,
                             .body = slice_of(ids, 8 * count)});
}

TEST(put_gives_back_with_the_pop_what_was_attached)
{
    struct cmd_put puts[] = {PLAIN, PLAIN};

    begin();
    puts[0].headers = slice_str("Trace:1\n");
    puts[0].key = slice_str("order 17");
    puts[0].ttr_ms = 7000;
    puts[1].body = slice_str("another");
    assert_int_equal(put(puts, 2), 0);
    assert_true(desk_of.kind == ANSWER_REPORT && desk_of.count == 2 && desk_of.ids[0] < desk_of.ids[1]);
    uint64_t first = desk_of.ids[0], second = desk_of.ids[1];
    assert_int_equal(pop(), first);
    assert_string_equal(desk_of.headers, "trace: 1\n");
    assert_string_equal(desk_of.key, "order 17");
    assert_string_equal(desk_of.body, "a body");
    assert_int_equal(desk_of.deadline_ms, desk.now_ms + 7000);
    assert_int_equal(run(&(struct cmd){.kind = CMD_WPOP, .topic = slice_str("t"), .number = 5}), 0);
    assert_int_equal(desk_of.id, second);
    assert_int_equal(desk_of.deadline_ms, desk.now_ms + DESK_TTR_MS);
    assert_true(desk_of.headers[0] == '\0' && desk_of.key[0] == '\0');
    end();
}

static int put_with(struct cmd_put with) { return put(&with, 1); }

TEST(put_holds_every_number_to_its_limit)
{
    static char headers[CMD_HEADERS_BYTES_MAX + 2], key[CMD_KEY_BYTES_MAX + 1], body[DESK_BODY_MAX + 1];
    struct cmd_put with = PLAIN;

#define REFUSED(field, good, bad, err_is)                 \
    with = PLAIN;                                          \
    with.field = (good);                                   \
    assert_int_equal(put_with(with), 0);                   \
    with.field = (bad);                                    \
    assert_int_equal(put_with(with), (err_is))
    begin();
    memset(headers, 'x', sizeof(headers));
    memcpy(headers, "a: ", 3);
    headers[CMD_HEADERS_BYTES_MAX - 1] = headers[CMD_HEADERS_BYTES_MAX] = '\n';
    memset(key, 'k', sizeof(key));
    REFUSED(delay_ms, INT64_C(259200000), INT64_C(259200001), GMQ_E_DELAY);
    REFUSED(delay_ms, 0, -1, GMQ_E_DELAY_NEGATIVE);
    REFUSED(ttr_ms, 1000, 999, GMQ_E_VALUE);
    REFUSED(ttr_ms, 300000, 300001, GMQ_E_VALUE);
    REFUSED(max_retries, 254, 255, GMQ_E_VALUE);
    REFUSED(max_retries, 0, -1, GMQ_E_VALUE);
    REFUSED(lifetime_ms, 1, -1, GMQ_E_VALUE);
    REFUSED(lifetime_ms, INT64_C(1) << 40, INT64_MAX, GMQ_E_VALUE);
    REFUSED(key, slice_of(key, CMD_KEY_BYTES_MAX), slice_of(key, CMD_KEY_BYTES_MAX + 1), GMQ_E_KEY);
    REFUSED(headers, slice_of(headers, CMD_HEADERS_BYTES_MAX), slice_of(headers, CMD_HEADERS_BYTES_MAX + 1),
            GMQ_E_HEADERS);
    REFUSED(body, slice_of(body, 100000), slice_of(body, DESK_BODY_MAX + 1), GMQ_E_BODY_LIMIT);
    with = PLAIN;
    with.delay_ms = CMD_NOT_GIVEN;
    with.due_ms = desk.now_ms + UINT64_C(259200001);
    assert_int_equal(put_with(with), GMQ_E_DELAY);
    uint64_t waits = waiting_count(&desk_queue()->ready);
    with.due_ms = desk.now_ms - 5; /* now */
    assert_int_equal(put_with(with), 0);
    assert_int_equal(waiting_count(&desk_queue()->ready), waits + 1);
    assert_int_equal(put(NULL, 0), GMQ_E_BATCH_COUNT);
    struct cmd_put both[] = {PLAIN, PLAIN};
    both[1].ttr_ms = 1;
    assert_int_equal(put(both, 2), GMQ_E_VALUE); /* all of them or none */
    assert_int_equal(waiting_count(&desk_queue()->ready), waits + 1);
#undef REFUSED
    end();
}

TEST(put_can_need_no_ack)
{
    struct cmd_put with = PLAIN;

    begin();
    with.auto_ack = true;
    assert_int_equal(put(&with, 1), 0);
    assert_int_equal(put(&PLAIN, 1), 0);
    assert_true(pop() != 0);
    assert_int_equal(desk_of.deadline_ms, 0);
    assert_int_equal(desk_queue()->in_flight, 0);
    assert_true(pop() != 0);
    assert_int_equal(desk_queue()->in_flight, 1);
    assert_int_equal(put(&with, 1), 0);
    assert_int_equal(run(&(struct cmd){.kind = CMD_WPOP, .topic = slice_str("t"), .number = 5}), 0);
    assert_true(desk_of.count == 1 && desk_of.deadline_ms == 0 && desk_queue()->in_flight == 1);
    end();
}

TEST(messages_that_have_expired_are_not_delivered)
{
    struct cmd_put puts[] = {PLAIN, PLAIN, PLAIN, PLAIN};

    begin();
    puts[0].lifetime_ms = puts[2].lifetime_ms = 500;
    puts[3].lifetime_ms = 501;
    assert_int_equal(put(puts, 4), 0);
    uint64_t second = desk_of.ids[1], last = desk_of.ids[3];
    desk.now_ms += 500;
    assert_int_equal(run(&(struct cmd){.kind = CMD_WPOP, .topic = slice_str("t"), .number = 5}), 0);
    assert_true(desk_of.count == 1 && desk_of.id == second);
    assert_int_equal(pop(), last);
    assert_int_equal(pop(), 0);
    assert_int_equal(desk_of.err, GMQ_E_NO_MESSAGE);
    assert_int_equal(waiting_count(&desk_queue()->ready), 0);
    end();
}

TEST(many_expired_messages_are_dropped_a_part_at_a_time)
{
    struct cmd_put puts[16];

    begin();
    for (unsigned i = 0; i < ARRAY_LEN(puts); i++) {
        puts[i] = PLAIN;
        puts[i].lifetime_ms = 1;
    }
    for (unsigned i = 0; i < 160; i++)
        assert_int_equal(put(puts, ARRAY_LEN(puts)), 0);
    assert_int_equal(put(&PLAIN, 1), 0);
    uint64_t id = desk_of.ids[0];
    desk.now_ms += 1;
    assert_int_equal(pop(), id);
    end();
}

TEST(nack_brings_messages_back_now_or_later)
{
    struct cmd_args args = {.delay_ms = 0};
    struct cmd_put with = PLAIN;

    begin();
    with.max_retries = 3;
    assert_int_equal(put(&with, 1), 0);
    uint64_t id = pop();
    assert_int_equal(say(CMD_NACK, &args, id, id, 0), 0);
    assert_true(desk_of.kind == ANSWER_REPORT && desk_of.done == 1 && desk_of.count == 1 && desk_of.ids[0] == id);
    assert_int_equal(pop(), id);
    assert_int_equal(desk_of.retries, 1);
    args.delay_ms = 5000;
    args.no_retry = true;
    assert_int_equal(say(CMD_NACK, &args, id, 0, CMD_F_PLAIN), 0);
    assert_int_equal(desk_of.kind, ANSWER_OK);
    assert_int_equal(desk_queue()->delayed, 1);
    assert_int_equal(say(CMD_NACK, &args, id, 7, CMD_F_PLAIN), 0);
    assert_true(desk_of.kind == ANSWER_MISSING && desk_of.count == 2 && desk_of.ids[1] == 7);
    assert_int_equal(pop(), 0);
    desk_live(5000);
    assert_int_equal(pop(), id);
    assert_int_equal(desk_of.retries, 1);
    args.delay_ms = -1;
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), GMQ_E_DELAY_NEGATIVE);
    args.delay_ms = INT64_C(259200001);
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), GMQ_E_DELAY);
    args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN};
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), 0); /* by the topic: at once */
    assert_int_equal(pop(), id);
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), 0);
    assert_int_equal(pop(), id);
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), 0); /* once too often */
    assert_int_equal(desk_queue()->dead.count, 1);
    end();
}

TEST(reject_makes_a_dead_letter_and_says_why)
{
    static char text[CMD_TEXT_BYTES_MAX + 1];
    struct cmd_args args = {.reject = true, .text = slice_str("it is too long")};
    struct engine_facts facts;
    uint64_t ref;

    begin();
    assert_int_equal(put(&PLAIN, 1), 0);
    uint64_t id = pop();
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), 0);
    assert_int_equal(refset_oldest(&desk_queue()->dead, &ref, 1), 1);
    desk_restart();
    assert_true(engine_facts(desk.broker.engine, ref >> 8 << 3, &facts));
    assert_true(facts.is_dead && facts.why == DEAD_REJECTED && slice_is(facts.text, "it is too long"));
    assert_true(facts.first_ms > 0 && facts.first_ms == facts.last_ms && facts.dead_ms >= facts.last_ms);
    memset(text, 'x', sizeof(text));
    args.text = slice_of(text, sizeof(text));
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), GMQ_E_VALUE);
    args.text = slice_str("a\nb");
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), GMQ_E_VALUE);
    args.text = slice_of(text, CMD_TEXT_BYTES_MAX);
    assert_int_equal(say(CMD_NACK, &args, id, 0, 0), 0);
    assert_true(desk_of.done == 0 && desk_of.count == 1);
    end();
}

TEST(touch_gives_more_time)
{
    struct cmd_args args = {.ttr_ms = 10000};
    struct cmd_put with = PLAIN;

    begin();
    with.ttr_ms = 2000;
    with.max_retries = 5;
    assert_int_equal(put(&with, 1), 0);
    uint64_t id = pop();
    desk_live(1000);
    assert_int_equal(say(CMD_TOUCH, &args, id, 0, 0), 0);
    assert_int_equal(desk_of.done, 1);
    desk_live(9999);
    assert_int_equal(desk_queue()->in_flight, 1);
    args.ttr_ms = 0; /* as it was delivered with */
    assert_int_equal(say(CMD_TOUCH, &args, id, 9, 0), 0);
    assert_true(desk_of.done == 1 && desk_of.count == 1 && desk_of.ids[0] == 9);
    desk_live(1999);
    assert_int_equal(desk_queue()->in_flight, 1);
    desk_live(1);
    assert_int_equal(desk_queue()->in_flight, 0);
    assert_int_equal(pop(), id);
    args.ttr_ms = 999;
    assert_int_equal(say(CMD_TOUCH, &args, id, 0, 0), GMQ_E_VALUE);
    args.ttr_ms = 300001;
    assert_int_equal(say(CMD_TOUCH, &args, id, 0, 0), GMQ_E_VALUE);
    end();
}
