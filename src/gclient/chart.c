/* chart.c - see chart.h. SPDX-License-Identifier: MIT */
#include "gclient/chart.h"

#include <inttypes.h>

enum { ROWS_MAX = 60 };

struct row {
    uint64_t edge_ns, count;
};

/* The rows that the values span; the last one holds the largest value. */
static size_t make_rows(const struct hist *hist, struct row rows[ROWS_MAX])
{
    static const unsigned factors[] = {2, 5, 10};
    uint64_t decade = 1, edge = 1, below = 0;
    size_t count = 0, step = 0;

    while (count < ROWS_MAX) {
        uint64_t to = hist_count_to(hist, edge);
        if (to > 0) {
            rows[count].edge_ns = edge;
            rows[count++].count = to - below;
            below = to;
        }
        if (edge >= hist->max || edge > UINT64_MAX / 10)
            break;
        edge = decade * factors[step];
        if (++step == ARRAY_LEN(factors)) {
            step = 0;
            decade = edge;
        }
    }
    return count;
}

/* An edge is 1, 2 or 5 with zeros, so it is a whole number of one unit. */
static bool edge_text(struct buf *out, uint64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    size_t at = 0;

    while (at < ARRAY_LEN(units) - 1 && ns % 1000 == 0) {
        ns /= 1000;
        at++;
    }
    return buf_printf(out, "  <= %4" PRIu64 "%-2s ", ns, units[at]);
}

/* `eighths` of a column. A row that has anything shows something. */
static bool bar(struct buf *out, uint64_t eighths, const struct chart_style *style)
{
    static const char *const parts[] = {"", "\xe2\x96\x8f", "\xe2\x96\x8e", "\xe2\x96\x8d", "\xe2\x96\x8c",
                                        "\xe2\x96\x8b", "\xe2\x96\x8a", "\xe2\x96\x89"};
    uint64_t whole = style->unicode ? eighths / 8 : (eighths + 7) / 8;
    bool fits = !style->colour || eighths == 0 || buf_append_str(out, "\x1b[36m");

    for (uint64_t i = 0; i < whole && fits; i++)
        fits = buf_append_str(out, style->unicode ? "\xe2\x96\x88" : "#");
    if (style->unicode)
        fits = fits && buf_append_str(out, parts[eighths % 8]);
    return fits && (!style->colour || eighths == 0 || buf_append_str(out, "\x1b[0m"));
}

bool chart_append(struct buf *out, const struct hist *hist, const struct chart_style *style)
{
    struct row rows[ROWS_MAX];
    uint64_t most = 1, below = 0;

    if (hist->count == 0)
        return true;
    size_t count = make_rows(hist, rows);
    for (size_t i = 0; i < count; i++)
        most = max_u64(most, rows[i].count);
    for (size_t i = 0; i < count; i++) {
        double share = (double)rows[i].count / (double)most;
        uint64_t eighths = (uint64_t)(share * style->columns * 8 + 0.5);
        if (rows[i].count > 0 && eighths == 0)
            eighths = 1;
        below += rows[i].count;
        if (!edge_text(out, rows[i].edge_ns) ||
            !buf_printf(out, "%10" PRIu64 " %7.3f%% ", rows[i].count, (double)below * 100 / (double)hist->count) ||
            !bar(out, eighths, style) || !buf_append_str(out, "\n"))
            return false;
    }
    return true;
}
