/*
 * session.h - one stream of commands and its replies, in order
 *
 * What   A TCP connection, or one HTTP request. The broker answers every command of a session exactly once, in the
 *        order of the commands; a reply whose promise is not kept yet is parked here as 32 bytes: what to say, and
 *        which LSN must be covered first. A parked message is a ref, its body is read again when it may leave.
 * Owns   The door owns the session and embeds it; between session_init and session_fini it must not move.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_SESSION_H
#define GMQ_GNODE_SESSION_H

#include "base/list.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "gnode/holders.h"
#include "wire/reply.h"
#include "wire/report.h"

struct broker;
struct gather;
struct session;
struct waiter;

/* A session does not take commands while it has this many replies parked, or so many bytes in parked copies. */
enum { SESSION_PARKED_MAX = 4096, SESSION_HELD_MAX = 1 << 20 };

enum answer_kind {
    ANSWER_OK,       /* done; of a mack `number` are */
    ANSWER_ERROR,    /* err, with number and word for its text; ends the session's work when `last` */
    ANSWER_ID,       /* id */
    ANSWER_IDS,      /* count ids, each the id_next() of the one before, from id */
    ANSWER_MESSAGE,  /* messages[0] */
    ANSWER_STATS,    /* stats[0..count) */
    ANSWER_MESSAGES, /* messages[0..count); from here on a parked one owns what it says */
    ANSWER_MISSING,  /* ids[0..count): of a mack, those that were not in flight; the others, `number`, are acked */
    ANSWER_REPORT,   /* report: of the operations */
};

/* What a door writes; pointers are good during the call. */
struct answer {
    enum answer_kind kind;
    bool binary; /* MESSAGE, MESSAGES: asked for as bytes */
    bool last;   /* ERROR: close after it */
    int err;
    uint64_t number;
    const char *word;
    uint64_t id;
    size_t count;
    const uint64_t *ids;
    const struct reply_message *messages;
    const struct reply_stat *stats;
    const struct report *report;
};

struct session_ops {
    /* Writes the answer to the session's output. False = no room now: it is offered again by session_pump(). */
    bool (*answer)(struct session *session, const struct answer *answer);
    /* The command that was told to wait may be tried again now; called by broker_turn(). */
    void (*resume)(struct session *session);
    /* False: it is known that the client is gone. Asked before a waiting pop is served; NULL = it is there. */
    bool (*is_there)(const struct session *session);
    /* Writes the address of the client's host, without its port, at most `bytes`; returns its length. NULL = none. */
    size_t (*peer)(const struct session *session, char *to, size_t bytes);
    /* A waiting pop is answered: the session takes commands again, after this call. NULL = nobody cares. */
    void (*go_on)(struct session *session);
};

enum parked_wait { WAIT_NOTHING, WAIT_WRITTEN, WAIT_PROMISED };

struct parked {
    uint64_t lsn; /* must be covered before the reply may leave */
    uint64_t arg; /* id, first id, ref, number of an error, or an owned struct gather, session_ids or report */
    union {
        const char *word;
        uint64_t deadline_ms; /* MESSAGE */
    };
    uint32_t count_or_err; /* MESSAGE: index of the topic; OK, MISSING: of a mack, how many are acked */
    uint8_t kind; /* enum answer_kind */
    uint8_t wait; /* enum parked_wait */
    bool binary : 1, last : 1;
    uint8_t form; /* the session's when it was answered */
};

/* What an ANSWER_MISSING says; malloc'ed. */
struct session_ids {
    size_t count;
    uint64_t ids[];
};

/* What a command that is executed again and again has so far: the beginning of what its file keeps. */
struct session_work {
    void (*free)(struct session_work *work);
};

struct session {
    const struct session_ops *ops;
    struct broker *broker;
    struct parked *parked; /* ring */
    uint32_t parked_first, parked_count, parked_size;
    struct list in_parked;  /* broker->parked while something is parked */
    struct list in_stalled; /* broker->stalled while a command waits to be tried again */
    struct gather *gather;  /* a `dead` that is collecting bodies */
    struct session_work *work; /* of the stalled command, owned; most have none */
    struct waiter *waiter;  /* a wpop that waits, see wait.h */
    size_t held;            /* bytes of parked copies */
    uint8_t form;           /* how the command that is being executed wants its answer written: the door's own words */
    bool half_closed;       /* the client sends no more: a wpop does not wait */
    uint8_t name_len;       /* of the client's name, 0 = it has none; see holders.h */
    uint32_t holder;        /* its number, HOLDER_NOT_ASKED before it has popped */
    uint32_t seat;          /* that tells it apart from earlier clients of that number */
    char name[CMD_NAME_BYTES_MAX];
};

void session_init(struct session *session, struct broker *broker, const struct session_ops *ops);
void session_fini(struct session *session);

/* What the attributes of a record say is added to its message. */
void session_show_attrs(const struct payload_push *push, struct reply_message *message);

/* The message of a record as it is shown: good as long as the record. */
static inline struct reply_message session_message(const struct payload_push *push, uint64_t ref, unsigned topic,
                                                   uint64_t deadline_ms)
{
    struct reply_message message = {.id = push->id, .retry_count = ref_retries(ref), .topic = topic,
                                    .body = push->body, .deadline_ms = deadline_ms};

    if (UNLIKELY(push->tlvs.len > 0))
        session_show_attrs(push, &message);
    return message;
}

/* For the doors: the ids of an ANSWER_IDS, malloc'ed, the caller frees; and the completed text of an ANSWER_ERROR. */
uint64_t *answer_ids(const struct answer *answer);
NODISCARD bool answer_error_text(const struct answer *answer, struct buf *out);

/* The same of a REPORT_REFUSAL: its own text, or that of the error. */
NODISCARD bool answer_refusal_text(const struct report *report, struct buf *out);

/* May the session take another command? */
static inline bool session_ready(const struct session *session)
{
    return session->parked_count < SESSION_PARKED_MAX && list_empty(&session->in_stalled) && !session->waiter &&
           session->held < SESSION_HELD_MAX;
}

/* The client sends no more, and may be gone: a pop that waits for a message ends. */
void session_half_close(struct session *session);

/* The form that the answer which is being written was asked for. For the doors, in session_ops.answer(). */
static inline unsigned session_form(const struct session *session)
{
    return session->parked_count > 0 ? session->parked[session->parked_first].form : session->form;
}

/* Answers in order: at once when nothing is parked before it and its promise is kept, else it is parked. */
void session_answer(struct session *session, const struct parked *reply);

/* Refuses the command with a text that is copied, as the error's text completed or in place of it. */
void session_refuse(struct session *session, int err, struct slice text);

/* Lets go what may leave now. Called by broker_turn(), and by the door when its output has drained. */
void session_pump(struct session *session);

/* Frees session->work, if there is any. */
void session_end_work(struct session *session);

/* Puts the session on the list of those whose command is tried again after the next change. */
void session_stall(struct session *session);

#endif
