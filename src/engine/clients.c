/*
 * clients.c - see clients.h
 *
 * In an image, little-endian words, per client, ascending by number: its number, bytes of the name << 32, bytes of the
 * address << 48; name and address one after the other, padded to 8.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/clients.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>

void clients_free(struct clients *clients)
{
    for (uint32_t number = 1; clients->entries && number <= CLIENTS_MAX; number++)
        free(clients->entries[number]);
    free(clients->entries);
    *clients = (struct clients){.words = 0};
}

static size_t taken(const struct client_entry *entry)
{
    return mem_taken(sizeof(*entry) + entry->name_len + entry->address_len);
}

void clients_set(struct clients *clients, uint32_t number, struct slice name, struct slice address)
{
    ENSURE(number >= 1 && number <= CLIENTS_MAX && name.len <= CLIENT_TEXT_BYTES_MAX &&
           address.len <= CLIENT_TEXT_BYTES_MAX);
    if (!clients->entries) {
        clients->entries = mem_new((CLIENTS_MAX + 1) * sizeof(clients->entries[0]));
        clients->bytes += mem_taken((CLIENTS_MAX + 1) * sizeof(clients->entries[0]));
    }
    struct client_entry *old = clients->entries[number];
    if (old) {
        clients->words -= client_entry_words(old);
        clients->bytes -= taken(old);
        free(old);
    }
    struct client_entry *entry = mem_new(sizeof(*entry) + name.len + address.len);
    entry->name_len = (uint8_t)name.len;
    entry->address_len = (uint8_t)address.len;
    if (name.len > 0)
        memcpy(entry->text, name.ptr, name.len);
    if (address.len > 0)
        memcpy(entry->text + name.len, address.ptr, address.len);
    clients->entries[number] = entry;
    clients->words += client_entry_words(entry);
    clients->bytes += taken(entry);
}

const struct client_entry *clients_get(const struct clients *clients, uint32_t number)
{
    return clients->entries && number <= CLIENTS_MAX ? clients->entries[number] : NULL;
}

/* ---- in an image ------------------------------------------------------------------------------------------------- */

static uint64_t words(const struct engine *engine) { return engine->clients.words; }

static char *save(char *at, const struct engine *engine)
{
    for (uint32_t number = 1; number <= CLIENTS_MAX; number++) {
        const struct client_entry *entry = clients_get(&engine->clients, number);
        if (!entry)
            continue;
        size_t len = (size_t)entry->name_len + entry->address_len, padded = (len + 7) & ~(size_t)7;
        put_le64(at, number | (uint64_t)entry->name_len << 32 | (uint64_t)entry->address_len << 48);
        memset(at + 8, 0, padded);
        memcpy(at + 8, entry->text, len);
        at += 8 + padded;
    }
    return at;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    uint32_t before = 0;
    uint64_t w;

    while (in->words > 0) {
        if (!state_take(in, &w, 1))
            return false;
        uint32_t number = (uint32_t)w;
        size_t name = w >> 32 & 0xffff, address = (size_t)(w >> 48), more = (name + address + 7) / 8;
        if (number <= before || number > CLIENTS_MAX || name > CLIENT_TEXT_BYTES_MAX ||
            address > CLIENT_TEXT_BYTES_MAX || more > in->words)
            return false;
        before = number;
        clients_set(&engine->clients, number, slice_of(in->at, name), slice_of(in->at + name, address));
        in->at += 8 * more;
        in->words -= more;
    }
    return true;
}

static uint64_t digest(const struct engine *engine)
{
    uint64_t h = engine->clients.words;

    for (uint32_t number = 1; engine->clients.entries && number <= CLIENTS_MAX; number++) {
        const struct client_entry *entry = engine->clients.entries[number];
        for (size_t i = 0; entry && i < (size_t)entry->name_len + entry->address_len; i++)
            h = h * 1099511628211u + (unsigned char)entry->text[i] + number + 31 * entry->name_len;
    }
    return h;
}

const struct state_section STATE_CLIENTS = {
    .tag = STATE_TAG("CLNT"), .words = words, .save = save, .load = load, .digest = digest,
};
