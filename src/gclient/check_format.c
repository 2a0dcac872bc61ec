/* check_format.c - findings for monitors; see check.h. SPDX-License-Identifier: MIT */
#include "gclient/check.h"

#include "gclient/out.h"

static const char *const STATUS_WORDS[] = {"ok", "warning", "critical", "unknown"};
static const char *const STATUS_NAGIOS[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* 3, 0.000512 */
static bool number(struct buf *out, const struct check_measure *measure, double value)
{
    return measure->is_time ? buf_printf(out, "%.6f", value) : buf_printf(out, "%.0f", value);
}

/* A text in a line where | begins the figures. */
static bool plain(struct buf *out, const char *text)
{
    size_t before = buf_len(out);

    if (!out_append_readable(out, slice_str(text)))
        return false;
    for (size_t i = before; i < buf_len(out); i++)
        if (buf_data(out)[i] == '|')
            buf_data(out)[i] = '/';
    return true;
}

/* "3 ready", or "12 ready (more than 10)". */
static bool finding(struct buf *out, const struct check_measure *measure)
{
    bool fits = number(out, measure, measure->value) &&
                buf_printf(out, "%s %s", measure->is_time ? " s" : "", measure->name);

    if (!fits || measure->status == EXIT_CHECK_OK)
        return fits;
    return buf_append_str(out, " (more than ") &&
           number(out, measure, measure->status == EXIT_CHECK_CRITICAL ? measure->max : measure->warn) &&
           buf_append_str(out, ")");
}

static bool threshold(struct buf *out, const struct check_measure *measure, double value)
{
    return buf_append_str(out, ";") && (value < 0 || number(out, measure, value));
}

static bool as_nagios(struct buf *out, const struct check *check)
{
    bool fits = buf_printf(out, "GMQ %s - %s%s", STATUS_NAGIOS[check->status], check->topic ? "topic " : "node",
                           check->topic ? "" : "") &&
                plain(out, check->topic ? check->topic : "") && buf_append_str(out, ": ") && plain(out, check->why);

    for (size_t i = 0; i < check->count && fits; i++)
        fits = (!(i > 0 || check->why[0]) || buf_append_str(out, ", ")) && finding(out, &check->measures[i]);
    for (size_t i = 0; i < check->count && fits; i++) {
        const struct check_measure *measure = &check->measures[i];
        fits = buf_printf(out, "%s%s=", i == 0 ? " | " : " ", measure->name) && number(out, measure, measure->value) &&
               buf_append_str(out, measure->is_time ? "s" : "") && threshold(out, measure, measure->warn) &&
               threshold(out, measure, measure->max) && buf_append_str(out, ";0");
    }
    return fits && buf_append_str(out, "\n");
}

static bool as_text(struct buf *out, const struct check *check)
{
    bool fits = buf_printf(out, "%-10s %s", STATUS_WORDS[check->status], check->topic ? "topic " : "node") &&
                out_append_readable(out, slice_str(check->topic ? check->topic : "")) && buf_append_str(out, "\n");

    if (check->why[0])
        fits = fits && buf_append_str(out, "           ") && out_append_readable(out, slice_str(check->why)) &&
               buf_append_str(out, "\n");
    for (size_t i = 0; i < check->count && fits; i++)
        fits = buf_printf(out, "  %-8s ", STATUS_WORDS[check->measures[i].status]) &&
               finding(out, &check->measures[i]) && buf_append_str(out, "\n");
    return fits;
}

static bool json_threshold(struct buf *out, const struct check_measure *measure, const char *key, double value)
{
    return buf_printf(out, ",\"%s\":", key) && (value < 0 ? buf_append_str(out, "null") : number(out, measure, value));
}

static bool as_json(struct buf *out, const struct check *check)
{
    bool fits = buf_printf(out, "{\"check\":\"%s\",", check->topic ? "topic" : "node") &&
                (!check->topic || (out_append_member(out, "topic", check->topic) && buf_append_str(out, ","))) &&
                buf_printf(out, "\"status\":\"%s\",\"code\":%d,", STATUS_WORDS[check->status], check->status) &&
                out_append_member(out, "text", check->why) && buf_append_str(out, ",\"measures\":[");

    for (size_t i = 0; i < check->count && fits; i++) {
        const struct check_measure *measure = &check->measures[i];
        fits = buf_printf(out, "%s{\"name\":\"%s%s\",\"value\":", i > 0 ? "," : "", measure->name,
                          measure->is_time ? "_seconds" : "") &&
               number(out, measure, measure->value) && json_threshold(out, measure, "warn", measure->warn) &&
               json_threshold(out, measure, "max", measure->max) &&
               buf_printf(out, ",\"status\":\"%s\"}", STATUS_WORDS[measure->status]);
    }
    return fits && buf_append_str(out, "]}\n");
}

/* {check="topic",topic="..."} with \ " and line ends escaped. */
static bool labels(struct buf *out, const struct check *check)
{
    bool fits = buf_printf(out, "{check=\"%s\"", check->topic ? "topic" : "node");

    if (check->topic) {
        fits = fits && buf_append_str(out, ",topic=\"");
        for (const char *c = check->topic; *c != '\0' && fits; c++)
            fits = *c == '\n' ? buf_append_str(out, "\\n")
                              : (!(*c == '\\' || *c == '"') || buf_append_str(out, "\\")) && buf_append(out, c, 1);
        fits = fits && buf_append_str(out, "\"");
    }
    return fits && buf_append_str(out, "} ");
}

static bool as_prometheus(struct buf *out, const struct check *check)
{
    bool fits = buf_append_str(out, "# HELP gmq_check_status 0 ok, 1 warning, 2 critical, 3 unknown\n"
                                    "# TYPE gmq_check_status gauge\ngmq_check_status") &&
                labels(out, check) && buf_printf(out, "%d\n", check->status);

    for (size_t i = 0; i < check->count && fits; i++) {
        const struct check_measure *measure = &check->measures[i];
        const char *unit = measure->is_time ? "_seconds" : "";
        fits = buf_printf(out, "# TYPE gmq_check_%s%s gauge\n", measure->name, unit) &&
               buf_printf(out, "gmq_check_%s%s", measure->name, unit) &&
               labels(out, check) && number(out, measure, measure->value) && buf_append_str(out, "\n");
    }
    return fits;
}

bool check_format(struct buf *out, const struct check *check, const char *format)
{
    static const struct {
        const char *name;
        bool (*append)(struct buf *out, const struct check *check);
    } formats[] = {{"nagios", as_nagios}, {"text", as_text}, {"json", as_json}, {"prometheus", as_prometheus}};

    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(format, formats[i].name) == 0)
            return formats[i].append(out, check);
    return false;
}
