/* check_test.c - findings as monitors read them, and whose messages bench knows. SPDX-License-Identifier: MIT */
#include "gclient/check.h"

#include "gclient/bench.h"
#include "gclient/out.h"
#include "unit/unit.h"

static void assert_format(const struct check *check, const char *format, const char *want)
{
    struct buf out;

    buf_init(&out, CHECK_BYTES_MAX);
    assert_true(check_format(&out, check, format) && buf_append(&out, "", 1));
    assert_string_equal(buf_data(&out), want);
    buf_free(&out);
}

TEST(check_the_worst_figure_decides)
{
    struct check check = {0};

    check_measure(&check, "ready", false, 5, -1, -1);
    assert_int_equal(check.status, EXIT_CHECK_OK);
    check_measure(&check, "ready", false, 5, 5, 5);
    assert_int_equal(check.status, EXIT_CHECK_OK);
    check_measure(&check, "ready", false, 6, 5, 10);
    assert_int_equal(check.status, EXIT_CHECK_WARNING);
    check_measure(&check, "ready", false, 1, 0, 0);
    assert_int_equal(check.status, EXIT_CHECK_CRITICAL);
    check_measure(&check, "ready", false, 1, 0, 5);
    assert_int_equal(check.status, EXIT_CHECK_CRITICAL);
}

TEST(check_formats_are_what_monitors_read)
{
    struct check check = {.topic = "a|\\b"};

    check_measure(&check, "ready", false, 12, 5, 10);
    check_measure(&check, "ping", true, 0.0015, -1, -1);
    assert_format(&check, "nagios", "GMQ CRITICAL - topic a/\\b: 12 ready (more than 10), 0.001500 s ping | "
                                    "ready=12;5;10;0 ping=0.001500s;;;0\n");
    assert_format(&check, "text", "critical   topic a|\\b\n  critical 12 ready (more than 10)\n"
                                  "  ok       0.001500 s ping\n");
    assert_format(&check, "json",
                  "{\"check\":\"topic\",\"topic\":\"a|\\\\b\",\"status\":\"critical\",\"code\":2,"
                  "\"text\":\"\",\"measures\":["
                  "{\"name\":\"ready\",\"value\":12,\"warn\":5,\"max\":10,\"status\":\"critical\"},"
                  "{\"name\":\"ping_seconds\",\"value\":0.001500,\"warn\":null,\"max\":null,\"status\":\"ok\"}]}\n");
    assert_format(&check, "prometheus",
                  "# HELP gmq_check_status 0 ok, 1 warning, 2 critical, 3 unknown\n# TYPE gmq_check_status gauge\n"
                  "gmq_check_status{check=\"topic\",topic=\"a|\\\\b\"} 2\n# TYPE gmq_check_ready gauge\n"
                  "gmq_check_ready{check=\"topic\",topic=\"a|\\\\b\"} 12\n# TYPE gmq_check_ping_seconds gauge\n"
                  "gmq_check_ping_seconds{check=\"topic\",topic=\"a|\\\\b\"} 0.001500\n");
}

TEST(check_tells_what_hindered_it)
{
    struct check check = {.status = EXIT_CHECK_UNKNOWN, .why = "no | such\n"};

    assert_format(&check, "nagios", "GMQ UNKNOWN - node: no / such\\x0a\n");
    assert_format(&check, "json", "{\"check\":\"node\",\"status\":\"unknown\",\"code\":3,\"text\":\"no | such\\n\","
                                  "\"measures\":[]}\n");
}

TEST(bench_knows_its_own_messages_of_any_size)
{
    char body[20];

    for (size_t len = 0; len <= sizeof(body); len++) {
        bench_body(body, len);
        assert_true(bench_is_ours(slice_of(body, len)));
    }
    assert_false(bench_is_ours(slice_str("x")));
    assert_false(bench_is_ours(slice_str("gmqbencx")));
    assert_true(bench_is_ours(slice_str("gmqbenchx")));
}
