/* locate.c - see locate.h. SPDX-License-Identifier: MIT */
#include "gnode/locate.h"

#include "base/err.h"
#include "engine/ref.h"

static bool find_dead(const struct queue *queue, uint64_t lsn, uint64_t *ret_ref)
{
    for (unsigned retries = 0; retries <= REF_RETRIES_MAX; retries++) {
        *ret_ref = ref_make(lsn, retries);
        if (refset_has(&queue->dead, *ret_ref))
            return true;
    }
    return false;
}

/* Until when it is delayed, 0 = it is not: after it came back, or since it was pushed. */
static uint64_t delayed_until(const struct broker *broker, const struct located *at)
{
    struct engine_facts facts;
    uint64_t due_ms = engine_facts(broker->engine, at->lsn, &facts) ? facts.due_ms : at->push.due_ms;

    return due_ms > engine_now_ms(broker->engine) ? due_ms : 0;
}

static void find_place(const struct broker *broker, struct located *at)
{
    uint64_t ref = 0;

    at->lease = engine_find_lease(broker->engine, at->queue, at->push.id);
    if (at->lease) {
        at->place = PLACE_IN_FLIGHT;
        at->retries = ref_retries(at->lease->ref);
    } else if (find_dead(at->queue, at->lsn, &ref)) {
        at->place = PLACE_DEAD;
        at->retries = ref_retries(ref);
    } else if (log_is_dead(broker->log, at->lsn)) {
        at->place = PLACE_GONE;
    } else {
        at->due_ms = delayed_until(broker, at);
        at->place = at->due_ms > 0 ? PLACE_DELAYED : PLACE_READY;
    }
}

int locate_at(struct broker *broker, uint64_t lsn, struct located *ret)
{
    *ret = (struct located){.lsn = lsn};
    int rc = log_read(broker->log, lsn, &ret->rec);

    if (rc == GMQ_E_UNREADABLE && log_is_dead(broker->log, lsn))
        return GMQ_E_MESSAGE_UNKNOWN; /* a compaction has left it out */
    if (rc != 1)
        return rc;
    if (ret->rec.type != RECORD_PUSH || !payload_get_push(ret->rec.payload, &ret->push))
        return GMQ_E_UNREADABLE;
    ret->queue = engine_queue(broker->engine, ret->rec.queue);
    if (!ret->queue)
        return GMQ_E_MESSAGE_UNKNOWN;
    find_place(broker, ret);
    return 1;
}

int locate(struct broker *broker, uint64_t id, struct located *ret)
{
    uint64_t lsn;
    int rc = log_find(broker->log, id, &lsn);

    *ret = (struct located){.lsn = 0};
    if (rc == 1)
        rc = locate_at(broker, lsn, ret);
    return rc == 1 && ret->push.id != id ? GMQ_E_UNREADABLE : rc;
}
