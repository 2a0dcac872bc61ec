/* http_api.c - the registry's HTTP API: register, unregister, editWeight, getNodes. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gregister/service.h"
#include "wire/form.h"

enum { QUERY_BYTES = 16384 };

/* Copies a parameter of the query; "" when it is missing. False when it is longer than an address may be. */
static bool take_text(const struct http_request *req, const char *name, char to[REGISTRY_ADDR_BYTES])
{
    struct buf scratch;
    struct slice value;
    bool good = true;

    to[0] = '\0';
    buf_init(&scratch, QUERY_BYTES);
    if (form_get(req->query, name, &scratch, &value)) {
        good = value.len < REGISTRY_ADDR_BYTES && (value.len == 0 || !memchr(value.ptr, '\0', value.len));
        if (good && value.len > 0)
            memcpy(to, value.ptr, value.len);
        to[good ? value.len : 0] = '\0';
    }
    buf_free(&scratch);
    return good;
}

/* A number as the original reads it: 0 when it is missing or none. */
static int64_t take_number(const struct http_request *req, const char *name)
{
    char text[REGISTRY_ADDR_BYTES];

    return take_text(req, name, text) ? num_go_atoi(slice_str(text)) : 0;
}

/* What stands in an address goes into an URL: only what a host and a port are made of. */
static bool is_addr(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%")] == '\0';
}

static uint32_t clamp(int64_t number)
{
    return number < 0 ? 0 : (uint32_t)min_u64((uint64_t)number, UINT32_MAX);
}

static void api_register(struct service *service, struct http_request *req)
{
    struct registry_node node = {.id = 0};
    char text[REGISTRY_TEXT_BYTES];
    const char *why;

    if (!take_text(req, "tcp_addr", node.tcp_addr) || !take_text(req, "http_addr", node.http_addr)) {
        answer_error(req, "address is too long");
        return;
    }
    node.id = clamp(take_number(req, "node_id"));
    node.weight = clamp(take_number(req, "weight"));
    why = registry_conflict(&service->registry, &node, text);
    if (!why && !is_addr(node.http_addr)) {
        (void)snprintf(text, sizeof(text), "parse \"http://%s/ping\": invalid character in host name",
                       node.http_addr);
        why = text;
    }
    if (why)
        answer_error(req, why);
    else
        join_begin(service, &node, req);
}

static void finish_change(struct service *service, struct http_request *req, const char *why)
{
    if (why)
        answer_error(req, why);
    else
        save_then_answer(service, req);
}

static void api_unregister(struct service *service, struct http_request *req)
{
    char addr[REGISTRY_ADDR_BYTES];
    const char *why = "addr is not exist";

    if (take_text(req, "tcp_addr", addr))
        why = registry_remove(&service->registry, addr);
    if (!why)
        log_info("registry", "node at %s has left", addr);
    finish_change(service, req, why);
}

static void api_edit_weight(struct service *service, struct http_request *req)
{
    char addr[REGISTRY_ADDR_BYTES];
    int64_t weight = take_number(req, "weight");
    const char *why = registry_bad_weight(weight);

    if (!why)
        why = take_text(req, "tcp_addr", addr) ? registry_edit_weight(&service->registry, addr, weight)
                                               : "node is not exist";
    if (!why)
        log_info("registry", "node at %s has weight %lld", addr, (long long)weight);
    finish_change(service, req, why);
}

static void api_get_nodes(struct service *service, struct http_request *req)
{
    struct buf body;

    buf_init(&body, 4 * REGISTRY_FILE_BYTES);
    if (registry_write_nodes(&service->registry, &body))
        http_reply_buf(req, 200, HTTP_JSON, &body);
    else
        http_drop(req);
    buf_free(&body);
}

void http_api_handle(void *ctx, struct http_request *req)
{
    static const struct {
        const char *path;
        void (*call)(struct service *service, struct http_request *req);
    } calls[] = {
        {"/register", api_register},
        {"/unregister", api_unregister},
        {"/editWeight", api_edit_weight},
        {"/getNodes", api_get_nodes},
    };

    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (slice_is(req->path, calls[i].path)) {
            calls[i].call(ctx, req);
            return;
        }
    http_reply(req, 404, HTTP_TEXT, slice_str("not found"));
}
