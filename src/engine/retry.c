/* retry.c - see retry.h. SPDX-License-Identifier: MIT */
#include "engine/retry.h"

#include "engine/ref.h"

enum { SHIFT_MAX = 30 }; /* no delay of 1 ms or more stays below the cap for so long */

static uint64_t whole(const struct retry_policy *retry, unsigned n)
{
    switch (retry->kind) {
    case RETRY_FIXED:
        return retry->delays_ms[0];
    case RETRY_LIST:
        return retry->delays_ms[min_u64(n, retry->count - 1u)];
    case RETRY_EXPONENTIAL:
        return (uint64_t)retry->delays_ms[0] << min_u64(n, SHIFT_MAX);
    default:
        return 0;
    }
}

/* Of all bits of the ref, evenly (murmur3's finaliser). */
static uint64_t hash(uint64_t ref)
{
    ref ^= ref >> 33;
    ref *= 0xff51afd7ed558ccdu;
    ref ^= ref >> 33;
    ref *= 0xc4ceb9fe1a85ec53u;
    return ref ^ ref >> 33;
}

uint64_t retry_delay_ms(const struct retry_policy *retry, uint64_t ref)
{
    uint64_t cap = retry->cap_ms > 0 ? retry->cap_ms : RETRY_DELAY_MS_MAX;
    uint64_t delay = min_u64(whole(retry, ref_retries(ref)), cap);
    uint64_t jitter = delay * retry->jitter_percent / 100;

    return jitter > 0 ? delay - hash(ref) % (jitter + 1) : delay;
}
