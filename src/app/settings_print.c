/* settings_print.c - a table of settings as -help and as an ini file. SPDX-License-Identifier: MIT */
#include "app/setting.h"

#include <stdio.h>
#include <string.h>

static const char *type_word(const struct setting *row)
{
    static const char *const words[] = {
        [SETTING_STRING] = "TEXT", [SETTING_U64] = "N", [SETTING_INT] = "N", [SETTING_BYTES] = "BYTES",
        [SETTING_BOOL] = "true|false",
    };

    return row->value ? row->value : words[row->type];
}

static bool print_row(const struct setting *row, struct buf *out)
{
    char range[SETTING_RANGE_BYTES];

    setting_range(row, range);
    if (!buf_printf(out, "  -%s %s\n        %s\n        ", row->flag, type_word(row), row->help))
        return false;
    if ((row->section && !buf_printf(out, "[%s] %s; ", row->section, row->key)) ||
        !buf_printf(out, "default %s", row->fallback[0] ? row->fallback : "none"))
        return false;
    if (range[0] && row->type != SETTING_BOOL && !buf_printf(out, "; %s", range))
        return false;
    return buf_append_str(out, "\n");
}

/* A text in lines of at most HELP_COLUMNS, each behind eight blanks. */
static bool print_wrapped(const char *text, struct buf *out)
{
    enum { HELP_COLUMNS = 90 };

    while (*text != '\0') {
        size_t len = strlen(text);
        if (len > HELP_COLUMNS)
            for (len = HELP_COLUMNS; len > 1 && text[len] != ' '; len--)
                continue;
        if (!buf_printf(out, "        %.*s\n", (int)len, text))
            return false;
        text += len + strspn(text + len, " ");
    }
    return true;
}

bool settings_print_help(const struct settings_spec *spec, struct buf *out)
{
    if (!buf_printf(out,
                    "%s - %s\n\nusage: %s [-FLAG VALUE]...\n\n"
                    "A flag is written -flag value, -flag=value, --flag value or --flag=value. It may stand in the\n"
                    "environment instead, as GMQ_FLAG in capitals, or in the ini file, as [section] key. Flags win\n"
                    "over the environment, the environment over the file, the file over the defaults.\n\n",
                    spec->program, spec->summary, spec->program))
        return false;
    for (size_t i = 0; i < spec->count; i++)
        if (spec->table[i].flag && spec->table[i].help && !print_row(&spec->table[i], out))
            return false;
    for (size_t i = 0; i < spec->command_count; i++)
        if (!buf_printf(out, "  %s\n", spec->commands[i].flags) || !print_wrapped(spec->commands[i].help, out))
            return false;
    return buf_append_str(out, "  -check-config\n        read everything, say whether it is good, and exit\n"
                               "  -print-config\n        write the settings as an ini file and exit\n"
                               "  -version, -help\n        say so and exit\n");
}

/* True for the first row of its section. */
static bool opens_section(const struct settings_spec *spec, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (spec->table[i].section && strcmp(spec->table[i].section, spec->table[at].section) == 0)
            return false;
    return true;
}

/* What would be read as a remark, or lose its blanks or quotes. */
static bool needs_quotes(struct slice value)
{
    if (value.len == 0)
        return false;
    return memchr(value.ptr, '#', value.len) || memchr(value.ptr, ';', value.len) || strchr(" '`", value.ptr[0]) ||
           value.ptr[value.len - 1] == ' ';
}

static bool print_pair(const struct setting *row, const void *values, struct buf *out)
{
    struct buf text;
    bool good = false;

    buf_init(&text, SETTINGS_VALUE_BYTES);
    if (!setting_format(row, values, &text))
        goto out;
    const char *value = buf_len(&text) > 0 ? buf_data(&text) : "";
    int len = (int)buf_len(&text);
    bool quote = needs_quotes(slice_of(value, (size_t)len));

    if (!buf_printf(out, "# %s\n", row->help) ||
        !buf_printf(out, quote ? "%s = \"%.*s\"\n" : "%s = %.*s\n", row->key, len, value))
        goto out;
    good = true;
out:
    buf_free(&text);
    return good;
}

bool settings_print_ini(const struct settings_spec *spec, const void *values, struct buf *out)
{
    if (!buf_printf(out, "# %s " GMQ_VERSION "\n", spec->program))
        return false;
    for (size_t i = 0; i < spec->count; i++) {
        const struct setting *first = &spec->table[i];

        if (!first->section || !opens_section(spec, i))
            continue;
        if (!buf_printf(out, "\n[%s]\n", first->section))
            return false;
        for (size_t j = i; j < spec->count; j++)
            if (spec->table[j].section && spec->table[j].help &&
                strcmp(spec->table[j].section, first->section) == 0 && !print_pair(&spec->table[j], values, out))
                return false;
    }
    return true;
}
