/* request.c - see request.h. SPDX-License-Identifier: MIT */
#include "wire/request.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/num.h"
#include "wire/topic_name.h"

#include <errno.h>

/* A word, blanks and numbers: all of a line but the topic. */
enum { LINE_BYTES_MAX = 64, MORE_BYTES_MAX = 40 };

static char *put(char *to, struct slice text)
{
    memcpy(to, text.ptr, text.len);
    return to + text.len;
}

static char *put_str(char *to, const char *text) { return put(to, slice_str(text)); }

static char *put_number(char *to, int64_t number)
{
    uint64_t value = (uint64_t)number;

    if (number < 0) {
        *to++ = '-';
        value = 0 - value;
    }
    return to + num_write_u64(to, value);
}

/* Checks the topic and makes room for the line and `more` bytes after it; NULL with `*ret_err` on failure. */
static char *begin(struct buf *out, struct slice topic, size_t more, int *ret_err)
{
    char *to = NULL;

    *ret_err = topic_name_check(topic);
    if (*ret_err == 0 && !(to = buf_reserve(out, LINE_BYTES_MAX + topic.len + more)))
        *ret_err = -ENOMEM;
    return to;
}

static int end(struct buf *out, const char *to)
{
    buf_commit(out, (size_t)(to - buf_data(out)) - buf_len(out));
    return 0;
}

int request_pub(struct buf *out, struct slice topic, int64_t delay_s, struct slice body)
{
    int err;

    if (body.len > UINT32_MAX)
        return GMQ_E_BODY_LIMIT;
    char *to = begin(out, topic, 4 + body.len, &err);
    if (!to)
        return err;
    to = put(put_str(to, "pub "), topic);
    *to++ = ' ';
    to = put_number(to, delay_s);
    *to++ = '\n';
    put_be32(to, (uint32_t)body.len);
    to += 4;
    if (body.len > 0)
        to = put(to, body);
    return end(out, to);
}

int request_mpub(struct buf *out, struct slice topic, const struct cmd_item *items, size_t count, bool ids)
{
    size_t more = 0;
    int err;

    if (count == 0)
        return GMQ_E_BATCH_COUNT;
    if (count > UINT32_MAX)
        return GMQ_E_BATCH_LIMIT;
    for (size_t i = 0; i < count; i++) {
        if (items[i].body.len > UINT32_MAX)
            return GMQ_E_BODY_LIMIT;
        more += CMD_ITEM_HEADER_BYTES + items[i].body.len;
    }
    char *to = begin(out, topic, more, &err);
    if (!to)
        return err;
    to = put(put_str(to, "mpub "), topic);
    *to++ = ' ';
    to = put_number(to, (int64_t)count);
    to = put_str(to, ids ? " ids\n" : "\n");
    for (size_t i = 0; i < count; i++) {
        put_be32(to, items[i].delay_s);
        put_be32(to + 4, (uint32_t)items[i].body.len);
        to += CMD_ITEM_HEADER_BYTES;
        if (items[i].body.len > 0)
            to = put(to, items[i].body);
    }
    return end(out, to);
}

int request_pop(struct buf *out, struct slice topic, bool binary)
{
    int err;
    char *to = begin(out, topic, 0, &err);

    if (!to)
        return err;
    return end(out, put_str(put(put_str(to, "pop "), topic), binary ? " bin\n" : "\n"));
}

int request_ack(struct buf *out, uint64_t id, struct slice topic)
{
    int err;
    char *to = begin(out, topic, 0, &err);

    if (!to)
        return err;
    to = put_str(to, "ack ");
    to += num_write_u64(to, id);
    *to++ = ' ';
    to = put(to, topic);
    *to++ = '\n';
    return end(out, to);
}

int request_dead(struct buf *out, struct slice topic, int64_t number, bool binary)
{
    int err;
    char *to = begin(out, topic, 0, &err);

    if (!to)
        return err;
    to = put(put_str(to, "dead "), topic);
    *to++ = ' ';
    return end(out, put_str(put_number(to, number), binary ? " bin\n" : "\n"));
}

int request_wpop(struct buf *out, const struct slice *topics, size_t topic_count, uint32_t wait_ms, uint32_t count)
{
    size_t more = 0;
    int err;

    if (topic_count == 0 || topic_count > CMD_TOPICS_MAX)
        return GMQ_E_TOPIC_LIST;
    for (size_t i = 1; i < topic_count; i++) {
        err = topic_name_check(topics[i]);
        if (err)
            return err;
        more += 1 + topics[i].len;
    }
    char *to = begin(out, topics[0], more, &err);
    if (!to)
        return err;
    to = put(put_str(to, "wpop "), topics[0]);
    for (size_t i = 1; i < topic_count; i++)
        to = put(put_str(to, "/"), topics[i]);
    *to++ = ' ';
    to = put_number(to, wait_ms);
    *to++ = ' ';
    return end(out, put_str(put_number(to, count), "\n"));
}

/* "NAME TOPIC COUNT", `more` behind a blank when there is some, and the ids. */
static int request_ids(struct buf *out, const char *name, struct slice topic, const uint64_t *ids, size_t count,
                       const char *more)
{
    int err;

    if (count == 0)
        return GMQ_E_BATCH_COUNT;
    if (count > UINT32_MAX)
        return GMQ_E_BATCH_LIMIT;
    char *to = begin(out, topic, count * CMD_ID_BYTES, &err);
    if (!to)
        return err;
    to = put(put_str(put_str(to, name), " "), topic);
    *to++ = ' ';
    to = put_str(put_str(put_number(to, (int64_t)count), more), "\n");
    for (size_t i = 0; i < count; i++, to += CMD_ID_BYTES)
        put_be64(to, ids[i]);
    return end(out, to);
}

int request_mack(struct buf *out, struct slice topic, const uint64_t *ids, size_t count)
{
    return request_ids(out, "mack", topic, ids, count, "");
}

int request_nack(struct buf *out, struct slice topic, const uint64_t *ids, size_t count, int64_t delay_ms,
                 bool no_retry)
{
    char more[MORE_BYTES_MAX] = " ";

    char *to = put_str(put_number(more + 1, delay_ms < 0 ? -1 : delay_ms), no_retry ? " noretry" : "");
    *to = '\0';
    return request_ids(out, "nack", topic, ids, count, more);
}

int request_touch(struct buf *out, struct slice topic, const uint64_t *ids, size_t count, uint32_t ttr_ms)
{
    char more[MORE_BYTES_MAX] = " ";

    *put_number(more + 1, ttr_ms) = '\0';
    return request_ids(out, "touch", topic, ids, count, more);
}

int request_call(struct buf *out, struct slice name, struct slice json)
{
    if (name.len == 0 || memchr(name.ptr, ' ', name.len) || memchr(name.ptr, '\n', name.len) ||
        memchr(name.ptr, '\r', name.len))
        return GMQ_E_PARAMS;
    if (json.len > UINT32_MAX)
        return GMQ_E_BODY_LIMIT;
    char *to = buf_reserve(out, LINE_BYTES_MAX + name.len + json.len);
    if (!to)
        return -ENOMEM;
    to = put(put_str(to, "call "), name);
    *to++ = '\n';
    put_be32(to, (uint32_t)json.len);
    to += 4;
    if (json.len > 0)
        to = put(to, json);
    return end(out, to);
}

int request_set(struct buf *out, struct slice topic, bool auto_ack)
{
    int err;
    char *to = begin(out, topic, 0, &err);

    if (!to)
        return err;
    return end(out, put_str(put(put_str(to, "set "), topic), auto_ack ? " 1\n" : " 0\n"));
}
