/*
 * ask.h - one operation of a node, from its arguments to its answer as a tree
 *
 *     struct ask ask;
 *     ask_begin(&ask);
 *     ask_text(&ask, "topic", words[0]);
 *     ask_number(&ask, "limit", 100);
 *     int code = ask_node(&ask, mq, "message.list", &answer);
 *     ... json_object_put(answer);
 *
 * What   Arguments are collected as one JSON object; a failure on the way shows at ask_node(), so nothing between needs
 *        a look. A node that refuses, or is not there, has its line printed and its exit code returned.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_ASK_H
#define GMQ_GCLIENT_ASK_H

#include "gclient/command.h"
#include "gclient/tree.h"

struct ask {
    struct buf json;
    bool good;
    const char *bad; /* the argument that is not UTF-8, or NULL */
};

void ask_begin(struct ask *ask);

/* Adds an argument; a text that is NULL is not given. */
void ask_text(struct ask *ask, const char *key, const char *text);
void ask_bytes(struct ask *ask, const char *key, struct slice text);
void ask_base64(struct ask *ask, const char *key, struct slice bytes);
void ask_number(struct ask *ask, const char *key, uint64_t number);
void ask_is(struct ask *ask, const char *key, bool is);
void ask_json(struct ask *ask, const char *key, const char *json);

/* A member whose name comes from outside. */
void ask_member(struct ask *ask, struct slice key, struct slice text);

/* An object of its own, which it takes over. */
void ask_object(struct ask *ask, const char *key, struct ask *object);

/* Ends the object; `json` then holds it with a NUL. False when something has failed. */
NODISCARD bool ask_close(struct ask *ask);

/* "ids" of words that ask_ids_ok() has looked at. */
void ask_ids(struct ask *ask, const char *const *words, size_t count);

/* Whether all words are ids; prints the first one that is not. */
NODISCARD bool ask_ids_ok(const char *const *words, size_t count);

/*
 * Sends it; EXIT_OK and the answer, which the caller gives back with json_object_put(), or an exit code with its line
 * printed. The arguments are freed either way.
 */
NODISCARD int ask_node(struct ask *ask, struct gmq *mq, const char *op, struct json_object **ret_answer);

/* The same, without a word when it fails: what the node said is gmq_error_text(). Returns an enum gmq_error. */
NODISCARD int ask_quietly(struct ask *ask, struct gmq *mq, const char *op, struct json_object **ret_answer);

/* Prints what ask_quietly() failed with; returns the exit code. */
int ask_failed(struct gmq *mq, int err);

/* The exit code of an answer that is an error, from its enum gmq_error and its text. */
int ask_exit_code(int err, const char *text);

#endif
