/*
 * routes.h - gweb's own API: the one table of it
 *
 * What   A row is a method and a path, who may use it, what the audit log calls it, and the function that answers.
 *        `{name}` in a path stands for one part, not empty, without `/`; `{name...}`, always the last, for all that is
 *        left, not empty. Rows are tried in order.
 * Rules  Whoever adds a row that changes something gives it an action and ROLE_ADMIN, unless everybody may do it to
 *        his own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_ROUTES_H
#define GMQ_GWEB_ROUTES_H

#include "base/base.h"
#include "base/slice.h"
#include "gweb/users.h"

enum { ROUTE_PARTS_MAX = 4 };

struct web_call;
typedef void route_fn(struct web_call *call);

struct route {
    const char *method;
    const char *path;
    enum role role;     /* the least that is needed */
    const char *action; /* "user.add"; NULL = not in the audit log */
    route_fn *fn;
    bool octets;        /* the body may be anything, not only JSON */
    const void *of;     /* the function's own: more of what the row says, or NULL */
};

extern const struct route ROUTES[];
extern const size_t ROUTES_COUNT;

/* Whether a decoded path fits; then the parts point into it. `ret_count` is how many there are. */
NODISCARD bool route_fits(const char *pattern, struct slice path, struct slice ret_parts[ROUTE_PARTS_MAX],
                          size_t *ret_count);

/* What a request meets in a table: a row, or why there is none. */
struct route_match {
    const struct route *route; /* NULL: none has this path, or this method of it */
    struct slice parts[ROUTE_PARTS_MAX];
    size_t part_count;
    char allow[64];            /* the methods of the path, "GET, POST"; "" when there is no such path */
};

void route_find(const struct route *table, size_t count, struct slice method, struct slice path,
                struct route_match *ret);

#endif
