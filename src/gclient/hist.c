/* hist.c - see hist.h. SPDX-License-Identifier: MIT */
#include "gclient/hist.h"

unsigned hist_bucket(uint64_t value)
{
    if (value < HIST_SUB)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
    return ((shift + 1) << HIST_SUB_BITS) + (unsigned)(value >> shift) - HIST_SUB;
}

uint64_t hist_bucket_max(unsigned bucket)
{
    if (bucket < HIST_SUB)
        return bucket;
    unsigned shift = (bucket >> HIST_SUB_BITS) - 1;
    uint64_t first = (uint64_t)((bucket & (HIST_SUB - 1)) + HIST_SUB) << shift;
    return first + ((UINT64_C(1) << shift) - 1);
}

static uint64_t sum_of(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void hist_add(struct hist *hist, uint64_t value)
{
    hist->min = hist->count == 0 ? value : min_u64(hist->min, value);
    hist->max = max_u64(hist->max, value);
    hist->sum = sum_of(hist->sum, value);
    hist->count++;
    hist->buckets[hist_bucket(value)]++;
}

uint64_t hist_quantile(const struct hist *hist, unsigned per_100k)
{
    uint64_t seen = 0;
    /* Rounded up, in two parts: their product may pass 64 bits. */
    uint64_t rank = hist->count / 100000 * per_100k + (hist->count % 100000 * per_100k + 99999) / 100000;

    for (unsigned i = 0; i < HIST_BUCKETS && hist->count > 0; i++) {
        seen += hist->buckets[i];
        if (seen >= rank && seen > 0)
            return max_u64(min_u64(hist_bucket_max(i), hist->max), hist->min);
    }
    return 0;
}

uint64_t hist_mean(const struct hist *hist) { return hist->count > 0 ? hist->sum / hist->count : 0; }

uint64_t hist_count_to(const struct hist *hist, uint64_t value)
{
    unsigned last = hist_bucket(value);
    uint64_t count = 0;

    for (unsigned i = 0; i <= last; i++)
        count += hist->buckets[i];
    return count;
}
