/* settings.c - flags and environment, and the order in which all sources are asked. SPDX-License-Identifier: MIT */
#include "app/setting.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/log.h"

enum { FLAG_BYTES = 48, ENV_BYTES = 64, NOTES_BYTES = 4096, TEXT_BYTES = 1 << 16 };

/* What can be asked besides the table; their values in getopt lie behind those of the table. */
enum ask { ASK_NONE = SETTINGS_MAX, ASK_HELP, ASK_VERSION, ASK_CHECK, ASK_PRINT };

static const struct option ASKS[] = {
    {"help", no_argument, NULL, ASK_HELP},           {"h", no_argument, NULL, ASK_HELP},
    {"version", no_argument, NULL, ASK_VERSION},     {"check-config", no_argument, NULL, ASK_CHECK},
    {"check_config", no_argument, NULL, ASK_CHECK},  {"print-config", no_argument, NULL, ASK_PRINT},
    {"print_config", no_argument, NULL, ASK_PRINT},
};

struct flags {
    const char *value[SETTINGS_MAX]; /* by row of the table, NULL = not given */
    enum ask ask;
};

int settings_refuse(struct settings_report *report, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(report->error, sizeof(report->error), fmt, args);
    va_end(args);
    for (char *c = report->error; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return -EINVAL;
}

/* getopt takes any clear beginning of a flag; that would make every new flag a danger to old command lines. */
static bool is_whole(char **argv, const char *name)
{
    const char *word = argv[optind - 1];

    if (optarg && optarg == word)
        word = argv[optind - 2];
    word += strspn(word, "-");
    return strlen(name) == strcspn(word, "=") && strncmp(word, name, strlen(name)) == 0;
}

/* What getopt is told: each flag under its name, and with dashes where that has underscores. */
struct options {
    struct option list[2 * SETTINGS_MAX + ARRAY_LEN(ASKS) + 1];
    char dashed[SETTINGS_MAX][FLAG_BYTES];
};

static void make_options(const struct settings_spec *spec, struct options *options)
{
    size_t n = 0;

    for (size_t i = 0; i < spec->count; i++) {
        const struct setting *row = &spec->table[i];
        char *dashed = options->dashed[i];
        struct option option = {.name = row->flag, .val = (int)i,
                                .has_arg = row->type == SETTING_BOOL ? optional_argument : required_argument};

        if (!row->flag)
            continue;
        options->list[n++] = option;
        (void)snprintf(dashed, FLAG_BYTES, "%s", row->flag);
        for (char *c = dashed; *c != '\0'; c++)
            *c = (char)(*c == '_' ? '-' : *c);
        option.name = dashed;
        if (strcmp(dashed, row->flag) != 0)
            options->list[n++] = option;
    }
    memcpy(options->list + n, ASKS, sizeof(ASKS));
}

static int read_flags(const struct settings_spec *spec, int argc, char **argv, struct flags *ret,
                      struct settings_report *report)
{
    struct options options = {.list = {{0}}};
    int got, at = 0;

    make_options(spec, &options);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while ((got = getopt_long_only(argc, argv, ":", options.list, &at)) != -1) {
        if (got == ':')
            return settings_refuse(report, "flag %s needs a value", argv[optind - 1]);
        if (got == '?' || !is_whole(argv, options.list[at].name))
            return settings_refuse(report, "unknown flag %s; -help lists them", argv[optind - 1]);
        if (got >= SETTINGS_MAX)
            ret->ask = (enum ask)got;
        else
            ret->value[got] = optarg ? optarg : "true";
    }
    if (optind < argc)
        return settings_refuse(report, "unexpected argument '%s'; -help lists the flags", argv[optind]);
    return 0;
}

static void env_name(const char *flag, char to[ENV_BYTES])
{
    (void)snprintf(to, ENV_BYTES, "GMQ_%s", flag);
    for (char *c = to; *c != '\0'; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

int settings_defaults(const struct settings_spec *spec, void *values)
{
    struct settings_report report = {.error = ""};

    for (size_t i = 0; i < spec->count; i++)
        if (setting_set(&spec->table[i], values, "default", spec->table[i].fallback, &report) != 0)
            return -ENOMEM;
    return 0;
}

static int read_file(const struct settings_spec *spec, const char *path, void *values, struct settings_report *report)
{
    char *text = malloc(SETTINGS_FILE_BYTES + 1);
    FILE *file = fopen(path, "re");
    int err = -errno;

    if (!text || !file) {
        err = settings_refuse(report, "%s: %s", path, strerror(text ? -err : ENOMEM));
        goto out;
    }
    size_t len = fread(text, 1, SETTINGS_FILE_BYTES + 1, file);
    if (ferror(file))
        err = settings_refuse(report, "%s: cannot be read", path);
    else
        err = settings_read_ini(spec, path, slice_of(text, len), values, report);
out:
    if (file)
        (void)fclose(file);
    free(text);
    return err;
}

/* The ini file's path is a setting like the others, but it has to be known first. */
static const char *find_file(const struct settings_spec *spec, const struct flags *flags,
                             char *(*env)(const char *name))
{
    for (size_t i = 0; i < spec->count; i++)
        if (spec->table[i].flag && strcmp(spec->table[i].flag, "config_file") == 0)
            return flags->value[i] ? flags->value[i] : env("GMQ_CONFIG_FILE");
    return NULL;
}

static int read_all(const struct settings_spec *spec, const struct flags *flags, char *(*env)(const char *name),
                    void *values, struct settings_report *report)
{
    const char *file = find_file(spec, flags, env);
    char name[ENV_BYTES];

    if (settings_defaults(spec, values) != 0)
        return settings_refuse(report, "the table of settings is wrong, or there is no memory");
    if (file && file[0] != '\0' && read_file(spec, file, values, report) != 0)
        return -EINVAL;
    for (size_t i = 0; i < spec->count; i++) {
        const struct setting *row = &spec->table[i];
        const char *value;

        if (!row->flag)
            continue;
        env_name(row->flag, name);
        value = env(name);
        if (value && !flags->value[i] && setting_set(row, values, name, value, report) != 0)
            return -EINVAL;
        (void)snprintf(name, sizeof(name), "-%s", row->flag);
        if (flags->value[i] && setting_set(row, values, name, flags->value[i], report) != 0)
            return -EINVAL;
    }
    return spec->finish ? spec->finish(values, report) : 0;
}

enum settings_action settings_load(const struct settings_spec *spec, int argc, char **argv,
                                   char *(*env)(const char *name), void *values, struct settings_report *report,
                                   struct buf *text)
{
    struct flags flags = {.ask = ASK_NONE};
    bool good = true;

    ENSURE(spec->count <= SETTINGS_MAX);
    report->error[0] = '\0';
    buf_init(&report->notes, NOTES_BYTES);
    if (read_flags(spec, argc, argv, &flags, report) != 0)
        return SETTINGS_REFUSE;
    if (flags.ask == ASK_HELP)
        return settings_print_help(spec, text) ? SETTINGS_PRINT : SETTINGS_REFUSE;
    if (flags.ask == ASK_VERSION)
        return buf_printf(text, "%s " GMQ_VERSION "\n", spec->program) ? SETTINGS_PRINT : SETTINGS_REFUSE;
    if (read_all(spec, &flags, env, values, report) != 0)
        return SETTINGS_REFUSE;
    if (flags.ask == ASK_NONE)
        return SETTINGS_RUN;
    if (flags.ask == ASK_CHECK)
        good = (buf_len(&report->notes) == 0 || buf_append(text, buf_data(&report->notes), buf_len(&report->notes))) &&
               buf_append_str(text, "the configuration is good\n");
    else
        good = settings_print_ini(spec, values, text);
    return good ? SETTINGS_PRINT : SETTINGS_REFUSE;
}

bool settings_start(const struct settings_spec *spec, int argc, char **argv, void *values,
                    struct settings_report *report, int *ret_exit)
{
    struct buf text;

    buf_init(&text, TEXT_BYTES);
    enum settings_action action = settings_load(spec, argc, argv, getenv, values, report, &text);
    if (action == SETTINGS_PRINT && buf_append(&text, "", 1))
        log_print_out(buf_data(&text));
    if (action == SETTINGS_REFUSE) {
        log_print_err(spec->program);
        log_print_err(": ");
        log_print_err(report->error);
        log_print_err("\n");
    }
    buf_free(&text);
    if (action == SETTINGS_RUN)
        return true;
    buf_free(&report->notes);
    *ret_exit = action == SETTINGS_PRINT ? 0 : 2;
    return false;
}

void settings_log_notes(struct settings_report *report)
{
    while (buf_len(&report->notes) > 0) {
        const char *line = buf_data(&report->notes);
        const char *end = memchr(line, '\n', buf_len(&report->notes));
        size_t len = end ? (size_t)(end - line) : buf_len(&report->notes);

        log_warn("settings", "%.*s", (int)len, line);
        buf_consume(&report->notes, len + (end ? 1 : 0));
    }
    buf_free(&report->notes);
}

void settings_free(const struct settings_spec *spec, void *values)
{
    for (size_t i = 0; i < spec->count; i++)
        setting_free(&spec->table[i], values);
}
