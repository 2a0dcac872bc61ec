/* http_door.c - the node's HTTP server: its limits, and who serves which request. SPDX-License-Identifier: MIT */
#include "gnode/http_call.h"

#include "base/err.h"
#include "wire/report_json.h"

#include <string.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 16 << 10,
    FORM_GROWTH = 3,                  /* a byte is sent as %XX at most */
    BODY_COPIES = 3, /* as it came, decoded, as a command */
    CONNECTION_MEMORY = CONNECTION_BYTES + (4 << 10),
};

static void serve_events(struct http_door *door, struct http_request *req)
{
    if (slice_is(req->method, "GET")) {
        if (!events_serve(&door->events, req))
            http_problem(req, GMQ_E_STREAM_LIMIT, NULL);
    } else if (slice_is(req->method, "HEAD")) {
        http_reply(req, 200, "text/event-stream", slice_of(NULL, 0));
    } else {
        http_no_method(req, "GET, HEAD");
    }
}

/* What tells nothing but that the node is there. */
static bool is_probe(struct slice path)
{
    return slice_is(path, "/ping") || slice_is(path, "/livez") || slice_is(path, "/readyz");
}

static void on_request(void *ctx, struct http_request *req)
{
    struct http_door *door = ctx;

    if (slice_is(req->path, "/ping"))
        http_reply(req, 200, HTTP_TEXT, slice_str("OK"));
    else if (!is_probe(req->path) && http_is_misnamed(&door->names, req))
        http_problem(req, GMQ_E_HOST, "the node is not known under this name: see its setting http_hosts");
    else if (slice_is(req->path, "/api/v1/events"))
        serve_events(door, req);
    else if (!(door->base.settings->legacy_http && http_original_serve(door, req)) && !http_v1_serve(&door->v1, req) &&
             !http_ops_serve(door, req))
        http_reply(req, 404, HTTP_TEXT, slice_str("not found"));
}

/* Bodies share the budget of the TCP door's large requests. */
static bool take_budget(void *ctx, size_t bytes)
{
    struct http_door *door = ctx;
    uint64_t max = door->base.settings->input_memory_bytes;

    bool tight = broker_memory_state(door->base.broker) == MEMORY_TIGHT;

    if (*door->budget > 0 && (tight || *door->budget + bytes > max)) {
        door->starved = true;
        return false;
    }
    *door->budget += bytes;
    door->in_bytes += bytes;
    return true;
}

static void give_budget(void *ctx, size_t bytes)
{
    struct http_door *door = ctx;

    *door->budget -= bytes;
    door->in_bytes -= bytes;
}

/* What the server refuses before there is a call: below /api/ as a problem. */
static const char *explain(void *ctx, struct slice path, unsigned status, const char *detail, struct buf *out)
{
    static const char API[] = "/api/";
    int err = status == 413 ? GMQ_E_BODY_LIMIT : status == 503 ? GMQ_E_MEMORY_LIMIT : GMQ_E_REQUEST;

    (void)ctx;
    if (path.len < sizeof(API) - 1 || memcmp(path.ptr, API, sizeof(API) - 1) != 0)
        return NULL;
    return report_json_problem(out, err, slice_str(detail)) ? HTTP_PROBLEM : NULL;
}

static bool admit(void *ctx)
{
    return broker_memory_state(((struct http_door *)ctx)->base.broker) != MEMORY_TIGHT;
}

uint64_t http_door_memory(const struct http_door *door)
{
    if (!door->server)
        return 0;
    return events_memory(&door->events) + door->out_bytes + (BODY_COPIES - 1) * door->in_bytes +
           http_server_connections(door->server) * CONNECTION_MEMORY;
}

static void find_names(struct http_names *names, const struct gnode_settings *settings)
{
    struct addr reported;

    *names = (struct http_names){.listens = settings->http.host, .listed = settings->http_hosts};
    if (gethostname(names->host, sizeof(names->host) - 1) != 0)
        names->host[0] = '\0';
    if (settings->report_http_addr[0] != '\0' &&
        addr_parse(slice_str(settings->report_http_addr), &reported, NULL) == 0)
        memcpy(names->reported, reported.host, sizeof(names->reported));
}

int http_door_open(struct http_door *door, uv_loop_t *loop, const struct door *base, int listen_fd, uint64_t *budget,
                   const struct http_v1 *v1)
{
    struct http_options options = {
        .listen_fd = listen_fd,
        .connections_max = (unsigned)base->settings->max_connections,
        .head_bytes_max = CONNECTION_BYTES,
        .body_bytes_max = FORM_GROWTH * 2 * (size_t)base->limits.body_bytes_max + CONNECTION_BYTES,
        .take = take_budget,
        .give = give_budget,
        .admit = admit,
        .explain = explain,
        .ctx = door,
    };

    *door = (struct http_door){.base = *base, .budget = budget};
    find_names(&door->names, base->settings);
    list_init(&door->answered);
    list_init(&door->calls);
    int rc = http_server_open(&door->server, loop, &options, on_request, door);
    door->v1 = *v1;
    door->v1.http = door->server;
    if (rc == 0)
        events_init(&door->events, loop, base->broker, &door->v1, base->now_ms, base->ctx);
    return rc;
}

void http_door_close(struct http_door *door)
{
    http_server_close(door->server);
    door->server = NULL;
    events_fini(&door->events);
}
