/*
 * presence.h - a node's place in the registries
 *
 * What   Registers the node's addresses with every registry at once and every 10 s, so that one that lost its list
 *        gets it back; unregisters at the end. Registries that are down, slow or refusing are logged when that
 *        changes, and never hold the node up.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_PRESENCE_H
#define GMQ_GNODE_PRESENCE_H

#include "gnode/settings.h"
#include "net/httpc.h"

struct presence;

struct registry {
    struct presence *presence;
    const char *url;         /* "http://host:port" */
    struct httpc_call *call; /* under way, or NULL */
    bool registered;
    char trouble[256];       /* why not, as logged last */
};

struct presence {
    const struct gnode_settings *settings;
    struct httpc *client;
    uv_timer_t timer;
    char tcp_addr[ADDR_TEXT_BYTES], http_addr[ADDR_TEXT_BYTES]; /* as advertised */
    struct registry registries[GNODE_REGISTERS_MAX];
    unsigned leaving; /* unregister calls under way */
    bool open;
};

/* Begins. The ports are those really bound. Nothing happens without a registry. 0 or -errno. */
NODISCARD int presence_open(struct presence *presence, uv_loop_t *loop, const struct gnode_settings *settings,
                            unsigned tcp_port, unsigned http_port);

/* Asks the registries to forget the node; presence_left() tells when they have, or could not be asked. */
void presence_leave(struct presence *presence);
bool presence_left(const struct presence *presence);

void presence_close(struct presence *presence);

#endif
