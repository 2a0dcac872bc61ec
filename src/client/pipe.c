/* pipe.c - requests in, replies out, in order; see gmq.h and client.h. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "base/err.h"
#include "base/num.h"
#include "client/clock.h"
#include "wire/json_check.h"
#include "wire/json_walk.h"
#include "wire/op.h"
#include "wire/request.h"

#include <errno.h>
#include <stdlib.h>

enum {
    EXPECTS_MIN = 16,
    /* What a request line may take beside its bodies: words, numbers and the topic. */
    LINE_BYTES_MAX = 512,
    /* With so many bytes of replies unread, flushing waits for the reader. */
    IN_ENOUGH_BYTES = 128 << 10,
};

/* Adds the reply to come for the request that `out` has just got; false without memory. */
static bool expect(struct gmq *mq, enum gmq_request request, uint32_t count, size_t request_bytes)
{
    if (mq->expect_count == mq->expect_size) {
        size_t size = mq->expect_size > 0 ? mq->expect_size * 2 : EXPECTS_MIN;
        struct expect *expects = calloc(size, sizeof(*expects));
        if (!expects)
            return false;
        for (size_t i = 0; i < mq->expect_count; i++)
            expects[i] = mq->expects[(mq->expect_first + i) & (mq->expect_size - 1)];
        free(mq->expects);
        mq->expects = expects;
        mq->expect_first = 0;
        mq->expect_size = size;
    }
    size_t at = (mq->expect_first + mq->expect_count++) & (mq->expect_size - 1);
    mq->queued += request_bytes;
    mq->expects[at] = (struct expect){.end = mq->queued, .request = request, .count = count};
    return true;
}

/* The request that is expected last may take so much longer. */
static void expect_wait(struct gmq *mq, uint32_t wait_ms)
{
    size_t at = (mq->expect_first + mq->expect_count - 1) & (mq->expect_size - 1);

    mq->expects[at].wait_ms = wait_ms;
    mq->waits_ms += wait_ms;
}

/* Before a request is written: whether there is room for it, its reply and `body_bytes` of bodies. */
static int check_room(struct gmq *mq, uint64_t body_bytes)
{
    client_release(mq);
    if (body_bytes > GMQ_REQUEST_BYTES_MAX - LINE_BYTES_MAX)
        return client_fail(mq, GMQ_ERR_TOO_BIG, "request of more than %d bytes", GMQ_REQUEST_BYTES_MAX);
    if (mq->expect_count >= GMQ_PENDING_MAX)
        return client_fail(mq, GMQ_ERR_FULL, "%d replies are still to be read", GMQ_PENDING_MAX);
    if (body_bytes + LINE_BYTES_MAX > GMQ_REQUEST_BYTES_MAX - buf_len(&mq->out))
        return client_fail(mq, GMQ_ERR_FULL, "too many bytes wait to be sent");
    return 0;
}

/* After a request was written to `out`, from `before` bytes on, with the result `err`. */
static int queued(struct gmq *mq, int err, size_t before, enum gmq_request request, uint32_t count)
{
    size_t bytes = buf_len(&mq->out) - before;

    if (err == 0 && expect(mq, request, count, bytes))
        return GMQ_OK;
    mq->out.tail -= bytes;
    if (err == 0 || err == -ENOMEM)
        return client_fail(mq, GMQ_ERR_MEMORY, "no memory");
    return client_fail(mq, GMQ_ERR_ARGUMENT, "%s", err_text(err));
}

static struct slice topic_slice(const char *topic) { return slice_str(topic ? topic : ""); }

int gmq_queue_push(struct gmq *mq, const char *topic, const void *body, size_t body_bytes, uint32_t delay_s)
{
    int err = check_room(mq, body_bytes);

    if (err != 0)
        return err;
    if (delay_s > GMQ_DELAY_S_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "%s", err_text(GMQ_E_DELAY));
    size_t before = buf_len(&mq->out);
    err = request_pub(&mq->out, topic_slice(topic), delay_s, slice_of(body, body_bytes));
    return queued(mq, err, before, GMQ_PUSH, 0);
}

int gmq_queue_mpush(struct gmq *mq, const char *topic, const struct gmq_item *items, size_t count, int want_ids)
{
    uint64_t bytes = 0;

    if (count == 0 || count > GMQ_BATCH_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "a batch has 1 to %d messages", GMQ_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        if (items[i].delay_s > GMQ_DELAY_S_MAX)
            return client_fail(mq, GMQ_ERR_ARGUMENT, "%s", err_text(GMQ_E_DELAY));
        bytes += CMD_ITEM_HEADER_BYTES + min_u64(items[i].body_bytes, GMQ_REQUEST_BYTES_MAX);
    }
    int err = check_room(mq, bytes);
    if (err != 0)
        return err;
    struct cmd_item *packed = malloc(count * sizeof(*packed));
    if (!packed)
        return client_fail(mq, GMQ_ERR_MEMORY, "no memory");
    for (size_t i = 0; i < count; i++)
        packed[i] = (struct cmd_item){.delay_s = items[i].delay_s,
                                      .body = slice_of(items[i].body, items[i].body_bytes)};
    size_t before = buf_len(&mq->out);
    err = request_mpub(&mq->out, topic_slice(topic), packed, count, want_ids != 0);
    free(packed);
    return queued(mq, err, before, GMQ_MPUSH, want_ids ? (uint32_t)count : 0);
}

static bool wants_binary(const struct gmq *mq) { return (mq->flags & GMQ_F_JSON) == 0; }

int gmq_queue_pop(struct gmq *mq, const char *topic)
{
    int err = check_room(mq, 0);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_pop(&mq->out, topic_slice(topic), wants_binary(mq));
    return queued(mq, err, before, GMQ_POP, 1);
}

int gmq_queue_ack(struct gmq *mq, const char *topic, uint64_t id)
{
    int err = check_room(mq, 0);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_ack(&mq->out, id, topic_slice(topic));
    return queued(mq, err, before, GMQ_ACK, 0);
}

int gmq_queue_dead(struct gmq *mq, const char *topic, uint32_t count_max)
{
    int err = check_room(mq, 0);

    if (err != 0)
        return err;
    if (count_max == 0 || count_max > GMQ_BATCH_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "1 to %d dead messages may be asked for", GMQ_BATCH_MAX);
    size_t before = buf_len(&mq->out);
    err = request_dead(&mq->out, topic_slice(topic), count_max, wants_binary(mq));
    return queued(mq, err, before, GMQ_DEAD, count_max);
}

int gmq_queue_set(struct gmq *mq, const char *topic, int auto_ack)
{
    int err = check_room(mq, 0);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_set(&mq->out, topic_slice(topic), auto_ack != 0);
    return queued(mq, err, before, GMQ_SET, 0);
}

int gmq_queue_wpop(struct gmq *mq, const char *const *topics, size_t topic_count, uint32_t wait_ms, uint32_t count_max)
{
    struct slice names[GMQ_TOPICS_MAX];
    size_t bytes = 0;

    if (count_max == 0 || count_max > GMQ_BATCH_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "1 to %d messages may be asked for", GMQ_BATCH_MAX);
    if (wait_ms > GMQ_WAIT_MS_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "%s", err_text(GMQ_E_WAIT));
    if (topic_count == 0 || topic_count > GMQ_TOPICS_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "%s", err_text(GMQ_E_TOPIC_LIST));
    for (size_t i = 0; i < topic_count; i++) {
        names[i] = topic_slice(topics[i]);
        bytes += min_u64(names[i].len, GMQ_TOPIC_BYTES_MAX) + 1;
    }
    int err = check_room(mq, bytes);
    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_wpop(&mq->out, names, topic_count, wait_ms, count_max);
    err = queued(mq, err, before, GMQ_WPOP, count_max);
    if (err == GMQ_OK)
        expect_wait(mq, wait_ms);
    return err;
}

/* Room for a request with so many ids. */
static int check_ids(struct gmq *mq, size_t count)
{
    if (count == 0 || count > GMQ_BATCH_MAX)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "1 to %d messages may be named at once", GMQ_BATCH_MAX);
    return check_room(mq, count * CMD_ID_BYTES);
}

int gmq_queue_mack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count)
{
    int err = check_ids(mq, count);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_mack(&mq->out, topic_slice(topic), ids, count);
    return queued(mq, err, before, GMQ_MACK, (uint32_t)count);
}

int gmq_queue_nack(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, int64_t delay_ms, int no_retry)
{
    int err = check_ids(mq, count);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_nack(&mq->out, topic_slice(topic), ids, count, delay_ms, no_retry != 0);
    return queued(mq, err, before, GMQ_NACK, (uint32_t)count);
}

int gmq_queue_touch(struct gmq *mq, const char *topic, const uint64_t *ids, size_t count, uint32_t ttr_ms)
{
    int err = check_ids(mq, count);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    err = request_touch(&mq->out, topic_slice(topic), ids, count, ttr_ms);
    return queued(mq, err, before, GMQ_TOUCH, (uint32_t)count);
}

/* How long a pop by call may wait. */
static uint32_t wait_of(struct slice operation, struct slice json)
{
    char text[JSON_ERROR_BYTES];
    struct slice key;
    struct json_value value = {.kind = JSON_NULL};
    uint64_t wait_ms = 0, found = 0;

    if (!slice_is(operation, "message.pop") || json_check(json, text) < 0)
        return 0;
    value = json_walk_value(json);
    struct slice rest = value.kind == JSON_OBJECT ? json_walk_inside(&value) : slice_of(NULL, 0);
    while (json_walk_member(&rest, &key, &value))
        if (slice_is(key, "wait_ms") && value.kind == JSON_NUMBER && num_parse_u64(value.text, &found))
            wait_ms = found;
    return (uint32_t)min_u64(wait_ms, GMQ_WAIT_MS_MAX);
}

int gmq_queue_call(struct gmq *mq, const char *operation, const char *json)
{
    struct slice name = slice_str(operation ? operation : ""), arguments = slice_str(json ? json : "{}");
    int err = check_room(mq, name.len + arguments.len);

    if (err != 0)
        return err;
    size_t before = buf_len(&mq->out);
    const struct op *op = op_find(name);
    err = request_call(&mq->out, name, arguments);
    if (err == GMQ_E_PARAMS)
        return client_fail(mq, GMQ_ERR_ARGUMENT, "the name of an operation is one word");
    err = queued(mq, err, before, GMQ_CALL, op && op->method && strcmp(op->method, "GET") == 0);
    if (err == GMQ_OK)
        expect_wait(mq, wait_of(name, arguments));
    return err;
}

/* One turn of sending and receiving. On failure the connection is broken, and every reply to come with it. */
static int turn(struct gmq *mq, uint64_t deadline_ms)
{
    int cause = 0;
    int err = client_connect(mq, deadline_ms);

    if (err != 0) {
        cause = mq->os_errno;
    } else {
        err = sock_pump(mq->fd, &mq->out, &mq->in, deadline_ms, &mq->sent, &cause);
        if (err == GMQ_ERR_TIMEOUT)
            (void)client_fail(mq, err, "no answer from %s within %u ms", mq->addr, mq->timeout_ms);
        else if (err != 0)
            (void)client_fail(mq, err, "connection to %s: %s", mq->addr,
                              cause ? strerror(cause) : "closed by the node");
    }
    if (err != 0) {
        mq->os_errno = cause;
        client_break(mq, err);
    }
    return err;
}

int gmq_flush(struct gmq *mq)
{
    uint64_t deadline_ms = clock_mono_ms() + mq->timeout_ms + mq->waits_ms;
    struct answer answer;

    client_release(mq);
    while (mq->broken == 0 && buf_len(&mq->out) > 0) {
        if (buf_len(&mq->in) >= IN_ENOUGH_BYTES &&
            answer_parse(buf_slice(&mq->in), mq->reply_bytes_max, &answer) != 0)
            return GMQ_OK;
        int err = turn(mq, deadline_ms);
        if (err != 0)
            return err;
    }
    return mq->broken;
}

int gmq_read(struct gmq *mq, struct gmq_reply *ret_reply)
{
    uint64_t deadline_ms = clock_mono_ms() + mq->timeout_ms + mq->waits_ms;
    struct answer answer;

    client_release(mq);
    if (mq->expect_count == 0)
        return client_fail(mq, GMQ_ERR_STATE, "no reply is to come");
    for (;;) {
        ssize_t n = answer_parse(buf_slice(&mq->in), mq->reply_bytes_max, &answer);
        if (n > 0 && mq->done < mq->sent) {
            client_deliver(mq, &answer, (size_t)n, ret_reply);
            return GMQ_OK;
        }
        if (mq->broken != 0) {
            client_deliver_lost(mq, ret_reply);
            return GMQ_OK;
        }
        if (n == -EMSGSIZE)
            client_break(mq, client_fail(mq, GMQ_ERR_TOO_BIG, "reply of more than %zu bytes", mq->reply_bytes_max));
        else if (n < 0)
            client_break(mq, client_fail(mq, GMQ_ERR_PROTOCOL, "%s does not speak the protocol", mq->addr));
        else
            (void)turn(mq, deadline_ms); /* its failure is the end of the replies to come: see above */
    }
}
