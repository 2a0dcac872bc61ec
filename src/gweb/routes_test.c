/* routes_test.c - see routes.h. SPDX-License-Identifier: MIT */
#include "gweb/routes.h"

#include "unit/unit.h"

#include <stdio.h>

static bool fits(const char *pattern, const char *path, struct slice parts[ROUTE_PARTS_MAX], size_t *count)
{
    return route_fits(pattern, slice_str(path), parts, count);
}

TEST(routes_fit_their_paths)
{
    struct slice parts[ROUTE_PARTS_MAX];
    size_t count;

    assert_true(fits("/api/a", "/api/a", parts, &count));
    assert_int_equal(count, 0);
    assert_true(fits("/api/{id}/v1/{topic}/pause", "/api/7/v1/x y/pause", parts, &count));
    assert_int_equal(count, 2);
    assert_true(slice_is(parts[0], "7") && slice_is(parts[1], "x y"));
    assert_true(fits("/api/{id}/{rest...}", "/api/7/a/b/", parts, &count));
    assert_true(slice_is(parts[1], "a/b/"));
}

TEST(routes_fit_no_other_paths)
{
    static const char *const CASES[][2] = {
        {"/api/a", "/api/a/"}, {"/api/a", "/api"}, {"/api/a", "api/a"}, {"/api/a", "/api/A"}, {"/api/a", ""},
        {"/api/a", "//api/a"}, {"/api/a", "/api//a"}, {"/api/{id}", "/api/"}, {"/api/{id}", "/api/a/b"},
        {"/api/{id}", "/api"}, {"/api/{id}/x", "/api//x"}, {"/api/{rest...}", "/api/"}, {"/api/{rest...}", "/api"},
        {"/api/{a}/{b}", "/api/a/"},
    };
    struct slice parts[ROUTE_PARTS_MAX];
    size_t count;

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        assert_false(fits(CASES[i][0], CASES[i][1], parts, &count));
}

TEST(routes_look_at_no_byte_behind_a_path)
{
    static const char PATH[] = "/api/users/somebody";

    for (size_t len = 0; len < sizeof(PATH); len++) {
        char *path = guarded(PATH, len);
        struct route_match match;

        route_find(ROUTES, ROUTES_COUNT, slice_str("PATCH"), slice_of(path, len), &match);
        if (match.route)
            assert_string_equal(match.route->path, "/api/users/{name}");
        guarded_free(path, len);
    }
}

TEST(routes_say_which_methods_a_path_has)
{
    struct route_match match;

    route_find(ROUTES, ROUTES_COUNT, slice_str("BREW"), slice_str("/api/session"), &match);
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, POST, DELETE");
    route_find(ROUTES, ROUTES_COUNT, slice_str("GET"), slice_str("/api/nothing"), &match);
    assert_null(match.route);
    assert_string_equal(match.allow, "");
}

/* Whoever adds a row cannot forget these. */
TEST(routes_that_change_something_are_audited_and_not_for_everybody)
{
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        const struct route *route = &ROUTES[i];
        bool reads = strcmp(route->method, "GET") == 0, own = strncmp(route->path, "/api/session", 12) == 0 ||
                                                              strcmp(route->path, "/api/password") == 0;

        assert_non_null(route->fn);
        assert_int_equal(strncmp(route->path, "/api/", 5), 0);
        assert_true(reads || route->action);
        assert_true(reads || own || route->role == ROLE_ADMIN);
        assert_true(route->role != ROLE_ANYBODY || strcmp(route->path, "/api/session") == 0);
        for (size_t j = 0; j < i; j++)
            assert_true(strcmp(route->method, ROUTES[j].method) != 0 || strcmp(route->path, ROUTES[j].path) != 0);
    }
}
