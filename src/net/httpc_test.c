/* httpc_test.c - the HTTP client and the probe against our own server. SPDX-License-Identifier: MIT */
#include "net/httpc.h"

#include "net/addr.h"
#include "net/http.h"
#include "net/probe.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rig {
    uv_loop_t loop;
    struct http_server *server;
    struct httpc *client;
    unsigned port, answers;
    char err[512], body[64];
    unsigned status;
    struct http_request *streams; /* the request of /stream */
    struct httpc_call *call;
    size_t taken, take_max; /* bytes of pieces; how many one piece() takes */
    unsigned begun;
    char back[16];
};

/* What came, as a text: method, the header X-It, the type, the body. */
static void echo(struct http_request *req)
{
    struct slice it = http_header(req, "X-It"), type = req->content_type;
    struct buf text;

    buf_init(&text, 4096);
    assert_true(buf_printf(&text, "%.*s|%.*s|%.*s|", (int)req->method.len, req->method.ptr, (int)it.len,
                           it.len > 0 ? it.ptr : "", (int)type.len, type.len > 0 ? type.ptr : ""));
    assert_true(buf_append(&text, req->body.ptr, req->body.len));
    assert_true(http_add_header(req, "X-Back", "there"));
    http_reply_buf(req, 201, HTTP_TEXT, &text);
}

static void handle(void *ctx, struct http_request *req)
{
    struct rig *rig = ctx;

    if (slice_is(req->path, "/ping"))
        http_reply(req, 200, HTTP_TEXT, slice_str("OK"));
    else if (slice_is(req->path, "/drop"))
        http_drop(req);
    else if (slice_is(req->path, "/hang"))
        uv_stop(&rig->loop);
    else if (slice_is(req->path, "/echo"))
        echo(req);
    else if (slice_is(req->path, "/stream")) {
        rig->streams = req;
        http_stream_begin(req, 200, HTTP_TEXT, 1 << 20);
        assert_true(http_stream_write(req, slice_str("one ")));
    } else
        http_reply(req, 404, HTTP_TEXT, slice_str("not found"));
}

static void begin(struct rig *rig)
{
    const struct addr addr = {.host = "127.0.0.1"};

    memset(rig, 0, sizeof(*rig));
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    struct http_options opt = {.listen_fd = addr_listen(&addr, 16)};
    assert_true(opt.listen_fd >= 0);
    assert_int_equal(http_server_open(&rig->server, &rig->loop, &opt, handle, rig), 0);
    rig->port = http_server_port(rig->server);
    assert_int_equal(httpc_open(&rig->client, &rig->loop), 0);
}

static void end(struct rig *rig)
{
    httpc_close(rig->client);
    http_server_close(rig->server);
    while (uv_loop_alive(&rig->loop))
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
}

static void answered(void *ctx, const struct httpc_result *result)
{
    struct rig *rig = ctx;

    rig->answers++;
    uv_stop(&rig->loop);
    rig->status = result->status;
    (void)snprintf(rig->err, sizeof(rig->err), "%s", result->err ? result->err : "");
    (void)snprintf(rig->body, sizeof(rig->body), "%.*s", (int)result->body.len,
                   result->body.ptr ? result->body.ptr : "");
}

static void get(struct rig *rig, const char *url, unsigned timeout_ms)
{
    const struct httpc_request req = {.url = url, .timeout_ms = timeout_ms, .body_bytes_max = 8, .done = answered,
                                      .ctx = rig};
    unsigned before = rig->answers;

    assert_int_equal(httpc_get(rig->client, &req, NULL), 0);
    assert_int_equal(rig->answers, before);
    while (rig->answers == before)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
}

static void get_path(struct rig *rig, const char *path, unsigned timeout_ms)
{
    char url[128];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rig->port, path);
    get(rig, url, timeout_ms);
}

static void begun(void *ctx, unsigned status)
{
    struct rig *rig = ctx;

    rig->begun++;
    rig->status = status;
    struct slice back = httpc_header(rig->call, "X-Back");
    (void)snprintf(rig->back, sizeof(rig->back), "%.*s", (int)back.len, back.len > 0 ? back.ptr : "");
}

static size_t piece(void *ctx, struct slice bytes)
{
    struct rig *rig = ctx;
    size_t taken = min_u64(bytes.len, rig->take_max);

    if (rig->taken < sizeof(rig->body) - 1)
        (void)snprintf(rig->body + rig->taken, sizeof(rig->body) - rig->taken, "%.*s", (int)taken, bytes.ptr);
    rig->taken += taken;
    uv_stop(&rig->loop);
    return taken;
}

/* Begins to read /stream; returns once its first piece is there. */
static void stream(struct rig *rig, size_t take_max, unsigned idle_ms)
{
    char url[128];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/stream", rig->port);
    const struct httpc_request req = {.url = url, .idle_ms = idle_ms, .body_bytes_max = 64 << 10, .done = answered,
                                      .begun = begun, .piece = piece, .ctx = rig};
    rig->take_max = take_max;
    assert_int_equal(httpc_get(rig->client, &req, &rig->call), 0);
    while (rig->taken == 0 && rig->begun == 0)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
}

/* A port that nobody listens on: it was bound a moment ago. */
static int free_port(void)
{
    const struct addr addr = {.host = "127.0.0.1"};
    int fd = addr_listen(&addr, 1), port = addr_bound_port(fd);

    assert_int_equal(close(fd), 0);
    return port;
}

TEST(httpc_gets_status_and_body)
{
    struct rig rig;

    begin(&rig);
    get_path(&rig, "/ping", 5000);
    assert_string_equal(rig.err, "");
    assert_int_equal(rig.status, 200);
    assert_string_equal(rig.body, "OK");
    char url[64];
    (void)snprintf(url, sizeof(url), "http://:%u/ping", rig.port);
    get(&rig, url, 5000);
    assert_string_equal(rig.body, "OK");
    end(&rig);
}

TEST(httpc_says_what_went_wrong_as_go_does)
{
    struct rig rig;
    char url[64], want[256];
    int port = free_port();

    begin(&rig);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/ping", port);
    get(&rig, url, 5000);
    (void)snprintf(want, sizeof(want), "Get \"%s\": dial tcp 127.0.0.1:%d: connect: connection refused", url, port);
    assert_string_equal(rig.err, want);
    get(&rig, "http:///ping", 5000);
    assert_string_equal(rig.err, "Get \"http:///ping\": http: no Host in request URL");
    get(&rig, "https://127.0.0.1:1/", 5000);
    assert_string_equal(rig.err, "Get \"https://127.0.0.1:1/\": TLS is not available yet");
    get(&rig, "file:///etc/passwd", 5000);
    assert_non_null(strstr(rig.err, "unsupported protocol scheme"));
    get_path(&rig, "/drop", 5000);
    assert_non_null(strstr(rig.err, "/drop\": EOF"));
    get_path(&rig, "/nope", 5000);
    assert_non_null(strstr(rig.err, "longer than 8 bytes"));
    get_path(&rig, "/hang", 50);
    assert_non_null(strstr(rig.err, "context deadline exceeded"));
    end(&rig);
}

TEST(httpc_calls_can_be_cancelled_or_die_with_the_client)
{
    struct rig rig;
    struct httpc_call *calls[3];
    char url[64];

    begin(&rig);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/hang", rig.port);
    struct httpc_request req = {.url = url, .timeout_ms = 60000, .body_bytes_max = 8, .done = answered, .ctx = &rig};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_int_equal(httpc_get(rig.client, &req, &calls[i]), 0);
    while (http_server_requests(rig.server) < 3)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    httpc_cancel(calls[1]);
    req.url = "http:///";
    assert_int_equal(httpc_get(rig.client, &req, NULL), 0);
    end(&rig);
    assert_int_equal(rig.answers, 0);
}

TEST(httpc_sends_method_headers_and_body)
{
    static const struct {
        const char *method, *body, *want;
    } cases[] = {
        {"POST", "abc", "POST|that|application/json|abc"}, {"DELETE", "", "DELETE|that|application/json|"},
        {"PATCH", "", "PATCH|that|application/json|"},     {"DELETE", "x", "DELETE|that|application/json|x"},
        {NULL, "", "GET|that|application/json|"},
    };
    static const char *const headers[] = {"X-It: that", "Content-Type: application/json", NULL};
    struct rig rig;
    char url[64];

    begin(&rig);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/echo", rig.port);
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        const struct httpc_request req = {
            .url = url, .timeout_ms = 5000, .body_bytes_max = 64, .done = answered, .begun = begun, .ctx = &rig,
            .method = cases[i / 2].method, .body = slice_str(cases[i / 2].body), .headers = headers, .keep = i % 2,
        };
        rig.answers = 0;
        assert_int_equal(httpc_get(rig.client, &req, &rig.call), 0);
        while (rig.answers == 0)
            (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
        assert_string_equal(rig.err, "");
        assert_int_equal(rig.status, 201);
        assert_string_equal(rig.body, cases[i / 2].want);
        assert_string_equal(rig.back, "there");
    }
    assert_int_equal(rig.begun, 2 * ARRAY_LEN(cases));
    const struct httpc_request bare = {.url = url, .timeout_ms = 5000, .body_bytes_max = 64, .done = answered,
                                       .ctx = &rig, .method = "POST"};
    rig.answers = 0;
    assert_int_equal(httpc_get(rig.client, &bare, NULL), 0);
    while (rig.answers == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_string_equal(rig.body, "POST|||");
    end(&rig);
}

TEST(httpc_names_the_method_that_failed)
{
    struct rig rig;
    const struct httpc_request req = {.url = "http:///", .timeout_ms = 5000, .done = answered, .ctx = &rig,
                                      .method = "PATCH"};

    begin(&rig);
    assert_int_equal(httpc_get(rig.client, &req, NULL), 0);
    while (rig.answers == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_string_equal(rig.err, "Patch \"http:///\": http: no Host in request URL");
    end(&rig);
}

TEST(httpc_hands_on_a_stream_piece_by_piece)
{
    struct rig rig;

    begin(&rig);
    stream(&rig, SIZE_MAX, 60000);
    assert_int_equal(rig.status, 200);
    assert_true(http_stream_write(rig.streams, slice_str("two")));
    while (rig.taken < 7)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_string_equal(rig.body, "one two");
    assert_int_equal(rig.answers, 0);
    http_stream_end(rig.streams);
    while (rig.answers == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_string_equal(rig.err, "");
    assert_int_equal(rig.begun, 1);
    end(&rig);
}

TEST(httpc_keeps_no_more_of_a_stream_than_its_bound)
{
    static char much[512 << 10];
    struct rig rig;

    begin(&rig);
    stream(&rig, 0, 60000);
    assert_true(http_stream_write(rig.streams, slice_of(much, sizeof(much))));
    http_stream_end(rig.streams);
    while (http_stream_room(rig.streams) < (1 << 20) - sizeof(much) + (64 << 10)) /* until some was read */
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_int_equal(rig.taken, 0);
    rig.take_max = SIZE_MAX;
    httpc_resume(rig.call);
    while (rig.answers == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_int_equal(rig.taken, 4 + sizeof(much));
    assert_string_equal(rig.err, "");
    end(&rig);
}

TEST(httpc_fails_a_stream_that_says_nothing)
{
    struct rig rig;

    begin(&rig);
    stream(&rig, SIZE_MAX, 50);
    while (rig.answers == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_non_null(strstr(rig.err, "/stream\": nothing came for 50 ms"));
    end(&rig);
}

static size_t piece_cancels(void *ctx, struct slice bytes)
{
    struct rig *rig = ctx;

    httpc_cancel(rig->call);
    rig->taken += bytes.len;
    uv_stop(&rig->loop);
    return 0;
}

TEST(httpc_call_may_be_cancelled_by_its_own_piece)
{
    struct rig rig;
    char url[64];

    begin(&rig);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/stream", rig.port);
    const struct httpc_request req = {.url = url, .idle_ms = 60000, .body_bytes_max = 64 << 10, .done = answered,
                                      .piece = piece_cancels, .ctx = &rig};
    assert_int_equal(httpc_get(rig.client, &req, &rig.call), 0);
    while (rig.taken == 0)
        (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    end(&rig);
    assert_int_equal(rig.answers, 0);
}

static void probed(void *ctx, const char *err)
{
    struct rig *rig = ctx;

    rig->answers++;
    uv_stop(&rig->loop);
    (void)snprintf(rig->err, sizeof(rig->err), "%s", err ? err : "");
}

static void probe(struct rig *rig, const char *addr)
{
    unsigned before = rig->answers;

    assert_int_equal(tcp_probe(NULL, &rig->loop, slice_str(addr), 5000, probed, rig), 0);
    assert_int_equal(rig->answers, before);
    while (rig->answers == before)
        (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
}

TEST(tcp_probe_tells_open_doors_from_closed_ones)
{
    struct rig rig;
    char addr[64], want[128];
    int port = free_port();

    begin(&rig);
    (void)snprintf(addr, sizeof(addr), "127.0.0.1:%u", rig.port);
    probe(&rig, addr);
    assert_string_equal(rig.err, "");
    (void)snprintf(addr, sizeof(addr), ":%u", rig.port);
    probe(&rig, addr);
    assert_string_equal(rig.err, "");
    (void)snprintf(addr, sizeof(addr), "127.0.0.1:%d", port);
    (void)snprintf(want, sizeof(want), "dial tcp %s: connect: connection refused", addr);
    probe(&rig, addr);
    assert_string_equal(rig.err, want);
    probe(&rig, "nonsense");
    assert_string_equal(rig.err, "dial tcp: address nonsense: missing port in address");
    probe(&rig, "");
    assert_string_equal(rig.err, "dial tcp: address : missing port in address");
    end(&rig);
}

TEST(tcp_probe_can_be_cancelled)
{
    struct rig rig;
    struct tcp_probe *running;

    begin(&rig);
    assert_int_equal(tcp_probe(&running, &rig.loop, slice_str("localhost:1"), 5000, probed, &rig), 0);
    tcp_probe_cancel(running);
    assert_int_equal(tcp_probe(&running, &rig.loop, slice_str("x"), 5000, probed, &rig), 0);
    tcp_probe_cancel(running);
    end(&rig);
    assert_int_equal(rig.answers, 0);
}
