/*
 * topic_stats.h - what /api/v1/events says of a topic, and what it was told before
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_TOPIC_STATS_H
#define GMQ_GNODE_TOPIC_STATS_H

#include "base/buf.h"
#include "gnode/broker.h"

/* Of a topic, while there are clients. All zero at first. */
struct topic_told {
    uint64_t sum;                  /* of what was told, 0 = that it is not there */
    uint64_t ready_ref, ready_ms;  /* the oldest ready message that was read, and when it was pushed */
    uint64_t lease_ms;             /* when the oldest in flight was delivered, as of the last look at the leases */
    uint64_t found_ms;             /* the same, of the look that is under way; 0 = none so far */
};

/* Is it in the lists? Takes NULL. */
bool topic_stats_shown(const struct queue *queue);

/*
 * How the topic is now. The record of its oldest ready message may have to be fetched: as long as `*fetches`, which is
 * counted down, allows it is asked for, and meanwhile the age is that of an earlier one.
 */
void topic_stats_look(struct broker *broker, struct queue *queue, struct topic_told *told, uint64_t now_ms,
                      unsigned *fetches, struct report_topic *ret);

/* What is told of it as one number, never 0. */
uint64_t topic_stats_sum(const struct report_topic *topic);

/* No topic takes more bytes as JSON: names have 128 bytes, of which each may take six. */
enum { TOPIC_STATS_BYTES_MAX = 2400 };

/* Appends it as an element of an array that has begun. False: `out` may not grow that far, and is as it was. */
NODISCARD bool topic_stats_put(struct buf *out, const struct report_topic *topic);

#endif
