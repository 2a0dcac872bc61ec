/* fleet.c - see fleet.h. SPDX-License-Identifier: MIT */
#include "gweb/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "base/mem.h"
#include "net/clock.h"

enum { LOOK_MS = 100, RETRY_MS_MIN = 500, RETRY_MS_MAX = 10000 };

/* Of a node that is not contacted any more. */
static const char UNLISTED[] = "no registry lists it";

static const char *const STATE_WORDS[] = {"connecting", "up", "down"};

/* ---- the state of a node ----------------------------------------------------------------------------------------- */

static void set_state(struct fleet_node *node, enum node_state state, const char *detail)
{
    if (node->state != state) {
        node->since_ms = clock_wall_ms();
        log_line(state == NODE_DOWN && node->state == NODE_UP ? LOG_WARN : LOG_INFO, "fleet", "node %u at %s is %s%s%s",
                 node->at.id, node->at.http_addr, STATE_WORDS[state], detail[0] ? ": " : "", detail);
    }
    node->state = state;
    (void)snprintf(node->detail, sizeof(node->detail), "%s", detail);
    if (state != NODE_UP) {
        node->told.has = node->has_facts = false;
        node->slow[0] = '\0';
    }
}

static void on_told(void *ctx, const struct feed_node *told)
{
    struct fleet_node *node = ctx;

    node->told = *told;
    node->told_ms = clock_boot_ms();
    node->seen_ms = clock_wall_ms();
    node->failures = 0;
    set_state(node, NODE_UP, "");
}

/* Half a second, doubled each time, and a quarter of it up or down, so that not all come back at once. */
static uint64_t pause_ms(unsigned failures)
{
    uint64_t pause = min_u64((uint64_t)RETRY_MS_MIN << min_u64(failures, 10), RETRY_MS_MAX);
    uint64_t chance = clock_boot_ns() * UINT64_C(0x9e3779b97f4a7c15) >> 33;

    return pause - pause / 4 + chance % (pause / 2);
}

static void on_lost(void *ctx, const char *why)
{
    struct fleet_node *node = ctx;

    node->retry_ms = clock_boot_ms() + pause_ms(node->failures++);
    set_state(node, NODE_DOWN, node->listed ? why : UNLISTED);
}

/* ---- which there are --------------------------------------------------------------------------------------------- */

static void stop_asking(struct fleet_node *node)
{
    if (node->facts_call)
        httpc_cancel(node->facts_call);
    node->facts_call = NULL;
}

static void stop_contact(struct fleet_node *node)
{
    feed_end(&node->feed);
    stop_asking(node);
    free(node->reasons);
    node->reasons = NULL;
}

static void node_free(struct fleet *fleet, uint32_t id)
{
    struct fleet_node *node = fleet->nodes[id];

    fleet->nodes[id] = NULL;
    stop_contact(node);
    free(node);
}

static struct fleet_node *node_new(struct fleet *fleet, const struct fleet_listed *at)
{
    struct fleet_node *node = mem_new(sizeof(*node));

    node->fleet = fleet;
    node->at = *at;
    node->since_ms = clock_wall_ms();
    feed_init(&node->feed, &fleet->model, at->id);
    node->feed.told = on_told;
    node->feed.lost = on_lost;
    node->feed.ctx = node;
    return fleet->nodes[at->id] = node;
}

static void node_listed(struct fleet *fleet, const struct fleet_listed *at)
{
    struct fleet_node *node = fleet->nodes[at->id];

    if (!node)
        node = node_new(fleet, at);
    else if (!node->listed || strcmp(node->at.http_addr, at->http_addr) != 0) {
        stop_contact(node);
        node->retry_ms = node->ask_ms = node->failures = 0;
        set_state(node, NODE_CONNECTING, "");
    }
    node->at = *at;
    node->listed = true;
}

static const struct fleet_listed *find_listed(const struct fleet *fleet, uint32_t id)
{
    for (size_t r = 0; r < fleet->registry_count; r++)
        for (size_t i = 0; i < fleet->registries[r].count; i++)
            if (fleet->registries[r].listed[i].id == id)
                return &fleet->registries[r].listed[i];
    return NULL;
}

void fleet_merge(struct fleet *fleet)
{
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++) {
        const struct fleet_listed *at = find_listed(fleet, id);
        struct fleet_node *node = fleet->nodes[id];
        if (at) {
            node_listed(fleet, at);
        } else if (node && node->listed) {
            node->listed = false;
            node->unlisted_ms = clock_boot_ms();
            if (node->state == NODE_UP) { /* it drains: what it still tells is listened to */
                stop_asking(node);
                continue;
            }
            stop_contact(node);
            set_state(node, NODE_DOWN, UNLISTED);
        }
    }
}

const struct fleet_node *fleet_listed(const struct fleet *fleet, uint64_t id)
{
    if (id == 0 || id > MODEL_NODE_MAX || !fleet->nodes[id] || !fleet->nodes[id]->listed)
        return NULL;
    return fleet->nodes[id];
}

void fleet_sums(const struct fleet *fleet, struct figures *ret)
{
    struct figures one;

    *ret = (struct figures){.known = 0};
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        if (fleet_knows(fleet, id)) {
            model_sums(&fleet->model, id, &one);
            figures_add(ret, &one);
        }
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void look_at(struct fleet *fleet, struct fleet_node *node, uint64_t now_ms)
{
    if (node->feed.call && now_ms > node->told_ms + FLEET_MUTE_MS) {
        feed_end(&node->feed);
        on_lost(node, "it sends, but no figures");
    }
    if (!node->listed) {
        if (now_ms - node->unlisted_ms > FLEET_UNLISTED_MS) {
            model_drop(&fleet->model, node->at.id);
            node_free(fleet, node->at.id);
        }
        return;
    }
    if (node->at.http_tls) {
        set_state(node, NODE_DOWN, "it speaks TLS, which gweb does not");
        return;
    }
    if (!node->feed.call && now_ms >= node->retry_ms) {
        node->told_ms = now_ms;
        if (feed_begin(&node->feed, fleet->client, node->at.http_addr) < 0)
            on_lost(node, "no memory for a call");
    }
    if (!node->facts_call && now_ms >= node->ask_ms && node->state != NODE_DOWN) {
        node->ask_ms = now_ms + FACTS_EVERY_MS;
        fleet_ask_facts(node);
    }
}

static void on_look(uv_timer_t *timer)
{
    struct fleet *fleet = timer->data;
    uint64_t now_ms = clock_boot_ms();

    if (now_ms >= fleet->ask_ms) {
        fleet->ask_ms = now_ms + FLEET_ASK_MS;
        fleet_ask_registries(fleet);
    }
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        if (fleet->nodes[id])
            look_at(fleet, fleet->nodes[id], now_ms);
}

void fleet_hurry(struct fleet *fleet) { fleet->ask_ms = 0; }

int fleet_open(struct fleet *fleet, uv_loop_t *loop, const char *const *registries, size_t count)
{
    ENSURE(count <= FLEET_REGISTRIES_MAX);
    memset(fleet, 0, sizeof(*fleet));
    fleet->loop = loop;
    model_init(&fleet->model);
    for (; fleet->registry_count < count; fleet->registry_count++) {
        struct fleet_registry *registry = &fleet->registries[fleet->registry_count];
        registry->fleet = fleet;
        registry->url = strdup(registries[fleet->registry_count]);
        (void)snprintf(registry->detail, sizeof(registry->detail), "not asked yet");
        if (!registry->url)
            return -ENOMEM;
    }
    int err = httpc_open(&fleet->client, loop);
    if (err < 0)
        return err;
    ENSURE(uv_timer_init(loop, &fleet->timer) == 0);
    fleet->timer.data = fleet;
    fleet->timer_open = true;
    return uv_timer_start(&fleet->timer, on_look, 0, LOOK_MS);
}

void fleet_close(struct fleet *fleet)
{
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        if (fleet->nodes[id])
            stop_contact(fleet->nodes[id]);
    httpc_close(fleet->client);
    fleet->client = NULL;
    if (fleet->timer_open)
        uv_close((uv_handle_t *)&fleet->timer, NULL);
    fleet->timer_open = false;
}

void fleet_fini(struct fleet *fleet)
{
    ENSURE(!fleet->timer_open);
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        if (fleet->nodes[id])
            node_free(fleet, id);
    for (size_t i = 0; i < fleet->registry_count; i++) {
        free(fleet->registries[i].url);
        free(fleet->registries[i].listed);
    }
    fleet->registry_count = 0;
    model_fini(&fleet->model);
}
