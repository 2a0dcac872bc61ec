/* http_foreign_test.c - by which names a node may be called. SPDX-License-Identifier: MIT */
#include "gnode/http_call.h"

#include "unit/unit.h"

TEST(http_names_of_the_node_are_addresses_names_without_a_dot_and_its_own)
{
    static const struct http_names NAMES = {.host = "box.lan", .reported = "mq.example.com",
                                            .listens = "in.example.com", .listed = "a.example.com,b.example.com"};
    static const char *const OWN[] = {"127.0.0.1:9504", "127.0.0.1", "[::1]:9504", "[::ffff:10.0.0.1]",
                                      "localhost:9504",
                                      "LOCALHOST", "localhost.", "x", "box.lan:1", "MQ.example.com", "in.example.com:9",
                                      "a.example.com", "B.Example.com:80", "b.example.com.:80"};
    static const char *const OTHERS[] = {"", ":9504", "evil.com", "evil.com:9504", "1.2.3.4.evil.com",
                                         "a.example.com.evil.com",
                                         "example.com", "a.example.co", "a.example.com,b.example.com", "[", "[::1",
                                         "box.lan.evil.com", ".", "1.2.3", "[evil.com]"};

    for (size_t i = 0; i < ARRAY_LEN(OWN); i++) {
        char *text = guarded(OWN[i], strlen(OWN[i]));
        assert_true(http_is_own_host(&NAMES, slice_of(text, strlen(OWN[i]))));
        guarded_free(text, strlen(OWN[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(OTHERS); i++) {
        char *text = guarded(OTHERS[i], strlen(OTHERS[i]));
        assert_false(http_is_own_host(&NAMES, slice_of(text, strlen(OTHERS[i]))));
        guarded_free(text, strlen(OTHERS[i]));
    }
}

TEST(http_names_that_are_not_known_are_nobodys)
{
    static const struct http_names NONE = {.listens = "", .listed = ""};

    assert_false(http_is_own_host(&NONE, slice_str("mq.example.com")));
    assert_false(http_is_own_host(&NONE, slice_of(NULL, 0)));
    assert_true(http_is_own_host(&NONE, slice_str("localhost")));
}
