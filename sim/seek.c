/*
 * seek.c - messages are found by their ids: where the oracle knows them to be, or nowhere
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/life.h"

#include "base/err.h"
#include "gnode/locate.h"

#include <inttypes.h>

enum { SEEK_ALL_MAX = 40, SEEK_ROUNDS = 200 };

enum message_place seek_place_of(const struct oracle_message *m)
{
    switch (m->state) {
    case ORACLE_DELAYED:
    case ORACLE_DELAYED_ASIDE:
        return PLACE_DELAYED;
    case ORACLE_FLIGHT:
        return PLACE_IN_FLIGHT;
    case ORACLE_DEAD:
        return PLACE_DEAD;
    default:
        return PLACE_READY;
    }
}

static void check_found(struct life *life, const struct oracle_message *m, uint64_t id, const struct located *at)
{
    if (at->push.id != id)
        life_fail(life, "message %" PRIu64 " was looked for, and %" PRIu64 " found", id, at->push.id);
    if (!m && at->place != PLACE_GONE)
        life_fail(life, "message %" PRIu64 " was found %s, and is gone", id, place_word(at->place));
    if (!m)
        return;
    if (at->lsn != m->lsn)
        life_fail(life, "message %" PRIu64 " was found at %" PRIx64 ", stands at %" PRIx64, id, at->lsn, m->lsn);
    /* Of a piece that cannot be read the time passes by, and nobody knows what is in it. */
    bool late = m->state == ORACLE_DELAYED_ASIDE && at->place == PLACE_READY;
    if (at->place != seek_place_of(m) && !late)
        life_fail(life, "message %" PRIu64 " was found %s, is %s", id, place_word(at->place), place_word(seek_place_of(m)));
    if (at->retries != m->retries)
        life_fail(life, "message %" PRIu64 " was found with %u retries, has %" PRIu32, id, at->retries, m->retries);
}

/* False while it is being looked for. */
static bool seek(struct life *life, uint64_t id)
{
    const struct oracle_message *m = oracle_by_id(&life->oracle, id);
    struct located at;
    int rc = locate(&life->broker, id, &at);
    bool spoiled = life->unreadable || life->broken || life->decayed;

    if (rc == 1)
        check_found(life, m, id, &at);
    else if (rc < 0 && !spoiled && (m || rc != GMQ_E_MESSAGE_UNKNOWN))
        life_fail(life, "message %" PRIu64 " was looked for: %d", id, rc);
    else if (rc < 0 && m && rc != GMQ_E_UNREADABLE)
        life_fail(life, "message %" PRIu64 " is there, and unknown: %d", id, rc);
    return rc != 0;
}

void seek_one(struct life *life)
{
    size_t count = life->oracle.now.count;
    uint64_t id = 1 + rng_below(&life->rng, UINT64_C(1) << 62);

    if (count > 0)
        id = life->oracle.now.live[rng_below(&life->rng, count)].id;
    if (rng_chance(&life->rng, 200))
        id += rng_below(&life->rng, 9) - 4; /* as a rule of nobody, or of one that is gone */
    bool done = seek(life, id);
    life_say(life, "     message %" PRIu64 " is looked for%s", id, done ? "" : ": wait");
}

void seek_all(struct life *life, void (*turn)(struct life *life))
{
    for (size_t i = 0; i < SEEK_ALL_MAX && life->oracle.now.count > 0; i++) {
        uint64_t id = life->oracle.now.live[rng_below(&life->rng, life->oracle.now.count)].id;
        int rounds = SEEK_ROUNDS;
        while (!seek(life, id)) {
            if (rounds-- == 0)
                life_fail(life, "message %" PRIu64 " is looked for in vain", id);
            turn(life);
        }
    }
}
