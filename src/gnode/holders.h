/*
 * holders.h - which client a session is: the number that its deliveries are held by
 *
 * What   A client is a name, which it may have given itself, and the address of its host; each such pair has a number
 *        (engine/clients.h). A session finds its number when it first pops, and keeps it; all sessions of one name and
 *        host are one client. When all 4096 numbers are given, the one that was longest without a session and holds no
 *        message becomes another's; while there is none such, and while the log has no room for a CLIENT record, a
 *        delivery is held by nobody known (0).
 *        Sessions without a name and an address are nobody: simulated ones.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_HOLDERS_H
#define GMQ_GNODE_HOLDERS_H

#include "base/list.h"
#include "base/slice.h"

struct broker;
struct holder;
struct session;

/* Of a broker. */
struct holders {
    struct holder **all;   /* by number; NULL while there is none */
    struct holder *by_key;
    struct list unused;    /* those without a session, the longest first */
    uint32_t count;
    uint32_t seats;        /* given so far */
    uint64_t bytes;        /* of memory */
};

/* A session's number while it is not known. */
#define HOLDER_NOT_ASKED UINT32_MAX

/* After the replay; before the engine goes. */
void holders_begin(struct broker *broker);
void holders_end(struct broker *broker);

/* Finds the session's number: session->holder is set, unless there is none now, and returned. */
uint32_t holders_find(struct session *session);

/* Tells the clients that have had a number one after the other apart: never the same again; 0 = it is nobody's. */
uint32_t holders_seat(const struct broker *broker, uint32_t number);

/* The session is another client from now on, or none. */
void holders_leave(struct session *session);

/* The name of the session's client, for what it pops from now on. 0 or GMQ_E_CLIENT_NAME. */
NODISCARD int session_name(struct session *session, struct slice name);

/* The name of a holder, or its address when it has none; empty when it is not known. Good until the next turn. */
struct slice client_name(const struct broker *broker, uint32_t holder);

#endif
