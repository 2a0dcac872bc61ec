/*
 * inspect.h - gnode --check, --dump and --repair: looking at a data directory without serving it; --operations
 *
 * docs/check.md is the manual. inspect_main() is the whole interface; the rest is between inspect*.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_INSPECT_H
#define GMQ_GNODE_INSPECT_H

#include "app/settings.h"
#include "gnode/check.h"

/* What -help says of them. */
enum { INSPECT_COMMANDS = 4 };
extern const struct setting_command INSPECT_HELP[INSPECT_COMMANDS];

/* True when the command line asks for one of them: it is done, and `ret_exit` is the exit code. */
NODISCARD bool inspect_main(int argc, char **argv, int *ret_exit);

/* ---- between inspect*.c ------------------------------------------------------------------------------------------ */

struct inspect_options {
    const char *check, *dump, *repair; /* the directory; one is not NULL */
    const char *topic;                 /* of --dump, NULL = all */
    bool json, yes;
};

/* Text on its way to standard output. */
struct out {
    struct buf buf;
    bool cut; /* something was too long */
};

void out_init(struct out *out);
void out_print(struct out *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
void out_json(struct out *out, struct slice text); /* as a JSON string */
void out_end(struct out *out);                     /* writes what is left, frees */

/* "2006-01-02 15:04:05.678 UTC"-like text of a time in ms; "-" for 0. */
enum { INSPECT_TIME_BYTES = 40 };
const char *inspect_time(uint64_t ms, char to[INSPECT_TIME_BYTES]);

/* The name of a record type, "RESERVED" or "UNKNOWN". */
const char *inspect_type(uint8_t type);

void inspect_print_check(const struct check *check, enum check_verdict verdict, struct out *out);
void inspect_print_json(const struct check *check, enum check_verdict verdict, struct out *out);

/* The exit codes of the commands. The directory is theirs while they run, but for the dump. */
int inspect_check(struct disk *disk, const struct inspect_options *options);
int inspect_dump(struct disk *disk, const struct inspect_options *options);
int inspect_repair(struct disk *disk, const struct inspect_options *options);

/*
 * Holds the directory's lock against nodes. 0 and `ret_lock`, negative where there is no lock file; or < 0, told
 * on standard error.
 */
NODISCARD int inspect_hold(struct disk *disk, const char *dir, int *ret_lock);

#endif
