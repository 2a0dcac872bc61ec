/* log.c - lines of the human log to console and file. SPDX-License-Identifier: MIT */
#include "app/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"

enum { TEXT_BYTES = LOG_LINE_BYTES - 128, PATH_BYTES = 4096 };

static struct {
    pthread_mutex_t lock;
    enum log_level level;
    bool console, colour, journal;
    int fd; /* of the file, -1 = none */
    char path[PATH_BYTES];
    uint64_t bytes, bytes_max;
    bool rotate;
    uint64_t console_lost, file_lost; /* lines not taken */
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO, .console = true, .fd = -1};

static const struct {
    char letter;
    char priority; /* of syslog */
    const char *colour;
} LEVELS[] = {
    [LOG_ERROR] = {'E', '3', "\033[31m"}, [LOG_WARN] = {'W', '4', "\033[33m"},  [LOG_INFO] = {'I', '6', "\033[32m"},
    [LOG_TRACE] = {'T', '7', "\033[36m"}, [LOG_DEBUG] = {'D', '7', "\033[35m"},
};

/* Writes `from` with control bytes as \xNN; cuts what does not fit. */
static size_t escape(char *to, size_t size, const char *from)
{
    static const char HEX[] = "0123456789abcdef";
    size_t len = 0;

    for (; *from != '\0' && len + 5 <= size; from++) {
        unsigned char c = (unsigned char)*from;

        if (c >= 0x20 && c != 0x7f) {
            to[len++] = (char)c;
            continue;
        }
        memcpy(to + len, "\\x", 2);
        to[len + 2] = HEX[c >> 4];
        to[len + 3] = HEX[c & 15];
        len += 4;
    }
    to[len] = '\0';
    return len;
}

static int open_file(void)
{
    struct stat st;
    int fd = open(the_log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return -errno;
    the_log.fd = fd;
    the_log.bytes = fstat(fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return 0;
}

/* NAME.4 becomes NAME.5 ... NAME becomes NAME.1. Should that fail, the old file is written on. */
static void rotate_files(void)
{
    char from[PATH_BYTES + 16], to[PATH_BYTES + 16];

    for (int i = LOG_FILES_OLD; i > 0; i--) {
        (void)snprintf(to, sizeof(to), "%s.%d", the_log.path, i);
        if (i > 1)
            (void)snprintf(from, sizeof(from), "%s.%d", the_log.path, i - 1);
        else
            (void)snprintf(from, sizeof(from), "%s", the_log.path);
        (void)rename(from, to);
    }
    int old = the_log.fd;
    if (open_file() == 0)
        (void)close(old);
}

/* True when the console takes a line now: a pipe that nobody reads must not stop the daemon. */
static bool console_takes(void)
{
    struct pollfd pfd = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT);
}

static void write_console(enum log_level level, const char *line, size_t len)
{
    char out[LOG_LINE_BYTES + 32];

    if (!console_takes()) {
        the_log.console_lost++;
        return;
    }
    if (the_log.journal)
        len = (size_t)snprintf(out, sizeof(out), "<%c>%.*s\n", LEVELS[level].priority, (int)len, line);
    else if (the_log.colour)
        len = (size_t)snprintf(out, sizeof(out), "%s%.*s\033[0m\n", LEVELS[level].colour, (int)len, line);
    else
        len = (size_t)snprintf(out, sizeof(out), "%.*s\n", (int)len, line);
    if (write(STDERR_FILENO, out, len) != (ssize_t)len)
        the_log.console_lost++;
}

static void write_file(const char *line, size_t len)
{
    char out[LOG_LINE_BYTES + 2];

    if (the_log.rotate && the_log.bytes > 0 && the_log.bytes + len + 1 > the_log.bytes_max)
        rotate_files();
    len = (size_t)snprintf(out, sizeof(out), "%.*s\n", (int)len, line);
    ssize_t written = write(the_log.fd, out, len);
    if (written > 0)
        the_log.bytes += (uint64_t)written;
    if (written != (ssize_t)len)
        the_log.file_lost++;
}

static void write_line(enum log_level level, const char *category, const char *text)
{
    char line[LOG_LINE_BYTES], time[CLOCK_TEXT_BYTES];

    clock_format_local(clock_wall_ms(), time);
    int len = snprintf(line, sizeof(line), "[%c] [%s] [%.32s] %s", LEVELS[level].letter, time, category, text);
    if (len < 0)
        return;
    if (the_log.console)
        write_console(level, line, (size_t)len);
    if (the_log.fd >= 0)
        write_file(line, (size_t)len);
}

/* Says how many lines a target did not take, once it takes them again. */
static void write_losses(void)
{
    char text[96];
    uint64_t lost = the_log.console_lost + the_log.file_lost;

    if (lost == 0 || (the_log.console_lost > 0 && !console_takes()))
        return;
    the_log.console_lost = the_log.file_lost = 0;
    (void)snprintf(text, sizeof(text), "%llu log lines were lost before this one", (unsigned long long)lost);
    write_line(LOG_WARN, "log", text);
}

static void log_text(enum log_level level, const char *category, const char *text)
{
    char escaped[TEXT_BYTES];

    (void)escape(escaped, sizeof(escaped), text);
    (void)pthread_mutex_lock(&the_log.lock);
    write_losses();
    write_line(level, category, escaped);
    (void)pthread_mutex_unlock(&the_log.lock);
}

void log_line(enum log_level level, const char *category, const char *fmt, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    int saved = errno;

    if (level > the_log.level)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    log_text(level, category, text);
    errno = saved;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *category, const char *fmt, ...)
{
    char text[TEXT_BYTES];
    uint64_t now = clock_boot_ms();
    va_list args;
    int saved = errno;

    if (level > the_log.level)
        return;
    if (now < limit->next_ms) {
        limit->left_out++;
        return;
    }
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (limit->left_out > 0 && len >= 0 && (size_t)len < sizeof(text))
        (void)snprintf(text + len, sizeof(text) - (size_t)len, " (and %llu like it)",
                       (unsigned long long)limit->left_out);
    limit->next_ms = now + (limit->every_ms > 0 ? limit->every_ms : 1000);
    limit->left_out = 0;
    log_text(level, category, text);
    errno = saved;
}

int logger_open(const struct logger_options *opt)
{
    int err = 0;

    logger_close();
    (void)pthread_mutex_lock(&the_log.lock);
    the_log.level = opt->level;
    the_log.console = opt->console;
    the_log.journal = getenv("JOURNAL_STREAM") != NULL;
    the_log.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    the_log.rotate = opt->rotate;
    the_log.bytes_max = max_u64(opt->file_bytes_max, LOG_FILE_BYTES_MIN);
    if (opt->file) {
        if (snprintf(the_log.path, sizeof(the_log.path), "%s", opt->file) >= (int)sizeof(the_log.path))
            err = -ENAMETOOLONG;
        else
            err = open_file();
    }
    (void)pthread_mutex_unlock(&the_log.lock);
    return err;
}

void logger_close(void)
{
    (void)pthread_mutex_lock(&the_log.lock);
    if (the_log.fd >= 0)
        (void)close(the_log.fd);
    the_log.fd = -1;
    the_log.level = LOG_INFO;
    the_log.console = true;
    (void)pthread_mutex_unlock(&the_log.lock);
}

static void print_all(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

void log_print_out(const char *text) { print_all(STDOUT_FILENO, text); }
void log_print_err(const char *text) { print_all(STDERR_FILENO, text); }
