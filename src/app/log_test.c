/* log_test.c - the format of lines, escapes, rotation, limits. SPDX-License-Identifier: MIT */
#include "app/log.h"

#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *file_path(void)
{
    char *dir = unit_tmpdir(), *path = NULL;

    assert_true(asprintf(&path, "%s/x.log", dir) > 0);
    free(dir);
    return path;
}

static char *read_file(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *file = fopen(path, "r");

    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, 65535, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

TEST(log_writes_lines_in_the_format_and_escapes_control_bytes)
{
    char *path = file_path();
    const struct logger_options opt = {.level = LOG_INFO, .file = path, .file_bytes_max = 1, .rotate = true};
    char level;
    int year;

    assert_int_equal(logger_open(&opt), 0);
    log_info("http", "a\nb\x1b %d", 7);
    log_trace("http", "not seen");
    log_error("store", "second");
    logger_close();
    char *text = read_file(path);
    assert_int_equal(sscanf(text, "[%c] [%d-", &level, &year), 2);
    assert_int_equal(level, 'I');
    assert_non_null(strstr(text, "] [http] a\\x0ab\\x1b 7\n[E] ["));
    assert_null(strstr(text, "not seen"));
    free(text);
    free(path);
}

TEST(log_file_is_rotated_at_its_maximum_and_five_old_ones_are_kept)
{
    char *path = file_path(), *old = NULL;
    char line[1800];
    const struct logger_options opt = {.level = LOG_INFO, .file = path, .file_bytes_max = 1, .rotate = true};

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(logger_open(&opt), 0);
    for (int i = 0; i < 8 * LOG_FILE_BYTES_MIN / 1800; i++)
        log_info("t", "%s", line);
    logger_close();
    for (int i = 1; i <= 6; i++) {
        free(old);
        assert_true(asprintf(&old, "%s.%d", path, i) > 0);
        assert_int_equal(access(old, F_OK), i <= 5 ? 0 : -1);
    }
    free(old);
    free(path);
}

TEST(log_limit_counts_what_it_leaves_out)
{
    char *path = file_path();
    const struct logger_options opt = {.level = LOG_INFO, .file = path, .rotate = false};
    struct log_limit limit = {.every_ms = 1000000};

    assert_int_equal(logger_open(&opt), 0);
    for (int i = 0; i < 5; i++)
        log_limited(&limit, LOG_WARN, "t", "line %d", i);
    limit.next_ms = 0;
    log_limited(&limit, LOG_WARN, "t", "last");
    logger_close();
    char *text = read_file(path);
    assert_non_null(strstr(text, "[t] line 0\n"));
    assert_null(strstr(text, "line 1"));
    assert_non_null(strstr(text, "[t] last (and 4 like it)\n"));
    free(text);
    free(path);
}

TEST(log_that_cannot_open_its_file_says_so)
{
    const struct logger_options opt = {.level = LOG_INFO, .file = "/nowhere/at/all.log"};

    assert_true(logger_open(&opt) < 0);
    logger_close();
}
