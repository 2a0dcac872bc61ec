/*
 * gmq.h - libgmq, the C client library of gmq
 *
 * What   Push, pop and ack messages on a gmq node over TCP: one call at a time, or many in a pipeline. A cluster
 *        finds the nodes in the registry and chooses one for every request.
 *
 *            struct gmq *mq = gmq_new("127.0.0.1:9503", NULL);
 *            uint64_t id;
 *            if (gmq_push(mq, "mail", "hello", 5, 0, &id) != GMQ_OK)
 *                fprintf(stderr, "push: %s\n", gmq_error_text(mq));
 *            struct gmq_message msg;
 *            if (gmq_pop(mq, "mail", &msg) == GMQ_OK && work(msg.body, msg.body_bytes))
 *                gmq_ack(mq, "mail", msg.id);
 *            gmq_free(mq);
 *
 * Units  Delays are seconds, timeouts milliseconds, sizes bytes. A size ends in _bytes, a delay in _s, a timeout
 *        in _ms.
 * Owns   The caller owns what gmq_*_new() and gmq_*_get() returned and gives it back with the matching _free().
 *        Bytes inside a gmq_message or a gmq_reply are borrowed from the handle: they stay good until the next
 *        call on that handle, where a call on a cluster counts as one on all its handles. Bytes given to a function
 *        are copied before it returns.
 * Thread One handle is used by one thread at a time; it may move between threads with any synchronisation that
 *        the caller likes. Different handles share nothing. gmq_strerror() and gmq_version() may be called
 *        anywhere. The library installs no signal handlers and raises no SIGPIPE.
 * Fails  Functions return GMQ_OK (0) or a count when they succeed and one negative enum gmq_error when they do not;
 *        ret_* arguments are written on success only. gmq_error_text() has the details of the last failure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_H
#define GMQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GMQ_API __attribute__((visibility("default")))
#else
#define GMQ_API
#endif

#define GMQ_VERSION_MAJOR 0
#define GMQ_VERSION_MINOR 1
#define GMQ_VERSION_PATCH 0

/* The version of the library in use, "0.1.0"; it may be newer than the header the program was built with. */
GMQ_API const char *gmq_version(void);

/* ---- Errors ------------------------------------------------------------------------------------------------- */

/*
 * GMQ_ERR_UNKNOWN_OUTCOME is the one to think about: the request was sent, but its answer was lost with the
 * connection or did not come in time. The node may have done it or not, and the library never sends it a second
 * time by itself. Push again and a message may be there twice; do not, and it may be missing. A pop, wpop or set whose
 * answer was lost reports GMQ_ERR_CLOSED or GMQ_ERR_TIMEOUT instead, because it may be repeated: a message that was
 * on its way comes back when its time to run has passed (on a topic with auto-ack it is gone).
 */
enum gmq_error {
    GMQ_OK = 0,
    GMQ_ERR_ARGUMENT = -1,        /* an argument is out of range; nothing was sent */
    GMQ_ERR_MEMORY = -2,          /* no memory */
    GMQ_ERR_ADDRESS = -3,         /* an address cannot be read, or its host has no address */
    GMQ_ERR_CONNECT = -4,         /* no connection; nothing was sent */
    GMQ_ERR_TIMEOUT = -5,         /* no answer in time; the connection was closed; may be repeated */
    GMQ_ERR_CLOSED = -6,          /* the connection broke; the request may be repeated */
    GMQ_ERR_UNKNOWN_OUTCOME = -7, /* push, mpush, ack, mack, nack, touch or dead: sent, but the answer was lost */
    GMQ_ERR_PROTOCOL = -8,        /* the peer does not speak the protocol; the connection was closed */
    GMQ_ERR_TOO_BIG = -9,         /* a request or a reply is above its limit */
    GMQ_ERR_NO_MESSAGE = -10,     /* nothing to pop, no dead message */
    GMQ_ERR_NOT_FOUND = -11,      /* no such message in flight, no such topic */
    GMQ_ERR_REFUSED = -12,        /* the node answered another error: see gmq_error_text() */
    GMQ_ERR_FULL = -13,           /* the pipeline is full: gmq_read() replies first */
    GMQ_ERR_STATE = -14,          /* not now: replies of the pipeline are still to be read, or there are none */
    GMQ_ERR_NO_NODES = -15,       /* the registry knows no node, or every node failed a moment ago */
    GMQ_ERR_REGISTRY = -16        /* no registry answered with something usable */
};

/* What `err` means, in English; never NULL, good for ever. */
GMQ_API const char *gmq_strerror(int err);

/* ---- Connection to one node ----------------------------------------------------------------------------------- */

struct gmq;

enum gmq_flags {
    GMQ_F_JSON = 1 /* pop and dead ask for JSON replies: for original nodes, which know no other form. A body that
                      is not UTF-8 arrives with U+FFFD in place of the bytes that are not */
};

/* 0 in a member means its default, so `{0}` is all defaults. */
struct gmq_options {
    unsigned connect_timeout_ms; /* to make a connection, or to ask one registry; default 3000 */
    unsigned timeout_ms;         /* one call in all, with its reconnection, without the wait of a wpop; default 10000 */
    size_t reply_bytes_max;      /* a longer reply is refused and its connection closed; default and most 64 MiB */
    unsigned flags;              /* enum gmq_flags */
    uint64_t reserved[4];        /* 0 */
};

/*
 * A handle for the node at `addr`: "host:port", "[v6]:port" or ":port" (this machine). Connects to nothing yet:
 * every call connects when there is no connection, so a broken one heals by itself. After a failed attempt the next
 * one waits 10 ms, doubling up to 1 s, inside the timeout of the call. `options` may be NULL.
 * Returns NULL when there is no memory or `addr` is longer than 255 bytes.
 */
GMQ_API struct gmq *gmq_new(const char *addr, const struct gmq_options *options);

/* Closes the connection and frees the handle. NULL is fine. */
GMQ_API void gmq_free(struct gmq *mq);

/*
 * Connects now, if there is no connection or the node has closed it. Name resolution is the C library's and may
 * take longer than the timeout. With replies pending: GMQ_ERR_STATE.
 */
GMQ_API int gmq_connect(struct gmq *mq);

/* Closes the connection and drops what the pipeline holds, requests and replies. The next call connects again. */
GMQ_API void gmq_close(struct gmq *mq);

/* The timeout of the calls from here on; 0 = default. */
GMQ_API void gmq_set_timeout(struct gmq *mq, unsigned timeout_ms);

/* As given to gmq_new(); good as long as the handle. */
GMQ_API const char *gmq_addr(const struct gmq *mq);

/*
 * What went wrong in the last call that failed: the text of the node's answer for GMQ_ERR_NO_MESSAGE, _NOT_FOUND and
 * _REFUSED, else a line about the cause. Never NULL; good until the next call on the handle.
 */
GMQ_API const char *gmq_error_text(const struct gmq *mq);

/* The errno behind the last failure of a connection, else 0. */
GMQ_API int gmq_errno(const struct gmq *mq);

/* ---- Requests, one at a time ---------------------------------------------------------------------------------- */

/*
 * A topic is 1 to 128 bytes of UTF-8 without control bytes, spaces, '/' and '"'; the node checks that, the library
 * only that the request stays one request. How long a delay and a body may be are settings of the node, 259200
 * seconds (3 days) and 4 MiB by default; no node takes a delay above GMQ_DELAY_S_MAX, which is 100 years. All these
 * calls answer GMQ_ERR_STATE while replies are pending.
 */
#define GMQ_DELAY_S_MAX UINT32_C(3153600000)
#define GMQ_BY_POLICY INT64_C(-1) /* delay_ms of gmq_nack(): as the topic's retry policy says */
enum {
    GMQ_TOPIC_BYTES_MAX = 128,
    GMQ_BATCH_MAX = 10000,  /* messages of one mpush, dead or wpop, and ids of one mack, nack, touch */
    GMQ_TOPICS_MAX = 16,    /* topics of one wpop */
    GMQ_WAIT_MS_MAX = 60000,
    GMQ_PENDING_MAX = 4096, /* replies that a pipeline may wait for */
    GMQ_REQUEST_BYTES_MAX = 64 << 20 /* unsent bytes of a pipeline, its longest request included */
};

struct gmq_message {
    uint64_t id;
    unsigned retry_count; /* deliveries before this one */
    unsigned topic;       /* wpop: which of its topics it is of, from 0; else 0 */
    const char *body;     /* borrowed, not NUL-terminated; never NULL */
    size_t body_bytes;
};

struct gmq_item {
    const void *body; /* may be NULL when body_bytes is 0 */
    size_t body_bytes;
    uint32_t delay_s;
};

/* Pushes one message. `ret_id` may be NULL. */
GMQ_API int gmq_push(struct gmq *mq, const char *topic, const void *body, size_t body_bytes, uint32_t delay_s,
                     uint64_t *ret_id);

/*
 * Pushes 1..GMQ_BATCH_MAX messages, all or none. With `ret_ids` (room for `count`) the ids are asked for and given in
 * order; original nodes do not know how, so pass NULL there.
 */
GMQ_API int gmq_mpush(struct gmq *mq, const char *topic, const struct gmq_item *items, size_t count,
                      uint64_t *ret_ids);

/* Takes one message. It must be acked within the node's time to run, else it is delivered again. Never waits. */
GMQ_API int gmq_pop(struct gmq *mq, const char *topic, struct gmq_message *ret_msg);

/*
 * Takes up to `count_max` (1..GMQ_BATCH_MAX) messages of the first of `topics` (1..GMQ_TOPICS_MAX) that has some now;
 * when none has, waits up to `wait_ms` (0..GMQ_WAIT_MS_MAX) for one, in the order in which clients came. Returns how
 * many, and where they are. Fewer come when there are no more, and when their bodies behind the first one pass 1 MiB.
 * None in time: GMQ_ERR_NO_MESSAGE. Who goes away while it waits loses no message. Not for original nodes.
 *
 *     const char *topics[] = {"urgent", "mail"};
 *     int n = gmq_wpop(mq, topics, 2, 30000, 100, &msgs);
 *     for (int i = 0; i < n; i++)
 *         work(topics[msgs[i].topic], msgs[i].body, msgs[i].body_bytes);
 */
GMQ_API int gmq_wpop(struct gmq *mq, const char *const *topics, size_t topic_count, uint32_t wait_ms,
                     uint32_t count_max, const struct gmq_message **ret_msgs);

/*
 * Says that 1..GMQ_BATCH_MAX messages are done, in one request. Returns how many of them were not in flight, 0 = all
 * are done; those ids are written to `ret_missing` (room for `count`, or NULL), one that was named twice as often as it
 * was named too much. The others are done. Not for original nodes.
 */
GMQ_API int gmq_mack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint64_t *ret_missing);

/*
 * Says that popped messages could not be done: they come again after `delay_ms`, or when the topic's retry policy says
 * so (GMQ_BY_POLICY), at once if it has none. It counts as a retry, and too many make a dead letter, unless `no_retry`
 * is 1. Else as gmq_mack(). Not for original nodes.
 */
GMQ_API int gmq_nack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, int64_t delay_ms,
                     int no_retry, uint64_t *ret_missing);

/*
 * Asks for more time: the time to run of the popped messages begins again now, and is `ttr_ms`, 1000 to 300000, or 0:
 * as long as when they were popped. Else as gmq_mack(). Not for original nodes.
 */
GMQ_API int gmq_touch(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint32_t ttr_ms,
                      uint64_t *ret_missing);

/*
 * Any operation of the node's own API by its name, "topic.pause": docs/protocol-tcp.md lists them. `json` is the object
 * of its arguments, NULL when it has none. The JSON of the answer, NUL-terminated and borrowed, is written to
 * `ret_json` (or NULL). A message.pop that waits gets its `wait_ms` on top of the timeout. Not for original nodes.
 *
 *     const char *json;
 *     if (gmq_call(mq, "topic.get", "{\"topic\":\"mail\"}", &json) == GMQ_OK)
 *         puts(json);
 *
 * What an operation does not find is GMQ_ERR_NOT_FOUND, what it refuses GMQ_ERR_REFUSED. When the answer is lost:
 * GMQ_ERR_CLOSED or GMQ_ERR_TIMEOUT for those that only look, else GMQ_ERR_UNKNOWN_OUTCOME.
 */
GMQ_API int gmq_call(struct gmq *mq, const char *operation, const char *json, const char **ret_json);

/* Says that the message is done. GMQ_ERR_NOT_FOUND: it was acked before, or its time to run has passed. */
GMQ_API int gmq_ack(struct gmq *mq, const char *topic, uint64_t id);

/*
 * Takes up to `count_max` (1..GMQ_BATCH_MAX) dead messages off the node for good; returns how many, and where they are.
 * None: GMQ_ERR_NO_MESSAGE.
 */
GMQ_API int gmq_dead(struct gmq *mq, const char *topic, uint32_t count_max, const struct gmq_message **ret_msgs);

/* Auto-ack of the topic: on (1), messages are done once popped; off (0), they want their ack. Makes the topic. */
GMQ_API int gmq_set(struct gmq *mq, const char *topic, int auto_ack);

/* ---- Requests, pipelined -------------------------------------------------------------------------------------- */

/*
 * gmq_queue_*() write requests into a buffer, gmq_read() takes the replies in the same order:
 *
 *     for (i = 0; i < 64; i++)
 *         gmq_queue_push(mq, "mail", bodies[i], lengths[i], 0);
 *     while (gmq_read(mq, &reply) == GMQ_OK)
 *         if (reply.err)
 *             ...
 *
 * A connection that breaks answers every request that waits: GMQ_ERR_CLOSED if it may be repeated, else
 * GMQ_ERR_UNKNOWN_OUTCOME. Nothing is sent again by itself.
 */
enum gmq_request {
    GMQ_PUSH, GMQ_MPUSH, GMQ_POP, GMQ_ACK, GMQ_DEAD, GMQ_SET, GMQ_WPOP, GMQ_MACK, GMQ_CALL, GMQ_NACK, GMQ_TOUCH
};

struct gmq_reply {
    enum gmq_request request;
    int err;                         /* GMQ_OK, or what the single call would have returned */
    unsigned type;                   /* 101 JSON, 102 error, 103 result, 106 binary, 107 call; 0 without an answer */
    const char *data;                /* what the node sent, borrowed, not NUL-terminated; GMQ_CALL: the JSON */
    size_t data_bytes;
    uint64_t id;                     /* GMQ_PUSH */
    const uint64_t *ids;             /* GMQ_MPUSH with ids; _MACK, _NACK, _TOUCH: those not in flight; borrowed */
    size_t id_count;
    const struct gmq_message *msgs;  /* GMQ_POP, GMQ_WPOP, GMQ_DEAD, borrowed */
    size_t msg_count;
};

/* Queue one request; GMQ_OK, GMQ_ERR_ARGUMENT, _TOO_BIG, _FULL or _MEMORY. Nothing is sent yet. */
GMQ_API int gmq_queue_push(struct gmq *mq, const char *topic, const void *body, size_t body_bytes, uint32_t delay_s);
GMQ_API int gmq_queue_mpush(struct gmq *mq, const char *topic, const struct gmq_item *items, size_t count,
                            int want_ids);
GMQ_API int gmq_queue_pop(struct gmq *mq, const char *topic);
GMQ_API int gmq_queue_ack(struct gmq *mq, const char *topic, uint64_t id);
GMQ_API int gmq_queue_dead(struct gmq *mq, const char *topic, uint32_t count_max);
GMQ_API int gmq_queue_set(struct gmq *mq, const char *topic, int auto_ack);
GMQ_API int gmq_queue_mack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count);
GMQ_API int gmq_queue_nack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, int64_t delay_ms,
                           int no_retry);
GMQ_API int gmq_queue_touch(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint32_t ttr_ms);

GMQ_API int gmq_queue_call(struct gmq *mq, const char *operation, const char *json);

/* The node answers what is queued behind it only when its wait is over. */
GMQ_API int gmq_queue_wpop(struct gmq *mq, const char *const *topics, size_t topic_count, uint32_t wait_ms,
                           uint32_t count_max);

/*
 * Sends what is queued. Stops early, with GMQ_OK, when so many replies have come that they must be read first;
 * gmq_read() then sends the rest. A failure is kept for the replies too: gmq_read() gives one for every request.
 */
GMQ_API int gmq_flush(struct gmq *mq);

/* The next reply, sending first what is queued. GMQ_ERR_STATE: none is pending. Else GMQ_OK: look at `err`. */
GMQ_API int gmq_read(struct gmq *mq, struct gmq_reply *ret_reply);

/* Replies still to be read. */
GMQ_API size_t gmq_pending(const struct gmq *mq);

/* ---- The registry --------------------------------------------------------------------------------------------- */

/*
 * A register address is "http://host:port", "https://host:port", or "host:port" (= http); several in a comma list
 * are asked in turn until one answers.
 */
struct gmq_node {
    uint32_t id;
    uint32_t weight; /* 0 where the registry says less than 1 */
    char tcp_addr[256];
    char http_addr[256];
    char join_time[32];
};

struct gmq_nodes {
    struct gmq_node *nodes; /* `count` of them, NULL when there are none */
    size_t count;
};

/* Asks the registry for its nodes. `err_text`, of 256 bytes or NULL, takes the cause of a failure. */
GMQ_API int gmq_nodes_get(const char *register_addr, unsigned timeout_ms, struct gmq_nodes *ret_nodes,
                          char *err_text);
GMQ_API void gmq_nodes_free(struct gmq_nodes *nodes);

/* ---- Figures of a node ---------------------------------------------------------------------------------------- */

struct gmq_topic {
    char name[GMQ_TOPIC_BYTES_MAX + 1];
    char start_time[32];
    uint64_t pop_num, push_num;    /* since the topic was made; push_num counts redeliveries on original nodes */
    uint64_t queue_num, delay_num; /* ready, delayed */
    uint64_t wait_ack_num, dead_num;
    int is_auto_ack;
};

struct gmq_topics {
    struct gmq_topic *topics; /* `count` of them, NULL when there are none */
    size_t count;
};

/* Asks the HTTP door of a node, "host:port" or an http(s) URL, for the figures of all its topics, by name. */
GMQ_API int gmq_topics_get(const char *http_addr, unsigned timeout_ms, struct gmq_topics *ret_topics,
                           char *err_text);
GMQ_API void gmq_topics_free(struct gmq_topics *topics);

/* ---- Cluster -------------------------------------------------------------------------------------------------- */

struct gmq_cluster;

enum gmq_choice {
    GMQ_BY_WEIGHT,     /* random, in proportion to the weights */
    GMQ_BY_RANDOM,     /* random, all alike */
    GMQ_BY_ROUND_ROBIN /* one after the other */
};

/*
 * The nodes that the registry knows, with one connection each, made when first used. The list is asked for at the
 * first use and again when it is 5 s old; a registry that does not answer leaves the old list in force. A node that
 * cannot be connected is passed over for 1 s. Returns NULL without memory or with an unreadable register address.
 */
GMQ_API struct gmq_cluster *gmq_cluster_new(const char *register_addr, enum gmq_choice choice,
                                            const struct gmq_options *options);
GMQ_API void gmq_cluster_free(struct gmq_cluster *cluster);

/*
 * Chooses a node and gives its handle, connected; requests then go to that. The handle belongs to the cluster and
 * lives as long as it, or, when the registry drops its node, 10 minutes longer than that: time enough to ack.
 * GMQ_ERR_REGISTRY: there has been no list yet; GMQ_ERR_NO_NODES: none of the nodes can be used now.
 */
GMQ_API int gmq_cluster_next(struct gmq_cluster *cluster, struct gmq **ret_mq);

/* As gmq_push(), on a chosen node; goes on to another one when a node surely has not got the message. */
GMQ_API int gmq_cluster_push(struct gmq_cluster *cluster, const char *topic, const void *body, size_t body_bytes,
                             uint32_t delay_s, uint64_t *ret_id);

/*
 * As gmq_pop(), beginning at a chosen node and asking all the others before it answers GMQ_ERR_NO_MESSAGE.
 * `*ret_mq` is the handle that the message came from and that its ack goes to.
 */
GMQ_API int gmq_cluster_pop(struct gmq_cluster *cluster, const char *topic, struct gmq_message *ret_msg,
                            struct gmq **ret_mq);

/* Asks the registry now. */
GMQ_API int gmq_cluster_refresh(struct gmq_cluster *cluster);

/* Nodes in the list. */
GMQ_API size_t gmq_cluster_size(const struct gmq_cluster *cluster);

/* As gmq_error_text(), for the last call on the cluster that failed. */
GMQ_API const char *gmq_cluster_error_text(const struct gmq_cluster *cluster);

#ifdef __cplusplus
}
#endif

#endif
