/* paths.c - see paths.h. SPDX-License-Identifier: MIT */
#include "store/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_DIGITS = 16 };

struct path path_of(const char *dir, const char *name)
{
    struct path path;
    int n = snprintf(path.text, sizeof(path.text), "%s/%s", dir, name);

    ENSURE(n > 0 && (size_t)n < sizeof(path.text));
    return path;
}

static struct path numbered(const char *dir, const char *folder, uint64_t number, const char *suffix)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s/%016" PRIx64 "%s", folder, number, suffix);
    return path_of(dir, name);
}

struct path path_segment(const char *dir, uint64_t base) { return numbered(dir, "log", base, ".seg"); }

struct path path_checkpoint(const char *dir, uint64_t cut) { return numbered(dir, "ckpt", cut, ".ckpt"); }

struct path path_checkpoint_tmp(const char *dir, uint64_t cut) { return numbered(dir, "ckpt", cut, ".tmp"); }

struct path path_quarantine(const char *dir, uint64_t begin, uint64_t end, const char *suffix)
{
    char name[80];

    (void)snprintf(name, sizeof(name), "quarantine/%016" PRIx64 "-%016" PRIx64 "%s", begin, end, suffix);
    return path_of(dir, name);
}

bool path_parse(const char *name, const char *suffix, uint64_t *ret_number)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = 0;

    if (strlen(name) != HEX_DIGITS + strlen(suffix) || strcmp(name + HEX_DIGITS, suffix) != 0)
        return false;
    for (size_t i = 0; i < HEX_DIGITS; i++) {
        const char *digit = strchr(digits, name[i]);
        if (!digit)
            return false;
        number = number << 4 | (uint64_t)(digit - digits);
    }
    *ret_number = number;
    return true;
}
