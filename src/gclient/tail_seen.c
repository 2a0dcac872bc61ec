/* tail_seen.c - see tail.h. SPDX-License-Identifier: MIT */
#include "gclient/tail.h"

bool tail_was_seen(const struct tail_seen *seen, struct tail_key key)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->keys[i].id == key.id && seen->keys[i].retries == key.retries)
            return true;
    return false;
}

void tail_saw(struct tail_seen *seen, struct tail_key key)
{
    seen->keys[seen->next] = key;
    seen->next = (seen->next + 1) % TAIL_SEEN;
    seen->count = seen->count < TAIL_SEEN ? seen->count + 1 : TAIL_SEEN;
}

uint64_t tail_missed(struct tail_count *count, const struct tail_figures *now)
{
    const struct tail_figures *start = &count->start;

    if (now->pushed < start->pushed || now->gone < start->gone) {
        *count = (struct tail_count){.start = *now};
        return 0;
    }
    int64_t missed = (int64_t)(now->pushed - start->pushed) - (int64_t)(now->delayed - start->delayed) -
                     (int64_t)(now->gone - start->gone) - (int64_t)(count->shown + count->told);
    if (missed <= 0)
        return 0;
    count->told += (uint64_t)missed;
    return (uint64_t)missed;
}
