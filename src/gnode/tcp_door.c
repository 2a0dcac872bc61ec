/* tcp_door.c - the gmq protocol on TCP: frames to commands, answers to frames. SPDX-License-Identifier: MIT */
#include "gnode/doors.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "gnode/answer_json.h"
#include "gnode/gather.h"

#include <errno.h>
#include <stdlib.h>

enum {
    OUT_PAUSE_BYTES = 1 << 20,        /* of one connection */
    OUT_SMALL_BYTES = 64 << 10,
    JSON_GROWTH = 6,                  /* a byte becomes \u00XX at most */
    ERROR_TEXT_BYTES = 4096,
    FORM_CALL = 4,                    /* session.form: REPLY_JSON; below it the enum op_encoding */
};

struct tcp_client {
    struct tcp_conn conn;
    struct session session;
    struct op_call *call;     /* read, but not executed yet */
    struct slice topics;      /* of the last pop by `call`, owned */
};

static struct tcp_client *client_of(const struct tcp_conn *conn)
{
    return CONTAINER_OF(conn, struct tcp_client, conn);
}

static struct tcp_door *door_of(const struct tcp_conn *conn)
{
    return CONTAINER_OF(conn->server, struct tcp_door, server);
}

/* ---- answers to frames ------------------------------------------------------------------------------------------- */

static bool write_error(struct buf *out, const struct answer *answer)
{
    struct buf text;

    buf_init(&text, ERROR_TEXT_BYTES);
    bool ok = answer_text(&text, answer) &&
              reply_tcp_text(out, REPLY_ERROR, buf_slice(&text));
    buf_free(&text);
    return ok;
}

static bool write_ids(struct buf *out, const struct answer *answer)
{
    uint64_t *ids = answer_ids(answer);
    bool ok = reply_tcp_ids(out, ids, answer->count);
    free(ids);
    return ok;
}

/* The answer to a call; the head is filled in when its length is known. */
static bool write_call(struct buf *out, const struct tcp_client *client, const struct answer *answer,
                       enum op_encoding encoding)
{
    static const char head[REPLY_HEADER_BYTES] = {0, REPLY_JSON};
    size_t len = buf_len(out);

    if (!buf_append(out, head, sizeof(head)))
        return false;
    if (!answer_json(out, answer, client->topics, encoding) || buf_len(out) - len - sizeof(head) > UINT32_MAX) {
        buf_cut(out, len);
        return false;
    }
    put_be32(buf_data(out) + len + 2, (uint32_t)(buf_len(out) - len - sizeof(head)));
    return true;
}

static bool write_answer(struct buf *out, const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_ERROR:
        return write_error(out, answer);
    case ANSWER_ID:
        return reply_tcp_id(out, answer->id);
    case ANSWER_IDS:
        return write_ids(out, answer);
    case ANSWER_MISSING:
        return reply_tcp_ids(out, answer->ids, answer->count);
    case ANSWER_MESSAGE:
        return reply_tcp_message(out, &answer->messages[0], answer->binary);
    case ANSWER_MESSAGES:
        return reply_tcp_messages(out, answer->messages, answer->count, answer->binary);
    case ANSWER_REPORT:
        return write_error(out, answer);
    default:
        return reply_tcp_text(out, REPLY_RESULT, slice_str("ok"));
    }
}

static bool write_any(struct buf *out, const struct tcp_client *client, const struct answer *answer)
{
    unsigned form = session_form(&client->session);

    if (LIKELY(!(form & FORM_CALL)) || answer_is_error(answer))
        return write_answer(out, answer);
    return write_call(out, client, answer, (enum op_encoding)(form & (FORM_CALL - 1)));
}

/* A client that does not read keeps what it is owed as refs, not as bytes. */
static bool has_room(struct tcp_client *client, const struct answer *answer)
{
    struct tcp_door *door = door_of(&client->conn);

    if (tcp_unsent(&client->conn) >= OUT_PAUSE_BYTES)
        return false;
    if (door->server.out_bytes < door->base.out_bytes_max || answer_bytes(answer) <= OUT_SMALL_BYTES)
        return true;
    door->out_blocked = true;
    return false;
}

static bool client_answer(struct session *session, const struct answer *answer)
{
    struct tcp_client *client = CONTAINER_OF(session, struct tcp_client, session);

    if (!has_room(client, answer))
        return false;
    if (!write_any(&client->conn.out, client, answer))
        tcp_end(&client->conn);
    if (answer->kind == ANSWER_ERROR && answer->last)
        tcp_end(&client->conn);
    tcp_touch(&client->conn);
    return true;
}

static void client_resume(struct session *session)
{
    tcp_retry(&CONTAINER_OF(session, struct tcp_client, session)->conn);
}

static bool client_is_there(const struct session *session)
{
    return !tcp_hung_up(&CONTAINER_OF((uintptr_t)session, const struct tcp_client, session)->conn);
}

static void client_go_on(struct session *session)
{
    tcp_retry_soon(&CONTAINER_OF(session, struct tcp_client, session)->conn);
}

static size_t client_peer(const struct session *session, char *to, size_t bytes)
{
    return tcp_peer_host(&CONTAINER_OF((uintptr_t)session, const struct tcp_client, session)->conn, to, bytes);
}

static const struct session_ops SESSION_OPS = {
    .answer = client_answer,
    .resume = client_resume,
    .is_there = client_is_there,
    .peer = client_peer,
    .go_on = client_go_on,
};

/* ---- frames to commands ------------------------------------------------------------------------------------------ */

/* The list of a pop stands in its answer. False: answers that need another list are still to be written. */
static bool keep_topics(struct tcp_client *client, struct slice topics)
{
    if (slice_equal(topics, client->topics))
        return true;
    if (client->session.parked_count > 0) {
        session_stall(&client->session);
        return false;
    }
    char *copy = mem_new(topics.len + 1);

    memcpy(copy, topics.ptr, topics.len);
    free((void *)(uintptr_t)client->topics.ptr);
    client->topics = slice_of(copy, topics.len);
    return true;
}

/* Reads a call, or says why not. */
static struct op_call *read_call(struct tcp_client *client, const struct frame *frame)
{
    const struct op_limits limits = {.count_max = door_of(&client->conn)->base.limits.batch_count_max};
    const struct op *op = op_find(frame->name);
    struct op_error error = {.number = 0};
    struct op_call *call = NULL;

    if (!op) {
        broker_refuse(&client->session, GMQ_E_OPERATION_UNKNOWN, 0, NULL, false);
        return NULL;
    }
    int rc = op_parse(op, &limits, frame->json, &call, &error);
    if (rc == GMQ_E_BATCH_LIMIT)
        broker_refuse(&client->session, rc, error.number, NULL, false);
    else if (rc < 0)
        session_refuse(&client->session, rc == -ENOMEM ? GMQ_E_MEMORY_LIMIT : rc, slice_str(error.text));
    return call;
}

static void end_call(struct tcp_client *client)
{
    op_call_free(client->call);
    client->call = NULL;
}

/* As take_frame(). A call that must wait is kept as it was read. */
static bool take_call(struct tcp_client *client, const struct frame *frame, uint64_t now_ms)
{
    if (!client->call)
        client->call = read_call(client, frame);
    if (!client->call)
        return true;
    if (client->call->op->kind == CMD_WPOP && !keep_topics(client, client->call->cmd.topic))
        return false;
    int rc = client->call->client.len > 0 ? session_name(&client->session, client->call->client) : 0;
    if (rc < 0) {
        broker_refuse(&client->session, rc, 0, NULL, false);
        end_call(client);
        return true;
    }
    client->session.form = (uint8_t)(FORM_CALL | client->call->encoding);
    if (broker_execute(client->session.broker, &client->session, &client->call->cmd, now_ms) < 0)
        return false;
    end_call(client);
    return true;
}

/* Executes or refuses one request. False: no more of this connection's input is to be taken now. */
static bool take_frame(struct tcp_client *client, const struct frame *frame, uint64_t now_ms)
{
    struct broker *broker = client->session.broker;

    client->session.form = 0;
    if (UNLIKELY(frame->is_call))
        return take_call(client, frame, now_ms);
    if (frame->err)
        broker_refuse(&client->session, frame->err, frame->err_number, frame->err_word, frame->close);
    else if (!frame->close)
        return broker_execute(broker, &client->session, &frame->cmd, now_ms) == 0;
    if (frame->close)
        client->conn.ending = true;
    return true;
}

static size_t client_input(struct tcp_conn *conn, struct slice bytes, bool eof)
{
    struct tcp_client *client = client_of(conn);
    struct tcp_door *door = door_of(conn);
    uint64_t now_ms = door->base.now_ms(door->base.ctx);
    size_t taken = 0;

    door->server.tight = broker_memory_state(door->base.broker) == MEMORY_TIGHT;

    while (taken < bytes.len && session_ready(&client->session) && tcp_unsent(conn) < OUT_PAUSE_BYTES) {
        struct slice rest = slice_of(bytes.ptr + taken, bytes.len - taken);
        struct frame frame;
        size_t n = frame_parse(&door->base.limits, rest, eof, &frame);
        if (n == 0) {
            conn->need = frame.need;
            break;
        }
        if (!take_frame(client, &frame, now_ms))
            break;
        taken += n;
        if (conn->ending) {
            tcp_touch(conn);
            return bytes.len;
        }
    }
    return taken;
}

static bool client_ready(const struct tcp_conn *conn) { return session_ready(&client_of(conn)->session); }

static bool client_waiting(const struct tcp_conn *conn) { return client_of(conn)->session.waiter != NULL; }

static void client_half_closed(struct tcp_conn *conn) { session_half_close(&client_of(conn)->session); }

static bool client_answered(const struct tcp_conn *conn)
{
    const struct session *session = &client_of(conn)->session;

    return session->parked_count == 0 && list_empty(&session->in_stalled) && !session->waiter;
}

static void client_opened(struct tcp_conn *conn)
{
    struct broker *broker = door_of(conn)->base.broker;

    session_init(&client_of(conn)->session, broker, &SESSION_OPS);
    door_of(conn)->server.tight = broker_memory_state(broker) == MEMORY_TIGHT;
    if (door_of(conn)->server.tight)
        broker_refuse(&client_of(conn)->session, GMQ_E_MEMORY_LIMIT, 0, NULL, true);
}

static void client_drained(struct tcp_conn *conn) { session_pump(&client_of(conn)->session); }

/* When all connections together have drained, or are gone, those whose big answers waited for it go on. */
static bool unblock(struct tcp_door *door)
{
    if (!door->out_blocked || door->server.out_bytes >= door->base.out_bytes_max)
        return false;
    door->out_blocked = false;
    LIST_EACH(&door->server.conns, node, next)
        session_pump(&client_of(CONTAINER_OF(node, struct tcp_conn, in_conns))->session);
    return true;
}

bool tcp_door_flush(struct tcp_door *door)
{
    bool went_on = unblock(door);

    return tcp_flush(&door->server) || went_on;
}

static void client_closed(struct tcp_conn *conn)
{
    struct tcp_client *client = client_of(conn);

    session_fini(&client->session);
    op_call_free(client->call);
    free((void *)(uintptr_t)client->topics.ptr);
}

static const struct tcp_ops TCP_OPS = {
    .opened = client_opened,
    .input = client_input,
    .ready = client_ready,
    .waiting = client_waiting,
    .half_closed = client_half_closed,
    .answered = client_answered,
    .drained = client_drained,
    .closed = client_closed,
};

int tcp_door_open(struct tcp_door *door, uv_loop_t *loop, const struct door *base, int listen_fd)
{
    size_t message = base->limits.body_bytes_max;
    size_t batch = (size_t)base->limits.batch_count_max * CMD_ITEM_HEADER_BYTES;
    struct tcp_options options = {
        .listen_fd = listen_fd,
        .connections_max = (unsigned)base->settings->max_connections,
        .conn_bytes = sizeof(struct tcp_client),
        .in_bytes_max = base->limits.line_bytes_max +
                        max_u64(message + batch + CMD_ITEM_HEADER_BYTES, frame_call_bytes_max(&base->limits) + 4),
        .out_bytes_max = 2 * OUT_PAUSE_BYTES + JSON_GROWTH * (message + GATHER_BYTES_MAX) +
                         (size_t)base->limits.batch_count_max * 128,
        .out_pause_bytes = OUT_PAUSE_BYTES,
        .in_budget_bytes = base->settings->input_memory_bytes,
        .ops = &TCP_OPS,
    };

    *door = (struct tcp_door){.base = *base};
    return tcp_open(&door->server, loop, &options);
}
