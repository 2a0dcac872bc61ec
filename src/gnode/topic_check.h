/*
 * topic_check.h - what the settings of a topic may be
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_TOPIC_CHECK_H
#define GMQ_GNODE_TOPIC_CHECK_H

#include "wire/cmd.h"

#define TOPIC_COUNT_MAX (UINT64_C(1) << 53) /* of limits: what every JSON can say */

/* What is wrong with those settings that were given, as a constant text; NULL = nothing. */
const char *topic_check(const struct topic_settings *set, unsigned given);

/*
 * `set` with those of `args` that were given, and that topic_check() took; what has no meaning in them is left out.
 * What is wrong with parts of a policy beside the others that it has, as above; then `set` is of no use.
 */
NODISCARD const char *topic_apply(struct topic_settings *set, const struct cmd_args *args);

#endif
