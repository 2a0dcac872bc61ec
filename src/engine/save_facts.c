/*
 * save_facts.c - the facts of messages that came back or are dead in an image
 *
 * Little-endian words, per message, in no order: its LSN, first_ms, last_ms, due_ms, dead_ms, why +
 * bytes of text << 8 + retries << 16;
 * the text padded to 8.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"

enum { FACT_WORDS = 6, WHY_BITS = 8, RETRIES_SHIFT = 16 };

static uint64_t words(const struct engine *engine)
{
    return FACT_WORDS * engine->facts.count + engine->facts.text_words;
}

/* Texts come with commands that need room for themselves. */
static uint64_t words_max(const struct engine *engine, uint64_t deliveries)
{
    return words(engine) + FACT_WORDS * (engine->flight.count + deliveries);
}

static char *save_fact(char *at, const struct fact *fact)
{
    const uint64_t w[FACT_WORDS] = {fact->lsn,    fact->first_ms, fact->last_ms,
                                    fact->due_ms, fact->dead_ms,
                                    fact->why | (uint64_t)fact->text_len << WHY_BITS |
                                        (uint64_t)fact->retries << RETRIES_SHIFT};
    size_t padded = 8 * facts_text_words(fact->text_len);

    for (unsigned i = 0; i < FACT_WORDS; i++, at += 8)
        put_le64(at, w[i]);
    memset(at, 0, padded);
    if (fact->text_len > 0)
        memcpy(at, fact->text, fact->text_len);
    return at + padded;
}

static char *save(char *at, const struct engine *engine)
{
    uint32_t i = 0;

    for (const struct fact *fact; (fact = facts_next(&engine->facts, &i));)
        at = save_fact(at, fact);
    return at;
}

static bool are_good(const uint64_t w[FACT_WORDS])
{
    uint64_t why = w[5] & 0xff;

    for (unsigned i = 1; i < 5; i++)
        if (w[i] > WHEEL_MS_MAX)
            return false;
    return w[0] > 0 && w[0] % 8 == 0 && (why <= PAYLOAD_REASON_MAX || why == FACT_NOT_DEAD) &&
           w[5] >> RETRIES_SHIFT <= REF_RETRIES_MAX;
}

static bool load(struct engine *engine, struct state_reader *in)
{
    uint64_t w[FACT_WORDS];

    while (in->words > 0) {
        if (!state_take(in, w, FACT_WORDS) || !are_good(w) || facts_find(&engine->facts, w[0]))
            return false;
        size_t bytes = (size_t)(w[5] >> WHY_BITS & 0xff), more = facts_text_words(bytes);
        if (more > in->words)
            return false;
        struct fact *fact = facts_of(&engine->facts, w[0]);
        fact->first_ms = w[1];
        fact->last_ms = w[2];
        fact->due_ms = w[3];
        fact->dead_ms = w[4];
        fact->why = (uint8_t)w[5];
        fact->retries = (uint8_t)(w[5] >> RETRIES_SHIFT);
        facts_set_text(&engine->facts, fact, slice_of(in->at, bytes));
        in->at += 8 * more;
        in->words -= more;
    }
    return true;
}

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t digest(const struct engine *engine)
{
    uint64_t all = 0;
    uint32_t i = 0;

    for (const struct fact *fact; (fact = facts_next(&engine->facts, &i));) {
        uint64_t h = mix(mix(mix(fact->lsn, fact->first_ms), fact->last_ms), fact->due_ms);
        h = mix(mix(h, fact->dead_ms), fact->why | (uint64_t)fact->retries << 8);
        for (unsigned at = 0; at < fact->text_len; at++)
            h = mix(h, (unsigned char)fact->text[at]);
        all += h;
    }
    return all;
}

const struct state_section STATE_FACTS = {
    .tag = STATE_TAG("FACT"), .words = words, .words_max = words_max, .save = save, .load = load, .digest = digest,
};
