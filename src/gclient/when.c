/* when.c - see when.h. SPDX-License-Identifier: MIT */
#include "gclient/when.h"

#include "base/time_text.h"
#include "net/clock.h"

#include <inttypes.h>
#include <stdio.h>

void when_stretch(uint64_t ms, char to[WHEN_BYTES])
{
    uint64_t s = ms / 1000;

    if (ms == 0)
        (void)snprintf(to, WHEN_BYTES, "0s");
    else if (s < 1)
        (void)snprintf(to, WHEN_BYTES, "%ums", (unsigned)ms);
    else if (s < 60)
        (void)snprintf(to, WHEN_BYTES, "%us", (unsigned)s);
    else if (s < 3600)
        (void)snprintf(to, WHEN_BYTES, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    else if (s < 86400)
        (void)snprintf(to, WHEN_BYTES, "%uh%02um", (unsigned)(s / 3600), (unsigned)(s % 3600 / 60));
    else if (s < 100 * 86400)
        (void)snprintf(to, WHEN_BYTES, "%ud%02uh", (unsigned)(s / 86400), (unsigned)(s % 86400 / 3600));
    else
        (void)snprintf(to, WHEN_BYTES, "%" PRIu64 "d", s / 86400);
}

void when_local(struct slice text, char to[WHEN_BYTES])
{
    char local[CLOCK_TEXT_BYTES];
    uint64_t ms;

    to[0] = '\0';
    if (time_text_read(text, &ms)) {
        clock_format_local(ms, local);
        (void)snprintf(to, WHEN_BYTES, "%s", local);
        return;
    }
    for (size_t i = 0; i < text.len && i < WHEN_BYTES - 1; i++) {
        to[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
        to[i + 1] = '\0';
    }
}
