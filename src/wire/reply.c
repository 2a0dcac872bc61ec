/* reply.c - see reply.h. SPDX-License-Identifier: MIT */
#include "wire/reply.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/num.h"
#include "wire/json.h"

enum {
    MESSAGE_BYTES_MAX = 80, /* a JSON message without its body: keys, marks and two numbers */
    STAT_BYTES_MAX = 320,   /* a JSON stat without its name */
    SMALL_BODY_BYTES = 1024 /* up to this length the worst case of a body is reserved instead of counting first */
};

#define PUT(to, text) (memcpy((to), (text), sizeof(text) - 1), (to) + sizeof(text) - 1)

static char *put_number(char *to, uint64_t number) { return to + num_write_u64(to, number); }

static void put_header(char *to, enum reply_type type, size_t len)
{
    put_be16(to, (uint16_t)type);
    put_be32(to + 2, (uint32_t)len);
}

static char *put_message(char *to, const struct reply_message *msg)
{
    to = put_number(PUT(to, "{\"id\":\""), msg->id);
    to = json_write_string(PUT(to, "\",\"body\":"), msg->body);
    to = put_number(PUT(to, ",\"retry_count\":"), msg->retry_count);
    *to++ = '}';
    return to;
}

static char *put_binary(char *to, const struct reply_message *msg)
{
    put_be64(to, msg->id);
    put_be16(to + 8, (uint16_t)min_u64(msg->retry_count, UINT16_MAX));
    put_be16(to + 10, (uint16_t)msg->topic);
    put_be32(to + 12, (uint32_t)msg->body.len);
    if (msg->body.len > 0)
        memcpy(to + REPLY_BINARY_HEADER_BYTES, msg->body.ptr, msg->body.len);
    return to + REPLY_BINARY_HEADER_BYTES + msg->body.len;
}

/* Undoes a reply that did not fit: `out` held `len` bytes before it. Always false. */
static bool undo(struct buf *out, size_t len)
{
    buf_cut(out, len);
    return false;
}

/* ---- TCP ------------------------------------------------------------------------------------------------------ */
bool reply_tcp_text(struct buf *out, enum reply_type type, struct slice text)
{
    char *to;

    if (text.len > UINT32_MAX || !(to = buf_reserve(out, REPLY_HEADER_BYTES + text.len)))
        return false;
    put_header(to, type, text.len);
    if (text.len > 0)
        memcpy(to + REPLY_HEADER_BYTES, text.ptr, text.len);
    buf_commit(out, REPLY_HEADER_BYTES + text.len);
    return true;
}

bool reply_tcp_id(struct buf *out, uint64_t id)
{
    char *to = buf_reserve(out, REPLY_HEADER_BYTES + NUM_U64_MAX_CHARS);

    if (!to)
        return false;
    size_t len = num_write_u64(to + REPLY_HEADER_BYTES, id);
    put_header(to, REPLY_RESULT, len);
    buf_commit(out, REPLY_HEADER_BYTES + len);
    return true;
}

/* `["1","2"]`; an empty list is `[]`. */
static bool append_ids(struct buf *out, const uint64_t *ids, size_t count)
{
    enum { ID_BYTES_MAX = NUM_U64_MAX_CHARS + 3 };
    char *to;

    if (count > UINT32_MAX / ID_BYTES_MAX - 1 || !(to = buf_reserve(out, count * ID_BYTES_MAX + 2)))
        return false;
    char *from = to;
    *to++ = '[';
    for (size_t i = 0; i < count; i++) {
        to = put_number(i == 0 ? PUT(to, "\"") : PUT(to, ",\""), ids[i]);
        *to++ = '"';
    }
    *to++ = ']';
    buf_commit(out, (size_t)(to - from));
    return true;
}

bool reply_tcp_ids(struct buf *out, const uint64_t *ids, size_t count)
{
    size_t len = buf_len(out);
    char header[REPLY_HEADER_BYTES] = {0};

    if (!buf_append(out, header, sizeof(header)) || !append_ids(out, ids, count))
        return undo(out, len);
    put_header(buf_data(out) + len, REPLY_RESULT, buf_len(out) - len - REPLY_HEADER_BYTES);
    return true;
}

bool reply_tcp_message(struct buf *out, const struct reply_message *msg, bool binary)
{
    size_t head = REPLY_HEADER_BYTES + MESSAGE_BYTES_MAX, len = msg->body.len;
    char *to = NULL;

    if (binary)
        return reply_tcp_messages(out, msg, 1, true);
    if (len <= SMALL_BODY_BYTES)
        to = buf_reserve(out, head + len * JSON_BYTES_PER_BYTE_MAX + JSON_QUOTES_BYTES);
    if (!to) {
        size_t bytes = head + json_string_bytes(msg->body);
        if (bytes > UINT32_MAX || !(to = buf_reserve(out, bytes)))
            return false;
    }
    char *end = put_message(to + REPLY_HEADER_BYTES, msg);
    put_header(to, REPLY_MESSAGE, (size_t)(end - to) - REPLY_HEADER_BYTES);
    buf_commit(out, (size_t)(end - to));
    return true;
}

static bool tcp_binary(struct buf *out, const struct reply_message *msgs, size_t count)
{
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; i < count; i++) {
        if (msgs[i].body.len > UINT32_MAX)
            return false;
        bytes += REPLY_BINARY_HEADER_BYTES + msgs[i].body.len;
    }
    if (bytes > UINT32_MAX || !(to = buf_reserve(out, REPLY_HEADER_BYTES + bytes)))
        return false;
    put_header(to, REPLY_BINARY, bytes);
    to += REPLY_HEADER_BYTES;
    for (size_t i = 0; i < count; i++)
        to = put_binary(to, &msgs[i]);
    buf_commit(out, REPLY_HEADER_BYTES + bytes);
    return true;
}

/* Appends `[{...},{...}]`. */
static bool append_messages(struct buf *out, const struct reply_message *msgs, size_t count)
{
    size_t bytes = 2;
    char *to;

    for (size_t i = 0; i < count; i++)
        bytes += 1 + MESSAGE_BYTES_MAX + json_string_bytes(msgs[i].body);
    if (bytes > UINT32_MAX || !(to = buf_reserve(out, bytes)))
        return false;
    char *from = to;
    *to++ = '[';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *to++ = ',';
        to = put_message(to, &msgs[i]);
    }
    *to++ = ']';
    buf_commit(out, (size_t)(to - from));
    return true;
}

bool reply_tcp_messages(struct buf *out, const struct reply_message *msgs, size_t count, bool binary)
{
    size_t len = buf_len(out);
    char header[REPLY_HEADER_BYTES] = {0};

    if (binary)
        return tcp_binary(out, msgs, count);
    if (!buf_append(out, header, sizeof(header)) || !append_messages(out, msgs, count))
        return undo(out, len);
    put_header(buf_data(out) + len, REPLY_MESSAGE, buf_len(out) - len - REPLY_HEADER_BYTES);
    return true;
}

/* ---- HTTP ----------------------------------------------------------------------------------------------------- */
#define HTTP_OPEN "{\"code\":0,\"data\":"
#define HTTP_CLOSE ",\"msg\":\"success\"}"

static bool open_data(struct buf *out) { return buf_append_str(out, HTTP_OPEN); }
static bool close_data(struct buf *out) { return buf_append_str(out, HTTP_CLOSE); }

/* No data, only a text. */
static bool append_plain(struct buf *out, const char *open, struct slice text)
{
    size_t len = buf_len(out);

    return (buf_append_str(out, open) && json_append_string(out, text) && buf_append_str(out, "}")) ||
           undo(out, len);
}

bool reply_http_ok(struct buf *out, const char *msg)
{
    return append_plain(out, "{\"code\":0,\"data\":null,\"msg\":", slice_str(msg ? msg : "success"));
}

bool reply_http_error(struct buf *out, struct slice text)
{
    return append_plain(out, "{\"code\":1,\"data\":null,\"msg\":", text);
}

bool reply_http_id(struct buf *out, uint64_t id)
{
    char *to = buf_reserve(out, sizeof(HTTP_OPEN "{\"msgId\":\"\"}" HTTP_CLOSE) + NUM_U64_MAX_CHARS);
    char *from = to;

    if (!to)
        return false;
    to = put_number(PUT(to, HTTP_OPEN "{\"msgId\":\""), id);
    to = PUT(to, "\"}" HTTP_CLOSE);
    buf_commit(out, (size_t)(to - from));
    return true;
}

bool reply_http_ids(struct buf *out, const uint64_t *ids, size_t count)
{
    size_t len = buf_len(out);

    return (open_data(out) && buf_append_str(out, "{\"msgIds\":") && append_ids(out, ids, count) &&
            buf_append_str(out, "}") && close_data(out)) ||
           undo(out, len);
}

bool reply_http_message(struct buf *out, const struct reply_message *msg)
{
    size_t bytes = sizeof(HTTP_OPEN HTTP_CLOSE) + MESSAGE_BYTES_MAX + json_string_bytes(msg->body);
    char *to = buf_reserve(out, bytes);
    char *from = to;

    if (!to)
        return false;
    to = put_message(PUT(to, HTTP_OPEN), msg);
    to = PUT(to, HTTP_CLOSE);
    buf_commit(out, (size_t)(to - from));
    return true;
}

bool reply_http_messages(struct buf *out, const struct reply_message *msgs, size_t count)
{
    size_t len = buf_len(out);

    return (open_data(out) && append_messages(out, msgs, count) && close_data(out)) || undo(out, len);
}

static bool append_stat(struct buf *out, const struct reply_stat *stat)
{
    size_t start_bytes = strnlen(stat->start_time, sizeof(stat->start_time));
    char *to = buf_reserve(out, STAT_BYTES_MAX + json_string_bytes(stat->name));
    char *from = to;

    if (!to)
        return false;
    to = json_write_string(PUT(to, "{\"name\":"), stat->name);
    to = put_number(PUT(to, ",\"pop_num\":"), stat->pop_num);
    to = put_number(PUT(to, ",\"push_num\":"), stat->push_num);
    to = put_number(PUT(to, ",\"queue_num\":"), stat->queue_num);
    to = put_number(PUT(to, ",\"delay_num\":"), stat->delay_num);
    to = put_number(PUT(to, ",\"wait_ack_num\":"), stat->wait_ack_num);
    to = put_number(PUT(to, ",\"dead_num\":"), stat->dead_num);
    to = PUT(to, ",\"start_time\":\"");
    memcpy(to, stat->start_time, start_bytes);
    to = PUT(to + start_bytes, "\",\"is_auto_ack\":");
    to = stat->is_auto_ack ? PUT(to, "true}") : PUT(to, "false}");
    buf_commit(out, (size_t)(to - from));
    return true;
}

bool reply_http_stat(struct buf *out, const struct reply_stat *stat)
{
    size_t len = buf_len(out);

    return (open_data(out) && append_stat(out, stat) && close_data(out)) || undo(out, len);
}

bool reply_http_stats(struct buf *out, const struct reply_stat *stats, size_t count)
{
    size_t len = buf_len(out);
    bool good = open_data(out) && buf_append_str(out, "[");

    for (size_t i = 0; good && i < count; i++)
        good = (i == 0 || buf_append_str(out, ",")) && append_stat(out, &stats[i]);
    return (good && buf_append_str(out, "]") && close_data(out)) || undo(out, len);
}

/* ---- error texts ---------------------------------------------------------------------------------------------- */
bool reply_error_text(struct buf *out, int err, uint64_t number, const char *word)
{
    static const char number_mark[] = "%" PRIu64;
    const char *text = err_text(err), *mark = strchr(text, '%');
    size_t len = buf_len(out), mark_bytes = sizeof(number_mark) - 1;
    char digits[NUM_U64_MAX_CHARS];
    struct slice detail = slice_of(digits, num_write_u64(digits, number));

    if (!mark)
        return buf_append_str(out, text);
    if (strncmp(mark, number_mark, mark_bytes) != 0) {
        mark_bytes = sizeof("%s") - 1;
        detail = slice_str(word ? word : "");
    }
    return (buf_append(out, text, (size_t)(mark - text)) && buf_append(out, detail.ptr, detail.len) &&
            buf_append_str(out, mark + mark_bytes)) ||
           undo(out, len);
}
