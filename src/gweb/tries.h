/*
 * tries.h - how often somebody may try: the limit on logins
 *
 * What   Each key (an address, a name) may try `burst` times at once, and again once every `regain_ms`. A try is taken
 *        when it begins, so that many at a time count; one that succeeded is given back.
 * Limits TRIES_MAX keys; beyond, the one that did not try for longest is forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_TRIES_H
#define GMQ_GWEB_TRIES_H

#include "base/base.h"
#include "base/list.h"
#include "base/slice.h"

enum { TRIES_MAX = 4096, TRIES_KEY_BYTES = 64 };

struct tries_entry;

struct tries {
    unsigned burst;
    uint64_t regain_ms;

    struct tries_entry *by_key;
    struct list by_use; /* who did not try for longest first */
    size_t count;
};

void tries_init(struct tries *tries, unsigned burst, uint64_t regain_ms);
void tries_fini(struct tries *tries);

/*
 * Takes a try of `key` (its first TRIES_KEY_BYTES count). Returns 0, or how many ms to wait, always more than 0; then
 * `*ret_first` says whether it is the first that was refused since one was allowed.
 */
NODISCARD uint64_t tries_take(struct tries *tries, struct slice key, uint64_t now_ms, bool *ret_first);

/* Whether it is known: it has tried, or was told of by tries_know(). */
bool tries_knows(const struct tries *tries, struct slice key);
void tries_know(struct tries *tries, struct slice key);

/* Gives one back. */
void tries_give(struct tries *tries, struct slice key);

/* What an address counts as: itself, of IPv6 its /64, which one customer has. Writes a NUL-ended key. */
void tries_address_key(const char *address, char to[TRIES_KEY_BYTES]);

#endif
