/* topic_check.c - see topic_check.h. SPDX-License-Identifier: MIT */
#include "gnode/topic_check.h"

#include <string.h>

enum {
    GIVEN_OF_RETRY = CMD_GIVEN_DELAYS | CMD_GIVEN_CAP | CMD_GIVEN_JITTER,
    GIVEN_OF_LIMITS = CMD_GIVEN_MESSAGES | CMD_GIVEN_BYTES | CMD_GIVEN_AGE | CMD_GIVEN_OVER,
};

static const char *check_policy(const struct retry_policy *retry)
{
    if (retry->kind > RETRY_EXPONENTIAL)
        return "retry.kind must be at_once, fixed, list or exponential";
    if (retry->jitter_percent > 100)
        return "retry.jitter_percent must be 0 to 100";
    if (retry->cap_ms > RETRY_DELAY_MS_MAX)
        return "retry.cap_ms must be 0 to 604800000";
    if (retry->kind == RETRY_AT_ONCE)
        return NULL;
    if (retry->kind == RETRY_LIST ? retry->count < 1 || retry->count > RETRY_DELAYS_MAX : retry->count != 1)
        return retry->kind == RETRY_LIST ? "retry.delays_ms must have 1 to 16 delays"
                                         : "retry.delays_ms must have 1 delay";
    for (unsigned i = 0; i < retry->count; i++)
        if (retry->delays_ms[i] > RETRY_DELAY_MS_MAX)
            return "retry.delays_ms must be 0 to 604800000";
    return NULL;
}

static const char *check_limits(const struct topic_limits *limits)
{
    if (limits->messages > TOPIC_COUNT_MAX)
        return "limits.messages must be 0 to 9007199254740992";
    if (limits->bytes > TOPIC_COUNT_MAX)
        return "limits.bytes must be 0 to 9007199254740992";
    if (limits->age_ms > 0 && (limits->age_ms < TOPIC_AGE_MS_MIN || limits->age_ms > TOPIC_SPAN_MS_MAX))
        return "limits.age_ms must be 0 or 1000 to 315360000000";
    return limits->over > OVER_DEAD_LETTER ? "limits.over must be reject, drop or dead_letter" : NULL;
}

const char *topic_check(const struct topic_settings *set, unsigned given)
{
    const char *fault = NULL;

    if (given & CMD_GIVEN_TTR && set->ttr_ms != 0 && (set->ttr_ms < TOPIC_TTR_MS_MIN || set->ttr_ms > TOPIC_TTR_MS_MAX))
        return "ttr_ms must be 1000 to 300000";
    if (given & CMD_GIVEN_RETRIES && set->max_retries > TOPIC_RETRIES_MAX && set->max_retries != TOPIC_NODE_RETRIES)
        return "max_retries must be 0 to 254";
    if (given & CMD_GIVEN_RETRY_POLICY)
        fault = check_policy(&set->retry);
    if (!fault && given & (CMD_GIVEN_LIMITS | GIVEN_OF_LIMITS))
        fault = check_limits(&set->limits);
    if (!fault && given & CMD_GIVEN_IDLE && set->idle_ms != 0 &&
        (set->idle_ms < TOPIC_IDLE_MS_MIN || set->idle_ms > TOPIC_SPAN_MS_MAX))
        fault = "idle_ms must be 0 or 1000 to 315360000000";
    return fault;
}

static struct retry_policy policy_of(const struct retry_policy *given)
{
    struct retry_policy policy = {.kind = given->kind};

    if (given->kind == RETRY_AT_ONCE)
        return policy;
    policy.jitter_percent = given->jitter_percent;
    policy.count = given->count;
    policy.cap_ms = given->cap_ms;
    for (unsigned i = 0; i < given->count; i++)
        policy.delays_ms[i] = given->delays_ms[i];
    return policy;
}

/* Parts of the policy that is there. */
static const char *change_policy(struct retry_policy *policy, const struct retry_policy *from, unsigned given)
{
    if (policy->kind == RETRY_AT_ONCE)
        return "retry.kind is missing: at_once has no delays, cap or jitter";
    if (given & CMD_GIVEN_DELAYS) {
        memcpy(policy->delays_ms, from->delays_ms, sizeof(policy->delays_ms));
        policy->count = from->count;
    }
    if (given & CMD_GIVEN_CAP)
        policy->cap_ms = from->cap_ms;
    if (given & CMD_GIVEN_JITTER)
        policy->jitter_percent = from->jitter_percent;
    return check_policy(policy);
}

static void change_limits(struct topic_limits *limits, const struct topic_limits *from, unsigned given)
{
    if (given & (CMD_GIVEN_LIMITS | CMD_GIVEN_MESSAGES))
        limits->messages = from->messages;
    if (given & (CMD_GIVEN_LIMITS | CMD_GIVEN_BYTES))
        limits->bytes = from->bytes;
    if (given & (CMD_GIVEN_LIMITS | CMD_GIVEN_AGE))
        limits->age_ms = from->age_ms;
    if (given & (CMD_GIVEN_LIMITS | CMD_GIVEN_OVER))
        limits->over = from->over;
    if (limits->messages == 0 && limits->bytes == 0 && limits->age_ms == 0)
        limits->over = OVER_REJECT;
}

const char *topic_apply(struct topic_settings *set, const struct cmd_args *args)
{
    const struct topic_settings *from = &args->settings;
    unsigned given = args->settings_given;

    if (given & CMD_GIVEN_TTR)
        set->ttr_ms = from->ttr_ms;
    if (given & CMD_GIVEN_RETRIES)
        set->max_retries = from->max_retries;
    if (given & CMD_GIVEN_IDLE)
        set->idle_ms = from->idle_ms;
    if (given & (CMD_GIVEN_LIMITS | GIVEN_OF_LIMITS))
        change_limits(&set->limits, &from->limits, given);
    if (given & CMD_GIVEN_RETRY_POLICY)
        set->retry = policy_of(&from->retry);
    else if (given & GIVEN_OF_RETRY)
        return change_policy(&set->retry, &from->retry, given);
    return NULL;
}
