/* conn.c - the handle: made, connected, broken, freed; see gmq.h and client.h. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "client/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Room for one reply of the largest size and for the beginning of those behind it. */
enum { IN_EXTRA_BYTES = 256 << 10 };

static unsigned or_default(unsigned value, unsigned fallback) { return value > 0 ? value : fallback; }

struct gmq *gmq_new(const char *addr, const struct gmq_options *options)
{
    struct gmq_options opt = options ? *options : (struct gmq_options){0};
    struct gmq *mq;

    if (!addr || strlen(addr) > SOCK_ADDR_BYTES_MAX || !(mq = calloc(1, sizeof(*mq))))
        return NULL;
    memcpy(mq->addr, addr, strlen(addr) + 1);
    mq->connect_timeout_ms = or_default(opt.connect_timeout_ms, CLIENT_CONNECT_TIMEOUT_MS);
    mq->timeout_ms = or_default(opt.timeout_ms, CLIENT_TIMEOUT_MS);
    mq->reply_bytes_max = opt.reply_bytes_max > 0 ? min_u64(opt.reply_bytes_max, CLIENT_REPLY_BYTES_MAX)
                                                  : (size_t)CLIENT_REPLY_BYTES_MAX;
    mq->flags = opt.flags;
    mq->fd = -1;
    buf_init(&mq->out, GMQ_REQUEST_BYTES_MAX);
    buf_init(&mq->in, mq->reply_bytes_max + IN_EXTRA_BYTES);
    return mq;
}

void gmq_free(struct gmq *mq)
{
    if (!mq)
        return;
    gmq_close(mq);
    buf_free(&mq->out);
    buf_free(&mq->in);
    free(mq->expects);
    free(mq);
}

void gmq_close(struct gmq *mq)
{
    client_release(mq);
    if (mq->fd >= 0)
        (void)close(mq->fd);
    mq->fd = -1;
    mq->broken = 0;
    mq->expect_count = 0;
    mq->waits_ms = 0;
    mq->sent = mq->done = mq->queued;
    buf_clear(&mq->out);
    buf_clear(&mq->in);
}

void gmq_set_timeout(struct gmq *mq, unsigned timeout_ms)
{
    mq->timeout_ms = or_default(timeout_ms, CLIENT_TIMEOUT_MS);
}

const char *gmq_addr(const struct gmq *mq) { return mq->addr; }
const char *gmq_error_text(const struct gmq *mq) { return mq->text; }
int gmq_errno(const struct gmq *mq) { return mq->os_errno; }
size_t gmq_pending(const struct gmq *mq) { return mq->expect_count; }

void client_release(struct gmq *mq)
{
    buf_consume(&mq->in, mq->lent);
    mq->lent = 0;
    answer_list_free(&mq->list);
    free(mq->msgs);
    free(mq->ids);
    free(mq->json);
    mq->json = NULL;
    mq->msgs = NULL;
    mq->ids = NULL;
    if (mq->broken != 0 && mq->expect_count == 0) {
        mq->broken = 0;
        mq->sent = mq->done = mq->queued;
        buf_clear(&mq->in);
        buf_clear(&mq->out);
    }
}

int client_fail(struct gmq *mq, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(mq->text, sizeof(mq->text), fmt, ap);
    va_end(ap);
    mq->os_errno = 0;
    return err;
}

static void back_off(struct gmq *mq)
{
    mq->backoff_ms = min_u64(max_u64(mq->backoff_ms * 2, CLIENT_BACKOFF_MS_MIN), CLIENT_BACKOFF_MS_MAX);
    mq->retry_at_ms = clock_mono_ms() + mq->backoff_ms;
}

static void drop_socket(struct gmq *mq)
{
    (void)close(mq->fd);
    mq->fd = -1;
    if (!mq->answered)
        back_off(mq);
}

void client_break(struct gmq *mq, int err)
{
    if (mq->fd >= 0)
        drop_socket(mq);
    mq->broken = err;
    memcpy(mq->why, mq->text, sizeof(mq->why));
    buf_clear(&mq->out);
}

/* Whether the connection is there, and is not one that the node has closed while nothing was asked of it. */
static bool is_connected(struct gmq *mq)
{
    if (mq->fd < 0)
        return false;
    if (mq->sent != mq->done || (buf_len(&mq->in) == 0 && sock_is_idle(mq->fd)))
        return true;
    drop_socket(mq);
    buf_clear(&mq->in);
    return false;
}

int client_connect(struct gmq *mq, uint64_t deadline_ms)
{
    int err, cause;

    if (is_connected(mq))
        return 0;
    if (mq->retry_at_ms >= deadline_ms)
        return client_fail(mq, GMQ_ERR_CONNECT, "connect %s: not tried again yet", mq->addr);
    if (mq->retry_at_ms > clock_mono_ms())
        clock_sleep_until(mq->retry_at_ms);
    uint64_t until_ms = min_u64(deadline_ms, clock_mono_ms() + mq->connect_timeout_ms);
    err = sock_connect(mq->addr, until_ms, &mq->fd, &cause);
    if (err == 0) {
        mq->answered = false;
        return 0;
    }
    back_off(mq);
    (void)client_fail(mq, err, "connect %s: %s", mq->addr,
                      err == GMQ_ERR_ADDRESS ? "the address cannot be read or found" : strerror(cause));
    mq->os_errno = cause;
    return err;
}

int gmq_connect(struct gmq *mq)
{
    client_release(mq);
    if (mq->expect_count > 0)
        return client_fail(mq, GMQ_ERR_STATE, "replies are still to be read");
    return client_connect(mq, clock_mono_ms() + mq->timeout_ms);
}
