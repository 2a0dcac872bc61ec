/* audit_test.c - see audit.h. SPDX-License-Identifier: MIT */
#include "gweb/audit.h"

#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "wire/json_check.h"

static void write_one(struct audit *audit, const char *target)
{
    const struct audit_entry entry = {.at_ms = 0, .user = "ann", .address = "::1", .action = "topic.purge",
                                      .target = target, .result = "ok", .detail = "", .counted = true, .count = 3};

    audit_write(audit, &entry);
}

static void read_page(const char *dir, size_t max, const char *text, const struct audit_cursor *from, struct buf *out)
{
    struct audit_query query = {.directory = dir, .entries_max = max, .from = *from};
    char error[JSON_ERROR_BYTES];

    (void)snprintf(query.text, sizeof(query.text), "%s", text);
    buf_clear(out);
    assert_int_equal(audit_read(&query, out), 0);
    assert_int_equal(json_check(buf_slice(out), error), 0);
    assert_true(buf_append(out, "", 1)); /* for the searches that follow */
}

/* The cursor of a page; false at the last. */
static bool next_of(struct buf *page, struct audit_cursor *ret)
{
    const char *at = strstr(buf_data(page), "],\"next\":");

    assert_non_null(at);
    at += sizeof("],\"next\":") - 1;
    return *at == '"' && audit_cursor_read(slice_of(at + 1, strcspn(at + 1, "\"")), ret);
}

/* How many entries of the log hold `text`, read in pages of `max`, and that their targets come last first. */
static unsigned count(const char *dir, size_t max, const char *text)
{
    struct audit_cursor cursor = {.inode = 0};
    struct buf page;
    unsigned seen = 0, last = ~0u;
    bool more = true;

    buf_init(&page, 64 << 20);
    while (more) {
        read_page(dir, max, text, &cursor, &page);
        for (const char *at = buf_data(&page); (at = strstr(at, "\"target\":\"")) != NULL;) {
            unsigned number = (unsigned)strtoul(at += 10, NULL, 10);
            assert_true(number < last);
            last = number;
            seen++;
        }
        more = next_of(&page, &cursor);
    }
    buf_free(&page);
    return seen;
}

TEST(audit_log_is_read_last_first_in_pages)
{
    char *dir = unit_tmpdir(), target[32];
    struct audit audit;

    assert_int_equal(audit_open(&audit, dir, 1 << 20), 0);
    assert_int_equal(count(dir, 10, ""), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(target, sizeof(target), "%d of Ours", i);
        write_one(&audit, target);
    }
    for (size_t max = 1; max < 120; max += 17)
        assert_int_equal(count(dir, max, ""), 100);
    assert_int_equal(count(dir, 7, "5 OF ours"), 10);
    assert_int_equal(count(dir, 7, "not there"), 0);
    audit_close(&audit);
    free(dir);
}

TEST(audit_log_is_rotated_once)
{
    char *dir = unit_tmpdir(), target[600], path[4200];
    struct audit audit;
    struct stat stat_old, stat_new;
    unsigned last;

    assert_int_equal(audit_open(&audit, dir, 65536), 0);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(target, sizeof(target), "%u %0500d", i, 0);
        write_one(&audit, target);
    }
    assert_int_equal(audit.lost, 0);
    (void)snprintf(path, sizeof(path), "%s/audit.log", dir);
    assert_int_equal(stat(path, &stat_new), 0);
    (void)snprintf(path, sizeof(path), "%s/audit.log.1", dir);
    assert_int_equal(stat(path, &stat_old), 0);
    assert_true(stat_new.st_size <= 65536 && stat_old.st_size <= 65536 && stat_old.st_size > 60000);
    assert_int_equal(stat_old.st_mode & 0777, 0600);
    last = count(dir, 200, "");
    assert_in_range(last, 90, 230);
    assert_int_equal(count(dir, 3, ""), last);
    audit_close(&audit);
    free(dir);
}

TEST(audit_log_with_damage_is_read_around_it)
{
    char *dir = unit_tmpdir(), path[4200], *rubbish = calloc(1, 1 << 20);
    struct audit audit;
    int fd;

    assert_int_equal(audit_open(&audit, dir, 1 << 30), 0);
    write_one(&audit, "1");
    audit_close(&audit);
    (void)snprintf(path, sizeof(path), "%s/audit.log", dir);
    fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, rubbish, 1 << 20), 1 << 20);
    assert_int_equal(write(fd, "\n{\"at\":\n\n{}x\n{\"torn", 19), 19);
    assert_int_equal(close(fd), 0);
    assert_int_equal(audit_open(&audit, dir, 1 << 30), 0);
    write_one(&audit, "2");
    assert_int_equal(count(dir, 1, ""), 2);
    assert_int_equal(count(dir, 100, "topic"), 2);
    audit_close(&audit);
    free(rubbish);
    free(dir);
}

TEST(audit_page_ends_where_enough_was_read)
{
    char *dir = unit_tmpdir(), target[4000];
    struct audit audit;
    struct audit_cursor cursor = {.inode = 0};
    struct buf page;
    unsigned pages = 1;

    assert_int_equal(audit_open(&audit, dir, 1 << 30), 0);
    write_one(&audit, "0 first");
    for (unsigned i = 1; i < 10000; i++) {
        (void)snprintf(target, sizeof(target), "%u %03500d", i, 0);
        write_one(&audit, target);
    }
    buf_init(&page, 1 << 20);
    read_page(dir, 10, "first", &cursor, &page);
    while (next_of(&page, &cursor)) {
        assert_null(strstr(buf_data(&page), "first"));
        read_page(dir, 10, "first", &cursor, &page);
        pages++;
    }
    assert_non_null(strstr(buf_data(&page), "0 first"));
    assert_in_range(pages, 2, 4);
    buf_free(&page);
    audit_close(&audit);
    free(dir);
}

TEST(audit_entries_hold_anything_in_one_line)
{
    char *dir = unit_tmpdir(), hostile[300];
    struct audit audit;

    for (size_t i = 0; i < sizeof(hostile) - 1; i++)
        hostile[i] = (char)(i % 255 + 1);
    hostile[sizeof(hostile) - 1] = '\0';
    assert_int_equal(audit_open(&audit, dir, 1 << 20), 0);
    const struct audit_entry entry = {.user = hostile, .address = hostile, .action = "x", .target = "7\"}\n{",
                                      .result = "ok", .detail = hostile};
    audit_write(&audit, &entry);
    assert_int_equal(audit.lost, 0);
    assert_int_equal(count(dir, 10, ""), 1);
    audit_close(&audit);
    free(dir);
}

TEST(audit_cursor_of_another_log_is_refused)
{
    char *dir = unit_tmpdir();
    struct audit audit;
    struct audit_query query = {.directory = dir, .entries_max = 1, .from = {.inode = 1, .offset = 1}};
    struct buf out;

    assert_int_equal(audit_open(&audit, dir, 1 << 20), 0);
    write_one(&audit, "1");
    buf_init(&out, 65536);
    assert_int_equal(audit_read(&query, &out), GMQ_E_CURSOR);
    static const char *const BAD[] = {"", "1", "1.", "0.1", "1.-1", "1.1.1", ".", "x.y"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_false(audit_cursor_read(slice_str(BAD[i]), &query.from));
    buf_free(&out);
    audit_close(&audit);
    free(dir);
}

TEST(audit_log_that_was_removed_or_cut_begins_anew)
{
    char *dir = unit_tmpdir(), path[4200];
    struct audit audit;

    assert_int_equal(audit_open(&audit, dir, 1 << 20), 0);
    write_one(&audit, "1");
    (void)snprintf(path, sizeof(path), "%s/audit.log", dir);
    assert_int_equal(unlink(path), 0);
    write_one(&audit, "2");
    write_one(&audit, "3");
    assert_int_equal(count(dir, 10, ""), 2);
    assert_int_equal(truncate(path, 0), 0);
    write_one(&audit, "4");
    assert_int_equal(count(dir, 10, ""), 1);
    assert_int_equal(audit.lost, 0);
    audit_close(&audit);
    free(dir);
}

TEST(audit_counts_what_it_loses_and_goes_on)
{
    char *dir = unit_tmpdir();
    struct audit audit;

    assert_int_equal(audit_open(&audit, dir, 1 << 20), 0);
    write_one(&audit, "1");
    int fd = audit.fd;
    audit.fd = open("/dev/full", O_WRONLY);
    write_one(&audit, "2");
    assert_int_equal(audit.lost, 1);
    assert_true(audit.failing);
    assert_int_equal(close(audit.fd), 0);
    audit.fd = fd;
    write_one(&audit, "3");
    assert_false(audit.failing);
    assert_int_equal(count(dir, 10, ""), 2);
    audit_close(&audit);
    free(dir);
}
