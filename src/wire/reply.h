/*
 * reply.h - replies as bytes: TCP frames and the original's HTTP JSON
 *
 * A TCP reply is u16 BE type, u32 BE length, data. The JSON is Go's encoding/json to the byte: key order, no
 * blanks, its escaping (wire/json.h). Every function appends a whole reply to `out`, or answers false and leaves
 * `out` as it was when `out` may not grow that far.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_REPLY_H
#define GMQ_WIRE_REPLY_H

#include "base/buf.h"

enum reply_type {
    REPLY_MESSAGE = 101, /* JSON of a message, or an array of them */
    REPLY_ERROR = 102,   /* text */
    REPLY_RESULT = 103,  /* text */
    REPLY_JSON = 107,    /* what an operation answers, see report_json.h */
    REPLY_BINARY = 106,  /* messages as bytes, each: u64 BE id, u16 BE retry count, u16 BE topic, u32 BE length, body */
};

enum { REPLY_HEADER_BYTES = 6, REPLY_BINARY_HEADER_BYTES = 16 };

/* A message as it is shown to a client. */
struct reply_message {
    uint64_t id;
    unsigned retry_count;
    unsigned topic; /* which of the topics of a wpop it is of, from 0; only a REPLY_BINARY shows it */
    struct slice body;
    struct slice headers, key; /* pushed with it; these and deadline_ms are shown by /api/v1 and `call` alone */
    uint64_t deadline_ms;      /* when its time to run is over; 0 = it needs no ack */
};

/* A topic's figures; `start_time` is "2006-01-02 15:04:05", local time. */
struct reply_stat {
    struct slice name;
    uint64_t pop_num, push_num, queue_num, delay_num, wait_ack_num, dead_num;
    char start_time[20];
    bool is_auto_ack;
};

/* ---- TCP ------------------------------------------------------------------------------------------------------ */
NODISCARD bool reply_tcp_text(struct buf *out, enum reply_type type, struct slice text);
NODISCARD bool reply_tcp_id(struct buf *out, uint64_t id);
NODISCARD bool reply_tcp_ids(struct buf *out, const uint64_t *ids, size_t count); /* JSON array of strings */
NODISCARD bool reply_tcp_message(struct buf *out, const struct reply_message *msg, bool binary);
NODISCARD bool reply_tcp_messages(struct buf *out, const struct reply_message *msgs, size_t count, bool binary);

/* ---- HTTP bodies: {"code":0,"data":...,"msg":"success"} ---------------------------------------------------------- */
NODISCARD bool reply_http_ok(struct buf *out, const char *msg);             /* data null; msg NULL = "success" */
NODISCARD bool reply_http_error(struct buf *out, struct slice text);        /* code 1, data null */
NODISCARD bool reply_http_id(struct buf *out, uint64_t id);                 /* data {"msgId":"..."} */
NODISCARD bool reply_http_ids(struct buf *out, const uint64_t *ids, size_t count); /* data {"msgIds":["..."]} */
NODISCARD bool reply_http_message(struct buf *out, const struct reply_message *msg);
NODISCARD bool reply_http_messages(struct buf *out, const struct reply_message *msgs, size_t count); /* data [..] */
NODISCARD bool reply_http_stat(struct buf *out, const struct reply_stat *stat);
NODISCARD bool reply_http_stats(struct buf *out, const struct reply_stat *stats, size_t count);

/* The text of `err` completed: ID_UNKNOWN by `id`, the limits by `number`, PARAMS, JSON, READ_ONLY by `word`. */
NODISCARD bool reply_error_text(struct buf *out, int err, uint64_t number, const char *word);

#endif
