/* legacy_run.c - the original's commands; see legacy.h. SPDX-License-Identifier: MIT */
#include "gclient/legacy.h"

#include "base/num.h"
#include "gclient/out.h"
#include "net/addr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEPTH = 1024, BODY_BYTES = 32, EMPTY_LOOP_S = 3, EMPTY_WEIGHT_S = 1 };

static const struct gmq_options options = {.flags = GMQ_F_JSON};

static void sleep_s(unsigned seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Says what failed, a connection in Go's words. */
static int fail(const struct gmq *mq, int err)
{
    const char *addr = gmq_addr(mq);
    char text[128];

    if (err == GMQ_ERR_ADDRESS && !strrchr(addr, ':'))
        return legacy_fail("dial tcp: address %s: missing port in address", addr);
    if (err == GMQ_ERR_ADDRESS)
        return legacy_fail("dial tcp: lookup %.*s: no such host", (int)(strrchr(addr, ':') - addr), addr);
    if (err == GMQ_ERR_CONNECT && gmq_errno(mq) == ETIMEDOUT)
        return legacy_fail("dial tcp %s: i/o timeout", addr);
    if (err == GMQ_ERR_CONNECT && gmq_errno(mq) != 0) {
        addr_error_text(gmq_errno(mq), text, sizeof(text));
        return legacy_fail("dial tcp %s: connect: %s", addr, text);
    }
    if (err == GMQ_ERR_UNKNOWN_OUTCOME)
        return legacy_fail("%s (%s)", gmq_strerror(err), gmq_error_text(mq));
    return legacy_fail("%s", gmq_error_text(mq));
}

/* Prints one reply; EXIT_FAILED when there was none. */
static int print_reply(struct gmq *mq, struct gmq_reply *ret_reply)
{
    int err = gmq_read(mq, ret_reply);

    if (err != GMQ_OK || ret_reply->type == 0)
        return fail(mq, err != GMQ_OK ? err : ret_reply->err);
    int len = (int)min_u64(ret_reply->data_bytes, INT32_MAX);
    const char *what = ret_reply->request == GMQ_PUSH && ret_reply->type == 103 ? "msg.id" : "result";
    legacy_say("rtype:%u, %s:%.*s", ret_reply->type, what, len, ret_reply->data);
    return EXIT_OK;
}

/* The reply to the one request that was queued with the result `err`. */
static int print_queued(struct gmq *mq, int err)
{
    struct gmq_reply reply;

    return err == GMQ_OK ? print_reply(mq, &reply) : fail(mq, err);
}

static int queue_push(struct gmq *mq, const struct legacy *legacy, int64_t number)
{
    char body[BODY_BYTES];
    int len = snprintf(body, sizeof(body), "golang_%" PRId64, number);

    return gmq_queue_push(mq, legacy->topic, body, (size_t)len, 0);
}

static int run_push(struct gmq *mq, const struct legacy *legacy)
{
    struct gmq_reply reply;
    int code = EXIT_OK;

    for (int64_t i = 0; i < legacy->push_num && code == EXIT_OK;) {
        for (int64_t end = i + DEPTH; i < end && i < legacy->push_num; i++) {
            int err = queue_push(mq, legacy, i);
            if (err != GMQ_OK)
                return fail(mq, err);
        }
        while (code == EXIT_OK && gmq_pending(mq) > 0)
            code = print_reply(mq, &reply);
    }
    return code;
}

static int mpush_some(struct gmq *mq, const struct legacy *legacy, int64_t from, size_t count)
{
    char(*bodies)[BODY_BYTES] = calloc(count, sizeof(*bodies));
    struct gmq_item *items = calloc(count, sizeof(*items));
    int err = GMQ_ERR_MEMORY;

    for (size_t i = 0; bodies && items && i < count; i++) {
        int len = snprintf(bodies[i], BODY_BYTES, "golang_%" PRId64, from + (int64_t)i);
        items[i] = (struct gmq_item){.body = bodies[i], .body_bytes = (size_t)len};
    }
    if (bodies && items)
        err = gmq_queue_mpush(mq, legacy->topic, items, count, 0);
    free(items);
    free(bodies);
    return err == GMQ_ERR_MEMORY ? legacy_fail("no memory") : print_queued(mq, err);
}

static int run_mpush(struct gmq *mq, const struct legacy *legacy)
{
    int code = EXIT_OK;

    if (legacy->push_num < 1)
        return legacy_fail("number of message must be greater than 0");
    for (int64_t i = 0; i < legacy->push_num && code == EXIT_OK; i += GMQ_BATCH_MAX)
        code = mpush_some(mq, legacy, i, (size_t)min_u64((uint64_t)(legacy->push_num - i), GMQ_BATCH_MAX));
    return code;
}

static int run_pop(struct gmq *mq, const struct legacy *legacy)
{
    int64_t count = legacy->pop_num_given ? legacy->pop_num : 1;
    struct gmq_reply reply = {.err = GMQ_OK};
    int code = EXIT_OK;

    for (int64_t i = 0; i < count && code == EXIT_OK && reply.err == GMQ_OK; i++) {
        int err = gmq_queue_pop(mq, legacy->topic);
        code = err == GMQ_OK ? print_reply(mq, &reply) : fail(mq, err);
    }
    return code;
}

static int run_pop_loop(struct gmq *mq, const struct legacy *legacy)
{
    struct gmq_reply reply;

    for (;;) {
        int err = gmq_queue_pop(mq, legacy->topic);
        if (err == GMQ_OK)
            err = gmq_read(mq, &reply);
        if (err != GMQ_OK || reply.type == 0)
            return fail(mq, err != GMQ_OK ? err : reply.err);
        int len = (int)min_u64(reply.data_bytes, INT32_MAX);
        if (reply.err == GMQ_OK)
            legacy_say("recv msg:%.*s", len, reply.data);
        else
            legacy_say("%.*s", len, reply.data);
        if (!out_flush())
            return EXIT_FAILED;
        if (reply.err != GMQ_OK)
            sleep_s(EMPTY_LOOP_S);
    }
}

static int run_ack(struct gmq *mq, const struct legacy *legacy)
{
    return print_queued(mq, gmq_queue_ack(mq, legacy->topic, (uint64_t)num_go_atoi(slice_str(legacy->msg_id))));
}

static int run_dead(struct gmq *mq, const struct legacy *legacy)
{
    int64_t count = legacy->pop_num < 0 ? 1 : legacy->pop_num;

    return print_queued(mq, gmq_queue_dead(mq, legacy->topic, (uint32_t)min_u64((uint64_t)count, GMQ_BATCH_MAX)));
}

static int run_set(struct gmq *mq, const struct legacy *legacy)
{
    return print_queued(mq, gmq_queue_set(mq, legacy->topic, legacy->auto_ack != 0));
}

static int next_node(struct gmq_cluster *cluster, struct gmq **ret_mq)
{
    int err = gmq_cluster_next(cluster, ret_mq);

    if (err == GMQ_OK)
        legacy_say("> select node(%s)", gmq_addr(*ret_mq));
    return err;
}

/* Every body is golang_0, as the original has it. */
static int push_by(struct gmq_cluster *cluster, const struct legacy *legacy)
{
    struct gmq_reply reply;
    struct gmq *mq;
    int code = EXIT_OK;

    for (int64_t i = 0; i < legacy->push_num && code == EXIT_OK; i++) {
        if (next_node(cluster, &mq) != GMQ_OK)
            return legacy_fail("%s", gmq_cluster_error_text(cluster));
        int err = queue_push(mq, legacy, 0);
        code = err == GMQ_OK ? print_reply(mq, &reply) : fail(mq, err);
    }
    return code;
}

/* Never ends by itself: a node that fails is passed over, an empty one is asked again after a second. */
static int pop_by(struct gmq_cluster *cluster, const struct legacy *legacy)
{
    struct gmq_reply reply = {.err = GMQ_OK};
    bool ever = false;
    struct gmq *mq;

    for (;;) {
        if (next_node(cluster, &mq) == GMQ_OK) {
            int err = gmq_queue_pop(mq, legacy->topic);
            if (err != GMQ_OK)
                return fail(mq, err);
            reply.err = GMQ_ERR_CLOSED;
            (void)print_reply(mq, &reply);
            ever = true;
        } else {
            reply.err = GMQ_ERR_NO_NODES;
            (void)legacy_fail("%s", gmq_cluster_error_text(cluster));
            if (!ever)
                return EXIT_FAILED;
        }
        if (!out_flush())
            return EXIT_FAILED;
        if (reply.err != GMQ_OK)
            sleep_s(EMPTY_WEIGHT_S);
    }
}

static const struct {
    const char *name;
    int (*run)(struct gmq *mq, const struct legacy *legacy);
} node_commands[] = {
    {"push", run_push}, {"mpush", run_mpush}, {"pop", run_pop}, {"pop_loop", run_pop_loop},
    {"ack", run_ack},   {"dead", run_dead},   {"set", run_set},
};

static const struct {
    const char *name;
    int (*run)(struct gmq_cluster *cluster, const struct legacy *legacy);
    enum gmq_choice choice;
} cluster_commands[] = {
    {"push_by_weight", push_by, GMQ_BY_WEIGHT},
    {"push_by_rand", push_by, GMQ_BY_RANDOM},
    {"push_by_avg", push_by, GMQ_BY_ROUND_ROBIN},
    {"pop_by_weight", pop_by, GMQ_BY_WEIGHT},
};

static int run_on_node(const struct legacy *legacy, int (*run)(struct gmq *, const struct legacy *))
{
    struct gmq *mq = gmq_new(legacy->node_addr, &options);

    if (!mq)
        return legacy_fail("-node_addr: no memory, or an address of more than 255 bytes");
    int err = gmq_connect(mq);
    int code = err == GMQ_OK ? run(mq, legacy) : fail(mq, err);
    gmq_free(mq);
    return code;
}

int legacy_run(const struct legacy *legacy)
{
    for (size_t i = 0; i < ARRAY_LEN(node_commands); i++)
        if (strcmp(legacy->cmd, node_commands[i].name) == 0)
            return run_on_node(legacy, node_commands[i].run);
    for (size_t i = 0; i < ARRAY_LEN(cluster_commands); i++) {
        if (strcmp(legacy->cmd, cluster_commands[i].name) != 0)
            continue;
        struct gmq_cluster *cluster = gmq_cluster_new(legacy->register_addr, cluster_commands[i].choice, &options);
        if (!cluster)
            return legacy_fail("-register_addr is empty, or no memory");
        int code = cluster_commands[i].run(cluster, legacy);
        gmq_cluster_free(cluster);
        return code;
    }
    return LEGACY_UNKNOWN;
}
