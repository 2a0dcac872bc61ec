/* probe.c - one connection attempt on a libuv loop. SPDX-License-Identifier: MIT */
#include "net/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"

enum { ERR_BYTES = ADDR_TEXT_BYTES + 128 };

/*
 *   RESOLVING --> CONNECTING --> done --> CLOSING --> freed
 * The timer can end any of the first two. The resolver's request cannot always be cancelled, so the memory goes when
 * it and both handles are through.
 */
struct tcp_probe {
    uv_loop_t *loop;
    tcp_probe_done *done; /* NULL once called or cancelled */
    void *ctx;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    uv_tcp_t tcp;
    uv_timer_t timer;
    unsigned holds; /* requests and handles that still point here */
    bool closing;
    struct addr addr;
    char dialed[ADDR_TEXT_BYTES];
    char err[ERR_BYTES];
};

static void release(struct tcp_probe *probe)
{
    if (--probe->holds == 0)
        free(probe);
}

static void handle_closed(uv_handle_t *handle) { release(handle->data); }

static void probe_close(struct tcp_probe *probe)
{
    if (probe->closing)
        return;
    probe->closing = true;
    (void)uv_cancel((uv_req_t *)&probe->resolve);
    uv_close((uv_handle_t *)&probe->tcp, handle_closed);
    uv_close((uv_handle_t *)&probe->timer, handle_closed);
}

static void finish(struct tcp_probe *probe, const char *err)
{
    tcp_probe_done *done = probe->done;

    probe->done = NULL;
    probe_close(probe);
    if (done)
        done(probe->ctx, err);
}

static void fail(struct tcp_probe *probe, int err)
{
    char text[96];

    addr_error_text(-err, text, sizeof(text));
    (void)snprintf(probe->err, sizeof(probe->err), "dial tcp %s: connect: %s", probe->dialed, text);
    finish(probe, probe->err);
}

static void timed_out(uv_timer_t *timer)
{
    struct tcp_probe *probe = timer->data;

    /* An address that could not be read has its error already. */
    if (probe->err[0] == '\0')
        (void)snprintf(probe->err, sizeof(probe->err), "dial tcp %s: i/o timeout", probe->dialed);
    finish(probe, probe->err);
}

static void connected(uv_connect_t *req, int status)
{
    struct tcp_probe *probe = req->data;

    if (probe->done && status != 0)
        fail(probe, status);
    else if (probe->done)
        finish(probe, NULL);
    release(probe);
}

static void resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct tcp_probe *probe = req->data;

    if (!probe->done)
        goto out;
    if (status != 0 || !list) {
        (void)snprintf(probe->err, sizeof(probe->err), "dial tcp: lookup %s: no such host", probe->addr.host);
        finish(probe, probe->err);
        goto out;
    }
    addr_format_sockaddr(list->ai_addr, probe->dialed);
    probe->connect.data = probe;
    int err = uv_tcp_connect(&probe->connect, &probe->tcp, list->ai_addr, connected);
    if (err == 0)
        probe->holds++;
    else
        fail(probe, err);
out:
    uv_freeaddrinfo(list);
    release(probe);
}

static int begin_resolve(struct tcp_probe *probe)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char port[8];

    (void)snprintf(port, sizeof(port), "%u", probe->addr.port);
    probe->resolve.data = probe;
    return uv_getaddrinfo(probe->loop, &probe->resolve, resolved, probe->addr.host[0] ? probe->addr.host : "127.0.0.1",
                          port, &hints);
}

int tcp_probe(struct tcp_probe **ret, uv_loop_t *loop, struct slice addr, unsigned timeout_ms, tcp_probe_done *done,
              void *ctx)
{
    struct tcp_probe *probe = calloc(1, sizeof(*probe));

    if (!probe)
        return -ENOMEM;
    probe->loop = loop;
    probe->done = done;
    probe->ctx = ctx;
    ENSURE(uv_tcp_init(loop, &probe->tcp) == 0 && uv_timer_init(loop, &probe->timer) == 0);
    probe->tcp.data = probe->timer.data = probe;
    probe->holds = 2;
    (void)snprintf(probe->dialed, sizeof(probe->dialed), "%.*s", (int)min_u64(addr.len, ADDR_TEXT_BYTES - 1), addr.ptr);
    if (addr_parse(addr, &probe->addr, NULL) != 0) {
        (void)snprintf(probe->err, sizeof(probe->err), "dial tcp: address %s: %s", probe->dialed,
                       memchr(addr.ptr ? addr.ptr : "", ':', addr.len) ? "invalid" : "missing port in address");
        timeout_ms = 0;
    } else {
        int err = begin_resolve(probe);

        if (err != 0) {
            probe->done = NULL;
            probe_close(probe);
            return err;
        }
        probe->holds++;
    }
    (void)uv_timer_start(&probe->timer, timed_out, timeout_ms, 0);
    if (ret)
        *ret = probe;
    return 0;
}

void tcp_probe_cancel(struct tcp_probe *probe)
{
    probe->done = NULL;
    probe_close(probe);
}
