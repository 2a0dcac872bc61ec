/*
 * settings.h - one table describes what a program can be told: flags, environment, ini file
 *
 * What   A program has one `struct setting` table; from it come parsing, checking, `-help`, `--print-config` and the
 *        manual. Order: flags over environment over ini file over defaults.
 *        flags  -http_addr=x  --http_addr=x  -http_addr x  --http_addr x  --http-addr x; a bool may stand alone
 *        env    GMQ_<FLAG IN UPPER CASE>, such as GMQ_HTTP_ADDR
 *        ini    `key = value   # remark` in [section]; CRLF and a BOM are fine; `;` remarks too; the path of the
 *               file is -config_file or GMQ_CONFIG_FILE
 * Errors One line says where and what is allowed: `conf.ini:12: [node] msgTTR = 301: must be 1..300`.
 * Owns   The program's value struct; its strings are allocated here, settings_free() gives them back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_SETTINGS_H
#define GMQ_APP_SETTINGS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    SETTINGS_MAX = 96,             /* rows of a table */
    SETTINGS_FILE_BYTES = 1 << 20, /* an ini file */
    SETTINGS_VALUE_BYTES = 4096,   /* a value */
};

enum setting_type {
    SETTING_STRING, /* char *, never NULL */
    SETTING_U64,    /* uint64_t in min..max */
    SETTING_INT,    /* int64_t in min..max (as signed) */
    SETTING_BYTES,  /* uint64_t in min..max; "64k", "16m", "1g" */
    SETTING_BOOL,   /* bool; true false yes no on off 1 0 */
};

/* One thing that can be set. */
struct setting {
    const char *flag;    /* "http_addr", NULL = neither flag nor environment */
    const char *section; /* "http_server", NULL = not in the ini file */
    const char *key;     /* "addr" */
    enum setting_type type;
    size_t offset;        /* of the value in the program's struct */
    uint64_t min, max;    /* of numbers */
    const char *fallback; /* the default, as text */
    const char *value;    /* what -help calls the value: "ADDR" */
    const char *help;     /* one line for -help and the ini file; NULL = hidden from -help and
                            from --print-config */
    /* Checks a text further: NULL, or what is allowed ("always, interval:MS or none"). May be NULL. */
    const char *(*check)(const char *text);
};

/* A key of a sister program, accepted and ignored, so that one file can serve all. */
struct setting_alien {
    const char *section, *key;
};

/* Something the program can be asked to do instead of serving, for -help. */
struct setting_command {
    const char *flags; /* "--check DIR [--json]" */
    const char *help;  /* any length; -help breaks it into lines */
};

struct settings_report {
    struct buf notes;  /* lines for the log, each with its \n: values that were corrected */
    char error[1024];  /* why it failed, one line without \n */
};

struct settings_spec {
    const char *program;
    const char *summary; /* one line for -help */
    const struct setting *table;
    size_t count;
    const struct setting_alien *aliens;
    size_t alien_count;
    const struct setting_command *commands; /* for -help alone; main() looks for them itself */
    size_t command_count;
    size_t bytes; /* of the program's struct */
    /*
     * Called when all values are in: derives fields and checks values against each other. Returns 0, or negative with
     * report->error written. May be NULL.
     */
    int (*finish)(void *values, struct settings_report *report);
};

enum settings_action {
    SETTINGS_RUN,    /* go on */
    SETTINGS_PRINT,  /* print `text` on standard output and exit 0 */
    SETTINGS_REFUSE, /* print report->error on standard error and exit 2 */
};

/*
 * Reads everything into `values` (zeroed by the caller). `env` answers for a variable's name (getenv outside of
 * tests). `text` gets what -help, -version, --print-config or --check-config print.
 */
enum settings_action settings_load(const struct settings_spec *spec, int argc, char **argv,
                                   char *(*env)(const char *name), void *values, struct settings_report *report,
                                   struct buf *text);

/*
 * The same for main(): prints what is to be printed and returns true when the program shall run, else false with the
 * exit code. The notes of the report are kept for settings_log_notes(). The values are the caller's to free either way.
 */
NODISCARD bool settings_start(const struct settings_spec *spec, int argc, char **argv, void *values,
                              struct settings_report *report, int *ret_exit);

/* Writes the notes into the log, as warnings, and drops them. */
void settings_log_notes(struct settings_report *report);

/* Gives the strings back. */
void settings_free(const struct settings_spec *spec, void *values);

/* Reads one ini text over `values`; `name` is for messages. 0, or negative with report->error. For tests, fuzzing. */
NODISCARD int settings_read_ini(const struct settings_spec *spec, const char *name, struct slice ini, void *values,
                                struct settings_report *report);

/* Sets every value to its default. 0 or -ENOMEM. */
NODISCARD int settings_defaults(const struct settings_spec *spec, void *values);

/* Writes -help, or a loadable ini file with the present values. False when out of memory. */
NODISCARD bool settings_print_help(const struct settings_spec *spec, struct buf *out);
NODISCARD bool settings_print_ini(const struct settings_spec *spec, const void *values, struct buf *out);

/* Appends a number of bytes as people write it: 16m, 64k, 5000000. */
NODISCARD bool setting_bytes_text(struct buf *out, uint64_t bytes);

/* Puts an error into the report, as printf; returns -EINVAL. */
int settings_refuse(struct settings_report *report, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
