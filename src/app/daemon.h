/*
 * daemon.h - how a daemon lives and ends
 *
 * Signals: SIGTERM and SIGINT ask to stop; SIGHUP does where there is a controlling terminal (its window was closed)
 * and is ignored elsewhere; SIGPIPE and SIGXFSZ are always ignored. Under systemd (NOTIFY_SOCKET) READY=1 and
 * STOPPING=1 are sent.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_DAEMON_H
#define GMQ_APP_DAEMON_H

#include "base/base.h"

#include <uv.h>

/* `times` is 1 for the first request to stop, 2 for the second (a program may then leave at once) ... */
typedef void daemon_stop(void *ctx, int signal, unsigned times);

struct daemon {
    uv_signal_t term, intr, hup;
    daemon_stop *stop;
    void *ctx;
    unsigned times;
    bool open;
};

/* Begins to watch the signals on `loop`. Returns 0 or -errno. */
NODISCARD int daemon_open(struct daemon *daemon, uv_loop_t *loop, daemon_stop *stop, void *ctx);

/* Lets go of the loop; the struct must live until the loop has run once more. */
void daemon_close(struct daemon *daemon);

/* Logs `PROGRAM VERSION is ready` and tells the service manager. */
void daemon_ready(const char *program);

/* Tells the service manager that the end has begun. */
void daemon_stopping(void);

/* Sends `state` ("READY=1") to `socket_path` as in NOTIFY_SOCKET ('@' = abstract). 0 or -errno; no path: 0. */
NODISCARD int daemon_notify(const char *socket_path, const char *state);

/*
 * Takes the lock file `path` for the life of the process, creating it (0644). Returns the descriptor, which the caller
 * keeps open, or -errno; -EWOULDBLOCK when another process holds it.
 */
NODISCARD int daemon_lock(const char *path);

/* Raises the limit of open files to what the system lets this process have. */
void daemon_raise_files(void);

/* Creates the directory `path` and its parents, 0755. 0 when it exists now, or -errno. */
NODISCARD int daemon_mkdirs(const char *path);

#endif
