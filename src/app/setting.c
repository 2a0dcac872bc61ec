/* setting.c - see setting.h. SPDX-License-Identifier: MIT */
#include "app/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static void *field(const struct setting *row, void *values) { return (char *)values + row->offset; }
static const void *const_field(const struct setting *row, const void *values)
{
    return (const char *)values + row->offset;
}

bool setting_bytes_text(struct buf *out, uint64_t bytes)
{
    static const struct {
        unsigned shift;
        const char *unit;
    } units[] = {{30, "g"}, {20, "m"}, {10, "k"}};

    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (bytes > 0 && bytes % (UINT64_C(1) << units[i].shift) == 0)
            return buf_printf(out, "%llu%s", (unsigned long long)(bytes >> units[i].shift), units[i].unit);
    return buf_printf(out, "%llu", (unsigned long long)bytes);
}

void setting_range(const struct setting *row, char to[SETTING_RANGE_BYTES])
{
    struct buf text;

    to[0] = '\0';
    switch (row->type) {
    case SETTING_STRING:
        return;
    case SETTING_BOOL:
        (void)snprintf(to, SETTING_RANGE_BYTES, "must be true or false");
        return;
    case SETTING_INT:
        (void)snprintf(to, SETTING_RANGE_BYTES, "must be %lld..%lld", (long long)row->min, (long long)row->max);
        if ((int64_t)row->min == INT64_MIN)
            (void)snprintf(to, SETTING_RANGE_BYTES, "must be a number, at most %lld", (long long)row->max);
        return;
    case SETTING_U64:
        (void)snprintf(to, SETTING_RANGE_BYTES, "must be %llu..%llu", (unsigned long long)row->min,
                       (unsigned long long)row->max);
        return;
    case SETTING_BYTES:
        buf_init(&text, SETTING_RANGE_BYTES);
        if (buf_append_str(&text, "must be ") && setting_bytes_text(&text, row->min) && buf_append_str(&text, "..") &&
            setting_bytes_text(&text, row->max) && buf_append_str(&text, " (k, m, g are understood)"))
            (void)snprintf(to, SETTING_RANGE_BYTES, "%.*s", (int)buf_len(&text), buf_data(&text));
        buf_free(&text);
        return;
    }
}

static bool parse_bool(const char *text, bool *ret)
{
    static const char *const words[] = {"false", "no", "off", "0", "true", "yes", "on", "1"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i]) == 0) {
            *ret = i >= ARRAY_LEN(words) / 2;
            return true;
        }
    return false;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool set_number(const struct setting *row, void *values, struct slice text)
{
    uint64_t number;
    int64_t integer;

    if (row->type == SETTING_INT) {
        if (!num_parse_i64(text, &integer) || integer < (int64_t)row->min || integer > (int64_t)row->max)
            return false;
        *(int64_t *)field(row, values) = integer;
        return true;
    }
    if (!(row->type == SETTING_BYTES ? num_parse_bytes(text, &number) : num_parse_u64(text, &number)) ||
        number < row->min || number > row->max)
        return false;
    *(uint64_t *)field(row, values) = number;
    return true;
}

static int set_string(const struct setting *row, void *values, const char *text)
{
    char **to = field(row, values);
    char *copy = strdup(text);

    if (!copy)
        return -ENOMEM;
    free(*to);
    *to = copy;
    return 0;
}

int setting_set(const struct setting *row, void *values, const char *where, const char *text,
                struct settings_report *report)
{
    char range[SETTING_RANGE_BYTES];
    const char *why;
    bool good = true;

    if (strlen(text) >= SETTINGS_VALUE_BYTES)
        return settings_refuse(report, "%s: longer than %d bytes", where, SETTINGS_VALUE_BYTES - 1);
    if (!is_plain(text))
        return settings_refuse(report, "%s: holds a control byte", where);
    /* What an ini file could not say must not come by a flag either. */
    if (strchr(text, '"') || strstr(text, " ;"))
        return settings_refuse(report, "%s = %s: must hold neither quotes nor a ; after a blank", where, text);
    if (row->check && (why = row->check(text)))
        return settings_refuse(report, "%s = %s: %s", where, text, why);
    if (row->type == SETTING_STRING) {
        if (set_string(row, values, text) != 0)
            return settings_refuse(report, "%s: out of memory", where);
        return 0;
    }
    if (row->type == SETTING_BOOL)
        good = parse_bool(text, field(row, values));
    else
        good = set_number(row, values, slice_str(text));
    if (good)
        return 0;
    setting_range(row, range);
    return settings_refuse(report, "%s = %s: %s", where, text, range);
}

bool setting_format(const struct setting *row, const void *values, struct buf *out)
{
    const void *at = const_field(row, values);

    switch (row->type) {
    case SETTING_STRING: return buf_append_str(out, *(char *const *)at ? *(char *const *)at : "");
    case SETTING_U64: return buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
    case SETTING_INT: return buf_printf(out, "%lld", (long long)*(const int64_t *)at);
    case SETTING_BYTES: return setting_bytes_text(out, *(const uint64_t *)at);
    case SETTING_BOOL: return buf_append_str(out, *(const bool *)at ? "true" : "false");
    }
    return false;
}

void setting_free(const struct setting *row, void *values)
{
    if (row->type != SETTING_STRING)
        return;
    free(*(char **)field(row, values));
    *(char **)field(row, values) = NULL;
}
