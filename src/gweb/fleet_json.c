/* fleet_json.c - the fleet as gweb's pages get it. SPDX-License-Identifier: MIT */
#include "gweb/fleet.h"

#include <inttypes.h>
#include <string.h>

#include "base/time_text.h"
#include "wire/json.h"

static bool put_text(struct buf *out, const char *name, const char *text)
{
    return buf_printf(out, ",\"%s\":", name) &&
           (text[0] == '\0' ? buf_append_str(out, "null") : json_append_string(out, slice_str(text)));
}

static bool put_time(struct buf *out, const char *name, uint64_t ms)
{
    char text[TIME_TEXT_BYTES];

    if (ms == 0)
        return buf_printf(out, ",\"%s\":null", name);
    return buf_printf(out, ",\"%s\":\"%.*s\"", name, (int)(time_text_write(text, ms) - text), text);
}

static bool put_number(struct buf *out, const char *name, bool known, uint64_t value)
{
    return known ? buf_printf(out, ",\"%s\":%" PRIu64, name, value) : buf_printf(out, ",\"%s\":null", name);
}

static bool put_rate(struct buf *out, const char *name, bool known, uint64_t milli)
{
    return known ? buf_printf(out, ",\"%s\":%" PRIu64 ".%03u", name, milli / 1000, (unsigned)(milli % 1000))
                 : buf_printf(out, ",\"%s\":null", name);
}

bool figures_write(const struct figures *figures, struct buf *out)
{
    bool ok = true;

    for (unsigned f = 0; f < FIGURES; f++) {
        bool known = figures->known & 1u << f;
        size_t from = buf_len(out);
        ok = ok && (FIGURE_IS_RATE(f) ? put_rate(out, FIGURE_NAMES[f], known, figures->values[f])
                                      : put_number(out, FIGURE_NAMES[f], known, figures->values[f]));
        if (f == 0 && ok)
            buf_data(out)[from] = ' '; /* no comma before the first */
    }
    return ok;
}

static const char *state_word(enum node_state state)
{
    return state == NODE_UP ? "up" : state == NODE_DOWN ? "down" : "connecting";
}

static const char *detail_of(const struct fleet *fleet, const struct fleet_node *node)
{
    if (node->detail[0] != '\0' || node->state != NODE_UP)
        return node->detail;
    if (fleet->model.nodes[node->at.id].cut)
        return "it has more topics than gweb shows";
    return node->slow;
}

/* Of a node that is down only that it was about to stop: it is no failure then. */
static const char *status_of(const struct feed_node *told)
{
    return told->has || strcmp(told->status, "stopping") == 0 ? told->status : "";
}

static bool write_node(const struct fleet *fleet, const struct fleet_node *node, struct buf *out)
{
    const struct feed_node *told = &node->told;
    bool up = node->state == NODE_UP, facts = up && node->has_facts;
    struct figures sums;

    model_sums(&fleet->model, node->at.id, &sums);
    return buf_printf(out, "{\"id\":%u", node->at.id) && put_text(out, "tcp_addr", node->at.tcp_addr) &&
           put_text(out, "http_addr", node->at.http_addr) && put_number(out, "weight", true, node->at.weight) &&
           put_text(out, "joined_at", node->at.joined) &&
           buf_printf(out, ",\"listed\":%s,\"state\":\"%s\"", node->listed ? "true" : "false",
                      state_word(node->state)) &&
           put_text(out, "detail", detail_of(fleet, node)) && put_time(out, "since", node->since_ms) &&
           put_time(out, "last_seen", node->seen_ms) && put_text(out, "version", node->version) &&
           put_text(out, "status", status_of(told)) &&
           buf_printf(out, ",\"reasons\":%s", facts && node->reasons ? node->reasons : "[]") &&
           put_number(out, "disk_used_bytes", told->has, told->disk_used_bytes) &&
           put_number(out, "disk_free_bytes", told->has, told->disk_free_bytes) &&
           put_number(out, "memory_bytes", told->has, told->memory_bytes) &&
           put_number(out, "sync_ns_last", facts, node->sync_ns_last) &&
           put_number(out, "sync_ns_max", facts, node->sync_ns_max) &&
           put_number(out, "connections", told->has, told->connections) &&
           put_number(out, "topics", up, fleet->model.nodes[node->at.id].topics) &&
           put_rate(out, "push_rate", up, sums.values[FIGURE_PUSH_RATE]) &&
           put_rate(out, "pop_rate", up, sums.values[FIGURE_POP_RATE]) && buf_append_str(out, "}");
}

bool fleet_write(const struct fleet *fleet, struct buf *out)
{
    bool ok = buf_append_str(out, "\"registries\":["), first = true;

    for (size_t i = 0; i < fleet->registry_count; i++) {
        const struct fleet_registry *registry = &fleet->registries[i];
        ok = ok && buf_append_str(out, i > 0 ? ",{\"url\":" : "{\"url\":") &&
             json_append_string(out, slice_str(registry->url)) &&
             buf_printf(out, ",\"ok\":%s", registry->ok ? "true" : "false") &&
             put_text(out, "detail", registry->detail) && buf_append_str(out, "}");
    }
    ok = ok && buf_append_str(out, "],\"nodes\":[");
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++) {
        if (!fleet->nodes[id])
            continue;
        ok = ok && (first || buf_append_str(out, ",")) && write_node(fleet, fleet->nodes[id], out);
        first = false;
    }
    return ok && buf_append_str(out, "]");
}
