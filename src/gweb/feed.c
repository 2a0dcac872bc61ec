/* feed.c - see feed.h. SPDX-License-Identifier: MIT */
#include "gweb/feed.h"

#include <stdio.h>
#include <string.h>

#include "gweb/pick.h"
#include "wire/topic_name.h"

enum { URL_BYTES = 512, PIECE_BYTES_MAX = 256 << 10 };

/* ---- an event ---------------------------------------------------------------------------------------------------- */

static void read_node(struct slice data, struct feed_node *ret)
{
    uint64_t tcp = 0, http = 0;

    *ret = (struct feed_node){.has = pick_text(data, "node.status", ret->status, sizeof(ret->status))};
    ret->has = pick_text(data, "node.status", ret->status, sizeof(ret->status)) &&
               pick_u64(data, "node.tcp_connections", &tcp) && pick_u64(data, "node.http_connections", &http) &&
               pick_u64(data, "node.memory_bytes", &ret->memory_bytes) &&
               pick_u64(data, "node.disk_used_bytes", &ret->disk_used_bytes) &&
               pick_u64(data, "node.disk_free_bytes", &ret->disk_free_bytes);
    ret->connections = tcp + http;
}

bool feed_read(struct model *model, uint32_t node, struct slice data, struct feed_node *ret)
{
    char name[TOPIC_NAME_BYTES_MAX + 1];
    struct json_value topics, gone, one;
    bool anew = false, complete = false;
    struct slice rest;

    if (!pick_ok(data) || !pick(data, "topics", &topics) || topics.kind != JSON_ARRAY)
        return false;
    read_node(data, ret);
    if (pick_bool(data, "anew", &anew) && anew)
        model_begin(model, node);
    /* What is gone is told of what was; a topic made again since is among the topics. */
    if (pick(data, "gone", &gone) && gone.kind == JSON_ARRAY)
        for (rest = json_walk_inside(&gone); json_walk_element(&rest, &one);)
            if (text_of(&one, name, sizeof(name)))
                model_gone(model, node, slice_str(name));
    for (rest = json_walk_inside(&topics); json_walk_element(&rest, &one);)
        (void)model_put(model, node, one.text);
    if (pick_bool(data, "complete", &complete) && complete)
        model_complete(model, node);
    return true;
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

const char *feed_why(const char *err)
{
    const char *end = strstr(err, "\": ");

    return end ? end + 3 : err;
}

void feed_init(struct feed *feed, struct model *model, uint32_t node)
{
    *feed = (struct feed){.model = model, .node = node};
    sse_init(&feed->sse, FEED_EVENT_BYTES_MAX);
}

static void on_event(void *ctx, const char *name, struct slice data)
{
    struct feed *feed = ctx;
    struct feed_node node;

    if (feed->bad || strcmp(name, "stats") != 0)
        return;
    if (feed_read(feed->model, feed->node, data, &node))
        feed->told(feed->ctx, &node);
    else
        feed->bad = true;
}

static void end(struct feed *feed, const char *why)
{
    feed->call = NULL;
    sse_reset(&feed->sse);
    feed->lost(feed->ctx, why);
}

static void on_begun(void *ctx, unsigned status)
{
    struct feed *feed = ctx;
    char why[96];

    if (status == 200)
        return;
    (void)snprintf(why, sizeof(why), "the node refuses its events: status %u%s", status,
                   status == 404 ? ", it is older than /api/v1/events" : "");
    httpc_cancel(feed->call);
    end(feed, why);
}

static size_t on_piece(void *ctx, struct slice bytes)
{
    struct feed *feed = ctx;

    if (!sse_feed(&feed->sse, bytes, on_event, feed) || feed->bad) {
        httpc_cancel(feed->call);
        end(feed, "the node's events cannot be read");
    }
    return bytes.len;
}

static void on_done(void *ctx, const struct httpc_result *result)
{
    end(ctx, result->err ? feed_why(result->err) : "the node has ended the stream of events");
}

int feed_begin(struct feed *feed, struct httpc *client, const char *addr)
{
    static const char *const HEADERS[] = {"Accept: text/event-stream", NULL};
    char url[URL_BYTES];

    ENSURE(!feed->call);
    feed->bad = false;
    (void)snprintf(url, sizeof(url), "http://%s/api/v1/events", addr);
    const struct httpc_request req = {
        .url = url, .idle_ms = FEED_IDLE_MS, .body_bytes_max = PIECE_BYTES_MAX, .headers = HEADERS,
        .begun = on_begun, .piece = on_piece, .done = on_done, .ctx = feed,
    };
    return httpc_get(client, &req, &feed->call);
}

void feed_end(struct feed *feed)
{
    if (feed->call)
        httpc_cancel(feed->call);
    feed->call = NULL;
    sse_reset(&feed->sse);
}
