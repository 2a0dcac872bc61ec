/* web.c - gweb's start and end. SPDX-License-Identifier: MIT */
#include "gweb/web.h"

#include <string.h>
#include <unistd.h>

#include "app/log.h"
#include "gweb/login.h"
#include "gweb/side.h"
#include "net/clock.h"
#include "wire/report_json.h"

enum { STOP_TURN_MS = 10, STOP_MS_MAX = 2000, HEAD_BYTES = 16 * 1024, HOUR_MS = 3600 * 1000 };

static void on_complaint(void *ctx, const char *text)
{
    (void)ctx;
    log_debug("http", "%s", text);
}

/* ---- the memory of bodies ---------------------------------------------------------------------------------------- */

static bool take(void *ctx, size_t bytes)
{
    struct web *web = ctx;

    if (bytes > WEB_BODIES_BYTES_MAX - web->bodies_bytes)
        return false;
    web->bodies_bytes += bytes;
    return true;
}

static void give(void *ctx, size_t bytes) { ((struct web *)ctx)->bodies_bytes -= bytes; }

/* ---- start ------------------------------------------------------------------------------------------------------- */

static void session_ended(struct session *session) { web_call_end_session(&session->calls); }

static void every_second(uv_timer_t *timer)
{
    struct web *web = timer->data;

    sessions_expire(&web->sessions, clock_boot_ms());
}

static int open_door(struct web *web, const struct web_options *opt)
{
    const struct http_options http = {
        .listen_fd = opt->listen_fd, .connections_max = (unsigned)web->settings->max_connections,
        .head_bytes_max = HEAD_BYTES, .body_bytes_max = WEB_BODY_BYTES_MAX, .body_max = web_body_max, .take = take,
        .give = give,
        .complain = on_complaint, .ctx = web, .headers = WEB_HEADERS,
    };
    int err = http_server_open(&web->http, web->loop, &http, web_serve, web);

    if (err != 0) {
        log_error("http", "the HTTP server cannot start: %s", strerror(-err));
        return err;
    }
    ENSURE(uv_timer_init(web->loop, &web->second_timer) == 0);
    ENSURE(uv_timer_init(web->loop, &web->stop_timer) == 0);
    web->second_timer.data = web->stop_timer.data = web;
    web->timers_open = true;
    return uv_timer_start(&web->second_timer, every_second, 1000, 1000);
}

/* Without logins there are no users to load. */
static int open_users(struct web *web)
{
    if (!web->settings->auth)
        return users_file_open(&web->users, web->loop, NULL);
    int err = users_file_open(&web->users, web->loop, web->directory);
    if (err == 0)
        err = login_first_admin(&web->users, web->settings->admin_password);
    if (err != 0)
        return err;
    err = passwords_open(&web->passwords, web->loop);
    if (err != 0)
        log_error("auth", "passwords cannot be hashed here: %s", strerror(-err));
    return err;
}

static void warn(const struct gweb_settings *settings)
{
    if (!settings->auth)
        log_warn("auth", "auth=off: whoever can connect to %s may do everything", settings->web_addr);
    if (!settings->loopback && !settings->behind_proxy)
        log_warn("http", "NO TLS: others on the network between gweb at %s and a browser can read passwords and change "
                 "what is sent. Put a TLS proxy before gweb (docs/gweb.md), or use a loopback address",
                 settings->web_addr);
}

int web_open(struct web *web, uv_loop_t *loop, const struct web_options *opt)
{
    *web = (struct web){.loop = loop, .settings = opt->settings, .directory = opt->directory, .assets = &ASSETS,
                        .audit = {.fd = -1}};
    list_init(&web->streams);
    tries_init(&web->tries_address, LOGIN_ADDRESS_BURST, LOGIN_ADDRESS_REGAIN_MS);
    tries_init(&web->tries_name, LOGIN_NAME_BURST, LOGIN_NAME_REGAIN_MS);
    tries_init(&web->tries_known, LOGIN_NAME_BURST, LOGIN_NAME_REGAIN_MS);
    sessions_init(&web->sessions, web->settings->session_hours * HOUR_MS, session_ended);
    if (web->assets->count == 0 && web->settings->web_root[0] == '\0')
        log_warn("http", "this gweb has no pages: install npm and run `make web`, then `make`");
    int err = open_users(web);
    if (err == 0)
        err = audit_open(&web->audit, web->directory, web->settings->audit_file_bytes);
    if (err == 0)
        err = side_open(web);
    if (err != 0) {
        (void)close(opt->listen_fd);
        return err;
    }
    warn(web->settings);
    return open_door(web, opt);
}

/* ---- end --------------------------------------------------------------------------------------------------------- */

/* Every connection that still has an answer to get may get it; then the loop ends. */
static void stop_turn(uv_timer_t *timer)
{
    struct web *web = timer->data;

    if (http_server_requests(web->http) > 0 && ++web->stop_turns < STOP_MS_MAX / STOP_TURN_MS)
        return;
    (void)uv_timer_stop(timer);
    uv_stop(web->loop);
}

void web_stop(struct web *web)
{
    if (web->stopping)
        return;
    web->stopping = true;
    http_server_stop_accepting(web->http);
    sessions_fini(&web->sessions);
    web_call_end_session(&web->streams);
    (void)uv_timer_start(&web->stop_timer, stop_turn, 0, STOP_TURN_MS);
}

void web_close(struct web *web)
{
    web->stopping = true;
    sessions_fini(&web->sessions);
    web_call_end_session(&web->streams);
    side_close(web);
    http_server_close(web->http);
    if (web->timers_open) {
        uv_close((uv_handle_t *)&web->second_timer, NULL);
        uv_close((uv_handle_t *)&web->stop_timer, NULL);
    }
    while (uv_loop_alive(web->loop))
        (void)uv_run(web->loop, UV_RUN_DEFAULT);
    side_fini(web);
    ENSURE(web->call_count == 0);
    users_file_close(&web->users);
    tries_fini(&web->tries_address);
    tries_fini(&web->tries_name);
    tries_fini(&web->tries_known);
    audit_close(&web->audit);
}
