/*
 * sight.h - what the files of the witness share: a record that was just written, and what it is held against
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_SIGHT_H
#define GMQ_SIM_SIGHT_H

#include "engine/payload.h"
#include "sim/life.h"

#include <inttypes.h>

struct sight {
    struct life *life;
    const struct record *rec;
    struct oracle_event event; /* complete but for what the type of the record says */
    bool deduped;              /* of a PUSH: it has a dedup key */
};

static inline void demand(const struct sight *sight, bool right, const char *what)
{
    if (!right)
        life_fail(sight->life, "record type %u at %" PRIx64 ": %s", (unsigned)sight->rec->type, sight->rec->lsn, what);
}

static inline const struct cmd *command(const struct sight *sight)
{
    return sight->life->busy ? &sight->life->busy->order.cmd : NULL;
}

static inline bool is_doing(const struct sight *sight, enum cmd_kind kind)
{
    return command(sight) && command(sight)->kind == kind;
}

static inline void happens(struct sight *sight)
{
    life_must(sight->life, oracle_happens(&sight->life->oracle, &sight->event));
}

/* What the message of a push carries, as it says. */
void sight_note_attrs(struct sight *sight, const struct payload_push *push);

/* The time of a push, which was noted, is now. */
void sight_demand_now(struct sight *sight, const struct payload_push *push);

/* witness_jobs.c: what a job writes; to make the topic, or bring it back, may be the wish of one. */
void sight_redrive(struct sight *sight);
void sight_move(struct sight *sight);
void sight_deletion(struct sight *sight);
bool sight_job_makes(const struct sight *sight, const struct oracle_topic *topic, struct slice name);

/*
 * steer.c: what a cancel, a reschedule, a purge or the deletion of a topic writes, and what the broker writes later of
 * a topic that was deleted. False: the record is of none of them.
 */
bool sight_steer(struct sight *sight);

/* names.c: a client's number; who holds what is delivered to this one. */
void sight_client(struct sight *sight);
void sight_holder(struct sight *sight, const struct client *client, uint32_t holder);

/* settings.c: what is written of a topic or of the node. */
void sight_topic(struct sight *sight);

/* ... of messages that go since they are too many or too old. False: the record is not about such. */
bool sight_limits(struct sight *sight);

/* A push that was just written, and has not happened yet: could it go to the topic? */
void sight_gate(const struct sight *sight, uint32_t topic);

/* May the oldest messages of the topic be looked at for its limits? */
bool sight_wants_oldest(const struct sight *sight);

#endif
