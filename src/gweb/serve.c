/*
 * serve.c - every request comes in here: who is it, may it, and whose is it
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "gweb/guard.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "wire/form.h"

static const char CSP[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                          "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
                          "frame-ancestors 'none'";

const struct http_fixed_header WEB_HEADERS[] = {
    {"Content-Security-Policy", CSP},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {NULL, NULL},
};

static bool is_api(struct slice path)
{
    static const char API[] = "/api/";

    return slice_is(path, "/api") || (path.len >= sizeof(API) - 1 && memcmp(path.ptr, API, sizeof(API) - 1) == 0);
}

/* Finds out who asks. Everybody is an admin where nobody logs in. */
static void identify(struct web_call *call)
{
    struct web *web = call->web;
    struct slice token;
    const char *name = WEB_USER_WITHOUT_LOGIN;
    size_t len = http_peer_host(call->req, call->address, sizeof(call->address) - 1);

    call->address[len] = '\0';
    if (web->settings->auth) {
        if (!cookie_get(http_header(call->req, "Cookie"), WEB_COOKIE, &token))
            return;
        call->session = sessions_find(&web->sessions, token, clock_boot_ms());
        if (!call->session)
            return;
        name = call->session->user;
    }
    call->role = call->session ? call->session->role : ROLE_ADMIN;
    memcpy(call->user, name, strlen(name) + 1);
}

/* What forbids it, or 0. */
static int refuse(const struct web_call *call, const struct route_match *match)
{
    const struct http_request *req = call->req;

    if (call->role == ROLE_ANYBODY && (!match->route || match->route->role != ROLE_ANYBODY))
        return GMQ_E_LOGIN_NEEDED;
    if (!match->route)
        return match->allow[0] != '\0' ? GMQ_E_METHOD : GMQ_E_NOT_FOUND;
    if (call->role < match->route->role)
        return GMQ_E_ROLE;
    if (req->body.len > 0 && !match->route->octets && !form_type_is(req->content_type, HTTP_JSON))
        return GMQ_E_CONTENT_TYPE;
    return 0;
}

static void serve_api(struct web *web, struct http_request *req)
{
    struct web_call *call = web_call_new(web, req);
    struct route_match match;

    if (!call)
        return;
    identify(call);
    route_find(ROUTES, ROUTES_COUNT, req->method, call->path, &match);
    call->route = match.route;
    memcpy(call->parts, match.parts, sizeof(call->parts));
    call->part_count = match.part_count;
    web_call_target(call, "%.*s", (int)min_u64(web_call_part(call, 0).len, CALL_TARGET_BYTES),
                    call->part_count > 0 ? web_call_part(call, 0).ptr : "");
    int err = refuse(call, &match);
    if (err == GMQ_E_METHOD)
        web_call_header(call, "Allow", match.allow);
    if (err == 0)
        match.route->fn(call);
    else
        web_call_problem(call, err, err == GMQ_E_CONTENT_TYPE ? "the body must be " HTTP_JSON : NULL);
}

static void serve_health(struct web *web, struct http_request *req)
{
    (void)web;
    if (slice_is(req->path, "/livez"))
        http_reply(req, 200, HTTP_TEXT, slice_str("OK\n"));
    else
        http_reply(req, 200, HTTP_JSON, slice_str("{\"status\":\"ready\",\"reasons\":[]}\n"));
}

void web_serve(void *ctx, struct http_request *req)
{
    struct web *web = ctx;
    const struct guard_request guard = {
        .method = req->method, .host = http_header(req, "Host"), .origin = http_header(req, "Origin"),
        .site = http_header(req, "Sec-Fetch-Site"),
    };
    bool reads = slice_is(req->method, "GET") || slice_is(req->method, "HEAD");

    if (reads && (slice_is(req->path, "/livez") || slice_is(req->path, "/readyz")))
        serve_health(web, req);
    else if (!web->settings->auth && !guard_host_ok(guard.host, web->settings->http.host))
        web_problem(req, GMQ_E_HOST, NULL);
    else if (!is_api(req->path))
        web_static(web, req);
    else if (guard_is_foreign(&guard))
        web_problem(req, GMQ_E_FOREIGN, NULL);
    else
        serve_api(web, req);
}
