/*
 * rig_test.h - a broker on a disk in memory, without sockets, threads and clock: what the tests of it share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_RIG_TEST_H
#define GMQ_GNODE_RIG_TEST_H

#include "base/bytes.h"
#include "base/err.h"
#include "gnode/broker.h"
#include "sim/simdisk.h"
#include "unit/unit.h"

#define RIG_START_MS UINT64_C(1800000000000)

static inline void rig_wake(void *ctx) { (void)ctx; }

/* Engine time begins where it ended, at RIG_START_MS the first time. */
static inline uint64_t rig_start_clock(void *ctx, uint64_t last_ms)
{
    (void)ctx;
    return max_u64(last_ms, RIG_START_MS);
}

static inline uint64_t rig_clock_ns(void *ctx)
{
    (void)ctx;
    return 0;
}

static inline void rig_format_time(uint64_t ms, char ret[20])
{
    (void)ms;
    ret[0] = '\0';
}

/* Small limits. `chunk_refs`: lists and delayed messages leave memory at once, in such pieces; 0 = never. */
static inline struct broker_options rig_options(uint32_t chunk_refs)
{
    return (struct broker_options){.node_id = 1, .ttr_ms = 3000, .max_retries = 5, .max_delay_s = 259200,
                                   .max_message = 1 << 16, .max_batch = 100, .max_in_flight = 100, .max_topics = 10,
                                   .sync = LOG_SYNC_ALWAYS, .format_time = rig_format_time,
                                   .list_memory = chunk_refs > 0 ? 0 : 1 << 20, .chunk_refs = chunk_refs,
                                   .delay_memory = chunk_refs > 0 ? 0 : 1 << 20, .delay_entries = chunk_refs};
}

/* What is on the disk is opened, or begun. */
static inline void rig_open(struct broker *broker, struct simdisk *sim, const struct broker_options *options,
                            uint64_t (*start_clock)(void *ctx, uint64_t last_ms))
{
    struct log_options log_options = {.disk = simdisk_disk(sim), .dir = "data", .ring_bytes = 1 << 20,
                                      .read_cache_bytes = 1 << 20, .segment_bytes = 1 << 20,
                                      .record_bytes_max = options->max_message, .sync = options->sync,
                                      .interval_ms = 50, .now_ms = RIG_START_MS, .clock_ns = rig_clock_ns};
    char error[512];

    assert_int_equal(broker_open(broker, options, &log_options, rig_wake, start_clock, NULL, error, sizeof(error)), 0);
}

/* One turn of the loop, and all that the helpers have to do; returns when the broker wants to be called next. */
static inline uint64_t rig_turn(struct broker *broker, uint64_t now_ms)
{
    uint64_t due = broker_turn(broker, now_ms);

    while (log_step_writer(broker->log) || log_step_reader(broker->log) || log_step_janitor(broker->log) ||
           log_step_scout(broker->log))
        continue;
    return due;
}

/* So many turns, more than it takes until nobody has anything to do. */
static inline uint64_t rig_settle(struct broker *broker, uint64_t now_ms, unsigned turns)
{
    uint64_t due = 0;

    for (; turns > 0; turns--)
        due = rig_turn(broker, now_ms);
    return due;
}

#endif
