/* api_session.c - who is logged in, and logging in and out. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/log.h"
#include "base/err.h"
#include "gweb/api.h"
#include "gweb/fields.h"
#include "gweb/login.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "wire/json.h"

enum { ANSWER_BYTES = 4096, COOKIE_BYTES = 256 };

static bool put_user(struct buf *out, const struct web_call *call)
{
    if (call->role == ROLE_ANYBODY)
        return buf_append_str(out, "null");
    return buf_append_str(out, "{\"name\":") && json_append_string(out, slice_str(call->user)) &&
           buf_printf(out, ",\"role\":\"%s\"}", role_word(call->role));
}

/* What only a user needs to know. */
static bool put_more(struct buf *out, const struct web_call *call)
{
    return call->role == ROLE_ANYBODY || buf_printf(out, ",\"audit_lost\":%" PRIu64, call->web->audit.lost);
}

void api_session_get(struct web_call *call)
{
    struct buf body;

    buf_init(&body, ANSWER_BYTES);
    bool ok = buf_printf(&body, "{\"auth\":\"%s\",\"user\":", call->web->settings->auth ? "on" : "off") &&
              put_user(&body, call) && put_more(&body, call) &&
              buf_append_str(&body, ",\"version\":\"" GMQ_VERSION "\"}\n");
    web_call_json(call, 200, &body, ok);
}

/* The token goes to this host alone, not to scripts, and not with requests of other pages. */
static void set_cookie(struct web_call *call, const char *token, const char *more)
{
    char text[COOKIE_BYTES];

    (void)snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", WEB_COOKIE, token,
                   call->over_tls ? "; Secure" : "", more);
    web_call_header(call, "Set-Cookie", text);
}

static void login_done(void *ctx, bool matches, const char *hash)
{
    struct web_call *call = ctx;
    struct web *web = call->web;
    struct slice name = slice_str(call->target);
    const struct user *user = matches && !web->stopping ? users_find(&web->users.users, name) : NULL;
    char token[SESSION_TOKEN_BYTES + 1];

    if (!user || strcmp(user->hash, hash) != 0) {
        log_limited(&web->login_limit, LOG_WARN, "auth", "a login as %s from %s failed", call->target, call->address);
        web_call_problem(call, GMQ_E_BAD_LOGIN, NULL);
        return;
    }
    login_tried_well(call, name);
    if (call->session)
        sessions_end(&web->sessions, call->session);
    struct session *session = sessions_begin(&web->sessions, user->name, user->role, clock_boot_ms(), token);
    if (!session) {
        web_call_problem(call, GMQ_E_MEMORY_LIMIT, "the system has no random numbers");
        return;
    }
    call->role = user->role;
    memcpy(call->user, user->name, strlen(user->name) + 1);
    log_info("auth", "%s has logged in from %s", call->user, call->address);
    set_cookie(call, token, "");
    api_session_get(call);
}

/* Nobody has looked at the password, so it was no try. */
static void refuse_now(struct web_call *call, struct slice name, int err)
{
    login_untried(call, name);
    call->unaudited = true;
    web_call_header(call, "Retry-After", "1");
    web_call_problem(call, err == GMQ_E_TOO_MANY_LOGINS ? err : GMQ_E_MEMORY_LIMIT,
                     "too many logins at a time: try again");
}

void api_session_login(struct web_call *call)
{
    static const struct field FIELDS[] = {
        {"name", FIELD_TEXT, true, 1, USER_NAME_BYTES_MAX},
        {"password", FIELD_TEXT, true, 1, PASSWORD_BYTES_MAX},
    };
    struct web *web = call->web;
    struct fields fields;
    int err = web->settings->auth ? fields_read(&fields, call->req->body, FIELDS, ARRAY_LEN(FIELDS)) : GMQ_E_AUTH_OFF;

    if (err != 0) {
        call->unaudited = true;
        web_call_problem(call, err, err == GMQ_E_AUTH_OFF ? NULL : fields.error);
        if (err != GMQ_E_AUTH_OFF)
            fields_free(&fields);
        return;
    }
    struct slice name = fields.values[0].text, password = fields.values[1].text;
    web_call_target(call, "%.*s", (int)name.len, name.ptr);
    call->user[0] = '\0';
    if (login_try(call, name)) {
        /* What cannot be a name or a password is wrong like any other, and as late. */
        const struct user *user = user_name_ok(name) && password_ok(password) ? users_find(&web->users.users, name)
                                                                              : NULL;
        err = passwords_check(&web->passwords, password, user ? user->hash : NULL, login_done, call);
        if (err != 0)
            refuse_now(call, name, err);
    }
    fields_free(&fields);
}

void api_session_logout(struct web_call *call)
{
    if (call->session)
        sessions_end(&call->web->sessions, call->session);
    set_cookie(call, "", "; Max-Age=0");
    web_call_done(call);
}
