/* audit.c - see audit.h: writing. SPDX-License-Identifier: MIT */
#include "gweb/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/log.h"
#include "base/time_text.h"
#include "wire/json.h"

enum { PATH_BYTES = 4300, MODE = 0600 };

static bool put_text(struct buf *out, const char *name, const char *text)
{
    return buf_printf(out, ",\"%s\":", name) && json_append_string(out, slice_str(text));
}

bool audit_encode(struct buf *out, const struct audit_entry *entry)
{
    char at[TIME_TEXT_BYTES];

    (void)time_text_write(at, entry->at_ms);
    return buf_printf(out, "{\"at\":\"%.*s\"", (int)sizeof(at), at) && put_text(out, "user", entry->user) &&
           put_text(out, "address", entry->address) && put_text(out, "action", entry->action) &&
           put_text(out, "target", entry->target) &&
           (entry->counted ? buf_printf(out, ",\"count\":%" PRIu64, entry->count)
                           : buf_append_str(out, ",\"count\":null")) &&
           put_text(out, "result", entry->result) && put_text(out, "detail", entry->detail) &&
           buf_append_str(out, "}\n");
}

static void path_of(const struct audit *audit, const char *name, char to[PATH_BYTES])
{
    (void)snprintf(to, PATH_BYTES, "%s/%s", audit->directory, name);
}

/* What a crash left of a line gets an end. */
static int end_last_line(struct audit *audit)
{
    char last = '\n';

    if (audit->bytes > 0 && pread(audit->fd, &last, 1, (off_t)audit->bytes - 1) != 1)
        return -errno;
    if (last == '\n')
        return 0;
    if (write(audit->fd, "\n", 1) != 1)
        return -errno;
    audit->bytes++;
    return 0;
}

static int open_file(struct audit *audit)
{
    char path[PATH_BYTES];
    struct stat stat;

    path_of(audit, "audit.log", path);
    audit->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, MODE);
    if (audit->fd < 0)
        return -errno;
    if (fstat(audit->fd, &stat) != 0)
        return -errno;
    audit->bytes = (uint64_t)stat.st_size;
    return 0;
}

int audit_open(struct audit *audit, const char *directory, uint64_t file_bytes_max)
{
    *audit = (struct audit){.directory = directory, .file_bytes_max = file_bytes_max};
    int err = open_file(audit);

    if (err == 0)
        (void)end_last_line(audit); /* a full disk: the next entry has to look after itself */
    else
        log_error("audit", "%s/audit.log cannot be opened: %s", directory, strerror(-err));
    return err;
}

void audit_close(struct audit *audit)
{
    if (audit->fd >= 0)
        (void)close(audit->fd);
    audit->fd = -1;
}

static int rotate(struct audit *audit)
{
    char path[PATH_BYTES], old[PATH_BYTES];

    path_of(audit, "audit.log", path);
    path_of(audit, "audit.log.1", old);
    if (rename(path, old) != 0)
        return -errno;
    audit_close(audit);
    return open_file(audit);
}

/* Somebody may have cut or removed it meanwhile. */
static int find_file(struct audit *audit)
{
    struct stat stat;

    if (audit->fd >= 0 && fstat(audit->fd, &stat) == 0 && stat.st_nlink > 0) {
        audit->bytes = (uint64_t)stat.st_size;
        return 0;
    }
    audit_close(audit);
    return open_file(audit);
}

/* All of the line or nothing of it. */
static int append(struct audit *audit, struct slice line)
{
    int err = find_file(audit);
    if (err != 0)
        return err;
    if (audit->bytes > 0 && audit->bytes + line.len > audit->file_bytes_max) {
        err = rotate(audit);
        if (err != 0)
            return err;
    }
    ssize_t n = write(audit->fd, line.ptr, line.len);
    if (n == (ssize_t)line.len) {
        audit->bytes += line.len;
        return 0;
    }
    err = n < 0 ? -errno : -ENOSPC;
    if (n > 0 && ftruncate(audit->fd, (off_t)audit->bytes) != 0)
        audit->bytes += (uint64_t)n;
    return err;
}

void audit_write(struct audit *audit, const struct audit_entry *entry)
{
    struct buf line;
    int err = -EFBIG;

    buf_init(&line, AUDIT_LINE_BYTES_MAX);
    if (audit_encode(&line, entry))
        err = append(audit, buf_slice(&line));
    audit->failing = err != 0;
    if (err != 0) {
        audit->lost++;
        log_error("audit", "%s/audit.log cannot be written (%s); the entry is: %.*s", audit->directory,
                  strerror(-err), (int)(buf_len(&line) > 0 ? buf_len(&line) - 1 : 0),
                  buf_len(&line) > 0 ? buf_data(&line) : "");
    }
    buf_free(&line);
}
