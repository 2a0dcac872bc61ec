/*
 * users_file.h - the list of users in force, and its file DIR/gweb/users
 *
 * What   A change is written to the file first, on another thread, and is in force when the file holds it; several
 *        wait for each other. A file that cannot be read stops gweb: it must not let in other people than before.
 * Order  users_file_open(), any number of users_file_edit(), the loop runs dry, users_file_close().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_USERS_FILE_H
#define GMQ_GWEB_USERS_FILE_H

#include <uv.h>

#include "base/list.h"
#include "gweb/users.h"

struct users_file {
    uv_loop_t *loop;
    const char *directory;
    struct users users;    /* in force */

    struct list queue;     /* struct users_change, see users_file.c */
    size_t waiting;
    struct users next;     /* what the file is to hold */
    struct buf text;
    uv_work_t work;
    bool writing;
    int err;
};

enum { USERS_WAITING_MAX = 64 };

/* 0: it is in force. GMQ_E_* of users_edit(), or -errno of the file. On the loop, once, at once or later. */
typedef void users_done(void *ctx, int err);

/*
 * Loads the list; none is an empty one, as is one of no `directory`. `loop` NULL = only users_file_edit_now() follows.
 * 0 or -errno, logged.
 */
NODISCARD int users_file_open(struct users_file *file, uv_loop_t *loop, const char *directory);
void users_file_close(struct users_file *file);

/* Makes the change. 0, or -ENOMEM, GMQ_E_TOO_MANY_LOGINS; then `done` is not called. */
NODISCARD int users_file_edit(struct users_file *file, const struct user_edit *edit, users_done *done, void *ctx);

/* The same at once, for the start: blocks. 0, GMQ_E_* or -errno. */
NODISCARD int users_file_edit_now(struct users_file *file, const struct user_edit *edit);

#endif
