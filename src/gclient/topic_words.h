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
 * Adds what is given to the arguments; of a setting with parts (retry, limits) those that are given. False with one
 * line in `ret_error`.
 */
NODISCARD bool topic_words_add(struct ask *ask, const struct topic_words *words,
                               char ret_error[TOPIC_WORDS_ERROR_BYTES]);

#endif
