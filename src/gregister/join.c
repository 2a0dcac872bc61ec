/*
 * join.c - a node registers: its doors are tried, then it is listed
 *
 *   begin --> HTTP door (GET /ping) --> TCP door --> listed, saved, answered
 *                  '-- no answer ----------'-- refused, with the reason in Go's words
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gregister/service.h"
#include "net/clock.h"

enum { URL_BYTES = REGISTRY_ADDR_BYTES + 32, PING_BODY_BYTES = 65536 };

struct join {
    struct list node;
    struct service *service;
    struct registry_node entry;
    struct http_request *req; /* NULL once its client is gone; the node is listed all the same */
    struct httpc_call *ping;
    struct tcp_probe *probe;
};

static void join_free(struct join *join)
{
    if (join->ping)
        httpc_cancel(join->ping);
    if (join->probe)
        tcp_probe_cancel(join->probe);
    if (join->req) {
        join->req->on_gone = NULL;
        join->req->user = NULL;
    }
    list_remove(&join->node);
    join->service->join_count--;
    free(join);
}

static void join_refuse(struct join *join, const char *why)
{
    struct http_request *req = join->req;

    log_info("registry", "node %u at %s, %s is refused: %s", join->entry.id, join->entry.tcp_addr,
             join->entry.http_addr, why);
    join_free(join);
    if (req)
        answer_error(req, why);
}

static void join_list(struct join *join)
{
    struct service *service = join->service;
    struct http_request *req = join->req;
    char text[REGISTRY_TEXT_BYTES];
    const char *why = registry_add(&service->registry, &join->entry, clock_wall_ms(), text);

    if (why) {
        join_refuse(join, why);
        return;
    }
    log_info("registry", "node %u is listed: tcp %s, http %s, weight %u", join->entry.id, join->entry.tcp_addr,
             join->entry.http_addr, join->entry.weight);
    join_free(join);
    if (req)
        save_then_answer(service, req);
    else
        save_soon(service);
}

static void tcp_probed(void *ctx, const char *err)
{
    struct join *join = ctx;

    join->probe = NULL;
    if (err)
        join_refuse(join, err);
    else
        join_list(join);
}

static void http_pinged(void *ctx, const struct httpc_result *result)
{
    struct join *join = ctx;
    char why[REGISTRY_TEXT_BYTES];

    join->ping = NULL;
    if (result->err) {
        join_refuse(join, result->err);
        return;
    }
    if (result->status != 200) {
        (void)snprintf(why, sizeof(why), "register http addr http://%s/ping failed, the code is %u",
                       join->entry.http_addr, result->status);
        join_refuse(join, why);
        return;
    }
    if (tcp_probe(&join->probe, join->service->loop, slice_str(join->entry.tcp_addr), PROBE_TIMEOUT_MS, tcp_probed,
                  join) != 0)
        join_refuse(join, "out of memory");
}

static void join_gone(struct http_request *req)
{
    struct join *join = req->user;

    join->req = NULL;
}

void join_begin(struct service *service, const struct registry_node *node, struct http_request *req)
{
    struct join *join = service->join_count < JOINS_MAX ? calloc(1, sizeof(*join)) : NULL;
    char url[URL_BYTES];

    if (!join) {
        answer_error(req, "too many registrations at a time");
        return;
    }
    join->service = service;
    join->entry = *node;
    join->req = req;
    req->user = join;
    req->on_gone = join_gone;
    list_add_tail(&service->joins, &join->node);
    service->join_count++;
    (void)snprintf(url, sizeof(url), "http://%s/ping", node->http_addr);
    const struct httpc_request ping = {.url = url, .timeout_ms = PROBE_TIMEOUT_MS, .body_bytes_max = PING_BODY_BYTES,
                                       .done = http_pinged, .ctx = join};
    if (httpc_get(service->client, &ping, &join->ping) != 0)
        join_refuse(join, "out of memory");
}

void join_cancel_all(struct service *service)
{
    while (!list_empty(&service->joins))
        join_refuse(CONTAINER_OF(service->joins.next, struct join, node), "the registry is stopping");
}
