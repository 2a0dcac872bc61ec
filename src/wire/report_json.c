/* report_json.c - see report_json.h. SPDX-License-Identifier: MIT */
#include "wire/report_json.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/num.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "wire/headers.h"
#include "wire/json.h"

#include <inttypes.h>

/*
 * A document that is being written. Once it does not fit, nothing more is written; the caller takes it back.
 */
struct doc {
    struct buf *out;
    enum op_encoding encoding;
    bool ok;
    bool comma; /* before the next member or element */
};

/* ---- words ------------------------------------------------------------------------------------------------------- */

static void raw(struct doc *doc, const char *text) { doc->ok = doc->ok && buf_append_str(doc->out, text); }

static void next(struct doc *doc)
{
    if (doc->comma)
        raw(doc, ",");
    doc->comma = true;
}

static void open(struct doc *doc, const char *bracket)
{
    raw(doc, bracket);
    doc->comma = false;
}

static void close(struct doc *doc, const char *bracket)
{
    raw(doc, bracket);
    doc->comma = true;
}

/* Names are ours and need no escapes. */
static void name(struct doc *doc, const char *text)
{
    next(doc);
    raw(doc, "\"");
    raw(doc, text);
    raw(doc, "\":");
}

static void string(struct doc *doc, const char *key, struct slice text)
{
    name(doc, key);
    doc->ok = doc->ok && json_append_string(doc->out, text);
}

static void word(struct doc *doc, const char *key, const char *text) { string(doc, key, slice_str(text)); }

static void string_if(struct doc *doc, const char *key, struct slice text)
{
    if (text.len > 0)
        string(doc, key, text);
}

static void string_or_null(struct doc *doc, const char *key, struct slice text)
{
    if (text.len > 0) {
        string(doc, key, text);
        return;
    }
    name(doc, key);
    raw(doc, "null");
}

/* A page has tens of thousands of them: buf_printf() would take most of its time. */
static void digits(struct doc *doc, uint64_t value)
{
    char text[NUM_U64_MAX_CHARS];

    doc->ok = doc->ok && buf_append(doc->out, text, num_write_u64(text, value));
}

static void number(struct doc *doc, const char *key, uint64_t value)
{
    name(doc, key);
    digits(doc, value);
}

static void number_or_null(struct doc *doc, const char *key, uint64_t value, bool is_null)
{
    if (!is_null) {
        number(doc, key, value);
        return;
    }
    name(doc, key);
    raw(doc, "null");
}

static void boolean(struct doc *doc, const char *key, bool value)
{
    name(doc, key);
    raw(doc, value ? "true" : "false");
}

static void id(struct doc *doc, const char *key, uint64_t value)
{
    name(doc, key);
    raw(doc, "\"");
    digits(doc, value);
    raw(doc, "\"");
}

static void moment(struct doc *doc, const char *key, uint64_t ms)
{
    char text[TIME_TEXT_BYTES];

    string(doc, key, slice_of(text, (size_t)(time_text_write(text, ms) - text)));
}

static void moment_if(struct doc *doc, const char *key, uint64_t ms)
{
    if (ms > 0)
        moment(doc, key, ms);
}

static void moment_or_null(struct doc *doc, const char *key, uint64_t ms)
{
    if (ms > 0) {
        moment(doc, key, ms);
        return;
    }
    name(doc, key);
    raw(doc, "null");
}

static void rate(struct doc *doc, const char *key, uint64_t mhz)
{
    const char rest[] = {'.', (char)('0' + mhz / 100 % 10), (char)('0' + mhz / 10 % 10), (char)('0' + mhz % 10)};

    number(doc, key, mhz / 1000);
    doc->ok = doc->ok && buf_append(doc->out, rest, sizeof(rest));
}

static void ids(struct doc *doc, const char *key, const uint64_t *list, size_t count)
{
    name(doc, key);
    open(doc, "[");
    for (size_t i = 0; i < count; i++) {
        next(doc);
        raw(doc, "\"");
        digits(doc, list[i]);
        raw(doc, "\"");
    }
    close(doc, "]");
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static void base64(struct doc *doc, const char *key, struct slice bytes)
{
    name(doc, key);
    char *to = doc->ok ? buf_reserve(doc->out, base64_text_bytes(bytes.len) + JSON_QUOTES_BYTES) : NULL;
    doc->ok = to != NULL;
    if (!to)
        return;
    char *end = to;
    *end++ = '"';
    end = base64_write(end, bytes);
    *end++ = '"';
    buf_commit(doc->out, (size_t)(end - to));
}

/* A text that was cut off may end within a character: how much of it is whole. */
static struct slice whole_characters(struct slice text)
{
    uint32_t cp;

    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        unsigned char c = (unsigned char)text.ptr[text.len - back];
        if ((c & 0xc0) == 0x80)
            continue;
        unsigned due = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (due > back && utf8_next(text.ptr + text.len - back, back, &cp) == 0)
            text.len -= back;
        break;
    }
    return text;
}

static void body(struct doc *doc, struct slice bytes, bool truncated)
{
    struct slice shown = truncated ? whole_characters(bytes) : bytes;
    bool text = doc->encoding == OP_ENCODING_TEXT || (doc->encoding == OP_ENCODING_AUTO && utf8_valid(shown));

    if (text)
        string(doc, "body", shown);
    else
        base64(doc, "body_base64", bytes);
    if (truncated)
        boolean(doc, "truncated", true);
}

static void headers(struct doc *doc, struct slice kept)
{
    struct slice header, value;

    if (kept.len == 0)
        return;
    name(doc, "headers");
    open(doc, "{");
    for (size_t at = 0; headers_next(kept, &at, &header, &value);) {
        next(doc);
        doc->ok = doc->ok && json_append_string(doc->out, header);
        raw(doc, ":");
        doc->ok = doc->ok && json_append_string(doc->out, value);
    }
    close(doc, "}");
}

/* How its own settings differ from the topic's. */
static void own_settings(struct doc *doc, const struct report_message *message)
{
    if (message->ttr_ms > 0)
        number(doc, "ttr_ms", message->ttr_ms);
    if (message->max_retries >= 0)
        number(doc, "max_retries", (uint64_t)message->max_retries);
    if (message->auto_ack)
        boolean(doc, "auto_ack", true);
}

static void put_message(struct doc *doc, const struct report_message *message)
{
    bool in_flight = message->place == PLACE_IN_FLIGHT, gone = message->place == PLACE_GONE;

    open(doc, "{");
    id(doc, "id", message->id);
    string_if(doc, "topic", message->topic);
    word(doc, "state", place_word(message->place));
    if (gone && message->how_known)
        word(doc, "how", gone_word(message->how));
    moment_if(doc, "pushed_at", message->pushed_ms);
    if (message->unreadable) {
        boolean(doc, "unreadable", true);
        close(doc, "}");
        return;
    }
    if (!gone || message->bytes > 0)
        number(doc, "body_bytes", message->bytes);
    if (message->has_body)
        body(doc, message->body, !message->whole_body);
    number(doc, "retry_count", message->retries);
    moment_if(doc, in_flight ? "deadline_at" : "due_at", message->due_ms);
    moment_if(doc, "expires_at", message->expires_ms);
    moment_if(doc, "gone_at", message->gone_ms);
    string_if(doc, "holder", message->holder);
    moment_if(doc, "since", message->since_ms);
    moment_if(doc, "first_delivery_at", message->first_ms);
    moment_if(doc, "last_delivery_at", message->last_ms);
    if (message->place == PLACE_DEAD)
        word(doc, "reason", dead_word(message->why));
    string_if(doc, "text", message->text);
    own_settings(doc, message);
    headers(doc, message->headers);
    string_if(doc, "key", message->key);
    close(doc, "}");
}

/* What a consumer needs of a message. */
static void put_delivery(struct doc *doc, const struct report_message *message)
{
    open(doc, "{");
    string_if(doc, "topic", message->topic);
    id(doc, "id", message->id);
    body(doc, message->body, false);
    number(doc, "retry_count", message->retries);
    headers(doc, message->headers);
    string_if(doc, "key", message->key);
    moment_if(doc, "deadline_at", message->due_ms);
    close(doc, "}");
}

static void put_event(struct doc *doc, const struct report_event *event)
{
    open(doc, "{");
    moment(doc, "at", event->at_ms);
    word(doc, "event", event_word(event->kind));
    moment_if(doc, event->kind == EVENT_DELIVERED || event->kind == EVENT_TOUCHED ? "deadline_at" : "due_at",
              event->due_ms);
    if (event->kind == EVENT_DELIVERED)
        number(doc, "retry_count", event->retries);
    string_if(doc, "client", event->who);
    if (event->kind == EVENT_GONE)
        word(doc, "how", gone_word(event->how));
    if (event->kind == EVENT_DEAD)
        word(doc, "reason", dead_word(event->why));
    string_if(doc, "text", event->text);
    if (event->other != 0) {
        bool pushed = event->kind == EVENT_PUSHED;
        id(doc, pushed ? "from_id" : "id", event->other);
        string_if(doc, pushed ? "from_topic" : "topic", event->other_topic);
    }
    close(doc, "}");
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

static void put_retry(struct doc *doc, const struct retry_policy *retry)
{
    static const char *const KINDS[] = {"at_once", "fixed", "list", "exponential"};

    name(doc, "retry");
    open(doc, "{");
    word(doc, "kind", KINDS[retry->kind % ARRAY_LEN(KINDS)]);
    name(doc, "delays_ms");
    open(doc, "[");
    for (size_t i = 0; i < min_u64(retry->count, RETRY_DELAYS_MAX); i++) {
        next(doc);
        doc->ok = doc->ok && buf_printf(doc->out, "%" PRIu32, retry->delays_ms[i]);
    }
    close(doc, "]");
    number_or_null(doc, "cap_ms", retry->cap_ms, retry->cap_ms == 0);
    number(doc, "jitter_percent", retry->jitter_percent);
    close(doc, "}");
}

static void put_limits(struct doc *doc, const struct topic_limits *limits)
{
    static const char *const OVERS[] = {"reject", "drop", "dead_letter"};

    name(doc, "limits");
    open(doc, "{");
    number_or_null(doc, "messages", limits->messages, limits->messages == 0);
    number_or_null(doc, "bytes", limits->bytes, limits->bytes == 0);
    number_or_null(doc, "age_ms", limits->age_ms, limits->age_ms == 0);
    word(doc, "over", OVERS[limits->over % ARRAY_LEN(OVERS)]);
    close(doc, "}");
}

/* As topic.set takes them. */
static void put_settings(struct doc *doc, const struct report_topic *topic)
{
    const struct topic_settings *set = &topic->settings;

    name(doc, "settings");
    open(doc, "{");
    number_or_null(doc, "ttr_ms", set->ttr_ms, set->ttr_ms == 0);
    number_or_null(doc, "max_retries", set->max_retries, set->max_retries == TOPIC_NODE_RETRIES);
    boolean(doc, "auto_ack", topic->auto_ack);
    put_retry(doc, &set->retry);
    put_limits(doc, &set->limits);
    number_or_null(doc, "idle_ms", set->idle_ms, set->idle_ms == 0);
    close(doc, "}");
}

static void put_pause(struct doc *doc, const char *key, uint64_t until_ms)
{
    if (until_ms >= TOPIC_PAUSED)
        word(doc, key, "resumed");
    else
        moment_or_null(doc, key, until_ms);
}

static void put_counts(struct doc *doc, const struct report_topic *topic)
{
    number(doc, "ready", topic->ready);
    number(doc, "delayed", topic->delayed);
    number(doc, "in_flight", topic->in_flight);
    number(doc, "dead", topic->dead);
    number(doc, "bytes", topic->bytes);
    number(doc, "pushed", topic->pushed);
    number(doc, "popped", topic->popped);
    number(doc, "acked", topic->acked);
    number(doc, "redelivered", topic->redelivered);
    number(doc, "died", topic->died);
    number(doc, "expired", topic->expired);
    number(doc, "deleted", topic->deleted);
    rate(doc, "push_rate", topic->push_rate_mhz);
    rate(doc, "pop_rate", topic->pop_rate_mhz);
    rate(doc, "ack_rate", topic->ack_rate_mhz);
    rate(doc, "dead_rate", topic->dead_rate_mhz);
    rate(doc, "redeliver_rate", topic->redeliver_rate_mhz);
}

static void put_topic(struct doc *doc, const struct report_topic *topic)
{
    open(doc, "{");
    string(doc, "topic", topic->name);
    moment_or_null(doc, "created_at", topic->created_ms);
    put_counts(doc, topic);
    moment_or_null(doc, "oldest_ready_at", topic->oldest_ready_ms);
    moment_or_null(doc, "last_push_at", topic->last_push_ms);
    moment_or_null(doc, "last_pop_at", topic->last_pop_ms);
    number(doc, "consumers", topic->consumers);
    number(doc, "waiting", topic->waiting);
    boolean(doc, "auto_ack", topic->auto_ack);
    put_pause(doc, "push_paused_until", topic->settings.push_paused_until_ms);
    put_pause(doc, "pop_paused_until", topic->settings.pop_paused_until_ms);
    number(doc, "ttr_ms", topic->ttr_ms);
    number(doc, "max_retries", topic->max_retries);
    put_settings(doc, topic);
    close(doc, "}");
}

static void put_consumer(struct doc *doc, const struct report_consumer *consumer)
{
    open(doc, "{");
    string_or_null(doc, "name", consumer->name);
    string_or_null(doc, "address", consumer->address);
    moment_or_null(doc, "since", consumer->since_ms);
    moment_or_null(doc, "last_pop_at", consumer->last_pop_ms);
    number(doc, "in_flight", consumer->in_flight);
    moment_or_null(doc, "oldest_in_flight_at", consumer->oldest_ms);
    number(doc, "popped", consumer->popped);
    rate(doc, "pop_rate", consumer->rate_mhz);
    close(doc, "}");
}

static void put_job(struct doc *doc, const struct report_job *job)
{
    open(doc, "{");
    id(doc, "job", job->id);
    word(doc, "kind", job_word(job->kind));
    word(doc, "state", job_state_word(job->state));
    string(doc, "topic", job->topic);
    string_or_null(doc, "to", job->to);
    number(doc, "looked_at", job->looked_at);
    number(doc, "done", job->done);
    moment_or_null(doc, "started_at", job->started_ms);
    moment_or_null(doc, "ended_at", job->ended_ms);
    string_or_null(doc, "error", job->error);
    close(doc, "}");
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static void put_item(struct doc *doc, const struct report *report, size_t i)
{
    switch (report->kind) {
    case REPORT_MESSAGES:
        put_message(doc, &report->messages[i]);
        return;
    case REPORT_DELIVERY:
        put_delivery(doc, &report->messages[i]);
        return;
    case REPORT_HISTORY:
        put_event(doc, &report->events[i]);
        return;
    case REPORT_TOPICS:
        put_topic(doc, &report->topics[i]);
        return;
    case REPORT_CONSUMERS:
        put_consumer(doc, &report->consumers[i]);
        return;
    default:
        put_job(doc, &report->jobs[i]);
    }
}

static void put_items(struct doc *doc, const char *key, const struct report *report)
{
    name(doc, key);
    open(doc, "[");
    for (size_t i = 0; doc->ok && i < report->count; i++) {
        next(doc);
        put_item(doc, report, i);
    }
    close(doc, "]");
}

static void put_page(struct doc *doc, const char *key, const struct report *report)
{
    open(doc, "{");
    put_items(doc, key, report);
    string_or_null(doc, "next", report->next);
    close(doc, "}");
}

static void put_list(struct doc *doc, const char *key, const struct report *report)
{
    open(doc, "{");
    put_items(doc, key, report);
    close(doc, "}");
}

static void put_history(struct doc *doc, const struct report *report)
{
    open(doc, "{");
    id(doc, "id", report->id);
    put_items(doc, "events", report);
    boolean(doc, "complete", report->whole);
    string_or_null(doc, "next", report->next);
    close(doc, "}");
}

static void put_moved(struct doc *doc, const struct report *report)
{
    open(doc, "{");
    id(doc, "id", report->id);
    string(doc, "topic", report->name);
    word(doc, "was", place_word(report->place));
    moment_if(doc, "due_at", report->due_ms);
    close(doc, "}");
}

static void put_done(struct doc *doc, uint64_t done, const uint64_t *unknown, size_t count)
{
    open(doc, "{");
    number(doc, "done", done);
    ids(doc, "unknown", unknown, count);
    close(doc, "}");
}

static void put_ids(struct doc *doc, const uint64_t *list, size_t count, bool duplicate)
{
    open(doc, "{");
    ids(doc, "ids", list, count);
    boolean(doc, "duplicate", duplicate);
    close(doc, "}");
}

static void put_report(struct doc *doc, const struct report *report)
{
    switch (report->kind) {
    case REPORT_MESSAGE:
        put_message(doc, &report->messages[0]);
        return;
    case REPORT_TOPIC:
        put_topic(doc, &report->topics[0]);
        return;
    case REPORT_JOB:
        put_job(doc, &report->jobs[0]);
        return;
    case REPORT_MESSAGES:
        put_page(doc, "messages", report);
        return;
    case REPORT_TOPICS:
        put_page(doc, "topics", report);
        return;
    case REPORT_DELIVERY:
        put_list(doc, "messages", report);
        return;
    case REPORT_CONSUMERS:
        put_list(doc, "consumers", report);
        return;
    case REPORT_JOBS:
        put_list(doc, "jobs", report);
        return;
    case REPORT_HISTORY:
        put_history(doc, report);
        return;
    case REPORT_MOVED:
        put_moved(doc, report);
        return;
    case REPORT_PUT:
        put_ids(doc, report->ids, report->count, report->again);
        return;
    default:
        put_done(doc, report->done, report->ids, report->count);
    }
}

/* The document as a whole, or nothing. */
static bool finish(const struct doc *doc, size_t len)
{
    if (!doc->ok)
        buf_cut(doc->out, len);
    return doc->ok;
}

bool report_json(struct buf *out, const struct report *report, enum op_encoding encoding)
{
    struct doc doc = {.out = out, .encoding = encoding, .ok = true};
    size_t len = buf_len(out);

    put_report(&doc, report);
    return finish(&doc, len);
}

bool report_json_lines(struct buf *out, const struct report *report, enum op_encoding encoding)
{
    struct doc doc = {.out = out, .encoding = encoding, .ok = true};
    size_t len = buf_len(out);

    for (size_t i = 0; doc.ok && i < report->count; i++) {
        put_message(&doc, &report->messages[i]);
        raw(&doc, "\n");
    }
    return finish(&doc, len);
}

bool report_json_messages(struct buf *out, const struct reply_message *messages, size_t count, struct slice topics,
                          enum op_encoding encoding)
{
    struct doc doc = {.out = out, .encoding = encoding, .ok = true};
    size_t len = buf_len(out);

    open(&doc, "{");
    name(&doc, "messages");
    open(&doc, "[");
    for (size_t i = 0; doc.ok && i < count; i++) {
        struct report_message message = {.id = messages[i].id, .retries = messages[i].retry_count,
                                         .body = messages[i].body, .headers = messages[i].headers,
                                         .key = messages[i].key, .due_ms = messages[i].deadline_ms};
        size_t at = 0;
        for (unsigned n = 0; n <= messages[i].topic && cmd_topic_next(topics, &at, &message.topic);)
            n++;
        next(&doc);
        put_delivery(&doc, &message);
    }
    close(&doc, "]");
    close(&doc, "}");
    return finish(&doc, len);
}

bool report_json_done(struct buf *out, uint64_t done, const uint64_t *unknown, size_t count)
{
    struct doc doc = {.out = out, .ok = true};
    size_t len = buf_len(out);

    put_done(&doc, done, unknown, count);
    return finish(&doc, len);
}

bool report_json_ids(struct buf *out, const uint64_t *list, size_t count, bool duplicate)
{
    struct doc doc = {.out = out, .ok = true};
    size_t len = buf_len(out);

    put_ids(&doc, list, count, duplicate);
    return finish(&doc, len);
}

/* As IANA lists them. */
static const char *status_title(int status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
    }
}

bool report_json_problem(struct buf *out, int err, struct slice detail)
{
    struct doc doc = {.out = out, .ok = true};
    size_t len = buf_len(out);
    int status = err_http_status(err);

    open(&doc, "{");
    word(&doc, "type", "about:blank");
    word(&doc, "title", status_title(status));
    number(&doc, "status", (uint64_t)status);
    string(&doc, "detail", detail);
    word(&doc, "code", err_name(err));
    close(&doc, "}");
    return finish(&doc, len);
}
