/* http_test.c - the HTTP server against raw bytes on a socket. SPDX-License-Identifier: MIT */
#include "net/http.h"

#include "net/addr.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPLY_BYTES = 1 << 16 };

struct rig {
    uv_loop_t loop;
    struct http_server *server;
    struct http_request *parked;
    unsigned handled, gone;
    size_t budget, budget_max;
    bool park, watch;
    char last[256]; /* METHOD path ? query | content type | body */
};

static void gone(struct http_request *req)
{
    struct rig *rig = req->user;

    rig->gone++;
    uv_stop(&rig->loop);
    if (rig->parked == req)
        rig->parked = NULL;
}

static void handle(void *ctx, struct http_request *req)
{
    struct rig *rig = ctx;

    rig->handled++;
    uv_stop(&rig->loop);
    req->user = rig;
    req->on_gone = gone;
    (void)snprintf(rig->last, sizeof(rig->last), "%.*s %.*s ? %.*s | %.*s | %.*s", (int)req->method.len,
                   req->method.ptr, (int)req->path.len, req->path.ptr, (int)req->query.len,
                   req->query.ptr ? req->query.ptr : "", (int)req->content_type.len,
                   req->content_type.ptr ? req->content_type.ptr : "", (int)min_u64(req->body.len, 64),
                   req->body.ptr ? req->body.ptr : "");
    if (slice_is(req->path, "/drop")) {
        http_drop(req);
    } else if (rig->park) {
        rig->parked = req;
        if (rig->watch)
            assert_int_equal(http_watch(req), 0);
    } else if (slice_is(req->path, "/big")) {
        struct buf body;

        buf_init(&body, 1 << 20);
        char *at = buf_reserve(&body, 300000);
        assert_non_null(at);
        memset(at, 'x', 300000);
        buf_commit(&body, 300000);
        http_reply_buf(req, 200, HTTP_TEXT, &body);
        assert_int_equal(buf_len(&body), 0);
    } else if (slice_is(req->path, "/ping")) {
        assert_true(http_add_header(req, "X-Test", "1"));
        assert_false(http_add_header(req, "X-Bad", "1\r\nSet-Cookie: x"));
        http_reply(req, 200, HTTP_TEXT, slice_str("OK"));
    } else {
        http_reply(req, 404, HTTP_TEXT, slice_str("not found"));
    }
}

static bool take(void *ctx, size_t bytes)
{
    struct rig *rig = ctx;

    if (bytes > rig->budget_max - rig->budget)
        return false;
    rig->budget += bytes;
    return true;
}

static void give(void *ctx, size_t bytes)
{
    struct rig *rig = ctx;

    assert_true(bytes <= rig->budget);
    rig->budget -= bytes;
}

static void begin(struct rig *rig, unsigned request_ms)
{
    const struct addr addr = {.host = "127.0.0.1"};

    memset(rig, 0, sizeof(*rig));
    rig->budget_max = 1 << 20;
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    struct http_options opt = {.listen_fd = addr_listen(&addr, 16), .body_bytes_max = 100000, .take = take,
                               .give = give, .ctx = rig, .request_ms_max = request_ms,
                               .connections_max = 3};
    assert_true(opt.listen_fd >= 0);
    assert_int_equal(http_server_open(&rig->server, &rig->loop, &opt, handle, rig), 0);
}

static void end(struct rig *rig)
{
    http_server_close(rig->server);
    while (uv_loop_alive(&rig->loop))
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    assert_int_equal(rig->gone, rig->handled);
    assert_int_equal(rig->budget, 0);
}

static int dial(const struct rig *rig)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(rig->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text) { assert_int_equal(send(fd, text, strlen(text), 0), strlen(text)); }

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

/* Runs the loop until `fd` has something to read, and reads it: 0 at its end. */
static size_t wait_bytes(struct rig *rig, int fd, char *to, size_t room)
{
    uv_poll_t poll;
    bool flag = false;

    assert_int_equal(uv_poll_init(&rig->loop, &poll, fd), 0);
    poll.data = &flag;
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, readable), 0);
    while (!flag)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    flag = false;
    uv_close((uv_handle_t *)&poll, closed);
    while (!flag)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    ssize_t n = recv(fd, to, room, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

/* Everything up to the end of the stream. */
static const char *hear_all(struct rig *rig, int fd)
{
    static char reply[REPLY_BYTES * 8];
    size_t len = 0, n;

    while ((n = wait_bytes(rig, fd, reply + len, sizeof(reply) - 1 - len)) > 0)
        len += n;
    reply[len] = '\0';
    assert_int_equal(close(fd), 0);
    return reply;
}

/* Everything up to the first occurrence of `last`. */
static const char *hear(struct rig *rig, int fd, const char *last)
{
    static char reply[REPLY_BYTES];
    size_t len = 0, n;

    reply[0] = '\0';
    while (!strstr(reply, last)) {
        n = wait_bytes(rig, fd, reply + len, sizeof(reply) - 1 - len);
        assert_true(n > 0);
        len += n;
        reply[len] = '\0';
    }
    return reply;
}

static const char *ask(struct rig *rig, const char *text)
{
    int fd = dial(rig);

    say(fd, text);
    return hear_all(rig, fd);
}

static const char *body_of(const char *reply)
{
    const char *gap = strstr(reply, "\r\n\r\n");

    assert_non_null(gap);
    return gap + 4;
}

static void turn_until(struct rig *rig, const unsigned *counter, unsigned value)
{
    while (*counter < value)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
}

#define CLOSE "Connection: close\r\n"

TEST(http_answers_a_request_with_status_type_and_body)
{
    struct rig rig;

    begin(&rig, 0);
    const char *reply = ask(&rig, "GET /%70ing?a=%zz&b;c HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n");
    assert_memory_equal(reply, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(reply, "Content-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(reply, "Content-Length: 2\r\n"));
    assert_non_null(strstr(reply, "X-Test: 1\r\n"));
    assert_null(strstr(reply, "Set-Cookie"));
    assert_string_equal(body_of(reply), "OK");
    assert_string_equal(rig.last, "GET /ping ? a=%zz&b;c |  | ");
    assert_memory_equal(ask(&rig, "GET //ping HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n"), "HTTP/1.1 404 Not Found", 22);
    assert_memory_equal(ask(&rig, "DELETE http://h:1/ping?x HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n"), "HTTP/1.1 200", 12);
    assert_string_equal(rig.last, "DELETE /ping ? x |  | ");
    end(&rig);
}

TEST(http_keeps_a_connection_for_pipelined_requests)
{
    struct rig rig;

    begin(&rig, 0);
    const char *reply = ask(&rig, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\nHEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET /no HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n");
    assert_int_equal(rig.handled, 3);
    assert_non_null(strstr(reply, "\r\n\r\nOKHTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(reply, "\r\n\r\nHTTP/1.1 404 Not Found\r\n"));
    end(&rig);
}

TEST(http_1_0_is_answered_as_1_0_and_closed)
{
    struct rig rig;

    begin(&rig, 0);
    const char *reply = ask(&rig, "GET /ping HTTP/1.0\r\n\r\n");
    assert_memory_equal(reply, "HTTP/1.0 200 OK\r\n", 17);
    assert_string_equal(body_of(reply), "OK");
    end(&rig);
}

TEST(http_refuses_bad_requests_with_400_and_closes)
{
    static const char *const bad[] = {
        "GET /ping HTTP/1.1\r\n\r\n",
        "hello\r\n\r\n",
        "GET / HTTP/1.1 x\r\n\r\n",
        "\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%7 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET ping HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /ping HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "POST /ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        "POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
    };
    struct rig rig;

    begin(&rig, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *reply = ask(&rig, bad[i]);
        assert_memory_equal(reply, "HTTP/1.1 400 Bad Request", 24);
    }
    assert_string_equal(body_of(ask(&rig, bad[1])), "400 Bad Request");
    assert_string_equal(body_of(ask(&rig, bad[0])), "400 Bad Request: missing required Host header");
    assert_int_equal(rig.handled, 0);
    end(&rig);
}

TEST(http_refuses_a_path_with_a_nul)
{
    static const char text[] = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /ping\0x HTTP/1.1\r\nHost: x\r\n\r\n";
    struct rig rig;

    begin(&rig, 0);
    int fd = dial(&rig);
    assert_int_equal(send(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1);
    assert_non_null(strstr(hear_all(&rig, fd), "OKHTTP/1.1 400 Bad Request"));
    assert_int_equal(rig.handled, 1);
    end(&rig);
}

TEST(http_collects_bodies_by_length_and_by_chunks)
{
    struct rig rig;

    begin(&rig, 0);
    (void)ask(&rig, "PUT /p HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 5\r\n" CLOSE "\r\nhello");
    assert_string_equal(rig.last, "PUT /p ?  | a/b | hello");
    (void)ask(&rig, "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" CLOSE
                    "\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    assert_string_equal(rig.last, "POST /p ?  |  | hello");
    int fd = dial(&rig);
    say(fd, "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" CLOSE "\r\n");
    (void)hear(&rig, fd, "100 Continue\r\n\r\n");
    say(fd, "hi");
    assert_non_null(strstr(hear_all(&rig, fd), "404 Not Found"));
    assert_string_equal(rig.last, "POST /p ?  |  | hi");
    end(&rig);
}

TEST(http_ends_a_body_whose_size_line_does_not_fit_and_goes_on_meanwhile)
{
    static const char head[] = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2;";
    struct rig rig;
    char *text = calloc(1, 40001);

    begin(&rig, 0);
    memcpy(text, head, sizeof(head) - 1);
    memset(text + sizeof(head) - 1, 'x', 40000 - sizeof(head));
    int fd = dial(&rig);
    say(fd, text);
    assert_string_equal(body_of(ask(&rig, "GET /ping HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n")), "OK");
    assert_string_equal(hear_all(&rig, fd), "");
    /* A size line that just fills the memory is not told from one that is still to come: the deadline ends it. */
    fd = dial(&rig);
    text[16384] = '\0';
    say(fd, text);
    assert_string_equal(body_of(ask(&rig, "GET /ping HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n")), "OK");
    assert_int_equal(close(fd), 0);
    assert_int_equal(rig.handled, 2);
    free(text);
    end(&rig);
}

TEST(http_answers_413_to_a_body_over_its_limit)
{
    struct rig rig;
    char *text = NULL, *body = calloc(1, 200001);

    begin(&rig, 0);
    memset(body, 'x', 200000);
    assert_true(asprintf(&text, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n" CLOSE "\r\n%s", body) > 0);
    assert_memory_equal(ask(&rig, text), "HTTP/1.1 413", 12);
    free(text);
    assert_true(asprintf(&text, "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" CLOSE
                                "\r\n30d40\r\n%s\r\n0\r\n\r\n", body) > 0);
    assert_memory_equal(ask(&rig, text), "HTTP/1.1 413", 12);
    assert_memory_equal(ask(&rig, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n"
                                  "Expect: 100-continue\r\n\r\n"), "HTTP/1.1 413", 12);
    assert_memory_equal(ask(&rig, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000000\r\n\r\n"),
                        "HTTP/1.1 413", 12);
    assert_int_equal(rig.handled, 0);
    free(text);
    free(body);
    end(&rig);
}

TEST(http_sends_long_replies_whole)
{
    struct rig rig;

    begin(&rig, 0);
    assert_int_equal(strlen(body_of(ask(&rig, "GET /big HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n"))), 300000);
    end(&rig);
}

TEST(http_parks_a_request_until_its_reply)
{
    struct rig rig;

    begin(&rig, 0);
    rig.park = true;
    int fd = dial(&rig);
    say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n");
    turn_until(&rig, &rig.handled, 1);
    assert_int_equal(http_server_requests(rig.server), 1);
    assert_int_equal(rig.gone, 0);
    http_reply(rig.parked, 200, HTTP_JSON, slice_str("{}"));
    assert_string_equal(body_of(hear_all(&rig, fd)), "{}");
    assert_int_equal(rig.gone, 1);
    assert_int_equal(http_server_requests(rig.server), 0);
    end(&rig);
}

TEST(http_tells_when_a_watched_client_goes_away)
{
    struct rig rig;

    begin(&rig, 0);
    rig.park = rig.watch = true;
    int fd = dial(&rig);
    say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    turn_until(&rig, &rig.handled, 1);
    assert_int_equal(close(fd), 0);
    turn_until(&rig, &rig.gone, 1);
    assert_null(rig.parked);
    end(&rig);
}

TEST(http_drops_a_connection_on_demand)
{
    struct rig rig;

    begin(&rig, 0);
    assert_string_equal(ask(&rig, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    rig.park = true;
    int fd = dial(&rig);
    say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    turn_until(&rig, &rig.handled, 2);
    http_drop(rig.parked);
    assert_string_equal(hear_all(&rig, fd), "");
    end(&rig);
}

TEST(http_server_that_closes_ends_parked_requests)
{
    struct rig rig;

    begin(&rig, 0);
    rig.park = rig.watch = true;
    int fd = dial(&rig);
    say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    turn_until(&rig, &rig.handled, 1);
    http_server_stop_accepting(rig.server);
    http_server_stop_accepting(rig.server);
    assert_int_equal(http_server_connections(rig.server), 1);
    end(&rig);
    assert_int_equal(close(fd), 0);
}

TEST(http_closes_a_request_that_drips_beyond_its_time)
{
    struct rig rig;

    begin(&rig, 1);
    int head = dial(&rig), body = dial(&rig), silent = dial(&rig);
    say(head, "GET /pi");
    say(body, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
    assert_string_equal(hear_all(&rig, head), "");
    (void)hear_all(&rig, body);
    assert_string_equal(hear_all(&rig, silent), "");
    assert_int_equal(rig.handled, 0);
    end(&rig);
}

TEST(http_bodies_wait_for_the_budget)
{
    struct rig rig;

    begin(&rig, 0);
    rig.budget = rig.budget_max;
    int fd = dial(&rig);
    say(fd, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" CLOSE "\r\nhello");
    for (int i = 0; i < 10; i++)
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    http_server_wake(rig.server);
    for (int i = 0; i < 10; i++)
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(rig.handled, 0);
    rig.budget = 0;
    http_server_wake(rig.server);
    assert_non_null(strstr(hear_all(&rig, fd), "404"));
    assert_string_equal(rig.last, "POST /p ?  |  | hello");
    end(&rig);
}

TEST(http_late_body_that_waits_for_the_budget_is_closed)
{
    struct rig rig;

    begin(&rig, 1);
    rig.budget = rig.budget_max;
    int fd = dial(&rig);
    say(fd, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    assert_string_equal(hear_all(&rig, fd), "");
    rig.budget = 0;
    end(&rig);
}

TEST(http_refuses_heads_over_their_limit)
{
    struct rig rig;
    char *line = calloc(1, 40001), *text = NULL;

    begin(&rig, 0);
    memset(line, 'a', 40000);
    assert_true(asprintf(&text, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", line) > 0);
    assert_memory_equal(ask(&rig, text), "HTTP/1.1 414", 12);
    free(text);
    assert_true(asprintf(&text, "GET / HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n", line) > 0);
    assert_memory_equal(ask(&rig, text), "HTTP/1.1 431", 12);
    free(text);
    free(line);
    end(&rig);
}

TEST(http_connections_over_the_limit_wait_for_their_turn)
{
    struct rig rig;
    int fds[3];

    begin(&rig, 0);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(&rig);
        say(fds[i], "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
        (void)hear(&rig, fds[i], "\r\n\r\nOK");
    }
    int late = dial(&rig);
    say(late, "GET /ping HTTP/1.1\r\nHost: x\r\n" CLOSE "\r\n");
    for (int i = 0; i < 20; i++)
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(rig.handled, 3);
    assert_int_equal(http_server_connections(rig.server), 3);
    assert_int_equal(close(fds[0]), 0);
    assert_string_equal(body_of(hear_all(&rig, late)), "OK");
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(close(fds[2]), 0);
    end(&rig);
}

static void turn_until_alone(struct rig *rig)
{
    for (int i = 0; i < 1000 && http_server_connections(rig->server) > 0; i++)
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
    assert_int_equal(http_server_connections(rig->server), 0);
}

TEST(http_sees_an_end_that_comes_together_with_the_last_bytes)
{
    static const char *const texts[] = {
        "G",
        "GET /ping HTTP/1.1\r\nHo",
        "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        "GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    struct rig rig;

    begin(&rig, 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int fd = dial(&rig);

        say(fd, texts[i]);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        const char *reply = hear_all(&rig, fd);
        assert_int_equal(rig.handled, i == 3 ? 2 : 0);
        assert_true(i != 3 || strstr(reply, "\r\n\r\nOKHTTP/1.1 200 OK"));
        turn_until_alone(&rig);
    }
    end(&rig);
}

TEST(http_answers_a_parked_request_of_a_client_that_has_closed_its_half)
{
    struct rig rig;

    begin(&rig, 0);
    rig.park = true;
    int fd = dial(&rig);
    say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    turn_until(&rig, &rig.handled, 1);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(rig.gone, 0);
    http_reply(rig.parked, 200, HTTP_JSON, slice_str("{}"));
    assert_string_equal(body_of(hear_all(&rig, fd)), "{}");
    end(&rig);
}
