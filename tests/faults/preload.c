/*
 * preload.c - a library that stands between gnode and its files: counts calls, kills, fails, and runs out of room
 *
 * What   Loaded by LD_PRELOAD. Calls on files below the folder $FAULT_DIR are counted in struct control, which lies
 *        in the file $FAULT_FILE, mapped by the test too: so the test can arm a fault while the program runs, and
 *        read how far it got after it was killed. Other files and sockets are left alone.
 * Kill   SIGKILL takes the place of call number `at`; ACT_TEAR does half of a pwrite first.
 * Fail   The call, and with `forever` all that follow of the kinds in `kinds`, fail with `error`; ACT_SHORT lets a
 *        read or write do a part.
 * Room   With `room`, the files below the folder may take that many bytes; beyond it ENOSPC, as on a full disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum kind {
    KIND_OPEN,
    KIND_PWRITE,
    KIND_PREAD,
    KIND_FDATASYNC,
    KIND_FSYNC,
    KIND_FALLOCATE,
    KIND_FTRUNCATE,
    KIND_RENAME,
    KIND_UNLINK,
    KIND_WRITE,
};

enum action { ACT_COUNT, ACT_KILL, ACT_TEAR, ACT_FAIL, ACT_SHORT };

/* As tests/faults/faults.py packs it: native byte order, no gaps. */
struct control {
    uint64_t count;  /* calls so far, of the kinds in `kinds` */
    uint64_t at;     /* 0 = none */
    uint64_t room;   /* bytes; 0 = no limit */
    uint64_t faults; /* calls that were made to fail, those for want of room included */
    uint32_t action, kinds, error, forever;
    char last[64]; /* the call at which it struck */
};

enum { FILES_MAX = 65536, PATH_MAX_BYTES = 4096 };

static struct control *control;
static char dir[PATH_MAX_BYTES];
static size_t dir_len;
static _Atomic bool ours[FILES_MAX];
static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const NAMES[] = {"open", "pwrite", "pread", "fdatasync", "fsync",
                                    "fallocate", "ftruncate", "rename", "unlink", "write"};

static int (*real_open)(const char *path, int flags, ...);
static int (*real_close)(int file);
static ssize_t (*real_pwrite)(int file, const void *from, size_t bytes, off_t at);
static ssize_t (*real_pread)(int file, void *to, size_t bytes, off_t at);
static ssize_t (*real_write)(int file, const void *from, size_t bytes);
static int (*real_fdatasync)(int file);
static int (*real_fsync)(int file);
static int (*real_fallocate)(int file, int mode, off_t at, off_t bytes);
static int (*real_ftruncate)(int file, off_t bytes);
static int (*real_rename)(const char *from, const char *to);
static int (*real_unlink)(const char *path);
static int (*real_statvfs)(const char *path, struct statvfs *ret);

static void find(const char *name, void *to)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(to, &symbol, sizeof(symbol)); /* ISO C knows no cast from an object to a function */
}

static void find_all(void)
{
    find("open", &real_open);
    find("close", &real_close);
    find("pwrite", &real_pwrite);
    find("pread", &real_pread);
    find("write", &real_write);
    find("fdatasync", &real_fdatasync);
    find("fsync", &real_fsync);
    find("fallocate", &real_fallocate);
    find("ftruncate", &real_ftruncate);
    find("rename", &real_rename);
    find("unlink", &real_unlink);
    find("statvfs", &real_statvfs);
}

static void __attribute__((constructor)) begin(void)
{
    const char *file = getenv("FAULT_FILE"), *folder = getenv("FAULT_DIR");

    find_all();
    if (!file || !folder || strlen(folder) >= sizeof(dir))
        return;
    int handle = real_open(file, O_RDWR | O_CLOEXEC);
    if (handle < 0)
        return;
    void *map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    (void)real_close(handle);
    if (map == MAP_FAILED)
        return;
    dir_len = strlen(folder);
    memcpy(dir, folder, dir_len);
    control = map;
}

static bool is_below(const char *path)
{
    return control && strncmp(path, dir, dir_len) == 0 && (path[dir_len] == '/' || path[dir_len] == '\0');
}

static bool is_ours(int file) { return control && file >= 0 && file < FILES_MAX && ours[file]; }

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

/* Counts a call; what is to become of it. */
static enum action enter(enum kind kind, const char *what)
{
    uint32_t bit = UINT32_C(1) << kind;

    if ((control->kinds & bit) == 0)
        return ACT_COUNT;
    uint64_t number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    uint64_t at = __atomic_load_n(&control->at, __ATOMIC_SEQ_CST);
    if (at == 0 || number < at || (number > at && !control->forever))
        return ACT_COUNT;
    if (number == at)
        (void)snprintf(control->last, sizeof(control->last), "%s %s", NAMES[kind], what);
    if (control->action == ACT_KILL || (control->action == ACT_TEAR && kind != KIND_PWRITE))
        die();
    if (control->action != ACT_COUNT)
        (void)__atomic_add_fetch(&control->faults, 1, __ATOMIC_SEQ_CST);
    errno = (int)control->error;
    return (enum action)control->action;
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

static uint64_t used_in(const char *path)
{
    uint64_t sum = 0;
    DIR *folder = opendir(path);

    if (!folder)
        return 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct stat st;
        if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_blocks * 512;
    }
    (void)closedir(folder);
    return sum;
}

static uint64_t used(void)
{
    static const char *const folders[] = {"", "/log", "/ckpt", "/quarantine"};
    char path[PATH_MAX_BYTES + 16];
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, folders[i]);
        sum += used_in(path);
    }
    return sum;
}

/* Is there room for `file` to reach `end`? Call with the lock held. */
static bool has_room(int file, uint64_t end)
{
    struct stat st;

    if (control->room == 0 || fstat(file, &st) < 0)
        return true;
    uint64_t has = (uint64_t)st.st_blocks * 512;
    if (end <= has || used() + (end - has) <= control->room)
        return true;
    (void)__atomic_add_fetch(&control->faults, 1, __ATOMIC_SEQ_CST);
    return false;
}

/* What is left of the room is what is free. */
int statvfs(const char *path, struct statvfs *ret)
{
    int rc = real_statvfs(path, ret);

    if (rc < 0 || !is_below(path) || control->room == 0)
        return rc;
    (void)pthread_mutex_lock(&room_lock);
    uint64_t taken = used();
    (void)pthread_mutex_unlock(&room_lock);
    ret->f_bavail = (fsblkcnt_t)((control->room > taken ? control->room - taken : 0) / ret->f_frsize);
    return 0;
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

static int open_file(const char *path, int flags, mode_t mode)
{
    if (is_below(path) && (flags & O_DIRECTORY) == 0 && enter(KIND_OPEN, path + dir_len) == ACT_FAIL)
        return -1;
    int file = real_open(path, flags, mode);
    if (file >= 0 && file < FILES_MAX)
        ours[file] = is_below(path);
    return file;
}

int open(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_file(path, flags, mode);
}

int close(int file)
{
    if (file >= 0 && file < FILES_MAX)
        ours[file] = false;
    return real_close(file);
}

ssize_t pwrite(int file, const void *from, size_t bytes, off_t at)
{
    if (!is_ours(file))
        return real_pwrite(file, from, bytes, at);
    enum action action = enter(KIND_PWRITE, "");
    if (action == ACT_FAIL)
        return -1;
    if (action == ACT_SHORT)
        return real_pwrite(file, from, (bytes + 1) / 2, at);
    if (action == ACT_TEAR) {
        (void)real_pwrite(file, from, bytes / 2, at);
        die();
    }
    if (control->room == 0)
        return real_pwrite(file, from, bytes, at);
    (void)pthread_mutex_lock(&room_lock);
    ssize_t n = -1;
    if (has_room(file, (uint64_t)at + bytes))
        n = real_pwrite(file, from, bytes, at);
    else
        errno = ENOSPC;
    (void)pthread_mutex_unlock(&room_lock);
    return n;
}

ssize_t pread(int file, void *to, size_t bytes, off_t at)
{
    enum action action = is_ours(file) ? enter(KIND_PREAD, "") : ACT_COUNT;

    if (action == ACT_FAIL)
        return -1;
    return real_pread(file, to, action == ACT_SHORT ? (bytes + 1) / 2 : bytes, at);
}

ssize_t write(int file, const void *from, size_t bytes)
{
    if (is_ours(file) && enter(KIND_WRITE, "") == ACT_FAIL)
        return -1;
    return real_write(file, from, bytes);
}

int fdatasync(int file) { return is_ours(file) && enter(KIND_FDATASYNC, "") == ACT_FAIL ? -1 : real_fdatasync(file); }

int fsync(int file) { return is_ours(file) && enter(KIND_FSYNC, "") == ACT_FAIL ? -1 : real_fsync(file); }

int fallocate(int file, int mode, off_t at, off_t bytes)
{
    if (!is_ours(file))
        return real_fallocate(file, mode, at, bytes);
    if (enter(KIND_FALLOCATE, "") == ACT_FAIL)
        return -1;
    (void)pthread_mutex_lock(&room_lock);
    int rc = -1;
    if (has_room(file, (uint64_t)(at + bytes)))
        rc = real_fallocate(file, mode, at, bytes);
    else
        errno = ENOSPC;
    (void)pthread_mutex_unlock(&room_lock);
    return rc;
}

int ftruncate(int file, off_t bytes)
{
    return is_ours(file) && enter(KIND_FTRUNCATE, "") == ACT_FAIL ? -1 : real_ftruncate(file, bytes);
}

int rename(const char *from, const char *to)
{
    return is_below(from) && enter(KIND_RENAME, from + dir_len) == ACT_FAIL ? -1 : real_rename(from, to);
}

int unlink(const char *path)
{
    return is_below(path) && enter(KIND_UNLINK, path + dir_len) == ACT_FAIL ? -1 : real_unlink(path);
}
