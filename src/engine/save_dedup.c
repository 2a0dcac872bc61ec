/*
 * save_dedup.c - dedup keys in an image
 *
 * Little-endian words: window in ms, how many there may be; per key, oldest push first: two words that stand for it,
 * the id of the push, the check number of its content. With the settings that an engine begins with, and no keys, it
 * is left out.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

enum { HEAD_WORDS = 2, ENTRY_WORDS = 4 };

static uint64_t words(const struct engine *engine)
{
    const struct dedup *dedup = &engine->dedup;

    if (dedup->count == 0 && dedup->window_ms == 1000 * DEDUP_WINDOW_S_DEFAULT &&
        dedup->keys_max == DEDUP_KEYS_DEFAULT)
        return 0;
    return HEAD_WORDS + ENTRY_WORDS * dedup->count;
}

static char *save(char *at, const struct engine *engine)
{
    const struct dedup *dedup = &engine->dedup;
    const struct dedup_entry *entry;

    put_le64(at, dedup->window_ms);
    put_le64(at + 8, dedup->keys_max);
    at += 8 * HEAD_WORDS;
    for (uint64_t place = 0; (entry = dedup_next(dedup, &place)); at += 8 * ENTRY_WORDS) {
        put_le64(at, entry->hash[0]);
        put_le64(at + 8, entry->hash[1]);
        put_le64(at + 16, entry->id);
        put_le64(at + 24, entry->check);
    }
    return at;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    struct dedup *dedup = &engine->dedup;
    uint64_t w[ENTRY_WORDS];

    if (!state_take(in, w, HEAD_WORDS) || w[0] > DEDUP_WINDOW_MS_MAX || w[1] > DEDUP_KEYS_MAX)
        return false;
    dedup_limit(dedup, w[0], w[1]);
    while (in->words > 0) {
        uint64_t count = dedup->count;
        if (!state_take(in, w, ENTRY_WORDS) || w[3] > UINT32_MAX || dedup_find(dedup, w))
            return false;
        struct dedup_entry entry = {.hash = {w[0], w[1]}, .id = w[2], .check = (uint32_t)w[3]};
        (void)dedup_add(dedup, &entry, 0);
        if (dedup->count != count + 1)
            return false;
    }
    return words(engine) > 0;
}

static uint64_t digest(const struct engine *engine)
{
    const struct dedup_entry *entry;
    uint64_t h = chains_mix(engine->dedup.window_ms) + engine->dedup.keys_max;

    for (uint64_t place = 0; (entry = dedup_next(&engine->dedup, &place));)
        h = chains_mix(chains_mix(chains_mix(h ^ entry->hash[0]) ^ entry->hash[1]) ^ entry->id) + entry->check;
    return h;
}

const struct state_section STATE_DEDUP = {
    .tag = STATE_TAG("DEDU"), .words = words, .save = save, .load = load, .digest = digest,
};
