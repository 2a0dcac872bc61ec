/*
 * web_fuzz.c - what browsers and files give to gweb: paths, cookies, headers, small JSON bodies, the list of users
 *
 * The input is used as each of them. A path that fits a row is the row's pattern with its parts filled in; a list that
 * was read is written as it was; an entry of the audit log is one line of JSON whatever it holds.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <stdio.h>

#include "gweb/accept.h"
#include "gweb/audit.h"
#include "gweb/fields.h"
#include "gweb/guard.h"
#include "gweb/routes.h"
#include "gweb/sessions.h"
#include "gweb/tries.h"
#include "gweb/users.h"
#include "wire/json_check.h"

/* The pattern with the parts in it. */
static void fill(const char *pattern, const struct slice *parts, size_t count, struct buf *out)
{
    size_t used = 0;

    buf_clear(out);
    while (*pattern != '\0') {
        if (*pattern == '{') {
            ENSURE(used < count && parts[used].len > 0);
            ENSURE(buf_append(out, parts[used].ptr, parts[used].len));
            used++;
            pattern = strchr(pattern, '}') + 1;
        } else {
            ENSURE(buf_append(out, pattern++, 1));
        }
    }
    ENSURE(used == count);
}

static void fuzz_routes(struct slice in, struct buf *out)
{
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        struct route_match match;

        route_find(ROUTES, ROUTES_COUNT, slice_str(ROUTES[i].method), in, &match);
        if (!match.route)
            continue;
        for (size_t j = 0; j < match.part_count; j++)
            ENSURE(fuzz_within(match.parts[j], in));
        fill(match.route->path, match.parts, match.part_count, out);
        ENSURE(slice_equal(buf_slice(out), in));
    }
}

static void fuzz_headers(struct slice in)
{
    const struct guard_request request = {.method = slice_str("POST"), .host = in, .origin = in, .site = in};
    struct slice value;
    struct audit_cursor cursor;
    char address[512], key[TRIES_KEY_BYTES];

    if (cookie_get(in, "gmq_session", &value) || cookie_get(in, "s", &value)) {
        ENSURE(fuzz_within(value, in));
        (void)fuzz_touch(value);
    }
    (void)accept_gzip(in);
    (void)accept_etag(in, "\"a\"");
    ENSURE(guard_is_foreign(&request) || in.len == 0 || slice_is(in, "same-origin"));
    (void)guard_host_ok(in, "own.example");
    ENSURE(!audit_cursor_read(in, &cursor) || cursor.inode > 0);
    (void)snprintf(address, sizeof(address), "%.*s", (int)min_u64(in.len, sizeof(address) - 1),
                   in.len > 0 ? in.ptr : "");
    tries_address_key(address, key);
    ENSURE(memchr(key, '\0', sizeof(key)));
}

static void fuzz_fields(struct slice in)
{
    static const struct field LIST[] = {
        {"name", FIELD_TEXT, true, 1, 8},
        {"weight", FIELD_NUMBER, false, 1, 100},
    };
    struct fields fields;
    int err = fields_read(&fields, in, LIST, ARRAY_LEN(LIST));

    if (err == 0) {
        ENSURE(fields.values[0].given && fields.values[0].text.len >= 1 && fields.values[0].text.len <= 8);
        ENSURE(!fields.values[1].given || (fields.values[1].number >= 1 && fields.values[1].number <= 100));
        (void)fuzz_touch(fields.values[0].text);
    } else {
        ENSURE(fields.error[0] != '\0');
    }
    fields_free(&fields);
}

static void fuzz_users(struct slice in, struct buf *out)
{
    struct users users = {.list = NULL};
    unsigned line;

    buf_clear(out);
    if (users_decode(&users, in, &line) == 0) {
        ENSURE(users_encode(&users, out) && slice_equal(buf_slice(out), in));
        for (size_t i = 0; i < users.count; i++)
            ENSURE(users_find(&users, slice_str(users.list[i].name)) == &users.list[i]);
    }
    users_free(&users);
    (void)user_name_ok(in);
    (void)password_ok(in);
}

static void fuzz_audit(struct slice in, struct buf *out)
{
    char text[256], error[JSON_ERROR_BYTES];
    size_t len = min_u64(in.len, sizeof(text) - 1);

    if (len > 0)
        memcpy(text, in.ptr, len);
    text[len] = '\0';
    const struct audit_entry entry = {.user = text, .address = text, .action = "x", .target = text, .result = "ok",
                                      .detail = text};
    buf_clear(out);
    ENSURE(audit_encode(out, &entry));
    struct slice got = buf_slice(out);
    ENSURE(got.len <= AUDIT_LINE_BYTES_MAX && memchr(got.ptr, '\n', got.len) == got.ptr + got.len - 1);
    ENSURE(json_check(got, error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    struct buf out;

    buf_init(&out, USERS_FILE_BYTES + size);
    fuzz_routes(in, &out);
    fuzz_headers(in);
    fuzz_fields(in);
    fuzz_users(in, &out);
    fuzz_audit(in, &out);
    buf_free(&out);
    fuzz_free(in);
    return 0;
}
