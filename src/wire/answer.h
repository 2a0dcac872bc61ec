/*
 * answer.h - the client's side of the TCP protocol: replies from their bytes (requests are written by request.h)
 *
 * What   answer_parse() finds one reply in the bytes that came in; the answer_read_*() take its data apart.
 * Owns   An answer's data points into the bytes it was parsed from. A list of messages owns a copy of them all and
 *        is given back by answer_list_free().
 * Fails  Bytes that are no reply of this protocol are -EPROTO, data over the caller's limit is -EMSGSIZE; after
 *        either the connection is of no more use. No memory is -ENOMEM.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_ANSWER_H
#define GMQ_WIRE_ANSWER_H

#include "base/base.h"
#include "base/slice.h"
#include "wire/reply.h"

#include <sys/types.h>

struct answer {
    unsigned type;     /* enum reply_type, or a type this library does not know */
    struct slice data; /* REPLY_ERROR and REPLY_RESULT: text */
};

struct answer_list {
    struct reply_message *msgs; /* `count` of them, NULL when there are none; the bodies may hold any byte */
    size_t count;
};

/*
 * Reads the reply at the start of `in`: returns the bytes it takes (> 0), 0 when more are needed, or -EMSGSIZE when
 * its data is longer than `data_bytes_max` (which is told by the head alone, so the data need not have come).
 */
NODISCARD ssize_t answer_parse(struct slice in, size_t data_bytes_max, struct answer *ret);

/*
 * The messages of a reply to pop, wpop or dead: REPLY_MESSAGE (a JSON object or an array of them) or REPLY_BINARY.
 * Returns 0, -EPROTO (any other type, or data that holds no messages) or -ENOMEM; on success the list is the
 * caller's to free. Zero messages is a success.
 */
NODISCARD int answer_read_messages(const struct answer *answer, struct answer_list *ret_list);

/* Gives the memory back; the list is empty afterwards. An empty list is fine. */
void answer_list_free(struct answer_list *list);

/* The id in the REPLY_RESULT of a pub. Returns 0 or -EPROTO. */
NODISCARD int answer_read_id(const struct answer *answer, uint64_t *ret_id);

/*
 * The ids in the REPLY_RESULT of an mpub with ids, or of a mack that is not "ok": writes at most `ids_max` of them at
 * `ids`.
 * Returns how many there are, -EPROTO (also when there are more than `ids_max`) or -ENOMEM.
 */
NODISCARD ssize_t answer_read_ids(const struct answer *answer, uint64_t *ids, size_t ids_max);

#endif
