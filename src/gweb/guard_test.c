/* guard_test.c - see guard.h. SPDX-License-Identifier: MIT */
#include "gweb/guard.h"

#include "unit/unit.h"

static bool foreign(const char *method, const char *host, const char *origin, const char *site)
{
    const struct guard_request request = {.method = slice_str(method), .host = slice_str(host),
                                          .origin = slice_str(origin), .site = slice_str(site)};

    return guard_is_foreign(&request);
}

TEST(guard_lets_through_what_our_pages_and_programs_send)
{
    assert_false(foreign("POST", "127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin"));
    assert_false(foreign("POST", "Gmq.example", "https://gmq.EXAMPLE", ""));
    assert_false(foreign("DELETE", "x", "", ""));
    assert_false(foreign("GET", "x", "", "none"));
    assert_false(foreign("GET", "x", "", "same-origin"));
}

TEST(guard_refuses_what_other_pages_send)
{
    assert_true(foreign("POST", "x", "", "none"));
    assert_true(foreign("GET", "x", "", "cross-site"));
    assert_true(foreign("GET", "x", "", "same-site"));
    assert_true(foreign("POST", "x", "http://x", "cross-site"));
    assert_true(foreign("POST", "x", "http://y", "same-origin"));
    assert_true(foreign("POST", "x", "null", ""));
    assert_true(foreign("POST", "x", "http://", ""));
    assert_true(foreign("POST", "", "http://", ""));
    assert_true(foreign("POST", "x", "http://xy", ""));
    assert_true(foreign("POST", "x:80", "http://x", ""));
    assert_true(foreign("POST", "x", "x", ""));
    assert_true(foreign("POST", "x", "http://x", "Same-Origin"));
}

TEST(guard_knows_the_names_that_are_nobody_elses)
{
    static const char *const GOOD[] = {"localhost", "LOCALHOST:80", "10.0.0.1", "10.0.0.1:8080", "[::1]", "[::1]:80",
                                       "gmq", "own.example:1", "OWN.example"};
    static const char *const BAD[] = {"", ":80", "evil.example", "own.example.evil", "10.0.0.1.evil", "[::1", "[]",
                                      "[evil.example]:80", "1.2.3", "localhost."};

    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++)
        assert_true(guard_host_ok(slice_str(GOOD[i]), "own.example"));
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_false(guard_host_ok(slice_str(BAD[i]), "own.example"));
    assert_false(guard_host_ok(slice_of("own\0.example", 12), "own"));
}

TEST(guard_compares_all_bytes)
{
    assert_true(guard_same("abc", "abd", 2));
    assert_false(guard_same("abc", "abd", 3));
    assert_false(guard_same("xbc", "abc", 3));
    assert_true(guard_same("", "", 0));
}
