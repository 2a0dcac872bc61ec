/*
 * client.h - the inside of a connection handle
 *
 * What   A stream of requests going out and of replies coming in. Requests are counted in bytes of the stream, from
 *        the birth of the handle and over reconnections: request r has surely not been executed while `sent` is
 *        below its `end`, since a node executes whole requests only.
 *
 *            done <= sent <= queued         `out` holds sent..queued         `expects`: one for every reply to come
 *
 *        A connection that breaks while replies are to come sets `broken`; from then on every waiting request is
 *        answered from what is left in `in` and then by its error. When none is left the handle is as new.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_CLIENT_CLIENT_H
#define GMQ_CLIENT_CLIENT_H

#include "base/buf.h"
#include "client/sock.h"
#include "wire/answer.h"

#include <gmq.h>

enum {
    CLIENT_TEXT_BYTES = 512,
    CLIENT_CONNECT_TIMEOUT_MS = 3000,
    CLIENT_TIMEOUT_MS = 10000,
    CLIENT_REPLY_BYTES_MAX = 64 << 20,
    CLIENT_BACKOFF_MS_MIN = 10,
    CLIENT_BACKOFF_MS_MAX = 1000,
};

/* A reply that is to come. */
struct expect {
    uint64_t end;              /* where its request ends in the stream */
    enum gmq_request request;
    uint32_t count;            /* MPUSH with ids, MACK: ids, else 0; WPOP, DEAD: most messages; CALL: 1 = only looks */
    uint32_t wait_ms;          /* WPOP, CALL: how long the node may wait */
};

struct gmq {
    char addr[SOCK_ADDR_BYTES_MAX + 1];
    unsigned connect_timeout_ms, timeout_ms, flags;
    size_t reply_bytes_max;

    int fd;                    /* -1 without a connection */
    bool answered;             /* a reply has come since it was made */
    uint64_t backoff_ms, retry_at_ms;
    struct buf out, in;
    uint64_t queued, sent, done; /* `done`: the end of the last request that got its reply */

    struct expect *expects;    /* a ring of `expect_size` (a power of two), `expect_count` used from `expect_first` */
    size_t expect_first, expect_count, expect_size;
    uint64_t waits_ms;         /* of all that are expected */
    int broken;                /* 0, or the enum gmq_error that the waiting replies get */

    size_t lent;               /* bytes at the head of `in` that the last reply points into */
    struct answer_list list;   /* what the last reply points into, too */
    struct gmq_message *msgs;
    uint64_t *ids;
    char *json;                /* what gmq_call() lent */

    char text[CLIENT_TEXT_BYTES]; /* gmq_error_text() */
    char why[CLIENT_TEXT_BYTES];  /* the cause of `broken` */
    int os_errno;
};

/* Takes back what the last reply lent; the first thing that every call does. */
void client_release(struct gmq *mq);

/* Notes a failure with its text and returns `err`. */
int client_fail(struct gmq *mq, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Connects if there is no living connection, waiting out the back-off before. Text and errno are set on failure. */
NODISCARD int client_connect(struct gmq *mq, uint64_t deadline_ms);

/* Ends the connection; replies that are to come get `err`, and `mq->text` as its cause. */
void client_break(struct gmq *mq, int err);

/* The reply at the head of `in`, `bytes` long, for the first request that waits. */
void client_deliver(struct gmq *mq, const struct answer *answer, size_t bytes, struct gmq_reply *ret);

/* The end of the first request that waits when its reply is lost. */
void client_deliver_lost(struct gmq *mq, struct gmq_reply *ret);

#endif
