/* settings_ini.c - the ini file of a program, read over its values. SPDX-License-Identifier: MIT */
#include "app/setting.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

enum { WHERE_BYTES = 512, KEYS_BYTES = 512 };

struct reading {
    const struct settings_spec *spec;
    const char *name; /* of the file, for messages */
    struct slice rest;
    void *values;
    struct settings_report *report;
    unsigned line;       /* the one that was read last, from 1 */
    unsigned error_line; /* of report->error, 0 = none */
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static void refuse_line(struct reading *reading, const char *why)
{
    if (reading->error_line > 0)
        return;
    reading->error_line = reading->line;
    (void)settings_refuse(reading->report, "%s:%u: %s", reading->name, reading->line, why);
}

static struct slice take_line(struct slice *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    struct slice line = slice_of(rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len);
    size_t taken = line.len + (end ? 1 : 0);

    *rest = slice_of(rest->ptr + taken, rest->len - taken);
    return line;
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = slice_of(text.ptr + 1, text.len - 1);
    while (text.len > 0 && (is_blank(text.ptr[text.len - 1]) || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* Where the search for a remark begins: behind a value that stands in quotes. */
static size_t after_quotes(struct slice line)
{
    const char *equals = memchr(line.ptr, '=', line.len);
    size_t at = equals ? (size_t)(equals - line.ptr) + 1 : line.len;

    while (at < line.len && is_blank(line.ptr[at]))
        at++;
    if (at >= line.len || (line.ptr[at] != '"' && line.ptr[at] != '\'' && line.ptr[at] != '`'))
        return 0;
    const char *close = memchr(line.ptr + at + 1, line.ptr[at], line.len - at - 1);
    return close ? (size_t)(close - line.ptr) + 1 : 0;
}

/* Cuts ` # remark` and ` ; remark`: a # right after a word belongs to the word. */
static struct slice cut_remark(struct slice line)
{
    if (line.len > 0 && (line.ptr[0] == '#' || line.ptr[0] == ';'))
        return slice_of(line.ptr, 0);
    for (size_t i = after_quotes(line); i < line.len; i++)
        if ((line.ptr[i] == '#' || line.ptr[i] == ';') && i > 0 && is_blank(line.ptr[i - 1]))
            return trim(slice_of(line.ptr, i));
    return line;
}

/* fgets() for inih. Lines come without indentation, which inih would take for a continued value. */
static char *read_line(char *to, int size, void *stream)
{
    struct reading *reading = stream;

    if (reading->rest.len == 0 || size < 2)
        return NULL;
    struct slice line = take_line(&reading->rest);
    reading->line++;
    if (line.len > 0 && memchr(line.ptr, '\0', line.len)) {
        refuse_line(reading, "holds a NUL byte");
        line.len = 0;
    }
    line = cut_remark(trim(line));
    if (line.len > (size_t)size - 2) {
        char why[WHERE_BYTES];

        (void)snprintf(why, sizeof(why), "longer than %d bytes; a flag or a GMQ_ variable may be longer", size - 2);
        refuse_line(reading, why);
        line.len = 0;
    }
    if (line.len > 0)
        memcpy(to, line.ptr, line.len);
    memcpy(to + line.len, "\n", 2);
    return to;
}

/* Says which keys or sections there are, since this one is not among them. */
static void refuse_key(struct reading *reading, const char *section, const char *key)
{
    const struct settings_spec *spec = reading->spec;
    char known[KEYS_BYTES] = "", why[KEYS_BYTES + WHERE_BYTES];
    size_t len = 0;

    for (size_t i = 0; i < spec->count && len < sizeof(known); i++)
        if (spec->table[i].section && strcmp(spec->table[i].section, section) == 0) {
            int n = snprintf(known + len, sizeof(known) - len, "%s%s", len > 0 ? ", " : "", spec->table[i].key);
            len += n > 0 ? (size_t)n : 0;
        }
    if (section[0] == '\0')
        (void)snprintf(why, sizeof(why), "'%s' stands before the first [section]", key);
    else if (len == 0)
        (void)snprintf(why, sizeof(why), "unknown section [%s]", section);
    else
        (void)snprintf(why, sizeof(why), "unknown key '%s' in [%s], which has: %s", key, section, known);
    refuse_line(reading, why);
}

static bool is_alien(const struct settings_spec *spec, const char *section, const char *key)
{
    for (size_t i = 0; i < spec->alien_count; i++)
        if (strcmp(spec->aliens[i].section, section) == 0 && strcmp(spec->aliens[i].key, key) == 0)
            return true;
    return false;
}

/* Called by inih for each key: 1 = good, 0 = not. */
static int take_pair(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *reading = ctx;
    const struct settings_spec *spec = reading->spec;
    char where[WHERE_BYTES], text[SETTINGS_VALUE_BYTES];
    size_t len = strlen(value);

    if (reading->error_line > 0)
        return 0;
    if (len >= 2 && value[0] == value[len - 1] && (value[0] == '"' || value[0] == '\'' || value[0] == '`')) {
        value++;
        len -= 2;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)min_u64(len, sizeof(text) - 1), value);
    for (size_t i = 0; i < spec->count; i++) {
        const struct setting *row = &spec->table[i];

        if (!row->section || strcmp(row->section, section) != 0 || strcmp(row->key, key) != 0)
            continue;
        (void)snprintf(where, sizeof(where), "%s:%u: [%s] %s", reading->name, reading->line, section, key);
        if (setting_set(row, reading->values, where, text, reading->report) == 0)
            return 1;
        reading->error_line = reading->line;
        return 0;
    }
    if (is_alien(spec, section, key))
        return 1;
    refuse_key(reading, section, key);
    return 0;
}

int settings_read_ini(const struct settings_spec *spec, const char *name, struct slice ini, void *values,
                      struct settings_report *report)
{
    struct reading reading = {.spec = spec, .name = name, .rest = ini, .values = values, .report = report};

    if (ini.len > SETTINGS_FILE_BYTES)
        return settings_refuse(report, "%s: larger than %d bytes", name, SETTINGS_FILE_BYTES);
    if (ini.len >= 3 && memcmp(ini.ptr, "\xef\xbb\xbf", 3) == 0)
        reading.rest = slice_of(ini.ptr + 3, ini.len - 3);
    int bad_line = ini_parse_stream(read_line, &reading, take_pair, &reading);
    if (bad_line < 0)
        return settings_refuse(report, "%s: out of memory", name);
    if (bad_line > 0 && (reading.error_line == 0 || (unsigned)bad_line < reading.error_line))
        return settings_refuse(report, "%s:%d: must be `key = value` or `[section]`", name, bad_line);
    return reading.error_line > 0 ? -1 : 0;
}
