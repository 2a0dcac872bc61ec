/* main.c - gweb: settings, lock, door, and the loop until a signal. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/daemon.h"
#include "app/log.h"
#include "gweb/login.h"
#include "gweb/settings.h"
#include "gweb/web.h"

enum { PATH_BYTES = 4200, BACKLOG = 512, EXIT_FAILED = 1 };

static void stop(void *ctx, int signal, unsigned times)
{
    struct web *web = ctx;

    log_info("daemon", "stopping on signal %d", signal);
    if (times > 1) {
        uv_stop(web->loop);
        return;
    }
    daemon_stopping();
    web_stop(web);
}

/* Makes the data directory and takes the lock; returns its descriptor or negative. Logs what is wrong. */
static int take_directory(const char *path)
{
    char lock[PATH_BYTES + 8];
    int err = daemon_mkdirs(path);

    if (err != 0) {
        log_error("daemon", "directory %s cannot be made: %s", path, strerror(-err));
        return err;
    }
    (void)snprintf(lock, sizeof(lock), "%s/LOCK", path);
    int fd = daemon_lock(lock);
    if (fd == -EWOULDBLOCK)
        log_error("daemon", "a gweb runs on %s: stop it first, or give this one a -data_save_path of its own", path);
    else if (fd < 0)
        log_error("daemon", "%s cannot be locked: %s", lock, strerror(-fd));
    return fd;
}

static int listen_on(const struct addr *addr)
{
    char text[ADDR_TEXT_BYTES];
    int fd = addr_listen(addr, BACKLOG);

    addr_format(addr, text);
    if (fd < 0)
        log_error("http", "cannot listen on %s: %s", text, strerror(-fd));
    return fd;
}

static void say_where(const struct addr *asked, unsigned port)
{
    struct addr addr = *asked;
    char text[ADDR_TEXT_BYTES];

    addr.port = (uint16_t)port;
    addr_format(&addr, text);
    log_info("http", "listening on http://%s", text);
}

static int serve(const struct gweb_settings *values, const char *directory)
{
    uv_loop_t loop;
    struct web web;
    struct daemon daemon = {.open = false};
    struct web_options opt = {.settings = values, .directory = directory};
    int code = EXIT_FAILED;

    opt.listen_fd = listen_on(&values->http);
    if (opt.listen_fd < 0)
        return code;
    if (uv_loop_init(&loop) != 0) {
        (void)close(opt.listen_fd);
        return code;
    }
    int err = web_open(&web, &loop, &opt);
    if (err == 0)
        err = daemon_open(&daemon, &loop, stop, &web);
    if (err == 0) {
        say_where(&values->http, http_server_port(web.http));
        daemon_ready("gweb");
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        code = 0;
    }
    daemon_close(&daemon);
    web_close(&web);
    (void)uv_loop_close(&loop);
    if (code == 0)
        log_info("daemon", "gweb has stopped");
    return code;
}

static int run(struct gweb_settings *values, struct settings_report *report)
{
    char directory[PATH_BYTES];

    (void)snprintf(directory, sizeof(directory), "%s/gweb", values->data_save_path);
    int lock = take_directory(directory);
    if (lock < 0)
        return EXIT_FAILED;
    if (values->set_password[0] != '\0') {
        int done = login_set_password(directory, values->set_password);
        (void)close(lock);
        return done;
    }
    int code = EXIT_FAILED, err = logger_open(&values->log);
    if (err != 0) {
        log_error("log", "%s cannot be opened: %s", values->log_file, strerror(-err));
    } else {
        settings_log_notes(report);
        daemon_raise_files();
        code = serve(values, directory);
    }
    (void)close(lock);
    return code;
}

int main(int argc, char **argv)
{
    struct gweb_settings values = {.config_file = NULL};
    struct settings_report report;
    int code;

    if (settings_start(&GWEB_SETTINGS, argc, argv, &values, &report, &code))
        code = run(&values, &report);
    buf_free(&report.notes);
    logger_close();
    gweb_settings_free(&values);
    return code;
}
