/* holders.c - see holders.h. SPDX-License-Identifier: MIT */
#include "gnode/holders.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/clients.h"
#include "engine/payload.h"
#include "gnode/broker.h"

#include <stdlib.h>

/* The default hash falls through its cases, which clang warns of, and the default end without memory is exit(). */
#define HASH_FUNCTION(key, bytes, hash) HASH_FNV(key, bytes, hash)
#define uthash_fatal(what) base_fail(__FILE__, __LINE__, what)
#include <uthash.h>

enum {
    KEY_BYTES_MAX = 1 + CMD_NAME_BYTES_MAX + CLIENT_TEXT_BYTES_MAX, /* bytes of the name, name, address */
    HASH_BYTES = 32,  /* of the table, a holder */
    LOOKS = 64,       /* at unused ones that may still hold messages */
};

struct holder {
    uint32_t number;
    uint32_t sessions;
    uint32_t seat;
    struct list in_unused;
    UT_hash_handle by_key;
    size_t key_len;
    char key[];
};

static size_t make_key(char to[KEY_BYTES_MAX], struct slice name, struct slice address)
{
    to[0] = (char)name.len;
    if (name.len > 0)
        memcpy(to + 1, name.ptr, name.len);
    if (address.len > 0)
        memcpy(to + 1 + name.len, address.ptr, address.len);
    return 1 + name.len + address.len;
}

static size_t taken(const struct holder *holder) { return mem_taken(sizeof(*holder) + holder->key_len) + HASH_BYTES; }

static struct holder *add(struct holders *holders, uint32_t number, const char *key, size_t key_len)
{
    struct holder *holder = mem_new(sizeof(*holder) + key_len);

    if (!holders->all) {
        holders->all = mem_new((CLIENTS_MAX + 1) * sizeof(holders->all[0]));
        holders->bytes += mem_taken((CLIENTS_MAX + 1) * sizeof(holders->all[0]));
    }
    holder->number = number;
    holder->seat = ++holders->seats;
    holder->key_len = key_len;
    memcpy(holder->key, key, key_len);
    list_init(&holder->in_unused);
    list_add_tail(&holders->unused, &holder->in_unused);
    HASH_ADD_KEYPTR(by_key, holders->by_key, holder->key, holder->key_len, holder);
    holders->all[number] = holder;
    holders->count++;
    holders->bytes += taken(holder);
    return holder;
}

static void drop(struct holders *holders, struct holder *holder)
{
    list_remove(&holder->in_unused);
    HASH_DELETE(by_key, holders->by_key, holder);
    holders->all[holder->number] = NULL;
    holders->count--;
    holders->bytes -= taken(holder);
    free(holder);
}

static struct holder *find(const struct holders *holders, const char *key, size_t key_len)
{
    struct holder *holder;

    HASH_FIND(by_key, holders->by_key, key, key_len, holder);
    return holder;
}

void holders_begin(struct broker *broker)
{
    struct holders *holders = &broker->holders;
    struct engine_client client;
    char key[KEY_BYTES_MAX];

    list_init(&holders->unused);
    for (uint32_t number = 1; number <= CLIENTS_MAX; number++) {
        if (!engine_client(broker->engine, number, &client) || client.name.len > CMD_NAME_BYTES_MAX)
            continue;
        size_t len = make_key(key, client.name, client.address);
        if (!find(holders, key, len))
            (void)add(holders, number, key, len);
    }
}

void holders_end(struct broker *broker)
{
    struct holders *holders = &broker->holders;

    for (uint32_t number = 1; holders->all && number <= CLIENTS_MAX; number++)
        if (holders->all[number])
            drop(holders, holders->all[number]);
    free(holders->all);
    *holders = (struct holders){.count = 0};
    list_init(&holders->unused);
}

static bool holds(const struct broker *broker, uint32_t number)
{
    struct engine_client client;

    (void)engine_client(broker->engine, number, &client);
    return client.held > 0;
}

/* A number that is nobody's, or was longest without use; 0 = there is none. */
static uint32_t free_number(struct broker *broker)
{
    struct holders *holders = &broker->holders;
    unsigned looks = LOOKS;

    for (uint32_t number = 1; holders->count < CLIENTS_MAX && number <= CLIENTS_MAX; number++)
        if ((!holders->all || !holders->all[number]) && !holds(broker, number))
            return number;
    LIST_EACH(&holders->unused, node, after) {
        struct holder *holder = CONTAINER_OF(node, struct holder, in_unused);
        uint32_t number = holder->number;
        if (looks-- == 0)
            return 0;
        if (holds(broker, number))
            continue;
        drop(holders, holder);
        return number;
    }
    return 0;
}

/* Gives the client a number; NULL when there is none, or no room for the record. */
static struct holder *enter(struct broker *broker, const char *key, size_t key_len)
{
    struct payload_client client = {.name = slice_of(key + 1, (unsigned char)key[0])};
    size_t payload = PAYLOAD_CLIENT_BYTES + key_len - 1;

    if (broker_room(broker, record_stride(RECORD_CLIENT, payload), false) != 0)
        return NULL;
    client.address = slice_of(key + 1 + client.name.len, key_len - 1 - client.name.len);
    client.number = free_number(broker);
    if (client.number == 0)
        return NULL;
    payload_put_client(log_begin(broker->log, RECORD_CLIENT, 0, 0, 0, payload), &client);
    (void)broker_apply(broker);
    return add(&broker->holders, client.number, key, key_len);
}

uint32_t holders_seat(const struct broker *broker, uint32_t number)
{
    const struct holders *holders = &broker->holders;

    return holders->all && number <= CLIENTS_MAX && holders->all[number] ? holders->all[number]->seat : 0;
}

uint32_t holders_find(struct session *session)
{
    struct broker *broker = session->broker;
    char key[KEY_BYTES_MAX], address[CLIENT_TEXT_BYTES_MAX];
    struct slice name = slice_of(session->name, session->name_len);

    if (session->holder != HOLDER_NOT_ASKED)
        return session->holder;
    size_t address_len = session->ops->peer ? session->ops->peer(session, address, sizeof(address)) : 0;
    if (name.len == 0 && address_len == 0)
        return session->holder = 0;
    size_t len = make_key(key, name, slice_of(address, address_len));
    struct holder *holder = find(&broker->holders, key, len);
    if (!holder)
        holder = enter(broker, key, len);
    if (!holder)
        return 0;
    holder->sessions++;
    list_remove(&holder->in_unused);
    session->seat = holder->seat;
    return session->holder = holder->number;
}

void holders_leave(struct session *session)
{
    struct holders *holders = &session->broker->holders;
    uint32_t number = session->holder;

    session->holder = HOLDER_NOT_ASKED;
    session->seat = 0;
    if (number == HOLDER_NOT_ASKED || number == 0)
        return;
    struct holder *holder = holders->all[number];
    if (--holder->sessions == 0)
        list_add_tail(&holders->unused, &holder->in_unused);
}

int session_name(struct session *session, struct slice name)
{
    if (name.len < 1 || name.len > CMD_NAME_BYTES_MAX || !utf8_valid(name))
        return GMQ_E_CLIENT_NAME;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7f)
            return GMQ_E_CLIENT_NAME;
    holders_leave(session);
    memcpy(session->name, name.ptr, name.len);
    session->name_len = (uint8_t)name.len;
    return 0;
}

struct slice client_name(const struct broker *broker, uint32_t holder)
{
    struct engine_client client;

    if (!engine_client(broker->engine, holder, &client))
        return slice_of(NULL, 0);
    return client.name.len > 0 ? client.name : client.address;
}
