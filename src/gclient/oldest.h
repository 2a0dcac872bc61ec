/*
 * oldest.h - how old the oldest ready message of a topic is, which a node says of one topic and not in a list
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_OLDEST_H
#define GMQ_GCLIENT_OLDEST_H

#include "gclient/ask.h"

/* So many topics are asked for one by one, at most; the others go without. */
enum { OLDEST_TOPICS_MAX = 200 };

/* Adds oldest_ready_at to a topic of a list when it is missing and there is a ready message; silent when it fails. */
void oldest_add(struct gmq *mq, struct json_object *topic);

#endif
