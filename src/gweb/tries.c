/* tries.c - see tries.h. SPDX-License-Identifier: MIT */
#include "gweb/tries.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gweb/hash.h"

struct tries_entry {
    char key[TRIES_KEY_BYTES]; /* zeroes behind it */
    uint64_t whole_ms;         /* when all its tries are there again */
    bool refused;
    struct list node;
    UT_hash_handle hh;
};

void tries_init(struct tries *tries, unsigned burst, uint64_t regain_ms)
{
    *tries = (struct tries){.burst = burst, .regain_ms = regain_ms};
    list_init(&tries->by_use);
}

static void forget(struct tries *tries, struct tries_entry *entry)
{
    HASH_DEL(tries->by_key, entry);
    list_remove(&entry->node);
    tries->count--;
    free(entry);
}

void tries_fini(struct tries *tries)
{
    LIST_EACH(&tries->by_use, node, after)
        forget(tries, CONTAINER_OF(node, struct tries_entry, node));
}

static struct tries_entry *find(const struct tries *tries, struct slice key)
{
    struct tries_entry *entry;
    char bytes[TRIES_KEY_BYTES] = "";

    if (key.len > 0)
        memcpy(bytes, key.ptr, min_u64(key.len, sizeof(bytes)));
    HASH_FIND(hh, tries->by_key, bytes, sizeof(bytes), entry);
    return entry;
}

static struct tries_entry *add(struct tries *tries, struct slice key)
{
    struct tries_entry *entry = mem_new(sizeof(*entry));

    if (tries->count >= TRIES_MAX)
        forget(tries, CONTAINER_OF(tries->by_use.next, struct tries_entry, node));
    if (key.len > 0)
        memcpy(entry->key, key.ptr, min_u64(key.len, sizeof(entry->key)));
    list_add_tail(&tries->by_use, &entry->node);
    HASH_ADD(hh, tries->by_key, key, sizeof(entry->key), entry);
    tries->count++;
    return entry;
}

uint64_t tries_take(struct tries *tries, struct slice key, uint64_t now_ms, bool *ret_first)
{
    struct tries_entry *entry = find(tries, key);
    uint64_t all_ms = tries->burst * tries->regain_ms;

    *ret_first = false;
    if (!entry)
        entry = add(tries, key);
    list_remove(&entry->node);
    list_add_tail(&tries->by_use, &entry->node);
    entry->whole_ms = max_u64(entry->whole_ms, now_ms);
    uint64_t missing_ms = entry->whole_ms - now_ms + tries->regain_ms;
    if (missing_ms > all_ms) {
        *ret_first = !entry->refused;
        entry->refused = true;
        return missing_ms - all_ms;
    }
    entry->refused = false;
    entry->whole_ms += tries->regain_ms;
    return 0;
}

bool tries_knows(const struct tries *tries, struct slice key) { return find(tries, key) != NULL; }

void tries_know(struct tries *tries, struct slice key)
{
    if (!tries_knows(tries, key))
        (void)add(tries, key);
}

void tries_give(struct tries *tries, struct slice key)
{
    struct tries_entry *entry = find(tries, key);

    if (entry)
        entry->whole_ms -= min_u64(entry->whole_ms, tries->regain_ms);
}

void tries_address_key(const char *address, char to[TRIES_KEY_BYTES])
{
    struct in6_addr v6;

    if (inet_pton(AF_INET6, address, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6)) {
        (void)snprintf(to, TRIES_KEY_BYTES, "%s", address);
        return;
    }
    memset(v6.s6_addr + 8, 0, 8);
    if (!inet_ntop(AF_INET6, &v6, to, TRIES_KEY_BYTES))
        to[0] = '\0';
}
