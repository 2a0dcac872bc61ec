/*
 * log.h - the human log of a daemon (the logger), and the only code of it that prints
 *
 * A line is `[I] [2006-01-02 15:04:05] [category] text`. Control bytes in the text are written as \xNN, so nothing a
 * client sends can forge a line. Targets: console (standard error; in colour on a terminal unless NO_COLOR is set;
 * with a `<N>` priority before each line under systemd, that is with JOURNAL_STREAM set) and file. A file that would
 * pass its maximum becomes NAME.1 (NAME.1 becomes NAME.2 ... up to NAME.5) and a new one begins.
 *
 * A console that does not take its lines (a full pipe) never stops the daemon: the lines are dropped and counted, and
 * the count is written when it takes lines again. A full disk likewise.
 *
 * One log a process; any thread may write lines.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_LOG_H
#define GMQ_APP_LOG_H

#include "base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_TRACE, LOG_DEBUG };

enum {
    LOG_LINE_BYTES = 2048,      /* a longer line is cut */
    LOG_FILES_OLD = 5,          /* kept by rotation */
    LOG_FILE_BYTES_MIN = 5000000, /* the least maximum of a file */
};

struct logger_options {
    enum log_level level;   /* lines above it are not written */
    bool console;
    const char *file;       /* path of the file target, NULL = none */
    uint64_t file_bytes_max;
    bool rotate;            /* false: the file grows without end */
};

/* Opens the targets. Before it, and after logger_close(), lines up to LOG_INFO go to the console. 0 or -errno. */
NODISCARD int logger_open(const struct logger_options *opt);
void logger_close(void);

/* Writes a line. `category` is a constant: "http", "store". */
void log_line(enum log_level level, const char *category, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_trace(...) log_line(LOG_TRACE, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* For a line that may come very often: one each `every_ms`, and with it how many were left out. Zero it to begin. */
struct log_limit {
    uint64_t every_ms; /* 0 = 1000 */
    uint64_t next_ms;  /* own */
    uint64_t left_out; /* own */
};

void log_limited(struct log_limit *limit, enum log_level level, const char *category, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Plain text outside of the log: -help and the like on standard output, complaints at start on standard error. */
void log_print_out(const char *text);
void log_print_err(const char *text);

#endif
