/* users_file.c - see users_file.h. SPDX-License-Identifier: MIT */
#include "gweb/users_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/file.h"
#include "app/log.h"
#include "base/err.h"

enum { MODE = 0600 };

static const char NAME[] = "users";

struct users_change {
    struct list node;
    struct user_edit edit;
    users_done *done;
    void *ctx;
};

static int load(struct users_file *file)
{
    struct buf text;
    unsigned line = 0;

    buf_init(&text, USERS_FILE_BYTES);
    int err = file_load(file->directory, NAME, &text);
    if (err == -ENOENT) {
        buf_free(&text);
        return 0;
    }
    if (err == 0)
        err = users_decode(&file->users, buf_slice(&text), &line);
    if (err == -ENOTSUP)
        log_error("auth", "%s/users was written by a newer gweb", file->directory);
    else if (err == -EBADMSG || err == -EFBIG)
        log_error("auth", "%s/users is damaged at line %u: mend it, or take it away to begin without users",
                  file->directory, line);
    else if (err != 0)
        log_error("auth", "%s/users cannot be read: %s", file->directory, strerror(-err));
    buf_free(&text);
    return err;
}

int users_file_open(struct users_file *file, uv_loop_t *loop, const char *directory)
{
    *file = (struct users_file){.loop = loop, .directory = directory};
    list_init(&file->queue);
    buf_init(&file->text, USERS_FILE_BYTES);
    return directory ? load(file) : 0;
}

void users_file_close(struct users_file *file)
{
    ENSURE(!file->writing && list_empty(&file->queue));
    users_free(&file->users);
    users_free(&file->next);
    buf_free(&file->text);
}

/* Makes `next` of the list in force, and its text. */
static int prepare(struct users_file *file, const struct user_edit *edit)
{
    users_copy(&file->next, &file->users);
    int err = users_edit(&file->next, edit);
    if (err != 0)
        users_free(&file->next);
    buf_clear(&file->text);
    if (err == 0 && !users_encode(&file->next, &file->text)) {
        users_free(&file->next);
        err = -ENOMEM;
    }
    return err;
}

static void finish(struct users_file *file, int err)
{
    if (err == 0) {
        users_free(&file->users);
        file->users = file->next;
        file->next = (struct users){.list = NULL};
        return;
    }
    users_free(&file->next);
    log_error("auth", "%s/users cannot be written: %s", file->directory, strerror(-err));
}

static void work(uv_work_t *uv)
{
    struct users_file *file = CONTAINER_OF(uv, struct users_file, work);

    file->err = file_save(file->directory, NAME, buf_slice(&file->text), MODE);
}

static void begin_next(struct users_file *file);

static void end_first(struct users_file *file, int err)
{
    struct users_change *change = CONTAINER_OF(list_pop(&file->queue), struct users_change, node);

    file->waiting--;
    change->done(change->ctx, err);
    free(change);
}

static void work_done(uv_work_t *uv, int status)
{
    struct users_file *file = CONTAINER_OF(uv, struct users_file, work);

    (void)status;
    file->writing = false;
    finish(file, file->err);
    end_first(file, file->err);
    begin_next(file);
}

static void begin_next(struct users_file *file)
{
    while (!file->writing && !list_empty(&file->queue)) {
        int err = prepare(file, &CONTAINER_OF(file->queue.next, struct users_change, node)->edit);
        if (err == 0) {
            file->writing = true;
            ENSURE(uv_queue_work(file->loop, &file->work, work, work_done) == 0);
        } else {
            end_first(file, err);
        }
    }
}

int users_file_edit(struct users_file *file, const struct user_edit *edit, users_done *done, void *ctx)
{
    if (file->waiting >= USERS_WAITING_MAX)
        return GMQ_E_TOO_MANY_LOGINS;
    struct users_change *change = malloc(sizeof(*change));
    if (!change)
        return -ENOMEM;
    *change = (struct users_change){.edit = *edit, .done = done, .ctx = ctx};
    file->waiting++;
    list_add_tail(&file->queue, &change->node);
    begin_next(file);
    return 0;
}

int users_file_edit_now(struct users_file *file, const struct user_edit *edit)
{
    ENSURE(!file->writing);
    int err = prepare(file, edit);
    if (err != 0)
        return err;
    err = file_save(file->directory, NAME, buf_slice(&file->text), MODE);
    finish(file, err);
    return err;
}
