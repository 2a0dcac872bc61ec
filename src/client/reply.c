/* reply.c - what a reply says to the request that it belongs to; see client.h. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

static bool ends_with(struct slice text, const char *end)
{
    size_t len = strlen(end);

    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* The texts of errors are a part of the protocol. */
static int err_of_text(struct slice text)
{
    static const int UNKNOWN[] = {GMQ_E_MESSAGE_UNKNOWN, GMQ_E_JOB_UNKNOWN, GMQ_E_OPERATION_UNKNOWN, GMQ_E_NOT_FOUND};

    if (slice_is(text, err_text(GMQ_E_NO_MESSAGE)))
        return GMQ_ERR_NO_MESSAGE;
    for (size_t i = 0; i < ARRAY_LEN(UNKNOWN); i++)
        if (slice_is(text, err_text(UNKNOWN[i])))
            return GMQ_ERR_NOT_FOUND;
    return ends_with(text, " is not exist") ? GMQ_ERR_NOT_FOUND : GMQ_ERR_REFUSED;
}

static int read_messages(struct gmq *mq, const struct answer *answer, uint32_t count_max, struct gmq_reply *ret)
{
    if (answer_read_messages(answer, &mq->list) != 0 || mq->list.count > count_max)
        return GMQ_ERR_PROTOCOL;
    if (mq->list.count == 0)
        return ret->request == GMQ_DEAD ? GMQ_ERR_NO_MESSAGE : GMQ_ERR_PROTOCOL;
    mq->msgs = calloc(mq->list.count, sizeof(*mq->msgs));
    if (!mq->msgs)
        return GMQ_ERR_MEMORY;
    for (size_t i = 0; i < mq->list.count; i++) {
        const struct reply_message *from = &mq->list.msgs[i];
        mq->msgs[i] = (struct gmq_message){.id = from->id,
                                           .retry_count = from->retry_count,
                                           .topic = from->topic,
                                           .body = from->body.len > 0 ? from->body.ptr : "",
                                           .body_bytes = from->body.len};
    }
    ret->msgs = mq->msgs;
    ret->msg_count = mq->list.count;
    return GMQ_OK;
}

static int read_ids(struct gmq *mq, const struct answer *answer, uint32_t count, struct gmq_reply *ret)
{
    mq->ids = calloc(count, sizeof(*mq->ids));
    if (!mq->ids)
        return GMQ_ERR_MEMORY;
    if (answer_read_ids(answer, mq->ids, count) != (ssize_t)count)
        return GMQ_ERR_PROTOCOL;
    ret->ids = mq->ids;
    ret->id_count = count;
    return GMQ_OK;
}

/* "ok", or those that were not in flight. */
static int read_missing(struct gmq *mq, const struct answer *answer, uint32_t count, struct gmq_reply *ret)
{
    if (slice_is(answer->data, "ok"))
        return GMQ_OK;
    mq->ids = calloc(count, sizeof(*mq->ids));
    if (!mq->ids)
        return GMQ_ERR_MEMORY;
    ssize_t n = answer_read_ids(answer, mq->ids, count);
    if (n <= 0)
        return n == -ENOMEM ? GMQ_ERR_MEMORY : GMQ_ERR_PROTOCOL;
    ret->ids = mq->ids;
    ret->id_count = (size_t)n;
    return GMQ_OK;
}

static int read_answer(struct gmq *mq, const struct answer *answer, const struct expect *expect, struct gmq_reply *ret)
{
    if (answer->type == REPLY_ERROR) {
        int shown = (int)min_u64(answer->data.len, CLIENT_TEXT_BYTES);
        return client_fail(mq, err_of_text(answer->data), "%.*s", shown, answer->data.len > 0 ? answer->data.ptr : "");
    }
    if (expect->request == GMQ_POP || expect->request == GMQ_WPOP || expect->request == GMQ_DEAD)
        return read_messages(mq, answer, expect->count, ret);
    if (expect->request == GMQ_CALL)
        return answer->type == REPLY_JSON ? GMQ_OK : GMQ_ERR_PROTOCOL;
    if (answer->type != REPLY_RESULT)
        return GMQ_ERR_PROTOCOL;
    if (expect->request == GMQ_PUSH)
        return answer_read_id(answer, &ret->id) == 0 ? GMQ_OK : GMQ_ERR_PROTOCOL;
    if (expect->request >= GMQ_MACK)
        return read_missing(mq, answer, expect->count, ret);
    if (expect->count > 0)
        return read_ids(mq, answer, expect->count, ret);
    return GMQ_OK;
}

static struct expect take_expect(struct gmq *mq)
{
    struct expect expect = mq->expects[mq->expect_first];

    ENSURE(mq->expect_count > 0);
    mq->expect_first = (mq->expect_first + 1) & (mq->expect_size - 1);
    mq->expect_count--;
    mq->waits_ms -= expect.wait_ms;
    return expect;
}

void client_deliver(struct gmq *mq, const struct answer *answer, size_t bytes, struct gmq_reply *ret)
{
    struct expect expect = take_expect(mq);

    *ret = (struct gmq_reply){.request = expect.request,
                              .type = answer->type,
                              .data = answer->data.len > 0 ? answer->data.ptr : "",
                              .data_bytes = answer->data.len};
    mq->lent = bytes;
    mq->done = expect.end;
    ret->err = read_answer(mq, answer, &expect, ret);
    if (ret->err == GMQ_ERR_MEMORY)
        (void)client_fail(mq, ret->err, "no memory");
    if (ret->err == GMQ_ERR_PROTOCOL) {
        (void)client_fail(mq, ret->err, "%s answered with something else", mq->addr);
        if (mq->broken == 0)
            client_break(mq, GMQ_ERR_CLOSED);
        mq->in.tail = mq->in.head + bytes; /* what follows cannot be trusted to be in order */
        return;
    }
    mq->answered = true;
    mq->backoff_ms = mq->retry_at_ms = 0;
}

/* What the loss of its reply means for a request; `whole`: all of it was sent. */
static int err_of_loss(int broken, bool whole, const struct expect *expect)
{
    enum gmq_request request = expect->request;
    bool looks = request == GMQ_CALL && expect->count > 0;

    if (!whole)
        return broken == GMQ_ERR_TOO_BIG || broken == GMQ_ERR_PROTOCOL ? GMQ_ERR_CLOSED : broken;
    if (request != GMQ_POP && request != GMQ_WPOP && request != GMQ_SET && !looks)
        return GMQ_ERR_UNKNOWN_OUTCOME;
    return broken;
}

void client_deliver_lost(struct gmq *mq, struct gmq_reply *ret)
{
    struct expect expect = take_expect(mq);
    int cause = mq->os_errno;

    *ret = (struct gmq_reply){.request = expect.request, .data = ""};
    ret->err = err_of_loss(mq->broken, mq->sent >= expect.end, &expect);
    (void)client_fail(mq, ret->err, "%s", mq->why);
    mq->os_errno = cause;
    /* Only the first one saw the bad reply; for those behind it the connection has just gone. */
    if (mq->broken == GMQ_ERR_TOO_BIG || mq->broken == GMQ_ERR_PROTOCOL)
        mq->broken = GMQ_ERR_CLOSED;
}
