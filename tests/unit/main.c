/* main.c - runs every TEST() of the tree, or those whose name holds the first argument. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TESTS_MAX = 4096, DIRS_MAX = 256 };
static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static char *dirs[DIRS_MAX];
static size_t dir_count;

void unit_add(const char *name, CMUnitTestFunction fn)
{
    if (test_count == TESTS_MAX)
        abort();
    tests[test_count++] = (struct CMUnitTest){.name = name, .test_func = fn};
}

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }
static size_t guarded_bytes(size_t len) { return (len / page_bytes() + 1) * page_bytes(); }

char *guarded(const void *ptr, size_t len)
{
    size_t size = guarded_bytes(len);
    char *map = mmap(NULL, size + page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + size, page_bytes(), PROT_NONE) != 0)
        abort();
    if (len > 0)
        memcpy(map + size - len, ptr, len);
    return map + size - len;
}

void guarded_free(char *copy, size_t len)
{
    size_t size = guarded_bytes(len);

    (void)munmap(copy + len - size, size + page_bytes());
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_dirs(void)
{
    for (size_t i = 0; i < dir_count; i++) {
        (void)nftw(dirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(dirs[i]);
    }
}

char *unit_tmpdir(void)
{
    const char *root = getenv("TMPDIR");
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/gmq-unit-XXXXXX", root ? root : "/tmp");
    if (dir_count == DIRS_MAX || !mkdtemp(path))
        abort();
    if (dir_count == 0)
        (void)atexit(remove_dirs);
    dirs[dir_count++] = strdup(path);
    return strdup(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(int argc, char **argv)
{
    size_t kept = 0;

    for (size_t i = 0; i < test_count; i++)
        if (argc < 2 || strstr(tests[i].name, argv[1]))
            tests[kept++] = tests[i];
    if (kept == 0) {
        (void)fprintf(stderr, "no unit test is named like '%s'\n", argc < 2 ? "" : argv[1]);
        return 2;
    }
    qsort(tests, kept, sizeof(tests[0]), by_name);
    return _cmocka_run_group_tests("unit", tests, kept, NULL, NULL) == 0 ? 0 : 1;
}
