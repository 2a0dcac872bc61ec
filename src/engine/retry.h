/*
 * retry.h - how long a message that came back waits until it is delivered again
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_RETRY_H
#define GMQ_ENGINE_RETRY_H

#include "base/topic_settings.h"

/*
 * The delay by the policy, ms, of the message that came back as `ref`, whose retries are those before this one. The
 * jitter is a hash of the ref: the same message waits equally long in every replay, and others do not come at once.
 */
uint64_t retry_delay_ms(const struct retry_policy *retry, uint64_t ref);

#endif
