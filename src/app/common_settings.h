/*
 * common_settings.h - what the daemons' tables have in common: addresses, logs, TLS keys, registry addresses
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_COMMON_SETTINGS_H
#define GMQ_APP_COMMON_SETTINGS_H

#include "app/log.h"
#include "app/settings.h"
#include "net/addr.h"

/* For struct setting.check: NULL, or what is allowed. */
const char *common_check_addr(const char *text);          /* an address to listen on */
const char *common_check_addr_or_empty(const char *text); /* "" too */
const char *common_check_log_target(const char *text);    /* comma list of console and file */
const char *common_check_registers(const char *text);     /* comma list of http://host:port and ip:port, or "" */
const char *common_check_path(const char *text);          /* not empty */

/* What the ini file says about the log. */
struct common_log {
    const char *target, *filename, *directory; /* borrowed */
    int64_t *level;                            /* 0 and negative become 2, as in the original */
    uint64_t *file_bytes_max;                  /* less than LOG_FILE_BYTES_MIN becomes that, with a note */
    bool rotate;
};

/*
 * Makes options for logger_open() of it. `*ret_file` is the path of the file target below `directory` (absolute names
 * stay as they are), owned by the caller, or NULL; ret->file points at it. 0, or negative with report->error.
 */
NODISCARD int common_log_options(const struct common_log *log, struct settings_report *report,
                                 struct logger_options *ret, char **ret_file);

/*
 * Splits a checked register_addr into URLs without a slash at the end ("http://127.0.0.1:9595"), each owned by the
 * caller. Returns how many, or negative with report->error (more than `max`, no memory).
 */
NODISCARD int common_registers(const char *text, char **urls, size_t max, struct settings_report *report);

/* Adds a line to the notes; lost when there is no memory. */
void common_note(struct settings_report *report, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* TLS is refused, by the name of its key, until there is TLS. */
NODISCARD int common_refuse_tls(bool enabled, const char *key, struct settings_report *report);

#endif
