/* health.c - see health.h. SPDX-License-Identifier: MIT */
#include "gnode/health.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *health_word(enum health_state state)
{
    static const char *const WORDS[] = {"ok", "degraded", "full", "read-only", "stopping"};

    return WORDS[state];
}

static void PRINTF_LIKE(3, 4) add(struct health *health, enum health_state state, const char *format, ...)
{
    va_list args;

    if (health->state < state)
        health->state = state;
    if (health->count == HEALTH_REASONS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(health->reasons[health->count++], HEALTH_REASON_BYTES, format, args);
    va_end(args);
}

static void look_at_log(struct health *health, const struct log *log)
{
    const char *reason;
    enum log_state state = log_state(log, &reason);

    if (state == LOG_READ_ONLY)
        add(health, HEALTH_READ_ONLY, "%s", reason);
    else if (state == LOG_FULL)
        add(health, HEALTH_FULL, "%s%s", log_limit(log) ? "disk full: " : "", reason);
    for (int trouble = 0; trouble < LOG_TROUBLES; trouble++)
        if (log_trouble(log, (enum log_trouble)trouble)[0] != '\0')
            add(health, HEALTH_DEGRADED, "%s", log_trouble(log, (enum log_trouble)trouble));
}

static void look(struct health *health, const struct broker *broker)
{
    const struct log_report *report = &broker->report;

    if (broker->stopping || broker->leaving)
        add(health, HEALTH_STOPPING, "%s", err_text(GMQ_E_STOPPING));
    look_at_log(health, broker->log);
    if (broker_memory_state(broker) != MEMORY_OK)
        add(health, HEALTH_FULL, "%s", err_text(GMQ_E_MEMORY_LIMIT));
    if (report->note[0] != '\0')
        add(health, HEALTH_DEGRADED, "the start found damage: %s", report->note);
    if (broker->lists_aside > 0)
        add(health, HEALTH_DEGRADED, "%" PRIu64 " pieces of lists could not be read back", broker->lists_aside);
}

bool health_look(struct health *health, const struct broker *broker, uint64_t wall_ms)
{
    struct health now = {.since_ms = health->since_ms};

    look(&now, broker);
    bool same = now.state == health->state && now.count == health->count && health->since_ms != 0;
    if (now.state != health->state || health->since_ms == 0)
        now.since_ms = wall_ms;
    for (size_t i = 0; same && i < now.count; i++)
        same = strcmp(now.reasons[i], health->reasons[i]) == 0;
    if (!same)
        *health = now;
    return !same;
}
