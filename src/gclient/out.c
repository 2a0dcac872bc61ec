/* out.c - see out.h. SPDX-License-Identifier: MIT */
#include "gclient/out.h"

#include "base/base64.h"
#include "base/num.h"
#include "base/utf8.h"
#include "net/clock.h"
#include "wire/json.h"

#include <stdarg.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 1 << 30, BAR_CHARS = 30, BAR_EVERY_NS = 100000000, ERROR_BYTES_MAX = 4096 };

int out_exit_code(int err)
{
    switch (err) {
    case GMQ_OK:
        return EXIT_OK;
    case GMQ_ERR_ARGUMENT:
        return EXIT_USAGE;
    case GMQ_ERR_NO_MESSAGE:
        return EXIT_NOTHING;
    case GMQ_ERR_ADDRESS:
    case GMQ_ERR_CONNECT:
    case GMQ_ERR_NO_NODES:
    case GMQ_ERR_REGISTRY:
        return EXIT_NO_CONNECTION;
    case GMQ_ERR_REFUSED:
        return EXIT_REFUSED;
    case GMQ_ERR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    default:
        return EXIT_FAILED;
    }
}

int out_error(int code, const char *fmt, ...)
{
    char text[ERROR_BYTES_MAX];
    struct slice line;
    struct buf out;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_init(&out, ERROR_BYTES_MAX * 5);
    bool made = true;
    for (const char *at = text; made && *at != '\0'; at += line.len + (at[line.len] == '\n')) {
        line = slice_of(at, strcspn(at, "\n"));
        made = out_append_readable(&out, line) && buf_append_str(&out, "\n");
    }
    (void)fflush(stdout);
    (void)fprintf(stderr, "gclient: %.*s", made ? (int)buf_len(&out) : 0, made && text[0] ? buf_data(&out) : "");
    buf_free(&out);
    return code;
}

bool out_flush(void) { return fflush(stdout) == 0 && !ferror(stdout); }

bool out_line(struct buf *line, bool made)
{
    bool written = made && buf_append(line, "\n", 1) &&
                   fwrite(buf_data(line), 1, buf_len(line), stdout) == buf_len(line);
    buf_free(line);
    return written;
}

bool out_text(struct buf *text, bool made)
{
    size_t len = buf_len(text);
    bool written = made && (len == 0 || fwrite(buf_data(text), 1, len, stdout) == len);

    buf_free(text);
    return written;
}

bool out_append_base64(struct buf *out, struct slice bytes)
{
    char *to = bytes.len > 0 ? buf_reserve(out, base64_text_bytes(bytes.len)) : NULL;

    if (bytes.len == 0)
        return true;
    if (!to)
        return false;
    buf_commit(out, (size_t)(base64_write(to, bytes) - to));
    return true;
}

/* Would steer a terminal: controls, line separators, and the marks that turn the direction of text. */
static bool is_odd(uint32_t code_point)
{
    return code_point < ' ' || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x61c ||
           (code_point >= 0x200e && code_point <= 0x200f) || (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

bool out_append_readable(struct buf *out, struct slice text)
{
    uint32_t code_point;
    bool fits = true;

    for (size_t i = 0; i < text.len && fits;) {
        unsigned len = utf8_next(text.ptr + i, text.len - i, &code_point);
        bool odd = len == 0 || is_odd(code_point);
        len = len == 0 ? 1 : len;
        if (!odd)
            fits = buf_append(out, text.ptr + i, len);
        for (unsigned k = 0; odd && k < len && fits; k++)
            fits = buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text.ptr[i + k]);
        i += len;
    }
    return fits;
}

bool out_append_json(struct buf *out, struct slice json)
{
    uint32_t code_point;
    bool fits = true;

    for (size_t i = 0, plain = 0; i <= json.len && fits;) {
        unsigned len = i < json.len ? utf8_next(json.ptr + i, json.len - i, &code_point) : 0;
        bool odd = len > 0 && is_odd(code_point);
        if (odd || i == json.len) {
            fits = buf_append(out, json.ptr + plain, i - plain) &&
                   (!odd || buf_printf(out, "\\u%04x", (unsigned)code_point));
            plain = i + len;
        }
        i += len > 0 ? len : 1;
    }
    return fits;
}

static bool append_json(struct buf *out, const char *topic, const struct gmq_message *msg, struct slice body)
{
    bool text = utf8_valid(body);

    if (!buf_append_str(out, "{\"topic\":") || !json_append_string(out, slice_str(topic)) ||
        !buf_printf(out, ",\"id\":\"%" PRIu64 "\",\"retry_count\":%u,\"%s\":", msg->id, msg->retry_count,
                    text ? "body" : "body_base64"))
        return false;
    if (text)
        return json_append_string(out, body) && buf_append_str(out, "}");
    return buf_append_str(out, "\"") && out_append_base64(out, body) && buf_append_str(out, "\"}");
}

bool out_message(enum out_form form, const char *topic, const struct gmq_message *msg)
{
    struct slice body = slice_of(msg->body, msg->body_bytes);
    struct buf line;

    if (form == OUT_RAW)
        return fwrite(body.ptr, 1, body.len, stdout) == body.len;
    buf_init(&line, LINE_BYTES_MAX);
    if (form == OUT_JSON) {
        struct buf json;
        buf_init(&json, LINE_BYTES_MAX);
        bool made = append_json(&json, topic, msg, body) && out_append_json(&line, buf_slice(&json));
        buf_free(&json);
        return out_line(&line, made);
    }
    return out_line(&line, buf_printf(&line, "%" PRIu64 "  %u  ", msg->id, msg->retry_count) &&
                               out_append_readable(&line, body));
}

/* `value` / 10^`digits` with the zeros at its end left out, as Go's fmtFrac. */
static void put_fraction(uint64_t value, unsigned digits, const char *unit, char *to, size_t to_bytes)
{
    uint64_t scale = 1;

    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    uint64_t whole = value / scale, part = value % scale;
    while (digits > 0 && part % 10 == 0) {
        part /= 10;
        digits--;
    }
    if (digits == 0)
        (void)snprintf(to, to_bytes, "%" PRIu64 "%s", whole, unit);
    else
        (void)snprintf(to, to_bytes, "%" PRIu64 ".%0*" PRIu64 "%s", whole, (int)digits, part, unit);
}

void out_duration(uint64_t ns, char to[OUT_DURATION_BYTES])
{
    static const uint64_t second = 1000000000, minute = 60 * second, hour = 60 * minute;
    size_t at = 0;

    if (ns == 0) {
        (void)snprintf(to, OUT_DURATION_BYTES, "0s");
    } else if (ns < 1000) {
        (void)snprintf(to, OUT_DURATION_BYTES, "%uns", (unsigned)ns);
    } else if (ns < 1000000) {
        put_fraction(ns, 3, "\xc2\xb5s", to, OUT_DURATION_BYTES);
    } else if (ns < second) {
        put_fraction(ns, 6, "ms", to, OUT_DURATION_BYTES);
    } else {
        if (ns >= hour)
            at += (size_t)snprintf(to, OUT_DURATION_BYTES, "%" PRIu64 "h", ns / hour);
        if (ns >= minute)
            at += (size_t)snprintf(to + at, OUT_DURATION_BYTES - at, "%um", (unsigned)(ns % hour / minute));
        put_fraction(ns % minute, 9, "s", to + at, OUT_DURATION_BYTES - at);
    }
}

void out_short_duration(uint64_t ns, bool unicode, char to[OUT_DURATION_BYTES])
{
    static const struct {
        double ns;
        const char *plain, *unicode;
    } units[] = {{1e9, "s", "s"}, {1e6, "ms", "ms"}, {1e3, "us", "\xc2\xb5s"}, {1, "ns", "ns"}};
    size_t at = 0;

    while (at < ARRAY_LEN(units) - 1 && (double)ns < units[at].ns)
        at++;
    double value = (double)ns / units[at].ns;
    int digits = at == ARRAY_LEN(units) - 1 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    (void)snprintf(to, OUT_DURATION_BYTES, "%.*f%s", digits, value, unicode ? units[at].unicode : units[at].plain);
}

void out_log_time(char to[OUT_TIME_BYTES])
{
    clock_format_local(clock_wall_ms(), to);
    to[4] = to[7] = '/';
}

bool out_can_ask(void) { return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO); }

bool out_confirm(const char *what)
{
    char line[16] = "";

    if (!out_can_ask())
        return true;
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s [y/N] ", what);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

int out_confirm_name(const char *what, const char *name, bool yes)
{
    char line[512] = "";

    if (yes)
        return EXIT_OK;
    if (!out_can_ask())
        return out_error(EXIT_USAGE, "%s: nobody is here to be asked, so it wants --yes", what);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s. Type its name to go on: ", what);
    if (!fgets(line, sizeof(line), stdin))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return strcmp(line, name) == 0 ? EXIT_OK : out_error(EXIT_FAILED, "nothing was done");
}

bool out_append_member(struct buf *out, const char *key, const char *text)
{
    return buf_printf(out, "\"%s\":", key) && json_append_string(out, slice_str(text));
}

bool out_is_unicode(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool is = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale)
        freelocale(locale);
    return is;
}

bool out_is_fancy(void)
{
    const char *no = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(no && no[0] != '\0');
}

const char *out_bold(bool on)
{
    if (!out_is_fancy())
        return "";
    return on ? "\x1b[1m" : "\x1b[0m";
}

void out_progress_begin(struct out_progress *bar, uint64_t total, bool want)
{
    *bar = (struct out_progress){.total = total, .start_ns = clock_boot_ns()};
    bar->shown = want && total > 1 && isatty(STDERR_FILENO);
}

static void draw(const struct out_progress *bar, uint64_t now_ns)
{
    char cells[BAR_CHARS + 1];
    size_t full = (size_t)(bar->done * BAR_CHARS / max_u64(bar->total, 1));
    uint64_t ns = max_u64(now_ns - bar->start_ns, 1);

    memset(cells, '.', BAR_CHARS);
    memset(cells, '#', full);
    cells[BAR_CHARS] = '\0';
    (void)fprintf(stderr, "\r[%s] %" PRIu64 "/%" PRIu64 "  %.0f/s\x1b[K", cells, bar->done, bar->total,
                  (double)bar->done * 1e9 / (double)ns);
}

void out_progress_step(struct out_progress *bar, uint64_t done)
{
    bar->done = done;
    if (!bar->shown)
        return;
    uint64_t now_ns = clock_boot_ns();
    if (now_ns - bar->drawn_ns < BAR_EVERY_NS)
        return;
    bar->drawn_ns = now_ns;
    draw(bar, now_ns);
}

void out_progress_end(struct out_progress *bar)
{
    if (!bar->shown)
        return;
    draw(bar, clock_boot_ns());
    (void)fputc('\n', stderr);
}
