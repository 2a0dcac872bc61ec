/* again.c - see again.h. SPDX-License-Identifier: MIT */
#include "gnode/again.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "net/digest.h"
#include "wire/headers.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 8 };

bool again_asked(const struct cmd_put *puts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (puts[i].dedup.len > 0)
            return true;
    return false;
}

/* Of all that was sent, as it was sent: who pushes again sends the same. */
static uint32_t check_of(const struct cmd_put *put)
{
    const uint64_t values[NUMBERS] = {
        put->body.len, put->headers.len, (uint64_t)put->delay_ms, put->due_ms, (uint64_t)put->ttr_ms,
        (uint64_t)put->max_retries, (uint64_t)put->lifetime_ms, put->auto_ack,
    };
    char numbers[8 * NUMBERS];

    for (size_t i = 0; i < NUMBERS; i++)
        put_le64(numbers + 8 * i, values[i]);
    uint32_t crc = crc32c(0, numbers, sizeof(numbers));
    crc = crc32c(crc, put->body.ptr, put->body.len);
    crc = crc32c(crc, put->headers.ptr, put->headers.len);
    crc = crc32c(crc, put->key.ptr, put->key.len);
    put_le64(numbers, put->dedup_of);
    return put->dedup_of > 0 ? crc32c(crc, numbers, 8) : crc;
}

/* The key as the client has sent it. */
static struct slice sent_key(const struct cmd_put *put)
{
    const char *behind = put->dedup_of > 0 ? memrchr(put->dedup.ptr, '/', put->dedup.len) : NULL;

    return behind ? slice_of(put->dedup.ptr, (size_t)(behind - put->dedup.ptr)) : put->dedup;
}

/* One of the same command with a key that another has too. */
struct rank {
    const struct again *again;
    uint32_t index;
};

static int compare(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    const uint64_t *left = x->again->dedup.hash, *right = y->again->dedup.hash;

    if (left[0] != right[0])
        return left[0] < right[0] ? -1 : 1;
    if (left[1] != right[1])
        return left[1] < right[1] ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static bool same_key(const struct again *a, const struct again *b)
{
    return a->dedup.hash[0] == b->dedup.hash[0] && a->dedup.hash[1] == b->dedup.hash[1];
}

/* Of those with one key the first is the one that counts. */
static int look_within(struct again *all, uint32_t count)
{
    struct rank *ranks = mem_new((count + 1) * sizeof(*ranks));
    uint32_t n = 0, first = 0;
    int rc = 0;

    for (uint32_t i = 0; i < count; i++)
        if (all[i].deduped)
            ranks[n++] = (struct rank){.again = &all[i], .index = i};
    qsort(ranks, n, sizeof(ranks[0]), compare);
    for (uint32_t i = 1; i < n && rc == 0; i++) {
        if (!same_key(ranks[i].again, ranks[first].again))
            first = i;
        else if (ranks[i].again->dedup.check != ranks[first].again->dedup.check)
            rc = GMQ_E_DEDUP_MISMATCH;
        else
            all[ranks[i].index].before = 1 + ranks[first].index;
    }
    free(ranks);
    return rc;
}

static int look(const struct turn *turn, const struct cmd_put *put, struct again *ret)
{
    const struct engine *engine = turn->broker->engine;

    *ret = (struct again){.deduped = put->dedup.len > 0};
    if (!ret->deduped)
        return 0;
    if (key_check(sent_key(put)) < 0)
        return GMQ_E_KEY;
    if (engine_dedup_window_ms(engine) == 0 || engine_dedup_keys(engine) == 0)
        return GMQ_E_VALUE;
    digest_key(turn->queue ? turn->queue->number : engine_next_queue(engine), put->dedup, ret->dedup.hash);
    ret->dedup.check = check_of(put);
    int rc = engine_decide_dedup(engine, &ret->dedup, turn->now_ms, &ret->id);
    return rc < 0 ? rc : 0;
}

int again_look(const struct turn *turn, const struct cmd_put *puts, uint32_t count, struct again *ret)
{
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++)
        rc = look(turn, &puts[i], &ret[i]);
    return rc < 0 || count < 2 ? rc : look_within(ret, count);
}
