/* check.c - gclient check: one look, one line, one exit code for a monitor. SPDX-License-Identifier: MIT */
#include "gclient/check.h"

#include "client/http.h"
#include "gclient/out.h"
#include "net/clock.h"

#include <stdarg.h>
#include <stdio.h>

enum { PING_BYTES_MAX = 4096 };

static void worse(struct check *check, int status)
{
    /* Unknown is said only where nothing worse is known. */
    static const int rank[] = {[EXIT_CHECK_OK] = 0, [EXIT_CHECK_UNKNOWN] = 1, [EXIT_CHECK_WARNING] = 2,
                               [EXIT_CHECK_CRITICAL] = 3};

    if (rank[status] > rank[check->status])
        check->status = status;
}

PRINTF_LIKE(3, 4) static void find(struct check *check, int status, const char *fmt, ...)
{
    va_list ap;

    worse(check, status);
    va_start(ap, fmt);
    (void)vsnprintf(check->why, sizeof(check->why), fmt, ap);
    va_end(ap);
}

void check_measure(struct check *check, const char *name, bool is_time, double value, double warn, double max)
{
    ENSURE(check->count < ARRAY_LEN(check->measures));
    struct check_measure *measure = &check->measures[check->count++];

    *measure = (struct check_measure){.name = name, .is_time = is_time, .value = value, .warn = warn, .max = max};
    if (max >= 0 && value > max)
        measure->status = EXIT_CHECK_CRITICAL;
    else if (warn >= 0 && value > warn)
        measure->status = EXIT_CHECK_WARNING;
    worse(check, measure->status);
}

static void measure_topic(struct check *check, const struct values *values, const struct gmq_topic *topic)
{
    const struct {
        const char *name;
        uint64_t value;
        const struct limits *limits;
    } rows[] = {{"ready", topic->queue_num, &values->ready},
                {"delayed", topic->delay_num, &values->delayed},
                {"in_flight", topic->wait_ack_num, &values->flying},
                {"dead", topic->dead_num, &values->dead}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_measure(check, rows[i].name, false, (double)rows[i].value, (double)rows[i].limits->warn,
                      (double)rows[i].limits->max);
}

/* /ping of the HTTP door, with its time. */
static bool ping(struct check *check, const struct values *values)
{
    char url[HTTP_URL_BYTES_MAX], text[HTTP_ERR_BYTES];
    struct buf body;

    if (!http_url(slice_str(values->http), "/ping", url)) {
        find(check, EXIT_CHECK_UNKNOWN, "%.200s: not an address", values->http);
        return false;
    }
    buf_init(&body, PING_BYTES_MAX);
    uint64_t start_ns = clock_boot_ns();
    bool good = http_get(url, (unsigned)values->timeout_ms, &body, text);
    double seconds = (double)(clock_boot_ns() - start_ns) / 1e9;
    bool is_ours = good && slice_is(buf_slice(&body), "OK");
    buf_free(&body);
    if (!good)
        find(check, EXIT_CHECK_CRITICAL, "%s", text);
    else if (!is_ours)
        find(check, EXIT_CHECK_UNKNOWN, "%.200s: another service answers", url);
    else
        check_measure(check, "ping", true, seconds,
                      values->latency_warn_ms > 0 ? (double)values->latency_warn_ms / 1e3 : -1,
                      values->latency_max_ms > 0 ? (double)values->latency_max_ms / 1e3 : -1);
    return is_ours;
}

static bool connect_tcp(struct check *check, const struct values *values)
{
    struct gmq *mq = command_node(values);

    if (!mq) {
        find(check, EXIT_CHECK_UNKNOWN, "no memory");
        return false;
    }
    int err = gmq_connect(mq);
    if (err != GMQ_OK)
        find(check, err == GMQ_ERR_ADDRESS ? EXIT_CHECK_UNKNOWN : EXIT_CHECK_CRITICAL, "%s", gmq_error_text(mq));
    gmq_free(mq);
    return err == GMQ_OK;
}

static bool get_topics(struct check *check, const struct values *values, struct gmq_topics *ret)
{
    char text[HTTP_ERR_BYTES];
    int err = gmq_topics_get(values->http, (unsigned)values->timeout_ms, ret, text);

    if (err != GMQ_OK)
        find(check, err == GMQ_ERR_CONNECT ? EXIT_CHECK_CRITICAL : EXIT_CHECK_UNKNOWN, "%s", text);
    return err == GMQ_OK;
}

static void check_node(struct check *check, const struct values *values)
{
    struct gmq_topic sum = {0};
    struct gmq_topics topics;

    if (!ping(check, values) || !connect_tcp(check, values) || !get_topics(check, values, &topics))
        return;
    for (size_t i = 0; i < topics.count; i++) {
        sum.queue_num += topics.topics[i].queue_num;
        sum.delay_num += topics.topics[i].delay_num;
        sum.wait_ack_num += topics.topics[i].wait_ack_num;
        sum.dead_num += topics.topics[i].dead_num;
    }
    check_measure(check, "topics", false, (double)topics.count, -1, -1);
    measure_topic(check, values, &sum);
    gmq_topics_free(&topics);
}

static void check_topic(struct check *check, const struct values *values)
{
    const struct gmq_topic *found = NULL;
    struct gmq_topics topics;

    if (!get_topics(check, values, &topics))
        return;
    for (size_t i = 0; i < topics.count && !found; i++)
        found = strcmp(topics.topics[i].name, check->topic) == 0 ? &topics.topics[i] : NULL;
    if (found)
        measure_topic(check, values, found);
    else
        find(check, EXIT_CHECK_UNKNOWN, "there is no such topic");
    gmq_topics_free(&topics);
}

int monitor_run(const struct job *job)
{
    const char *what = job->words[0], *format = job->values.format;
    bool is_topic = strcmp(what, "topic") == 0;
    struct check check = {.topic = is_topic && job->word_count > 1 ? job->words[1] : NULL};
    struct buf out;

    if (!is_topic && strcmp(what, "node") != 0)
        return out_error(EXIT_CHECK_UNKNOWN, "'%s' is neither node nor topic", what);
    if (is_topic != (job->word_count > 1))
        return out_error(EXIT_CHECK_UNKNOWN, "usage: gclient check node, gclient check topic TOPIC");
    if (is_topic)
        check_topic(&check, &job->values);
    else
        check_node(&check, &job->values);
    if (format[0] == '\0')
        format = job->values.json ? "json" : "nagios";
    buf_init(&out, CHECK_BYTES_MAX);
    bool good = check_format(&out, &check, format) &&
                fwrite(buf_data(&out), 1, buf_len(&out), stdout) == buf_len(&out) && out_flush();
    buf_free(&out);
    return good ? check.status : EXIT_CHECK_UNKNOWN;
}
