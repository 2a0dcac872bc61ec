/* file.c - see file.h. SPDX-License-Identifier: MIT */
#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 64, READ_BYTES = 65536 };

static int write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes = slice_of(bytes.ptr + n, bytes.len - (size_t)n);
    }
    return 0;
}

static int open_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int file_save(const char *directory, const char *name, struct slice bytes, unsigned mode)
{
    char fresh[NAME_BYTES];
    int dir = open_directory(directory), err;

    if (dir < 0)
        return dir;
    (void)snprintf(fresh, sizeof(fresh), "%s.new", name);
    int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        err = -errno;
        goto out_dir;
    }
    err = write_all(fd, bytes);
    if (err == 0 && fsync(fd) != 0)
        err = -errno;
    if (close(fd) != 0 && err == 0)
        err = -errno;
    if (err == 0 && (renameat(dir, fresh, dir, name) != 0 || fsync(dir) != 0))
        err = -errno;
out_dir:
    (void)close(dir);
    return err;
}

int file_load(const char *directory, const char *name, struct buf *out)
{
    int dir = open_directory(directory), err = 0;

    if (dir < 0)
        return dir;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err = -errno;
        goto out_dir;
    }
    for (;;) {
        char bytes[READ_BYTES];
        ssize_t n = read(fd, bytes, sizeof(bytes));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err = -errno;
        if (n > 0 && !buf_append(out, bytes, (size_t)n))
            err = -EFBIG;
        if (n <= 0 || err != 0)
            break;
    }
    (void)close(fd);
out_dir:
    (void)close(dir);
    return err;
}

int file_set_aside(const char *directory, const char *name)
{
    char bad[NAME_BYTES];
    int dir = open_directory(directory), err = 0;

    if (dir < 0)
        return dir;
    (void)snprintf(bad, sizeof(bad), "%s.bad", name);
    if (renameat(dir, name, dir, bad) != 0)
        err = -errno;
    (void)close(dir);
    return err;
}
