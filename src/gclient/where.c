/* where.c - see where.h. SPDX-License-Identifier: MIT */
#include "gclient/where.h"

#include <stdio.h>
#include <stdlib.h>

/* An environment variable that says something, or NULL. */
static const char *from(char *(*env)(const char *name), const char *name)
{
    const char *value = env(name);

    return value && value[0] != '\0' ? value : NULL;
}

bool where_read_url(const char *url, char ret_node[WHERE_ADDR_BYTES], char ret_http[WHERE_ADDR_BYTES])
{
    static const char *const schemes[] = {"tcp://", "gmq://"};
    const char *host = url;

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            host = url + strlen(schemes[i]);
    size_t len = strcspn(host, "/"), host_len = 0;
    if (len == 0 || len > 255 || (host[len] == '/' && host[len + 1] != '\0') || memmem(host, len, "@", 1))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
            return false;
    if (host[0] == '[') {
        const char *close = memchr(host, ']', len);
        if (!close)
            return false;
        host_len = (size_t)(close - host) + 1;
    } else {
        const char *colon = memchr(host, ':', len);
        host_len = colon ? (size_t)(colon - host) : len;
    }
    if (host_len < len && (host[host_len] != ':' || host_len + 1 == len ||
                           memchr(host + host_len + 1, ':', len - host_len - 1)))
        return false;
    (void)snprintf(ret_node, WHERE_ADDR_BYTES, "%.*s%s", (int)len, host, host_len < len ? "" : ":9503");
    (void)snprintf(ret_http, WHERE_ADDR_BYTES, "%.*s:9504", host_len > 0 ? (int)host_len : 9,
                   host_len > 0 ? host : "127.0.0.1");
    return true;
}

static void fill(const char **field, const char *value)
{
    if (!*field && value && value[0] != '\0')
        *field = value;
}

static bool is_open(uint64_t bits, const struct values *values)
{
    return ((bits & FOR_TCP) != 0 && !values->node) || ((bits & FOR_HTTP) != 0 && !values->http) ||
           ((bits & FOR_NODES) != 0 && !values->registry);
}

static bool from_context(struct where *where, const char *name, struct values *values,
                         char *(*env)(const char *name), char *ret_error)
{
    char dir[CONTEXT_PATH_BYTES], why[CONTEXT_ERROR_BYTES];

    if (!context_dir(env, dir)) {
        (void)snprintf(ret_error, WHERE_ERROR_BYTES, "context %.64s: neither XDG_CONFIG_HOME nor HOME is set", name);
        return false;
    }
    if (context_read(dir, name, &where->context, why) != 0) {
        (void)snprintf(ret_error, WHERE_ERROR_BYTES, "context %.64s: %s", name, why);
        return false;
    }
    fill(&values->node, where->context.node);
    fill(&values->http, where->context.http);
    fill(&values->registry, where->context.registry);
    return true;
}

/* The context that GMQ_CONTEXT names, else the selected one; NULL when there is neither. */
static const char *standing_context(char *(*env)(const char *name), char selected[CONTEXT_NAME_BYTES])
{
    char dir[CONTEXT_PATH_BYTES];
    const char *name = from(env, "GMQ_CONTEXT");

    if (name)
        return name;
    return context_dir(env, dir) && context_selected(dir, selected) ? selected : NULL;
}

bool where_settle_in(struct where *where, uint64_t bits, struct values *values, char *(*env)(const char *name),
                     char ret_error[WHERE_ERROR_BYTES])
{
    char selected[CONTEXT_NAME_BYTES];
    const char *url, *name;

    *where = (struct where){0};
    if (values->context && !from_context(where, values->context, values, env, ret_error))
        return false;
    fill(&values->node, env("GMQ_NODE"));
    fill(&values->http, env("GMQ_HTTP"));
    fill(&values->registry, env("GMQ_REGISTER"));
    if (is_open(bits, values) && (url = from(env, "GMQ_URL"))) {
        if (!where_read_url(url, where->url_node, where->url_http)) {
            (void)snprintf(ret_error, WHERE_ERROR_BYTES, "GMQ_URL is no tcp://HOST:PORT: %.300s", url);
            return false;
        }
        fill(&values->node, where->url_node);
        fill(&values->http, where->url_http);
    }
    if (!values->context && is_open(bits, values) && (name = standing_context(env, selected)) &&
        !from_context(where, name, values, env, ret_error))
        return false;
    fill(&values->node, "127.0.0.1:9503");
    fill(&values->http, "127.0.0.1:9504");
    fill(&values->registry, "127.0.0.1:9595");
    return true;
}

bool where_settle(struct where *where, uint64_t bits, struct values *values, char ret_error[WHERE_ERROR_BYTES])
{
    return where_settle_in(where, bits, values, getenv, ret_error);
}

void where_free(struct where *where) { context_free(&where->context); }
