/* locate.c - see locate.h. SPDX-License-Identifier: MIT */
#include "gnode/locate.h"

#include "base/err.h"
#include "engine/ref.h"

#include <errno.h>

/* 1, or 0 = after the next TICK, with which fewer are due; GMQ_E_READ_ONLY: none will come. */
static int find_place(const struct broker *broker, struct located *at)
{
    static const enum message_place PLACES[] = {
        [ENGINE_READY] = PLACE_READY, [ENGINE_DELAYED] = PLACE_DELAYED, [ENGINE_IN_FLIGHT] = PLACE_IN_FLIGHT,
        [ENGINE_DEAD] = PLACE_DEAD, [ENGINE_PURGED] = PLACE_GONE,
    };
    struct engine_pushed pushed = {.lsn = at->lsn, .id = at->push.id, .due_ms = at->push.due_ms,
                                   .needless = log_is_dead(broker->log, at->lsn)};
    struct engine_where where;
    const char *reason;
    int rc = engine_place(broker->engine, at->queue, &pushed, &where);

    if (rc == -EAGAIN)
        return log_state(broker->log, &reason) == LOG_READ_ONLY ? GMQ_E_READ_ONLY : 0;
    at->place = rc == 0 ? PLACE_GONE : PLACES[where.place];
    at->retries = rc == 0 ? 0 : ref_retries(where.ref);
    at->due_ms = where.due_ms;
    at->lease = where.lease;
    return 1;
}

int locate_at(struct broker *broker, uint64_t lsn, struct located *ret)
{
    *ret = (struct located){.lsn = lsn};
    int rc = log_read_kept(broker->log, lsn, &ret->rec);

    if (rc == GMQ_E_UNREADABLE && log_is_dead(broker->log, lsn))
        return GMQ_E_MESSAGE_UNKNOWN; /* a compaction has left it out */
    if (rc != 1)
        return rc;
    if (ret->rec.type != RECORD_PUSH || !payload_get_push(ret->rec.payload, &ret->push))
        return GMQ_E_UNREADABLE;
    ret->queue = engine_queue(broker->engine, ret->rec.queue);
    ret->place = PLACE_GONE;
    return ret->queue ? find_place(broker, ret) : 1;
}

int locate(struct broker *broker, uint64_t id, struct located *ret)
{
    uint64_t lsn;
    int rc = (lsn = engine_moved(broker->engine, id)) > 0 ? 1 : log_find(broker->log, id, &lsn);

    *ret = (struct located){.lsn = 0};
    if (rc == 1)
        rc = locate_at(broker, lsn, ret);
    return rc == 1 && ret->push.id != id ? GMQ_E_UNREADABLE : rc;
}
