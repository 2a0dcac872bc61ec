/*
 * save_keys.c - in an image, the keys of messages, and where those are that were moved
 *
 * Little-endian words, per living message with a key: the hash of the key, the address of its record; those of one hash
 * ascending by address. The same of moved ones, with their ids, mixed (chains_mix), in place of a hash.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

enum { ENTRY_WORDS = 2 };

static uint64_t words_of(const struct keys *keys) { return ENTRY_WORDS * keys->count; }

static void save_one(void *ctx, uint64_t hash, uint64_t lsn)
{
    char **at = ctx;

    put_le64(*at, hash);
    put_le64(*at + 8, lsn);
    *at += 8 * ENTRY_WORDS;
}

static char *save_all(char *at, const struct keys *keys)
{
    keys_each(keys, save_one, &at);
    return at;
}

static bool load_all(struct keys *keys, struct state_reader *in)
{
    uint64_t w[ENTRY_WORDS];

    while (in->words > 0)
        if (!state_take(in, w, ENTRY_WORDS) || keys_find(keys, w[0], 0) >= w[1] || !keys_add(keys, w[0], w[1]))
            return false;
    return true;
}

static void add(void *ctx, uint64_t hash, uint64_t lsn) { *(uint64_t *)ctx += chains_mix(hash ^ chains_mix(lsn)); }

/* Each hash's are in order of their addresses, so what there is says it all. */
static uint64_t digest_all(const struct keys *keys)
{
    uint64_t h = keys->count;

    keys_each(keys, add, &h);
    return h;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static uint64_t words(const struct engine *engine) { return words_of(&engine->keys); }
static char *save(char *at, const struct engine *engine) { return save_all(at, &engine->keys); }
static bool load(struct engine *engine, struct state_reader *in) { return load_all(&engine->keys, in); }
static uint64_t digest(const struct engine *engine) { return digest_all(&engine->keys); }

const struct state_section STATE_KEYS = {
    .tag = STATE_TAG("KEYS"), .words = words, .save = save, .load = load, .digest = digest,
};

/* ---- moved messages ---------------------------------------------------------------------------------------------- */

static uint64_t moved_words(const struct engine *engine) { return words_of(&engine->moved); }
static char *moved_save(char *at, const struct engine *engine) { return save_all(at, &engine->moved); }
static bool moved_load(struct engine *engine, struct state_reader *in) { return load_all(&engine->moved, in); }
static uint64_t moved_digest(const struct engine *engine) { return digest_all(&engine->moved); }

const struct state_section STATE_MOVED = {
    .tag = STATE_TAG("MOVD"), .words = moved_words, .save = moved_save, .load = moved_load, .digest = moved_digest,
};
