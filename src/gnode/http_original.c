/* http_original.c - the original's HTTP API: requests to commands, answers to its JSON. SPDX-License-Identifier: MIT */
#include "gnode/http_call.h"

#include "base/err.h"
#include "base/num.h"
#include "wire/form.h"
#include "wire/push_json.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SCRATCH_GROWTH = 9, /* decoded form, decoded JSON, packed items, one after the other */
    SCRATCH_BYTES_MIN = 256,
    ERROR_TEXT_BYTES = 4096,
};

struct route {
    const char *path;
    /* Fills call->cmd; 0, or a refusal: GMQ_E_*, or -ENOMEM. */
    int (*parse)(struct call *call, struct push_json_error *error);
};

/* ---- requests to commands ---------------------------------------------------------------------------------------- */

/* The value of a query parameter, empty when it is missing. */
static struct slice query_value(struct call *call, const char *key)
{
    struct slice value = slice_str("");

    (void)form_get(call->req->query, key, &call->scratch, &value);
    return value;
}

static int parse_topic(struct call *call, enum cmd_kind kind)
{
    call->cmd = (struct cmd){.kind = kind, .topic = query_value(call, "topic")};
    return call->cmd.topic.len == 0 ? GMQ_E_TOPIC_EMPTY : 0;
}

/* The form field `data` of the original's push, GMQ_E_DATA_EMPTY when it is not there. */
static int form_data(struct call *call, struct slice *ret_json)
{
    const struct http_request *req = call->req;
    bool has_form = slice_is(req->method, "POST") || slice_is(req->method, "PUT") || slice_is(req->method, "PATCH");

    if (!has_form || !form_post_get(req->content_type, req->body, "data", &call->scratch, ret_json))
        return GMQ_E_DATA_EMPTY;
    return ret_json->len == 0 ? GMQ_E_DATA_EMPTY : 0;
}

static int parse_push(struct call *call, struct push_json_error *error)
{
    struct push_json push;
    struct slice json;
    int rc = form_data(call, &json);

    if (rc == 0)
        rc = push_json_read(json, &call->scratch, &push, error);
    if (rc == 0)
        call->cmd = (struct cmd){.kind = CMD_PUSH, .topic = push.topic, .body = push.body, .delay_s = push.delay_s};
    return rc;
}

/* The topic may stand in the JSON or in the query. */
static int parse_mpush(struct call *call, struct push_json_error *error)
{
    struct mpush_json batch;
    struct slice json;
    int rc = form_data(call, &json);

    if (rc == 0)
        rc = mpush_json_read(&call->door->base.limits, json, &call->scratch, &batch, error);
    if (rc == 0)
        call->cmd = (struct cmd){.kind = CMD_MPUSH, .flags = CMD_F_IDS, .body = batch.items, .count = batch.count,
                                 .topic = batch.topic.len > 0 ? batch.topic : query_value(call, "topic")};
    return rc;
}

/* With the parameter `wait`, whole seconds, it waits for a message. */
static int parse_pop(struct call *call, struct push_json_error *error)
{
    struct slice wait;
    bool waits = form_get(call->req->query, "wait", &call->scratch, &wait);
    int64_t wait_s = waits ? num_go_atoi(wait) : 0;
    int rc = parse_topic(call, waits ? CMD_WPOP : CMD_POP);

    (void)error;
    call->cmd.number = 1;
    /* Beyond a limit is beyond it also in milliseconds; this only keeps them in 64 bits. */
    call->cmd.wait_ms = wait_s < 0 ? -1 : (int64_t)min_u64((uint64_t)wait_s, CMD_WAIT_MS_MAX) * 1000;
    return rc;
}

static int parse_ack(struct call *call, struct push_json_error *error)
{
    int64_t id = num_go_atoi(query_value(call, "msgId"));

    (void)error;
    if (id == 0)
        return GMQ_E_ID_EMPTY;
    int rc = parse_topic(call, CMD_ACK);
    call->cmd.id = (uint64_t)id;
    return rc;
}

static int parse_dead(struct call *call, struct push_json_error *error)
{
    struct slice num = query_value(call, "num");
    int rc = parse_topic(call, CMD_DEAD);

    (void)error;
    call->cmd.number = num.len > 0 ? num_go_atoi(num) : 1;
    return rc;
}

static int parse_set(struct call *call, struct push_json_error *error)
{
    int64_t flag = num_go_atoi(query_value(call, "isAutoAck"));
    int rc = parse_topic(call, CMD_SET);

    (void)error;
    call->cmd.number = flag;
    return rc;
}

static int parse_toggle(struct call *call, struct push_json_error *error)
{
    (void)error;
    return parse_topic(call, CMD_TOGGLE);
}

static int parse_exit(struct call *call, struct push_json_error *error)
{
    (void)error;
    return parse_topic(call, CMD_EXIT);
}

static int parse_stat(struct call *call, struct push_json_error *error)
{
    (void)error;
    return parse_topic(call, CMD_STAT);
}

static int parse_stat_all(struct call *call, struct push_json_error *error)
{
    (void)error;
    call->cmd = (struct cmd){.kind = CMD_STAT_ALL};
    return 0;
}

static const struct route ROUTES[] = {
    {"/push", parse_push},       {"/mpush", parse_mpush},           {"/pop", parse_pop},
    {"/ack", parse_ack},         {"/dead", parse_dead},             {"/set", parse_set},
    {"/setIsAutoAck", parse_toggle}, {"/exitTopic", parse_exit},    {"/getTopicStat", parse_stat},
    {"/getAllTopicStat", parse_stat_all},
};

static const char FOREIGN[] =
    "{\"code\":1,\"data\":null,\"msg\":\"pages of other origins change nothing here\"}";

static const struct route *find_route(struct slice path)
{
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++)
        if (slice_is(path, ROUTES[i].path))
            return &ROUTES[i];
    return NULL;
}

/* ---- answers to JSON --------------------------------------------------------------------------------------------- */

static bool write_error(struct buf *out, const struct answer *answer)
{
    struct buf text;

    buf_init(&text, ERROR_TEXT_BYTES);
    bool ok = answer_error_text(answer, &text) &&
              reply_http_error(out, buf_slice(&text));
    buf_free(&text);
    return ok;
}

static bool write_ids(struct buf *out, const struct answer *answer)
{
    uint64_t *ids = answer_ids(answer);
    bool ok = reply_http_ids(out, ids, answer->count);
    free(ids);
    return ok;
}

static bool write_ok(struct buf *out, const struct cmd *cmd)
{
    char text[256 + sizeof("topic. has exit.")];

    if (cmd->kind != CMD_EXIT)
        return reply_http_ok(out, NULL);
    ENSURE(cmd->topic.len < 256);
    (void)snprintf(text, sizeof(text), "topic.%.*s has exit.", (int)cmd->topic.len, cmd->topic.ptr);
    return reply_http_ok(out, text);
}

static bool write_answer(struct call *call, const struct answer *answer)
{
    const struct cmd *cmd = &call->cmd;
    struct buf *out = &call->reply;

    switch (answer->kind) {
    case ANSWER_ERROR:
        return write_error(out, answer);
    case ANSWER_ID:
        return reply_http_id(out, answer->id);
    case ANSWER_IDS:
        return write_ids(out, answer);
    case ANSWER_MESSAGE:
        return reply_http_message(out, &answer->messages[0]);
    case ANSWER_MESSAGES:
        return reply_http_messages(out, answer->messages, answer->count);
    case ANSWER_STATS:
        return cmd->kind == CMD_STAT ? reply_http_stat(out, &answer->stats[0])
                                     : reply_http_stats(out, answer->stats, answer->count);
    default:
        return write_ok(out, cmd);
    }
}

/* ---- serving ----------------------------------------------------------------------------------------------------- */

bool http_original_serve(struct http_door *door, struct http_request *req)
{
    const struct route *route = find_route(req->path);
    struct push_json_error error = {.number = 0};

    if (!route)
        return false;
    if (http_is_foreign(req)) {
        http_reply(req, 403, HTTP_JSON, slice_str(FOREIGN));
        return true;
    }
    size_t scratch = SCRATCH_GROWTH * (req->body.len + req->query.len) + SCRATCH_BYTES_MIN;
    struct call *call = call_new(door, req, write_answer, scratch);
    int rc = route->parse(call, &error);
    if (rc == 0)
        call_execute(call, &call->cmd);
    else
        broker_refuse(&call->session, rc > GMQ_E_NO_MESSAGE ? GMQ_E_MEMORY_LIMIT : rc, error.number, error.text, false);
    return true;
}
