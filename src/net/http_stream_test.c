/* http_stream_test.c - replies whose body comes by and by, to clients that read and to some that do not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/http.h"

#include "net/addr.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STREAM_BYTES = 64 << 10, PIECE = 1000, SMALL_BUFFER = 4096, ALL_BYTES = 16 << 20 };

struct rig {
    uv_loop_t loop;
    struct http_server *server;
    struct http_request *req; /* that streams, until it is gone */
    unsigned handled, gone;
    int fd;                   /* of the client */
};

static void on_gone(struct http_request *req)
{
    struct rig *rig = req->user;

    rig->gone++;
    rig->req = NULL;
    uv_stop(&rig->loop);
}

static void handle(void *ctx, struct http_request *req)
{
    struct rig *rig = ctx;

    if (slice_is(req->path, "/end")) { /* of the stream, from inside of another request */
        http_stream_end(rig->req);
        http_reply(req, 204, NULL, slice_of(NULL, 0));
        return;
    }
    rig->handled++;
    rig->req = req;
    req->user = rig;
    req->on_gone = on_gone;
    http_stream_begin(req, 200, HTTP_TEXT, STREAM_BYTES);
    uv_stop(&rig->loop);
}

/* A client that has asked for the path. Its socket takes little. */
static int ask(const struct rig *rig, const char *path)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(rig->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), small = SMALL_BUFFER;
    char text[64];

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    assert_int_equal(send(fd, text, (size_t)len, 0), len);
    return fd;
}

/* A server with one client, whose request streams. */
static void begin(struct rig *rig)
{
    const struct addr addr = {.host = "127.0.0.1"};

    memset(rig, 0, sizeof(*rig));
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    struct http_options opt = {.listen_fd = addr_listen(&addr, 16)};
    assert_true(opt.listen_fd >= 0);
    assert_int_equal(http_server_open(&rig->server, &rig->loop, &opt, handle, rig), 0);
    rig->fd = ask(rig, "/");
    while (rig->handled == 0)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
}

static void end(struct rig *rig)
{
    http_server_close(rig->server);
    while (uv_loop_alive(&rig->loop))
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    assert_int_equal(rig->gone, 1);
    if (rig->fd >= 0)
        assert_int_equal(close(rig->fd), 0);
}

static void readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    *(bool *)poll->data = true;
    uv_stop(poll->loop);
}

static void closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
    uv_stop(handle->loop);
}

/* Runs the loop until the client has something to read, and reads it: 0 at its end. */
static size_t take(struct rig *rig, char *to, size_t room)
{
    uv_poll_t poll;
    bool flag = false;

    assert_int_equal(uv_poll_init(&rig->loop, &poll, rig->fd), 0);
    poll.data = &flag;
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, readable), 0);
    while (!flag)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    flag = false;
    uv_close((uv_handle_t *)&poll, closed);
    while (!flag)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    ssize_t n = recv(rig->fd, to, room, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

/* Reads up to the first `last`, or with NULL to the end; as text. */
static char *hear(struct rig *rig, const char *last)
{
    static char heard[ALL_BYTES + 1];
    size_t len = 0, n;

    heard[0] = '\0';
    while (!(last && strstr(heard, last))) {
        n = take(rig, heard + len, ALL_BYTES - len);
        assert_true(n > 0 || !last);
        if (n == 0)
            break;
        len += n;
        heard[len] = '\0';
    }
    return heard;
}

/* Takes the chunks of a body apart, in place; returns its bytes. False in `ret_ended`: the last chunk is missing. */
static size_t unchunk(char *reply, char **ret_body, bool *ret_ended)
{
    char *at = strstr(reply, "\r\n\r\n"), *to;
    unsigned long n;

    assert_non_null(at);
    *ret_body = to = at += 4;
    *ret_ended = false;
    while (*at && !*ret_ended) {
        n = strtoul(at, &at, 16);
        assert_memory_equal(at, "\r\n", 2);
        *ret_ended = n == 0;
        memmove(to, at + 2, n);
        to += n;
        at += 2 + n + 2;
    }
    return (size_t)(to - *ret_body);
}

static bool say(struct rig *rig, const char *text) { return http_stream_write(rig->req, slice_str(text)); }

TEST(http_stream_is_heard_as_it_is_written_and_ends)
{
    struct rig rig;

    begin(&rig);
    assert_true(say(&rig, "one"));
    char *heard = hear(&rig, "one\r\n");
    assert_non_null(strstr(heard, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(heard, "Transfer-Encoding: chunked\r\n"));
    assert_true(say(&rig, "two"));
    assert_string_equal(hear(&rig, "two\r\n"), "3\r\ntwo\r\n");
    assert_true(say(&rig, "three"));
    http_stream_end(rig.req);
    assert_string_equal(hear(&rig, "0\r\n\r\n"), "5\r\nthree\r\n0\r\n\r\n");
    while (rig.gone == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    end(&rig);
}

TEST(http_stream_ends_when_another_request_ends_it)
{
    struct rig rig;

    begin(&rig);
    assert_true(say(&rig, "one"));
    (void)hear(&rig, "one\r\n");
    int other = ask(&rig, "/end");
    assert_string_equal(hear(&rig, "0\r\n\r\n"), "0\r\n\r\n");
    assert_int_equal(close(other), 0);
    while (rig.gone == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    end(&rig);
}

TEST(http_stream_takes_what_it_has_room_for_and_no_more)
{
    char *bytes = calloc(1, STREAM_BYTES + 1);
    struct rig rig;

    assert_non_null(bytes);
    begin(&rig);
    assert_int_equal(http_stream_room(rig.req), STREAM_BYTES);
    assert_true(http_stream_write(rig.req, slice_of(bytes, STREAM_BYTES - 10)));
    assert_int_equal(http_stream_room(rig.req), 10);
    assert_false(http_stream_write(rig.req, slice_of(bytes, 11)));
    assert_int_equal(http_stream_room(rig.req), 10);
    assert_true(http_stream_write(rig.req, slice_of(bytes, 10)));
    assert_int_equal(http_stream_room(rig.req), 0);
    assert_false(http_stream_write(rig.req, slice_of(bytes, 1)));
    end(&rig);
    free(bytes);
}

/* Writes until there is no room for another piece, though the socket was given its turns; returns the pieces. */
static size_t fill(struct rig *rig, size_t from)
{
    char piece[PIECE];
    size_t n = from;

    for (unsigned turns = 0; turns < 100; turns++) {
        for (;; n++, turns = 0) {
            memset(piece, 'a' + (int)(n % 26), sizeof(piece));
            if (!http_stream_write(rig->req, slice_of(piece, sizeof(piece))))
                break;
        }
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
    }
    return n;
}

TEST(http_stream_of_a_client_that_does_not_read_holds_so_much_and_loses_nothing)
{
    char *body;
    bool ended;
    struct rig rig;

    begin(&rig);
    size_t pieces = fill(&rig, 0);
    assert_true(pieces >= STREAM_BYTES / PIECE && pieces * PIECE < ALL_BYTES / 2);
    assert_true(http_stream_room(rig.req) < PIECE);
    assert_int_equal(fill(&rig, pieces), pieces); /* and stays so */
    http_stream_end(rig.req);
    assert_false(rig.gone > 0);
    size_t bytes = unchunk(hear(&rig, "\r\n0\r\n\r\n"), &body, &ended);
    assert_true(ended);
    assert_int_equal(bytes, pieces * PIECE);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(body[i], 'a' + (int)(i / PIECE % 26));
    end(&rig);
}

TEST(http_stream_that_was_full_goes_on_when_the_client_reads)
{
    char sink[PIECE];
    struct rig rig;

    begin(&rig);
    (void)fill(&rig, 0);
    while (http_stream_room(rig.req) < PIECE)
        assert_true(take(&rig, sink, sizeof(sink)) > 0);
    assert_true(say(&rig, "more"));
    http_stream_end(rig.req);
    assert_non_null(strstr(hear(&rig, "\r\n0\r\n\r\n"), "more"));
    end(&rig);
}

TEST(http_stream_is_gone_with_its_client_full_or_not)
{
    for (int full = 0; full < 2; full++) {
        struct rig rig;

        begin(&rig);
        if (full)
            (void)fill(&rig, 0);
        assert_int_equal(close(rig.fd), 0);
        rig.fd = -1;
        while (rig.gone == 0)
            (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
        end(&rig);
    }
}

TEST(http_stream_that_stands_open_ends_with_the_server)
{
    char *body;
    bool ended;
    struct rig rig;

    begin(&rig);
    assert_true(say(&rig, "begun"));
    (void)hear(&rig, "begun\r\n");
    http_server_close(rig.server);
    while (uv_loop_alive(&rig.loop))
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig.loop), 0);
    assert_int_equal(rig.gone, 1);
    char rest[64] = "HTTP\r\n\r\n";
    ssize_t n = recv(rig.fd, rest + strlen(rest), sizeof(rest) - 16, 0);
    assert_true(n <= 0 || (unchunk(rest, &body, &ended) == 0 && !ended)); /* it was cut, and says so */
    assert_int_equal(close(rig.fd), 0);
}
