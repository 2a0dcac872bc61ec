/*
 * replay.c - runs a fuzzer over every file of the directories (or the files) it is given, without libFuzzer
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 16 << 20, PATH_BYTES = 4096 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;

    if (!file || fstat(fileno(file), &st) != 0 || st.st_size > FILE_BYTES_MAX) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
        if (file)
            (void)fclose(file);
        return -1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    ENSURE(data);
    size_t len = fread(data, 1, size, file);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 1;
}

/* How many files ran, or -1. */
static int replay(const char *path)
{
    char inner[PATH_BYTES];
    int count = 0;
    DIR *dir = opendir(path);

    if (!dir)
        return replay_file(path);
    for (struct dirent *entry; count >= 0 && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        int ran = replay_file(inner);
        count = ran < 0 ? -1 : count + ran;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        int ran = replay(argv[i]);
        if (ran < 0)
            return 1;
        count += ran;
    }
    (void)printf("%s: %d inputs\n", argc > 1 ? argv[1] : "replay", count);
    return count > 0 ? 0 : 1;
}
