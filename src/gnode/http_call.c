/* http_call.c - the life of a call, see http_call.h. SPDX-License-Identifier: MIT */
#include "gnode/http_call.h"

#include "base/mem.h"
#include "gnode/answer_json.h"

#include <stdlib.h>

enum { REPLY_BYTES_MAX = 1 << 30, OUT_SMALL_BYTES = 64 << 10 };

/* The reply is handed over at the end of the turn: the session may still be in use by its caller. */
static bool call_answer(struct session *session, const struct answer *answer)
{
    struct call *call = CONTAINER_OF(session, struct call, session);
    struct http_door *door = call->door;

    if (door->out_bytes >= door->base.out_bytes_max && answer_bytes(answer) > OUT_SMALL_BYTES) {
        door->out_blocked = true;
        return false;
    }

    ENSURE(list_empty(&call->in_answered));
    call->failed = !call->write(call, answer);
    door->out_bytes += call->reply.size;
    list_add_tail(&door->answered, &call->in_answered);
    return true;
}

void call_execute(struct call *call, const struct cmd *cmd)
{
    struct door *base = &call->door->base;

    call->executed = cmd;
    if (broker_execute(base->broker, &call->session, cmd, base->now_ms(base->ctx)) < 0)
        ENSURE(!list_empty(&call->session.in_stalled));
    if (call->session.waiter && http_watch(call->req) < 0)
        session_half_close(&call->session); /* who cannot be watched does not wait */
}

static void call_resume(struct session *session)
{
    struct call *call = CONTAINER_OF(session, struct call, session);

    call_execute(call, call->executed);
}

static bool call_is_there(const struct session *session)
{
    return !http_hung_up(CONTAINER_OF((uintptr_t)session, const struct call, session)->req);
}

static size_t call_peer(const struct session *session, char *to, size_t bytes)
{
    return http_peer_host(CONTAINER_OF((uintptr_t)session, const struct call, session)->req, to, bytes);
}

static const struct session_ops SESSION_OPS = {
    .answer = call_answer,
    .resume = call_resume,
    .is_there = call_is_there,
    .peer = call_peer,
};

static void call_free(struct call *call)
{
    call->door->out_bytes -= call->reply.size;
    session_fini(&call->session);
    list_remove(&call->in_calls);
    list_remove(&call->in_answered);
    op_call_free(call->op);
    buf_free(&call->scratch);
    buf_free(&call->reply);
    free(call);
}

static void client_gone(struct http_request *req) { call_free(req->user); }

struct call *call_new(struct http_door *door, struct http_request *req, call_writer *write, size_t scratch_bytes)
{
    struct call *call = mem_new(sizeof(*call));

    call->door = door;
    call->req = req;
    call->write = write;
    call->status = 200;
    call->type = HTTP_JSON;
    list_init(&call->in_answered);
    list_add_tail(&door->calls, &call->in_calls);
    session_init(&call->session, door->base.broker, &SESSION_OPS);
    buf_init(&call->scratch, scratch_bytes);
    if (scratch_bytes > 0 && !buf_reserve(&call->scratch, scratch_bytes))
        base_fail(__FILE__, __LINE__, "out of memory");
    buf_init(&call->reply, REPLY_BYTES_MAX);
    req->user = call;
    req->on_gone = client_gone;
    return call;
}

/* ---- replies on their way ---------------------------------------------------------------------------------------- */

/* A reply that is under way; it may be in memory until the client has taken it. */
struct sent {
    struct http_door *door;
    size_t bytes;
};

static void reply_gone(struct http_request *req)
{
    struct sent *sent = req->user;

    sent->door->out_bytes -= sent->bytes;
    free(sent);
}

static void send_reply(struct call *call)
{
    struct http_door *door = call->door;
    struct http_request *req = call->req;
    struct buf reply = call->reply;
    unsigned status = call->status;
    const char *type = call->type;
    bool failed = call->failed;

    buf_init(&call->reply, REPLY_BYTES_MAX); /* nothing of it is counted any more */
    req->on_gone = NULL;
    door->out_bytes -= reply.size;
    call_free(call);
    if (!failed) {
        struct sent *sent = mem_new(sizeof(*sent));
        *sent = (struct sent){.door = door, .bytes = reply.size};
        door->out_bytes += sent->bytes;
        req->user = sent;
        req->on_gone = reply_gone;
        http_reply_buf(req, status, type, &reply);
    } else {
        http_drop(req);
    }
    buf_free(&reply);
}

/* When others have taken their replies, large ones that waited for it go on. */
static void unblock(struct http_door *door)
{
    if (!door->out_blocked || door->out_bytes >= door->base.out_bytes_max)
        return;
    door->out_blocked = false;
    LIST_EACH(&door->calls, node, next)
        session_pump(&CONTAINER_OF(node, struct call, in_calls)->session);
}

void http_door_flush(struct http_door *door)
{
    struct list *node;

    unblock(door);
    while ((node = list_pop(&door->answered)))
        send_reply(CONTAINER_OF(node, struct call, in_answered));
    if (!door->starved || *door->budget >= door->base.settings->input_memory_bytes)
        return;
    door->starved = false;
    http_server_wake(door->server);
}
