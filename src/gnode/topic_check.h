/*
 * topic_check.h - what the settings of a topic may be
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_TOPIC_CHECK_H
#define GMQ_GNODE_TOPIC_CHECK_H

#include "wire/cmd.h"

#define TOPIC_COUNT_MAX (UINT64_C(1) << 53) /* of limits: what every JSON can say */
#define TOPIC_SPAN_MS_MAX (UINT64_C(3650) * 86400 * 1000)

/* What is wrong with those settings that were given, as a constant text; NULL = nothing. */
const char *topic_check(const struct topic_settings *set, unsigned given);

/* `set` with those of `args` that were given; what has no meaning in them is left out. They were checked. */
void topic_apply(struct topic_settings *set, const struct cmd_args *args);

#endif
