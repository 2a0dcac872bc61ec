/*
 * chart.h - a histogram of latencies as bars in a terminal
 *
 * What   Rows at 1, 2, 5, 10, 20, 50... nanoseconds, those that the values span; each with what fell between it and the
 *        row before, and how much of all was there by then.
 * PURE
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_CHART_H
#define GMQ_GCLIENT_CHART_H

#include "base/buf.h"
#include "gclient/hist.h"

struct chart_style {
    unsigned columns; /* of the longest bar */
    bool unicode;     /* blocks in eighths, else # */
    bool colour;
};

/* Appends the chart; nothing for an empty histogram. False without room. */
NODISCARD bool chart_append(struct buf *out, const struct hist *hist, const struct chart_style *style);

#endif
