/*
 * http_impl.h - what http.c (connections, the loop) and http_request.c (requests, replies) share
 *
 * A call is one request on its way through:
 *
 *   HEAD -> BODY -> HANDLED -> SENDING          answered inside the handler, or refused here
 *                      '--> PARKED -> RESUMED -> SENDING
 *   any -> DROPPED                              the connection ends without a reply
 *
 * libmicrohttpd calls http_on_request() again and again: with the head, with each piece of the body, at its end, and
 * once more after a parked call was resumed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_HTTP_IMPL_H
#define GMQ_NET_HTTP_IMPL_H

#include <microhttpd.h>
#include <sys/types.h>

#include "base/list.h"
#include "net/http.h"

enum http_stage {
    STAGE_HEAD,
    STAGE_BODY,
    STAGE_HANDLED, /* the handler is running */
    STAGE_PARKED,  /* suspended until http_reply() */
    STAGE_RESUMED, /* replied while parked; libmicrohttpd has not asked yet */
    STAGE_SENDING,
    STAGE_DROPPED,
};

struct http_header_line {
    struct http_header_line *next;
    char *name, *value;
};

struct http_call {
    struct http_request req; /* first: what the handler sees */
    struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    struct list node;    /* in server->calls from the handler on */
    struct list waiting; /* in server->waiting while the budget is empty */
    enum http_stage stage;
    bool handed;       /* the handler knows it: on_gone() is due */
    bool suspended;
    bool chunked;
    uintptr_t line_at; /* where libmicrohttpd has the request target */
    bool cut;          /* a NUL ended it */
    char *uri;         /* the slices of req point into it */
    char *body;
    size_t body_len, body_size; /* body_size is what the budget gave */
    size_t body_max;            /* 413 beyond */
    uint64_t body_due;          /* Content-Length */
    unsigned refuse_status;     /* the body is read and thrown away, then this is answered; 0 = none */
    struct http_header_line *extra;
    struct MHD_Response *response;
    unsigned status;
    bool http10;
    bool watched; /* see http_watch() */
    bool streams, stream_ended, stream_cut; /* http_stream.c; cut: the client is not to get the rest */
    struct buf stream;
};

struct http_conn {
    struct http_server *server;
    struct list node; /* in server->reading or server->idle, or in none */
    uint64_t since_ms;
    int fd;
    struct http_call *call;
    uv_poll_t hangup; /* tells when the client has closed its side */
    bool watching, hung_up;
};

struct http_server {
    uv_loop_t *loop;
    struct http_options opt;
    http_handler *fn;
    void *ctx;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;   /* libmicrohttpd's epoll set */
    uv_poll_t listen; /* the listening socket */
    uv_timer_t due;   /* when libmicrohttpd wants to run without an event */
    uv_idle_t more;   /* it wants to at once, after the other handles of the loop */
    uint64_t progress; /* calls of it back to us */
    uv_timer_t sweep; /* once a second while fresh, reading or idle has members */
    unsigned handles_open;
    struct list fresh;         /* connections that libmicrohttpd does not know yet, see http_accept.c */
    struct list reading, idle; /* connections by age */
    struct list calls;         /* calls that the handler knows */
    struct list waiting;       /* calls that wait for memory, oldest first */
    size_t call_count, conn_count, fresh_count;
    int port;
    bool quiet; /* accepts no more */
    bool running, closing;
    bool resumed; /* a connection, since libmicrohttpd was last run */
};

/* http.c */
void http_conn_reading(struct http_conn *conn);
void http_conn_busy(struct http_conn *conn);
void http_conn_idle(struct http_conn *conn);
void http_server_run_soon(struct http_server *server); /* a resumed connection is no event of its own */
void http_sweep_begin(struct http_server *server);

/* http_accept.c */
int http_accept_open(struct http_server *server);
void http_accept_resume(struct http_server *server); /* there may be room for a connection again */
void http_accept_sweep(struct http_server *server, uint64_t now_ms);
void http_accept_close(struct http_server *server);

/*
 * http_request.c: the body of a refusal of our own as the handler's program wants it, in `out`, and its type; NULL: it
 * does not say. `target` is a path or a URL.
 */
const char *http_explain(const struct http_server *server, struct slice target, unsigned status, const char *detail,
                         struct buf *out);

/* http_request.c: the callbacks of libmicrohttpd, and the end of a call. */
void *http_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_on_request(void *ctx, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_bytes, void **call);
void http_on_completed(void *ctx, struct MHD_Connection *mhd, void **call, enum MHD_RequestTerminationCode why);
void http_call_drop(struct http_call *call);
void http_call_resume(struct http_call *call);
void http_call_free(struct http_call *call);
void http_call_reply(struct http_call *call, unsigned status, const char *content_type, struct MHD_Response *response);

#endif
