/*
 * hist.h - a histogram of durations with buckets that grow with them
 *
 * What   Values from 0 to 2^64 - 1 in HIST_BUCKETS counters: below 128 each has its own, above that every power of two
 *        is cut into 128. So a value is known to within 0.8 % of itself, whatever its size, in 59 KiB.
 *        Minimum, maximum and sum are exact (a sum that would pass 2^64 stays at it).
 * PURE   No clock, no memory of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_HIST_H
#define GMQ_GCLIENT_HIST_H

#include "base/base.h"

enum { HIST_SUB_BITS = 7, HIST_SUB = 1 << HIST_SUB_BITS, HIST_BUCKETS = (64 - HIST_SUB_BITS + 1) * HIST_SUB };

/* Zeroed is empty. */
struct hist {
    uint64_t count, sum, min, max; /* min and max hold when there is a value */
    uint64_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *hist, uint64_t value);

/*
 * The value that `per_100k` of 100000 values do not pass: 50000 is the median, 99900 p99.9. It is the largest value of
 * its bucket, and never outside of min..max; 0 of an empty histogram.
 */
uint64_t hist_quantile(const struct hist *hist, unsigned per_100k);

/* The mean, rounded down; 0 of an empty histogram. */
uint64_t hist_mean(const struct hist *hist);

/* How many values are at most `value`, its bucket counted whole. */
uint64_t hist_count_to(const struct hist *hist, uint64_t value);

/* Which bucket a value falls into, and the largest value of a bucket. */
unsigned hist_bucket(uint64_t value);
uint64_t hist_bucket_max(unsigned bucket);

#endif
