/*
 * http_ops.c - the operations of /api/v1: requests to commands by their table, answers to JSON
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/http_call.h"

#include "base/time_text.h"
#include "gnode/answer_json.h"
#include "wire/form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ROOT "/api/v1/"
#define OCTETS "application/octet-stream"
#define JSON_LINES "application/jsonl"
#define MESSAGE_HEADER "Gmq-Header-"

enum { TEXT_BYTES_MAX = 4096, PROBLEM_BYTES_MAX = 16 << 10, ALLOW_BYTES_MAX = 128, NUMBER_BYTES = 24 };

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* Those that end by themselves say so. */
static bool add_retry_after(struct http_request *req, int err)
{
    int status = err_http_status(err);

    return (status != 429 && status != 503) || http_add_header(req, "Retry-After", "1");
}

void http_problem(struct http_request *req, int err, const char *detail)
{
    struct buf body;

    buf_init(&body, PROBLEM_BYTES_MAX);
    if (report_json_problem(&body, err, slice_str(detail ? detail : err_text(err))) && add_retry_after(req, err))
        http_reply_buf(req, (unsigned)err_http_status(err), HTTP_PROBLEM, &body);
    else
        http_drop(req);
    buf_free(&body);
}

void http_no_method(struct http_request *req, const char *allow)
{
    if (http_add_header(req, "Allow", allow))
        http_problem(req, GMQ_E_METHOD, NULL);
    else
        http_drop(req);
}

static bool write_problem(struct call *call, const struct answer *answer)
{
    int err = answer_err(answer);
    struct buf text;

    call->status = (unsigned)err_http_status(err);
    call->type = HTTP_PROBLEM;
    buf_init(&text, TEXT_BYTES_MAX);
    bool ok = answer_text(&text, answer) && report_json_problem(&call->reply, err, buf_slice(&text)) &&
              add_retry_after(call->req, err);
    buf_free(&text);
    return ok;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* A header whose value is cut off at what a header may not hold. */
static bool add_text(struct http_request *req, const char *name, struct slice text)
{
    char value[TEXT_BYTES_MAX];

    if (text.len == 0)
        return true;
    (void)snprintf(value, sizeof(value), "%.*s", (int)min_u64(text.len, sizeof(value) - 1), text.ptr);
    value[strcspn(value, "\r\n")] = '\0';
    return http_add_header(req, name, value);
}

static bool add_number(struct http_request *req, const char *name, uint64_t number)
{
    char value[NUMBER_BYTES];

    (void)snprintf(value, sizeof(value), "%" PRIu64, number);
    return http_add_header(req, name, value);
}

static bool add_time(struct http_request *req, const char *name, uint64_t ms)
{
    char text[TIME_TEXT_BYTES];

    return ms == 0 || add_text(req, name, slice_of(text, (size_t)(time_text_write(text, ms) - text)));
}

/* Lines `name: value` as headers Gmq-Header-name. A name that HTTP does not take is left out. */
static bool add_message_headers(struct http_request *req, struct slice lines)
{
    char name[256];

    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len), *colon = memchr(lines.ptr, ':', lines.len);
        size_t used = end ? (size_t)(end - lines.ptr) + 1 : lines.len, line = end ? used - 1 : used;
        if (colon && (size_t)(colon - lines.ptr) < line) {
            size_t from = min_u64((size_t)(colon - lines.ptr) + 2, line);
            (void)snprintf(name, sizeof(name), MESSAGE_HEADER "%.*s", (int)(colon - lines.ptr), lines.ptr);
            (void)add_text(req, name, slice_of(lines.ptr + from, line - from));
        }
        lines = slice_of(lines.ptr + used, lines.len - used);
    }
    return true;
}

/* The body of the message as it is, its facts as headers. */
static bool write_raw(struct call *call, const struct report_message *message)
{
    struct http_request *req = call->req;
    struct report refusal = {.kind = REPORT_REFUSAL, .err = GMQ_E_MESSAGE_STATE,
                             .name = slice_str(place_word(message->place))};

    if (message->unreadable)
        refusal = (struct report){.kind = REPORT_REFUSAL, .err = GMQ_E_UNREADABLE};

    if (!message->has_body)
        return write_problem(call, &(struct answer){.kind = ANSWER_REPORT, .report = &refusal});
    call->type = OCTETS;
    return add_number(req, "Gmq-Id", message->id) && add_text(req, "Gmq-Topic", message->topic) &&
           add_text(req, "Gmq-State", slice_str(place_word(message->place))) &&
           add_number(req, "Gmq-Body-Bytes", message->bytes) &&
           add_number(req, "Gmq-Retry-Count", message->retries) &&
           add_time(req, "Gmq-Pushed-At", message->pushed_ms) && add_text(req, "Gmq-Key", message->key) &&
           (message->whole_body || http_add_header(req, "Gmq-Truncated", "true")) &&
           add_message_headers(req, message->headers) &&
           buf_append(&call->reply, message->body.ptr, message->body.len);
}

static bool write_lines(struct call *call, const struct report *report)
{
    call->type = JSON_LINES;
    return add_text(call->req, "Gmq-Next", report->next) &&
           report_json_lines(&call->reply, report, call->op->encoding);
}

static bool write_answer(struct call *call, const struct answer *answer)
{
    const struct report *report = answer->kind == ANSWER_REPORT ? answer->report : NULL;

    if (answer_is_error(answer))
        return write_problem(call, answer);
    call->status = call->op->op->status;
    if (report && report->kind == REPORT_MESSAGE && call->raw)
        return write_raw(call, &report->messages[0]);
    if (report && report->kind == REPORT_MESSAGES && call->op->lines)
        return write_lines(call, report);
    return answer_json(&call->reply, answer, call->op->cmd.topic, call->op->encoding);
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* The headers of a request that become those of its message. */
struct headers {
    struct op_call *call;
    struct op_error *error;
    int rc;
};

static void take_header(void *ctx, struct slice name, struct slice value)
{
    struct headers *headers = ctx;
    size_t prefix = sizeof(MESSAGE_HEADER) - 1;
    char lower[256];

    if (headers->rc < 0 || name.len <= prefix || name.len - prefix > sizeof(lower) ||
        strncasecmp(name.ptr, MESSAGE_HEADER, prefix) != 0)
        return;
    for (size_t i = prefix; i < name.len; i++)
        lower[i - prefix] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] + 32 : name.ptr[i]);
    headers->rc = op_take_header(headers->call, slice_of(lower, name.len - prefix), value, headers->error);
}

/* A header that stands for an argument. An empty one is not a missing one: a push would silently be done twice. */
static int take_named(const struct http_request *req, struct op_call *call, const char *header, const char *param,
                      struct op_error *error)
{
    struct slice value = http_header(req, header);

    return value.ptr ? op_take_text(call, param, value, error) : 0;
}

static int take_headers(const struct http_request *req, struct op_call *call, bool octets, struct op_error *error)
{
    struct headers headers = {.call = call, .error = error};

    if (call->op->kind == CMD_WPOP)
        return take_named(req, call, "Gmq-Client", "client", error);
    if (call->op->kind != CMD_PUT)
        return 0;
    if (octets)
        http_each_header(req, take_header, &headers);
    return headers.rc < 0 ? headers.rc : take_named(req, call, "Idempotency-Key", "dedup_key", error);
}

static int take_body(const struct http_request *req, struct op_call *call, bool octets, struct op_error *error)
{
    if (octets) {
        op_take_octets(call, req->body);
        return 0;
    }
    if (req->body.len == 0 && req->content_type.len == 0)
        return 0;
    if (!form_type_is(req->content_type, HTTP_JSON)) {
        (void)snprintf(error->text, sizeof(error->text), call->op->octets ? HTTP_JSON " or " OCTETS : HTTP_JSON);
        return GMQ_E_CONTENT_TYPE;
    }
    if (req->body.len == 0)
        return 0;
    return op_take_json(call, req->body, OP_BODY, error);
}

static int take_arguments(struct call *call, struct op_error *error)
{
    const struct http_request *req = call->req;
    bool octets = call->op->op->octets && form_type_is(req->content_type, OCTETS);
    int rc = op_take_path(call->op, req->path, error);

    if (rc == 0)
        rc = take_body(req, call->op, octets, error);
    if (rc == 0)
        rc = op_take_query(call->op, req->query, octets, error);
    if (rc == 0)
        rc = take_headers(req, call->op, octets, error);
    if (call->op->op->kind == CMD_PEEK && form_type_is(http_header(req, "Accept"), JSON_LINES))
        call->op->lines = true;
    call->raw = call->op->op->kind == CMD_GET && form_type_is(http_header(req, "Accept"), OCTETS);
    if (rc == 0 && call->raw && call->op->args.body == CMD_BODY_NONE) {
        (void)snprintf(error->text, sizeof(error->text), "body=none has no raw body");
        return GMQ_E_VALUE;
    }
    return rc < 0 ? rc : op_finish(call->op, error);
}

/* ---- serving ----------------------------------------------------------------------------------------------------- */

static void serve(struct http_door *door, struct http_request *req, const struct op *op)
{
    const struct op_limits limits = {.count_max = door->base.limits.batch_count_max};
    struct call *call = call_new(door, req, write_answer, 0);
    struct op_error error = {.number = 0};

    call->op = op_call_new(op, &limits);
    int rc = take_arguments(call, &error);
    if (rc == 0 && call->op->client.len > 0)
        rc = session_name(&call->session, call->op->client);
    if (rc == 0)
        call_execute(call, &call->op->cmd);
    else if (rc == GMQ_E_BATCH_LIMIT)
        broker_refuse(&call->session, rc, error.number, NULL, false);
    else
        session_refuse(&call->session, rc == -ENOMEM ? GMQ_E_MEMORY_LIMIT : rc, slice_str(error.text));
}

/* The path is there, the method is not. */
static void refuse_method(struct http_request *req)
{
    char allow[ALLOW_BYTES_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < OPS_COUNT && len < sizeof(allow); i++) {
        if (!op_fits(&OPS[i], req->path))
            continue;
        bool reads = strcmp(OPS[i].method, "GET") == 0;
        len += (size_t)snprintf(allow + len, sizeof(allow) - len, "%s%s%s", len > 0 ? ", " : "", OPS[i].method,
                                reads ? ", HEAD" : "");
    }
    http_no_method(req, allow);
}

bool http_ops_serve(struct http_door *door, struct http_request *req)
{
    struct slice method = slice_is(req->method, "HEAD") ? slice_str("GET") : req->method;
    bool fits = false;

    if (req->path.len < sizeof(ROOT) - 1 || memcmp(req->path.ptr, ROOT, sizeof(ROOT) - 1) != 0)
        return false;
    for (size_t i = 0; i < OPS_COUNT; i++) {
        if (!op_fits(&OPS[i], req->path))
            continue;
        fits = true;
        if (!slice_is(method, OPS[i].method))
            continue;
        if (slice_is(method, "GET") || !http_is_foreign(req))
            serve(door, req, &OPS[i]);
        else
            http_problem(req, GMQ_E_FOREIGN, NULL);
        return true;
    }
    if (fits)
        refuse_method(req);
    else
        http_problem(req, GMQ_E_NOT_FOUND, NULL);
    return true;
}
