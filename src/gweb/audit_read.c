/*
 * audit_read.c - the audit log from its end, see audit.h
 *
 * A window is read at the end of what is not yet looked at, its lines are taken last first, and the next window ends
 * where the first whole line of this one begins.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "gweb/audit.h"
#include "wire/json.h"
#include "wire/json_check.h"

enum { PATH_BYTES = 4300, WINDOW_BYTES = 256 * 1024, NEEDLE_BYTES = 6 * AUDIT_TEXT_BYTES_MAX + 2 };

static_assert((int)WINDOW_BYTES > (int)AUDIT_LINE_BYTES_MAX, "a line fits into a window");

struct reader {
    const struct audit_query *query;
    struct buf *out;
    struct slice needle;   /* as it stands in a line, in small letters */
    size_t entries;
    uint64_t scanned;
    char *window, *small;  /* WINDOW_BYTES each */
};

bool audit_cursor_read(struct slice text, struct audit_cursor *ret)
{
    const char *dot = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;

    if (!dot)
        return false;
    struct slice left = slice_of(text.ptr, (size_t)(dot - text.ptr));
    struct slice right = slice_of(dot + 1, text.len - left.len - 1);
    return num_parse_u64(left, &ret->inode) && num_parse_u64(right, &ret->offset) && ret->inode > 0;
}

static void to_small(char *to, struct slice from)
{
    for (size_t i = 0; i < from.len; i++)
        to[i] = (char)tolower((unsigned char)from.ptr[i]);
}

/* Takes a line where it is wanted. Damaged ones, which nobody can read anyway, are passed over. */
static bool take_line(struct reader *reader, struct slice line)
{
    char error[JSON_ERROR_BYTES];

    if (line.len < 2 || line.ptr[0] != '{')
        return true;
    if (reader->needle.len > 0) {
        to_small(reader->small, line);
        if (!memmem(reader->small, line.len, reader->needle.ptr, reader->needle.len))
            return true;
    }
    if (json_check(line, error) != 0)
        return true;
    if (!buf_append_str(reader->out, reader->entries > 0 ? ",\n" : "") ||
        !buf_append(reader->out, line.ptr, line.len))
        return false;
    reader->entries++;
    return true;
}

/* Looks at the lines of a window, last first. Returns where what is not looked at ends, in the window; negative. */
static long take_window(struct reader *reader, size_t bytes, bool from_start)
{
    size_t end = bytes;

    while (end > 0 && reader->entries < reader->query->entries_max) {
        const char *before = memrchr(reader->window, '\n', end - 1);
        if (!before && !from_start)
            return end == bytes ? 0 : (long)end; /* no line begins here: it is too long to be one of ours */
        size_t begin = before ? (size_t)(before + 1 - reader->window) : 0;
        size_t stop = reader->window[end - 1] == '\n' ? end - 1 : end;
        if (!take_line(reader, slice_of(reader->window + begin, stop - begin)))
            return -ENOMEM;
        end = begin;
    }
    return (long)end;
}

static int read_all(int fd, char *to, size_t bytes, uint64_t at)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(fd, to + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

/* Reads a file backwards from `*offset`, which is then where to go on. 0 or negative. */
static int read_file(struct reader *reader, int fd, uint64_t *offset)
{
    while (*offset > 0 && reader->entries < reader->query->entries_max && reader->scanned < AUDIT_SCAN_BYTES) {
        size_t bytes = min_u64(*offset, WINDOW_BYTES);
        uint64_t at = *offset - bytes;
        int err = read_all(fd, reader->window, bytes, at);
        long rest = err == 0 ? take_window(reader, bytes, at == 0) : err;
        if (rest < 0)
            return (int)rest;
        reader->scanned += bytes - (size_t)rest;
        *offset = at + (uint64_t)rest;
    }
    return 0;
}

/* 0 and the descriptor of audit.log or audit.log.1, -1 when there is none; negative. */
static int open_log(const char *directory, bool old, int *ret_fd, struct stat *ret_stat)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/audit.log%s", directory, old ? ".1" : "");
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*ret_fd < 0)
        return errno == ENOENT ? 0 : -errno;
    return fstat(*ret_fd, ret_stat) == 0 ? 0 : -errno;
}

/* Both files, the newer first; the cursor says where to begin, and then where to go on. */
static int read_both(struct reader *reader, struct audit_cursor *cursor)
{
    bool begun = cursor->inode == 0;
    struct audit_cursor next = {.inode = 0};
    int err = 0;

    for (int old = 0; old < 2 && err == 0 && next.inode == 0; old++) {
        struct stat stat;
        int fd;

        err = open_log(reader->query->directory, old == 1, &fd, &stat);
        if (fd < 0)
            continue;
        uint64_t offset = err == 0 ? (uint64_t)stat.st_size : 0;
        if (!begun && err == 0 && cursor->inode == stat.st_ino) {
            begun = true;
            offset = min_u64(offset, cursor->offset);
        } else if (!begun) {
            offset = 0;
        }
        if (err == 0 && begun)
            err = read_file(reader, fd, &offset);
        if (offset > 0)
            next = (struct audit_cursor){.inode = stat.st_ino, .offset = offset};
        (void)close(fd);
    }
    *cursor = next;
    return err == 0 && !begun ? GMQ_E_CURSOR : err;
}

int audit_read(const struct audit_query *query, struct buf *out)
{
    struct reader reader = {.query = query, .out = out};
    struct audit_cursor cursor = query->from;
    struct buf needle;
    int err = -ENOMEM;

    buf_init(&needle, NEEDLE_BYTES);
    reader.window = malloc(WINDOW_BYTES);
    reader.small = malloc(WINDOW_BYTES);
    if (!reader.window || !reader.small || !json_append_string(&needle, slice_str(query->text)) ||
        !buf_append_str(out, "{\"entries\":["))
        goto out;
    to_small(buf_data(&needle), buf_slice(&needle));
    reader.needle = slice_of(buf_data(&needle) + 1, buf_len(&needle) - 2);
    err = read_both(&reader, &cursor);
    if (err == 0 && !(cursor.inode > 0 ? buf_printf(out, "],\"next\":\"%" PRIu64 ".%" PRIu64 "\"}\n", cursor.inode,
                                                    cursor.offset)
                                       : buf_append_str(out, "],\"next\":null}\n")))
        err = -ENOMEM;
out:
    free(reader.window);
    free(reader.small);
    buf_free(&needle);
    return err;
}
