/* place.c - where one message is, from the address of its record; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/state.h"

#include <errno.h>

static bool is_dead_letter(const struct queue *queue, uint64_t lsn, uint64_t *ret_ref)
{
    return refset_from(&queue->dead, ref_make(lsn, 0), ret_ref, 1) == 1 && ref_lsn(*ret_ref) == lsn;
}

/* Does a message stand among the next `*looks` of the slot, which are counted down? 1, 0; -EAGAIN: not among these. */
static int slot_has(const struct delay *near, unsigned slot, uint64_t lsn, unsigned *looks)
{
    struct delay_cursor at = delay_slot(near, slot, 0);
    struct delay_entry entry;

    for (; delay_slot_next(&at, &entry); --*looks) {
        if (*looks == 0)
            return -EAGAIN;
        if (ref_lsn(entry.ref) == lsn)
            return 1;
    }
    return 0;
}

/*
 * A message is due now, or was before. Has it not fired? It stands in one of two slots then: in the one that is due, or
 * in the one that is moving.
 */
static int still_waits(const struct engine *engine, uint64_t lsn)
{
    const struct delay *near = &engine->delays.near;
    unsigned looks = ENGINE_PLACE_LOOKS;
    int rc = slot_has(near, wheel_due_slot(&near->wheel), lsn, &looks);

    if (rc == 0 && near->wheel.moving != 0)
        rc = slot_has(near, near->wheel.moving, lsn, &looks);
    return rc;
}

int engine_place(const struct engine *engine, const struct queue *queue, const struct engine_pushed *pushed,
                 struct engine_where *ret)
{
    const struct fact *fact = facts_find(&engine->facts, pushed->lsn);
    uint64_t due_ms = fact ? fact->due_ms : pushed->due_ms, now_ms = engine_now_ms(engine);

    *ret = (struct engine_where){.lease = flight_find(&engine->flight, queue->number, pushed->id)};
    if (queue->deleted)
        ret->lease = NULL;
    if (ret->lease && ref_lsn(ret->lease->ref) == pushed->lsn) {
        ret->ref = ret->lease->ref;
        ret->place = ENGINE_IN_FLIGHT;
        return 1;
    }
    ret->lease = NULL;
    ret->place = ENGINE_DEAD;
    if (!queue->deleted && is_dead_letter(queue, pushed->lsn, &ret->ref))
        return 1;
    ret->ref = ref_make(pushed->lsn, fact ? fact->retries : 0);
    if (pushed->needless || queue->deleted)
        return 0;
    int waits = due_ms > now_ms ? 1 : due_ms > 0 ? still_waits(engine, pushed->lsn) : 0;
    if (waits < 0)
        return waits;
    ret->place = waits ? ENGINE_DELAYED : ENGINE_READY;
    ret->due_ms = waits ? due_ms : 0;
    return engine_is_ghost(engine, queue, ret->ref, ret->place) ? 0 : 1;
}

uint64_t engine_moved(const struct engine *engine, uint64_t id)
{
    return engine->moved.count > 0 ? keys_find(&engine->moved, chains_mix(id), 0) : 0;
}
