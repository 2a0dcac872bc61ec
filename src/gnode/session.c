/* session.c - see session.h. SPDX-License-Identifier: MIT */
#include "gnode/session.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/id.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "gnode/broker.h"
#include "gnode/gather.h"
#include "gnode/wait.h"

#include <stdlib.h>

enum { PARKED_MIN = 16, IDS_MAX = 1 << 20 };

_Static_assert(sizeof(struct parked) == 32, "a parked reply is 32 bytes");

void session_init(struct session *session, struct broker *broker, const struct session_ops *ops)
{
    *session = (struct session){.ops = ops, .broker = broker, .holder = HOLDER_NOT_ASKED};
    list_init(&session->in_parked);
    list_init(&session->in_stalled);
}

static struct gather *gather_of(const struct parked *reply) { return (struct gather *)(uintptr_t)reply->arg; }

static struct session_ids *ids_of(const struct parked *reply) { return (struct session_ids *)(uintptr_t)reply->arg; }

static struct report *report_of(const struct parked *reply) { return (struct report *)(uintptr_t)reply->arg; }

static bool owns(const struct parked *reply) { return UNLIKELY(reply->kind >= ANSWER_MESSAGES); }

/* Bytes of what the reply owns. */
static size_t held_by(const struct parked *reply)
{
    if (reply->kind == ANSWER_MESSAGES)
        return buf_len(&gather_of(reply)->bodies) + gather_of(reply)->count * sizeof(struct gather_item);
    if (reply->kind == ANSWER_REPORT)
        return report_bytes(report_of(reply));
    return ids_of(reply)->count * sizeof(uint64_t);
}

static void drop_owned(struct session *session, const struct parked *reply)
{
    size_t held = held_by(reply);

    session->held -= held;
    session->broker->parked_bytes -= held;
    if (reply->kind == ANSWER_MESSAGES)
        gather_free(gather_of(reply));
    else if (reply->kind == ANSWER_REPORT)
        report_free(report_of(reply));
    else
        free(ids_of(reply));
}

static inline void drop_first(struct session *session)
{
    struct parked *reply = &session->parked[session->parked_first];

    if (owns(reply))
        drop_owned(session, reply);
    session->parked_first = (session->parked_first + 1) % session->parked_size;
    if (--session->parked_count == 0)
        list_remove(&session->in_parked);
}

void session_fini(struct session *session)
{
    while (session->parked_count > 0)
        drop_first(session);
    wait_forget(session);
    holders_leave(session);
    list_remove(&session->in_stalled);
    if (session->broker->gatherer == session) {
        session->broker->gatherer = NULL;
        session->broker->retry = true;
    }
    gather_free(session->gather);
    session_end_work(session);
    session->broker->parked_bytes -= session->parked_size * sizeof(*session->parked);
    free(session->parked);
    session->gather = NULL;
    session->parked = NULL;
}

static void grow(struct session *session)
{
    uint32_t size = session->parked_size ? 2 * session->parked_size : PARKED_MIN;
    struct parked *ring = mem_new(size * sizeof(*ring));

    for (uint32_t i = 0; i < session->parked_count; i++)
        ring[i] = session->parked[(session->parked_first + i) % session->parked_size];
    free(session->parked);
    session->broker->parked_bytes += (size - session->parked_size) * sizeof(*ring);
    session->parked = ring;
    session->parked_size = size;
    session->parked_first = 0;
}

static void park(struct session *session, const struct parked *reply)
{
    if (session->parked_count == session->parked_size)
        grow(session);
    if (owns(reply)) {
        size_t held = held_by(reply);
        session->held += held;
        session->broker->parked_bytes += held;
    }
    struct parked *place = &session->parked[(session->parked_first + session->parked_count++) % session->parked_size];
    *place = *reply;
    place->form = session->form;
    if (session->parked_count == 1)
        list_add_tail(&session->broker->parked, &session->in_parked);
}

static bool is_covered(const struct broker *broker, const struct parked *reply)
{
    switch (reply->wait) {
    case WAIT_WRITTEN:
        return log_written(broker->log) >= reply->lsn;
    case WAIT_PROMISED:
        return broker_promised(broker) >= reply->lsn;
    default:
        return true;
    }
}

uint64_t *answer_ids(const struct answer *answer)
{
    uint64_t *ids = mem_new((answer->count + 1) * sizeof(*ids));
    uint64_t id = answer->id;
    unsigned node = id_node(id);

    for (size_t i = 0; i < answer->count; i++, id = id_next(id, node, 0))
        ids[i] = id;
    return ids;
}

bool answer_error_text(const struct answer *answer, struct buf *out)
{
    return reply_error_text(out, answer->err, answer->number, answer->word);
}

bool answer_refusal_text(const struct report *report, struct buf *out)
{
    const char *text = err_text(report->err), *mark = strstr(text, "%s");

    if (!mark)
        return buf_append_str(out, report->name.len > 0 ? "" : text) &&
               buf_append(out, report->name.ptr, report->name.len);
    return buf_append(out, text, (size_t)(mark - text)) && buf_append(out, report->name.ptr, report->name.len) &&
           buf_append_str(out, mark + 2);
}

static COLD bool say_ids(struct session *session, const struct parked *reply)
{
    struct answer answer = {.kind = ANSWER_IDS, .id = reply->arg, .count = reply->count_or_err};

    ENSURE(reply->count_or_err <= IDS_MAX);
    return session->ops->answer(session, &answer);
}

static COLD bool answer_error(struct session *session, int err, uint64_t number, const char *word, bool last)
{
    return session->ops->answer(session, &(struct answer){.kind = ANSWER_ERROR,
                                                           .err = err,
                                                           .number = number,
                                                           .word = word,
                                                           .last = last});
}

COLD void session_show_attrs(const struct payload_push *push, struct reply_message *message)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(push->tlvs, &attrs))
        return;
    message->headers = attrs.headers;
    message->key = attrs.key;
}

/* The body is read again: it may have left the ring while the client did not take its replies. */
static bool answer_message(struct session *session, const struct parked *reply)
{
    struct record rec;
    struct payload_push push;
    int rc = log_read(session->broker->log, ref_lsn(reply->arg), &rec);

    if (rc == 0)
        return false;
    if (rc < 0 || !payload_get_push(rec.payload, &push))
        return answer_error(session, GMQ_E_UNREADABLE, 0, NULL, false);
    struct reply_message message = session_message(&push, reply->arg, reply->count_or_err, reply->deadline_ms);
    return session->ops->answer(session, &(struct answer){.kind = ANSWER_MESSAGE,
                                                           .binary = reply->binary,
                                                           .count = 1,
                                                           .messages = &message});
}

static COLD bool answer_messages(struct session *session, const struct parked *reply)
{
    struct answer answer = {.kind = ANSWER_MESSAGES, .binary = reply->binary};

    answer.messages = gather_messages(gather_of(reply), &answer.count);
    return session->ops->answer(session, &answer);
}

static COLD bool answer_missing(struct session *session, const struct session_ids *missing, uint64_t done)
{
    return session->ops->answer(session, &(struct answer){.kind = ANSWER_MISSING, .ids = missing->ids,
                                                          .count = missing->count, .number = done});
}

static COLD bool say_report(struct session *session, const struct parked *reply)
{
    return session->ops->answer(session, &(struct answer){.kind = ANSWER_REPORT, .report = report_of(reply)});
}

static bool say(struct session *session, const struct parked *reply)
{
    switch (reply->kind) {
    case ANSWER_ERROR:
        return answer_error(session, (int)reply->count_or_err, reply->arg, reply->word, reply->last);
    case ANSWER_ID:
        return session->ops->answer(session, &(struct answer){.kind = ANSWER_ID, .id = reply->arg});
    case ANSWER_IDS:
        return say_ids(session, reply);
    case ANSWER_MESSAGE:
        return answer_message(session, reply);
    case ANSWER_MESSAGES:
        return answer_messages(session, reply);
    case ANSWER_MISSING:
        return answer_missing(session, ids_of(reply), reply->count_or_err);
    case ANSWER_REPORT:
        return say_report(session, reply);
    default:
        return session->ops->answer(session, &(struct answer){.kind = ANSWER_OK, .number = reply->count_or_err});
    }
}

void session_refuse(struct session *session, int err, struct slice text)
{
    struct report *report = report_new(REPORT_REFUSAL, 0);

    report->err = err;
    report->name = report_keep(report, text);
    session_answer(session, &(struct parked){.kind = ANSWER_REPORT, .arg = (uint64_t)(uintptr_t)report});
}

void session_answer(struct session *session, const struct parked *reply)
{
    park(session, reply);
    if (session->parked_count == 1)
        session_pump(session);
}

/* A promise that can never be kept any more is answered as what it is. */
static bool say_broken(struct session *session)
{
    const char *reason;

    if (log_state(session->broker->log, &reason) != LOG_READ_ONLY)
        return false;
    return answer_error(session, GMQ_E_READ_ONLY, 0, reason, false);
}

void session_pump(struct session *session)
{
    while (session->parked_count > 0) {
        const struct parked *reply = &session->parked[session->parked_first];
        if (is_covered(session->broker, reply) ? !say(session, reply) : !say_broken(session))
            return;
        drop_first(session);
    }
    if (!list_empty(&session->in_stalled))
        session->broker->retry = true;
}

void session_half_close(struct session *session)
{
    session->half_closed = true;
    wait_give_up(session);
}

void session_end_work(struct session *session)
{
    struct session_work *work = session->work;

    session->work = NULL;
    if (work)
        work->free(work);
}

void session_stall(struct session *session)
{
    if (list_empty(&session->in_stalled))
        list_add_tail(&session->broker->stalled, &session->in_stalled);
}
