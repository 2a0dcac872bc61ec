/*
 * http.h - the HTTP server: requests in, replies out, nothing of gmq's meaning
 *
 * What   A server on libmicrohttpd inside a libuv loop, one thread. Each complete request (head and body) is handed
 *        to one function, which answers with http_reply() at once or later, from the loop's thread.
 *
 *            reading --complete--> handler --http_reply()--> sending --> finished: on_gone()
 *               |                     '-- returns without a reply: parked --http_reply()--> sending ...
 *               '-- over a limit, late, gone: answered or closed here; the handler never hears of it
 *
 * Why    libmicrohttpd costs 2-3 us a request beside the kernel's 5, and is hidden here so that it can be replaced.
 * Owns   A request lives from the call of the handler until its on_gone() returns; all its slices as long. The
 *        handler keeps the pointer only together with on_gone().
 * Always answered here: 400 (no Host in HTTP/1.1, bad request line, Content-Length together with
 *        Transfer-Encoding, two different Content-Length, bad % in the path), 413 (body over its limit),
 *        414/431 (head over its limit); such connections are closed.
 * Never  Call http_reply() twice, or from another thread, or after on_gone().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_HTTP_H
#define GMQ_NET_HTTP_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

#include <uv.h>

#define HTTP_JSON "application/json"
#define HTTP_TEXT "text/plain; charset=utf-8"

struct http_server;

struct http_request {
    struct slice method;       /* as sent: "GET" */
    struct slice path;         /* percent-decoded; "//ping" stays "//ping"; may hold any byte */
    struct slice query;        /* raw, what follows the first '?'; empty when there is none */
    struct slice content_type; /* as sent, empty when there is none */
    struct slice body;         /* complete; empty when there is none */

    void *user;                                 /* the handler's own, NULL at first */
    void (*on_gone)(struct http_request *req);  /* set by the handler or NULL: called exactly once, when the reply
                                                   was sent, or the client or the server went away before it */
};

typedef void http_handler(void *ctx, struct http_request *req);

/* A header that every reply has. */
struct http_fixed_header {
    const char *name, *value;
};

struct http_options {
    int listen_fd;              /* a listening socket (addr_listen()); the server owns it from http_server_open() on,
                                   also when that fails */
    unsigned connections_max;   /* more wait in the backlog; 0 = 1000 */
    size_t head_bytes_max;      /* request line and headers of one request; 0 = 16 KiB, which is also what an idle
                                   connection costs */
    size_t body_bytes_max;      /* 413 beyond; 0 = 64 KiB */
    /* How much of it this request may have, by its head: before any of its body is read. NULL = all may have it. */
    size_t (*body_max)(void *ctx, const struct http_request *req);
    unsigned request_ms_max;    /* from the first byte to the last of a request; 0 = 20000. Late = closed */
    unsigned idle_ms_max;       /* between two requests of a connection, and for a client that does not take its
                                   reply; 0 = 75000 */

    /*
     * The memory budget for bodies, shared with other doors. take() answers false when there is no room now: the
     * connection then waits, unread, until http_server_wake(), or until it is late. give() returns bytes taken.
     * Both NULL = no budget.
     */
    bool (*take)(void *ctx, size_t bytes);
    void (*give)(void *ctx, size_t bytes);

    /* May one more connection be served now? Else it gets a 503 and is closed. NULL = always. */
    bool (*admit)(void *ctx);

    /*
     * Appends the body of a refusal that the server makes itself to `out` and answers its type; NULL: plain text it
     * is. `path` is what could be decoded of it, `detail` is for people. NULL = always plain text.
     */
    const char *(*explain)(void *ctx, struct slice path, unsigned status, const char *detail, struct buf *out);

    /* Complaints of the library worth a debug line, or NULL. */
    void (*complain)(void *ctx, const char *text);

    void *ctx; /* for these five */

    /* Headers of every reply, the server's own refusals included; ended by a NULL name. NULL = none. */
    const struct http_fixed_header *headers;
};

/*
 * Serves on `opt->listen_fd`. `fn` gets `ctx` and each request. Returns 0 or -errno.
 * The loop must outlive the server.
 */
NODISCARD int http_server_open(struct http_server **ret, uv_loop_t *loop, const struct http_options *opt,
                               http_handler *fn, void *ctx);

/* Stops accepting; connections and parked requests live on. May be called twice. */
void http_server_stop_accepting(struct http_server *server);

/*
 * Closes everything: every living request gets its on_gone(), then all connections close. The memory is given back
 * when the loop has run once more. `server` may be NULL.
 */
void http_server_close(struct http_server *server);

/* The port it listens on. */
unsigned http_server_port(const struct http_server *server);

/* Requests between handler and on_gone(), and open connections: to wait for a quiet moment when stopping. */
size_t http_server_requests(const struct http_server *server);
size_t http_server_connections(const struct http_server *server);

/* Memory of the budget has become free elsewhere: connections that wait for it try again. */
void http_server_wake(struct http_server *server);

/*
 * Answers. `status` is 200..599, `content_type` a constant or NULL for none, `body` is copied.
 * After this only on_gone() is still to come; it may come before the function returns.
 */
void http_reply(struct http_request *req, unsigned status, const char *content_type, struct slice body);

/* The same, but takes the memory of `body` over instead of copying; `body` is empty afterwards. */
void http_reply_buf(struct http_request *req, unsigned status, const char *content_type, struct buf *body);

/*
 * Answers with a stream, which may go on for hours: the reply begins, and its body is what http_stream_write() appends
 * until http_stream_end(). At most `bytes_max` of it are kept for the client. on_gone() comes when the client has
 * closed its side, even only half. After it http_reply() must not be called.
 */
void http_stream_begin(struct http_request *req, unsigned status, const char *content_type, size_t bytes_max);

/* Appends to the body. False: there is no room, since the client does not take what it is sent; nothing is appended. */
NODISCARD bool http_stream_write(struct http_request *req, struct slice bytes);

/* Bytes that may be appended now. */
size_t http_stream_room(const struct http_request *req);

/* The body ends when the client has taken it. */
void http_stream_end(struct http_request *req);

/* Ends the connection without a reply. */
void http_drop(struct http_request *req);

/*
 * Adds a header to the reply to come. `name` and `value` are copied. False when there is no memory or they hold bytes
 * that a header may not.
 */
NODISCARD bool http_add_header(struct http_request *req, const char *name, const char *value);

/* The first value of a request header, case-insensitive name; empty when absent. Valid as long as the request. */
struct slice http_header(const struct http_request *req, const char *name);

/* Calls `fn` for every header of the request, in their order; the slices are valid as long as the request. */
void http_each_header(const struct http_request *req, void (*fn)(void *ctx, struct slice name, struct slice value),
                      void *ctx);

/*
 * For replies parked for long (a waiting pop): watches the client, so that on_gone() comes as soon as it closes its
 * side, even only half. Without it a client's end is noticed when the reply is sent. Returns 0 or -errno.
 */
NODISCARD int http_watch(struct http_request *req);

/* Writes the client's host without a NUL; returns its length, 0 = not known. */
size_t http_peer_host(const struct http_request *req, char *to, size_t bytes);

/* Has the client closed the connection, or its sending side, as far as the kernel knows now? */
bool http_hung_up(const struct http_request *req);

#endif
