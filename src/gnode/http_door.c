/* http_door.c - the original's HTTP API: requests to commands, answers to its JSON. SPDX-License-Identifier: MIT */
#include "gnode/doors.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "gnode/gather.h"
#include "wire/form.h"
#include "wire/push_json.h"

#include <stdlib.h>

enum {
    CONNECTION_BYTES = 16 << 10,
    FORM_GROWTH = 3,                  /* a byte is sent as %XX at most */
    SCRATCH_GROWTH = 9,               /* decoded form, decoded JSON, packed items, one after the other */
    SCRATCH_BYTES_MIN = 256,
    REPLY_BYTES_MAX = 1 << 30,
    OUT_SMALL_BYTES = 64 << 10,
    BODY_COPIES = 3, /* as it came, decoded, as a command */
    CONNECTION_MEMORY = CONNECTION_BYTES + (4 << 10),
    ERROR_TEXT_BYTES = 4096,
};

/* One request, from its arrival until its reply is handed over. */
struct call {
    struct http_door *door;
    struct http_request *req;
    const struct route *route;
    struct session session;
    struct cmd cmd;
    struct buf scratch; /* what cmd's slices point into, beside the request */
    struct buf reply;
    struct list in_calls, in_answered;
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

static bool write_answer(struct buf *out, const struct cmd *cmd, const struct answer *answer)
{
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

static size_t body_bytes(const struct answer *answer)
{
    size_t bytes = 0;

    if (answer->kind == ANSWER_MESSAGE || answer->kind == ANSWER_MESSAGES)
        for (size_t i = 0; i < answer->count; i++)
            bytes += answer->messages[i].body.len;
    return bytes;
}

/* The reply is handed over at the end of the turn: the session may still be in use by its caller. */
static bool call_answer(struct session *session, const struct answer *answer)
{
    struct call *call = CONTAINER_OF(session, struct call, session);
    struct http_door *door = call->door;

    if (door->out_bytes >= door->base.out_bytes_max && body_bytes(answer) > OUT_SMALL_BYTES) {
        door->out_blocked = true;
        return false;
    }

    ENSURE(list_empty(&call->in_answered));
    if (!write_answer(&call->reply, &call->cmd, answer))
        buf_clear(&call->reply);
    door->out_bytes += buf_len(&call->reply);
    list_add_tail(&door->answered, &call->in_answered);
    return true;
}

static void execute(struct call *call)
{
    struct door *base = &call->door->base;

    if (broker_execute(base->broker, &call->session, &call->cmd, base->now_ms(base->ctx)) < 0)
        ENSURE(!list_empty(&call->session.in_stalled));
    if (call->session.waiter && http_watch(call->req) < 0)
        session_half_close(&call->session); /* who cannot be watched does not wait */
}

static void call_resume(struct session *session) { execute(CONTAINER_OF(session, struct call, session)); }

static bool call_is_there(const struct session *session)
{
    return !http_hung_up(CONTAINER_OF((uintptr_t)session, const struct call, session)->req);
}

static size_t call_peer(const struct session *session, char *to, size_t bytes)
{
    return http_peer_host(CONTAINER_OF((uintptr_t)session, const struct call, session)->req, to, bytes);
}

static const struct session_ops SESSION_OPS = {
    .answer = call_answer,
    .resume = call_resume,
    .is_there = call_is_there,
    .peer = call_peer,
};

/* ---- the life of a call ------------------------------------------------------------------------------------------ */

static void call_free(struct call *call)
{
    call->door->out_bytes -= buf_len(&call->reply);
    session_fini(&call->session);
    list_remove(&call->in_calls);
    list_remove(&call->in_answered);
    buf_free(&call->scratch);
    buf_free(&call->reply);
    free(call);
}

static void client_gone(struct http_request *req) { call_free(req->user); }

static struct call *call_new(struct http_door *door, struct http_request *req, const struct route *route)
{
    struct call *call = mem_new(sizeof(*call));

    call->door = door;
    call->req = req;
    call->route = route;
    list_init(&call->in_answered);
    list_add_tail(&door->calls, &call->in_calls);
    session_init(&call->session, door->base.broker, &SESSION_OPS);
    size_t scratch = SCRATCH_GROWTH * (req->body.len + req->query.len) + SCRATCH_BYTES_MIN;
    buf_init(&call->scratch, scratch);
    if (!buf_reserve(&call->scratch, scratch))
        base_fail(__FILE__, __LINE__, "out of memory");
    buf_init(&call->reply, REPLY_BYTES_MAX);
    req->user = call;
    req->on_gone = client_gone;
    return call;
}

static void on_request(void *ctx, struct http_request *req)
{
    struct http_door *door = ctx;
    const struct route *route = find_route(req->path);
    struct push_json_error error = {.number = 0};

    if (slice_is(req->path, "/ping")) {
        http_reply(req, 200, HTTP_TEXT, slice_str("OK"));
        return;
    }
    if (!route && http_v1_serve(&door->v1, req))
        return;
    if (!route) {
        http_reply(req, 404, HTTP_TEXT, slice_str("not found"));
        return;
    }
    struct call *call = call_new(door, req, route);
    int rc = route->parse(call, &error);
    if (rc == 0)
        execute(call);
    else
        broker_refuse(&call->session, rc > GMQ_E_NO_MESSAGE ? GMQ_E_MEMORY_LIMIT : rc, error.number, error.text, false);
}

/* A reply that is under way; it may be in memory until the client has taken it. */
struct sent {
    struct http_door *door;
    size_t bytes;
};

static void reply_gone(struct http_request *req)
{
    struct sent *sent = req->user;

    sent->door->out_bytes -= sent->bytes;
    free(sent);
}

static void send_reply(struct http_door *door, struct http_request *req, struct buf *reply)
{
    struct sent *sent = mem_new(sizeof(*sent));

    *sent = (struct sent){.door = door, .bytes = buf_len(reply)};
    door->out_bytes += sent->bytes;
    req->user = sent;
    req->on_gone = reply_gone;
    http_reply_buf(req, 200, HTTP_JSON, reply);
}

/* When others have taken their replies, large ones that waited for it go on. */
static void unblock(struct http_door *door)
{
    if (!door->out_blocked || door->out_bytes >= door->base.out_bytes_max)
        return;
    door->out_blocked = false;
    LIST_EACH(&door->calls, node, next)
        session_pump(&CONTAINER_OF(node, struct call, in_calls)->session);
}

void http_door_flush(struct http_door *door)
{
    struct list *node;

    unblock(door);

    while ((node = list_pop(&door->answered))) {
        struct call *call = CONTAINER_OF(node, struct call, in_answered);
        struct http_request *req = call->req;
        struct buf reply = call->reply;
        buf_init(&call->reply, REPLY_BYTES_MAX); /* nothing of it is counted any more */
        req->on_gone = NULL;
        door->out_bytes -= buf_len(&reply);
        call_free(call);
        if (buf_len(&reply) > 0)
            send_reply(door, req, &reply);
        else
            http_drop(req);
        buf_free(&reply);
    }
    if (!door->starved || *door->budget >= door->base.settings->input_memory_bytes)
        return;
    door->starved = false;
    http_server_wake(door->server);
}

/* Bodies share the budget of the TCP door's large requests. */
static bool take_budget(void *ctx, size_t bytes)
{
    struct http_door *door = ctx;
    uint64_t max = door->base.settings->input_memory_bytes;

    bool tight = broker_memory_state(door->base.broker) == MEMORY_TIGHT;

    if (*door->budget > 0 && (tight || *door->budget + bytes > max)) {
        door->starved = true;
        return false;
    }
    *door->budget += bytes;
    door->in_bytes += bytes;
    return true;
}

static void give_budget(void *ctx, size_t bytes)
{
    struct http_door *door = ctx;

    *door->budget -= bytes;
    door->in_bytes -= bytes;
}

static bool admit(void *ctx)
{
    return broker_memory_state(((struct http_door *)ctx)->base.broker) != MEMORY_TIGHT;
}

uint64_t http_door_memory(const struct http_door *door)
{
    if (!door->server)
        return 0;
    return door->out_bytes + (BODY_COPIES - 1) * door->in_bytes +
           http_server_connections(door->server) * CONNECTION_MEMORY;
}

int http_door_open(struct http_door *door, uv_loop_t *loop, const struct door *base, int listen_fd, uint64_t *budget,
                   const struct http_v1 *v1)
{
    struct http_options options = {
        .listen_fd = listen_fd,
        .connections_max = (unsigned)base->settings->max_connections,
        .head_bytes_max = CONNECTION_BYTES,
        .body_bytes_max = FORM_GROWTH * 2 * (size_t)base->limits.body_bytes_max + CONNECTION_BYTES,
        .take = take_budget,
        .give = give_budget,
        .admit = admit,
        .ctx = door,
    };

    *door = (struct http_door){.base = *base, .budget = budget};
    list_init(&door->answered);
    list_init(&door->calls);
    int rc = http_server_open(&door->server, loop, &options, on_request, door);
    door->v1 = *v1;
    door->v1.http = door->server;
    return rc;
}

void http_door_close(struct http_door *door)
{
    http_server_close(door->server);
    door->server = NULL;
}
