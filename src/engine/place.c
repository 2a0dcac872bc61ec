/* place.c - where one message is, from the address of its record; see engine.h. SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/state.h"

#include <errno.h>

static bool is_dead_letter(const struct queue *queue, uint64_t lsn, uint64_t *ret_ref)
{
    return refset_from(&queue->dead, ref_make(lsn, 0), ret_ref, 1) == 1 && ref_lsn(*ret_ref) == lsn;
}

/* Does something that is due at this moment, or was before, wait for the next TICK? */
static bool is_firing(const struct engine *engine)
{
    const struct wheel *wheel = &engine->delays.near.wheel;

    return wheel->moving != 0 || wheel_is_used(wheel, wheel_due_slot(wheel));
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
    ret->place = due_ms > now_ms ? ENGINE_DELAYED : ENGINE_READY;
    ret->due_ms = due_ms > now_ms ? due_ms : 0;
    if (due_ms > 0 && due_ms <= now_ms && is_firing(engine))
        return -EAGAIN;
    return engine_is_ghost(engine, queue, ret->ref, ret->place) ? 0 : 1;
}

uint64_t engine_moved(const struct engine *engine, uint64_t id)
{
    return engine->moved.count > 0 ? keys_find(&engine->moved, chains_mix(id), 0) : 0;
}
