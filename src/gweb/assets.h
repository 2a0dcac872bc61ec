/*
 * assets.h - the pages that are part of the program
 *
 * `make web` makes the table from web/ and the npm packages that it needs; a program built without has an empty one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_ASSETS_H
#define GMQ_GWEB_ASSETS_H

#include "base/base.h"
#include "base/slice.h"

struct asset {
    const char *path;   /* "/js/main.js" */
    const char *type;   /* of the content */
    const char *etag;   /* with its quotes */
    const char *plain, *plain_end;
    const char *gz, *gz_end; /* the same by gzip */
};

struct assets {
    const struct asset *list; /* by path, ascending */
    size_t count;
};

/* Of this program; made by make, or assets_none.c. */
extern const struct assets ASSETS;

/* NULL when there is none. */
const struct asset *assets_find(const struct assets *assets, struct slice path);

/* Whether something stands below the folder that the path's first part names: "/js/x" where there is "/js/main.js". */
bool assets_has_folder(const struct assets *assets, struct slice path);

/* The type of a file by its name's end, "application/octet-stream" for others. */
const char *assets_type(struct slice path);

#endif
