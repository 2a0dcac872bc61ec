/* paths.c - see paths.h. SPDX-License-Identifier: MIT */
#include "store/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/format.h"

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

struct path path_named(const char *dir, const struct segment_name *name)
{
    char text[80];

    if (name->generation == 0)
        return path_segment(dir, name->base);
    (void)snprintf(text, sizeof(text), "log/%016" PRIx64 "-%016" PRIx64 ".%" PRIu32 ".seg", name->base, name->end,
                   name->generation);
    return path_of(dir, text);
}

struct path path_checkpoint(const char *dir, uint64_t cut) { return numbered(dir, "ckpt", cut, ".ckpt"); }

struct path path_checkpoint_tmp(const char *dir, uint64_t cut) { return numbered(dir, "ckpt", cut, ".tmp"); }

struct path path_quarantine(const char *dir, uint64_t begin, uint64_t end, const char *suffix)
{
    char name[80];

    (void)snprintf(name, sizeof(name), "quarantine/%016" PRIx64 "-%016" PRIx64 "%s", begin, end, suffix);
    return path_of(dir, name);
}

static bool parse_hex(const char *text, uint64_t *ret_number)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = 0;

    for (size_t i = 0; i < HEX_DIGITS; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        number = number << 4 | (uint64_t)(digit - digits);
    }
    *ret_number = number;
    return true;
}

bool path_parse(const char *name, const char *suffix, uint64_t *ret_number)
{
    return strlen(name) == HEX_DIGITS + strlen(suffix) && strcmp(name + HEX_DIGITS, suffix) == 0 &&
           parse_hex(name, ret_number);
}

static bool is_address(uint64_t lsn) { return lsn < LSN_LIMIT && lsn % RECORD_ALIGN == 0; }

/* "1.seg": a decimal number without leading zeros, above 0, that 32 bits hold. */
static bool parse_generation(const char *text, uint32_t *ret)
{
    char *end;

    if (*text < '1' || *text > '9')
        return false;
    unsigned long long number = strtoull(text, &end, 10);
    *ret = (uint32_t)number;
    return number <= UINT32_MAX && strcmp(end, ".seg") == 0;
}

bool path_parse_segment(const char *name, struct segment_name *ret)
{
    struct segment_name found = {.end = 0};

    if (path_parse(name, ".seg", &found.base)) {
        *ret = found;
        return is_address(found.base);
    }
    if (!parse_hex(name, &found.base) || name[HEX_DIGITS] != '-' || !parse_hex(name + HEX_DIGITS + 1, &found.end) ||
        name[2 * HEX_DIGITS + 1] != '.' || !parse_generation(name + 2 * HEX_DIGITS + 2, &found.generation))
        return false;
    *ret = found;
    return is_address(found.base) && is_address(found.end) && found.base < found.end &&
           found.end - found.base <= COMPACTED_SPAN_MAX;
}
