/*
 * check.h - what a look at a node or a topic found, and how monitors want to be told
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_CHECK_H
#define GMQ_GCLIENT_CHECK_H

#include "base/buf.h"
#include "gclient/command.h"

enum { CHECK_MEASURES_MAX = 8, CHECK_WHY_BYTES = 512, CHECK_BYTES_MAX = 64 << 10 };

struct check_measure {
    const char *name;
    bool is_time;           /* seconds, else a number */
    double value, warn, max; /* negative thresholds are none */
    int status;             /* enum out_check */
};

struct check {
    const char *topic; /* NULL: the node */
    int status;        /* enum out_check, the worst that was found */
    char why[CHECK_WHY_BYTES]; /* what was found beside the measures, or "" */
    struct check_measure measures[CHECK_MEASURES_MAX];
    size_t count;
};

/* Adds a figure; above `max` it is critical, above `warn` a warning. */
void check_measure(struct check *check, const char *name, bool is_time, double value, double warn, double max);

/* Appends it as "nagios", "text", "json" or "prometheus". */
NODISCARD bool check_format(struct buf *out, const struct check *check, const char *format);

#endif
