/*
 * topic_words.h - the settings of a topic, from the command line to JSON
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TOPIC_WORDS_H
#define GMQ_GCLIENT_TOPIC_WORDS_H

#include "gclient/ask.h"

enum { TOPIC_WORDS_ERROR_BYTES = 200 };

/*
 * Adds what is given to the arguments. A setting with parts (limits) is sent whole: what of it is not given is taken
 * from `now`, the topic as it is, or NULL. False with one line in `ret_error`.
 */
NODISCARD bool topic_words_add(struct ask *ask, const struct topic_words *words, struct json_object *now,
                               char ret_error[TOPIC_WORDS_ERROR_BYTES]);

/* Whether topic_words_add() needs to know what holds now. */
bool topic_words_need_now(const struct topic_words *words);

#endif
