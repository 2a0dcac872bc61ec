/* route_match.c - which row of a table a request meets, see routes.h. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "gweb/routes.h"

static bool ends_with(struct slice text, const char *end)
{
    size_t len = strlen(end);

    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* Takes what stands before the next slash, which goes with it. */
static struct slice next_part(struct slice *rest)
{
    const char *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
    struct slice part = slice_of(rest->ptr, slash ? (size_t)(slash - rest->ptr) : rest->len);

    *rest = slash ? slice_of(slash + 1, rest->len - part.len - 1) : slice_of(NULL, 0);
    return part;
}

bool route_fits(const char *pattern, struct slice path, struct slice ret_parts[ROUTE_PARTS_MAX], size_t *ret_count)
{
    struct slice want = slice_str(pattern), have = path;
    size_t count = 0;

    for (;;) {
        bool want_more = want.len > 0 && memchr(want.ptr, '/', want.len) != NULL;
        bool have_more = have.len > 0 && memchr(have.ptr, '/', have.len) != NULL;
        struct slice all = have, word = next_part(&want), part = next_part(&have);

        if (word.len > 0 && word.ptr[0] == '{') {
            bool takes_rest = ends_with(word, "...}");
            part = takes_rest ? all : part;
            if (part.len == 0)
                return false;
            ENSURE(count < ROUTE_PARTS_MAX);
            ret_parts[count++] = part;
            if (takes_rest)
                break;
        } else if (!slice_equal(word, part)) {
            return false;
        }
        if (want_more != have_more)
            return false;
        if (!want_more)
            break;
    }
    *ret_count = count;
    return true;
}

static void allow(struct route_match *match, const char *method)
{
    size_t len = strlen(match->allow);

    if (!strstr(match->allow, method))
        (void)snprintf(match->allow + len, sizeof(match->allow) - len, "%s%s", len > 0 ? ", " : "", method);
}

void route_find(const struct route *table, size_t count, struct slice method, struct slice path,
                struct route_match *ret)
{
    *ret = (struct route_match){.route = NULL};
    for (size_t i = 0; i < count; i++) {
        struct slice parts[ROUTE_PARTS_MAX] = {{.ptr = NULL}};
        size_t part_count;

        if (!route_fits(table[i].path, path, parts, &part_count))
            continue;
        if (!slice_is(method, table[i].method)) {
            allow(ret, table[i].method);
            continue;
        }
        ret->route = &table[i];
        memcpy(ret->parts, parts, sizeof(parts));
        ret->part_count = part_count;
        return;
    }
}
