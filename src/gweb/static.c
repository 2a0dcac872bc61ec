/* static.c - the pages: from the program, or from a folder while they are worked on. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "gweb/accept.h"
#include "gweb/web.h"

enum { FILE_BYTES_MAX = 8 << 20, PATH_BYTES = 4200 };

static const char INDEX[] = "/index.html";
static const char NO_PAGES[] = "This gweb was built without its pages. To get them, install npm and run: make web\n"
                               "Its API is here all the same, below /api/ (docs/gweb.md).\n";

/* ---- from a folder ----------------------------------------------------------------------------------------------- */

/* No part of it leads out of the folder, or is hidden. */
static bool is_plain(struct slice path)
{
    if (path.len < 2 || path.ptr[0] != '/' || memchr(path.ptr, '\0', path.len) || memchr(path.ptr, '\\', path.len))
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '/' && (i + 1 == path.len || path.ptr[i + 1] == '/' || path.ptr[i + 1] == '.'))
            return false;
    return true;
}

/* Appends the file's content to `out`. 0, or -errno. */
static int read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
    struct stat stat;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        err = -ENOENT;
    while (err == 0) {
        char *to = buf_reserve(out, 65536);
        ssize_t n = to ? read(fd, to, 65536) : -1;

        if (n < 0)
            err = to ? -errno : -EFBIG;
        else if (n == 0)
            break;
        else
            buf_commit(out, (size_t)n);
    }
    (void)close(fd);
    return err;
}

static bool serve_from_folder(const char *folder, struct http_request *req, struct slice path)
{
    char name[PATH_BYTES];
    struct buf body;

    if (!is_plain(path) || strlen(folder) + path.len >= sizeof(name))
        return false;
    (void)snprintf(name, sizeof(name), "%s%.*s", folder, (int)path.len, path.ptr);
    buf_init(&body, FILE_BYTES_MAX);
    bool found = read_file(name, &body) == 0;
    if (found && http_add_header(req, "Cache-Control", "no-store"))
        http_reply_buf(req, 200, assets_type(path), &body);
    else if (found)
        http_drop(req);
    buf_free(&body);
    return found;
}

/* ---- from the program -------------------------------------------------------------------------------------------- */

static bool add_headers(struct http_request *req, const struct asset *asset, bool gz)
{
    return http_add_header(req, "ETag", asset->etag) && http_add_header(req, "Cache-Control", "no-cache") &&
           http_add_header(req, "Vary", "Accept-Encoding") &&
           (!gz || http_add_header(req, "Content-Encoding", "gzip"));
}

static bool serve_asset(const struct assets *assets, struct http_request *req, struct slice path)
{
    const struct asset *asset = assets_find(assets, path);

    if (!asset)
        return false;
    bool known = accept_etag(http_header(req, "If-None-Match"), asset->etag);
    bool gz = !known && accept_gzip(http_header(req, "Accept-Encoding"));
    if (!add_headers(req, asset, gz))
        http_drop(req);
    else if (known)
        http_reply(req, 304, NULL, slice_of(NULL, 0));
    else if (gz)
        http_reply(req, 200, asset->type, slice_of(asset->gz, (size_t)(asset->gz_end - asset->gz)));
    else
        http_reply(req, 200, asset->type, slice_of(asset->plain, (size_t)(asset->plain_end - asset->plain)));
    return true;
}

static bool serve_file(struct web *web, struct http_request *req, struct slice path)
{
    const char *root = web->settings->web_root;

    return (root[0] != '\0' && serve_from_folder(root, req, path)) || serve_asset(web->assets, req, path);
}

/* A page of its own, as opposed to a file that is not there: /topics, /topic/1/a.b, but not /js/x or /x.png. */
static bool is_page(const struct web *web, struct slice path)
{
    if (assets_has_folder(web->assets, path))
        return false;
    return path.len > 0 && (memchr(path.ptr + 1, '/', path.len - 1) || !memchr(path.ptr, '.', path.len));
}

void web_static(struct web *web, struct http_request *req)
{
    if (!slice_is(req->method, "GET") && !slice_is(req->method, "HEAD")) {
        if (http_add_header(req, "Allow", "GET, HEAD"))
            web_problem(req, GMQ_E_METHOD, NULL);
        else
            http_drop(req);
    } else if (serve_file(web, req, req->path)) {
        return;
    } else if (!is_page(web, req->path)) {
        http_reply(req, 404, HTTP_TEXT, slice_str("There is no such page.\n"));
    } else if (!serve_file(web, req, slice_str(INDEX))) {
        http_reply(req, 200, HTTP_TEXT, slice_str(NO_PAGES));
    }
}
