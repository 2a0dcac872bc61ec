/* calls.c - requests one at a time: queued, sent and read in one go; see gmq.h. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <stdlib.h>

static int check_idle(struct gmq *mq)
{
    client_release(mq);
    return mq->expect_count == 0 ? GMQ_OK : client_fail(mq, GMQ_ERR_STATE, "replies are still to be read");
}

/* The reply of the one request that was queued with the result `err`. */
static int finish(struct gmq *mq, int err, struct gmq_reply *ret_reply)
{
    if (err == GMQ_OK)
        err = gmq_read(mq, ret_reply);
    return err != GMQ_OK ? err : ret_reply->err;
}

int gmq_push(struct gmq *mq, const char *topic, const void *body, size_t body_bytes, uint32_t delay_s, uint64_t *ret_id)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_push(mq, topic, body, body_bytes, delay_s), &reply);
    if (err == GMQ_OK && ret_id)
        *ret_id = reply.id;
    return err;
}

int gmq_mpush(struct gmq *mq, const char *topic, const struct gmq_item *items, size_t count, uint64_t *ret_ids)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_mpush(mq, topic, items, count, ret_ids != NULL), &reply);
    if (err == GMQ_OK && ret_ids)
        memcpy(ret_ids, reply.ids, count * sizeof(*ret_ids));
    return err;
}

int gmq_pop(struct gmq *mq, const char *topic, struct gmq_message *ret_msg)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_pop(mq, topic), &reply);
    if (err == GMQ_OK)
        *ret_msg = reply.msgs[0];
    return err;
}

int gmq_ack(struct gmq *mq, const char *topic, uint64_t id)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    return err != GMQ_OK ? err : finish(mq, gmq_queue_ack(mq, topic, id), &reply);
}

int gmq_dead(struct gmq *mq, const char *topic, uint32_t count_max, const struct gmq_message **ret_msgs)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_dead(mq, topic, count_max), &reply);
    if (err != GMQ_OK)
        return err;
    *ret_msgs = reply.msgs;
    return (int)reply.msg_count;
}

int gmq_wpop(struct gmq *mq, const char *const *topics, size_t topic_count, uint32_t wait_ms, uint32_t count_max,
             const struct gmq_message **ret_msgs)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_wpop(mq, topics, topic_count, wait_ms, count_max), &reply);
    if (err != GMQ_OK)
        return err;
    *ret_msgs = reply.msgs;
    return (int)reply.msg_count;
}

/* What a mack and its like return; `err` is of its queueing. */
static int finish_ids(struct gmq *mq, int err, uint64_t *ret_missing)
{
    struct gmq_reply reply;

    err = finish(mq, err, &reply);
    if (err != GMQ_OK)
        return err;
    if (ret_missing && reply.id_count > 0)
        memcpy(ret_missing, reply.ids, reply.id_count * sizeof(*ret_missing));
    return (int)reply.id_count;
}

int gmq_mack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint64_t *ret_missing)
{
    int err = check_idle(mq);

    return err != GMQ_OK ? err : finish_ids(mq, gmq_queue_mack(mq, topic, ids, count), ret_missing);
}

int gmq_nack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, int64_t delay_ms, int no_retry,
             uint64_t *ret_missing)
{
    int err = check_idle(mq);

    if (err != GMQ_OK)
        return err;
    return finish_ids(mq, gmq_queue_nack(mq, topic, ids, count, delay_ms, no_retry), ret_missing);
}

int gmq_touch(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint32_t ttr_ms,
              uint64_t *ret_missing)
{
    int err = check_idle(mq);

    return err != GMQ_OK ? err : finish_ids(mq, gmq_queue_touch(mq, topic, ids, count, ttr_ms), ret_missing);
}

int gmq_call(struct gmq *mq, const char *operation, const char *json, const char **ret_json)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    if (err == GMQ_OK)
        err = finish(mq, gmq_queue_call(mq, operation, json), &reply);
    if (err != GMQ_OK || !ret_json)
        return err;
    mq->json = malloc(reply.data_bytes + 1);
    if (!mq->json)
        return client_fail(mq, GMQ_ERR_MEMORY, "no memory");
    memcpy(mq->json, reply.data, reply.data_bytes);
    mq->json[reply.data_bytes] = '\0';
    *ret_json = mq->json;
    return GMQ_OK;
}

int gmq_set(struct gmq *mq, const char *topic, int auto_ack)
{
    struct gmq_reply reply;
    int err = check_idle(mq);

    return err != GMQ_OK ? err : finish(mq, gmq_queue_set(mq, topic, auto_ack), &reply);
}
