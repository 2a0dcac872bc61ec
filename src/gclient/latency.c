/* latency.c - gclient latency: /ping again and again, over one connection. SPDX-License-Identifier: MIT */
#include "client/http.h"
#include "gclient/chart.h"
#include "gclient/command.h"
#include "gclient/out.h"
#include "gclient/stop.h"
#include "net/clock.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT_DEFAULT = 10, SLEEP_MAX_NS = 100000000, DRAW_EVERY_NS = 200000000, REPORT_BYTES_MAX = 1 << 20,
       BAR_COLUMNS = 40 };

struct pings {
    const struct values *values;
    CURL *curl;
    char url[HTTP_URL_BYTES_MAX];
    char error[CURL_ERROR_SIZE];
    struct hist *hist;
    uint64_t sent, lost, drawn_ns;
};

static size_t got_bytes(char *ptr, size_t size, size_t count, void *arg)
{
    (void)ptr;
    (void)arg;
    return size * count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return stop_asked() ? 1 : 0;
}

static bool set_up(struct pings *pings)
{
    CURLcode bad = curl_global_init(CURL_GLOBAL_DEFAULT);

    pings->curl = bad ? NULL : curl_easy_init();
    if (!pings->curl)
        return false;
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_ERRORBUFFER, pings->error);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_URL, pings->url);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_TIMEOUT_MS, (long)pings->values->timeout_ms);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_NOSIGNAL, 1L);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_PROXY, "");
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_WRITEFUNCTION, got_bytes);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_FAILONERROR, 1L);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_NOPROGRESS, 0L);
    bad = bad ? bad : curl_easy_setopt(pings->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    return bad == CURLE_OK;
}

/* Sleeps until then, or until Ctrl-C. */
static void sleep_until(uint64_t until_ns)
{
    for (uint64_t now_ns; !stop_asked() && (now_ns = clock_boot_ns()) < until_ns;) {
        uint64_t ns = min_u64(until_ns - now_ns, SLEEP_MAX_NS);
        struct timespec timeout = {.tv_nsec = (long)ns};
        (void)ppoll(NULL, 0, &timeout, NULL);
    }
}

/* One ping that was due at `due_ns`; true unless Ctrl-C came between. */
static bool ping(struct pings *pings, uint64_t due_ns)
{
    CURLcode bad = curl_easy_perform(pings->curl);

    if (bad && stop_asked())
        return false;
    pings->sent++;
    if (bad)
        pings->lost++;
    else
        hist_add(pings->hist, clock_boot_ns() - due_ns);
    return true;
}

static void draw(struct pings *pings, bool last)
{
    char p50[OUT_DURATION_BYTES], p99[OUT_DURATION_BYTES], max[OUT_DURATION_BYTES];
    uint64_t now_ns = clock_boot_ns();

    if (pings->values->no_progress || !isatty(STDERR_FILENO))
        return;
    if (last) {
        (void)fprintf(stderr, "\r\x1b[K");
        return;
    }
    if (now_ns - pings->drawn_ns < DRAW_EVERY_NS)
        return;
    pings->drawn_ns = now_ns;
    out_short_duration(hist_quantile(pings->hist, 50000), false, p50);
    out_short_duration(hist_quantile(pings->hist, 99000), false, p99);
    out_short_duration(pings->hist->max, false, max);
    (void)fprintf(stderr, "\r%" PRIu64 " pings, %" PRIu64 " lost: p50 %s, p99 %s, max %s\x1b[K", pings->sent,
                  pings->lost, p50, p99, max);
}

static void go(struct pings *pings)
{
    bool endless = pings->values->count == 0 && isatty(STDERR_FILENO);
    uint64_t count = pings->values->count > 0 ? (uint64_t)pings->values->count : COUNT_DEFAULT;
    uint64_t due_ns = clock_boot_ns();

    /* The first one makes the connection, and is not counted when it gets an answer. */
    if (curl_easy_perform(pings->curl) != CURLE_OK) {
        pings->sent = pings->lost = 1;
        return;
    }
    for (due_ns = clock_boot_ns(); (endless || pings->sent < count) && !stop_asked();) {
        if (!ping(pings, due_ns))
            break;
        draw(pings, false);
        due_ns += pings->values->interval_ms * 1000000;
        sleep_until(due_ns);
    }
    draw(pings, true);
}

static bool report(struct buf *out, const struct pings *pings)
{
    static const struct {
        const char *title, *key;
        unsigned per_100k;
    } rows[] = {{"p50", "p50_ns", 50000}, {"p90", "p90_ns", 90000}, {"p99", "p99_ns", 99000},
                {"p99.9", "p99_9_ns", 99900}, {"max", "max_ns", 100000}};
    struct chart_style style = {.columns = BAR_COLUMNS, .unicode = out_is_unicode(), .colour = out_is_fancy()};
    bool json = pings->values->json;
    char text[OUT_DURATION_BYTES];
    bool fits = json ? buf_append_str(out, "{") && out_append_member(out, "url", pings->url) &&
                           buf_printf(out, ",\"pings\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"min_ns\":%" PRIu64
                                           ",\"avg_ns\":%" PRIu64,
                                      pings->sent, pings->lost, pings->hist->min, hist_mean(pings->hist))
                     : buf_printf(out, "%s: %" PRIu64 " pings, %" PRIu64 " lost\n", pings->url, pings->sent,
                                  pings->lost);

    if (!json) {
        out_short_duration(pings->hist->min, style.unicode, text);
        fits = fits && buf_printf(out, "min %s", text);
        out_short_duration(hist_mean(pings->hist), style.unicode, text);
        fits = fits && buf_printf(out, ", avg %s", text);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows) && fits; i++) {
        uint64_t ns = hist_quantile(pings->hist, rows[i].per_100k);
        out_short_duration(ns, style.unicode, text);
        fits = json ? buf_printf(out, ",\"%s\":%" PRIu64, rows[i].key, ns)
                    : buf_printf(out, ", %s %s", rows[i].title, text);
    }
    return fits && (json ? buf_append_str(out, "}\n")
                         : buf_append_str(out, "\n\n") && chart_append(out, pings->hist, &style));
}

int latency_run(const struct job *job)
{
    struct pings pings = {.values = &job->values, .hist = calloc(1, sizeof(*pings.hist))};
    int code = EXIT_FAILED;
    struct buf out;

    buf_init(&out, REPORT_BYTES_MAX);
    if (!http_url(slice_str(job->values.http), "/ping", pings.url)) {
        code = out_error(EXIT_NO_CONNECTION, "%.200s: not an address", job->values.http);
    } else if (!pings.hist || !set_up(&pings)) {
        code = out_error(EXIT_FAILED, "no memory");
    } else {
        stop_catch();
        go(&pings);
        if (pings.hist->count == 0 && pings.lost > 0)
            code = out_error(EXIT_NO_CONNECTION, "%s: %s", pings.url, pings.error);
        else if (report(&out, &pings) && fwrite(buf_data(&out), 1, buf_len(&out), stdout) == buf_len(&out))
            code = pings.lost == 0 ? EXIT_OK
                                   : out_error(EXIT_FAILED, "%" PRIu64 " pings got no answer: %s", pings.lost,
                                               pings.error);
    }
    if (pings.curl)
        curl_easy_cleanup(pings.curl);
    buf_free(&out);
    free(pings.hist);
    return code;
}
