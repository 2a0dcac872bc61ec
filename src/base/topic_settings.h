/*
 * topic_settings.h - what a user may settle for one topic, beside auto-ack
 *
 * One struct from the door to the log: what a client sets, what a QUEUE record keeps, what the engine goes by. All zero
 * but max_retries is a topic with the node's settings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_TOPIC_SETTINGS_H
#define GMQ_BASE_TOPIC_SETTINGS_H

#include "base/base.h"

/* A retry comes at once, or after a delay. */
enum retry_kind {
    RETRY_AT_ONCE,
    RETRY_FIXED,       /* delays_ms[0] */
    RETRY_LIST,        /* delays_ms[n] for the retry n = 0.., the last one for all later */
    RETRY_EXPONENTIAL, /* delays_ms[0] x 2^n */
};

enum { RETRY_DELAYS_MAX = 16, RETRY_DELAY_MS_MAX = 7 * 86400 * 1000, TOPIC_RETRIES_MAX = 254 };

/* Bounds of what is settled, and of a message's own time to run. */
enum { TOPIC_TTR_MS_MIN = 1000, TOPIC_TTR_MS_MAX = 300000, TOPIC_IDLE_MS_MIN = 1000, TOPIC_AGE_MS_MIN = 1000 };

struct retry_policy {
    uint8_t kind;           /* enum retry_kind */
    uint8_t jitter_percent; /* 0..100: the delay is taken from [d - d * j / 100, d], by a hash of message and retry */
    uint16_t count;         /* of delays_ms, 1..16 but for RETRY_AT_ONCE */
    uint32_t cap_ms;        /* no delay is longer; 0 = RETRY_DELAY_MS_MAX */
    uint32_t delays_ms[RETRY_DELAYS_MAX];
};

/* What becomes of what is above a limit. */
enum over_limit {
    OVER_REJECT,      /* pushes are refused; for age: as OVER_DROP */
    OVER_DROP,        /* the oldest ready messages go */
    OVER_DEAD_LETTER, /* the oldest ready messages become dead letters */
};

struct topic_limits {
    uint64_t messages; /* ready, delayed and in flight; 0 = no limit */
    uint64_t bytes;    /* of their bodies; 0 = no limit */
    uint64_t age_ms;   /* since the push; 0 = no limit */
    uint8_t over;      /* enum over_limit */
};

/* TOPIC_NODE_RETRIES: as many as the node's setting says. TOPIC_PAUSED: until somebody resumes it. */
enum { TOPIC_NODE_RETRIES = 0xffff };
#define TOPIC_PAUSED (UINT64_C(1) << 48)

struct topic_settings {
    uint32_t ttr_ms;      /* 0 = the node's */
    uint32_t max_retries; /* 0..254 or TOPIC_NODE_RETRIES */
    struct retry_policy retry;
    struct topic_limits limits;
    uint64_t idle_ms;     /* unused for so long and empty, it is deleted; 0 = the node's topic_idle */
    uint64_t push_paused_until_ms, pop_paused_until_ms; /* engine time, up to TOPIC_PAUSED; 0 = not paused */
};

#define TOPIC_SETTINGS_NONE ((struct topic_settings){.max_retries = TOPIC_NODE_RETRIES})

#endif
