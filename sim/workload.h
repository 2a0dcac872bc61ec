/*
 * workload.h - what clients might ask of a broker, drawn from a seed
 *
 * What   workload_next() fills in the next command of a client: mostly sensible, sometimes one that must be refused.
 *        Each life draws its own habits (how many topics, how large the bodies, how often an ack follows a pop), so
 *        that some lives drown in backlog and others live from hand to mouth.
 * Owns   An order owns the bytes its command points at, so that it can be submitted again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_WORKLOAD_H
#define GMQ_SIM_WORKLOAD_H

#include "base/buf.h"
#include "sim/oracle.h"
#include "sim/rng.h"
#include "wire/cmd.h"

enum {
    WORKLOAD_MAX_MESSAGE = 256 * 1024, /* bytes; a quarter of the ring */
    WORKLOAD_MAX_BATCH = 64,
    WORKLOAD_MAX_DELAY_S = 5 * 365 * 86400,
    WORKLOAD_MAX_TOPICS = 6,
    WORKLOAD_MAX_PUTS = 8,      /* messages of a put */
};

struct workload {
    struct rng rng;
    uint32_t topics;         /* names in use: 1.. */
    unsigned weights[CMD_CLIENT + 1]; /* by enum cmd_kind */
    unsigned large_permille; /* bodies of more than a few hundred bytes */
    unsigned huge_permille;  /* of these: nearly the largest there may be */
    unsigned delay_permille; /* pushes with a delay */
    unsigned long_permille;  /* of these: longer than a few seconds */
    uint32_t long_s;         /* and no longer than this */
    unsigned wrong_permille; /* commands that must be refused */
    bool patient;            /* short pauses of pops, and long waits */
    unsigned limit_permille; /* settings with limits */
    unsigned dedup_permille; /* messages of a put with a dedup key */
    uint32_t dedup_keys;     /* different ones */
};

/* Bytes of a message of a put. */
struct order_put {
    char headers[64], key[8], dedup[16];
    size_t body_bytes; /* the body stands in the order, behind that of the message before */
};

struct order {
    struct cmd cmd;
    char topic[256];
    struct buf bytes;
    struct cmd_args args; /* of operations */
    struct cmd_put puts[WORKLOAD_MAX_PUTS];
    struct order_put put[WORKLOAD_MAX_PUTS];
};

void workload_init(struct workload *load, uint64_t seed);

void order_init(struct order *order);
void order_free(struct order *order);

/* The next command; `oracle` knows what is in flight. */
void workload_next(struct workload *load, struct oracle *oracle, struct order *order);

/* The name of a topic of the life. */
struct slice workload_topic(uint32_t index);

/* The same bytes, good for ever; NULL for a name of none. */
const char *workload_name(struct slice name);

/* The same bytes, good for ever, of the name of a client; NULL when it must be refused. */
const char *workload_client(struct slice name);

/* One number for a body: bodies with the same number are the same. */
uint64_t workload_hash(struct slice body);

/* One number for a dedup key: 1.., 0 = none. Of the message as it is sent. */
uint32_t workload_dedup_key(struct slice dedup);
uint64_t workload_put_hash(const struct cmd_put *put);

/* One number for what a message carries besides; 0 = nothing. */
uint64_t workload_attrs_hash(struct slice headers, struct slice key);

/* "push orders delay=3 120 bytes" */
void order_describe(const struct order *order, char *text, size_t bytes);

#endif
