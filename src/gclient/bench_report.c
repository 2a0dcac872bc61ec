/* bench_report.c - the figures of a bench run as text, JSON and CSV; see bench.h. SPDX-License-Identifier: MIT */
#include "gclient/bench.h"

#include "gclient/chart.h"
#include "gclient/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { REPORT_BYTES_MAX = 1 << 20, BAR_COLUMNS = 40 };

const char *const BENCH_MODES[] = {"push", "pop", "mixed"};
const char *const BENCH_OPS[] = {"push", "pop", "ack"};

static const struct {
    const char *title, *key;
    unsigned per_100k;
} quantiles[] = {{"p50", "p50_ns", 50000}, {"p90", "p90_ns", 90000}, {"p99", "p99_ns", 99000},
                 {"p99.9", "p99_9_ns", 99900}};

/* The spread of one figure over the connections. */
struct spread {
    double min, mean, max, deviation;
};

static double rate_of(uint64_t amount, uint64_t ns) { return (double)amount * 1e9 / (double)max_u64(ns, 1); }

static uint64_t bytes_of(const struct bench_setup *setup, const struct bench_result *result, enum bench_op op)
{
    return op == OP_ACK ? 0 : result->kinds[op].messages * setup->size;
}

/* Newton's; libm would be linked for nothing else. */
static double square_root(double value)
{
    double root = value > 1 ? value : 1;

    for (int i = 0; i < 128 && root * root > value; i++)
        root = (root + value / root) / 2;
    return root;
}

static struct spread lane_rates(const struct bench_setup *setup, const struct bench_result *result)
{
    struct spread spread = {0};
    double squares = 0;

    for (unsigned i = 0; i < setup->clients; i++) {
        double rate = rate_of(result->lanes[i].messages, result->elapsed_ns);
        spread.min = i == 0 || rate < spread.min ? rate : spread.min;
        spread.max = rate > spread.max ? rate : spread.max;
        spread.mean += rate / setup->clients;
        squares += rate * rate / setup->clients;
    }
    double variance = squares - spread.mean * spread.mean;
    spread.deviation = variance > 0 ? square_root(variance) : 0;
    return spread;
}

static bool kind_row(struct buf *out, const struct bench_setup *setup, const struct bench_result *result,
                     enum bench_op op, bool unicode)
{
    const struct bench_kind *kind = &result->kinds[op];
    const struct hist *hist = &kind->latency;
    char text[OUT_DURATION_BYTES];

    if (!buf_printf(out, "%-5s %10" PRIu64 " %10" PRIu64 " %11.0f %8.2f", BENCH_OPS[op], kind->requests,
                    kind->messages, rate_of(kind->messages, result->elapsed_ns),
                    rate_of(bytes_of(setup, result, op), result->elapsed_ns) / 1e6))
        return false;
    uint64_t values[] = {hist->min, hist_mean(hist), 0, 0, 0, 0, hist->max};
    for (size_t i = 0; i < ARRAY_LEN(quantiles); i++)
        values[2 + i] = hist_quantile(hist, quantiles[i].per_100k);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        out_short_duration(values[i], unicode, text);
        int wide = 8 + (int)(strlen(text) - strcspn(text, "\xc2")) / 3; /* a micro sign is two bytes, one column */
        if (!buf_printf(out, " %*s", wide, text))
            return false;
    }
    return buf_append_str(out, "\n");
}

static bool head_text(struct buf *out, const struct bench_setup *setup, const struct bench_result *result)
{
    bool fits = buf_printf(out, "bench %s: topic %s at %s, bodies of %" PRIu64 " bytes", BENCH_MODES[setup->mode],
                           setup->topic, setup->addr, setup->size) &&
                (setup->batch == 1 || buf_printf(out, ", %u a push", setup->batch)) &&
                (setup->delay_s == 0 || buf_printf(out, ", due in %u s", (unsigned)setup->delay_s)) &&
                buf_printf(out, "\n%u connections, %u in flight each, ", setup->clients, setup->in_flight);

    if (setup->rate > 0)
        fits = fits && buf_printf(out, "%" PRIu64 " messages a second, timed from when each was due", setup->rate);
    else
        fits = fits && buf_append_str(out, "as fast as answers come");
    return fits && buf_printf(out, ", %.2f s%s\n\n", (double)result->elapsed_ns / 1e9,
                              result->interrupted ? " (interrupted)" : "");
}

static bool tail_text(struct buf *out, const struct bench_setup *setup, const struct bench_result *result)
{
    struct spread rates = lane_rates(setup, result);
    bool fits = buf_printf(out, "\nmsg/s of a connection: min %.0f, avg %.0f, max %.0f, deviation %.0f\n", rates.min,
                           rates.mean, rates.max, rates.deviation);

    if (result->kinds[OP_POP].empty > 0)
        fits = fits && buf_printf(out, "%" PRIu64 " pops found no message\n", result->kinds[OP_POP].empty);
    if (result->unsent > 0)
        fits = fits && buf_printf(out, "%" PRIu64 " requests were due and never sent: the rate was not reached\n",
                                  result->unsent);
    if (result->lost > 0)
        fits = fits && buf_printf(out, "%" PRIu64 " requests are without an answer\n", result->lost);
    return fits;
}

static bool as_text(struct buf *out, const struct bench_setup *setup, const struct bench_result *result)
{
    struct chart_style style = {.columns = BAR_COLUMNS, .unicode = out_is_unicode(), .colour = out_is_fancy()};
    bool fits = head_text(out, setup, result) &&
                buf_printf(out, "%s%-5s %10s %10s %11s %8s %8s %8s %8s %8s %8s %8s %8s%s\n", out_bold(true), "",
                           "REQUESTS", "MESSAGES", "MSG/S", "MB/S", "MIN", "AVG", "P50", "P90", "P99", "P99.9", "MAX",
                           out_bold(false));

    for (int op = 0; op < OP_COUNT && fits; op++)
        if (result->kinds[op].requests > 0)
            fits = kind_row(out, setup, result, (enum bench_op)op, style.unicode);
    fits = fits && tail_text(out, setup, result);
    for (int op = 0; op < OP_COUNT && fits; op++)
        if (result->kinds[op].requests > 0)
            fits = buf_printf(out, "\nlatency of %s, requests and their running share\n", BENCH_OPS[op]) &&
                   chart_append(out, &result->kinds[op].latency, &style);
    return fits;
}

static bool json_kind(struct buf *out, const struct bench_setup *setup, const struct bench_result *result,
                      enum bench_op op)
{
    const struct bench_kind *kind = &result->kinds[op];
    const struct hist *hist = &kind->latency;
    bool fits = buf_printf(out,
                           "{\"request\":\"%s\",\"requests\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"empty\":%" PRIu64
                           ",\"messages_per_s\":%.1f,\"bytes_per_s\":%.1f,\"latency\":{\"min_ns\":%" PRIu64
                           ",\"avg_ns\":%" PRIu64,
                           BENCH_OPS[op], kind->requests, kind->messages, kind->empty,
                           rate_of(kind->messages, result->elapsed_ns),
                           rate_of(bytes_of(setup, result, op), result->elapsed_ns), hist->min, hist_mean(hist));

    for (size_t i = 0; i < ARRAY_LEN(quantiles) && fits; i++)
        fits = buf_printf(out, ",\"%s\":%" PRIu64, quantiles[i].key, hist_quantile(hist, quantiles[i].per_100k));
    return fits && buf_printf(out, ",\"max_ns\":%" PRIu64 "}}", hist->max);
}

static bool as_json(struct buf *out, const struct bench_setup *setup, const struct bench_result *result)
{
    bool fits = buf_printf(out, "{\"mode\":\"%s\",", BENCH_MODES[setup->mode]) &&
                out_append_member(out, "topic", setup->topic) && buf_append_str(out, ",") &&
                out_append_member(out, "node", setup->addr) &&
                buf_printf(out,
                           ",\"clients\":%u,\"in_flight\":%u,\"batch\":%u,\"size\":%" PRIu64 ",\"delay_s\":%u,"
                           "\"rate\":%" PRIu64 ",\"seconds\":%.6f,\"interrupted\":%s,\"unsent\":%" PRIu64
                           ",\"lost\":%" PRIu64 ",",
                           setup->clients, setup->in_flight, setup->batch, setup->size, (unsigned)setup->delay_s,
                           setup->rate, (double)result->elapsed_ns / 1e9, result->interrupted ? "true" : "false",
                           result->unsent, result->lost) &&
                out_append_member(out, "error", result->error) && buf_append_str(out, ",\"kinds\":[");
    const char *comma = "";

    for (int op = 0; op < OP_COUNT && fits; op++) {
        if (result->kinds[op].requests == 0 && result->kinds[op].empty == 0)
            continue;
        fits = buf_append_str(out, comma) && json_kind(out, setup, result, (enum bench_op)op);
        comma = ",";
    }
    fits = fits && buf_append_str(out, "],\"connections\":[");
    for (unsigned i = 0; i < setup->clients && fits; i++) {
        const struct bench_lane_figures *lane = &result->lanes[i];
        fits = buf_printf(out,
                          "%s{\"requests\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"min_ns\":%" PRIu64
                          ",\"avg_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}",
                          i > 0 ? "," : "", lane->requests, lane->messages, lane->min_ns,
                          lane->sum_ns / max_u64(lane->requests, 1), lane->max_ns);
    }
    return fits && buf_append_str(out, "]}\n");
}

bool bench_report(const struct bench_setup *setup, const struct bench_result *result, bool json)
{
    struct buf out;

    buf_init(&out, REPORT_BYTES_MAX);
    bool good = (json ? as_json(&out, setup, result) : as_text(&out, setup, result)) &&
                fwrite(buf_data(&out), 1, buf_len(&out), stdout) == buf_len(&out) && out_flush();
    buf_free(&out);
    return good;
}

static bool csv_row(struct buf *out, const struct bench_setup *setup, const struct bench_result *result,
                    enum bench_op op)
{
    const struct bench_kind *kind = &result->kinds[op];
    const struct hist *hist = &kind->latency;

    bool fits = buf_printf(out,
                           "%s,%s,\"%s\",%u,%u,%u,%" PRIu64 ",%u,%" PRIu64 ",%.6f,%" PRIu64 ",%" PRIu64 ",%.1f,%.1f",
                           BENCH_MODES[setup->mode], BENCH_OPS[op], setup->topic, setup->clients, setup->in_flight,
                           setup->batch, setup->size, (unsigned)setup->delay_s, setup->rate,
                           (double)result->elapsed_ns / 1e9, kind->requests, kind->messages,
                           rate_of(kind->messages, result->elapsed_ns),
                           rate_of(bytes_of(setup, result, op), result->elapsed_ns)) &&
                buf_printf(out, ",%" PRIu64 ",%" PRIu64, hist->min, hist_mean(hist));
    for (size_t i = 0; i < ARRAY_LEN(quantiles) && fits; i++)
        fits = buf_printf(out, ",%" PRIu64, hist_quantile(hist, quantiles[i].per_100k));
    return fits && buf_printf(out, ",%" PRIu64 "\n", hist->max);
}

int bench_write_csv(const struct bench_setup *setup, const struct bench_result *result, const char *path)
{
    struct buf out;
    FILE *file = fopen(path, "ae");

    if (!file)
        return -errno;
    buf_init(&out, REPORT_BYTES_MAX);
    bool fits = fseek(file, 0, SEEK_END) != 0 || ftell(file) > 0 ||
                buf_append_str(&out, "mode,request,topic,clients,in_flight,batch,size,delay_s,rate,seconds,requests,"
                                     "messages,messages_per_s,bytes_per_s,min_ns,avg_ns,p50_ns,p90_ns,p99_ns,p99_9_ns,"
                                     "max_ns\n");
    for (int op = 0; op < OP_COUNT && fits; op++)
        if (result->kinds[op].requests > 0)
            fits = csv_row(&out, setup, result, (enum bench_op)op);
    errno = 0;
    bool written = fits && fwrite(buf_len(&out) > 0 ? buf_data(&out) : "", 1, buf_len(&out), file) == buf_len(&out);
    if (fclose(file) != 0)
        written = false;
    buf_free(&out);
    return written ? 0 : errno != 0 ? -errno : -EIO;
}
