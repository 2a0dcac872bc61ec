/* node.c - gclient node show: what a node says about itself. SPDX-License-Identifier: MIT */
#include "base/time_text.h"
#include "client/http.h"
#include "gclient/ask.h"
#include "gclient/out.h"
#include "gclient/when.h"

#include <stdio.h>

enum { NODE_BYTES_MAX = 1 << 20, NODE_DEPTH_MAX = 16, NAME_BYTES = 64 };

static bool append_text(struct buf *out, const char *name, struct json_object *value)
{
    size_t len = strlen(name);
    char text[WHEN_BYTES];

    if (!out_append_readable(out, slice_str(name)) || !buf_printf(out, "%*s  ", (int)(len < 28 ? 28 - len : 0), ""))
        return false;
    if (strcmp(name, "since_ms") == 0) {
        char at[TIME_TEXT_BYTES];
        (void)time_text_write(at, json_object_get_uint64(value));
        when_local(slice_of(at, sizeof(at)), text);
        return buf_printf(out, "%s\n", text);
    }
    if (json_object_is_type(value, json_type_int) && len > 3 && strcmp(name + len - 3, "_ms") == 0) {
        when_stretch(json_object_get_uint64(value), text);
        return buf_printf(out, "%s\n", text);
    }
    const char *said = value ? json_object_get_string(value) : "-";
    return said && out_append_readable(out, slice_str(said)) && buf_append_str(out, "\n");
}

/* A line for each value; those of an object stand with its name before theirs. */
static bool append_node(struct buf *out, struct json_object *node)
{
    char name[NAME_BYTES];
    bool fits = true;

    json_object_object_foreach(node, key, value) {
        if (!json_object_is_type(value, json_type_object)) {
            fits = fits && append_text(out, key, value);
            continue;
        }
        json_object_object_foreach(value, part, inner) {
            (void)snprintf(name, sizeof(name), "%s.%s", key, part);
            fits = fits && append_text(out, name, inner);
        }
    }
    return fits;
}

static int print_node(const struct values *values, struct slice json)
{
    struct json_object *node;
    struct buf out;
    int err;

    node = json_tree_read(json, NODE_DEPTH_MAX, &err);
    if (!json_object_is_type(node, json_type_object)) {
        json_object_put(node);
        return out_error(EXIT_FAILED, "another service answers at this address");
    }
    buf_init(&out, NODE_BYTES_MAX * 8);
    bool made = values->json || append_node(&out, node);
    made = values->json ? tree_print(node) : out_text(&out, made);
    json_object_put(node);
    return made ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int node_run(const struct job *job)
{
    char url[HTTP_URL_BYTES_MAX], text[HTTP_ERR_BYTES];
    struct buf body;

    if (strcmp(job->words[0], "show") != 0)
        return out_error(EXIT_USAGE, "usage: gclient node show");
    if (!http_url(slice_str(job->values.http), "/api/v1/node", url))
        return out_error(EXIT_NO_CONNECTION, "%.200s: not an address", job->values.http);
    buf_init(&body, NODE_BYTES_MAX);
    int code = http_get(url, (unsigned)job->values.timeout_ms, &body, text)
                   ? print_node(&job->values, buf_slice(&body))
                   : out_error(EXIT_NO_CONNECTION, "%s", text);
    buf_free(&body);
    return code;
}
