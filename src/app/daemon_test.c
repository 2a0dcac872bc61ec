/* daemon_test.c - signals, the lock, the service manager's socket. SPDX-License-Identifier: MIT */
#include "app/daemon.h"

#include "unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct seen {
    int signal;
    unsigned times;
    uv_loop_t *loop;
};

static void stop(void *ctx, int signal, unsigned times)
{
    struct seen *seen = ctx;

    seen->signal = signal;
    seen->times = times;
    uv_stop(seen->loop);
}

TEST(daemon_tells_of_each_request_to_stop)
{
    uv_loop_t loop;
    struct daemon daemon;
    struct seen seen = {.loop = &loop};
    uv_timer_t awake;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_timer_init(&loop, &awake), 0);
    assert_int_equal(uv_timer_start(&awake, NULL, 60000, 0), UV_EINVAL);
    assert_int_equal(daemon_open(&daemon, &loop, stop, &seen), 0);
    uv_ref((uv_handle_t *)&daemon.term);
    assert_int_equal(raise(SIGTERM), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.signal, SIGTERM);
    assert_int_equal(seen.times, 1);
    assert_int_equal(raise(SIGINT), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.signal, SIGINT);
    assert_int_equal(seen.times, 2);
    daemon_close(&daemon);
    daemon_close(&daemon);
    uv_close((uv_handle_t *)&awake, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

TEST(daemon_notifies_a_path_and_an_abstract_socket)
{
    static const bool abstract[] = {false, true};

    for (size_t i = 0; i < ARRAY_LEN(abstract); i++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        char *dir = unit_tmpdir(), got[32] = "";
        int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        int len = snprintf(at.sun_path, sizeof(at.sun_path), "%s%s/n", abstract[i] ? "@" : "", dir);
        char name[sizeof(at.sun_path)];

        memcpy(name, at.sun_path, sizeof(name));
        if (abstract[i])
            at.sun_path[0] = '\0';
        assert_int_equal(bind(fd, (struct sockaddr *)&at,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)), 0);
        assert_int_equal(daemon_notify(name, "READY=1"), 0);
        assert_int_equal(recv(fd, got, sizeof(got), 0), 7);
        assert_string_equal(got, "READY=1");
        assert_int_equal(close(fd), 0);
        free(dir);
    }
    assert_int_equal(daemon_notify(NULL, "READY=1"), 0);
    assert_int_equal(daemon_notify("/nowhere/n", "READY=1"), -ENOENT);
}

TEST(daemon_lock_is_held_by_one)
{
    char *dir = unit_tmpdir(), *deep = NULL, *path = NULL;

    assert_true(asprintf(&deep, "%s/a/b/", dir) > 0 && asprintf(&path, "%s/a/b/LOCK", dir) > 0);
    assert_int_equal(daemon_mkdirs(deep), 0);
    assert_int_equal(daemon_mkdirs(deep), 0);
    int fd = daemon_lock(path);
    assert_true(fd >= 0);
    assert_int_equal(daemon_lock(path), -EWOULDBLOCK);
    assert_int_equal(daemon_mkdirs(path), -ENOTDIR);
    assert_int_equal(close(fd), 0);
    fd = daemon_lock(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(daemon_mkdirs(""), -ENOENT);
    free(deep);
    free(path);
    free(dir);
}
