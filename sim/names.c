/*
 * names.c - clients that have given themselves a name: what is written of it, and who holds what
 *
 * The sessions of one name are one client, with one number, over all restarts. What a session without a name pops is
 * held by nobody.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "sim/sight.h"

enum { CLIENT_ROOM_BYTES = 512 }; /* what the record of a name takes at most, and more */

int names_refusal(struct slice name)
{
    return workload_client(name) ? 0 : GMQ_E_CLIENT_NAME;
}

/* The number that the log has given to the name; 0 = none. */
static uint32_t number_of(const struct oracle *oracle, const char *name)
{
    for (uint32_t i = 1; name && i < ORACLE_CLIENTS_MAX; i++)
        if (oracle->now.clients[i] == name)
            return i;
    return 0;
}

/* Who pops: the first that waits, or whose command it is. */
static const struct client *popper(const struct sight *sight)
{
    for (int i = 0; i < ORACLE_TOPICS_MAX; i++) {
        const struct client *waits = rules_first_waiter(sight->life, i);
        if (waits && rules_can_deliver(sight->life, i))
            return waits;
    }
    return is_doing(sight, CMD_POP) || is_doing(sight, CMD_WPOP) ? sight->life->busy : NULL;
}

void sight_client(struct sight *sight)
{
    struct oracle *oracle = &sight->life->oracle;
    struct payload_client client;
    const struct client *who = popper(sight);

    demand(sight, payload_get_client(sight->rec->payload, &client) && client.address.len == 0, "malformed");
    const char *name = workload_client(client.name);
    demand(sight, name && client.number > 0 && client.number < ORACLE_CLIENTS_MAX, "a client that nobody is");
    demand(sight, who, "nobody pops");
    demand(sight, number_of(oracle, name) == 0 && !oracle->now.clients[client.number], "a number for one who has one");
    sight->event.kind = ORACLE_CLIENT;
    sight->event.number = client.number;
    sight->event.name = name;
    happens(sight);
}

/* Has the log so little room that a name may have got no number? */
static bool is_short_of_room(const struct life *life)
{
    struct log_stats stats;

    log_stats(life->broker.log, &stats);
    return life->disturbed || log_room(life->broker.log, CLIENT_ROOM_BYTES, false) != 0 ||
           stats.tail_lsn - min_u64(stats.written_lsn, stats.durable_lsn) > life->log_options.ring_bytes / 8;
}

void sight_holder(struct sight *sight, const struct client *client, uint32_t holder)
{
    uint32_t number = number_of(&sight->life->oracle, client->called);

    demand(sight, holder == number, "held by another client");
    demand(sight, !client->called || number > 0 || is_short_of_room(sight->life), "held by nobody");
    sight->event.message.holder = holder;
    sight->life->held += holder > 0;
}

void names_check_holder(struct life *life, const struct oracle_message *m, struct slice holder)
{
    const char *name = m->state == ORACLE_FLIGHT ? life->oracle.now.clients[m->holder] : NULL;

    if (name ? !slice_is(holder, name) : holder.len > 0)
        life_fail(life, "%" PRIu64 " is held by %.*s, should be %s", m->id, (int)holder.len, holder.ptr,
                  name ? name : "nobody");
}
