/*
 * serve.c - every request comes in here: who is it, may it, and whose is it
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "app/log.h"
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

struct forwarded {
    struct slice last, proto;
};

static void on_header(void *ctx, struct slice name, struct slice value)
{
    struct forwarded *forwarded = ctx;

    if (name.len == 15 && strncasecmp(name.ptr, "X-Forwarded-For", name.len) == 0)
        forwarded->last = value;
    if (name.len == 17 && strncasecmp(name.ptr, "X-Forwarded-Proto", name.len) == 0)
        forwarded->proto = value;
}

/* What the proxy before gweb says: it has added the last address of the last header, all others anybody can send. */
static void ask_proxy(struct web_call *call)
{
    struct forwarded forwarded = {.last = {.ptr = NULL}};
    unsigned char bytes[sizeof(struct in6_addr)];
    char text[CALL_ADDRESS_BYTES];

    http_each_header(call->req, on_header, &forwarded);
    call->over_tls = slice_is(forwarded.proto, "https");
    const char *comma = forwarded.last.len > 0 ? memrchr(forwarded.last.ptr, ',', forwarded.last.len) : NULL;
    const char *from = comma ? comma + 1 : forwarded.last.ptr;
    size_t len = from ? (size_t)(forwarded.last.ptr + forwarded.last.len - from) : 0;
    while (len > 0 && *from == ' ') {
        from++;
        len--;
    }
    if (len == 0 || len >= sizeof(text))
        return;
    memcpy(text, from, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
        memcpy(call->address, text, len + 1);
}

/* The session of a request, or NULL. */
static struct session *session_of(struct web *web, const struct http_request *req)
{
    struct slice token;

    if (!cookie_get(http_header(req, "Cookie"), WEB_COOKIE, &token))
        return NULL;
    return sessions_find(&web->sessions, token, clock_boot_ms());
}

/* The memory for bodies is shared: strangers could else hold all of it by requests that never end. */
size_t web_body_max(void *ctx, const struct http_request *req)
{
    struct web *web = ctx;

    return !web->settings->auth || session_of(web, req) ? WEB_BODY_BYTES_MAX : WEB_BODY_BYTES_STRANGER;
}

/* Finds out who asks. Everybody is an admin where nobody logs in. */
static void identify(struct web_call *call)
{
    struct web *web = call->web;
    const char *name = WEB_USER_WITHOUT_LOGIN;
    size_t len = http_peer_host(call->req, call->address, sizeof(call->address) - 1);

    call->address[len] = '\0';
    if (web->settings->behind_proxy)
        ask_proxy(call);
    if (web->settings->auth) {
        struct session *session = session_of(web, call->req);
        if (!session)
            return;
        web_call_set_session(call, session);
        name = session->user;
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

/* A log that takes nothing is told, and no reason to keep people away from what may mend it. */
static void serve_health(const struct web *web, struct http_request *req)
{
    static const char READY[] = "{\"status\":\"ready\",\"reasons\":[]}\n",
                      STOPPING[] = "{\"status\":\"stopping\",\"reasons\":[\"gweb is stopping\"]}\n",
                      DEGRADED[] = "{\"status\":\"degraded\",\"reasons\":[\"the audit log cannot be written\"]}\n";

    if (slice_is(req->path, "/livez"))
        http_reply(req, 200, HTTP_TEXT, slice_str("OK\n"));
    else
        http_reply(req, web->stopping ? 503 : 200, HTTP_JSON,
                   slice_str(web->stopping ? STOPPING : web->audit.failing ? DEGRADED : READY));
}

static void refuse_foreign(struct web *web, const struct guard_request *guard, struct http_request *req)
{
    log_limited(&web->foreign_limit, LOG_WARN, "http", "refused for a page of %.*s: %.*s %.*s",
                (int)min_u64(guard->origin.len, 200), guard->origin.len > 0 ? guard->origin.ptr : "",
                (int)min_u64(req->method.len, 20), req->method.ptr, (int)min_u64(req->path.len, 200), req->path.ptr);
    web_problem(req, GMQ_E_FOREIGN, NULL);
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
        refuse_foreign(web, &guard, req);
    else
        serve_api(web, req);
}
