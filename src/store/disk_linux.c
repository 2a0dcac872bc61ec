/*
 * disk_linux.c - struct disk on Linux; the only file of the store that touches files
 *
 * Where the file system cannot claim room (fallocate says EOPNOTSUPP: NFS, some FUSE ones), allocate only sets the
 * size; a full disk shows at pwrite then.
 *
 * SPDX-License-Identifier: MIT
 */
#include "store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

enum {
    LOCK_TRIES = 200, /* 2 s */
    IOPRIO_WHO_THIS_THREAD = 1, /* ioprio_set(2): IOPRIO_WHO_PROCESS, which is a thread; 0 = this one */
    IOPRIO_LEVEL_LAST = 7,
};

static int result(int rc) { return rc < 0 ? -errno : rc; }

static int linux_open(void *ctx, const char *path, enum disk_open how)
{
    static const int flags[] = {
        [DISK_READ] = O_RDONLY, [DISK_WRITE] = O_RDWR, [DISK_CREATE] = O_RDWR | O_CREAT};

    (void)ctx;
    return result(open(path, flags[how] | O_CLOEXEC, 0640));
}

static void linux_close(void *ctx, int file)
{
    (void)ctx;
    (void)close(file);
}

static int linux_pwrite(void *ctx, int file, const void *from, size_t bytes, uint64_t at)
{
    const char *next = from;

    (void)ctx;
    while (bytes > 0) {
        ssize_t n = pwrite(file, next, bytes, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        next += n;
        at += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return 0;
}

static int64_t linux_pread(void *ctx, int file, void *to, size_t bytes, uint64_t at)
{
    size_t done = 0;

    (void)ctx;
    while (done < bytes) {
        ssize_t n = pread(file, (char *)to + done, bytes - done, (off_t)(at + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

static int linux_sync(void *ctx, int file)
{
    (void)ctx;
    return result(fdatasync(file));
}

static int64_t linux_size(void *ctx, int file)
{
    struct stat st;

    (void)ctx;
    return fstat(file, &st) < 0 ? -errno : (int64_t)st.st_size;
}

static int linux_truncate(void *ctx, int file, uint64_t bytes)
{
    (void)ctx;
    return result(ftruncate(file, (off_t)bytes));
}

static int linux_allocate(void *ctx, int file, uint64_t bytes)
{
    int rc;

    do
        rc = result(fallocate(file, 0, 0, (off_t)bytes));
    while (rc == -EINTR);
    if (rc != -EOPNOTSUPP)
        return rc;
    int64_t size = linux_size(ctx, file);
    return size < 0 ? (int)size : (uint64_t)size >= bytes ? 0 : linux_truncate(ctx, file, bytes);
}

static int linux_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    return result(rename(from, to));
}

static int linux_unlink(void *ctx, const char *path)
{
    (void)ctx;
    return result(unlink(path));
}

static int linux_make_dir(void *ctx, const char *path)
{
    struct stat st;

    (void)ctx;
    if (mkdir(path, 0750) == 0)
        return 0;
    int rc = -errno;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : rc;
}

static int linux_sync_dir(void *ctx, const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)ctx;
    if (dir < 0)
        return -errno;
    int rc = result(fsync(dir));
    (void)close(dir);
    return rc;
}

static void linux_forget(void *ctx, int file)
{
    (void)ctx;
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

/* Of the class "best effort" the last: what is in the class "idle" may stand still for as long as others are busy. */
static void linux_go_last(void *ctx, bool last)
{
    int class = last ? IOPRIO_CLASS_BE : IOPRIO_CLASS_NONE, level = last ? IOPRIO_LEVEL_LAST : 0;

    (void)ctx;
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_THIS_THREAD, 0, IOPRIO_PRIO_VALUE(class, level));
}

static int linux_list(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    DIR *dir = opendir(path);

    (void)ctx;
    if (!dir)
        return -errno;
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(arg, entry->d_name);
    int rc = -errno;
    (void)closedir(dir);
    return rc;
}

static uint64_t used_in(DIR *dir)
{
    uint64_t used = 0;

    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            used += (uint64_t)st.st_blocks * 512;
    }
    return used;
}

static int linux_space(void *ctx, const char *path, struct disk_space *ret)
{
    struct statvfs fs;
    struct stat st;
    DIR *dir = opendir(path);

    (void)ctx;
    if (!dir)
        return -errno;
    int rc = statvfs(path, &fs) < 0 || fstat(dirfd(dir), &st) < 0 ? -errno : 0;
    if (rc == 0)
        *ret = (struct disk_space){.free = (uint64_t)fs.f_bavail * fs.f_frsize,
                                   .used = used_in(dir),
                                   .id = (uint64_t)st.st_dev << 48 ^ (uint64_t)st.st_ino};
    (void)closedir(dir);
    return rc;
}

static uint64_t holder_pid(int file)
{
    char text[NUM_U64_MAX_CHARS];
    uint64_t pid = 0;
    ssize_t n = pread(file, text, sizeof(text), 0);

    while (n > 0 && (text[n - 1] < '0' || text[n - 1] > '9'))
        n--;
    return n > 0 && num_parse_u64(slice_of(text, (size_t)n), &pid) ? pid : 0;
}

/*
 * Takes the lock. A process that was killed may have a child that makes an image for it; the lock is free when that has
 * closed its files, at once but for the scheduler: so who holds a lock that nobody alive took is waited for a moment.
 */
static int take_lock(int file, int how, uint64_t *ret_pid)
{
    static const struct timespec PAUSE = {.tv_nsec = 10 * 1000 * 1000};
    int rc = 0;

    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        rc = flock(file, how | LOCK_NB) == 0 ? 0 : -errno;
        if (rc != -EWOULDBLOCK)
            return rc;
        *ret_pid = holder_pid(file);
        if (*ret_pid == 0 || *ret_pid > INT32_MAX || kill((pid_t)*ret_pid, 0) == 0 || errno != ESRCH)
            return rc;
        (void)nanosleep(&PAUSE, NULL);
    }
    return rc;
}

static int linux_lock(void *ctx, const char *path, uint64_t *ret_pid)
{
    char text[32];
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (file < 0)
        return -errno;
    int rc = take_lock(file, LOCK_EX, ret_pid);
    if (rc < 0) {
        (void)close(file);
        return rc;
    }
    int n = snprintf(text, sizeof(text), "%" PRIu64 "\n", (uint64_t)getpid());
    rc = linux_truncate(ctx, file, 0);
    if (rc == 0)
        rc = linux_pwrite(ctx, file, text, (size_t)n, 0);
    if (rc == 0 || rc == -ENOSPC) /* the lock is what counts; the pid is for people */
        return file;
    (void)close(file);
    return rc;
}

static int linux_hold(void *ctx, const char *path, uint64_t *ret_pid)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    (void)ctx;
    if (file < 0)
        return -errno;
    int rc = take_lock(file, LOCK_SH, ret_pid);
    if (rc == 0)
        return file;
    (void)close(file);
    return rc;
}

void disk_linux_init(struct disk *disk)
{
    *disk = (struct disk){
        .open = linux_open,
        .close = linux_close,
        .pwrite = linux_pwrite,
        .pread = linux_pread,
        .sync = linux_sync,
        .allocate = linux_allocate,
        .truncate = linux_truncate,
        .size = linux_size,
        .rename = linux_rename,
        .unlink = linux_unlink,
        .make_dir = linux_make_dir,
        .sync_dir = linux_sync_dir,
        .space = linux_space,
        .forget = linux_forget,
        .go_last = linux_go_last,
        .list = linux_list,
        .lock = linux_lock,
        .hold = linux_hold,
        .unlock = linux_close,
    };
}
