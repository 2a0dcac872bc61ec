/*
 * topic.h - one topic for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TOPIC_H
#define GMQ_GCLIENT_TOPIC_H

#include "gclient/ask.h"

/* Appends figures and settings, a line each. */
NODISCARD bool topic_append(struct buf *out, struct json_object *topic);

#endif
