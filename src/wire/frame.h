/*
 * frame.h - one request of the TCP protocol, from its bytes
 *
 * A request is a line of words split at single spaces, ended by \n or \r\n, and for some of them what follows it:
 *
 *   pub TOPIC DELAY\n          u32 BE length, body
 *   mpub TOPIC COUNT [ids]\n   COUNT x { u32 BE delay in seconds, u32 BE length, body }
 *   pop TOPIC [bin]\n          dead TOPIC NUMBER [bin]\n
 *   ack ID TOPIC\n             set TOPIC NUMBER\n
 *   wpop TOPIC[/TOPIC]... WAIT_MS COUNT\n
 *   mack TOPIC COUNT\n         COUNT x u64 BE id
 *   nack TOPIC COUNT DELAY_MS [noretry]\n   touch TOPIC COUNT TTR_MS\n   both as mack
 *   call NAME\n                u32 BE length, JSON: an operation of op.h
 *
 * wpop, mack, nack, touch, call and the optional words in brackets are gmq's own; clients of the original never send
 * them.
 * docs/protocol-tcp.md is the manual.
 *
 * What is refused, and how (err, close):
 *
 *   fewer than two words, or the end of the input within a line      0, closed without an answer
 *   an unknown command                                               COMMAND_UNKNOWN, stays open
 *   a wrong number of words (two spaces make an empty word)          PARAMS, closed
 *   a COUNT that is 0, negative or no number                         BATCH_COUNT, closed
 *   a line, COUNT, body or batch above its limit                     LINE_, BATCH_, BODY_LIMIT, closed, rest unread
 *   pub with a DELAY above its limit                                 DELAY, closed, body unread
 *   pub with a negative DELAY; mpub with a delay above the limit     DELAY_NEGATIVE, DELAY, stays open, all consumed
 *   the JSON of a call above frame_call_bytes_max()                  BODY_LIMIT, closed, unread
 *   the end of the input within a length; within a body or the ids   BODY_LENGTH; BODY_SHORT, closed
 *
 * A number that is none counts as 0 (num_go_atoi()). The topic is not looked at, and may be empty.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_FRAME_H
#define GMQ_WIRE_FRAME_H

#include "wire/cmd.h"

#include <sys/types.h>

struct frame_limits {
    size_t line_bytes_max;    /* the line without its end, default 64 KiB */
    size_t body_bytes_max;    /* one body, and all bodies of an mpub together, default 4 MiB */
    uint32_t batch_count_max; /* messages of one mpub, ids of one mack, nack, touch, default 10000 */
    uint64_t delay_s_max;     /* delay of a pub or of an item of an mpub, default 259200 (3 days); 0 allows no delay */
};

enum { FRAME_CALL_EXTRA_BYTES = 64 << 10 };

/* What a request turned out to be. */
struct frame {
    struct cmd cmd;       /* good when err is 0 and close is false, and it is no call */
    struct cmd_args args; /* cmd.args points here, or is NULL: then nothing is in it */
    bool is_call;         /* `name` and `json` are an operation, not yet looked at */
    struct slice name, json; /* of a call only */
    int err;              /* 0, or the GMQ_E_* to answer with a 102 */
    const char *err_word; /* what completes the text of GMQ_E_PARAMS, else NULL */
    uint64_t err_number;  /* what completes the text of a *_LIMIT error, else 0 */
    bool close;           /* close the connection: after the answer, or at once when err is 0 */
    size_t need;          /* after a result of 0: the bytes this request needs at least, from its start; 0 not known */
};

/* The JSON of a call: a body of the longest length in base64, and room for what stands around it. */
static inline size_t frame_call_bytes_max(const struct frame_limits *limits)
{
    return limits->body_bytes_max + limits->body_bytes_max / 2 + FRAME_CALL_EXTRA_BYTES;
}

/*
 * Reads the request at the start of `in`. Looks at no byte beyond `in`, keeps nothing between calls.
 * Returns the bytes consumed (> 0), or 0 when more bytes are needed; at `eof` (no more bytes will come) it never
 * returns 0 for a non-empty `in`. With `close` set the rest of the connection is not to be read.
 * The slices of the command point into `in`, its args into `ret`.
 */
size_t frame_parse(const struct frame_limits *limits, struct slice in, bool eof, struct frame *ret);

#endif
