/*
 * audit.h - who changed what, when, and how it ended
 *
 * What   DIR/gweb/audit.log, one JSON object a line, appended before the change is answered. A file that would grow
 *        beyond its maximum becomes audit.log.1, and that one is gone. Lines are written with one write() each from
 *        the loop; they are not synced: a machine that loses its power may lose the last ones.
 * Format {"at":"2026-11-22T18:08:56.123Z","user":"ann","address":"10.0.0.7","action":"topic.purge","target":"orders",
 *         "count":12,"result":"ok","detail":""}
 *        count is null where there is nothing to count; result is ok, or the code of the error. What users and
 *        clients send is only ever inside of JSON strings.
 * Fails  A full disk does not forbid changes: they may be what mends it. The entry then goes to the human log as an
 *        error, `lost` counts it, /readyz and /api/session say so, and the next entry tries again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_AUDIT_H
#define GMQ_GWEB_AUDIT_H

#include <uv.h>

#include "base/base.h"
#include "base/buf.h"

enum {
    AUDIT_LINE_BYTES_MAX = 16384,
    AUDIT_ENTRIES_MAX = 200,      /* of one page */
    AUDIT_TEXT_BYTES_MAX = 200,   /* of what is looked for */
    AUDIT_SCAN_BYTES = 16 << 20,  /* read for one page at most; the cursor goes on from there */
};

struct audit_entry {
    uint64_t at_ms;                /* since 1970 UTC */
    const char *user, *address, *action, *target, *result, *detail;
    bool counted;
    uint64_t count;
};

struct audit {
    const char *directory;         /* borrowed */
    uint64_t file_bytes_max;
    int fd;                        /* -1 = could not be opened */
    uint64_t bytes;                /* of the file */
    uint64_t lost;                 /* entries that it did not take, since the start */
    bool failing;                  /* it did not take the last one */
};

/* Opens the file, or makes it. 0, or -errno, logged. */
NODISCARD int audit_open(struct audit *audit, const char *directory, uint64_t file_bytes_max);
void audit_close(struct audit *audit);

void audit_write(struct audit *audit, const struct audit_entry *entry);

/* The entry as a line, with its end. False when `out` may not grow that far. */
NODISCARD bool audit_encode(struct buf *out, const struct audit_entry *entry);

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A place in the log; the file of `inode` before `offset`. All zero is its end. */
struct audit_cursor {
    uint64_t inode, offset;
};

NODISCARD bool audit_cursor_read(struct slice text, struct audit_cursor *ret);

struct audit_query {
    const char *directory;
    struct audit_cursor from;
    size_t entries_max;                     /* 1..AUDIT_ENTRIES_MAX */
    char text[AUDIT_TEXT_BYTES_MAX + 1];    /* entries that hold it, in either case of ASCII letters; "" = all */
};

/*
 * Appends {"entries":[...],"next":"CURSOR"|null}, newest first. Blocks; any thread. 0, GMQ_E_CURSOR, -ENOMEM, or
 * -errno. There may be fewer entries than asked for, even none, before a next.
 */
NODISCARD int audit_read(const struct audit_query *query, struct buf *out);

#endif
