/* daemon.c - signals, the service manager, the lock file. SPDX-License-Identifier: MIT */
#include "app/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/log.h"

enum { PATH_BYTES = 4096 };

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

static void daemon_signal(uv_signal_t *handle, int signal)
{
    struct daemon *daemon = handle->data;

    if (signal == SIGHUP && !has_terminal())
        return;
    daemon->stop(daemon->ctx, signal, ++daemon->times);
}

int daemon_open(struct daemon *daemon, uv_loop_t *loop, daemon_stop *stop, void *ctx)
{
    uv_signal_t *handles[] = {&daemon->term, &daemon->intr, &daemon->hup};
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    *daemon = (struct daemon){.stop = stop, .ctx = ctx, .open = true};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit (RLIMIT_FSIZE) is an error like a full disk */
    for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
        ENSURE(uv_signal_init(loop, handles[i]) == 0);
        handles[i]->data = daemon;
    }
    for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
        int err = uv_signal_start(handles[i], daemon_signal, signals[i]);

        if (err != 0) {
            daemon_close(daemon);
            return err;
        }
        uv_unref((uv_handle_t *)handles[i]);
    }
    return 0;
}

void daemon_close(struct daemon *daemon)
{
    uv_signal_t *handles[] = {&daemon->term, &daemon->intr, &daemon->hup};

    if (!daemon->open)
        return;
    daemon->open = false;
    for (size_t i = 0; i < ARRAY_LEN(handles); i++)
        uv_close((uv_handle_t *)handles[i], NULL);
}

int daemon_notify(const char *socket_path, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = socket_path ? strlen(socket_path) : 0;
    int err = 0;

    if (len == 0)
        return 0;
    if (len >= sizeof(to.sun_path))
        return -ENAMETOOLONG;
    memcpy(to.sun_path, socket_path, len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (sendto(fd, state, strlen(state), 0, (const struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        err = -errno;
    (void)close(fd);
    return err;
}

static void notify(const char *state)
{
    int err = daemon_notify(getenv("NOTIFY_SOCKET"), state);

    if (err != 0)
        log_warn("daemon", "the service manager was not told %s: %s", state, strerror(-err));
}

void daemon_ready(const char *program)
{
    log_info("daemon", "%s " GMQ_VERSION " is ready", program);
    notify("READY=1");
}

void daemon_stopping(void) { notify("STOPPING=1"); }

int daemon_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int err = -errno;

        (void)close(fd);
        return err;
    }
    return fd;
}

void daemon_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int daemon_mkdirs(const char *path)
{
    char part[PATH_BYTES];
    struct stat st;
    size_t len = strlen(path);

    if (len == 0)
        return -ENOENT;
    if (len >= sizeof(part))
        return -ENAMETOOLONG;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];

        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return -errno;
        part[i] = kept;
    }
    if (stat(path, &st) != 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
