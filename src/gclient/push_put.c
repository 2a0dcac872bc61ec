/* push_put.c - see push.h. SPDX-License-Identifier: MIT */
#include "gclient/push.h"

#include "base/time_text.h"
#include "base/utf8.h"
#include "gclient/ask.h"

#include <inttypes.h>
#include <stdio.h>

enum { BATCH = 100, BATCH_BYTES = 1 << 20 };

bool push_wants_put(const struct values *values)
{
    return values->at || values->ttr_ms != COMMAND_NOT_GIVEN || values->max_retries >= 0 || values->auto_ack ||
           values->lifetime_ms > 0 || values->headers.count > 0 || values->key || values->dedup_key ||
           values->delay_ms % 1000 != 0;
}

bool push_print_id(const struct values *values, struct slice id, bool duplicate)
{
    if (values->quiet)
        return true;
    if (!values->json)
        return printf("%.*s\n", (int)id.len, id.ptr) > 0;
    return printf("{\"id\":\"%.*s\"%s}\n", (int)id.len, id.ptr, duplicate ? ",\"duplicate\":true" : "") > 0;
}

static bool usage_ok(const struct values *values)
{
    uint64_t ms;

    if (values->at && !time_text_read(slice_str(values->at), &ms))
        (void)out_error(0, "--at: '%s' is no time like 2026-01-31T08:00:00Z", values->at);
    else if (values->at && values->delay_ms > 0)
        (void)out_error(0, "--at or --delay, not both");
    else if (values->auto_ack && values->ttr_ms != COMMAND_NOT_GIVEN && values->ttr_ms > 0)
        (void)out_error(0, "--ttr or --auto-ack, not both: a message that needs no ack has no time to run");
    else if (values->count > 1 && values->dedup_key)
        (void)out_error(0, "--dedup-key is for one message: of many with the same only the first would count");
    else
        return true;
    return false;
}

/* "name:value", with blanks behind the colon or not. */
static void add_headers(struct ask *ask, const struct flag_list *headers)
{
    struct ask list;

    if (headers->count == 0)
        return;
    ask_begin(&list);
    for (size_t i = 0; i < headers->count; i++) {
        const char *text = headers->texts[i], *colon = strchr(text, ':');
        size_t len = colon ? (size_t)(colon - text) : strlen(text);
        char name[256];
        (void)snprintf(name, sizeof(name), "%.*s", (int)min_u64(len, sizeof(name) - 1), text);
        const char *value = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
        ask_member(&list, slice_str(name), slice_str(value));
    }
    ask_object(ask, "headers", &list);
}

static void add_message(struct ask *ask, const struct values *values, struct slice body)
{
    if (utf8_valid(body))
        ask_bytes(ask, "body", body);
    else
        ask_base64(ask, "body_base64", body);
    if (values->delay_ms > 0)
        ask_number(ask, "delay_ms", values->delay_ms);
    ask_text(ask, "due_at", values->at);
    if (values->ttr_ms != COMMAND_NOT_GIVEN)
        ask_number(ask, "ttr_ms", values->ttr_ms);
    if (values->auto_ack)
        ask_is(ask, "auto_ack", true);
    if (values->max_retries >= 0)
        ask_number(ask, "max_retries", (uint64_t)values->max_retries);
    if (values->lifetime_ms > 0)
        ask_number(ask, "lifetime_ms", values->lifetime_ms);
    add_headers(ask, &values->headers);
    ask_text(ask, "key", values->key);
    ask_text(ask, "dedup_key", values->dedup_key);
}

/* The next messages as one push: all of them or none. Returns how many. */
static uint64_t fill(struct ask *ask, const struct values *values, struct slice body, uint64_t done)
{
    uint64_t total = (uint64_t)values->count, n = 0;
    struct buf list, text;

    if (total == 1 && !values->suffix) {
        add_message(ask, values, body);
        return 1;
    }
    buf_init(&list, GMQ_REQUEST_BYTES_MAX);
    buf_init(&text, GMQ_REQUEST_BYTES_MAX);
    bool fits = buf_append_str(&list, "[");
    for (; done + n < total && n < BATCH && buf_len(&list) < BATCH_BYTES && fits; n++) {
        struct ask one;
        buf_clear(&text);
        fits = buf_append(&text, body.ptr, body.len) &&
               (!values->suffix || buf_printf(&text, "%s%" PRIu64, values->suffix, done + n));
        ask_begin(&one);
        add_message(&one, values, buf_slice(&text));
        fits = fits && ask_close(&one) && (n == 0 || buf_append_str(&list, ",")) &&
               buf_append_str(&list, buf_data(&one.json));
        ask->bad = one.bad ? one.bad : ask->bad;
        buf_free(&one.json);
    }
    fits = fits && buf_append(&list, "]", 2);
    ask_json(ask, "messages", fits ? buf_data(&list) : "");
    ask->good = ask->good && fits;
    buf_free(&list);
    buf_free(&text);
    return n;
}

int push_put(const struct job *job, struct gmq *mq, struct slice body, struct out_progress *bar)
{
    const struct values *values = &job->values;
    struct json_object *answer;
    int code = EXIT_OK;
    struct ask ask;

    if (!usage_ok(values))
        return EXIT_USAGE;
    for (uint64_t done = 0; done < (uint64_t)values->count;) {
        ask_begin(&ask);
        ask_text(&ask, "topic", job->words[0]);
        uint64_t sent = fill(&ask, values, body, done);
        code = ask_node(&ask, mq, "message.push", &answer);
        if (code != EXIT_OK)
            return done == 0 ? code : out_error(code, "%" PRIu64 " of %" PRId64 " pushed", done, values->count);
        bool duplicate = tree_is(answer, "duplicate"), printed = true;
        size_t count = tree_count(answer, "ids");
        for (size_t i = 0; i < count && printed; i++) {
            struct json_object *id = tree_item(answer, "ids", i);
            printed = push_print_id(values, slice_str(id ? json_object_get_string(id) : "?"), duplicate);
        }
        json_object_put(answer);
        if (!printed)
            return out_error(EXIT_FAILED, "standard output cannot be written");
        if (duplicate && !values->json && !values->quiet)
            (void)out_error(0, "it was pushed before");
        done += sent;
        out_progress_step(bar, done);
    }
    return code;
}
