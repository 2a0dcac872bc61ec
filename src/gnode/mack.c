/* mack.c - the ack of many messages. SPDX-License-Identifier: MIT */
#include "gnode/turn.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdlib.h>

static uint64_t id_at(struct slice ids, size_t i) { return get_be64(ids.ptr + i * CMD_ID_BYTES); }

struct named {
    uint64_t id;
    uint32_t at;
};

static int compare(const void *left, const void *right)
{
    const struct named *a = left, *b = right;

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

/* Which ids stand in the list before already: one entry each, NULL when none does, as it is when they rise. */
static bool *find_repeats(struct slice ids, size_t n)
{
    size_t rising = 1;

    while (rising < n && id_at(ids, rising - 1) < id_at(ids, rising))
        rising++;
    if (rising >= n)
        return NULL;
    struct named *named = mem_new(n * sizeof(*named));
    bool *repeats = mem_new(n);
    for (size_t i = 0; i < n; i++)
        named[i] = (struct named){.id = id_at(ids, i), .at = (uint32_t)i};
    qsort(named, n, sizeof(*named), compare);
    for (size_t i = 1; i < n; i++)
        repeats[named[i].at] = named[i].id == named[i - 1].id;
    free(named);
    return repeats;
}

size_t mack_split(const struct turn *turn, struct payload_pair *pairs, struct session_ids *missing)
{
    struct slice ids = turn->cmd->body;
    bool *repeats = find_repeats(ids, turn->cmd->count);
    size_t n = 0;

    for (uint32_t i = 0; i < turn->cmd->count; i++) {
        struct payload_pair pair = {.id = id_at(ids, i)};
        bool there = turn->queue && !(repeats && repeats[i]) &&
                     engine_decide_ack(turn->broker->engine, turn->queue, pair.id, &pair.ref) == 0;
        if (there)
            pairs[n++] = pair;
        else
            missing->ids[missing->count++] = pair.id;
    }
    free(repeats);
    return n;
}

void mack_answer(const struct turn *turn, struct session_ids *missing, uint64_t end)
{
    struct parked reply = {.kind = ANSWER_OK, .wait = end > 0 ? WAIT_WRITTEN : WAIT_NOTHING, .lsn = end,
                           .count_or_err = turn->cmd->count - (uint32_t)missing->count};

    if (end > 0)
        log_need_written(turn->broker->log);
    if (missing->count > 0) {
        reply.kind = ANSWER_MISSING;
        reply.arg = (uint64_t)(uintptr_t)missing;
    } else {
        free(missing);
    }
    session_answer(turn->session, &reply);
}

bool mack_check(const struct turn *turn)
{
    const struct cmd *cmd = turn->cmd;
    int rc = 0;

    if (cmd->count == 0)
        rc = GMQ_E_BATCH_COUNT;
    else if (cmd->count > turn->broker->options.max_batch)
        rc = GMQ_E_BATCH_LIMIT;
    else if (cmd->body.len != (size_t)cmd->count * CMD_ID_BYTES)
        rc = GMQ_E_BODY_SHORT;
    if (rc < 0)
        (void)refuse(turn, rc, turn->broker->options.max_batch, NULL);
    return rc == 0;
}

int exec_mack(struct turn *turn)
{
    const struct cmd *cmd = turn->cmd;
    uint64_t end = 0;

    if (!mack_check(turn))
        return 0;
    size_t records = cmd->count / TURN_PAIRS_MAX + 1;
    size_t bytes = cmd->count * PAYLOAD_PAIR_BYTES + records * record_stride(RECORD_ACK, PAYLOAD_PAIR_BYTES);
    int rc = turn->queue ? broker_room(turn->broker, ensure_bytes(turn) + bytes, true) : 0;
    if (rc < 0)
        return no_room(turn, rc);
    if (turn->queue)
        ensure_queue(turn);
    struct payload_pair *pairs = mem_new(cmd->count * sizeof(*pairs));
    struct session_ids *missing = mem_new(sizeof(*missing) + cmd->count * sizeof(missing->ids[0]));
    size_t n = mack_split(turn, pairs, missing);
    if (n > 0)
        end = ack_append(turn, PAYLOAD_LIST_FLIGHT, pairs, n);
    free(pairs);
    mack_answer(turn, missing, end);
    return 0;
}
