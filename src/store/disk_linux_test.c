/* disk_linux_test.c - the real file system behind struct disk. SPDX-License-Identifier: MIT */
#include "store/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/unit.h"

static struct disk disk;

static void path_in(char *to, size_t bytes, const char *dir, const char *name)
{
    (void)snprintf(to, bytes, "%s/%s", dir, name);
}

TEST(disk_linux_writes_reads_claims_cuts_and_renames)
{
    char *dir = unit_tmpdir(), path[512], other[512], bytes[16];

    disk_linux_init(&disk);
    path_in(path, sizeof(path), dir, "a");
    path_in(other, sizeof(other), dir, "b");
    assert_int_equal(disk.open(NULL, path, DISK_READ), -ENOENT);
    assert_int_equal(disk.open(NULL, path, DISK_WRITE), -ENOENT);
    int file = disk.open(NULL, path, DISK_CREATE);
    assert_true(file >= 0);
    assert_int_equal(disk.allocate(NULL, file, 10000), 0);
    assert_int_equal(disk.size(NULL, file), 10000);
    assert_int_equal(disk.pwrite(NULL, file, "hello", 5, 9998), 0);
    assert_int_equal(disk.size(NULL, file), 10003);
    assert_int_equal(disk.sync(NULL, file), 0);
    assert_int_equal(disk.pread(NULL, file, bytes, sizeof(bytes), 9997), 6);
    assert_memory_equal(bytes, "\0hello", 6);
    assert_int_equal(disk.pread(NULL, file, bytes, sizeof(bytes), 20000), 0);
    assert_int_equal(disk.truncate(NULL, file, 9999), 0);
    assert_int_equal(disk.size(NULL, file), 9999);
    disk.close(NULL, file);
    assert_int_equal(disk.rename(NULL, path, other), 0);
    assert_int_equal(disk.sync_dir(NULL, dir), 0);
    assert_int_equal(disk.unlink(NULL, path), -ENOENT);
    assert_int_equal(disk.unlink(NULL, other), 0);
    free(dir);
}

static void count_name(void *arg, const char *name)
{
    int *count = arg;

    *count += strcmp(name, "x") == 0 || strcmp(name, "sub") == 0 ? 1 : 100;
}

TEST(disk_linux_makes_and_lists_directories)
{
    char *dir = unit_tmpdir(), path[512];
    int count = 0;

    disk_linux_init(&disk);
    path_in(path, sizeof(path), dir, "sub");
    assert_int_equal(disk.make_dir(NULL, path), 0);
    assert_int_equal(disk.make_dir(NULL, path), 0);
    path_in(path, sizeof(path), dir, "x");
    disk.close(NULL, disk.open(NULL, path, DISK_CREATE));
    assert_int_equal(disk.make_dir(NULL, path), -EEXIST);
    assert_int_equal(disk.list(NULL, dir, count_name, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(disk.list(NULL, "/nowhere/at/all", count_name, &count), -ENOENT);
    assert_int_equal(disk.sync_dir(NULL, "/nowhere/at/all"), -ENOENT);
    free(dir);
}

TEST(disk_linux_names_the_holder_of_the_lock)
{
    char *dir = unit_tmpdir(), path[512];
    uint64_t pid = 0;

    disk_linux_init(&disk);
    path_in(path, sizeof(path), dir, "LOCK");
    int lock = disk.lock(NULL, path, &pid);
    assert_true(lock >= 0);
    assert_int_equal(disk.lock(NULL, path, &pid), -EWOULDBLOCK);
    assert_int_equal(pid, getpid());
    disk.unlock(NULL, lock);
    lock = disk.lock(NULL, path, &pid);
    assert_true(lock >= 0);
    disk.unlock(NULL, lock);
    free(dir);
}

TEST(disk_linux_goes_last_only_while_it_is_told_to)
{
    enum { WHO_THREAD = 1, BEST_EFFORT_LAST = 2 << 13 | 7 };

    disk_linux_init(&disk);
    long before = syscall(SYS_ioprio_get, WHO_THREAD, 0);
    disk.go_last(NULL, true);
    assert_int_equal(syscall(SYS_ioprio_get, WHO_THREAD, 0), BEST_EFFORT_LAST);
    disk.go_last(NULL, false);
    assert_int_equal(syscall(SYS_ioprio_get, WHO_THREAD, 0), before);
}

TEST(disk_linux_forgets_what_is_kept_in_memory_and_nothing_else)
{
    char *dir = unit_tmpdir(), path[512], bytes[5];

    disk_linux_init(&disk);
    path_in(path, sizeof(path), dir, "a");
    int file = disk.open(NULL, path, DISK_CREATE);
    assert_true(file >= 0);
    assert_int_equal(disk.pwrite(NULL, file, "hello", 5, 0), 0);
    disk.forget(NULL, file);
    assert_int_equal(disk.sync(NULL, file), 0);
    disk.forget(NULL, file);
    assert_int_equal(disk.pread(NULL, file, bytes, 5, 0), 5);
    assert_memory_equal(bytes, "hello", 5);
    disk.close(NULL, file);
    free(dir);
}
