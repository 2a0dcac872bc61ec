/* history_test.c - one message by its id, and what happened to it. SPDX-License-Identifier: MIT */
#include "gnode/history.h"

#include "engine/id.h"
#include "gnode/desk_test.h"

#include <stdio.h>

enum { EVENTS_MAX = 100, TEXT_BYTES = 64, BODY_BYTES = 600 };

/* The last report, with what it points to. */
static struct {
    struct report_message message;
    char body[BODY_BYTES], topic[TEXT_BYTES], holder[TEXT_BYTES], who[TEXT_BYTES]; /* who: of the first delivery */
    struct report_event events[EVENTS_MAX];
    size_t count;
    bool whole;
    char next[DESK_TEXT_MAX];
    char other[TEXT_BYTES]; /* of the last event that names another topic */
} seen;

static void copy(char *to, size_t size, struct slice from)
{
    assert_true(from.len < size);
    memcpy(to, from.len > 0 ? from.ptr : "", from.len);
    to[from.len] = '\0';
}

static void see(const struct report *report)
{
    memset(&seen, 0, sizeof(seen));
    seen.count = report->count;
    copy(seen.next, sizeof(seen.next), report->next);
    if (report->kind == REPORT_MESSAGE) {
        seen.message = report->messages[0];
        copy(seen.body, sizeof(seen.body), report->messages[0].body);
        copy(seen.topic, sizeof(seen.topic), report->messages[0].topic);
        copy(seen.holder, sizeof(seen.holder), report->messages[0].holder);
    }
    if (report->kind == REPORT_HISTORY) {
        assert_true(report->count <= EVENTS_MAX);
        memcpy(seen.events, report->events, report->count * sizeof(seen.events[0]));
        seen.whole = report->whole;
        for (size_t i = 0; i < report->count && seen.who[0] == '\0'; i++)
            copy(seen.who, sizeof(seen.who), report->events[i].who);
        for (size_t i = 0; i < report->count; i++)
            if (report->events[i].other_topic.len > 0)
                copy(seen.other, sizeof(seen.other), report->events[i].other_topic);
    }
}

static void begin(void)
{
    desk_begin(0);
    desk.see = see;
}

static int get(uint64_t id, enum cmd_body body)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .body = body, .body_bytes = 3};
    struct cmd cmd = {.kind = CMD_GET, .id = id, .args = &args};

    return desk_run(&cmd);
}

static int history(uint64_t id, int64_t limit, const char *cursor)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .limit = limit, .cursor = slice_str(cursor)};
    struct cmd cmd = {.kind = CMD_HISTORY, .id = id, .args = &args};

    return desk_run(&cmd);
}

static int ack(uint64_t id)
{
    struct cmd cmd = {.kind = CMD_ACK, .topic = slice_str("t"), .id = id};

    return desk_run(&cmd);
}

/* The story so far, as letters. */
static void expect_story(uint64_t id, const char *letters, bool whole)
{
    static const char LETTERS[] = {[EVENT_PUSHED] = 'p', [EVENT_DUE] = 'd', [EVENT_DELIVERED] = 'D',
                                   [EVENT_TOUCHED] = 't', [EVENT_EXPIRED] = 'e', [EVENT_RELEASED] = 'r',
                                   [EVENT_DEAD] = 'x', [EVENT_REDRIVEN] = 'v', [EVENT_RESCHEDULED] = 's',
                                   [EVENT_GONE] = 'g'};
    char told[EVENTS_MAX + 1];

    assert_int_equal(history(id, 0, ""), 0);
    for (size_t i = 0; i < seen.count; i++) {
        told[i] = LETTERS[seen.events[i].kind];
        assert_true(seen.events[i].at_ms >= DESK_START_MS);
        assert_true(i == 0 || seen.events[i].at_ms >= seen.events[i - 1].at_ms);
    }
    told[seen.count] = '\0';
    assert_string_equal(told, letters);
    assert_int_equal(seen.whole, whole);
    assert_string_equal(seen.next, "");
}

TEST(get_tells_where_a_message_is_and_as_much_of_its_body_as_is_wanted)
{
    begin();
    uint64_t ready = desk_push(0), delayed = desk_push(100);
    assert_int_equal(get(ready, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.id, ready);
    assert_int_equal(seen.message.place, PLACE_READY);
    assert_string_equal(seen.topic, "t");
    assert_int_equal(seen.message.bytes, 6);
    assert_false(seen.message.has_body);
    assert_int_equal(seen.message.max_retries, -1);
    assert_int_equal(seen.message.pushed_ms, id_time_ms(ready));
    assert_int_equal(get(ready, CMD_BODY_FIRST), 0);
    assert_true(seen.message.has_body && !seen.message.whole_body);
    assert_string_equal(seen.body, "a b");
    assert_int_equal(get(ready, CMD_BODY_WHOLE), 0);
    assert_true(seen.message.whole_body);
    assert_string_equal(seen.body, "a body");
    assert_int_equal(get(delayed, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_DELAYED);
    assert_int_equal(seen.message.due_ms, desk.now_ms + 100000);
    assert_int_equal(desk_pop(), ready);
    assert_int_equal(get(ready, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_IN_FLIGHT);
    assert_int_equal(seen.message.due_ms, desk.now_ms + DESK_TTR_MS);
    assert_int_equal(seen.message.since_ms, desk.now_ms);
    desk_live(DESK_TTR_MS + 1);
    assert_int_equal(get(ready, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_DEAD);
    assert_int_equal(seen.message.why, DEAD_RETRIES);
    assert_true(seen.message.since_ms > 0 && seen.message.first_ms > 0);
    assert_int_equal(get(1, CMD_BODY_NONE), GMQ_E_MESSAGE_UNKNOWN);
    assert_int_equal(get(delayed + 1, CMD_BODY_NONE), GMQ_E_MESSAGE_UNKNOWN);
    desk_end();
}

TEST(get_tells_how_a_message_went_as_long_as_the_log_says_it)
{
    begin();
    uint64_t acked = desk_push(0), after = desk_push(0);
    assert_int_equal(desk_pop(), acked);
    assert_int_equal(ack(acked), 0);
    assert_int_equal(get(acked, CMD_BODY_WHOLE), 0);
    assert_int_equal(seen.message.place, PLACE_GONE);
    assert_true(seen.message.how_known);
    assert_int_equal(seen.message.how, GONE_ACKED);
    assert_true(seen.message.gone_ms >= seen.message.pushed_ms);
    assert_string_equal(seen.body, "a body");
    struct cmd set = {.kind = CMD_SET, .topic = slice_str("t"), .number = 1};
    assert_int_equal(desk_run(&set), 0);
    assert_int_equal(desk_pop(), after);
    assert_int_equal(get(after, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.how, GONE_AUTO_ACKED);
    assert_int_equal(seen.message.gone_ms, desk.now_ms);
    desk_restart();
    assert_int_equal(get(acked, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.how, GONE_ACKED);
    desk_end();
}

TEST(history_tells_a_life_in_order)
{
    begin();
    uint64_t id = desk_push(2);
    expect_story(id, "p", true);
    desk_live(3000);
    expect_story(id, "pd", true);
    assert_int_equal(desk_pop(), id);
    expect_story(id, "pdD", true);
    assert_int_equal(seen.events[2].due_ms, seen.events[2].at_ms + DESK_TTR_MS);
    desk_restart();
    desk.see = see;
    expect_story(id, "pdD", true);
    desk_live(5000);
    expect_story(id, "pdDex", true);
    assert_int_equal(seen.events[4].why, DEAD_RETRIES);
    struct cmd dead = {.kind = CMD_DEAD, .topic = slice_str("t"), .number = 1};
    assert_int_equal(desk_run(&dead), 0);
    expect_story(id, "pdDexg", true);
    assert_int_equal(history(id + 1, 0, ""), GMQ_E_MESSAGE_UNKNOWN);
    desk_end();
}

static int on_one(enum cmd_kind kind, uint64_t id, const struct cmd_args *args)
{
    char ids[CMD_ID_BYTES];
    struct cmd cmd = {
        .kind = kind, .topic = slice_str("t"), .count = 1, .body = slice_of(ids, sizeof(ids)), .args = args};

    put_be64(ids, id);
    return desk_run(&cmd);
}

TEST(history_tells_what_consumers_did)
{
    begin();
    uint64_t id = desk_push(0);
    assert_int_equal(desk_pop(), id);
    desk_live(500);
    assert_int_equal(on_one(CMD_TOUCH, id, &(struct cmd_args){.delay_ms = CMD_NOT_GIVEN, .ttr_ms = 5000}), 0);
    expect_story(id, "pDt", true);
    assert_int_equal(seen.events[2].due_ms, desk.now_ms + 5000);
    desk_live(2000);
    assert_int_equal(on_one(CMD_NACK, id, &(struct cmd_args){.delay_ms = 3000, .no_retry = true}), 0);
    assert_int_equal(get(id, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_DELAYED);
    assert_int_equal(seen.message.due_ms, desk.now_ms + 3000);
    expect_story(id, "pDtr", true);
    desk_live(3001);
    expect_story(id, "pDtrd", true);
    assert_int_equal(desk_pop(), id);
    struct cmd_args reject = {.delay_ms = CMD_NOT_GIVEN, .reject = true, .text = slice_str("no such customer")};
    assert_int_equal(on_one(CMD_NACK, id, &reject), 0);
    expect_story(id, "pDtrdDx", true);
    assert_int_equal(seen.events[6].why, DEAD_REJECTED);
    assert_int_equal(get(id, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_DEAD);
    assert_int_equal(seen.message.why, DEAD_REJECTED);
    assert_int_equal(seen.message.text.len, strlen("no such customer"));
    desk_end();
}

TEST(history_follows_a_message_that_is_moved_and_knows_of_purges)
{
    begin();
    uint64_t id = desk_push(100), purged = desk_push(0);
    struct cmd_args later = {.delay_ms = 5000};
    struct cmd reschedule = {.kind = CMD_RESCHEDULE, .id = id, .args = &later};
    assert_int_equal(desk_run(&reschedule), 0);
    expect_story(id, "ps", true);
    assert_int_equal(seen.events[1].due_ms, desk.now_ms + 5000);
    struct cmd_args ready = {.delay_ms = CMD_NOT_GIVEN, .place = PLACE_READY};
    struct cmd purge = {.kind = CMD_PURGE, .topic = slice_str("t"), .args = &ready};
    assert_int_equal(desk_run(&purge), 0);
    assert_int_equal(get(purged, CMD_BODY_NONE), 0);
    assert_int_equal(seen.message.place, PLACE_GONE);
    assert_true(seen.message.how_known && seen.message.how == GONE_DELETED);
    expect_story(purged, "pg", true);
    desk_live(5001);
    assert_int_equal(desk_pop(), id);
    expect_story(id, "psdD", true);
    assert_int_equal(ack(id), 0);
    expect_story(id, "psdDg", true);
    assert_int_equal(seen.events[4].how, GONE_ACKED);
    assert_int_equal(get(id, CMD_BODY_NONE), 0);
    assert_true(seen.message.how_known && seen.message.how == GONE_ACKED);
    desk_end();
}

static void redrive_to(const char *topic)
{
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN, .all = true, .to = slice_str(topic)};
    struct cmd cmd = {.kind = CMD_DEAD_REDRIVE, .topic = slice_str("t"), .args = &args};

    assert_int_equal(desk_run(&cmd), 0);
}

static void delete_topic(const char *name)
{
    struct cmd cmd = {.kind = CMD_TOPIC_DELETE, .topic = slice_str(name)};

    assert_int_equal(desk_run(&cmd), 0);
    desk_settle();
}

TEST(history_names_the_other_one_of_a_letter_that_went_to_another_topic)
{
    begin();
    uint64_t id = desk_push(0);
    assert_int_equal(desk_pop(), id);
    desk_live(DESK_TTR_MS + 1);
    redrive_to("other");
    for (int restarts = 0; restarts < 2; restarts++) {
        expect_story(id, "pDexvg", true);
        uint64_t now = seen.events[4].other;
        assert_true(now > id);
        assert_string_equal(seen.other, "other");
        assert_int_equal(seen.events[5].how, GONE_DELETED);
        expect_story(now, "p", true);
        assert_int_equal(seen.events[0].other, id);
        assert_string_equal(seen.other, "t");
        desk_restart();
        desk.see = see;
    }
    delete_topic("other");
    expect_story(id, "pDexvg", true);
    assert_string_equal(seen.other, "");
    desk_end();
}

/* The story, an event a page. */
static void expect_pages(uint64_t id, const enum event_kind *kinds, size_t count)
{
    char cursor[DESK_TEXT_MAX] = "";
    size_t n = 0, pages = 0;

    do {
        assert_int_equal(history(id, 1, cursor), 0);
        for (size_t i = 0; i < seen.count; i++) {
            assert_true(seen.events[i].at_ms >= DESK_START_MS && seen.events[i].at_ms <= desk.now_ms);
            assert_true(n < count && seen.events[i].kind == kinds[n]);
            n++;
        }
        memcpy(cursor, seen.next, sizeof(cursor));
        assert_true(++pages < 20);
    } while (cursor[0] != '\0');
    assert_true(seen.whole);
    assert_int_equal(n, count);
}

TEST(history_knows_of_topics_that_were_deleted)
{
    begin();
    uint64_t ready = desk_push(0), delayed = desk_push(100), popped = desk_push(0), acked = desk_push(0);
    assert_int_equal(desk_pop(), ready);
    assert_int_equal(desk_pop(), popped);
    assert_int_equal(desk_pop(), acked);
    assert_int_equal(ack(acked), 0);
    assert_int_equal(on_one(CMD_NACK, ready, &(struct cmd_args){.delay_ms = 0, .no_retry = true}), 0);
    delete_topic("t");
    uint64_t later = desk_push(0);
    for (int restarts = 0; restarts < 2; restarts++) {
        expect_story(ready, "pDrg", true);
        expect_story(delayed, "pg", true);
        expect_story(popped, "pDg", true);
        assert_int_equal(seen.events[2].how, GONE_DELETED);
        expect_story(acked, "pDg", true);
        assert_int_equal(seen.events[2].how, GONE_ACKED);
        expect_story(later, "p", true);
        assert_int_equal(get(delayed, CMD_BODY_WHOLE), 0);
        assert_true(seen.message.place == PLACE_GONE && seen.message.how_known);
        assert_int_equal(seen.message.how, GONE_DELETED);
        assert_string_equal(seen.topic, "t");
        assert_string_equal(seen.body, "a body");
        desk_restart();
        desk.see = see;
    }
    struct cmd cancel = {.kind = CMD_CANCEL, .id = delayed};
    assert_int_equal(desk_run(&cancel), GMQ_E_MESSAGE_STATE);
    cancel.topic = slice_str("t");
    assert_int_equal(desk_run(&cancel), GMQ_E_MESSAGE_UNKNOWN);
    desk_end();
}

TEST(history_knows_of_a_purge_that_an_earlier_page_passed)
{
    begin();
    uint64_t id = desk_push(0);
    struct cmd_args ready = {.delay_ms = CMD_NOT_GIVEN, .place = PLACE_READY};
    struct cmd purge = {.kind = CMD_PURGE, .topic = slice_str("t"), .args = &ready};
    assert_int_equal(desk_run(&purge), 0);
    uint64_t purged_ms = desk.now_ms;
    desk_live(1000);
    assert_int_equal(history(id, 0, ""), 0);
    assert_int_equal(seen.events[1].at_ms, purged_ms);
    expect_pages(id, (const enum event_kind[]){EVENT_PUSHED, EVENT_GONE}, 2);
    desk_end();
}

TEST(history_tells_who_a_message_was_delivered_to)
{
    begin();
    uint64_t id = desk_push(0);
    assert_int_equal(session_name(&desk.session, slice_str("worker 1")), 0);
    assert_int_equal(desk_pop(), id);
    assert_int_equal(get(id, CMD_BODY_NONE), 0);
    assert_string_equal(seen.holder, "worker 1");
    expect_story(id, "pD", true);
    assert_string_equal(seen.who, "worker 1");
    uint64_t later = desk_push(0);
    assert_int_equal(desk_pop(), later);
    expect_story(later, "pD", true); /* no record of the client follows the push */
    assert_string_equal(seen.who, "worker 1");
    desk_end();
}

TEST(history_comes_in_pages_and_refuses_cursors_of_others)
{
    char cursor[DESK_TEXT_MAX] = "", told[EVENTS_MAX] = "";
    size_t n = 0;

    begin();
    uint64_t id = desk_push(2), other = desk_push(0);
    desk_live(3000);
    assert_int_equal(desk_pop(), other);
    assert_int_equal(desk_pop(), id);
    desk_live(3000);
    do {
        assert_int_equal(history(id, 1, cursor), 0);
        assert_true(seen.count <= 1 + 2 * STORY_EVENTS_MORE && n < 20);
        for (size_t i = 0; i < seen.count; i++)
            told[n++] = (char)('0' + seen.events[i].kind);
        memcpy(cursor, seen.next, sizeof(cursor));
        assert_true(cursor[0] != '\0' || seen.whole);
    } while (cursor[0] != '\0');
    told[n] = '\0';
    char expected[] = {'0' + EVENT_PUSHED, '0' + EVENT_DUE, '0' + EVENT_DELIVERED, '0' + EVENT_EXPIRED,
                       '0' + EVENT_DEAD, '\0'};
    assert_string_equal(told, expected);
    assert_int_equal(history(id, 1, ""), 0);
    memcpy(cursor, seen.next, sizeof(cursor));
    assert_int_equal(history(other, 1, cursor), GMQ_E_CURSOR);
    assert_int_equal(history(id, 1, "rubbish"), GMQ_E_CURSOR);
    assert_int_equal(history(id, 1, "h0.0.0.0"), GMQ_E_CURSOR);
    (void)snprintf(cursor, sizeof(cursor), "h1.%llx.ffffffffffffffff.ffffffffffffffff", (unsigned long long)id);
    assert_int_equal(history(id, 0, cursor), 0); /* a forged one: no harm */
    assert_int_equal(history(id, 1001, ""), GMQ_E_VALUE);
    desk_end();
}

TEST(history_of_many_at_once_and_of_askers_that_go)
{
    begin();
    uint64_t id = desk_push(0);
    for (int i = 0; i < 3000; i++)
        (void)desk_push(0);
    struct cmd_args args = {.delay_ms = CMD_NOT_GIVEN};
    struct cmd cmd = {.kind = CMD_HISTORY, .id = id, .args = &args};
    desk_settle();
    for (int i = 0; i < 10; i++) {
        int rc = broker_execute(&desk.broker, &desk.session, &cmd, desk.now_ms);
        assert_int_equal(rc, -EAGAIN);
        (void)broker_turn(&desk.broker, desk.now_ms);
        session_fini(&desk.session); /* the client goes while the log is read */
        session_init(&desk.session, &desk.broker, desk.session.ops);
    }
    desk_settle();
    assert_int_equal(desk.broker.tellings, 0);
    expect_story(id, "p", true);
    desk_end();
}
