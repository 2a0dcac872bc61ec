/* common_settings.c - see common_settings.h. SPDX-License-Identifier: MIT */
#include "app/common_settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_BYTES = 512, LEVEL_DEFAULT = LOG_INFO };

const char *common_check_addr(const char *text)
{
    struct addr addr;
    const char *why = NULL;

    return addr_parse(slice_str(text), &addr, &why) == 0 ? NULL : why;
}

const char *common_check_addr_or_empty(const char *text) { return text[0] == '\0' ? NULL : common_check_addr(text); }

const char *common_check_path(const char *text) { return text[0] == '\0' ? "must not be empty" : NULL; }

/* Takes the next word of a comma list, without blanks around it; false at its end. */
static bool next_word(const char **list, struct slice *ret)
{
    if (!*list)
        return false;
    const char *comma = strchr(*list, ',');
    struct slice word = slice_of(*list, comma ? (size_t)(comma - *list) : strlen(*list));

    *list = comma ? comma + 1 : NULL;
    while (word.len > 0 && (word.ptr[0] == ' ' || word.ptr[0] == '\t'))
        word = slice_of(word.ptr + 1, word.len - 1);
    while (word.len > 0 && (word.ptr[word.len - 1] == ' ' || word.ptr[word.len - 1] == '\t'))
        word.len--;
    *ret = word;
    return true;
}

const char *common_check_log_target(const char *text)
{
    struct slice word;

    for (const char *list = text; next_word(&list, &word);)
        if (!slice_is(word, "console") && !slice_is(word, "file"))
            return "must be console, file, or both with a comma";
    return NULL;
}

static bool takes_prefix(struct slice *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || strncasecmp(text->ptr, prefix, len) != 0)
        return false;
    *text = slice_of(text->ptr + len, text->len - len);
    return true;
}

/* Checks one address; what stays in `word` is host:port or, after http://, host. */
static const char *check_register(struct slice *word)
{
    struct addr addr;
    char with_port[ADDR_TEXT_BYTES];

    if (takes_prefix(word, "https://"))
        return "TLS is not available yet: https:// cannot be used";
    bool http = takes_prefix(word, "http://");
    if (http && word->len > 0 && word->ptr[word->len - 1] == '/')
        word->len--;
    if (word->len == 0 || word->ptr[0] == ':')
        return "must be a comma list of http://HOST:PORT or HOST:PORT";
    if (addr_parse(*word, &addr, NULL) == 0 && addr.port > 0)
        return NULL;
    (void)snprintf(with_port, sizeof(with_port), "%.*s:80", (int)min_u64(word->len, ADDR_HOST_BYTES), word->ptr);
    if (http && addr_parse(slice_str(with_port), &addr, NULL) == 0)
        return NULL;
    return "must be a comma list of http://HOST:PORT or HOST:PORT";
}

const char *common_check_registers(const char *text)
{
    struct slice word;
    const char *why = NULL;

    for (const char *list = text; !why && next_word(&list, &word);)
        if (word.len > 0)
            why = check_register(&word);
    return why;
}

int common_registers(const char *text, char **urls, size_t max, struct settings_report *report)
{
    struct slice word;
    size_t count = 0;

    for (const char *list = text; next_word(&list, &word);) {
        if (word.len == 0)
            continue;
        const char *why = check_register(&word);
        int err = 0;

        if (why)
            err = settings_refuse(report, "register_addr: %s", why);
        else if (count == max)
            err = settings_refuse(report, "register_addr: more than %zu addresses", max);
        else if (asprintf(&urls[count], "http://%.*s", (int)word.len, word.ptr) < 0)
            err = settings_refuse(report, "register_addr: out of memory");
        if (err != 0) {
            while (count > 0) {
                free(urls[--count]);
                urls[count] = NULL;
            }
            return err;
        }
        count++;
    }
    return (int)count;
}

void common_note(struct settings_report *report, const char *fmt, ...)
{
    char text[NOTE_BYTES];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)!(buf_append_str(&report->notes, text) && buf_append_str(&report->notes, "\n"));
}

int common_refuse_tls(bool enabled, const char *key, struct settings_report *report)
{
    return enabled ? settings_refuse(report, "%s = true: TLS is not available yet", key) : 0;
}

int common_log_options(const struct common_log *log, struct settings_report *report, struct logger_options *ret,
                       char **ret_file)
{
    struct slice word;
    bool file = false;

    if (*log->level <= 0)
        *log->level = LEVEL_DEFAULT;
    *ret = (struct logger_options){.level = (enum log_level)*log->level, .rotate = log->rotate};
    for (const char *list = log->target; next_word(&list, &word);) {
        ret->console = ret->console || slice_is(word, "console");
        file = file || slice_is(word, "file");
    }
    if (*log->file_bytes_max < LOG_FILE_BYTES_MIN) {
        common_note(report, "[log] max_size is less than %d and counts as that", LOG_FILE_BYTES_MIN);
        *log->file_bytes_max = LOG_FILE_BYTES_MIN;
    }
    ret->file_bytes_max = *log->file_bytes_max;
    free(*ret_file);
    *ret_file = NULL;
    if (!file)
        return 0;
    const char *directory = log->filename[0] == '/' ? "" : log->directory;
    if (asprintf(ret_file, "%s%s%s", directory, directory[0] ? "/" : "", log->filename) < 0) {
        *ret_file = NULL;
        return settings_refuse(report, "out of memory");
    }
    ret->file = *ret_file;
    return 0;
}
