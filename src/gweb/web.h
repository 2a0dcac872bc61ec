/*
 * web.h - the running gweb: its door, its users, and what it knows of the nodes
 *
 * One loop thread owns everything here. On threads of libuv's pool are only passwords hashed, files of users replaced
 * and the audit log read.
 *
 *            request --> [guard] --> page, or call --> [session, role] --> function of its route --> answer
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_WEB_H
#define GMQ_GWEB_WEB_H

#include <uv.h>

#include "gweb/assets.h"
#include "gweb/audit.h"
#include "gweb/call.h"
#include "gweb/password.h"
#include "gweb/sessions.h"
#include "gweb/settings.h"
#include "gweb/tries.h"
#include "gweb/users_file.h"
#include "net/http.h"

enum {
    WEB_BODY_BYTES_MAX = 8 << 20,    /* of a request */
    WEB_BODY_BYTES_STRANGER = 16 << 10, /* of one without a session: all connections' together are within the budget */
    WEB_BODIES_BYTES_MAX = 32 << 20, /* of all at a time; more wait */
    WEB_ANSWERS_BYTES_MAX = 128 << 20, /* of nodes to what is read, on their way to browsers; more are refused */
};

#define WEB_COOKIE "gmq_session"
#define WEB_USER_WITHOUT_LOGIN "local" /* who everybody is with auth=off */

struct side;
struct fleet;
struct live;

struct web {
    uv_loop_t *loop;
    const struct gweb_settings *settings;
    const char *directory;        /* DIR/gweb, borrowed */
    struct http_server *http;
    const struct assets *assets;
    struct side *side;            /* all towards the nodes, see side.h: of it */
    struct fleet *fleet;          /* the nodes, see fleet.h */
    struct live *live;            /* what browsers are told of them, see live.h */
    struct users_file users;
    struct passwords passwords;
    struct sessions sessions;
    struct tries tries_address, tries_name; /* at logins */
    struct tries tries_known;     /* of a name, at an address that it has logged in from: see login.c */
    struct audit audit;
    unsigned audit_readers;
    struct log_limit login_limit, foreign_limit;
    size_t bodies_bytes;          /* of requests, now */
    size_t answers_bytes;         /* of nodes, until browsers have taken them */
    size_t call_count;            /* calls that live, see call.h */
    struct list streams;          /* struct web_call without a session */

    uv_timer_t second_timer, stop_timer;
    bool timers_open, stopping;
    unsigned stop_turns;
};

struct web_options {
    int listen_fd;                /* web owns it from here on */
    const struct gweb_settings *settings;
    const char *directory;        /* exists */
};

/* Loads the users and opens the door. 0 or -errno, already logged. It must not move in memory. */
NODISCARD int web_open(struct web *web, uv_loop_t *loop, const struct web_options *opt);

/* Begins to end: no more connections, streams end; then the loop ends. */
void web_stop(struct web *web);

/* Gives everything back once the loop has ended; runs it for the last callbacks. */
void web_close(struct web *web);

/* ---- between the files of this program --------------------------------------------------------------------------- */

/* serve.c: the handler of all requests; `ctx` is the web. The headers that each answer has. */
void web_serve(void *ctx, struct http_request *req);
size_t web_body_max(void *ctx, const struct http_request *req); /* how long its body may be */
extern const struct http_fixed_header WEB_HEADERS[];

/* static.c: answers with a file of the pages, or index.html. */
void web_static(struct web *web, struct http_request *req);

/* Answers with an error as a problem, without a call. `detail` NULL = the error's own text. */
void web_problem(struct http_request *req, int err, const char *detail);

#endif
