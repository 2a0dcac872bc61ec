/* api_fleet.c - see api_fleet.h. SPDX-License-Identifier: MIT */
#include "gweb/api_fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "gweb/pick.h"
#include "gweb/side.h"
#include "gweb/web.h"
#include "wire/json.h"
#include "wire/topic_name.h"

enum {
    CHANGE_MS = 10000, /* a registry tries both doors of a node before it answers */
    URL_BYTES = 4096,
    ANSWER_BYTES = 64 << 10,
    PAST_BYTES = 1 << 20,
    SAID_BYTES = 512,
};

/* ---- what is known ----------------------------------------------------------------------------------------------- */

void api_fleet_get(struct web_call *call)
{
    struct buf body;

    buf_init(&body, LIVE_FLEET_BYTES);
    bool ok = buf_append_str(&body, "{") && fleet_write(call->web->fleet, &body) && buf_append_str(&body, "}");
    web_call_json(call, 200, &body, ok);
}

/* The number of a query's `node`; 0 = none is given. */
static bool query_node(const struct web_call *call, uint64_t *ret)
{
    struct buf scratch;
    struct slice text;

    *ret = 0;
    buf_init(&scratch, ANSWER_BYTES);
    bool ok = !web_call_query(call, "node", &scratch, &text) ||
              (num_parse_u64(text, ret) && *ret >= 1 && *ret <= MODEL_NODE_MAX);
    buf_free(&scratch);
    return ok;
}

void api_past(struct web_call *call)
{
    struct slice topic = slice_of(NULL, 0);
    struct buf body, scratch;
    uint64_t node;

    buf_init(&scratch, ANSWER_BYTES);
    buf_init(&body, PAST_BYTES);
    if (!query_node(call, &node))
        web_call_problem(call, GMQ_E_VALUE, "node must be 1 to 1024");
    else if (web_call_query(call, "topic", &scratch, &topic) && topic_name_check(topic) != 0)
        web_call_problem(call, GMQ_E_TOPIC_NAME, NULL);
    else {
        bool ok = past_write(&call->web->side->past, (uint32_t)node, topic, &body);
        web_call_json(call, 200, &body, ok);
    }
    buf_free(&body);
    buf_free(&scratch);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

struct said {
    struct change *change;
    struct httpc_call *call;
    bool ok, refused;      /* refused: it answered, and said no */
    char text[SAID_BYTES]; /* why not */
};

/* A change of all registries' lists. */
struct change {
    struct side_pending pending;
    struct web_call *call;
    size_t waiting;
    struct said said[FLEET_REGISTRIES_MAX];
};

static bool write_said(const struct change *change, struct buf *out)
{
    const struct fleet *fleet = change->call->web->fleet;
    bool ok = buf_append_str(out, "{\"registries\":[");

    for (size_t i = 0; i < fleet->registry_count; i++) {
        const struct said *said = &change->said[i];
        ok = ok && buf_append_str(out, i > 0 ? ",{\"url\":" : "{\"url\":") &&
             json_append_string(out, slice_str(fleet->registries[i].url)) &&
             buf_printf(out, ",\"ok\":%s,\"detail\":", said->ok ? "true" : "false") &&
             (said->ok ? buf_append_str(out, "null") : json_append_string(out, slice_str(said->text))) &&
             buf_append_str(out, "}");
    }
    return ok && buf_append_str(out, "]}");
}

/* Says which failed and why; with one registry, its text alone. */
static void answer_failed(struct change *change, bool refused)
{
    const struct fleet *fleet = change->call->web->fleet;
    struct buf text;

    buf_init(&text, ANSWER_BYTES);
    bool ok = true;
    for (size_t i = 0; i < fleet->registry_count; i++) {
        const struct said *said = &change->said[i];
        if (fleet->registry_count == 1)
            ok = ok && buf_append_str(&text, said->text);
        else
            ok = ok && buf_printf(&text, "%s%s: %s", i > 0 ? "; " : "", fleet->registries[i].url,
                                  said->ok ? "done" : said->text);
    }
    ok = ok && buf_append(&text, "", 1);
    web_call_problem(change->call, refused ? GMQ_E_REGISTRY_REFUSED : GMQ_E_REGISTRY_DOWN, ok ? buf_data(&text) : NULL);
    buf_free(&text);
}

static void change_end(struct change *change)
{
    struct web *web = change->call->web;
    bool all_ok = true, refused = false;
    struct buf body;

    side_remove(web->side, &change->pending);
    fleet_hurry(web->fleet);
    for (size_t i = 0; i < web->fleet->registry_count; i++) {
        all_ok = all_ok && change->said[i].ok;
        refused = refused || change->said[i].refused;
    }
    if (all_ok) {
        buf_init(&body, ANSWER_BYTES);
        bool ok = write_said(change, &body);
        web_call_json(change->call, 200, &body, ok);
    } else {
        answer_failed(change, refused);
    }
    free(change);
}

static void on_said(void *ctx, const struct httpc_result *result)
{
    struct said *said = ctx;
    uint64_t code;

    said->call = NULL;
    if (result->err) {
        (void)snprintf(said->text, sizeof(said->text), "%s", feed_why(result->err));
    } else if (result->status != 200 || !pick_ok(result->body) || !pick_u64(result->body, "code", &code)) {
        (void)snprintf(said->text, sizeof(said->text), "its answer cannot be read");
    } else {
        said->ok = code == 0;
        said->refused = code != 0;
        if (!said->ok && !pick_text(result->body, "msg", said->text, sizeof(said->text)))
            (void)snprintf(said->text, sizeof(said->text), "it refuses");
    }
    if (--said->change->waiting == 0)
        change_end(said->change);
}

static void change_abandon(struct side_pending *pending)
{
    struct change *change = CONTAINER_OF(pending, struct change, pending);

    for (size_t i = 0; i < ARRAY_LEN(change->said); i++)
        if (change->said[i].call)
            httpc_cancel(change->said[i].call);
    side_remove(change->call->web->side, pending);
    web_call_problem(change->call, GMQ_E_REGISTRY_DOWN, "gweb is stopping");
    free(change);
}

/* Asks every registry for what `path` says, "/register?node_id=1". */
static void change_begin(struct web_call *call, const char *path)
{
    struct web *web = call->web;
    struct change *change = mem_new(sizeof(*change));
    char url[URL_BYTES];

    if (web->fleet->registry_count == 0) {
        free(change);
        web_call_problem(call, GMQ_E_REGISTRY_DOWN, "register_addr names no registry");
        return;
    }
    change->call = call;
    change->pending.abandon = change_abandon;
    if (!side_add(web->side, call, &change->pending)) {
        free(change);
        return;
    }
    for (size_t i = 0; i < web->fleet->registry_count; i++) {
        struct said *said = &change->said[i];
        said->change = change;
        (void)snprintf(url, sizeof(url), "%s%s", web->fleet->registries[i].url, path);
        const struct httpc_request req = {.url = url, .timeout_ms = CHANGE_MS, .body_bytes_max = ANSWER_BYTES,
                                          .done = on_said, .ctx = said};
        if (httpc_get(web->fleet->client, &req, &said->call) == 0)
            change->waiting++;
        else
            (void)snprintf(said->text, sizeof(said->text), "it cannot be asked");
    }
    if (change->waiting == 0)
        change_end(change);
}

/* `path` is taken. */
static void change_path(struct web_call *call, struct buf *path, bool ok)
{
    if (ok && buf_append(path, "", 1))
        change_begin(call, buf_data(path));
    else
        web_call_problem(call, GMQ_E_VALUE, "an address is too long");
    buf_free(path);
}

/* Whether the body is an object with these members and no others. */
static bool body_has_only(struct slice body, const char *const *names)
{
    struct slice rest, key;

    if (!pick_ok(body))
        return false;
    struct json_value value = json_walk_value(body);
    if (value.kind != JSON_OBJECT)
        return false;
    for (rest = json_walk_inside(&value); json_walk_member(&rest, &key, &value);) {
        size_t i = 0;
        while (names[i] && !slice_is(key, names[i]))
            i++;
        if (!names[i])
            return false;
    }
    return true;
}

void api_fleet_register(struct web_call *call)
{
    static const char *const NAMES[] = {"node_id", "tcp_addr", "http_addr", "weight", NULL};
    char tcp[FLEET_ADDR_BYTES], http[FLEET_ADDR_BYTES];
    struct slice body = call->req->body;
    uint64_t id, weight;
    struct buf path;

    if (!body_has_only(body, NAMES) || !pick_u64(body, "node_id", &id) || !pick_u64(body, "weight", &weight) ||
        !pick_text(body, "tcp_addr", tcp, sizeof(tcp)) || !pick_text(body, "http_addr", http, sizeof(http)) ||
        id < 1 || id > MODEL_NODE_MAX || weight < 1 || weight > INT32_MAX) {
        web_call_problem(call, GMQ_E_VALUE,
                         "it takes node_id 1 to 1024, tcp_addr, http_addr, and weight 1 to 2147483647");
        return;
    }
    web_call_target(call, "node %" PRIu64, id);
    web_call_detail(call, "tcp %s, http %s, weight %" PRIu64, tcp, http, weight);
    buf_init(&path, URL_BYTES / 2);
    bool ok = buf_printf(&path, "/register?node_id=%" PRIu64 "&weight=%" PRIu64 "&tcp_addr=", id, weight) &&
              url_append(&path, slice_str(tcp)) && buf_append_str(&path, "&http_addr=") &&
              url_append(&path, slice_str(http));
    change_path(call, &path, ok);
}

/* The node that the path names, listed or left not long ago; NULL, and the call is answered. */
static const struct fleet_node *node_of(struct web_call *call)
{
    uint64_t id;

    if (num_parse_u64(web_call_part(call, 0), &id) && id >= 1 && id <= MODEL_NODE_MAX && call->web->fleet->nodes[id]) {
        web_call_target(call, "node %" PRIu64, id);
        return call->web->fleet->nodes[id];
    }
    web_call_problem(call, GMQ_E_NODE_UNKNOWN, NULL);
    return NULL;
}

void api_fleet_weight(struct web_call *call)
{
    static const char *const NAMES[] = {"weight", NULL};
    const struct fleet_node *node = node_of(call);
    uint64_t weight;
    struct buf path;

    if (!node)
        return;
    if (!body_has_only(call->req->body, NAMES) || !pick_u64(call->req->body, "weight", &weight) || weight < 1 ||
        weight > INT32_MAX) {
        web_call_problem(call, GMQ_E_VALUE, "it takes weight 1 to 2147483647");
        return;
    }
    web_call_detail(call, "weight %" PRIu64, weight);
    buf_init(&path, URL_BYTES / 2);
    bool ok = buf_printf(&path, "/editWeight?weight=%" PRIu64 "&tcp_addr=", weight) &&
              url_append(&path, slice_str(node->at.tcp_addr));
    change_path(call, &path, ok);
}

void api_fleet_unregister(struct web_call *call)
{
    const struct fleet_node *node = node_of(call);
    struct buf path;

    if (!node)
        return;
    web_call_detail(call, "tcp %s", node->at.tcp_addr);
    buf_init(&path, URL_BYTES / 2);
    bool ok = buf_append_str(&path, "/unregister?tcp_addr=") && url_append(&path, slice_str(node->at.tcp_addr));
    change_path(call, &path, ok);
}
