/*
 * locate.h - from an id to its message: where its record stands, what it says, where the message is now
 *
 * What   The log finds the record by its id (log_find), the engine says what has become of the message.
 * Cost   Of what was asked for lately O(log n); else the turns that the scout of the log takes.
 * Limit  Where the log does not know which of its records are dead (after damage, or a checkpoint of an early
 *        version), a message that is gone counts as ready.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_LOCATE_H
#define GMQ_GNODE_LOCATE_H

#include "engine/flight.h"
#include "engine/payload.h"
#include "gnode/broker.h"

struct located {
    uint64_t lsn;
    struct record rec;        /* borrowed as from log_read() */
    struct payload_push push; /* of `rec` */
    struct queue *queue;      /* NULL: it was deleted, and the message, which is GONE, with it */
    enum message_place place;
    unsigned retries;
    uint64_t due_ms;          /* DELAYED: when it becomes ready; now or before = with one of the next TICKs */
    const struct lease *lease; /* IN_FLIGHT, else NULL; good until the next record is applied */
};

/*
 * 1 = found, gone ones too as long as their record is there; 0 = it is being fetched: session_stall(), ask again;
 * GMQ_E_MESSAGE_UNKNOWN; GMQ_E_UNREADABLE: it is there, or may be, but its record is damaged; GMQ_E_READ_ONLY: it
 * cannot be told whether it has become ready, and will not be; -ENOMEM.
 */
NODISCARD int locate(struct broker *broker, uint64_t id, struct located *ret);

/* The same from the address of its record. */
NODISCARD int locate_at(struct broker *broker, uint64_t lsn, struct located *ret);

#endif
