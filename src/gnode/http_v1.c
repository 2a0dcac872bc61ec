/* http_v1.c - see http_v1.h. SPDX-License-Identifier: MIT */
#include "gnode/http_v1.h"

#include "base/err.h"
#include "gnode/http_call.h"
#include "gnode/openapi.h"
#include "wire/json.h"

#include <inttypes.h>

enum { BODY_BYTES_MAX = 1 << 20 };

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

/* One number: `"name":value` and what follows it. */
struct field {
    const char *name;
    uint64_t value;
};

static bool put_fields(struct buf *out, const char *name, const struct field *fields, size_t count)
{
    bool ok = buf_printf(out, ",\"%s\":{", name);

    for (size_t i = 0; ok && i < count; i++)
        ok = buf_printf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", fields[i].name, fields[i].value);
    return ok && buf_append_str(out, "}");
}

static bool put_status(struct buf *out, const struct health *health)
{
    bool ok = buf_printf(out, "\"status\":\"%s\",\"reasons\":[", health_word(health->state));

    for (size_t i = 0; ok && i < health->count; i++)
        ok = buf_append_str(out, i > 0 ? "," : "") && json_append_string(out, slice_str(health->reasons[i]));
    return ok && buf_append_str(out, "]");
}

static bool put_log(struct buf *out, const struct broker *broker)
{
    struct log_stats stats;

    log_stats(broker->log, &stats);
    const struct field fields[] = {
        {"tail_lsn", stats.tail_lsn},
        {"written_lsn", stats.written_lsn},
        {"durable_lsn", stats.durable_lsn},
        {"checkpoint_lsn", stats.checkpoint_lsn},
        {"segments", stats.segments},
        {"segment_bytes", stats.segment_bytes},
        {"segments_removed", stats.unlinked},
        {"disk_used_bytes", stats.disk_used},
        {"disk_free_bytes", stats.disk_free},
        {"batches", stats.batches},
        {"syncs", stats.syncs},
        {"sync_ns_last", stats.sync_ns_last},
        {"sync_ns_max", stats.sync_ns_max},
        {"reads", stats.reads},
        {"read_bytes", stats.read_bytes},
        {"checkpoints", stats.checkpoints},
        {"jobs", stats.jobs},
    };

    return put_fields(out, "log", fields, ARRAY_LEN(fields));
}

static bool put_memory(struct buf *out, const struct http_v1 *v1)
{
    const struct broker *broker = v1->broker;
    uint64_t all = broker_memory(broker), engine = engine_memory(broker->engine), log = log_memory(broker->log);
    uint64_t image = engine_saved_bytes(broker->engine);
    const struct field fields[] = {
        {"limit_bytes", v1->settings->memory_limit_bytes},
        {"estimate_bytes", all},
        {"engine_bytes", engine},
        {"image_bytes", image},
        {"log_bytes", log},
        {"parked_bytes", broker->parked_bytes},
        {"doors_bytes", all - engine - image - log - broker->parked_bytes},
    };

    return put_fields(out, "memory", fields, ARRAY_LEN(fields));
}

static bool put_connections(struct buf *out, const struct http_v1 *v1)
{
    const struct field fields[] = {
        {"tcp", v1->tcp->count},
        {"http", http_server_connections(v1->http)},
    };

    return put_fields(out, "connections", fields, ARRAY_LEN(fields));
}

static bool put_counters(struct buf *out, const struct http_v1 *v1)
{
    const struct broker *broker = v1->broker;
    struct log_stats stats;

    log_stats(broker->log, &stats);
    const struct field fields[] = {
        {"unreadable_messages", broker->unreadable},
        {"pieces_aside", broker->lists_aside},
        {"read_faults", stats.read_faults},
        {"healed_writes", stats.heals},
        {"checkpoint_errors", stats.checkpoint_errors},
        {"file_errors", stats.file_errors},
        {"mended_messages", broker->mended},
        {"ignored_records", engine_ignored(broker->engine)},
        {"damaged_bytes", broker->report.damaged_bytes},
        {"lost_ranges", broker->report.lost_ranges},
        {"bad_checkpoints", broker->report.bad_checkpoints},
        {"clock_steps", v1->clock->steps},
    };

    return put_fields(out, "counters", fields, ARRAY_LEN(fields));
}

static bool write_ready(struct buf *out, const struct http_v1 *v1)
{
    return buf_append_str(out, "{") && put_status(out, v1->health) && buf_append_str(out, "}\n");
}

static bool write_live(struct buf *out, const struct http_v1 *v1)
{
    (void)v1;
    return buf_append_str(out, "OK\n");
}

static bool write_node(struct buf *out, const struct http_v1 *v1)
{
    uint64_t now = v1->wall_ms();

    return buf_printf(out, "{\"version\":\"%s\",\"node_id\":%" PRIu64 ",\"weight\":%" PRIu64 ",\"sync\":", GMQ_VERSION,
                      v1->settings->node_id, v1->settings->node_weight) &&
           json_append_string(out, slice_str(v1->settings->sync)) &&
           buf_printf(out, ",\"uptime_ms\":%" PRIu64 ",", now > v1->started_ms ? now - v1->started_ms : 0) &&
           put_status(out, v1->health) && buf_printf(out, ",\"since_ms\":%" PRIu64, v1->health->since_ms) &&
           buf_printf(out, ",\"topics\":%u", (unsigned)engine_topics(v1->broker->engine)) && put_log(out, v1->broker) &&
           put_memory(out, v1) && put_connections(out, v1) && put_counters(out, v1) && buf_append_str(out, "}\n");
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

static bool write_openapi(struct buf *out, const struct http_v1 *v1)
{
    struct slice text = openapi_yaml();

    (void)v1;
    return buf_append(out, text.ptr, text.len);
}

static const struct v1_route {
    const char *path, *type;
    bool says_ready; /* 503 when the node is not ready */
    bool (*write)(struct buf *out, const struct http_v1 *v1);
} ROUTES[] = {
    {"/livez", HTTP_TEXT, false, write_live},
    {"/readyz", HTTP_JSON, true, write_ready},
    {"/api/v1/node", HTTP_JSON, false, write_node},
    {"/api/openapi.yaml", "application/yaml", false, write_openapi},
};

static void serve(const struct v1_route *route, const struct http_v1 *v1, struct http_request *req)
{
    struct buf body;

    buf_init(&body, BODY_BYTES_MAX);
    if (route->write(&body, v1))
        http_reply_buf(req, route->says_ready && !health_is_ready(v1->health) ? 503 : 200, route->type, &body);
    else
        http_reply(req, 500, HTTP_TEXT, slice_str("out of memory"));
    buf_free(&body);
}

bool http_v1_serve(const struct http_v1 *v1, struct http_request *req)
{
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (!slice_is(req->path, ROUTES[i].path))
            continue;
        if (slice_is(req->method, "GET") || slice_is(req->method, "HEAD"))
            serve(&ROUTES[i], v1, req);
        else
            http_no_method(req, "GET, HEAD");
        return true;
    }
    return false;
}
