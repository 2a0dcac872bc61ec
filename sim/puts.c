/*
 * puts.c - puts of one or many messages, and those that were pushed before
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/err.h"
#include "base/mem.h"
#include "sim/life.h"

#include <inttypes.h>

static int look(struct life *life, uint32_t queue, struct puts *puts, uint32_t i)
{
    const struct cmd_put *all = puts->puts;
    uint32_t key = workload_dedup_key(all[i].dedup);

    if (key == 0)
        return 0;
    const struct oracle_dedup *first = oracle_dedup_find(&life->oracle.now, queue, key, life->now_ms);
    if (first) {
        puts->of[i].id = first->id;
        puts->of[i].end = first->end;
        return first->content == workload_put_hash(&all[i]) ? 0 : GMQ_E_DEDUP_MISMATCH;
    }
    for (uint32_t k = 0; k < i; k++)
        if (slice_equal(all[k].dedup, all[i].dedup)) {
            puts->of[i].before = k + 1;
            return workload_put_hash(&all[k]) == workload_put_hash(&all[i]) ? 0 : GMQ_E_DEDUP_MISMATCH;
        }
    return 0;
}

void puts_look(struct life *life, const struct cmd *cmd, struct puts *ret)
{
    int topic = oracle_topic(&life->oracle, cmd->topic);
    uint32_t queue = topic < 0 ? 0 : life->oracle.now.topics[topic].number;
    size_t bytes = 0;

    *ret = (struct puts){.puts = cmd->args->puts, .count = cmd->args->put_count};
    for (uint32_t i = 0; i < ret->count && ret->err == 0; i++)
        ret->err = look(life, queue, ret, i);
    for (uint32_t i = 0; i < ret->count; i++) {
        bytes += ret->puts[i].body.len;
        ret->fresh += ret->of[i].id == 0 && ret->of[i].before == 0;
    }
    if (ret->err == 0 && ret->count == 0)
        ret->err = GMQ_E_BATCH_COUNT;
    if (ret->err == 0 && bytes > WORKLOAD_MAX_MESSAGE)
        ret->err = GMQ_E_BODY_LIMIT;
}

/* The index of the next message that was not pushed before. */
static uint32_t next(const struct puts *puts)
{
    uint32_t at = 0;

    while (at < puts->count && (puts->of[at].id != 0 || puts->of[at].before > 0))
        at++;
    return at;
}

const struct cmd_put *puts_next(struct life *life)
{
    uint32_t at = next(&life->puts);

    return at < life->puts.count ? &life->puts.puts[at] : NULL;
}

void puts_see(struct life *life, struct oracle_event *event)
{
    struct puts *puts = &life->puts;
    uint32_t at = next(puts);

    puts->of[at].id = event->message.id;
    puts->of[at].end = event->end;
    puts->seen++;
    event->dedup = (struct oracle_dedup){
        .queue = life->oracle.now.topics[event->message.topic].number, .key = workload_dedup_key(puts->puts[at].dedup),
        .content = workload_put_hash(&puts->puts[at]), .id = event->message.id, .end = event->end};
}

struct expected puts_answer(struct life *life)
{
    const struct puts *puts = &life->puts;
    struct expected e = {.kind = ANSWER_REPORT, .wait = WAIT_PROMISED, .lsn = life->deed.end, .count = puts->count,
                         .messages = mem_new((puts->count + 1) * sizeof(*e.messages)),
                         .told = {.kind = REPORT_PUT}, .again = puts->fresh < puts->count};

    if (puts->seen != puts->fresh)
        life_fail(life, "%u messages were pushed, should be %u", (unsigned)puts->seen, (unsigned)puts->fresh);
    for (uint32_t i = 0; i < puts->count; i++) {
        uint32_t at = puts->of[i].before > 0 ? puts->of[i].before - 1 : i;
        e.messages[i].id = puts->of[at].id;
        e.lsn = max_u64(e.lsn, puts->of[at].end);
    }
    life->again += puts->count - puts->fresh;
    return e;
}

void puts_keep(struct came *came, const struct report *report)
{
    came->told.kind = REPORT_PUT;
    came->count = report->count;
    came->again = report->again;
    came->messages = mem_new((report->count + 1) * sizeof(came->messages[0]));
    for (size_t i = 0; i < report->count; i++)
        came->messages[i].id = report->ids[i];
}

void puts_check(struct client *client, const struct expected *e, const struct came *came)
{
    struct life *life = client->life;

    if (came->told.kind != REPORT_PUT || came->count != e->count || came->again != e->again)
        life_fail(life, "c%d got %zu ids%s, is owed %zu%s", client->name, came->count, came->again ? ", again" : "",
                  e->count, e->again ? ", again" : "");
    for (size_t i = 0; i < e->count; i++) {
        if (came->messages[i].id != e->messages[i].id)
            life_fail(life, "c%d got id %" PRIu64 " for message %zu of its put, is owed %" PRIu64, client->name,
                      came->messages[i].id, i, e->messages[i].id);
        life->oracle.told_id = max_u64(life->oracle.told_id, e->messages[i].id);
    }
}
