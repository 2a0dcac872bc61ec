/* ping.c - every two seconds each node is asked whether it is there. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "gregister/service.h"
#include "net/clock.h"

enum { URL_BYTES = REGISTRY_ADDR_BYTES + 32, PING_BODY_BYTES = 65536 };

/* A ping under way. It ends before the next one to the same node begins. */
struct ping {
    struct list node;
    struct service *service;
    uint64_t serial;
};

static void note(struct service *service, uint64_t serial, bool good, const char *why)
{
    if (!registry_pinged(&service->registry, serial, good, clock_wall_ms()))
        return;
    const struct registry_node *node = registry_find(&service->registry, serial);
    if (good)
        log_info("registry", "node %u at %s is back", node->id, node->tcp_addr);
    else
        log_warn("registry", "node %u at %s missed %d pings and is not listed until it answers: %s", node->id,
                 node->tcp_addr, REGISTRY_MISSES_MAX, why);
    save_soon(service);
}

static void ping_done(void *ctx, const struct httpc_result *result)
{
    struct ping *ping = ctx;
    char why[64] = "";

    if (!result->err)
        (void)snprintf(why, sizeof(why), "the code is %u", result->status);
    note(ping->service, ping->serial, !result->err && result->status == 200, result->err ? result->err : why);
    list_remove(&ping->node);
    free(ping);
}

void ping_forget_all(struct service *service)
{
    for (struct list *node; (node = list_pop(&service->pings));)
        free(CONTAINER_OF(node, struct ping, node));
}

static void ping_node(struct service *service, const struct registry_node *node)
{
    char url[URL_BYTES];
    struct ping *ping = calloc(1, sizeof(*ping));

    if (!ping)
        return;
    *ping = (struct ping){.service = service, .serial = node->serial};
    (void)snprintf(url, sizeof(url), "http://%s/ping", node->http_addr);
    const struct httpc_request req = {.url = url, .timeout_ms = PING_TIMEOUT_MS, .body_bytes_max = PING_BODY_BYTES,
                                      .done = ping_done, .ctx = ping};
    if (httpc_get(service->client, &req, NULL) == 0)
        list_add_tail(&service->pings, &ping->node);
    else
        free(ping);
}

void ping_all(uv_timer_t *timer)
{
    struct service *service = timer->data;
    size_t gone = registry_forget(&service->registry, clock_wall_ms());

    if (gone > 0) {
        log_info("registry", "%zu nodes that were away for a day are forgotten", gone);
        save_soon(service);
    }
    for (size_t i = 0; i < service->registry.count; i++)
        ping_node(service, service->registry.nodes[i]);
}
