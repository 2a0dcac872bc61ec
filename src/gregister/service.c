/* service.c - the registry's start and end. SPDX-License-Identifier: MIT */
#include "gregister/service.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/file.h"

enum { STOP_TURN_MS = 10, HEAD_BYTES = 16 * 1024, BODY_BYTES = 64 * 1024 };

static int load(struct service *service)
{
    struct buf bytes;
    int err;

    buf_init(&bytes, REGISTRY_FILE_BYTES);
    err = file_load(service->directory, "nodes", &bytes);
    if (err == -ENOENT) {
        err = 0;
        goto out;
    }
    if (err == 0)
        err = registry_decode(&service->registry, buf_slice(&bytes));
    if (err == 0) {
        log_info("registry", "%zu nodes are known from before", service->registry.count);
    } else if (err == -ENOTSUP) {
        log_error("store", "%s/nodes was written by a newer gregister", service->directory);
    } else if (err == -EBADMSG || err == -EFBIG) {
        log_error("store", "%s/nodes is damaged and is set aside as nodes.bad; nodes have to register again",
                  service->directory);
        err = file_set_aside(service->directory, "nodes");
    } else {
        log_error("store", "%s/nodes cannot be read: %s", service->directory, strerror(-err));
    }
out:
    buf_free(&bytes);
    return err;
}

static void on_complaint(void *ctx, const char *text)
{
    (void)ctx;
    log_debug("http", "%s", text);
}

static int open_doors(struct service *service, const struct service_options *opt)
{
    const struct http_options http = {
        .listen_fd = opt->listen_fd, .connections_max = opt->connections_max, .head_bytes_max = HEAD_BYTES,
        .body_bytes_max = BODY_BYTES, .complain = on_complaint,
    };
    int err = http_server_open(&service->http, service->loop, &http, http_api_handle, service);

    if (err != 0) {
        log_error("http", "the HTTP server cannot start: %s", strerror(-err));
        return err;
    }
    err = httpc_open(&service->client, service->loop);
    if (err != 0)
        return err;
    ENSURE(uv_timer_init(service->loop, &service->ping_timer) == 0);
    ENSURE(uv_timer_init(service->loop, &service->stop_timer) == 0);
    service->ping_timer.data = service->stop_timer.data = service;
    service->timers_open = true;
    return uv_timer_start(&service->ping_timer, ping_all, PING_EVERY_MS, PING_EVERY_MS);
}

int service_open(struct service *service, uv_loop_t *loop, const struct service_options *opt)
{
    *service = (struct service){.loop = loop, .directory = opt->directory};
    list_init(&service->joins);
    list_init(&service->pings);
    list_init(&service->answers_next);
    list_init(&service->answers_now);
    buf_init(&service->saved_bytes, REGISTRY_FILE_BYTES);
    int err = registry_init(&service->registry);
    if (err == 0)
        err = load(service);
    if (err != 0) {
        (void)close(opt->listen_fd);
        return err;
    }
    return open_doors(service, opt);
}

/* Every connection that still has an answer to get may get it; then the loop ends. */
static void stop_turn(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if ((http_server_requests(service->http) > 0 || service->saving) &&
        ++service->stop_turns < STOP_MS_MAX / STOP_TURN_MS)
        return;
    (void)uv_timer_stop(timer);
    uv_stop(service->loop);
}

void service_stop(struct service *service)
{
    if (service->stop_turns > 0)
        return;
    service->stop_turns = 1;
    http_server_stop_accepting(service->http);
    (void)uv_timer_stop(&service->ping_timer);
    join_cancel_all(service);
    (void)uv_timer_start(&service->stop_timer, stop_turn, 0, STOP_TURN_MS);
}

void service_close(struct service *service)
{
    join_cancel_all(service);
    httpc_close(service->client);
    ping_forget_all(service);
    service->stopping = true;
    http_server_close(service->http);
    if (service->timers_open) {
        uv_close((uv_handle_t *)&service->ping_timer, NULL);
        uv_close((uv_handle_t *)&service->stop_timer, NULL);
    }
    while (uv_loop_alive(service->loop))
        (void)uv_run(service->loop, UV_RUN_DEFAULT);
    save_at_end(service);
    buf_free(&service->saved_bytes);
    registry_fini(&service->registry);
}
