/* proxy.c - see proxy.h. SPDX-License-Identifier: MIT */
#include "gweb/proxy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "gweb/pick.h"
#include "gweb/side.h"
#include "gweb/web.h"
#include "wire/form.h"
#include "wire/topic_name.h"

enum { URL_BYTES = 4000, WAIT_MS_MAX = 60000, HEADER_BYTES = 128, DETAIL_BYTES = 400, TOLD_BYTES = 200 };

#define OCTETS "application/octet-stream"
#define JSON_LINES "application/jsonl"

const struct proxy_op PROXY_READ = {.thing = NULL},
                      PROXY_TOPIC_CREATE = {.named = "name", .told = true},
                      PROXY_TOPIC = {.thing = "topic", .told = true},
                      PROXY_COUNTED = {.thing = "topic", .count = "done", .told = true},
                      PROXY_JOB_BEGIN = {.thing = "topic", .told = true},
                      PROXY_JOB = {.thing = "job", .count = "done"},
                      PROXY_MESSAGE = {.thing = "message", .count = "1", .told = true},
                      PROXY_PUSH = {.thing = "topic", .count = "ids"},
                      PROXY_POP = {.named = "topic", .count = "messages", .told = true, .pops = true};

struct relay {
    struct side_pending pending;
    struct web_call *call;
    const struct proxy_op *op;
    struct httpc_call *httpc;
    uint32_t node;
    char addr[FLEET_ADDR_BYTES];
    char *body; /* a copy, which lives longer than the request, or NULL */
};

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void relay_free(struct relay *relay)
{
    relay->call->gone = NULL;
    side_remove(relay->call->web->side, &relay->pending);
    if (relay->httpc)
        httpc_cancel(relay->httpc);
    free(relay->body);
    free(relay);
}

/* Frees the relay and answers. */
static void relay_fail(struct relay *relay, int err, const char *detail)
{
    struct web_call *call = relay->call;

    relay_free(relay);
    web_call_problem(call, err, detail);
}

static void relay_abandon(struct side_pending *pending)
{
    relay_fail(CONTAINER_OF(pending, struct relay, pending), GMQ_E_NODE_DOWN, "gweb is stopping");
}

/* Reads and pops end with their browser. */
static void browser_gone(struct web_call *call)
{
    struct relay *relay = call->ctx;

    if (call->route->action && !relay->op->pops)
        return;
    web_call_detail(call, "the browser went away");
    relay_fail(relay, GMQ_E_NODE_DOWN, NULL);
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static const char *type_of(struct slice type)
{
    static const char *const TYPES[] = {HTTP_JSON, WEB_PROBLEM, JSON_LINES, OCTETS};

    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
        if (form_type_is(type, TYPES[i]))
            return TYPES[i];
    return OCTETS;
}

static void note_count(struct web_call *call, const char *name, struct slice body)
{
    struct json_value value, one;
    uint64_t count = 0;

    if (strcmp(name, "1") == 0) {
        web_call_count(call, 1);
    } else if (pick(body, name, &value) && value.kind == JSON_ARRAY) {
        for (struct slice rest = json_walk_inside(&value); json_walk_element(&rest, &one);)
            count++;
        web_call_count(call, count);
    } else if (pick_u64(body, name, &count)) {
        web_call_count(call, count);
    }
}

/* For the audit log: how many, which job; the code of a problem, "ok" else. */
static void note_answer(const struct relay *relay, unsigned status, struct slice body, char *code, size_t bytes)
{
    char job[32];
    bool json = pick_ok(body);

    (void)snprintf(code, bytes, "%s", status < 300 ? "ok" : "ERROR");
    if (!relay->call->route->action || !json)
        return;
    if (status >= 300)
        (void)(pick_text(body, "code", code, bytes) || snprintf(code, bytes, "ERROR"));
    else if (relay->op->count)
        note_count(relay->call, relay->op->count, body);
    if (status < 300 && relay->op == &PROXY_JOB_BEGIN && pick_text(body, "job", job, sizeof(job))) {
        char before[CALL_DETAIL_BYTES];
        (void)snprintf(before, sizeof(before), "%s", relay->call->detail);
        web_call_detail(relay->call, "job %s %s", job, before);
    }
}

/* Headers of the node's answer that pages read. */
static void pass_headers(struct relay *relay, const char *type)
{
    static const char *const NAMES[] = {"Gmq-Id", "Gmq-Topic", "Gmq-State", "Gmq-Body-Bytes", "Gmq-Truncated",
                                        "Gmq-Next", "Retry-After"};
    char value[HEADER_BYTES * 4];

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        struct slice header = httpc_header(relay->httpc, NAMES[i]);
        if (header.len > 0 && header.len < sizeof(value)) {
            (void)snprintf(value, sizeof(value), "%.*s", (int)header.len, header.ptr);
            web_call_header(relay->call, NAMES[i], value);
        }
    }
    if (strcmp(type, OCTETS) == 0 || strcmp(type, JSON_LINES) == 0)
        web_call_header(relay->call, "Content-Disposition", "attachment");
}

static void fail_without_answer(struct relay *relay, const struct httpc_result *result)
{
    char detail[DETAIL_BYTES];
    const char *why = feed_why(result->err);

    (void)snprintf(detail, sizeof(detail), "node %u at %s: %s", relay->node, relay->addr, why);
    if (strstr(why, "the reply is longer"))
        relay_fail(relay, GMQ_E_ANSWER_LIMIT, NULL);
    else
        relay_fail(relay, result->late ? GMQ_E_NODE_SLOW : GMQ_E_NODE_DOWN, detail);
}

static void on_answer(void *ctx, const struct httpc_result *result)
{
    struct relay *relay = ctx;
    struct web_call *call = relay->call;
    char code[64];

    if (result->err) {
        relay->httpc = NULL;
        fail_without_answer(relay, result);
        return;
    }
    const char *type = type_of(httpc_header(relay->httpc, "Content-Type"));
    if (result->status < 200 || result->status > 599 || (result->status >= 300 && result->status < 400)) {
        relay->httpc = NULL;
        relay_fail(relay, GMQ_E_NODE_DOWN, "the node's answer is none of gmq's");
        return;
    }
    note_answer(relay, result->status, result->body, code, sizeof(code));
    pass_headers(relay, type);
    relay->httpc = NULL;
    relay_free(relay);
    web_call_reply(call, result->status, type, result->body, code);
}

/* ---- the request ------------------------------------------------------------------------------------------------- */

/* What an URL's query is made of; nothing else can end it or begin a header. */
static bool query_ok(struct slice query)
{
    static const char OF[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:@/?";

    for (size_t i = 0; i < query.len; i++)
        if (query.ptr[i] == '\0' || !strchr(OF, query.ptr[i]))
            return false;
    return query.len <= PROXY_QUERY_BYTES;
}

/* The node's URL: the row's path behind /api/nodes/{id}, with the parts of this request. */
static bool put_url(struct buf *url, const struct relay *relay)
{
    static const char BEFORE[] = "/api/nodes/{id}";
    const struct web_call *call = relay->call;
    const char *at = call->route->path + sizeof(BEFORE) - 1;
    bool ok = buf_printf(url, "http://%s/api", relay->addr);

    for (size_t part = 1; *at != '\0';) {
        size_t len = strcspn(at, "{");
        ok = ok && buf_append(url, at, len);
        at += len;
        if (*at == '\0')
            break;
        struct slice text = web_call_part(call, part++);
        if (slice_is(text, ".") || slice_is(text, ".."))
            return false;
        ok = ok && url_append(url, text);
        at += strcspn(at, "}") + 1;
    }
    struct slice query = call->req->query;
    return ok && (query.len == 0 || (buf_append_str(url, "?") && buf_append(url, query.ptr, query.len))) &&
           buf_append(url, "", 1);
}

static void note_request(const struct relay *relay)
{
    struct web_call *call = relay->call;
    struct slice body = call->req->body, thing = web_call_part(call, 1);
    char name[TOPIC_NAME_BYTES_MAX + 1] = "";
    struct json_value topics;

    if (!call->route->action)
        return;
    if (relay->op->thing)
        web_call_target(call, "node %u, %s %.*s", relay->node, relay->op->thing, (int)thing.len, thing.ptr);
    else if (relay->op->named && pick_ok(body) && pick_text(body, relay->op->named, name, sizeof(name)))
        web_call_target(call, "node %u, topic %s", relay->node, name);
    else if (relay->op->pops && pick_ok(body) && pick(body, "topics", &topics))
        web_call_target(call, "node %u, topics %.*s", relay->node, (int)min_u64(topics.text.len, CALL_TARGET_BYTES),
                        topics.text.ptr);
    else
        web_call_target(call, "node %u", relay->node);
    if (relay->op->told && body.len > 0)
        web_call_detail(call, "%.*s%s", (int)min_u64(body.len, TOLD_BYTES), body.ptr,
                        body.len > TOLD_BYTES ? "..." : "");
}

/* How long the node may take: a pop says how long it waits. */
static unsigned time_ms(const struct relay *relay)
{
    struct slice body = relay->call->req->body;
    uint64_t wait_ms = 0;

    if (!relay->op->pops || !pick_ok(body) || !pick_u64(body, "wait_ms", &wait_ms))
        return PROXY_MS;
    return PROXY_MS + (unsigned)min_u64(wait_ms, WAIT_MS_MAX);
}

static int send_request(struct relay *relay, const char *url)
{
    const struct http_request *req = relay->call->req;
    bool reads = relay->call->route->action == NULL;
    char client[HEADER_BYTES];
    const char *headers[4] = {client, NULL};
    size_t count = 1;
    struct slice accept = http_header(req, "Accept");

    (void)snprintf(client, sizeof(client), "Gmq-Client: %s", relay->call->user);
    if (slice_is(accept, OCTETS) || slice_is(accept, JSON_LINES))
        headers[count++] = slice_is(accept, OCTETS) ? "Accept: " OCTETS : "Accept: " JSON_LINES;
    if (req->body.len > 0) {
        headers[count++] = form_type_is(req->content_type, HTTP_JSON) ? "Content-Type: " HTTP_JSON
                                                                      : "Content-Type: " OCTETS;
        relay->body = malloc(req->body.len);
        if (!relay->body)
            return -1;
        memcpy(relay->body, req->body.ptr, req->body.len);
    }
    const struct httpc_request out = {
        .url = url, .method = reads ? NULL : relay->call->route->method, .headers = headers,
        .body = slice_of(relay->body, reads ? 0 : req->body.len), .timeout_ms = time_ms(relay),
        .body_bytes_max = PROXY_ANSWER_BYTES, .keep = reads, .done = on_answer, .ctx = relay,
    };
    return httpc_get(relay->call->web->fleet->client, &out, &relay->httpc);
}

void proxy_call(struct web_call *call)
{
    struct web *web = call->web;
    const struct fleet_node *node = NULL;
    struct buf url;
    uint64_t id;

    if (num_parse_u64(web_call_part(call, 0), &id))
        node = fleet_listed(web->fleet, id);
    if (!node) {
        web_call_problem(call, GMQ_E_NODE_UNKNOWN, NULL);
        return;
    }
    struct relay *relay = mem_new(sizeof(*relay));
    *relay = (struct relay){.call = call, .op = call->route->of, .node = (uint32_t)id,
                            .pending.abandon = relay_abandon};
    memcpy(relay->addr, node->at.http_addr, sizeof(relay->addr));
    if (!side_add(web->side, call, &relay->pending)) {
        free(relay);
        return;
    }
    note_request(relay);
    int unwatched = http_watch(call->req);
    (void)unwatched; /* who cannot be watched is noticed to be gone when it is answered */
    buf_init(&url, URL_BYTES);
    call->ctx = relay;
    call->gone = browser_gone;
    if (!query_ok(call->req->query) || !put_url(&url, relay))
        relay_fail(relay, GMQ_E_VALUE, "the path or the query cannot be passed on");
    else if (send_request(relay, buf_data(&url)) < 0)
        relay_fail(relay, GMQ_E_MEMORY_LIMIT, NULL);
    buf_free(&url);
}
