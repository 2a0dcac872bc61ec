/* assets.c - see assets.h. SPDX-License-Identifier: MIT */
#include "gweb/assets.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *key, const void *element)
{
    const struct slice *path = key;
    struct slice other = slice_str(((const struct asset *)element)->path);
    int order = memcmp(path->ptr, other.ptr, min_u64(path->len, other.len));

    return order != 0 ? order : (path->len > other.len) - (path->len < other.len);
}

const struct asset *assets_find(const struct assets *assets, struct slice path)
{
    if (assets->count == 0 || path.len == 0)
        return NULL;
    return bsearch(&path, assets->list, assets->count, sizeof(assets->list[0]), compare);
}

bool assets_has_folder(const struct assets *assets, struct slice path)
{
    const char *slash = path.len > 1 && path.ptr[0] == '/' ? memchr(path.ptr + 1, '/', path.len - 1) : NULL;

    if (!slash)
        return false;
    size_t len = (size_t)(slash + 1 - path.ptr);
    for (size_t i = 0; i < assets->count; i++)
        if (strncmp(assets->list[i].path, path.ptr, len) == 0)
            return true;
    return false;
}

const char *assets_type(struct slice path)
{
    static const struct {
        const char *end, *type;
    } TYPES[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };

    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        size_t len = strlen(TYPES[i].end);
        if (path.len > len && memcmp(path.ptr + path.len - len, TYPES[i].end, len) == 0)
            return TYPES[i].type;
    }
    return "application/octet-stream";
}
