/* registry.c - see registry.h. SPDX-License-Identifier: MIT */
#include "gregister/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int registry_init(struct registry *registry)
{
    *registry = (struct registry){.next_serial = 1};
    registry->nodes = calloc(REGISTRY_NODES_MAX, sizeof(registry->nodes[0]));
    return registry->nodes ? 0 : -ENOMEM;
}

void registry_fini(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++)
        free(registry->nodes[i]);
    free(registry->nodes);
    *registry = (struct registry){.nodes = NULL};
}

static void remove_at(struct registry *registry, size_t at)
{
    ENSURE(at < registry->count);
    free(registry->nodes[at]);
    registry->count--;
    memmove(registry->nodes + at, registry->nodes + at + 1, (registry->count - at) * sizeof(registry->nodes[0]));
}

static bool is_same(const struct registry_node *a, const struct registry_node *b)
{
    return a->id == b->id && strcmp(a->tcp_addr, b->tcp_addr) == 0 && strcmp(a->http_addr, b->http_addr) == 0;
}

static bool overlaps(const struct registry_node *a, const struct registry_node *b)
{
    return a->id == b->id || strcmp(a->tcp_addr, b->tcp_addr) == 0 || strcmp(a->http_addr, b->http_addr) == 0;
}

static struct registry_node *find_same(const struct registry *registry, const struct registry_node *node)
{
    for (size_t i = 0; i < registry->count; i++)
        if (is_same(registry->nodes[i], node))
            return registry->nodes[i];
    return NULL;
}

const char *registry_conflict(const struct registry *registry, const struct registry_node *node,
                              char text[REGISTRY_TEXT_BYTES])
{
    const struct registry_node *by_id = NULL, *by_tcp = NULL, *by_http = NULL;

    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_node *other = registry->nodes[i];

        if (other->hidden || is_same(other, node))
            continue;
        by_id = other->id == node->id ? other : by_id;
        by_tcp = strcmp(other->tcp_addr, node->tcp_addr) == 0 ? other : by_tcp;
        by_http = strcmp(other->http_addr, node->http_addr) == 0 ? other : by_http;
    }
    if (by_id)
        (void)snprintf(text, REGISTRY_TEXT_BYTES, "node.Id %u has exist", node->id);
    else if (by_tcp)
        (void)snprintf(text, REGISTRY_TEXT_BYTES, "node.tcpAddr %s has exist", node->tcp_addr);
    else if (by_http)
        (void)snprintf(text, REGISTRY_TEXT_BYTES, "node.httpAddr %s has exist", node->http_addr);
    else
        return NULL;
    return text;
}

const char *registry_bad_weight(int64_t weight)
{
    if (weight < 1)
        return "weight must be greater than 0.";
    return weight > REGISTRY_WEIGHT_MAX ? "weight must be at most 2147483647" : NULL;
}

static const char *refuse(const struct registry_node *node)
{
    if (node->id < 1 || node->id > REGISTRY_ID_MAX)
        return "node_id must be 1..1024";
    return registry_bad_weight(node->weight);
}

const char *registry_add(struct registry *registry, const struct registry_node *node, uint64_t now_ms,
                         char text[REGISTRY_TEXT_BYTES])
{
    const char *why = registry_conflict(registry, node, text);
    struct registry_node *entry;

    if (why || (why = refuse(node)))
        return why;
    entry = find_same(registry, node);
    for (size_t i = registry->count; i-- > 0;)
        if (registry->nodes[i] != entry && overlaps(registry->nodes[i], node))
            remove_at(registry, i);
    if (!entry) {
        if (registry->count == REGISTRY_NODES_MAX)
            return "too many nodes";
        entry = malloc(sizeof(*entry));
        if (!entry)
            return "out of memory";
        *entry = *node;
        entry->told_weight = 0;
        entry->hidden = true;
        registry->nodes[registry->count++] = entry;
    }
    if (entry->hidden)
        entry->join_ms = now_ms;
    if (entry->told_weight != node->weight)
        entry->weight = entry->told_weight = node->weight;
    entry->http_tls = node->http_tls;
    entry->tcp_tls = node->tcp_tls;
    entry->hidden = false;
    entry->hidden_ms = 0;
    entry->misses = 0;
    entry->serial = registry->next_serial++;
    registry->had_nodes = true;
    return NULL;
}

const char *registry_remove(struct registry *registry, const char *tcp_addr)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->nodes[i]->tcp_addr, tcp_addr) == 0) {
            remove_at(registry, i);
            return NULL;
        }
    return "addr is not exist";
}

const char *registry_edit_weight(struct registry *registry, const char *tcp_addr, int64_t weight)
{
    const char *why = registry_bad_weight(weight);

    if (why)
        return why;
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->nodes[i]->tcp_addr, tcp_addr) == 0) {
            registry->nodes[i]->weight = (uint32_t)weight;
            return NULL;
        }
    return "node is not exist";
}

static struct registry_node *find_serial(const struct registry *registry, uint64_t serial)
{
    for (size_t i = 0; i < registry->count; i++)
        if (registry->nodes[i]->serial == serial)
            return registry->nodes[i];
    return NULL;
}

const struct registry_node *registry_find(const struct registry *registry, uint64_t serial)
{
    return find_serial(registry, serial);
}

bool registry_pinged(struct registry *registry, uint64_t serial, bool good, uint64_t now_ms)
{
    struct registry_node *node = find_serial(registry, serial);

    if (!node)
        return false;
    if (good) {
        bool came = node->hidden;

        node->hidden = false;
        node->hidden_ms = 0;
        node->misses = 0;
        return came;
    }
    if (node->misses < REGISTRY_MISSES_MAX)
        node->misses++;
    if (node->hidden || node->misses < REGISTRY_MISSES_MAX)
        return false;
    node->hidden = true;
    node->hidden_ms = now_ms;
    return true;
}

size_t registry_forget(struct registry *registry, uint64_t now_ms)
{
    size_t gone = 0;

    for (size_t i = registry->count; i-- > 0;) {
        struct registry_node *node = registry->nodes[i];

        if (!node->hidden)
            continue;
        /* The wall clock may have been set back meanwhile. */
        node->hidden_ms = min_u64(node->hidden_ms, now_ms);
        if (now_ms - node->hidden_ms < REGISTRY_FORGET_MS)
            continue;
        remove_at(registry, i);
        gone++;
    }
    return gone;
}
