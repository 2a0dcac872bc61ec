/* presence.c - see presence.h. SPDX-License-Identifier: MIT */
#include "gnode/presence.h"

#include "app/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EVERY_MS = 10000, REGISTER_MS = 8000, LEAVE_MS = 1500, REPLY_BYTES_MAX = 65536, URL_BYTES = 2048 };

/* A registry's answer is good when it is the original's success envelope. */
static bool is_success(const struct httpc_result *result)
{
    static const char GOOD[] = "{\"code\":0,";

    return !result->err && result->status == 200 && result->body.len >= sizeof(GOOD) - 1 &&
           memcmp(result->body.ptr, GOOD, sizeof(GOOD) - 1) == 0;
}

/* Says once what is wrong, and again when it becomes something else. */
static void log_trouble(struct registry *registry, const struct httpc_result *result)
{
    char text[sizeof(registry->trouble)];

    if (result->err)
        (void)snprintf(text, sizeof(text), "%s", result->err);
    else
        (void)snprintf(text, sizeof(text), "it answered %u %.*s", result->status,
                       (int)min_u64(result->body.len, 160), result->body.ptr);
    if (strcmp(text, registry->trouble) == 0)
        return;
    memcpy(registry->trouble, text, sizeof(text));
    log_warn("register", "not registered at %s, trying on: %s", registry->url, text);
}

static void on_registered(void *ctx, const struct httpc_result *result)
{
    struct registry *registry = ctx;
    bool good = is_success(result);

    registry->call = NULL;
    if (!good)
        log_trouble(registry, result);
    else if (!registry->registered)
        log_info("register", "registered at %s", registry->url);
    if (good)
        registry->trouble[0] = '\0';
    registry->registered = good;
}

static void ask(struct registry *registry, const char *query, unsigned timeout_ms, httpc_done *done)
{
    char url[URL_BYTES];
    struct httpc_request req = {.url = url, .timeout_ms = timeout_ms, .body_bytes_max = REPLY_BYTES_MAX, .done = done,
                                .ctx = registry};

    (void)snprintf(url, sizeof(url), "%s/%s", registry->url, query);
    if (httpc_get(registry->presence->client, &req, &registry->call) < 0)
        registry->call = NULL;
}

static void register_at(struct registry *registry)
{
    const struct presence *presence = registry->presence;
    char query[URL_BYTES / 2];

    if (registry->call)
        return;
    (void)snprintf(query, sizeof(query), "register?tcp_addr=%s&http_addr=%s&weight=%llu&node_id=%llu",
                   presence->tcp_addr, presence->http_addr, (unsigned long long)presence->settings->node_weight,
                   (unsigned long long)presence->settings->node_id);
    ask(registry, query, REGISTER_MS, on_registered);
}

static void on_timer(uv_timer_t *timer)
{
    struct presence *presence = CONTAINER_OF(timer, struct presence, timer);

    for (size_t i = 0; i < presence->settings->register_count; i++)
        register_at(&presence->registries[i]);
}

/* The address others reach the node at: what the setting says, else what it listens on, by the host's name. */
static void advertise(char to[ADDR_TEXT_BYTES], const char *report, const struct addr *bound, unsigned port,
                      const char *door)
{
    struct addr addr = *bound;

    if (report[0] != '\0') {
        (void)snprintf(to, ADDR_TEXT_BYTES, "%s", report);
        return;
    }
    addr.port = (uint16_t)port;
    if (addr_is_wildcard(&addr) && gethostname(addr.host, sizeof(addr.host) - 1) == 0) {
        addr_format(&addr, to);
        log_warn("register", "%s listens on all interfaces and no -report_%s_addr is set: others are told %s", door,
                 door, to);
        return;
    }
    addr_format(&addr, to);
}

int presence_open(struct presence *presence, uv_loop_t *loop, const struct gnode_settings *settings, unsigned tcp_port,
                  unsigned http_port)
{
    *presence = (struct presence){.settings = settings};
    if (settings->register_count == 0)
        return 0;
    int rc = httpc_open(&presence->client, loop);
    if (rc < 0)
        return rc;
    advertise(presence->tcp_addr, settings->report_tcp_addr, &settings->tcp, tcp_port, "tcp");
    advertise(presence->http_addr, settings->report_http_addr, &settings->http, http_port, "http");
    for (size_t i = 0; i < settings->register_count; i++)
        presence->registries[i] = (struct registry){.presence = presence, .url = settings->registers[i]};
    presence->open = true;
    (void)uv_timer_init(loop, &presence->timer);
    return uv_timer_start(&presence->timer, on_timer, 0, EVERY_MS);
}

static void on_left(void *ctx, const struct httpc_result *result)
{
    struct registry *registry = ctx;

    registry->call = NULL;
    registry->presence->leaving--;
    if (is_success(result))
        log_info("register", "unregistered at %s", registry->url);
    else
        log_trouble(registry, result);
}

void presence_leave(struct presence *presence)
{
    char query[URL_BYTES / 2];

    if (!presence->open)
        return;
    (void)uv_timer_stop(&presence->timer);
    (void)snprintf(query, sizeof(query), "unregister?tcp_addr=%s", presence->tcp_addr);
    for (size_t i = 0; i < presence->settings->register_count; i++) {
        struct registry *registry = &presence->registries[i];
        bool asked = registry->call != NULL;
        if (asked)
            httpc_cancel(registry->call);
        registry->call = NULL;
        if (!registry->registered && !asked)
            continue;
        presence->leaving++;
        ask(registry, query, LEAVE_MS, on_left);
        if (!registry->call)
            presence->leaving--;
    }
}

bool presence_left(const struct presence *presence) { return presence->leaving == 0; }

void presence_close(struct presence *presence)
{
    if (!presence->open)
        return;
    presence->open = false;
    httpc_close(presence->client);
    uv_close((uv_handle_t *)&presence->timer, NULL);
}
