/* addr_test.c - addresses read, written and listened on. SPDX-License-Identifier: MIT */
#include "net/addr.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int parse(const char *text, struct addr *ret)
{
    char *copy = guarded(text, strlen(text));
    int err = addr_parse(slice_of(copy, strlen(text)), ret, NULL);

    guarded_free(copy, strlen(text));
    return err;
}

TEST(addr_reads_and_writes_every_form)
{
    static const char *const good[] = {"127.0.0.1:9504", ":9595", "localhost:0", "[::1]:65535", "[fe80::1%eth0]:1",
                                       "a-b_c.example:80"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct addr addr;
        char text[ADDR_TEXT_BYTES];

        assert_int_equal(parse(good[i], &addr), 0);
        addr_format(&addr, text);
        assert_string_equal(text, good[i]);
    }
}

TEST(addr_refuses_what_is_none)
{
    static const char *const bad[] = {"", "127.0.0.1", ":", "a:", "a:-1", "a:65536", "a:1x", "::1:80", "[]:1", "a b:1",
                                      "http://a:1", "a/b:1", "[::1:1", "a:99999999999999999999999", "a\n:1"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct addr addr;
        const char *why = NULL;

        assert_int_equal(parse(bad[i], &addr), -EINVAL);
        assert_int_equal(addr_parse(slice_str(bad[i]), &addr, &why), -EINVAL);
        assert_non_null(why);
    }
}

TEST(addr_of_every_prefix_is_read_or_refused)
{
    static const char text[] = "[fe80::1%eth0]:12345";

    for (size_t len = 0; len < sizeof(text); len++) {
        struct addr addr;
        char *copy = guarded(text, len);

        (void)!addr_parse(slice_of(copy, len), &addr, NULL);
        guarded_free(copy, len);
    }
}

TEST(addr_refuses_a_host_of_256_bytes)
{
    char text[300];
    struct addr addr;

    memset(text, 'a', sizeof(text));
    memcpy(text + 255, ":80", 4);
    assert_int_equal(parse(text, &addr), 0);
    memset(text, 'a', sizeof(text));
    memcpy(text + 256, ":80", 4);
    assert_int_equal(parse(text, &addr), -EINVAL);
}

TEST(addr_knows_wildcards)
{
    struct addr addr;

    assert_int_equal(parse(":1", &addr), 0);
    assert_true(addr_is_wildcard(&addr));
    assert_int_equal(parse("0.0.0.0:1", &addr), 0);
    assert_true(addr_is_wildcard(&addr));
    assert_int_equal(parse("[::]:1", &addr), 0);
    assert_true(addr_is_wildcard(&addr));
    assert_int_equal(parse("127.3.2.1:1", &addr), 0);
    assert_false(addr_is_wildcard(&addr));
    assert_int_equal(parse("[::1]:1", &addr), 0);
    assert_false(addr_is_wildcard(&addr));
    assert_int_equal(parse("localhost:1", &addr), 0);
    assert_false(addr_is_wildcard(&addr));
}

TEST(addr_listens_on_a_free_port_and_says_which)
{
    struct addr addr;

    assert_int_equal(parse("127.0.0.1:0", &addr), 0);
    int fd = addr_listen(&addr, 8);
    assert_true(fd >= 0);
    int port = addr_bound_port(fd);
    assert_true(port > 0);
    addr.port = (uint16_t)port;
    assert_int_equal(addr_listen(&addr, 8), -EADDRINUSE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(parse(":0", &addr), 0);
    fd = addr_listen(&addr, 8);
    assert_true(fd >= 0 && addr_bound_port(fd) > 0);
    assert_int_equal(close(fd), 0);
    assert_true(addr_bound_port(-1) < 0);
}

TEST(addr_writes_errors_and_socket_addresses_as_go_does)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)};
    struct sockaddr other = {.sa_family = AF_UNIX};
    char text[ADDR_TEXT_BYTES];

    addr_format_sockaddr((struct sockaddr *)&in, text);
    assert_string_equal(text, "127.0.0.1:80");
    addr_format_sockaddr(&other, text);
    assert_string_equal(text, "?");
    addr_error_text(ECONNREFUSED, text, sizeof(text));
    assert_string_equal(text, "connection refused");
    addr_error_text(99999, text, sizeof(text));
    assert_string_equal(text, "errno 99999");
}
