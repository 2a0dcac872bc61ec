/* fleet_ask.c - what registries and nodes are asked, and what they answer. SPDX-License-Identifier: MIT */
#include "gweb/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "base/mem.h"
#include "gweb/pick.h"

enum { URL_BYTES = 4096, LIST_BYTES_MAX = 4 << 20, FACTS_BYTES_MAX = 256 << 10, WEIGHT_MAX = INT32_MAX };

/* ---- registries -------------------------------------------------------------------------------------------------- */

/* An address goes into an URL: only what a host and a port are made of, and there must be a port. */
static bool is_addr(const char *text)
{
    static const char OF[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%";
    const char *colon = strrchr(text, ':');

    return text[strspn(text, OF)] == '\0' && colon && colon[1] != '\0' &&
           colon[strspn(colon + 1, "0123456789") + 1] == '\0';
}

static bool read_listed(struct slice json, struct fleet_listed *ret)
{
    uint64_t id, weight, tls = 0;

    memset(ret, 0, sizeof(*ret));
    if (!pick_u64(json, "id", &id) || id < 1 || id > MODEL_NODE_MAX || !pick_u64(json, "weight", &weight) ||
        !pick_text(json, "tcp_addr", ret->tcp_addr, sizeof(ret->tcp_addr)) ||
        !pick_text(json, "http_addr", ret->http_addr, sizeof(ret->http_addr)) || !is_addr(ret->http_addr))
        return false;
    if (!pick_text(json, "join_time", ret->joined, sizeof(ret->joined)))
        ret->joined[0] = '\0';
    ret->id = (uint32_t)id;
    ret->weight = (uint32_t)min_u64(weight, WEIGHT_MAX);
    ret->http_tls = pick_u64(json, "http_tls", &tls) && tls != 0;
    return true;
}

bool fleet_read_list(struct slice json, struct fleet_listed **ret, size_t *ret_count)
{
    struct json_value nodes, one;
    struct fleet_listed *list = NULL;
    size_t count = 0;
    uint64_t code;

    if (!pick_ok(json) || !pick_u64(json, "code", &code) || code != 0 || !pick(json, "data.nodes", &nodes) ||
        (nodes.kind != JSON_ARRAY && nodes.kind != JSON_NULL))
        return false;
    if (nodes.kind == JSON_ARRAY) {
        struct slice rest = json_walk_inside(&nodes);
        while (count < MODEL_NODE_MAX && json_walk_element(&rest, &one)) {
            list = mem_grow(list, count + 1, sizeof(list[0]));
            if (read_listed(one.text, &list[count]))
                count++;
        }
    }
    *ret = list;
    *ret_count = count;
    return true;
}

static void note_registry(struct fleet_registry *registry, bool ok, const char *detail)
{
    if (!ok && (registry->ok || !registry->answered))
        log_warn("fleet", "registry %s: %s", registry->url, detail);
    else if (ok && !registry->ok)
        log_info("fleet", "registry %s answers, it lists %zu nodes", registry->url, registry->count);
    registry->ok = ok;
    registry->answered = true;
    (void)snprintf(registry->detail, sizeof(registry->detail), "%s", detail);
}

static void on_list(void *ctx, const struct httpc_result *result)
{
    struct fleet_registry *registry = ctx;
    struct fleet_listed *list;
    char why[64];
    size_t count;

    registry->call = NULL;
    if (result->err) {
        note_registry(registry, false, feed_why(result->err));
    } else if (result->status != 200) {
        (void)snprintf(why, sizeof(why), "it answers with status %u", result->status);
        note_registry(registry, false, why);
    } else if (!fleet_read_list(result->body, &list, &count)) {
        note_registry(registry, false, "its answer cannot be read");
    } else {
        free(registry->listed);
        registry->listed = list;
        registry->count = count;
        note_registry(registry, true, "");
        fleet_merge(registry->fleet);
    }
}

void fleet_ask_registries(struct fleet *fleet)
{
    char url[URL_BYTES];

    for (size_t i = 0; i < fleet->registry_count; i++) {
        struct fleet_registry *registry = &fleet->registries[i];
        if (registry->call)
            continue;
        (void)snprintf(url, sizeof(url), "%s/getNodes", registry->url);
        const struct httpc_request req = {.url = url, .timeout_ms = FLEET_ASK_TIMEOUT_MS, .keep = true,
                                          .body_bytes_max = LIST_BYTES_MAX, .done = on_list, .ctx = registry};
        if (httpc_get(fleet->client, &req, &registry->call) < 0)
            note_registry(registry, false, "no memory for a call");
    }
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

static void take_facts(struct fleet_node *node, struct slice json)
{
    struct json_value reasons;

    if (!pick_text(json, "version", node->version, sizeof(node->version)))
        node->version[0] = '\0';
    if (!pick_u64(json, "log.sync_ns_last", &node->sync_ns_last) ||
        !pick_u64(json, "log.sync_ns_max", &node->sync_ns_max))
        node->sync_ns_last = node->sync_ns_max = 0;
    free(node->reasons);
    node->reasons = NULL;
    if (pick(json, "reasons", &reasons) && reasons.kind == JSON_ARRAY && reasons.text.len < FLEET_REASONS_BYTES &&
        !memchr(reasons.text.ptr, '\n', reasons.text.len) && !memchr(reasons.text.ptr, '\r', reasons.text.len)) {
        node->reasons = mem_new(reasons.text.len + 1);
        memcpy(node->reasons, reasons.text.ptr, reasons.text.len);
    }
    node->has_facts = true;
    node->slow[0] = '\0';
}

static void on_facts(void *ctx, const struct httpc_result *result)
{
    struct fleet_node *node = ctx;

    node->facts_call = NULL;
    if (!result->err && result->status == 200 && pick_ok(result->body)) {
        take_facts(node, result->body);
        return;
    }
    node->has_facts = false;
    (void)snprintf(node->slow, sizeof(node->slow), "GET /api/v1/node: %s",
                   result->err ? feed_why(result->err) : "its answer cannot be read");
}

void fleet_ask_facts(struct fleet_node *node)
{
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "http://%s/api/v1/node", node->at.http_addr);
    const struct httpc_request req = {.url = url, .timeout_ms = FACTS_TIMEOUT_MS, .body_bytes_max = FACTS_BYTES_MAX,
                                      .keep = true, .done = on_facts, .ctx = node};
    if (httpc_get(node->fleet->client, &req, &node->facts_call) < 0)
        node->facts_call = NULL;
}
