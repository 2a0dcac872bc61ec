/* report_json_test.c - see report_json.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/json_check.h"
#include "wire/report_json.h"

/* The report as JSON, which must be what is said; in a buffer that is too small there is nothing. */
static void says(const struct report *report, enum op_encoding encoding, const char *text)
{
    char error[JSON_ERROR_BYTES];
    struct buf out;

    buf_init(&out, 1 << 16);
    assert_true(report_json(&out, report, encoding));
    assert_int_equal(json_check(buf_slice(&out), error), 0);
    if (text)
        assert_string_equal(buf_append(&out, "", 1) ? buf_data(&out) : "", text);
    size_t len = buf_len(&out) - (text ? 1 : 0);
    buf_free(&out);
    for (size_t max = 1; max < len; max++) {
        buf_init(&out, max);
        assert_false(report_json(&out, report, encoding));
        assert_int_equal(buf_len(&out), 0);
        buf_free(&out);
    }
}

static struct report *message(struct slice body, bool whole)
{
    struct report *report = report_new(REPORT_MESSAGE, 1);

    report->count = 1;
    report->messages[0] = (struct report_message){.id = 7, .topic = slice_str("t"), .place = PLACE_READY,
                                                  .bytes = body.len, .max_retries = -1, .has_body = true,
                                                  .whole_body = whole, .body = body};
    return report;
}

TEST(report_json_of_a_message_leaves_out_what_does_not_apply)
{
    struct report *report = message(slice_str("h\xc3\xa9"), true);

    says(report, OP_ENCODING_AUTO, "{\"id\":\"7\",\"topic\":\"t\",\"state\":\"ready\",\"body_bytes\":3,"
                                   "\"body\":\"h\xc3\xa9\",\"retry_count\":0}");
    says(report, OP_ENCODING_BASE64, "{\"id\":\"7\",\"topic\":\"t\",\"state\":\"ready\",\"body_bytes\":3,"
                                     "\"body_base64\":\"aMOp\",\"retry_count\":0}");
    struct report_message *dead = &report->messages[0];
    dead->place = PLACE_DEAD;
    dead->has_body = false;
    dead->why = DEAD_REJECTED;
    dead->text = slice_str("no");
    dead->since_ms = 1000;
    dead->max_retries = 0;
    dead->ttr_ms = 5;
    dead->auto_ack = true;
    dead->headers = slice_str("a: 1\nb:\n");
    dead->key = slice_str("k");
    says(report, OP_ENCODING_AUTO,
         "{\"id\":\"7\",\"topic\":\"t\",\"state\":\"dead\",\"body_bytes\":3,\"retry_count\":0,"
         "\"since\":\"1970-01-01T00:00:01.000Z\",\"reason\":\"rejected\",\"text\":\"no\",\"ttr_ms\":5,"
         "\"max_retries\":0,\"auto_ack\":true,\"headers\":{\"a\":\"1\",\"b\":\"\"},\"key\":\"k\"}");
    dead->unreadable = true;
    says(report, OP_ENCODING_AUTO, "{\"id\":\"7\",\"topic\":\"t\",\"state\":\"dead\",\"unreadable\":true}");
    report_free(report);
}

TEST(report_json_body_that_is_no_text_is_base64_and_a_cut_character_is_none)
{
    static const struct {
        const char *body;
        bool whole;
        const char *text;
    } cases[] = {
        {"\xff", true, "\"body_base64\":\"/w==\""},
        {"a\xe2\x82", false, "\"body\":\"a\",\"truncated\":true"},
        {"a\xe2\x82\xac", false, "\"body\":\"a\xe2\x82\xac\",\"truncated\":true"},
        {"a\xe2\x82", true, "\"body_base64\":\"YeKC\""},
        {"a\x82\x82", false, "\"body_base64\":\"YYKC\",\"truncated\":true"},
        {"", false, "\"body\":\"\",\"truncated\":true"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct report *report = message(slice_str(cases[i].body), cases[i].whole);
        struct buf out;
        buf_init(&out, 4096);
        assert_true(report_json(&out, report, OP_ENCODING_AUTO) && buf_append(&out, "", 1));
        assert_non_null(strstr(buf_data(&out), cases[i].text));
        buf_free(&out);
        report_free(report);
    }
}

TEST(report_json_of_lists_has_the_cursor_or_null)
{
    struct report *report = report_new(REPORT_MESSAGES, 2);

    says(report, OP_ENCODING_AUTO, "{\"messages\":[],\"next\":null}");
    report->next = report_keep(report, slice_str("c"));
    says(report, OP_ENCODING_AUTO, "{\"messages\":[],\"next\":\"c\"}");
    report->count = 2;
    report->messages[0] = (struct report_message){.id = 1, .max_retries = -1};
    report->messages[1] = (struct report_message){.id = 2, .max_retries = -1};
    struct buf out;
    buf_init(&out, 4096);
    assert_true(report_json_lines(&out, report, OP_ENCODING_AUTO) && buf_append(&out, "", 1));
    assert_string_equal(buf_data(&out), "{\"id\":\"1\",\"state\":\"ready\",\"body_bytes\":0,\"retry_count\":0}\n"
                                        "{\"id\":\"2\",\"state\":\"ready\",\"body_bytes\":0,\"retry_count\":0}\n");
    buf_free(&out);
    report_free(report);
}

TEST(report_json_of_the_other_kinds)
{
    static const enum report_kind kinds[] = {REPORT_TOPIC, REPORT_TOPICS, REPORT_CONSUMERS, REPORT_JOB, REPORT_JOBS,
                                             REPORT_HISTORY, REPORT_DELIVERY};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct report *report = report_new(kinds[i], 2);
        report->count = kinds[i] == REPORT_TOPIC || kinds[i] == REPORT_JOB ? 1 : 2;
        says(report, OP_ENCODING_AUTO, NULL);
        report_free(report);
    }
    struct report *done = report_new(REPORT_DONE, 1);
    done->done = 3;
    done->ids[done->count++] = UINT64_MAX;
    says(done, OP_ENCODING_AUTO, "{\"done\":3,\"unknown\":[\"18446744073709551615\"]}");
    report_free(done);
    struct report *put = report_new(REPORT_PUT, 1);
    put->again = true;
    put->ids[put->count++] = 5;
    says(put, OP_ENCODING_AUTO, "{\"ids\":[\"5\"],\"duplicate\":true}");
    report_free(put);
    struct report *moved = report_new(REPORT_MOVED, 0);
    moved->id = 5;
    moved->name = report_keep(moved, slice_str("a\"b"));
    moved->place = PLACE_DELAYED;
    says(moved, OP_ENCODING_AUTO, "{\"id\":\"5\",\"topic\":\"a\\\"b\",\"was\":\"delayed\"}");
    report_free(moved);
}

TEST(report_json_pause_has_three_forms)
{
    struct report *report = report_new(REPORT_TOPIC, 1);
    struct buf out;

    report->count = 1;
    report->topics[0].settings = TOPIC_SETTINGS_NONE;
    report->topics[0].settings.push_paused_until_ms = TOPIC_PAUSED;
    report->topics[0].settings.pop_paused_until_ms = 1000;
    buf_init(&out, 4096);
    assert_true(report_json(&out, report, OP_ENCODING_AUTO) && buf_append(&out, "", 1));
    assert_non_null(strstr(buf_data(&out), "\"push_paused_until\":\"resumed\","
                                           "\"pop_paused_until\":\"1970-01-01T00:00:01"));
    assert_non_null(strstr(buf_data(&out), "\"max_retries\":null,\"auto_ack\":false,\"retry\":{\"kind\":\"at_once\""));
    buf_free(&out);
    report_free(report);
}

TEST(report_json_problem_names_the_error)
{
    struct buf out;

    buf_init(&out, 4096);
    assert_true(report_json_problem(&out, GMQ_E_MESSAGE_UNKNOWN, slice_str("x")) && buf_append(&out, "", 1));
    assert_string_equal(buf_data(&out), "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                                        "\"detail\":\"x\",\"code\":\"MESSAGE_UNKNOWN\"}");
    buf_free(&out);
}
