/* call.c - see call.h. SPDX-License-Identifier: MIT */
#include "gclient/call.h"

#include "base/bytes.h"
#include "client/client.h"
#include "client/clock.h"

#include <unistd.h>

enum { REPLY_JSON_TYPE = 107, HEAD_BYTES = 6 };

static int exchange(struct gmq *mq, struct buf *out, struct buf *in)
{
    uint64_t deadline_ms = clock_mono_ms() + mq->timeout_ms, sent = 0;
    int fd, os_errno = 0;
    int err = sock_connect(mq->addr, deadline_ms, &fd, &os_errno);

    if (err != 0)
        return client_fail(mq, err, "%s: no connection", mq->addr);
    while (err == 0 && (buf_len(in) < HEAD_BYTES ||
                        buf_len(in) < HEAD_BYTES + (size_t)get_be32(buf_data(in) + 2)))
        err = sock_pump(fd, out, in, deadline_ms, &sent, &os_errno);
    (void)close(fd);
    return err == 0 ? 0 : client_fail(mq, err, "%s: no answer", mq->addr);
}

int call_node(struct gmq *mq, const char *op, const char *json, struct slice *ret_json)
{
    static struct buf in;
    struct buf out;
    char head[4];

    buf_free(&in);
    buf_init(&in, 64 << 20);
    buf_init(&out, 64 << 20);
    put_be32(head, (uint32_t)strlen(json));
    int err = buf_printf(&out, "call %s\n", op) && buf_append(&out, head, 4) && buf_append_str(&out, json)
                  ? exchange(mq, &out, &in)
                  : GMQ_ERR_MEMORY;
    buf_free(&out);
    if (err != 0)
        return err;
    struct slice data = slice_of(buf_data(&in) + HEAD_BYTES, buf_len(&in) - HEAD_BYTES);
    *ret_json = data;
    if (get_be16(buf_data(&in)) == REPLY_JSON_TYPE)
        return GMQ_OK;
    return client_fail(mq, slice_is(data, "topic is not exist") ? GMQ_ERR_NOT_FOUND : GMQ_ERR_REFUSED, "%.*s",
                       (int)data.len, data.ptr);
}
