/*
 * save_keys.c - in an image, the keys of messages
 *
 * Little-endian words, per living message with a key: the hash of the key, the address of its record; those of one hash
 * ascending by address.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

enum { ENTRY_WORDS = 2 };

static uint64_t words(const struct engine *engine) { return ENTRY_WORDS * engine->keys.count; }

static void save_one(void *ctx, uint64_t hash, uint64_t lsn)
{
    char **at = ctx;

    put_le64(*at, hash);
    put_le64(*at + 8, lsn);
    *at += 8 * ENTRY_WORDS;
}

static char *save(char *at, const struct engine *engine)
{
    keys_each(&engine->keys, save_one, &at);
    return at;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    uint64_t w[ENTRY_WORDS];

    while (in->words > 0)
        if (!state_take(in, w, ENTRY_WORDS) || keys_find(&engine->keys, w[0], 0) >= w[1] ||
            !keys_add(&engine->keys, w[0], w[1]))
            return false;
    return true;
}

static void add(void *ctx, uint64_t hash, uint64_t lsn) { *(uint64_t *)ctx += chains_mix(hash ^ chains_mix(lsn)); }

/* Each hash's are in order of their addresses, so what there is says it all. */
static uint64_t digest(const struct engine *engine)
{
    uint64_t h = engine->keys.count;

    keys_each(&engine->keys, add, &h);
    return h;
}

const struct state_section STATE_KEYS = {
    .tag = STATE_TAG("KEYS"), .words = words, .save = save, .load = load, .digest = digest,
};
